//! `huxin verify`: a file or a licence, now or then, with the proof checked here.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use huxin_chain_spec::api::{AttachmentAnswer, ChangeAnswer, LicenceAnswer};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::{
    IdError, LicenceId, LicenceIssuer, LicenceProfile, LicenceRef, RegionCode, TimeMs, Uscc, licence_name,
};
use huxin_chain_spec::verdict::{Check, CheckResult, IssuerStanding, Verdict, issuer_standing};

use super::context::Global;
use super::output::Output;
use super::succession::standing_of_issuer;
use crate::dates::{beijing, period_text};
use crate::error::{ClientError, ExitCode};
use crate::keep::save;
use crate::said::Said;
use crate::say;
use crate::sdk::{Client, Question, Subject, Verified};
use crate::sealed::{
    Examined, FileAnswer, Judged, ask, examine, join, stated_identifier, trust_list, trusted_by_provinces,
};

/// Is this genuine, and valid now or then?
#[derive(Debug, Args)]
pub struct Verify {
    /// A file, an identifier (电子证照标识), or a reference on the ledger (64 hex).
    subject: String,
    /// The licence that the file claims to be; a file that differs from its record is then invalid, not unknown.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The issuer of the licence that the file is, where the file carries no identifier: records of others then say nothing. Also of an
    /// identifier that names a region in place of its issuer.
    #[arg(long, value_name = "CODE", conflicts_with = "id")]
    issuer: Option<Uscc>,
    /// The time asked about: 2026-11-21 (its first moment in Beijing) or RFC 3339; now if absent.
    #[arg(long, value_name = "TIME")]
    as_of: Option<TimeMs>,
    /// Certificates and revocation lists to follow the chains of a sealed file by: a file, or a folder. Of these only those count
    /// that the provinces trust.
    #[arg(long, value_name = "DIR|FILE")]
    trust_list: Option<PathBuf>,
    /// Save the receipt that proves the answer; `receipt verify --as-of` reads a past time from it. An earlier file is kept under
    /// another name.
    #[arg(long, value_name = "FILE")]
    receipt_out: Option<PathBuf>,
}

impl Verify {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let list = trust_list(self.trust_list.as_deref())?;
        let path = Path::new(&self.subject);
        let examined = if path.is_file() { Some(examine(path, None, None)?) } else { None };
        let question = self.question(examined.as_ref())?;
        note_check_character(output, Some(&question.subject));
        let client = global.client().await?;
        let question = self.owned(question, client.chain().algorithm());
        let answer = match (&examined, &question.subject) {
            (Some(examined), Subject::Document) => by_file(&client, &question, examined, self.issuer).await?,
            _ => client.verify(&question).await?,
        };
        let mut answer = answer;
        if let Some(licence) = &answer.licence {
            match standing_of_issuer(&client, licence).await {
                Ok(standing) => answer.checks.push(standing),
                Err(error) => {
                    answer.checks.push(issuer_standing(IssuerStanding::NotProven));
                    let error = error.in_both();
                    let warning =
                        format!("颁发机构现状未能核验 how the issuer stands now could not be proven: {error}");
                    answer.warnings.push(warning);
                }
            }
        }
        if let (Some(path), Some(bytes)) = (&self.receipt_out, &answer.receipt) {
            save(path, bytes)?;
        }
        let Some(examined) = examined.filter(Examined::is_judged) else {
            output.answer(&answer, || text(&answer));
            return Ok(answer.exit_code());
        };
        let sha256 = examined.document.sha256.to_string();
        let is_recorded = |licence: &&LicenceAnswer| licence.has_file(&sha256);
        let licence = answer.licence.as_ref().filter(is_recorded);
        let recorded = licence.and_then(|licence| licence.file_record(&sha256)).and_then(|(_, time)| time.parse().ok());
        let facts = ask(&client, &examined, list.as_ref(), recorded).await?;
        // Judged again by those certificates that the provinces trust, and by no others.
        let trusted = trusted_by_provinces(list.as_ref(), &facts);
        let examined = if trusted.is_some() { examine(path, trusted.as_ref(), None)? } else { examined };
        let judged = Judged { examined: &examined, has_list: trusted.is_some(), algorithm: client.chain().algorithm() };
        let joined = join(answer, judged, &facts);
        output.answer(&joined, || file_text(&joined));
        Ok(joined.verified.exit_code())
    }

    /// An identifier that names a region is asked for by the issuer that the command line names.
    fn owned(&self, question: Question, algorithm: DigestAlgorithm) -> Question {
        match (&question.subject, self.issuer) {
            (Subject::Identifier(id), Some(issuer)) if region_in(id).is_some() => {
                let name = licence_name(algorithm, &Digest::ZERO, id);
                let subject = Subject::Reference(LicenceRef::owned(algorithm, &issuer, &name));
                Question { subject, ..question }
            }
            _ => question,
        }
    }

    fn question(&self, examined: Option<&Examined>) -> Result<Question, ClientError> {
        let subject = match (&self.id, examined.is_some()) {
            (Some(id), true) => id_subject(id)?,
            (None, true) => Subject::Document,
            (Some(_), false) => {
                let mut said = say!("there is no such file, though --id is given", "没有这个文件，却给出了 --id");
                said.code = Some(Code::ClientFile);
                return Err(ClientError::at(self.subject.clone(), said));
            }
            (None, false) => file_or_licence(&self.subject)?,
        };
        let region = match &subject {
            Subject::Identifier(id) => region_in(id),
            _ => None,
        };
        if let (Some(region), None) = (region, self.issuer) {
            return Err(issuer_needed(region));
        }
        if examined.is_none() && region.is_none() && self.issuer.is_some() {
            let said = say!(
                "it goes together with a file; an identifier or a reference names its issuer itself",
                "此参数与文件一起使用；证照标识或引用本身已指明颁发机构"
            );
            return Err(ClientError::at("--issuer", said));
        }
        if examined.is_none() && self.trust_list.is_some() {
            let said = say!(
                "no file is given whose seals could be judged by it; give the file, or leave the option out",
                "没有给出可据以核验印章的文件；请给出文件，或去掉此参数"
            );
            return Err(ClientError::at("--trust-list", said));
        }
        let document = examined.map(|examined| examined.document);
        Ok(Question { subject, document, as_of: self.as_of })
    }
}

