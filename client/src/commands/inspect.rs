//! `huxin inspect`: what is inside a sealed file, and whether it holds. Needs no network.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use huxin_chain_spec::ids::TimeMs;
use huxin_document::report::{
    CertificateFacts, Check, FileKind, Outcome, PdfSignatureFacts, Report, SealFacts, SignatureReport,
    SignatureXmlFacts, Verdict,
};
use huxin_document::{Reason, TrustList};

use super::output::Output;
use super::record::line;
use crate::error::{ClientError, ExitCode};
use crate::sealed::{examine, trust_list};

/// Reads an OFD or PDF file, a seal (.esl) or a signature value, and checks it without any network.
#[derive(Debug, Args)]
pub struct Inspect {
    /// OFD or PDF file, seal (.esl) or signature value.
    file: PathBuf,
    /// Certificates and revocation lists to judge by: a file, or a folder (its sub-folder `makers` pins seal makers).
    #[arg(long, value_name = "DIR|FILE")]
    trust_list: Option<PathBuf>,
    /// Would it be accepted at this time? 2026-11-21 or RFC 3339. Without it, the signature's own time counts.
    #[arg(long, value_name = "TIME")]
    at: Option<TimeMs>,
}

impl Inspect {
    pub fn run(self, output: &Output) -> Result<ExitCode, ClientError> {
        let trust = trust_list(self.trust_list.as_deref())?;
        if let Some([first, rest @ ..]) = trust.as_ref().map(TrustList::passed_over) {
            let more = if rest.is_empty() { String::new() } else { format!("（另有 and {} more）", rest.len()) };
            output.note(&format!(
                "huxin: 信任列表中未使用 not used of the trust list: {}: {}{more}",
                first.place, first.why
            ));
        }
        let examined = examine(&self.file, trust.as_ref(), self.at)?;
        output.answer(&examined.report, || text(&examined.report));
        Ok(exit_code(examined.report.verdict))
    }
}

/// Unsigned and unknown both mean that nothing could be said for or against the file.
fn exit_code(verdict: Verdict) -> ExitCode {
    match verdict {
        Verdict::Valid => ExitCode::Success,
        Verdict::Invalid => ExitCode::Refused,
        Verdict::Unsigned | Verdict::Unknown => ExitCode::NotChecked,
    }
}

/// The report for people, in both languages.
pub fn text(report: &Report) -> String {
    let mut text = format!("{}\n", verdict_text(report.verdict));
    let mut add = |name: &str, value: &str| {
        text.push_str(&line(name, value));
        text.push('\n');
    };
    add("文件 file", &format!("{}, {} bytes", kind_text(report.kind), report.file.size));
    add("SHA-256", &report.file.sha256.to_string());
    add("SM3", &report.file.sm3.to_string());
    add("密码学 crypto", verdict_text(report.cryptography));
    if let Some(licence) = &report.licence {
        if let Some(identifier) = &licence.identifier {
            let check =
                if licence.identifier_valid == Some(true) { "" } else { "  校验位不符 wrong check character" };
            add("证照标识 id", &format!("{identifier}{check}"));
        }
        for (name, value) in &licence.fields {
            add(name, value);
        }
    }
    text += &checks(&report.checks.0);
    for warning in &report.warnings {
        text += &warned(warning.code, &warning.detail);
    }
    for signature in &report.signatures {
        text += &signature_text(signature);
    }
    if let Some(integrity) = &report.integrity {
        let _ = writeln!(text, "\n完整性清单 integrity list (GM/T 0099)  {}", integrity.path);
        text += &signature_text(&integrity.signature);
    }
    text
}

