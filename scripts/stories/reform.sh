# shellcheck shell=bash disable=SC2154
# The story of a reform (机构改革): a bureau of Shanghai is merged into a new one and removed, in the middle of its work. The new bureau goes on
# with its licences, transfers, cases and seal, and everybody can prove who acted when. Sourced by scripts/demo.

# shellcheck source=scripts/stories/matters
source "$ROOT/scripts/stories/matters"

old=$(agency 310000)
new=11310100000009005R
CASE="$(agency 330000)/改革-$(basename "$work")"
jiangsu_agency=$(agency 320000)

# registrar COMMAND...: recorded by Shanghai's registrar.
registrar() {
    catch_up "$shanghai"
    record "$shanghai" 0 --key "$(key_of 310000 registrar)" "$@"
}

# successor COMMAND...: recorded by the new bureau.
successor() {
    catch_up "$shanghai"
    record "$shanghai" 0 --key "$work/new.key" "$@"
}

# refused_to KEY CODE COMMAND...: the same by Shanghai's node under another key must be refused with this code.
refused_to() {
    local key=$1 code=$2
    shift 2
    catch_up "$shanghai"
    at "$shanghai" 1 --key "$key" "$@"
    refused_with "$code"
}

# issue KEY NODE PROVINCE ISSUER PAPER: issues a paper as a licence, and remembers its identifier.
issue() {
    catch_up "$2"
    record "$2" 0 --key "$1" licence issue "$(paper "$5")" --licence-type "$TYPE" --issuer "$4" --region "$(key_of "$3" region)"
    id=$(json_field licence_id <"$answer")
}

# verdict WORD CODE ID...: what Anhui proves about a licence.
verdict() {
    local word=$1 code=$2
    shift 2
    catch_up "$anhui"
    at "$anhui" "$code" verify "$@"
    expect verdict "$word"
    expect proven true
}

# said CHECK CODE: what a check of the last answer says.
said() {
    local found
    found=$(json_field_after "\"name\": \"$1\"" code <"$answer")
    [[ $found == "$2" ]] || fail "$1 says ${found:-nothing}, not $2"
}

# standing_of CODE: what the last answer says of the issuer.
standing_of() { said issuer_standing "$1"; }

# acts WHO MATTER...: whom Anhui finds to act for the old bureau.
acts() {
    local who=$1
    shift
    catch_up "$anhui"
    at "$anhui" 0 organisation authority "$old" "$@"
    expect acts "$who"
}

# open_case NAME AGENCY: Zhejiang collects a case for a bureau of Shanghai, under the item that names the old one, and hands it over.
open_case() {
    by "$zhejiang" 330000 case collect "$1" --mode collect-on-behalf --agency "$2" --item "$(item 310000)" --material M1
    by "$zhejiang" 330000 case check "$1" --identity window --formal "$(paper check-list)"
    by "$zhejiang" 330000 case send "$1" --to "$2" --material-root "$(paper materials)"
}

old_key=$(key_of 310000 issuer)

step "A bureau of Shanghai at work: licences, a transfer each way, two cases, a seal" "上海某局正常履职：证照、双向转移、两件办件、一枚印章"
publish_matter "$shanghai" 310000
issue "$old_key" "$shanghai" 310000 "$old" standing-licence
standing_licence=$id
before=$(json_field time <"$answer")
issue "$old_key" "$shanghai" 310000 "$old" leaving-licence
leaving=$id
by "$shanghai" 310000 licence transfer-out "$leaving" --basis "$BASIS" --to-province 320000 --to-organisation "$jiangsu_agency"
issue "$(key_of 320000 issuer)" "$jiangsu" 320000 "$jiangsu_agency" coming-licence
coming=$id
by "$jiangsu" 320000 licence transfer-out "$coming" --basis "$BASIS" --to-province 310000 --to-organisation "$old"
open_case "$CASE-1" "$old"
open_case "$CASE-2" "$old"
by "$shanghai" 310000 case acknowledge "$CASE-1" --material-root "$(paper materials)"
by "$shanghai" 310000 case accept "$CASE-1"
"$BIN/huxin-samples" licences "$work/sealed" --count 1 --province 310000 --issuer "$old" >/dev/null
seal_file=$(compgen -G "$work/sealed/*.esl")
seal="310000/$(basename "$seal_file" .esl)"
by "$shanghai" 310000 seal register "$seal_file" --maker "$old"
by "$shanghai" 310000 seal activate "$seal" --basis "$BASIS"
verdict valid 0 "$standing_licence"
standing_of issuer.active
acts "$old" --cases
done_line "$old acts 履行职权; seal 印章 $seal"