/// The region that an identifier names in place of its issuer, if it does.
fn region_in(id: &LicenceId) -> Option<RegionCode> {
    match id.issuer() {
        LicenceIssuer::Organisation(_) => None,
        LicenceIssuer::Region(region) => Some(region),
    }
}

fn issuer_needed(region: RegionCode) -> ClientError {
    let said = say!(
        "needed: the identifier names the region {region} in place of its issuer, and the ledger knows a licence by who issued it",
        "须给出：证照标识的颁发机构段是行政区划 {region}，账本按颁发机构区分证照"
    );
    ClientError::at("--issuer", said)
}

/// Asks about a file. The ledger finds it by its digest, and may know the same file under several licences, since anybody may record a
/// digest: the one that the file itself names counts, otherwise those of the issuer that it names, or that the asker names.
async fn by_file(
    client: &Client,
    question: &Question,
    examined: &Examined,
    issuer: Option<Uscc>,
) -> Result<Verified, ClientError> {
    let identifier = stated_identifier(examined);
    let stated = identifier.as_ref().and_then(|id| match id.issuer() {
        LicenceIssuer::Organisation(organisation) => Some(organisation),
        LicenceIssuer::Region(_) => None,
    });
    if let (Some(given), Some(stated)) = (issuer, stated)
        && given != stated
    {
        let said = say!("the file names another issuer, {stated}", "文件自身写明的颁发机构是 {stated}");
        return Err(ClientError::at("--issuer", said));
    }
    if let Some(id) = identifier.filter(|id| region_in(id).is_none()) {
        let named = Question { subject: Subject::Identifier(id), ..question.clone() };
        let named = client.verify(&named).await?;
        let sha256 = examined.document.sha256.to_string();
        if named.licence.as_ref().is_some_and(|licence| licence.file_record(&sha256).is_some()) {
            return Ok(named);
        }
    }
    let joined = client.verify(question).await?;
    match issuer.or(stated) {
        Some(issuer) => client.of_issuer(question, joined, &issuer).await,
        None => Ok(joined),
    }
}

/// Reads an identifier or a reference. A wrong check character is left to the answer.
pub fn licence_subject(text: &str) -> Result<Subject, ClientError> {
    if let Ok(reference) = text.to_ascii_lowercase().parse::<LicenceRef>() {
        return Ok(Subject::Reference(reference));
    }
    match LicenceId::parse(text, LicenceProfile::Lenient) {
        Ok(id) => Ok(Subject::Identifier(id)),
        Err(IdError::CheckCharacter { .. }) => {
            LicenceId::from_structure(text).map(Subject::Identifier).map_err(|error| ClientError::at("LICENCE", error))
        }
        Err(error) => Err(ClientError::at("LICENCE", not_a_licence(text, error))),
    }
}

