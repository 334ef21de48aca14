# shellcheck shell=bash disable=SC2154
# The story of seals: the provinces set up their trust list, a seal is filed, a sealed OFD licence is issued from the file alone and verified
# with its seal, each defect gets its own code, and a seal that is taken out of use stays valid for what it sealed before. Sourced by
# scripts/demo.

# shellcheck source=scripts/stories/council
source "$ROOT/scripts/stories/council"

owner=$(key_of 310000 issuer_organisation)
made=$work/sealed
trust=$made/trust
now() { date -u +%FT%TZ; }

# seal_office COMMAND...: recorded by the office that files Shanghai's seals.
seal_office() {
    catch_up "$shanghai"
    record "$shanghai" 0 --key "$work/seals.key" "$@"
}

# check NAME RESULT CODE: what a named check of the last answer says.
check() {
    local said
    said=$(json_field_after "\"name\": \"$1\"" result <"$answer")/$(json_field_after "\"name\": \"$1\"" code <"$answer")
    [[ $said == "$2/$3" ]] || {
        cat "$answer" >&2
        fail "check $1 says $said, not $2/$3"
    }
}

# verify_as VERDICT CODE FILE: Anhui asks its own node, and follows chains to the authorities on the trust list.
verify_as() {
    catch_up "$anhui"
    at "$anhui" "$2" verify "$3" --trust-list "$trust"
    expect verdict "$1"
}

step "Samples: a certificate authority for tests, a seal, sealed licences, and one file for each defect" "样例：测试证书机构、印章、盖章证照，每种缺陷一份"
"$BIN/huxin-samples" licences "$made" --count 3 --province 310000 --issuer "$owner" >/dev/null
"$BIN/huxin-samples" make "$work/samples" --signed-at "$(now)" >/dev/null
seal_file=$(compgen -G "$made/*.esl")
number=$(basename "$seal_file" .esl)
licences_made=("$made"/*.ofd)
run 0 inspect "$seal_file" --trust-list "$trust"
expect verdict valid
run 1 inspect "$work/samples/seals/bad_name_forged.esl" --trust-list "$trust"
done_line "seal 印章 $number, ${#licences_made[@]} licences 证照, $(find "$work/samples/ofd" -type f | wc -l) files with and without defects 样例文件"

# The office that files the province's seals.
run 0 keys new --out "$work/seals.key" --purpose organisation --scheme "$scheme" --plain
record "$shanghai" 0 --key "$(key_of 310000 registrar)" keys add "$work/seals.key" --organisation "$owner" \
    --manage-seals --sign-seals

step "The provinces decide by vote whom they trust" "各省表决信任哪家证书机构"
propose "$shanghai" 310000 trust-add "$trust/root.crt" --role certificate-authority --crl "$trust/root.crl" --valid-until 2040-01-01
agree 320000 330000 340000
passed
done_line "a root and its revocation list, by their SM3 根证书与吊销列表（SM3 摘要）; proposal 提案 $proposal"

step "Shanghai files its seal from the seal's own file, and puts it into use" "上海凭印章文件备案并启用"
seal_office seal register "$seal_file" --maker "$owner" --trust-list "$trust"
at "$shanghai" 1 --key "$work/seals.key" seal register "$work/samples/seals/bad_name_forged.esl" --maker "$owner"
refused_with client.document
seal_office seal activate "310000/$number" --basis $BASIS
done_line "310000/$number active 启用; a seal with a forged name is refused 伪造名称的印章被拒绝"

step "A licence is issued from the sealed file alone; a tampered one is refused" "仅凭盖章文件签发证照；被改动的文件被拒绝"
"$BIN/huxin-samples" licences "$work/today" --count 2 --first 100 --province 310000 --issuer "$owner" --signed-at "$(now)" >/dev/null
today=("$work"/today/*.ofd)
# Only the file and the key are given: identifier, type, issuer, validity, metadata and seal are read from the file.
catch_up "$shanghai"
record "$shanghai" 0 --key "$(key_of 310000 issuer)" licence issue "${today[0]}" --trust-list "$trust"
id=$(json_field licence_id <"$answer")
at "$shanghai" 1 --key "$(key_of 310000 issuer)" licence issue "$work/samples/ofd/bad_page_byte.ofd"
refused_with client.document
grep -q REFERENCE_DIGEST "$answer" "$work/stderr.txt" || fail "the refusal does not name REFERENCE_DIGEST"
done_line "$id; REFERENCE_DIGEST 被拒绝"

step "The signature in the file goes on the ledger; every validator verifies its SM2 value" "签章上账，各验证节点验 SM2 签名"
seal_office seal sign-record "${today[0]}" --trust-list "$trust"
signed_height=$height
done_line "recorded at height $signed_height: it existed then at the latest 签章不晚于此时"

step "Anhui verifies file, seal and licence in one answer" "安徽一次核验文件、印章与证照"
verify_as valid 0 "${today[0]}"
check file pass file.sound
check coverage pass coverage.complete
check seal pass seal.active
check signature_recorded pass signature.recorded
check maker pass maker.chain
check status pass status.issued
done_line "file 文件, coverage 保护范围, seal 印章, maker 制章者, status 状态: all pass 均通过"

step "Each defect has an answer of its own" "每种缺陷各有其答"
# defect FILE CHECK CODE
defect() {
    verify_as invalid 1 "$work/samples/ofd/$1.ofd"
    check "$2" fail "$3"
    printf '        ✗ %-28s %s\n' "$1" "$3"
}
defect bad_page_byte file REFERENCE_DIGEST
defect bad_signature_value file SIGNATURE_VALUE
defect bad_seal_name_forged file SEAL_SIGNATURE
defect bad_wrong_signer file SIGNER_NOT_IN_SEAL_CERT_LIST
defect bad_seal_expired_at_signing file SEAL_NOT_VALID_AT_SIGN_TIME
defect bad_rogue_maker maker UNTRUSTED_MAKER
defect bad_revoked_before_signing revocation CERT_REVOKED_BEFORE_SIGNING
defect bad_unprotected_page coverage UNPROTECTED_CONTENT
defect bad_extra_entry coverage UNREFERENCED_ENTRY
verify_as unknown 2 "${licences_made[0]}"
check file pass file.sound
done_line "a sound file that is not on the ledger 完好但未上账的文件: unknown 账本上没有, never invalid 不称无效"

step "The seal is suspended: what it sealed before stands, what it seals now does not" "印章暂停使用：此前签章有效，此后无效"
seal_office seal suspend "310000/$number" --basis $BASIS
verify_as valid 0 "${today[0]}"
check seal pass seal.active
check seal_now fail seal_now.suspended
wait_until 5 "the next second" bash -c "[[ \$(date +%s) != $(date +%s) ]]"
"$BIN/huxin-samples" licences "$work/later" --count 1 --first 200 --province 310000 --issuer "$owner" --signed-at "$(now)" >/dev/null
later=("$work"/later/*.ofd)
at "$shanghai" 1 --key "$work/seals.key" seal sign-record "${later[0]}" --trust-list "$trust"
refused_with seal.suspended
verify_as invalid 1 "${later[0]}"
check seal fail SEAL_SUSPENDED
seal_office seal cancel "310000/$number" --basis $BASIS
verify_as valid 0 "${today[0]}"
verify_as invalid 1 "${later[0]}"
done_line "the time of the record proves which came first 上账时间证明先后"
licences=1
look="verify '${today[0]}' --trust-list '$trust'"