step "The registrar admits a new bureau, hands everything on to it, and removes the old one" "登记员登记新局，移交全部职权，并移除原局"
run 0 keys new --out "$work/new.key" --purpose organisation --scheme "$scheme" --plain
registrar organisation add "$new" --region "$(key_of 310000 region)"
registrar keys add "$work/new.key" --organisation "$new" --issue --change-status --transfer --manage-seals --sign-seals --cases --publish --evidence
refused_to "$work/new.key" licence.issuer_mismatch licence suspend "$standing_licence" --basis "$BASIS"
registrar organisation succeed "$old" --to "$new" --everything --basis "$BASIS"
reformed=$height
refused_to "$old_key" organisation.succeeded licence suspend "$standing_licence" --basis "$BASIS"
registrar organisation remove "$old" --basis "$BASIS"
refused_to "$old_key" organisation.removed licence suspend "$standing_licence" --basis "$BASIS"
done_line "in force from height $reformed 自该高度起生效; the old bureau is refused 原局被拒绝: organisation.succeeded, organisation.removed"

step "Its licences: suspended, restored, and new ones issued by the successor" "证照：由承继机构暂扣、发还，并以自身名义签发"
successor licence suspend "$standing_licence" --basis "$BASIS"
verdict suspended 1 "$standing_licence"
successor licence restore "$standing_licence" --basis "$BASIS"
verdict valid 0 "$standing_licence"
standing_of issuer.succeeded
issue "$work/new.key" "$shanghai" 310000 "$new" new-licence
new_licence=$id
verdict valid 0 "$new_licence"
standing_of issuer.active
done_line "issuer_standing: issuer.succeeded, acts now 现由 $new"

step "The transfers under way arrive: one in Jiangsu, one at the successor" "在途转移照常办结：一份转入江苏，一份由承继机构转入"
catch_up "$jiangsu"
by "$jiangsu" 320000 licence transfer-in "$leaving" "$(paper arrived-in-jiangsu)" --issuer "$jiangsu_agency" \
    --region "$(key_of 320000 region)" --licence-type "$TYPE" --basis "$BASIS"
successor licence transfer-in "$coming" "$(paper arrived-in-shanghai)" --issuer "$new" \
    --region "$(key_of 310000 region)" --licence-type "$TYPE" --basis "$BASIS"
verdict superseded 1 "$leaving"
verdict superseded 1 "$coming"
done_line "both superseded by the licences of their new homes 均由新证替代"

step "Its cases: the successor decides them, and opens new ones under the same item" "办件：由承继机构续办，新件仍按原事项受理"
successor case grant "$CASE-1" --decision "$(paper decision)"
successor case result "$CASE-1" --licence "$new_licence" --document "$(paper new-licence)"
successor case deliver "$CASE-1" --channel online --commitment "$(paper login)"
successor case close "$CASE-1"
successor case acknowledge "$CASE-2" --material-root "$(paper materials)"
successor case accept "$CASE-2"
successor case refuse "$CASE-2" --decision "$(paper refusal)" --basis "$BASIS"
catch_up "$zhejiang"
refused "$zhejiang" 330000 organisation.removed case collect "$CASE-3" --mode collect-on-behalf --agency "$old" \
    --item "$(item 310000)" --material M1
open_case "$CASE-3" "$new"
successor case acknowledge "$CASE-3" --material-root "$(paper materials)"
catch_up "$anhui"
at "$anhui" 0 case show "$CASE-1" --prove-records
expect status closed
expect records_proven true
done_line "one delivered, one refused, one new 一件办结送达、一件不予许可、一件新收"