/// As [`licence_subject`], for a command that has to know the reference: an identifier that names a region does not tell it.
pub fn issued_subject(text: &str) -> Result<Subject, ClientError> {
    let subject = licence_subject(text)?;
    match &subject {
        Subject::Identifier(id) if region_in(id).is_some() => {
            let said = say!(
                "it names a region in place of its issuer; give the reference (64 hex), which `huxin verify ID --issuer CODE` shows",
                "其颁发机构段是行政区划；请给出引用（64 位十六进制），可由 huxin verify 证照标识 --issuer 代码 得到"
            );
            Err(ClientError::at("LICENCE", said))
        }
        _ => Ok(subject),
    }
}

/// As [`licence_subject`], for the option `--id`.
pub fn id_subject(text: &str) -> Result<Subject, ClientError> {
    licence_subject(text).map_err(|error| match error {
        ClientError::Input { reason, .. } => ClientError::at("--id", reason),
        other => other,
    })
}

/// Whether an identifier has a wrong check character.
pub fn has_odd_check_character(subject: Option<&Subject>) -> bool {
    matches!(subject, Some(Subject::Identifier(id))
        if matches!(id.check_as(LicenceProfile::Lenient), Err(IdError::CheckCharacter { .. })))
}

/// Tells at once that an identifier has a wrong check character: most likely it was mistyped at the counter.
pub fn note_check_character(output: &Output, subject: Option<&Subject>) {
    let Some(Subject::Identifier(id)) = subject else { return };
    if let Err(error @ IdError::CheckCharacter { .. }) = id.check_as(LicenceProfile::Lenient) {
        output.note(&format!("huxin: 证照标识校验位不符，请核对是否有字符输错 identifier.check_character: {error}"));
    }
}

/// Reads what may be a file that is not there, an identifier or a reference.
fn file_or_licence(text: &str) -> Result<Subject, ClientError> {
    licence_subject(text).map_err(|error| match error {
        ClientError::Input { reason, .. } if looks_like_an_identifier(text) => ClientError::at(text, reason),
        ClientError::Input { .. } if Path::new(text).exists() => {
            let mut said = say!(
                "this is a folder, a pipe or a device, not a file that can be compared",
                "这是目录、管道或设备，不是可供比对的文件"
            );
            said.code = Some(Code::ClientFile);
            ClientError::at(text, said)
        }
        ClientError::Input { .. } => {
            let mut said = say!(
                "there is no such file, and it is not an identifier (1.2.156.3005.2. ...) or a reference (64 hex) either",
                "没有这个文件，它也不是证照标识（1.2.156.3005.2. 开头）或引用（64 位十六进制）"
            );
            said.code = Some(Code::ClientFile);
            ClientError::at(text, said)
        }
        other => other,
    })
}

fn looks_like_an_identifier(text: &str) -> bool {
    text.starts_with("1.2.156.") && !Path::new(text).exists()
}

/// What is wrong with a text that should name a licence. The whole text is shown only where it cannot be somebody's number.
fn not_a_licence(text: &str, error: IdError) -> Said {
    if looks_like_an_identifier(text) {
        return error.into();
    }
    say!(
        "a licence is named by its identifier, 1.2.156.3005.2. and five parts more, or by its reference of 64 hex characters; \
         this is neither",
        "证照用证照标识（1.2.156.3005.2. 后接五段）或 64 位十六进制的引用指明；所给文字两者都不是"
    )
}

/// The answer about a sealed file for people.
fn file_text(answer: &FileAnswer) -> String {
    let mut text = text(&answer.verified);
    let _ = writeln!(text, "  仅账本 by the ledger alone: {}", answer.ledger_verdict.as_str());
    for seal in &answer.seals {
        let place = seal.seal.as_deref().unwrap_or("未备案 not registered");
        let recorded = seal.recorded.as_deref().map_or_else(|| "未上账 not recorded".to_owned(), beijing);
        let _ = writeln!(text, "  签章 seal [{}]     {place}, 签章上账 recorded {recorded}", seal.signature);
    }
    if !answer.file.reasons.is_empty() {
        let _ = writeln!(text, "  文件理由码 codes of the file: {}", answer.file.reasons.join(", "));
    }
    text
}

