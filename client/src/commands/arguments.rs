//! What several record families take on the command line: digests, documents, cases, publications, words.

use std::path::{Path, PathBuf};

use clap::Args;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, ParseDigestError};
use huxin_chain_spec::ids::{BundleRef, CaseRef, IdError, LicenceProfile, LicenceRef, Uscc, name_of};
use huxin_chain_spec::record::licence::{DOCUMENT_BYTES_MAX, Document};
use huxin_chain_spec::record::publication::{PublicationKey, PublicationKind};
use huxin_chain_spec::state::StateKeyError;
use serde::de::DeserializeOwned;

use super::verify::issued_subject;
use crate::error::ClientError;
use crate::said::Said;
use crate::say;
use crate::sdk::{Subject, document_of};

/// Where the receipt of a new record goes.
#[derive(Debug, Clone, Default, Args)]
pub struct ReceiptFile {
    /// Save the receipt here; an earlier file is kept under another name.
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
}

/// A digest: of a file, whose SHA-256 is taken, or given as `sha256:<hex>` or 64 hexadecimal characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestSource(String);

impl std::str::FromStr for DigestSource {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl DigestSource {
    /// The digest. `option` names the argument in errors.
    pub fn digest(&self, option: &str) -> Result<Digest, ClientError> {
        match self.given(option)? {
            Some(digest) => Ok(digest),
            None => Ok(existing(Path::new(&self.0), option, &digest_forms())?.sha256),
        }
    }