step "Its seal: the successor takes it out of use" "印章：由承继机构停用"
refused_to "$(key_of 320000 issuer)" seal.registrar_mismatch seal suspend "$seal" --basis "$BASIS"
successor seal suspend "$seal" --basis "$BASIS"
successor seal cancel "$seal" --basis "$BASIS"
done_line "$seal cancelled 已注销"

step "An error is corrected: the wrong file and end were recorded" "更正错误：误登记了文件和有效期"
wrong=$(paper wrong-file)
catch_up "$shanghai"
record "$shanghai" 0 --key "$work/new.key" licence issue "$wrong" --licence-type "$TYPE" --issuer "$new" \
    --region "$(key_of 310000 region)" --valid-until 2027-12-31
mended=$(json_field licence_id <"$answer")
wrongly=$(json_field time <"$answer")
right=$(paper right-file)
verdict invalid 1 "$right" --id "$mended"
refused_to "$work/new.key" licence.correction_changes_nothing licence correct "$mended" --reason entry --valid-until 2027-12-31
successor licence correct "$mended" --reason file --file "$right" --valid-until 2036-12-31
verdict valid 0 "$right" --id "$mended"
said content content.matches
said corrected record.corrected
verdict invalid 1 "$wrong" --id "$mended"
said content content.in_error
done_line "the right file is valid under the same identifier 同一标识下，正确文件有效; content.in_error"

step "A duplicate and an annotated copy verify and say what they are" "副本、加注件均可核验，并说明其为何种文件"
successor licence attach "$mended" "$(paper duplicate)" --role duplicate
successor licence attach "$mended" "$(paper annotated)" --role annotated --purpose P-1 --expires 2036-12-30
verdict valid 0 "$(paper duplicate)" --id "$mended"
said content content.duplicate
verdict valid 0 "$(paper annotated)"
said content content.annotated
successor licence detach "$mended" "$(paper duplicate)" --basis "$BASIS"
verdict expired 1 "$(paper duplicate)" --id "$mended"
said content content.attachment_ended
successor licence annual-check "$mended" --year 2026 --outcome passed --until 2027-06-30 --basis "$BASIS"
verdict valid 0 "$mended"
said annual annual.checked
done_line "content.duplicate, content.annotated; annual.checked"

step "A fraud is withdrawn with everything that rests on it" "骗取的证照被撤销，其后各版本一并撤销"
issue "$work/new.key" "$shanghai" 310000 "$new" fraud
fraud=$id
in_force=$(json_field time <"$answer")
catch_up "$shanghai"
record "$shanghai" 0 --key "$work/new.key" licence amend "$fraud" "$(paper fraud-amended)" --version 2 --licence-type "$TYPE" \
    --issuer "$new" --region "$(key_of 310000 region)" --basis "$BASIS"
amended=$(json_field licence_id <"$answer")
verdict superseded 1 "$fraud"
verdict valid 0 "$amended"
successor licence withdraw "$fraud" --basis "$BASIS"
for one in "$fraud" "$amended"; do
    verdict invalid 1 "$one"
    said status status.withdrawn
done
verdict invalid 1 "$fraud" --as-of "$in_force"
done_line "both versions withdrawn, also for the past 两个版本均撤销，并溯及既往"

step "Who acted when is proven, and the past stays as it was" "何时由谁行使职权均可证明，既往不变"
for matter in --cases --seals --publications; do acts "$new" "$matter"; done
acts "$new" --licence-type "$TYPE"
acts "$old" --cases --as-of "$before"
catch_up "$anhui"
at "$anhui" 0 verify "$standing_licence" --as-of "$before"
expect verdict valid
# What was recorded by mistake is answered for the past as the correction says.
at "$anhui" 0 verify "$right" --id "$mended" --as-of "$wrongly"
expect verdict valid
done_line "as of 截至 $before: $old; now 现在: $new"
licences=9
look="organisation authority $old --cases"