/// First and last day, both included; the node's own words where they are not times.
fn validity_text(licence: &LicenceAnswer) -> String {
    let until = licence.valid_until.as_deref();
    match (licence.valid_from.parse(), until.map(str::parse).transpose()) {
        (Ok(from), Ok(until)) => period_text(from, until),
        _ => format!("{} .. {}", licence.valid_from, until.unwrap_or("-")),
    }
}

/// Corrections, further files and annual checks.
fn upkeep_text(text: &mut String, licence: &LicenceAnswer) {
    // Writing to a String cannot fail.
    for one in &licence.corrections {
        let recorded = beijing(&one.recorded);
        let _ = writeln!(text, "  更正 corrected  {} recorded {recorded}  record {}", one.reason, one.record);
    }
    for AttachmentAnswer { document_sha256, role, purpose, expires, ended, recorded, record } in &licence.attachments {
        let until = match (ended, expires) {
            (Some(ended), _) => format!(", 已终止 ended {}", beijing(ended)),
            (None, Some(expires)) => format!(", 止 until {} (不含 exclusive)", beijing(expires)),
            (None, None) => String::new(),
        };
        let purpose = purpose.as_deref().map(|purpose| format!(" for {purpose}")).unwrap_or_default();
        let recorded = beijing(recorded);
        let _ = writeln!(
            text,
            "  附件 attached   {role}{purpose} {document_sha256}, recorded {recorded}{until}  record {record}"
        );
    }
    for one in &licence.annual_checks {
        let until = beijing(&one.until);
        let _ = writeln!(
            text,
            "  年检 annual     {} {} until {until} (不含 exclusive)  record {}",
            one.year, one.outcome, one.record
        );
    }
}

