//! What the codes mean that are printed beside errors: of single checks of a verification, of figures of a node, and of warnings about
//! a file. Errors, and the reasons of a node, are in the table of `huxin_chain_spec::codes`.

/// A code with its sentence in English and Chinese, without the stop.
type SaidCode = (&'static str, &'static str, &'static str);

/// Codes of checks and warnings.
const CHECKS: &[SaidCode] = &[
    (
        "ALREADY_ENDED",
        "the validity has ended already: the licence is expired as soon as it is recorded",
        "有效期已届满，登记后即为过期",
    ),
    ("annual.checked", "an annual check covers the time asked about", "所询时间在年检有效期内"),
    ("annual.failed", "the annual check was not passed", "年检不合格"),
    ("annual.past", "the last annual check recorded no longer covers the time asked about", "最近一次年检的有效期已过"),
    (
        "competence.listed",
        "the provinces' list let the issuer issue licences of this type when it was recorded",
        "上账时，各省议定的名单准许该机构颁发此类证照",
    ),
    (
        "competence.not_listed",
        "the provinces had not decided who may issue licences of this type when it was recorded",
        "上账时，各省尚未议定此类证照由谁颁发",
    ),
    (
        "content.annotated",
        "the file is byte for byte an annotated copy of the licence, which its issuer attached",
        "文件与颁发机构附加的加注件逐字节一致",
    ),
    (
        "content.attached_later",
        "the file was attached to the licence after the time asked about",
        "文件在所询时间之后才附加于该证照",
    ),
    (
        "content.attachment_ended",
        "the file was attached to the licence, and its issuer has ended it",
        "附加文件已由颁发机构终止",
    ),
    (
        "content.attachment_expired",
        "the file was attached to the licence, and is past its own end",
        "附加文件自身期限已过",
    ),
    ("content.differs", "the file is not the recorded one", "文件与上账内容不一致"),
    (
        "content.duplicate",
        "the file is byte for byte a duplicate of the licence, which its issuer attached",
        "文件与颁发机构附加的副本逐字节一致",
    ),
    (
        "content.format",
        "the file is byte for byte a copy of the licence in another format, which its issuer attached",
        "文件与颁发机构附加的其他格式件逐字节一致",
    ),
    (
        "content.in_error",
        "the file was recorded for this licence by mistake, and the record was corrected",
        "该文件系误登记为此证照，记录已更正",
    ),
    ("content.matches", "the file is byte for byte the recorded one", "文件与上账内容逐字节一致"),
    (
        "content.not_covered",
        "the file is not the one first recorded; whether it was attached or corrected since, the proof leaves open",
        "文件不是最初上账的文件；其后是否附加或更正，证明未涵盖",
    ),
    ("content.not_given", "no file was given to compare", "未提供文件，未比对内容"),
    (
        "content.reissued",
        "the file is byte for byte a copy of the licence that was sealed again, which its issuer attached",
        "文件与颁发机构附加的重新签章件逐字节一致",
    ),
    ("coverage.complete", "all content is protected, and nothing is carried along", "全部内容受签名保护，无夹带"),
    ("coverage.unsigned", "nothing in the file is protected by a signature", "文件内容未受签名保护"),
    (
        "file.sound",
        "signature values, digests, certificate lists and time windows of the file hold",
        "文件的签名值、摘要、证书列表与时间窗口均相符",
    ),
    ("file.unknown", "not everything in the file could be checked", "文件中有无法检查的内容"),
    ("file.unsigned", "the file carries no seal", "文件未加盖电子印章"),
    ("file.unsound", "checks of the file fail; see `huxin inspect`", "文件检查不符，详见 `huxin inspect`"),
    (
        "finality.proven",
        "decided by more than two thirds of the validators; proof checked",
        "三分之二以上验证节点已确认；证明已核验",
    ),
    (
        "finality.unproven",
        "final on this node; check the attached proof to rely on it",
        "本节点已最终确认；请核验所附证明",
    ),
    (
        "identifier.check_character",
        "the check character of this identifier is wrong: a character is mistyped; compare it with the document (GB/T 36904)",
        "该证照标识的校验位不符：有字符输错，请与证照原件核对（GB/T 36904）",
    ),
    (
        "identifier.contradicts",
        "the identifier names another licence, issuer, type or version than the ledger",
        "证照标识与账本记录的证照、颁发机构、类型或版本不符",
    ),
    ("identifier.matches", "the identifier is well formed and is the recorded one", "证照标识格式正确且与上账一致"),
    ("identifier.not_given", "the identifier text was not given", "未提供证照标识文本"),
    (
        "identifier.unreadable",
        "the identifier in the file is not one of GB/T 36904",
        "文件所载证照标识不符合 GB/T 36904",
    ),
    ("issuer.active", "the issuer is registered and active", "颁发机构已登记且处于有效状态"),
    (
        "issuer.admitted",
        "signed with a key that its province had admitted for this organisation and licence type",
        "由其省份登记、获准签发此类证照的机构密钥签名",
    ),
    (
        "issuer.delegated",
        "another organisation signed in the issuer's name, under a delegation that their province had recorded",
        "由其他机构依其省份登记的委托，以颁发机构名义签名",
    ),
    (
        "issuer.ended",
        "the issuer, or its province, was removed, and no active successor is recorded",
        "颁发机构或所属省份已移除，账本未载有效的承继机构",
    ),
    (
        "issuer.not_proven",
        "how the issuer stands now was not asked or is not proven here",
        "颁发机构现状未查询，或此处无证明",
    ),
    (
        "issuer.succeeded",
        "the issuer handed this competence on, and its successor acts for it",
        "颁发机构的该项职权已移交，现由承继机构行使",
    ),
    (
        "issuer.suspended",
        "the issuer, its successor or its province is suspended",
        "颁发机构、其承继机构或所属省份处于暂停状态",
    ),
    (
        "maker.chain",
        "maker and signer lead to authorities that the provinces trust",
        "制章者与签章人证书链至各省信任的机构",
    ),
    (
        "maker.list_incomplete",
        "the chain ends at no authority that the provinces trust now, and not every such authority is in the trust list given",
        "证书链未至各省现行信任的机构，且所给信任列表未包含全部受信机构",
    ),
    ("maker.named", "the provinces name the seal's maker on their trust list", "制章者在各省互认信任列表中"),
    (
        "maker.no_authority",
        "the provinces have put no authority on their trust list yet, so nothing says whom to believe",
        "各省尚未将任何机构列入信任列表，无从判断信任谁",
    ),
    (
        "maker.not_checked",
        "chains were not followed; give the authorities' certificates with --trust-list",
        "未核验证书链；请用 --trust-list 提供机构证书",
    ),
    (
        "maker.trusted_when_filed",
        "the provinces trusted the seal's maker when the seal was filed",
        "印章备案时制章者受各省信任",
    ),
    ("maker_now.named", "on the provinces' trust list now", "现在各省互认信任列表中"),
    ("maker_now.not_named", "the provinces do not name the maker itself on their trust list", "信任列表未列明该制章者"),
    ("maker_now.retired", "no longer on the provinces' trust list", "现已移出各省互认信任列表"),
    (
        "record.corrected",
        "the issuer corrected the record; the answer is by the corrected record",
        "颁发机构已更正记录；结论依更正后的记录",
    ),
    (
        "record.corrected_later",
        "the record was corrected after the time asked about; the answer is by the corrected record",
        "记录在所询时间之后更正；结论依更正后的记录",
    ),
    ("recorded.found", "recorded on the ledger", "已上账"),
    ("recorded.later", "not yet on the ledger at the time asked about", "在所询时间尚未上账"),
    (
        "recorded.not_found",
        "not on this ledger; that says nothing about whether it is genuine",
        "本账本上没有记录；这并不说明其真伪",
    ),
    (
        "records.disagree",
        "several organisations recorded this document, and not all their records are valid: name the licence with its identifier",
        "多个机构为同一文件上账，且并非均有效：请提供证照标识以确定所指证照",
    ),
    (
        "records.of_others",
        "the issuer that is named has not recorded this document, other organisations have: their records say nothing of its licence",
        "所指颁发机构未为该文件上账，上账的是其他机构：其记录不能说明该机构的证照",
    ),
    (
        "records.open",
        "not every record of this document could be looked at: name the licence with its identifier, or ask again",
        "该文件的上账记录未能全部核验：请提供证照标识，或稍后再试",
    ),
    ("revocation.none", "no certificate was revoked before it was used", "证书在使用前均未被吊销"),
    ("revocation.not_checked", "revocation was not checked", "未检查证书吊销"),
    (
        "seal.active",
        "the seal is filed with these certificates and was in use when it signed",
        "印章以相同证书备案，签章时处于启用状态",
    ),
    (
        "seal.active_by_later_record",
        "only what was recorded after the signature says that the seal was in use when it signed",
        "签章时账本所载并非启用状态，仅其后上账的变更称当时已启用",
    ),
    (
        "seal.exception",
        "the issuer recorded this document although its own checks did not pass, and gave the code of a reason",
        "颁发机构在文件自身检查未通过的情况下上账，并注明了理由代码",
    ),
    (
        "seal.not_checked",
        "a seal is named in the record; the seal itself was not checked",
        "记录中载有印章；印章本身未验证",
    ),
    ("seal.not_recorded", "no seal is named in the record", "记录中未载印章"),
    ("seal.not_registered", "the ledger knows no such seal", "账本上没有该印章"),
    ("seal.not_yet_active", "the seal was filed but not yet in use when it signed", "签章时印章已备案但尚未启用"),
    (
        "seal.other_certificates",
        "a seal of this number is filed with other certificates; this one is not known to the ledger",
        "账本上同号印章的证书不同；该印章未在账本备案",
    ),
    (
        "seal.registered_later",
        "the seal was filed after the signature was made, so the ledger cannot tell whether it was in use then",
        "印章备案晚于签章时间，账本无法说明当时是否启用",
    ),
    (
        "seal.time_unproven",
        "the seal is out of use since, and only the signer's own clock says that it signed before",
        "印章其后已停用，仅签章方时钟称签章在先",
    ),
    ("seal_now.active", "in use", "启用"),
    ("seal_now.cancelled", "cancelled by now", "现已注销"),
    ("seal_now.invalidated", "marked as invalid by now", "现已标记无效"),
    ("seal_now.registered", "filed, and not in use yet", "已备案，尚未启用"),
    ("seal_now.replaced", "replaced by another seal by now", "现已重新制作"),
    ("seal_now.suspended", "suspended now", "现已暂停使用"),
    ("seal_owner.differs", "the seal belongs to another organisation than the issuer", "印章所有者并非颁发机构"),
    ("seal_owner.issuer", "the seal's owner issued the licence", "印章所有者即颁发机构"),
    ("signature.not_recorded", "the signature is not on the ledger by itself", "该签章未单独上账"),
    (
        "signature.recorded",
        "the signature stands on the ledger: it existed then, and every validator checked it",
        "签章已上账：签章不晚于此时，且经各验证节点验签",
    ),
    ("status.cancelled", "cancelled", "已注销"),
    ("status.issued", "in force", "有效"),
    ("status.lapsed", "lapsed", "已失效"),
    (
        "status.not_covered",
        "the proof leaves the licence's state open: it may have been suspended, revoked or replaced",
        "证明未涵盖该证照的状态：其可能已被暂扣、吊销或替代",
    ),
    ("status.revoked", "revoked as a penalty", "已被吊销"),
    ("status.superseded", "replaced by a newer licence", "已被新的证照替代"),
    ("status.suspended", "suspended by its issuer", "已被暂扣"),
    ("status.transferred_out", "transferred out, not yet taken over by the other province", "已办理转出，尚未转入"),
    ("status.withdrawn", "withdrawn: void from the beginning", "已撤销：自始无效"),
    ("validity.expired", "its validity has ended", "有效期已过"),
    ("validity.not_yet", "its validity has not begun", "有效期尚未开始"),
    ("validity.within", "within its validity", "在有效期内"),
];

/// Codes of what may be wrong with a node or the network.
const REASONS: &[SaidCode] = &[
    (
        "clock.offset",
        "the node's clock differs from the time of the last block: check its time service",
        "节点时钟与最新区块时间不符：请检查校时服务",
    ),
    (
        "mempool.filling",
        "more than 80 % of the mempool are in use: submit more slowly",
        "交易池已用 80% 以上：请放慢提交",
    ),
    ("votes.late", "a height waits for the votes of validators that are reached", "某一高度在等待可达验证节点的投票"),
];

/// Every code with a sentence here.
pub fn all() -> impl Iterator<Item = SaidCode> {
    CHECKS.iter().chain(REASONS).copied()
}

/// What a code says: English, Chinese. State and validity as known at a past time (`status_then`, `validity_then`) have the codes of
/// state and validity.
pub fn meaning(code: &str) -> Option<(String, String)> {
    if let Some((_, en, zh)) = all().find(|(name, _, _)| *name == code) {
        return Some((en.to_owned(), zh.to_owned()));
    }
    let state = code.strip_prefix("status_then.").map(|rest| format!("status.{rest}"));
    let then = state.or_else(|| code.strip_prefix("validity_then.").map(|rest| format!("validity.{rest}")))?;
    let (_, en, zh) = all().find(|(name, _, _)| *name == then)?;
    Some((format!("as known at the time asked about: {en}"), format!("所询时间当时所知：{zh}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;
    use std::path::Path;

    use huxin_chain_spec::codes::Code;

    use super::*;

    /// Where programs of this project make codes: each text of the form `family.name` in them is one.
    const SOURCES: &[&str] = &[
        "chain-spec/src/verdict.rs",
        "chain-spec/src/verdict/content.rs",
        "chain-spec/src/verdict/upkeep.rs",
        "client/src/sealed/joined.rs",
        "client/src/sealed/joined/ledger.rs",
        "client/src/sealed/joined/own.rs",
        "node/src/health/monitor.rs",
        "node/src/health/reason.rs",
        "node/src/health/reasons.rs",
        "node/src/health/signing_reasons.rs",
        "node/src/signing.rs",
    ];

    /// Families of which the table of codes has some or all.
    const OF_THE_TABLE: [&str; 9] =
        ["chain", "consensus", "engine", "node", "peers", "signing", "store", "validator", "validators"];

    /// The families of codes. Other texts with a point in them are names of files and fields.
    fn families() -> BTreeSet<&'static str> {
        all().filter_map(|(code, _, _)| Some(code.split_once('.')?.0)).chain(OF_THE_TABLE).collect()
    }

    fn is_code(text: &str) -> bool {
        let Some((family, name)) = text.split_once('.') else { return false };
        families().contains(family) && !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    }

    /// `huxin explain` knew none of the codes that `verify` and `/ready` print.
    #[test]
    fn every_code_that_a_program_prints_is_explained() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut found = BTreeSet::new();
        for source in SOURCES {
            let text = std::fs::read_to_string(root.join(source)).unwrap();
            let own = text.split("#[cfg(test)]").next().unwrap();
            found.extend(own.split('"').skip(1).step_by(2).filter(|text| is_code(text)).map(str::to_owned));
        }
        assert!(found.len() > 80, "{found:?}");
        let unknown: Vec<&String> =
            found.iter().filter(|code| meaning(code).is_none() && Code::from_name(code).is_none()).collect();
        assert!(unknown.is_empty(), "without a sentence in this file or in the table of codes: {unknown:?}");
        for code in ["ALREADY_ENDED", "status_then.revoked", "identifier.check_character", "seal.time_unproven"] {
            assert!(meaning(code).is_some(), "{code}");
        }
        assert_eq!(meaning("status_then.nothing"), None);
        let twice: Vec<&str> = all().map(|(code, _, _)| code).filter(|code| Code::from_name(code).is_some()).collect();
        assert!(twice.is_empty(), "in this file and in the table of codes: {twice:?}");
    }

    #[test]
    fn every_sentence_is_in_its_language() {
        for (code, en, zh) in all() {
            assert!(en.is_ascii() && !en.ends_with('.'), "{code}: {en}");
            assert!(zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) && !zh.ends_with('。'), "{code}: {zh}");
        }
        assert_eq!(all().map(|(code, _, _)| code).collect::<BTreeSet<_>>().len(), all().count(), "each code once");
    }
}