    /// The digest that stands in the text itself; `None` where the text names a file.
    fn given(&self, option: &str) -> Result<Option<Digest>, ClientError> {
        let digits = self.0.strip_prefix("sha256:");
        let digest = match digits {
            Some(digits) => Some(hex_digest(digits, option)?),
            None => self.0.parse().ok(),
        };
        if digest.is_some() && Path::new(&self.0).exists() {
            let text = &self.0;
            let said = say!(
                "{text} is a digest and also the name of a file here; write ./{text} for the file",
                "{text} 既是摘要，也是此处的文件名；若指文件，请写 ./{text}"
            );
            return Err(ClientError::at(option, said));
        }
        Ok(digest)
    }
}

fn digest_forms() -> Said {
    say!("give a file, or sha256:<64 lower-case hexadecimal characters>", "请给出文件，或 sha256:<64 位小写十六进制>")
}

fn hex_digest(digits: &str, option: &str) -> Result<Digest, ClientError> {
    digits.parse().map_err(|error: ParseDigestError| {
        let Said { en, zh, code } = error.into();
        ClientError::at(option, Said { en: format!("{en}, found {digits:?}"), zh: format!("{zh}：{digits:?}"), code })
    })
}

fn no_file(path: &Path, forms: &Said) -> Said {
    let (path, en, zh) = (path.display(), &forms.en, &forms.zh);
    say!("there is no file {path}; {en}", "没有文件 {path}；{zh}")
}

/// The document in a file that must exist.
fn existing(path: &Path, option: &str, forms: &Said) -> Result<Document, ClientError> {
    if !path.is_file() {
        return Err(ClientError::at(option, no_file(path, forms)));
    }
    document_of(path)
}

/// A certificate or revocation list: a file (PEM or DER), or the digest by which the ledger names it, SM3 of the DER, as
/// `sm3:<hex>` or 64 hexadecimal characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSource(String);

impl std::str::FromStr for CertificateSource {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl CertificateSource {
    /// The digest. `option` names the argument in errors.
    pub fn digest(&self, option: &str) -> Result<Digest, ClientError> {
        let path = Path::new(&self.0);
        if path.is_file() {
            let bytes = std::fs::read(path).map_err(|error| ClientError::file("cannot read", path, error))?;
            let text = &self.0;
            let said =
                || say!("{text} is neither a certificate nor a revocation list", "{text} 既不是证书，也不是吊销列表");
            return huxin_document::named_digest(&bytes).ok_or_else(|| ClientError::at(option, said()));
        }
        let digits = self.0.strip_prefix("sm3:").unwrap_or(&self.0);
        let forms = || {
            say!(
                "give a certificate file, or sm3:<64 lower-case hexadecimal characters>",
                "请给出证书文件，或 sm3:<64 位小写十六进制>"
            )
        };
        digits.parse().map_err(|_| ClientError::at(option, no_file(path, &forms())))
    }
}

/// The digests of optional arguments.
pub fn optional_digest(source: Option<&DigestSource>, option: &str) -> Result<Option<Digest>, ClientError> {
    source.map(|source| source.digest(option)).transpose()
}

/// A document: a file, or `sha256:<hex>,bytes:<length>[,sm3:<hex>]` where the file is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentSource(String);

impl std::str::FromStr for DocumentSource {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

fn document_forms() -> Said {
    say!(
        "give a file, or sha256:<hex>,bytes:<length> and perhaps ,sm3:<hex>",
        "请给出文件，或 sha256:<十六进制>,bytes:<长度>，可加 ,sm3:<十六进制>"
    )
}

impl DocumentSource {
    /// Digests and length. `option` names the argument in errors.
    pub fn document(&self, option: &str) -> Result<Document, ClientError> {
        if !self.0.starts_with("sha256:") {
            return existing(Path::new(&self.0), option, &document_forms());
        }
        if Path::new(&self.0).exists() {
            let text = &self.0;
            let said = say!(
                "{text} is a digest and also the name of a file here; write ./ before it",
                "{text} 既是摘要，也是此处的文件名；若指文件，请在前面加 ./"
            );
            return Err(ClientError::at(option, said));
        }
        let forms = document_forms();
        let (en, zh) = (&forms.en, &forms.zh);
        let (mut sha256, mut sm3, mut size_bytes) = (None, None, None);
        for part in self.0.split(',') {
            match part.split_once(':') {
                Some(("sha256", digits)) => sha256 = Some(hex_digest(digits, option)?),
                Some(("sm3", digits)) => sm3 = Some(hex_digest(digits, option)?),
                Some(("bytes", length)) => {
                    size_bytes = length.parse().ok().filter(|length| (1..=DOCUMENT_BYTES_MAX).contains(length))
                }
                _ => {
                    let said =
                        say!("{part:?} is not a part of a document; {en}", "{part:?} 不是文件摘要的组成部分；{zh}");
                    return Err(ClientError::at(option, said));
                }
            }
        }
        match (sha256, size_bytes) {
            (Some(sha256), Some(size_bytes)) => Ok(Document { sha256, sm3, size_bytes }),
            _ => Err(ClientError::at(
                option,
                say!(
                    "the length is missing, 0, or above {DOCUMENT_BYTES_MAX}; {en}",
                    "缺少长度，或长度为 0、超过 {DOCUMENT_BYTES_MAX}；{zh}"
                ),
            )),
        }
    }
}

/// A thing by its owner and the number that the owner gave it. Numbers never go on the ledger, only the digest `name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned {
    pub owner: Uscc,
    pub name: Digest,
}

/// Reads `CODE/NUMBER`: the organisation that opened it, and its own number. Where the owner is known otherwise, the number alone will
/// do, and a code that stands before it must be the owner's.
pub fn owned(algorithm: DigestAlgorithm, text: &str, place: &str, owner: Option<&Uscc>) -> Result<Owned, ClientError> {
    let (given, number) = match text.split_once('/') {
        Some((code, number)) => (Some(code.parse().map_err(|error: IdError| ClientError::at(place, error))?), number),
        None => (None, text),
    };
    if number.is_empty() || number.trim() != number {
        return Err(ClientError::at(
            place,
            say!("a number is not empty and has no spaces around it", "编号不能为空，前后不能有空格"),
        ));
    }
    let owner: Uscc = match (given, owner) {
        (Some(given), Some(owner)) if given != *owner => {
            let said = say!("it belongs to {given}, not to {owner}", "它属于 {given}，不属于 {owner}");
            return Err(ClientError::at(place, said));
        }
        (Some(owner), _) => owner,
        (None, Some(owner)) => *owner,
        (None, None) => {
            let said = say!(
                "write CODE/NUMBER, the organisation that opened it and its number, or the reference (64 hex)",
                "请写作 机构代码/编号（开件机构及其编号），或给出引用（64 位十六进制）"
            );
            return Err(ClientError::at(place, said));
        }
    };
    Ok(Owned { owner, name: name_of(algorithm, &Digest::ZERO, number) })
}

/// A reference of 64 hexadecimal characters, if the text is one.
fn reference<T: std::str::FromStr>(text: &str, place: &str) -> Result<Option<T>, ClientError> {
    if let Ok(reference) = text.parse() {
        return Ok(Some(reference));
    }
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(ClientError::at(place, say!("a reference is written in lower case", "引用须为小写")));
    }
    Ok(None)
}

/// A case by who opened it and its number (办件编号), or by its reference.
pub fn case_ref(algorithm: DigestAlgorithm, text: &str) -> Result<CaseRef, ClientError> {
    if let Some(reference) = reference(text, "CASE")? {
        return Ok(reference);
    }
    let Owned { owner, name } = owned(algorithm, text, "CASE", None)?;
    Ok(CaseRef::owned(algorithm, &owner, &name))
}

/// A bundle by its lead and number, or by its reference.
pub fn bundle_ref(algorithm: DigestAlgorithm, text: &str) -> Result<BundleRef, ClientError> {
    if let Some(reference) = reference(text, "BUNDLE")? {
        return Ok(reference);
    }
    let Owned { owner, name } = owned(algorithm, text, "BUNDLE", None)?;
    Ok(BundleRef::owned(algorithm, &owner, &name))
}

/// A licence by its identifier (电子证照标识) or reference.
pub fn licence_ref(algorithm: DigestAlgorithm, text: &str) -> Result<LicenceRef, ClientError> {
    match issued_subject(text)? {
        // What is recorded about a mistyped licence is about nothing, for ever.
        Subject::Identifier(id) => match id.check_as(LicenceProfile::Lenient) {
            Err(error @ IdError::CheckCharacter { .. }) => {
                let Said { en, zh, code } = error.into();
                let en = format!(
                    "{en}; a character is mistyped; give the reference (64 hex) if the licence really bears it"
                );
                let zh = format!("{zh}：有字符输错；若证照确实如此标识，请给出引用（64 位十六进制）");
                Err(ClientError::at("LICENCE", Said { en, zh, code }))
            }
            _ => Ok(LicenceRef::of(algorithm, &id)),
        },
        Subject::Reference(reference) => Ok(reference),
        Subject::Document => {
            Err(ClientError::at("LICENCE", say!("give an identifier or a reference", "请给出证照标识或引用")))
        }
    }
}

/// Reads `KIND/SCOPE/CODE`, such as `guide/310000/001010100000`.
pub fn publication_key(text: &str) -> Result<PublicationKey, Said> {
    text.parse().map_err(|error| match error {
        StateKeyError::Kind { found } => {
            let kinds = PublicationKind::ALL.map(PublicationKind::name).join(", ");
            say!(
                "there is no kind of publication called {found:?}; the kinds are {kinds}",
                "没有 {found:?} 这种公布文件；种类有 {kinds}"
            )
        }
        StateKeyError::Form { .. } => say!(
            "a publication is named <kind>/<province or all>/<code>, such as guide/310000/001010100000",
            "公布文件写作 <种类>/<省级代码或 all>/<编码>，例如 guide/310000/001010100000"
        ),
        other => Said::detail("公布文件的名称有误", other),
    })
}

/// Reads one word of a closed list, with hyphens or underscores, such as `full-online`.
pub fn word<T: DeserializeOwned>(text: &str) -> Result<T, Said> {
    let value = serde_json::Value::String(text.replace('-', "_"));
    serde_json::from_value(value).map_err(|error| {
        let reason = error.to_string().replace("unknown variant", "there is no");
        let reason = reason.replace(", expected one of", "; choose one of").replace(", expected", "; choose");
        let reason = reason.replace('_', "-");
        let choices = reason.split_once("choose").map_or("", |(_, list)| list.trim_start_matches(" one of"));
        Said { en: reason.clone(), zh: format!("没有 {text:?} 这一项，可选{choices}"), code: None }
    })
}

/// Sorted, without duplicates, as records hold lists.
pub fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}