/// The answer for people, in both languages.
pub fn text(answer: &Verified) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mistyped = |check: &&Check| check.code == "identifier.check_character" && check.result == CheckResult::Fail;
    if let Some(check) = answer.checks.iter().find(mistyped) {
        let _ = writeln!(text, "{} / {}", check.zh, check.en);
    }
    let zh = match answer.verdict {
        Verdict::Unknown if answer.is_left_open() => "未知：状态未能核验",
        Verdict::Unknown => "账本上没有",
        verdict => verdict.zh(),
    };
    let _ = writeln!(text, "{zh}  {}", answer.verdict.as_str().to_uppercase());
    if let Some(licence) = &answer.licence {
        let _ = writeln!(text, "  证照 licence    {}", licence.licence);
        let _ = writeln!(text, "  类型 type       {}  版本 version {}", licence.licence_type, licence.version);
        let _ = writeln!(text, "  发证 issuer     {}  ({})", licence.issuer, licence.region);
        let _ = writeln!(text, "  有效期 validity {}", validity_text(licence));
        let _ = writeln!(text, "  上账 recorded   {}  record {}", beijing(&licence.recorded_time), licence.record);
        if let Some(successor) = &licence.successor {
            let _ = writeln!(text, "  替代 successor  {successor}");
        }
        for change in &licence.changes {
            let ChangeAnswer { status, effective, recorded, record } = change;
            let _ = writeln!(
                text,
                "  变更 changed    {status} from {}, recorded {}  record {record}",
                beijing(effective),
                beijing(recorded)
            );
        }
        upkeep_text(&mut text, licence);
    }
    let _ = writeln!(text, "  截至 as of      {}  height {}", beijing(&answer.as_of.time), answer.as_of.height);
    for check in &answer.checks {
        let mark = match check.result {
            CheckResult::Pass => "通过 pass   ",
            CheckResult::Fail => "不符 FAIL   ",
            CheckResult::Unknown => "未知 unknown",
        };
        let _ = writeln!(text, "  {mark}  {:<18} {} / {}", check.name, check.zh, check.en);
    }
    if answer.records.len() > 1 {
        let count = answer.records.len();
        let _ = writeln!(text, "  同一文件的全部上账 {count} records of this document:");
        for record in &answer.records {
            let (verdict, zh) = (record.verdict.as_str(), record.verdict.zh());
            let _ = writeln!(text, "    {zh} {verdict}  {}  发证 issuer {}", record.licence, record.issuer);
        }
    }
    let _ = writeln!(text, "  未检查 not checked: {}", answer.not_checked.join(", "));
    if answer.proven {
        let _ = writeln!(text, "  证明已在本机核验 proof checked here (answered by {})", answer.node);
    } else {
        let _ = writeln!(text, "  无证明，仅为节点所述 no proof: only the word of {}", answer.node);
    }
    for warning in &answer.warnings {
        let _ = writeln!(text, "  注意 warning: {warning}");
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::api::AsOfAnswer;
    use huxin_chain_spec::verdict::mistyped_identifier;

    use super::*;

    fn answer(verdict: Verdict, recorded: CheckResult) -> Verified {
        Verified {
            verdict,
            proven: true,
            checks: vec![Check::new("recorded", recorded, "recorded.found", "", "")],
            as_of: AsOfAnswer { height: 1, time_ms: 0, time: String::new() },
            not_checked: Vec::new(),
            licence: None,
            records: Vec::new(),
            node: String::new(),
            warnings: Vec::new(),
            receipt: None,
            proven_height: 1,
        }
    }

    /// Such an identifier does not tell its reference: "not recorded" would be no answer.
    #[test]
    fn an_identifier_of_a_region_is_asked_for_with_its_issuer() {
        let region = "1.2.156.3005.2.11100000000013338W011.310115.20260001.001.A";
        assert!(matches!(issued_subject(region), Err(ClientError::Input { place, .. }) if place == "LICENCE"));
        let asked = |issuer: Option<Uscc>| Verify {
            subject: region.to_owned(),
            id: None,
            issuer,
            as_of: None,
            trust_list: None,
            receipt_out: None,
        };
        let missing = asked(None).question(None).unwrap_err();
        assert_eq!(missing.body().place, "--issuer");
        let issuer: Uscc = "113100000000000191".parse().unwrap();
        let verify = asked(Some(issuer));
        let owned = verify.owned(verify.question(None).unwrap(), DigestAlgorithm::Sha256);
        let id = LicenceId::from_structure(region).unwrap();
        let name = licence_name(DigestAlgorithm::Sha256, &Digest::ZERO, &id);
        let Subject::Reference(reference) = owned.subject else { unreachable!() };
        assert_eq!(reference, LicenceRef::owned(DigestAlgorithm::Sha256, &issuer, &name));
    }

    #[test]
    fn three_answers_have_three_exit_codes() {
        for verdict in Verdict::ALL {
            let expected = match verdict {
                Verdict::Valid => ExitCode::Success,
                Verdict::Unknown => ExitCode::NotChecked,
                _ => ExitCode::Refused,
            };
            assert_eq!(answer(verdict, CheckResult::Pass).exit_code(), expected);
        }
        for recorded in [CheckResult::Fail, CheckResult::Unknown] {
            let absent = answer(Verdict::Unknown, recorded);
            assert_eq!(absent.exit_code(), ExitCode::NotOnLedger);
            assert!(text(&absent).starts_with("账本上没有  UNKNOWN"));
        }
        assert!(text(&answer(Verdict::Unknown, CheckResult::Pass)).starts_with("未知：状态未能核验  UNKNOWN"));
    }

    #[test]
    fn a_mistyped_identifier_is_the_first_line() {
        let mut absent = answer(Verdict::Unknown, CheckResult::Unknown);
        absent.checks.insert(0, mistyped_identifier());
        let text = text(&absent);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("有字符输错") && lines[0].contains("a character is mistyped"), "{text}");
        assert_eq!(lines[1], "账本上没有  UNKNOWN");
    }

    #[test]
    fn a_wrong_check_character_is_still_looked_up() {
        let id = "1.2.156.3005.2.11100000000013338W011.113100000000000191.20260001.001.B";
        assert!(matches!(licence_subject(id).unwrap(), Subject::Identifier(_)));
        // A reference as some program printed it, in capitals, was "not a reference (64 hex)".
        let reference = "ab".repeat(32);
        let found = |text: &str| match licence_subject(text) {
            Ok(Subject::Reference(reference)) => Some(reference),
            _ => None,
        };
        assert!(found(&reference).is_some());
        assert_eq!(found(&reference.to_uppercase()), found(&reference));
        assert!(file_or_licence(env!("CARGO_MANIFEST_DIR")).unwrap_err().to_string().contains("this is a folder"));
        assert!(matches!(licence_subject("licence.ofd"), Err(ClientError::Input { .. })));
    }
}
