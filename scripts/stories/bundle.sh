# shellcheck shell=bash disable=SC2154
# The story of a 集成办 (一件事): one application, four cases. Shanghai's comes first; Jiangsu's and Zhejiang's follow side by side;
# Anhui's waits for both. Sourced by scripts/demo.

# shellcheck source=scripts/stories/matters
source "$ROOT/scripts/stories/matters"
run_name=$(basename "$work")
BUNDLE="一件事-$run_name"
# Names belong to the lead.
BUNDLE="$(agency 310000)/$BUNDLE"
FIRST="$BUNDLE-1" LEFT="$BUNDLE-2" RIGHT="$BUNDLE-3" LAST="$BUNDLE-4"

# hand_over CASE PROVINCE: Shanghai collects, checks and hands over a case of the bundle.
hand_over() {
    by "$shanghai" 310000 case collect "$1" --mode bundle --bundle "$BUNDLE" --agency "$(agency "$2")" \
        --item "$(item "$2")" --material M1 --material M2
    by "$shanghai" 310000 case check "$1" --identity online --formal "$(paper check-list)"
    by "$shanghai" 310000 case send "$1" --to "$(agency "$2")" --material-root "$(paper materials)"
}

# decide CASE NODE PROVINCE: accepts and grants.
decide() {
    by "$2" "$3" case accept "$1"
    by "$2" "$3" case grant "$1" --decision "$(paper "decision-$3")"
}

step "Four provinces publish item and guide" "四省发布事项与办事指南"
publish_matter "$shanghai" 310000
publish_matter "$jiangsu" 320000
publish_matter "$zhejiang" 330000
publish_matter "$anhui" 340000
done_line "four items, four guides 四个事项，四份指南"

step "Shanghai opens the bundle: what waits for what" "上海牵头开件：先后与并行"
by "$shanghai" 310000 case open-bundle "$BUNDLE" --lead "$(agency 310000)" --material-root "$(paper materials)" \
    --child "$FIRST" --child "$LEFT:after=1" --child "$RIGHT:after=1" --child "$LAST:after=2,3"
bundle=$(json_field bundle <"$answer")
hand_over "$FIRST" 310000
hand_over "$LEFT" 320000
hand_over "$RIGHT" 330000
hand_over "$LAST" 340000
at "$shanghai" 0 case show "$LEFT"
expect is_waiting true
done_line "one root of materials for all; three of four cases wait 一套材料；四件中三件等待前序"

step "The second cannot overtake the first" "后序不得抢先"
refused "$jiangsu" 320000 case.not_received case accept "$LEFT"
done_line "refused 被拒绝: $(refusal)"

step "The first is granted; its notice starts the two that go side by side" "首件准予并书面告知，两件并行开始"
decide "$FIRST" "$shanghai" 310000
by "$shanghai" 310000 case notify "$FIRST" --notice "$(paper notice-1)"
standing "$jiangsu" "$LEFT"
expect status deemed_received
standing "$zhejiang" "$RIGHT"
expect status deemed_received

step "Both are decided; the last waits for both notices" "两件均已决定，末件等待两份告知"
decide "$RIGHT" "$zhejiang" 330000
decide "$LEFT" "$jiangsu" 320000
by "$jiangsu" 320000 case notify "$LEFT" --notice "$(paper notice-2)"
catch_up "$anhui"
at "$anhui" 0 case show "$LAST"
expect is_waiting true
by "$zhejiang" 330000 case notify "$RIGHT" --notice "$(paper notice-3)"
standing "$anhui" "$LAST"
expect status deemed_received

step "Anhui grants the last: the bundle is done" "安徽准予末件，一件事办成"
decide "$LAST" "$anhui" 340000
catch_up "$jiangsu"
at "$jiangsu" 0 show "bundle/$bundle" --records --prove-records
expect status done
expect records_proven true
done_line "$(grep -c '"operation": "case\.' "$answer") records about the bundle, every receipt checked 关于一件事的记录均已核验"
look="show bundle/$bundle --records"
