# shellcheck shell=bash disable=SC2154
# The story of licences: files recorded in one province, verified in another, changed, and proven offline. Sourced by scripts/demo.

# verdict WORD NODE CODE ARGUMENTS...: asks a node and checks what it says, and that it proved it.
verdict() {
    local word=$1 node=$2 code=$3
    shift 3
    catch_up "$node"
    at "$node" "$code" verify "$@"
    expect verdict "$word"
    if [[ $word != unknown ]]; then expect proven true; fi
}

# Sealed OFD licences of Shanghai's issuer, with a seal under a certificate authority for tests.
make_samples() {
    "$BIN/huxin-samples" licences "$work/samples" --count 4 --province 310000 --issuer "$(key_of 310000 issuer_organisation)" >/dev/null
    given+=("$work"/samples/*.ofd)
}

# sound FILE: whether it may be recorded without an exception. Prints a line about a file that may not.
sound() {
    local code=0 reason
    "$HUXIN" --json inspect "$1" >"$answer" 2>/dev/null || code=$?
    [[ $(json_field kind <"$answer") == ofd ]] || return 0
    [[ $(json_field cryptography <"$answer") != valid || $code == 1 ]] || return 0
    reason=$(sed -n '/"reasons": \[$/{n;s/^ *"\(.*\)",*$/\1/p;q}' "$answer")
    printf '        ✗ %s is not recorded 不上账: %s\n' "$(basename "$1")" "${reason:-$(json_field verdict <"$answer")}"
    return 1
}

# Copies the files under numbered names; a file that is there twice would be the same licence twice.
collect_files() {
    local file number=0 digest
    declare -A seen=()
    mkdir "$work/files"
    for file in "${given[@]}"; do
        digest=$(sha256sum <"$file")
        if [[ -n ${seen[$digest]:-} ]]; then
            say "        $file has the same content as ${seen[$digest]}: one licence"
            continue
        fi
        seen[$digest]=$file
        sound "$file" || continue
        number=$((number + 1))
        cp -- "$file" "$(printf '%s/files/%03d-%s' "$work" "$number" "$(basename "$file")")"
    done
    files=("$work"/files/*)
}

# The licence type in an identifier of GB/T 36904: 1.2.156.3005.2.TYPE.ISSUER.SERIAL.VERSION.CHECK
type_of() { cut -d. -f6 <<<"$1"; }

id_of() { json_field_after "\"file\": \"$1\"" licence_id <"$work/issued.json"; }

shanghai_key=(--key "$(key_of 310000 issuer)")
shanghai_issuer=(--licence-type $TYPE --issuer "$(key_of 310000 issuer_organisation)" --region "$(key_of 310000 region)")
jiangsu_key=(--key "$(key_of 320000 issuer)")
jiangsu_issuer=(--issuer "$(key_of 320000 issuer_organisation)" --region "$(key_of 320000 region)")

# Of the files given, those that fail their own checks are left out; at least three are needed.
collect_files >"$work/left-out"
if ((${#files[@]} < 3)); then
    make_samples
    rm -r "$work/files"
    collect_files >"$work/left-out"
fi

step "Shanghai issues ${#files[@]} files as licences, in one transaction" "上海签发 ${#files[@]} 份证照，一笔交易"
cat "$work/left-out"
# For files that state no identifier of their own. One that states another type or issuer keeps it: an option would contradict it.
export HUXIN_LICENCE_TYPE=$TYPE HUXIN_ISSUER
HUXIN_ISSUER=$(key_of 310000 issuer_organisation)
record "$shanghai" 0 "${shanghai_key[@]}" licence issue "${files[@]}" --region "$(key_of 310000 region)" --receipt "$work/receipts"
unset HUXIN_LICENCE_TYPE HUXIN_ISSUER
cp "$answer" "$work/issued.json"
issued_time=$(json_field time <"$answer")
issued=$(grep -c '"licence_id"' "$work/issued.json")
((issued == ${#files[@]})) || fail "$issued licences recorded, not ${#files[@]}"
done_line "$issued records at height $height, $issued_time, receipt of each checked 回执均已核验"

step "Anhui verifies each through its own node, and checks the proofs offline" "安徽经本省节点逐一核验，并离线核验证明"
bytes=0
for file in "${files[@]}"; do
    receipt=$work/anhui/$(basename "$file").receipt
    verdict valid "$anhui" 0 "$file" --receipt-out "$receipt"
    # Offline: only the genesis and the receipt are used.
    run 0 receipt verify "$receipt" --file "$file"
    expect verdict valid
    bytes=$(stat -c %s "$receipt")
done
done_line "${#files[@]} × valid 有效, proven online and offline 在线、离线均已证明; a receipt has 一份回执 $bytes bytes"

moved=$(id_of "${files[0]}")
revoked=$(id_of "${files[1]}")
changed=$(id_of "${files[2]}")
[[ -n $moved && -n $revoked && -n $changed ]] || fail "the answer of licence issue names no identifiers"

step "One licence is suspended and restored" "一份证照暂扣、发还"
record "$shanghai" 0 "${shanghai_key[@]}" licence suspend "$moved" --basis $BASIS
verdict suspended "$anhui" 1 "$moved"
done_line "suspended: Anhui sees it 安徽查得暂扣 (exit code 退出码 1)"
record "$shanghai" 0 "${shanghai_key[@]}" licence restore "$moved" --basis $BASIS
verdict valid "$anhui" 0 "$moved"
done_line "restored: valid again 发还后恢复有效"

step "It is transferred from Shanghai to Jiangsu" "该证照由上海转往江苏"
record "$shanghai" 0 "${shanghai_key[@]}" licence transfer-out "$moved" --basis $BASIS \
    --to-province 320000 --to-organisation "$(key_of 320000 issuer_organisation)"
verdict suspended "$anhui" 1 "$moved"
# A transfer does not lengthen the validity.
until=$(json_field valid_until <"$answer")
validity=()
if [[ -n $until && $until != null ]]; then validity=(--valid-until "$until"); fi
done_line "transferred out, not yet taken over 已转出、未转入: suspended"
printf '转入证照 the licence at its new home, %s\n' "$(basename "$work")" >"$work/transferred.txt"
catch_up "$jiangsu"
record "$jiangsu" 0 "${jiangsu_key[@]}" licence transfer-in "$moved" "$work/transferred.txt" "${jiangsu_issuer[@]}" \
    --licence-type "$(type_of "$moved")" --basis $BASIS "${validity[@]}"
new_id=$(json_field licence_id <"$answer")
verdict superseded "$anhui" 1 "$moved"
verdict valid "$anhui" 0 "$new_id"
done_line "Jiangsu's licence is valid, Shanghai's superseded 江苏新证有效，上海原证已被替代"

step "One is revoked: revoked now, valid as of before" "一份被吊销：现已吊销，此前有效"
record "$shanghai" 0 "${shanghai_key[@]}" licence revoke "$revoked" --basis $BASIS
verdict revoked "$anhui" 1 "$revoked"
verdict valid "$anhui" 0 "$revoked" --as-of "$issued_time"
done_line "now 现在 revoked; as of 截至 $issued_time valid 有效; both proven 均有证明"

step "A change of one byte is caught" "改动一个字节即被发现"
cp "${files[2]}" "$work/changed"
first=$(od -An -tu1 -N1 "$work/changed")
# shellcheck disable=SC2059
printf "\\x$(printf %02x $((first ^ 1)))" | dd of="$work/changed" bs=1 count=1 conv=notrunc status=none
verdict invalid "$anhui" 1 "$work/changed" --id "$changed"
# Not on the ledger; and where the file was a sealed one, its package is damaged besides, which is said as well.
changed_code=0
"$HUXIN" --json --node "$(api_of "$anhui")" verify "$work/changed" >"$answer" 2>"$work/stderr.txt" || changed_code=$?
((changed_code == 1 || changed_code == 2)) || fail "a changed file was answered with $changed_code"
[[ $(json_field verdict <"$answer") == unknown ]] || expect ledger_verdict unknown
verdict valid "$anhui" 0 "${files[2]}" --id "$changed"
done_line "with its identifier 附标识: invalid 无效; without 无标识: not on the ledger 账本上没有; the original 原件: valid 有效"

step "Zhejiang's node is killed (kill -9), and work goes on" "强行终止浙江节点，业务照常"
"$ROOT/scripts/localnet" kill "$net" zhejiang
printf '节点故障期间签发 issued while a node was down, %s\n' "$(basename "$work")" >"$work/during-outage.txt"
record "$shanghai" 0 "${shanghai_key[@]}" licence issue "$work/during-outage.txt" "${shanghai_issuer[@]}"
verdict valid "$anhui" 0 "$work/during-outage.txt"
done_line "three of four decide height 三个节点确认高度 $height"

step "It comes back and catches up" "节点恢复并追平"
"$ROOT/scripts/localnet" start "$net" zhejiang
verdict valid "$zhejiang" 0 "$work/during-outage.txt"
done_line "Zhejiang's own node proves what was recorded while it was down 浙江节点可证明其停机期间的记录"

licences=$((${#files[@]} + 2))
look="verify '${files[0]}'"
