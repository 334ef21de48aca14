# shellcheck shell=bash disable=SC2154
# The story of a 接续办: Shanghai collects a case, Jiangsu decides its part and relays it, Zhejiang finishes it. Anhui, which
# does not take part, checks everything. Sourced by scripts/demo.

# shellcheck source=scripts/stories/matters
source "$ROOT/scripts/stories/matters"
CASE="$(agency 310000)/接续-$(basename "$work")"

# open_cases PROVINCE COUNT: how many open cases its agency has, as Anhui's node lists them.
open_cases() {
    local found
    catch_up "$anhui"
    at "$anhui" 0 case list --agency "$(agency "$1")"
    found=$(grep -c '"name": "case/' "$answer" || true)
    ((found == $2)) || fail "$found open cases of $1, not $2"
}

step "Jiangsu and Zhejiang publish item and guide" "江苏、浙江发布事项与办事指南"
publish_matter "$jiangsu" 320000
publish_matter "$zhejiang" 330000
done_line "two items, two guides, each in force with its first version 首版生效"

step "Shanghai collects the case, checks it and hands it to Jiangsu" "上海收件、审查并移交江苏"
by "$shanghai" 310000 case collect "$CASE" --mode relay --agency "$(agency 320000)" --item "$(item 320000)" \
    --material M1 --material M2
by "$shanghai" 310000 case check "$CASE" --identity window --formal "$(paper check-list)"
by "$shanghai" 310000 case send "$CASE" --to "$(agency 320000)" --material-root "$(paper materials)"
done_line "due dates are not submitted: every node derives them 时限由各节点推算"
standing "$anhui" "$CASE"
open_cases 310000 1
open_cases 320000 1
open_cases 330000 0

step "Jiangsu signs the same root of materials, and no other" "江苏须签署相同的材料根"
refused "$jiangsu" 320000 case.root_mismatch case acknowledge "$CASE" --material-root "$(paper other-materials)"
done_line "another root is refused 材料根不一致被拒绝: $(refusal)"
by "$jiangsu" 320000 case acknowledge "$CASE" --material-root "$(paper materials)"

step "One correction notice, and only one" "一次性告知补正，仅此一次"
refused "$jiangsu" 320000 case.material_not_in_guide case request-correction "$CASE" --item M9
by "$jiangsu" 320000 case request-correction "$CASE" --item M2
by "$shanghai" 310000 case resubmit "$CASE" --material-root "$(paper corrected-materials)"
by "$jiangsu" 320000 case acknowledge "$CASE" --material-root "$(paper corrected-materials)"
refused "$jiangsu" 320000 case.second_correction case request-correction "$CASE" --item M1
done_line "what the guide does not ask for, and a second notice, are refused 指南之外及第二次告知均被拒绝"
by "$jiangsu" 320000 case accept "$CASE"

step "Jiangsu finishes its part and relays it: Zhejiang has received it by law" "江苏办结本环节并告知，浙江视为收件"
by "$jiangsu" 320000 case relay "$CASE" --agency "$(agency 330000)" --item "$(item 330000)" \
    --notice "$(paper notice)" --result "$(paper part-result)"
catch_up "$zhejiang"
standing "$zhejiang" "$CASE"
expect status deemed_received
open_cases 310000 1
open_cases 320000 0
open_cases 330000 1

step "Zhejiang accepts, grants, issues the licence and delivers it" "浙江受理、准予、出证、送达"
by "$zhejiang" 330000 case accept "$CASE"
by "$zhejiang" 330000 case grant "$CASE" --decision "$(paper decision)"
by "$zhejiang" 330000 licence issue "$(paper licence)" --licence-type "$TYPE" \
    --issuer "$(key_of 330000 issuer_organisation)" --region "$(key_of 330000 region)"
licence=$(json_field licence_id <"$answer")
by "$zhejiang" 330000 case result "$CASE" --licence "$licence" --document "$(paper licence)"
by "$zhejiang" 330000 case deliver "$CASE" --channel online --commitment "$(paper login)"
by "$zhejiang" 330000 case close "$CASE"
by "$zhejiang" 330000 case archive "$CASE" --archive "$(paper archive-list)"
open_cases 310000 0
open_cases 330000 0
done_line "licence 证照 $licence"

step "Anhui reads the whole case, with a proof of every record" "安徽查阅全程，逐条核验证明"
catch_up "$anhui"
at "$anhui" 0 case show "$CASE" --prove-records
expect status archived
expect records_proven true
steps=$(grep -c '"operation": "case\.' "$answer")
((steps == 15)) || fail "$steps steps on record, not 15"
done_line "$steps steps of three provinces, every receipt checked 三省 $steps 步，回执全部核验"
at "$anhui" 0 verify "$licence"
done_line "the licence is valid 证照有效"
licences=1
look="case show '$CASE'"