fn signature_text(signature: &SignatureReport) -> String {
    let kind = if signature.kind == "Seal" { "签章 seal signature" } else { "签名 signature" };
    let mut text = format!("\n{kind} {}  {}\n", signature.id, verdict_text(signature.verdict));
    let mut add = |name: &str, value: &str| {
        text.push_str(&line(name, value));
        text.push('\n');
    };
    if let Some(seal) = &signature.seal {
        seal_lines(seal, &mut add);
    }
    if let Some(signer) = &signature.signer {
        certificate_lines("签章人 signer", signer, &mut add);
    }
    if let Some(time) = signature.sign_time {
        let source = signature.sign_time_source.unwrap_or("?");
        add("签章时间 at", &format!("{} ({source}, 签章方时钟 the signer's own clock)", time.to_beijing()));
    }
    if let Some(xml) = &signature.xml {
        coverage_lines(xml, &mut add);
    }
    if let Some(pdf) = &signature.pdf {
        pdf_lines(pdf, &mut add);
    }
    text += &checks(&signature.checks.0);
    for warning in &signature.warnings {
        text += &warned(warning.code, &warning.detail);
    }
    text
}

fn seal_lines(seal: &SealFacts, add: &mut impl FnMut(&str, &str)) {
    add("印章 seal", &format!("{}  {}", seal.id, seal.name));
    if let Some(owner) = &seal.owner {
        let parts = [owner.uscc.as_deref(), owner.name.as_deref()];
        add("所有者 owner", &parts.into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    add("有效期 valid", &format!("{} .. {}", seal.valid_from.to_beijing(), seal.valid_to.to_beijing()));
    if let Some(maker) = &seal.maker {
        certificate_lines("制章者 maker", maker, add);
    }
}

fn certificate_lines(name: &str, certificate: &CertificateFacts, add: &mut impl FnMut(&str, &str)) {
    add(name, &certificate.subject);
    add("  签发 issuer", &certificate.issuer);
    let window = format!("{} .. {}", certificate.not_before.to_beijing(), certificate.not_after.to_beijing());
    add("  序列号 serial", &format!("{}, {window}", certificate.serial));
}

fn coverage_lines(xml: &SignatureXmlFacts, add: &mut impl FnMut(&str, &str)) {
    add("保护 covers", &format!("{} entries 个条目", xml.references));
    for bad in &xml.references_bad {
        add("不符 changed", &format!("{} ({})", bad.file, bad.status));
    }
    for entry in &xml.unprotected_content {
        add("未保护 open", entry);
    }
    for entry in &xml.unreferenced {
        add("夹带 carried", entry);
    }
}

fn pdf_lines(pdf: &PdfSignatureFacts, add: &mut impl FnMut(&str, &str)) {
    let revision = pdf.revision.map_or("?".to_owned(), |revision| revision.to_string());
    let revisions = format!("{} bytes 字节, revision 修订 {revision} of {}", pdf.bytes_covered, pdf.revisions);
    add("保护 covers", &revisions);
    if let Some(field) = &pdf.field {
        add("签名域 field", field);
    }
    for change in &pdf.later_changes {
        add("其后 later", change);
    }
}

fn checks(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = match check.result {
            Outcome::Pass => "通过 pass   ",
            Outcome::Fail => "不符 FAIL   ",
            Outcome::Unknown => "未知 unknown",
        };
        let why = check.code.map(|code| format!("{} / {}", code.zh(), code.en())).unwrap_or_default();
        let detail = if check.detail.is_empty() { String::new() } else { format!(" ({})", check.detail) };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", format!("  {mark}  {:<21} {why}{detail}", check.name).trim_end());
    }
    text
}

fn warned(code: Reason, detail: &str) -> String {
    format!("  注意 warning  {} {} / {} ({detail})\n", code.code(), code.zh(), code.en())
}

fn verdict_text(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unsigned => "未签章  UNSIGNED",
        Verdict::Valid => "有效  VALID",
        Verdict::Unknown => "未知  UNKNOWN",
        Verdict::Invalid => "无效  INVALID",
    }
}

fn kind_text(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Ofd => "OFD",
        FileKind::Seal => "电子印章 electronic seal",
        FileKind::Signature => "签名值 signature value",
        FileKind::Pdf => "PDF",
        FileKind::Other => "其他, 仅计算摘要 other, digests only",
    }
}