/// Reads a file of TOML (`*.toml`) or JSON (any other name), at most a megabyte.
pub fn structured_file<T: DeserializeOwned>(path: &Path) -> Result<T, ClientError> {
    let place = path.display().to_string();
    let length = std::fs::metadata(path).map_err(|error| ClientError::file("cannot read", path, error))?.len();
    if length > STRUCTURED_BYTES_MAX {
        let said = say!(
            "{length} bytes, more than {STRUCTURED_BYTES_MAX}",
            "有 {length} 字节，超过上限 {STRUCTURED_BYTES_MAX}"
        );
        return Err(ClientError::at(place, said));
    }
    let text = std::fs::read_to_string(path).map_err(|error| ClientError::file("cannot read", path, error))?;
    if path.extension().is_some_and(|extension| extension == "toml") {
        toml::from_str(&text).map_err(|error| ClientError::at(place, Said::detail("内容不是所需的 TOML", error)))
    } else {
        serde_json::from_str(&text).map_err(|error| ClientError::at(place, Said::detail("内容不是所需的 JSON", error)))
    }
}

/// Longest file of [`structured_file`], in bytes.
const STRUCTURED_BYTES_MAX: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use huxin_chain_spec::record::publication::CaseMode;

    use super::*;

    fn digest(text: &str) -> Result<Digest, ClientError> {
        text.parse::<DigestSource>().unwrap().digest("--formal")
    }

    fn sentence<T: std::fmt::Debug>(result: Result<T, ClientError>) -> String {
        let error = result.unwrap_err();
        assert_eq!(error.exit_code(), crate::ExitCode::NotChecked);
        error.to_string()
    }

    #[test]
    fn a_digest_is_a_file_or_written_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notice.pdf");
        std::fs::write(&path, b"abc").unwrap();
        let expected = DigestAlgorithm::Sha256.plain(&[b"abc"]);
        assert_eq!(digest(path.to_str().unwrap()).unwrap(), expected);
        assert_eq!(digest(&format!("sha256:{expected}")).unwrap(), expected);
        assert_eq!(digest(&expected.to_string()).unwrap(), expected);
    }

    #[test]
    fn bad_digests_say_what_is_wrong() {
        let missing = sentence(digest("no-such-file.pdf"));
        assert_eq!(
            missing,
            "--formal: there is no file no-such-file.pdf; give a file, or sha256:<64 lower-case hexadecimal characters>"
        );
        assert!(sentence(digest("sha256:12")).contains("64 lower-case hexadecimal characters, found \"12\""));
        assert!(sentence(digest(&format!("sha256:{}", "AB".repeat(32)))).contains("lower-case"));
    }

    /// A file may be called like a digest; which of the two is meant is then for the caller to say.
    #[test]
    fn a_file_named_like_a_digest_is_neither() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("sha256:x");
        std::fs::write(&name, b"abc").unwrap();
        // With its folder it can only be the file.
        assert_eq!(digest(name.to_str().unwrap()).unwrap(), DigestAlgorithm::Sha256.plain(&[b"abc"]));
        let hex = "fedc".repeat(16);
        let here = std::path::PathBuf::from(&hex);
        std::fs::write(&here, b"abc").unwrap();
        let both = digest(&hex);
        std::fs::remove_file(&here).unwrap();
        assert!(sentence(both).contains("is a digest and also the name of a file here; write ./"));
    }

    #[test]
    fn a_document_elsewhere_is_written_out() {
        let hex = "ab".repeat(32);
        let document = |text: &str| text.parse::<DocumentSource>().unwrap().document("--document");
        let found = document(&format!("sha256:{hex},bytes:7,sm3:{hex}")).unwrap();
        assert_eq!((found.size_bytes, found.sm3), (7, Some(found.sha256)));
        assert!(sentence(document(&format!("sha256:{hex}"))).contains("the length is missing"));
        assert!(sentence(document(&format!("sha256:{hex},bytes:0"))).contains("the length is missing, 0, or above"));
        assert!(
            sentence(document(&format!("sha256:{hex},pages:7"))).contains("\"pages:7\" is not a part of a document")
        );
        assert!(sentence(document("gone.ofd")).contains("there is no file gone.ofd"));
    }

    /// The same number at two organisations is two cases.
    #[test]
    fn a_case_is_its_opener_and_number_or_a_reference() {
        let algorithm = DigestAlgorithm::Sha256;
        let text = "11100000000013338W/310000-2026-0001";
        let name = name_of(algorithm, &Digest::ZERO, "310000-2026-0001");
        let reference = CaseRef::owned(algorithm, &"11100000000013338W".parse().unwrap(), &name);
        assert_eq!(case_ref(algorithm, text).unwrap(), reference);
        assert_eq!(case_ref(algorithm, &reference.to_string()).unwrap(), reference);
        assert_ne!(case_ref(algorithm, "113100000000000191/310000-2026-0001").unwrap(), reference);
        assert!(sentence(case_ref(algorithm, &reference.to_string().to_uppercase())).contains("lower case"));
        assert!(sentence(case_ref(algorithm, "11100000000013338W/ 1")).contains("no spaces around it"));
        assert!(sentence(case_ref(algorithm, "310000-2026-0001")).contains("write CODE/NUMBER"));
        assert!(sentence(case_ref(algorithm, "11100000000013338X/1")).starts_with("CASE: "));
        let lead = "113100000000000191".parse().unwrap();
        assert!(sentence(owned(algorithm, text, "--child", Some(&lead))).contains("not to 113100000000000191"));
    }

    #[test]
    fn words_of_closed_lists() {
        assert_eq!(word("full-online"), Ok(CaseMode::FullOnline));
        assert_eq!(word("full_online"), Ok(CaseMode::FullOnline));
        let wrong = word::<CaseMode>("by-train").unwrap_err();
        assert!(wrong.zh.starts_with("没有 \"by-train\" 这一项，可选 `full-online`, "), "{}", wrong.zh);
        assert!(wrong.en.starts_with("there is no `by-train`; choose one of `full-online`, "), "{wrong}");
        let wrong = publication_key("guides/310000/A").unwrap_err();
        assert!(wrong.en.starts_with("there is no kind of publication called \"guides\"; the kinds are item-list, "));
        assert!(publication_key("guide/A").unwrap_err().en.starts_with("a publication is named <kind>/"));
    }
}
