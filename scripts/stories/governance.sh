# shellcheck shell=bash disable=SC2154
# The story of the consortium itself: a fifth province joins the running network, votes and validates; a validator's key is
# replaced; a change that would stop the chain is refused; the province leaves. Sourced by scripts/demo.

# shellcheck source=scripts/stories/council
source "$ROOT/scripts/stories/council"

beijing=node-4-beijing

validators() { "$HUXIN" --json --node "$(api_of "$shanghai")" show validators | grep -c '"power"'; }
has_validators() { (($(validators) == $1)); }

step "The four provinces are at work" "四省正常运行"
for round in 1 2 3; do
    for province in 310000:$shanghai 320000:$jiangsu 330000:$zhejiang 340000:$anhui; do
        record "${province#*:}" 0 --key "$(key_of "${province%:*}" issuer)" licence issue "$(paper "licence-$round-${province%:*}")" \
            --licence-type "$TYPE" --issuer "$(key_of "${province%:*}" issuer_organisation)" --region "$(key_of "${province%:*}" region)"
    done
done
# A change of validators is refused until enough of them have signed, and the slowest may be missing from the first blocks: wait.
has_seen() { at "$shanghai" 0 show participation && (($(grep -c '"last_seen": [1-9]' "$answer") == $1)); }
wait_until 60 "every validator was seen" has_seen 4
done_line "who voted is on the ledger: $(grep -c '"last_seen": [1-9]' "$answer") validators seen 参与情况已上账"

step "Beijing prepares keys and a node, not yet a member" "北京准备密钥与节点，尚未准入"
run 0 testnet join "$net"
action=$(json_field action_file <"$answer")
govern "$shanghai" 110000 1 vote 0 yes
done_line "a key that is not on the ledger cannot vote 未上账的密钥不能表决"

step "A rehearsal shows the change before the vote" "表决之前先预演"
govern "$shanghai" 310000 0 rehearse --action "$action"
expect validators_after 5
done_line "five validators, quorum power 法定票权 $(json_field quorum_power <"$answer"), may fail 可失效 $(json_field may_fail_validators <"$answer")"

step "The provinces admit Beijing, and its node joins the running network" "各省同意，北京节点加入运行中的网络"
propose "$shanghai" 310000 --action "$action"
agree 320000 330000 340000
passed
"$ROOT/scripts/localnet" start "$net" beijing
nodes+=("$beijing")
has_validators 5 || fail "$(validators) validators, not 5"
catch_up "$beijing"
done_line "proposal 提案 $proposal passed; five validators 五个验证节点; no node was restarted 无一节点重启"

"$BIN/huxin-samples" make "$work/samples" >/dev/null
pki=$work/samples/pki

step "Beijing votes with the others" "北京参与表决"
propose "$anhui" 340000 trust-add "$pki/root.crt" --role certificate-authority --valid-until 2030-01-01
govern "$beijing" 110000 0 vote "$proposal" yes
govern "$beijing" 110000 1 vote "$proposal" yes
refused_with proposal.double_vote
agree 320000 330000
passed
done_line "the certificate authority is on the trust list 证书机构列入信任清单; a second vote is refused 重复表决被拒绝"

# Its key was new to a chain that is not, so it watched two blocks first. Until then a change of another key would cost the quorum.
wait_until 60 "Beijing was seen" has_seen 5

step "Anhui replaces the key of its live validator" "安徽更换在用验证密钥"
run 0 keys new --out "$net/$anhui/keys/next.key" --purpose consensus --scheme "$scheme" --plain
propose "$anhui" 340000 validator-rotate "$net/$anhui/keys/consensus.key" "$net/$anhui/keys/next.key"
passed
"$ROOT/scripts/localnet" kill "$net" anhui
mv "$net/$anhui/keys/next.key" "$net/$anhui/keys/consensus.key"
"$ROOT/scripts/localnet" start "$net" anhui
catch_up "$anhui"
done_line "its own province's affair: no other vote is needed 本省事务，无需他省表决"

step "A change after which the validators seen lately could not decide is refused" "会使链停摆的变更被拒绝"
run 0 keys new --out "$work/heavy.key" --purpose consensus --scheme "$scheme" --plain
govern "$shanghai" 310000 1 rehearse validator-add 310000 "$work/heavy.key" --power 10
expect quorum_reachable false
done_line "rehearsed and refused 预演即被拒绝: $(refusal)"

step "The provinces remove Beijing: it can neither vote nor connect" "各省移出北京：不得表决，不得连接"
propose "$shanghai" 310000 province-remove 110000
agree 320000 330000 340000
passed
wait_until 60 "four validators remain" has_validators 4
nodes=("$shanghai" "$jiangsu" "$zhejiang" "$anhui")
govern "$shanghai" 110000 1 vote "$proposal" yes
done_line "four validators; Beijing's key no longer counts 北京密钥已失效"
licences=12
look="govern list"
