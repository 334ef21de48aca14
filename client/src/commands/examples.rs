//! The examples of the help pages. A test reads each with the command's own parser.

use super::help::Page;
use super::help::Uses::{Hash, Local, Nodes, Outcome, Passphrase, Possession, Question, Record, Trust};

const fn page(path: &'static str, uses: super::help::Uses, examples: &'static [&'static str]) -> Page {
    Page { path, uses, examples }
}

/// Every command.
#[rustfmt::skip]
pub const PAGES: &[Page] = &[
    page("keys new", Passphrase, &[
        "huxin keys new --purpose organisation --out issuer.key",
        "huxin keys new --purpose network --out network.key --plain",
    ]),
    page("keys show", Local, &["huxin keys show issuer.key"]),
    page("keys peer-id", Local, &["huxin keys peer-id network.key"]),
    page("keys prove", Possession, &["huxin keys prove issuer.key --organisation 11310100000001011L"]),
    page("keys add", Record, &["huxin keys add issuer.key --organisation 11310100000001011L --issue --change-status --key registrar.key"]),
    page("keys suspend", Record, &["huxin keys suspend issuer.key --basis B-1 --key registrar.key"]),
    page("keys resume", Record, &["huxin keys resume issuer.key --basis B-1 --key registrar.key"]),
    page("keys remove", Record, &["huxin keys remove issuer.key --basis B-1 --key registrar.key"]),
    page("organisation add", Record, &["huxin organisation add 11310100000001011L --region 310100 --key registrar.key"]),
    page("organisation consent", Possession, &[
        "huxin organisation consent 11310100000001011L --province 330000 --until 2026-12-31 --registrar registrar.key",
    ]),
    page("organisation reclaim", Record, &["huxin organisation reclaim 11310100000001011L --region 310100 --basis B-1 --key registrar.key"]),
    page("organisation suspend", Record, &["huxin organisation suspend 11310100000001011L --basis B-1 --key registrar.key"]),
    page("organisation resume", Record, &["huxin organisation resume 11310100000001011L --basis B-1 --key registrar.key"]),
    page("organisation remove", Record, &["huxin organisation remove 11310100000001011L --basis B-1 --key registrar.key"]),
    page("organisation succeed", Record, &[
        "huxin organisation succeed 11310100000001011L --to 11320000000000035T --everything --basis B-1 --key registrar.key",
        "huxin organisation succeed 11310100000001011L --to 11320000000000035T --licence-type 11100000000013338W011 --cases --basis B-1",
    ]),
    page("organisation delegate", Record, &[
        "huxin organisation delegate 11310100000001011L --to 113100000000000191 --licence-type 11100000000013338W011 --until 2027-12-31 \
         --basis B-1 --key registrar.key",
    ]),
    page("organisation end-delegation", Record, &[
        "huxin organisation end-delegation 11310100000001011L --to 113100000000000191 --basis B-1 --key registrar.key",
    ]),
    page("organisation authority", Question, &[
        "huxin organisation authority 11310100000001011L --licence-type 11100000000013338W011 --as-of 2026-11-21",
        "huxin organisation authority 11310100000001011L --cases",
    ]),
    page("system add", Record, &["huxin system add SYS-1 --organisation 11310100000001011L --key registrar.key"]),
    page("system suspend", Record, &["huxin system suspend SYS-1 --organisation 11310100000001011L --basis B-1 --key registrar.key"]),
    page("system resume", Record, &["huxin system resume SYS-1 --organisation 11310100000001011L --basis B-1 --key registrar.key"]),
    page("system remove", Record, &["huxin system remove SYS-1 --organisation 11310100000001011L --basis B-1 --key registrar.key"]),
    page("licence issue", Record, &[
        "huxin licence issue licence.ofd --trust-list trust --receipt licence.receipt",
        "huxin licence issue scan.pdf --licence-type 11100000000013338W011 --issuer 11310100000001011L --valid-until 2036-12-31",
        "huxin licence issue --csv licences.csv",
    ]),
    page("licence amend", Record, &["huxin licence amend OLD_ID new.ofd --basis B-1 --trust-list trust"]),
    page("licence transfer-in", Record, &["huxin licence transfer-in OLD_ID new.ofd --basis B-1 --trust-list trust"]),
    page("licence transfer-out", Record, &["huxin licence transfer-out ID --to-province 320000 --to-organisation 11320000000000035T --basis B-1"]),
    page("licence suspend", Record, &["huxin licence suspend ID --basis B-1"]),
    page("licence restore", Record, &["huxin licence restore ID --basis B-1"]),
    page("licence cancel-transfer", Record, &["huxin licence cancel-transfer ID --basis B-1"]),
    page("licence cancel", Record, &["huxin licence cancel ID --basis B-1"]),
    page("licence withdraw", Record, &["huxin licence withdraw ID --basis B-1"]),
    page("licence revoke", Record, &["huxin licence revoke ID --basis B-1"]),
    page("licence lapse", Record, &["huxin licence lapse ID --basis B-1"]),
    page("licence correct", Record, &[
        "huxin licence correct ID --reason file --file licence.ofd --trust-list trust",
        "huxin licence correct ID --reason entry --valid-until 2036-12-31",
    ]),
    page("licence attach", Record, &[
        "huxin licence attach ID licence.ofd --role annotated --purpose P-1 --expires 2036-12-31 --trust-list trust",
    ]),
    page("licence detach", Record, &["huxin licence detach ID licence.ofd --basis B-1"]),
    page("licence annual-check", Record, &["huxin licence annual-check ID --year 2026 --outcome passed --until 2027-06-30 --basis B-1"]),
    page("seal register", Record, &["huxin seal register seal.esl --trust-list trust"]),
    page("seal activate", Record, &["huxin seal activate 310000/31010000000017 --basis B-1"]),
    page("seal suspend", Record, &["huxin seal suspend 310000/31010000000017 --basis B-1"]),
    page("seal resume", Record, &["huxin seal resume 310000/31010000000017 --basis B-1"]),
    page("seal cancel", Record, &["huxin seal cancel 310000/31010000000017 --basis B-1"]),
    page("seal invalidate", Record, &["huxin seal invalidate 310000/31010000000017 --basis B-1"]),
    page("seal replace", Record, &["huxin seal replace 310000/31010000000017 new.esl --basis B-1 --trust-list trust"]),
    page("seal sign", Record, &[
        "huxin seal sign notice.pdf --seal 310000/31010000000017 --seal-key seal.key --certificate signer.crt --report report.pdf",
    ]),
    page("seal sign-record", Record, &["huxin seal sign-record licence.ofd --trust-list trust"]),
    page("seal show", Question, &["huxin seal show 310000/31010000000017 --records"]),
    page("publish publish", Record, &[
        "huxin publish publish guide/310000/001010100000 --body guide.toml",
        "huxin publish publish item-list/all/2026 --entries list.txt",
    ]),
    page("publish draft", Record, &[
        "huxin publish draft item-list/all/2026 --entries list.txt --consultation-opens 2026-12-01 --consultation-closes 2026-12-31",
    ]),
    page("publish close-consultation", Record, &["huxin publish close-consultation item-list/all/2026 --no-opinions"]),
    page("publish co-sign", Record, &["huxin publish co-sign item-list/all/2026 --entries list.txt"]),
    page("publish withdraw", Record, &["huxin publish withdraw item-list/all/2026"]),
    page("publish repeal", Record, &["huxin publish repeal item-list/all/2026 --basis B-1"]),
    page("publish acknowledge", Record, &["huxin publish acknowledge item-list/all/2026"]),
    page("publish show", Question, &["huxin publish show item-list/all/2026 --version 1"]),
    page("publish entry-prove", Question, &["huxin publish entry-prove --entries list.txt --entry 001010100000 --out entry.proof"]),
    page("publish entry-check", Question, &["huxin publish entry-check item-list/all/2026 --entry 001010100000 --proof entry.proof"]),
    page("case collect", Record, &[
        "huxin case collect 11310100000001011L/2026-0001 --mode relay --agency 11310100000001011L --item item/310000/001010100000 --material M1",
    ]),
    page("case check", Record, &["huxin case check 11310100000001011L/2026-0001 --identity window --formal checklist.pdf"]),
    page("case send", Record, &["huxin case send 11310100000001011L/2026-0001 --to 11310100000001011L --material-root materials.txt"]),
    page("case acknowledge", Record, &["huxin case acknowledge 11310100000001011L/2026-0001 --material-root materials.txt"]),
    page("case bounce", Record, &["huxin case bounce 11310100000001011L/2026-0001 --reason R-1"]),
    page("case request-correction", Record, &["huxin case request-correction 11310100000001011L/2026-0001 --item M1 --item M2"]),
    page("case resubmit", Record, &["huxin case resubmit 11310100000001011L/2026-0001 --material-root materials.txt"]),
    page("case accept", Record, &["huxin case accept 11310100000001011L/2026-0001"]),
    page("case accept-conditionally", Record, &["huxin case accept-conditionally 11310100000001011L/2026-0001 --missing M2 --promise promise.pdf"]),
    page("case fulfil", Record, &["huxin case fulfil 11310100000001011L/2026-0001 --material-root materials.txt"]),
    page("case not-accept", Record, &["huxin case not-accept 11310100000001011L/2026-0001 --reason R-1"]),
    page("case pause", Record, &["huxin case pause 11310100000001011L/2026-0001 --basis B-1"]),
    page("case resume", Record, &["huxin case resume 11310100000001011L/2026-0001"]),
    page("case relay", Record, &[
        "huxin case relay 11310100000001011L/2026-0001 --agency 11310100000001011L --item item/310000/001010100000 --notice notice.pdf --result result.pdf",
    ]),
    page("case grant", Record, &["huxin case grant 11310100000001011L/2026-0001 --decision decision.pdf"]),
    page("case refuse", Record, &["huxin case refuse 11310100000001011L/2026-0001 --decision decision.pdf --basis B-1"]),
    page("case result", Record, &["huxin case result 11310100000001011L/2026-0001 --document licence.ofd --licence ID"]),
    page("case deliver", Record, &[
        "huxin case deliver 11310100000001011L/2026-0001 --channel courier --commitment abababababababababababababababababababababababababababababababab",
    ]),
    page("case close", Record, &["huxin case close 11310100000001011L/2026-0001"]),
    page("case archive", Record, &["huxin case archive 11310100000001011L/2026-0001 --archive files.txt"]),
    page("case withdraw", Record, &["huxin case withdraw 11310100000001011L/2026-0001 --request statement.pdf"]),
    page("case notify", Record, &["huxin case notify 11310100000001011L/2026-0001 --notice notice.pdf"]),
    page("case open-bundle", Record, &[
        "huxin case open-bundle B-2026-0001 --lead 11310100000001011L --material-root materials.txt --child 2026-0001 --child 2026-0002:after=1",
    ]),
    page("case show", Question, &["huxin case show 11310100000001011L/2026-0001 --as-of 2026-11-21"]),
    page("case list", Nodes, &["huxin case list --agency 11310100000001011L --only overdue"]),
    page("evidence material", Record, &[
        "huxin evidence material --purpose P-1 --case 11310100000001011L/2026-0001 --material M1 --document form.pdf --class personal --ground \
         consent --valid-until 2036-12-31",
    ]),
    page("evidence material-demand", Record, &["huxin evidence material-demand --purpose P-1 --case 11310100000001011L/2026-0001 --material M1 --basis B-1"]),
    page("evidence licence-use", Record, &["huxin evidence licence-use ID --purpose P-1 --case 11310100000001011L/2026-0001 --result relied"]),
    page("evidence share-request", Record, &[
        "huxin evidence share-request --requester 11320000000000035T --purpose P-1 --case 11310100000001011L/2026-0001 --provider 11310100000001011L --catalogue \
         data-catalogue/310000/D-1 --catalogue-version 1 --resource entry.txt --records-max 100 --due 2026-12-31",
    ]),
    page("evidence share-approve", Record, &[
        "huxin evidence share-approve abababababababababababababababababababababababababababababababab --basis B-1",
    ]),
    page("evidence share-deny", Record, &["huxin evidence share-deny abababababababababababababababababababababababababababababababab --basis B-1"]),
    page("evidence share-deliver", Record, &[
        "huxin evidence share-deliver abababababababababababababababababababababababababababababababab --records 20 --payload data.json",
    ]),
    page("evidence share-return", Record, &[
        "huxin evidence share-return abababababababababababababababababababababababababababababababab --basis B-1",
    ]),
    page("evidence assertion", Record, &["huxin evidence assertion --purpose P-1 --case 11310100000001011L/2026-0001 --assertion login.json --level high"]),
    page("evidence session", Record, &[
        "huxin evidence session --purpose P-1 --case 11310100000001011L/2026-0001 --participant here.key --participant there.key --started \
         2026-11-21T09:00:00+08:00 --ended 2026-11-21T09:30:00+08:00 --recording session.mp4 --identity passed",
    ]),
    page("evidence archive-deposit", Record, &[
        "huxin evidence archive-deposit --purpose P-1 --case 11310100000001011L/2026-0001 --archive 11310100000001011L --files-root files.txt --files \
         12 --report report.pdf --handover handover.pdf --retention permanent",
    ]),
    page("evidence delivery", Record, &[
        "huxin evidence delivery --purpose P-1 --case 11310100000001011L/2026-0001 --courier \
         abababababababababababababababababababababababababababababababab --stage received",
    ]),
    page("evidence visit", Record, &["huxin evidence visit --purpose P-1 --case 11310100000001011L/2026-0001 --region 310100 --reason submission"]),
    page("evidence rating", Record, &["huxin evidence rating --purpose P-1 --case 11310100000001011L/2026-0001 --level satisfied --channel online"]),
    page("evidence metric-statement", Record, &[
        "huxin evidence metric-statement --purpose P-1 --metric M-1 --definition metric.sql --region 310000 --first 0 --end 1000 --value 98.75",
    ]),
    page("evidence intermediary-report", Record, &[
        "huxin evidence intermediary-report --purpose P-1 --case 11310100000001011L/2026-0001 --report survey.pdf --institution 11310100000001011L --licence ID",
    ]),
    page("evidence decision-publication", Record, &[
        "huxin evidence decision-publication --purpose P-1 --case 11310100000001011L/2026-0001 --decision decision.pdf --redaction R-1 --from \
         2026-12-01 --until 2026-12-31",
    ]),
    page("evidence match-decision", Record, &[
        "huxin evidence match-decision --purpose P-1 --subject abababababababababababababababababababababababababababababababab \
         --policy policy/310000/P-1 --version 1 --result granted --report match.json",
    ]),
    page("evidence erasure", Record, &[
        "huxin evidence erasure --purpose P-1 --subject abababababababababababababababababababababababababababababababab \
         --erased-key abababababababababababababababababababababababababababababababab --class personal --basis B-1 --report \
         protocol.pdf",
    ]),
    page("evidence checkpoint", Record, &[
        "huxin evidence checkpoint --purpose P-1 --height 4711 --block \
         abababababababababababababababababababababababababababababababab --log-size 900 --log-root \
         abababababababababababababababababababababababababababababababab --map-root \
         abababababababababababababababababababababababababababababababab --opinion conforms --report audit.pdf",
    ]),
    page("govern propose", Record, &[
        "huxin govern propose --action province-add.json --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose province-add", Record, &[
        "huxin govern propose province-add 350000 --organisation 11350000000000019H --governance-key governance.key \
         --registrar-key registrar.key --validator consensus.key --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose province-suspend", Record, &[
        "huxin govern propose province-suspend 350000 --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose province-resume", Record, &[
        "huxin govern propose province-resume 350000 --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose province-remove", Record, &[
        "huxin govern propose province-remove 350000 --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose governance-key", Record, &[
        "huxin govern propose governance-key 350000 next.key --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose registrar-key", Record, &[
        "huxin govern propose registrar-key 350000 next.key --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose validator-add", Record, &[
        "huxin govern propose validator-add 350000 consensus.key --power 1 --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose validator-remove", Record, &[
        "huxin govern propose validator-remove consensus.key --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose validator-rotate", Record, &[
        "huxin govern propose validator-rotate consensus.key next.key --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose validator-power", Record, &[
        "huxin govern propose validator-power consensus.key 2 --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose trust-add", Record, &[
        "huxin govern propose trust-add root.crt --role seal-maker --valid-until 2036-12-31 --rationale \
         paper.pdf --key governance.key",
    ]),
    page("govern propose trust-retire", Record, &[
        "huxin govern propose trust-retire root.crt --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose crl-anchor", Record, &[
        "huxin govern propose crl-anchor root.crt root.crl --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose parameters", Record, &[
        "huxin govern propose parameters limits.toml --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose threshold", Record, &[
        "huxin govern propose threshold validator-rotate two-thirds --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose organisation-succeed", Record, &[
        "huxin govern propose organisation-succeed 11310100000001011L --to 11320000000000035T --everything --basis B-1 \
         --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose competence", Record, &[
        "huxin govern propose competence 11100000000013338W011 --organisation 11310100000001011L --level province \
         --rationale paper.pdf --key governance.key",
    ]),
    page("govern propose feature", Record, &[
        "huxin govern propose feature anchors 9000 --rationale paper.pdf --key governance.key",
    ]),
    page("govern vote", Record, &["huxin govern vote 41 yes --key governance.key"]),
    page("govern withdraw", Record, &["huxin govern withdraw 41 --key governance.key"]),
    page("govern rehearse", Question, &["huxin govern rehearse --action province-add.json --proposer 310000"]),
    page("govern rehearse province-add", Question, &[
        "huxin govern rehearse province-add 350000 --organisation 11350000000000019H --governance-key governance.key \
         --registrar-key registrar.key --validator consensus.key --proposer 310000",
    ]),
    page("govern rehearse province-suspend", Question, &["huxin govern rehearse province-suspend 350000 --proposer 310000"]),
    page("govern rehearse province-resume", Question, &["huxin govern rehearse province-resume 350000 --proposer 310000"]),
    page("govern rehearse province-remove", Question, &["huxin govern rehearse province-remove 350000 --proposer 310000"]),
    page("govern rehearse governance-key", Question, &["huxin govern rehearse governance-key 350000 next.key --proposer 310000"]),
    page("govern rehearse registrar-key", Question, &["huxin govern rehearse registrar-key 350000 next.key --proposer 310000"]),
    page("govern rehearse validator-add", Question, &["huxin govern rehearse validator-add 350000 consensus.key --power 1 --proposer 310000"]),
    page("govern rehearse validator-remove", Question, &["huxin govern rehearse validator-remove consensus.key --proposer 310000"]),
    page("govern rehearse validator-rotate", Question, &["huxin govern rehearse validator-rotate consensus.key next.key --proposer 310000"]),
    page("govern rehearse validator-power", Question, &["huxin govern rehearse validator-power consensus.key 2 --proposer 310000"]),
    page("govern rehearse competence", Question, &[
        "huxin govern rehearse competence 11100000000013338W011 --level province --proposer 310000",
    ]),
    page("govern rehearse trust-add", Question, &[
        "huxin govern rehearse trust-add root.crt --role seal-maker --valid-until 2036-12-31 --proposer 310000",
    ]),
    page("govern rehearse trust-retire", Question, &["huxin govern rehearse trust-retire root.crt --proposer 310000"]),
    page("govern rehearse crl-anchor", Question, &["huxin govern rehearse crl-anchor root.crt root.crl --proposer 310000"]),
    page("govern rehearse parameters", Question, &["huxin govern rehearse parameters limits.toml --proposer 310000"]),
    page("govern rehearse threshold", Question, &["huxin govern rehearse threshold validator-rotate two-thirds --proposer 310000"]),
    page("govern rehearse organisation-succeed", Question, &[
        "huxin govern rehearse organisation-succeed 11310100000001011L --to 11320000000000035T --everything --basis B-1 \
         --proposer 310000",
    ]),
    page("govern rehearse feature", Question, &["huxin govern rehearse feature anchors 9000 --proposer 310000"]),
    page("govern list", Nodes, &["huxin govern list --limit 20"]),
    page("govern show", Question, &["huxin govern show 41 --records"]),
    page("govern report-misbehaviour", Record, &["huxin govern report-misbehaviour evidence.json"]),
    page("govern anchor", Record, &[
        "huxin govern anchor --ledger abababababababababababababababababababababababababababababababab --head other.receipt",
    ]),
    page("show", Question, &["huxin show seal/310000/31010000000017 --as-of 2026-11-21", "huxin show parameters"]),
    page("verify", Question, &[
        "huxin verify licence.ofd --trust-list trust",
        "huxin verify ID --as-of 2026-11-21",
        "huxin verify licence.ofd --id ID",
    ]),
    page("inspect", Local, &["huxin inspect licence.ofd --trust-list trust"]),
    page("receipt get", Question, &["huxin receipt get ID --out licence.receipt"]),
    page("receipt verify", Trust, &[
        "huxin receipt verify licence.receipt --file licence.ofd --id ID --genesis genesis.toml",
        "huxin receipt verify licence.receipt --as-of 2026-11-21 --genesis genesis.toml",
    ]),
    page("transaction", Outcome, &[
        "huxin transaction abababababababababababababababababababababababababababababababab --genesis genesis.toml",
        "huxin transaction abababababababababababababababababababababababababababababababab --expires-at 4711 --genesis genesis.toml",
    ]),
    page("audit replay", Question, &[
        "huxin audit replay --genesis genesis.toml --export blocks.huxin",
        "huxin audit replay --genesis genesis.toml --import blocks.huxin",
    ]),
    page("bench", Local, &["huxin bench --nodes /tmp/huxin/network.json --workload verify --seconds 10"]),
    page("head get", Question, &["huxin head get --out delta-1.head --genesis genesis.toml"]),
    page("head pin", Question, &[
        "huxin head pin delta-1.head --hash abababababababababababababababababababababababababababababababab --genesis genesis.toml",
    ]),
    page("head show", Trust, &["huxin head show --genesis genesis.toml"]),
    page("head path", Question, &["huxin head path --out delta-1.path --genesis genesis.toml"]),
    page("genesis province", Local, &[
        "huxin genesis province 310000 --organisation 11310100000001011L --consensus consensus.key --network network.key \
         --governance governance.key --registrar registrar.key --out 310000.toml",
    ]),
    page("genesis new", Local, &["huxin genesis new 310000.toml 320000.toml --chain-id delta-1 --out genesis.toml"]),
    page("genesis check", Hash, &["huxin genesis check genesis.toml"]),
    page("genesis hash", Hash, &[
        "huxin genesis hash genesis.toml",
        "huxin genesis hash genesis.toml --trust-root abababababababababababababababababababababababababababababababab",
    ]),
    page("testnet init", Local, &["huxin testnet init /tmp/huxin --validators 4"]),
    page("testnet join", Local, &["huxin testnet join /tmp/huxin"]),
    page("testnet network-json", Local, &["huxin testnet network-json /tmp/huxin --pids 101,102,103,104"]),
    page("testnet wait", Local, &["huxin testnet wait /tmp/huxin --timeout-s 60"]),
    page("status", Nodes, &["huxin status --node http://127.0.0.1:26603"]),
    page("explain", Local, &["huxin explain licence.duplicate", "huxin explain --operations http://127.0.0.1:26604"]),
    page("completions", Local, &["huxin completions bash"]),
    page("man", Local, &["huxin man man1"]),
];
