//! What was found in a file, as data: for JSON (`huxin inspect --json`), for people, and for the ledger's records.
//!
//! **Checks.** Each has a stable name, a result, a code when it did not pass, and a weight that is not shown:
//!
//! | name | weight | passes when | codes |
//! |---|---|---|---|
//! | `container` | policy | the package can be opened and nothing stands around it, or the file is of a kind that is examined | `ZIP_*`, `XML_*`, `OFD_STRUCTURE`, `BYTES_AROUND_PACKAGE`, `NOT_EXAMINED` |
//! | `document_structure` | note; policy where it is hostile | everything that the document refers to is there and readable | `ENTRY_MISSING`, `XML_*` .. |
//! | `signature_files` | cryptography | Signature.xml and what it names can be read | `ENTRY_MISSING`, `XML_*` .. |
//! | `structure` | cryptography | the signature value is DER of a known version | `FORMAT`, `TRAILING_BYTES`, `ENTRY_MISSING` |
//! | `signature_value` | cryptography | the signer's key made it | `SIGNATURE_VALUE`, `FORMAT`, `CERT_NOT_EMBEDDED`, `LEGACY_ALGORITHM`, `UNSUPPORTED_ALGORITHM` |
//! | `signature_xml_digest` | cryptography | the signed digest is SM3(Signature.xml) | `SIGNATURE_XML_DIGEST`, `LEGACY_ALGORITHM` |
//! | `references` | cryptography | every protected entry has its digest | `REFERENCE_DIGEST`, `LEGACY_ALGORITHM` |
//! | `seal_signature` | cryptography | the maker's key made it | `SEAL_SIGNATURE` and as `signature_value` |
//! | `seal_file` | cryptography | Seal.esl is the seal inside the signature; beside SignedData, protected | `SEAL_FILE_MISMATCH`, `UNPROTECTED_CONTENT` |
//! | `certificate_list` | cryptography | the seal lists the signer's certificate | `SIGNER_NOT_IN_SEAL_CERT_LIST` |
//! | `seal_window` | cryptography | the seal was valid at the time of signing | `SEAL_NOT_VALID_AT_SIGN_TIME` |
//! | `signer_window` | cryptography | the certificate was valid at the time of signing | `CERT_NOT_VALID_AT_SIGN_TIME`, `SIGN_TIME_ABSENT` |
//! | `signer_key_usage`, `maker_key_usage` | policy | the key may sign | `CERT_KEY_USAGE` |
//! | `maker_window` | policy | the maker's certificate was valid at the seal's createDate, or began between that and its use | `MAKER_CERT_NOT_VALID_AT_CREATE` |
//! | `seal_created` | policy | the seal was made before it signed | `SEAL_CREATED_AFTER_SIGNING` |
//! | `signature_algorithm` | policy | never: the value is one of SM2, and is named something else; only where it is | `UNSUPPORTED_ALGORITHM`, `LEGACY_ALGORITHM` |
//! | `signer_chain`, `maker_chain` | policy | it leads to a root of the trust list | `UNTRUSTED_SIGNER`, `UNTRUSTED_MAKER`, `TRUST_LIST_ABSENT` |
//! | `signer_revocation` | policy | not revoked before signing | `CERT_REVOKED_BEFORE_SIGNING`, `REVOCATION_LIST_ABSENT` |
//! | `maker_revocation` | policy | not revoked before createDate | `MAKER_CERT_REVOKED_BEFORE_CREATE`, `REVOCATION_LIST_ABSENT` |
//! | `seal_window_at`, `signer_window_at` | policy | valid at the time asked; only when one is | `SEAL_NOT_VALID_AT_ASKED_TIME`, `CERT_NOT_VALID_AT_ASKED_TIME` |
//! | `other_signer` | of the check | all of the above hold for a further signer of the same SignedData; once for each that does not | as above |
//! | `coverage` | policy | no content is left open; of PDF: later revisions change nothing that is shown | `UNPROTECTED_CONTENT`; `PDF_CHANGED_LATER`, `PDF_NOT_PERMITTED`; unknown with `OFD_XML_UNPROTECTED` where that alone is open, and with the code of `document_structure` where a part cannot be read |
//! | `unreferenced` | policy | nothing is carried along | `UNREFERENCED_ENTRY` |
//! | `integrity_list` | policy | the list (GM/T 0099) names exactly the package's entries | `INTEGRITY_LIST` |
//! | `byte_range` | cryptography | of PDF: the signature is over all bytes of its revision but itself | `PDF_BYTE_RANGE` |
//! | `document_digest` | cryptography | of PDF: the digest that was signed is that of these bytes | `DOCUMENT_DIGEST`, `LEGACY_ALGORITHM` |
//! | `signature_field` | policy | of PDF: a field of the form shows the signature | `PDF_SIGNATURE_HIDDEN` |
//! | `timestamp` | note | never: time stamps are not verified; only when there is one | `TIMESTAMP_NOT_CHECKED` |
//!
//! **A container that cannot be read** is a failed `container` check: `verdict` is `invalid` and `signatures` is empty, but nothing is
//! said against signatures that nobody saw: `cryptography` is `unknown`. A part of the document that cannot be read leaves the
//! container as it is. `coverage` is then unknown, and where the part was made to harm a reader (a page with a document type, say)
//! `document_structure` fails too; where it was altered after signing, `references` says so and that is the reason. The maker's
//! window stands with its chain (GM/T 0031, 6.1.2 c): it says whether the maker may be believed, not whether signatures hold.
//!
//! **What cannot be read** is unknown with the code of why (`FORMAT`, `XML_ENCODING`): another reader may know it. Only what was cut short,
//! or has bytes behind it, is damaged for certain.
//!
//! **Verdicts.** `cryptography` looks at the checks of that weight, `verdict` at those and policy: a fail makes `invalid`, else an
//! unknown `unknown`, else `valid`; a file is what its worst signature is, and `unsigned` without any. Of a package that cannot be opened
//! `cryptography` is `unknown`: no signature was judged. For `reasons` see [`Checks::reasons`]. Warnings change no verdict.

mod checks;

pub use checks::{Check, Checks, Outcome, Verdict, Warning, Weight};

use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::TimeMs;
use serde::Serialize;

use crate::certificate::{Certificate, Key};
use crate::ofd::{BadReferenceStatus, Coverage};
use crate::reason::Reason;
use crate::seal::{Owner, Structure};
use crate::sm2_value::ValueForm;
use crate::text::shown;

/// What kind of file it is, told by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// A ZIP package with an `OFD.xml`.
    Ofd,
    /// A seal alone (`.esl`).
    Seal,
    /// A signature value alone (`SignedValue.dat`).
    Signature,
    /// A PDF file: its signatures are judged.
    Pdf,
    /// Digests only.
    Other,
}

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileFacts {
    /// Bytes.
    pub size: u64,
    pub sha256: Digest,
    pub sm3: Digest,
}

/// The numbers of a verified or refused SM2 signature: what a ledger record needs to verify it again without the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sm2Facts {
    /// `e = SM3(Z ‖ M)`, with the default user identifier.
    pub e: Digest,
    /// r‖s, big-endian.
    #[serde(serialize_with = "hex::serialize")]
    pub r_s: [u8; 64],
    /// The key as a compressed point.
    #[serde(serialize_with = "hex::serialize")]
    pub point: [u8; 33],
    pub form: ValueForm,
}

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateFacts {
    pub subject: String,
    pub issuer: String,
    /// Hexadecimal.
    pub serial: String,
    #[serde(serialize_with = "time_text")]
    pub not_before: TimeMs,
    #[serde(serialize_with = "time_text")]
    pub not_after: TimeMs,
    /// `SM2`, or the algorithm's object identifier.
    pub key: String,
    /// The SM2 key as a compressed point.
    #[serde(serialize_with = "optional_hex")]
    pub point: Option<[u8; 33]>,
    /// Of the DER bytes.
    pub sha256: Digest,
    /// Of the DER bytes.
    pub sm3: Digest,
}

impl CertificateFacts {
    pub(crate) fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject.text.clone(),
            issuer: certificate.issuer.text.clone(),
            serial: certificate.serial_hex(),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            key: match certificate.key {
                Key::Sm2(_) | Key::OffCurve => "SM2".to_owned(),
                Key::Other(id) => id.to_string(),
            },
            point: certificate.sm2_key(),
            sha256: certificate.sha256(),
            sm3: certificate.sm3(),
        }
    }
}

/// The seal's picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PictureFacts {
    #[serde(rename = "type")]
    pub kind: String,
    pub bytes: usize,
    pub width_mm: u32,
    pub height_mm: u32,
    pub sm3: Digest,
}

/// The seal's header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeaderFacts {
    pub id: String,
    pub version: u32,
    pub vid: String,
}

/// One seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SealFacts {
    /// esID.
    pub id: String,
    pub name: String,
    #[serde(serialize_with = "time_text")]
    pub valid_from: TimeMs,
    #[serde(serialize_with = "time_text")]
    pub valid_to: TimeMs,
    /// Whether the maker's signature verifies; none when it could not be verified.
    pub signature_valid: Option<bool>,
    pub structure: Structure,
    #[serde(rename = "type")]
    pub kind: u32,
    pub header: HeaderFacts,
    #[serde(serialize_with = "time_text")]
    pub create_date: TimeMs,
    pub time_type: &'static str,
    /// 1: certificates, 2: digests.
    pub cert_list_type: u8,
    pub cert_list_count: usize,
    /// SM3 of each certificate that may sign with it, as far as the list tells. A digest computed with Z is replaced by the plain one
    /// where the certificate is known, which it is inside a signature by it.
    pub signers_sm3: Vec<Digest>,
    /// Whether the list has a digest computed with Z before the certificate, which no digest of a certificate equals. None for a seal
    /// alone that lists digests: without the certificates nobody can tell.
    pub signers_with_z: Option<bool>,
    /// The listed certificates themselves, the first [`SIGNERS_MAX`] that can be read.
    pub signers: Vec<CertificateFacts>,
    pub picture: PictureFacts,
    pub owner: Option<Owner>,
    pub maker: Option<CertificateFacts>,
    /// The maker's signature.
    pub signature: Option<Sm2Facts>,
    pub signature_algorithm: String,
    pub signature_over: &'static str,
    pub has_timestamp: bool,
    /// Bytes of the seal.
    pub der_len: usize,
    /// Of the seal's bytes.
    pub sm3: Digest,
}

/// Names in each list of a report, within [`NAMES_TOTAL_MAX`]; how many there are altogether stands in the detail of the check.
pub const NAMES_MAX: usize = 1_000;
/// Listed certificates of a seal that are shown.
pub const SIGNERS_MAX: usize = 16;

/// Names in all lists of a report together.
pub const NAMES_TOTAL_MAX: usize = 10_000;

/// The names that a report still has room for, so that many signatures over many entries make none larger than their file.
pub(crate) struct Names {
    left: usize,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self { left: NAMES_TOTAL_MAX }
    }

    /// Takes the first of a list, at most [`NAMES_MAX`].
    pub(crate) fn first<T>(&mut self, mut list: Vec<T>) -> Vec<T> {
        list.truncate(NAMES_MAX.min(self.left));
        self.left = self.left.saturating_sub(list.len());
        list
    }

    /// The same, escaped.
    pub(crate) fn shown(&mut self, list: Vec<String>) -> Vec<String> {
        self.first(list).iter().map(|name| shown(name)).collect()
    }
}

/// A protected entry that is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadReferenceFacts {
    pub file: String,
    /// `MISMATCH`, `MISSING`, `LEGACY_DIGEST` or `UNSUPPORTED_DIGEST`.
    pub status: &'static str,
}

pub(crate) fn status_text(status: BadReferenceStatus) -> &'static str {
    match status {
        BadReferenceStatus::Mismatch => "MISMATCH",
        BadReferenceStatus::Missing => "MISSING",
        BadReferenceStatus::UnsupportedDigest => "UNSUPPORTED_DIGEST",
        BadReferenceStatus::LegacyDigest => "LEGACY_DIGEST",
    }
}

/// What `Signature.xml` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignatureXmlFacts {
    /// Entry name.
    pub signature_xml: String,
    /// Of its bytes: the digest a signer signs.
    pub signature_xml_sm3: Digest,
    pub signature_method: Option<String>,
    /// As written.
    pub signature_datetime: Option<String>,
    pub check_method: Option<String>,
    /// How many entries it protects.
    pub references: usize,
    pub references_bad: Vec<BadReferenceFacts>,
    pub unprotected_entries: Vec<String>,
    pub unprotected_content: Vec<String>,
    pub covered_later: Vec<String>,
    pub unreferenced: Vec<String>,
    pub seal_file_present: bool,
    pub signed_value_bytes: usize,
}

impl SignatureXmlFacts {
    pub(crate) fn set_coverage(&mut self, coverage: Coverage, names: &mut Names) {
        self.unprotected_content = names.shown(coverage.unprotected_content);
        self.unreferenced = names.shown(coverage.unreferenced);
        self.covered_later = names.shown(coverage.covered_later);
        self.unprotected_entries = names.shown(coverage.unprotected_entries);
    }
}

/// Where a signature stands in a PDF file, and what came after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PdfSignatureFacts {
    /// Number of the object of its dictionary.
    pub object: u32,
    /// Name of the form field that shows it.
    pub field: Option<String>,
    pub sub_filter: Option<String>,
    /// The revision whose bytes it is over, counted from 1; none where its ByteRange is not good.
    pub revision: Option<usize>,
    /// How many revisions the file has.
    pub revisions: usize,
    /// How many bytes of the file it is over.
    pub bytes_covered: usize,
    /// What later revisions changed, the first [`NAMES_MAX`]: `revision 2: ..`.
    pub later_changes: Vec<String>,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignatureReport {
    /// `ID` in `Signatures.xml`; empty for a seal or signature value alone.
    pub id: String,
    /// `Seal` or `Sign`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// None when the value could not be read.
    pub structure: Option<Structure>,
    pub verdict: Verdict,
    pub cryptography: Verdict,
    pub reasons: Vec<Reason>,
    pub seal: Option<SealFacts>,
    pub signer: Option<CertificateFacts>,
    /// UTC.
    #[serde(serialize_with = "optional_time_text")]
    pub sign_time: Option<TimeMs>,
    /// Where the time is from: `timeInfo`, `signingTime`, `SignatureDateTime`, or `M` of a PDF file.
    pub sign_time_source: Option<&'static str>,
    /// How timeInfo was written.
    pub time_encoding: Option<&'static str>,
    /// Of TBS_Sign.
    pub tbs_version: Option<u32>,
    pub property_info: Option<String>,
    /// The digest that was signed, in hexadecimal.
    pub data_hash: Option<String>,
    pub signature_algorithm: Option<String>,
    /// `TBS_Sign`, `signedAttributes`, `eContent` or `Signature.xml`.
    pub signed_over: Option<&'static str>,
    /// The signer's signature.
    pub signature: Option<Sm2Facts>,
    pub has_timestamp: bool,
    #[serde(flatten)]
    pub xml: Option<SignatureXmlFacts>,
    /// Of a signature in a PDF file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pdf: Option<PdfSignatureFacts>,
    pub checks: Checks,
    pub warnings: Vec<Warning>,
}

impl SignatureReport {
    pub(crate) fn new(id: &str, kind: &'static str) -> Self {
        Self {
            id: shown(id),
            kind,
            structure: None,
            verdict: Verdict::Unknown,
            cryptography: Verdict::Unknown,
            reasons: Vec::new(),
            seal: None,
            signer: None,
            sign_time: None,
            sign_time_source: None,
            time_encoding: None,
            tbs_version: None,
            property_info: None,
            data_hash: None,
            signature_algorithm: None,
            signed_over: None,
            signature: None,
            has_timestamp: false,
            xml: None,
            pdf: None,
            checks: Checks::default(),
            warnings: Vec::new(),
        }
    }

    /// Draws the verdicts from the checks.
    pub(crate) fn conclude(&mut self) {
        self.cryptography = self.checks.cryptography();
        self.verdict = self.checks.overall();
        self.reasons = self.checks.reasons();
    }

    /// Whether the chain check of this name (`signer_chain`, `maker_chain`) failed only because the trust list lacks an issuer: no
    /// certificate of the issuer's name was there to refuse. Whoever has a fuller list may yet trust it. `false` for a check that did
    /// not fail, and where an issuer was at hand and did not sign, may not issue, was not valid then or was revoked.
    pub fn chain_is_incomplete(&self, name: &str) -> bool {
        self.checks.get(name).is_some_and(|check| check.is_issuer_absent)
    }

    pub(crate) fn warn(&mut self, code: Reason, detail: impl Into<String>) {
        let warning = Warning::new(code, detail.into());
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// The integrity list of a package (GM/T 0099-2020).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntegrityReport {
    /// Entry name of the list.
    pub path: String,
    pub unlisted_entries: Vec<String>,
    pub missing_entries: Vec<String>,
    /// The signature on the list, and the check of the list.
    pub signature: SignatureReport,
}

/// The licence's identifier and metadata, without anything about its holder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LicenceFacts {
    /// As written (GB/T 36904).
    pub identifier: Option<String>,
    /// Where it was found.
    pub identifier_source: Option<String>,
    /// Whether the file states it as its own, in one `ZZBS`. Otherwise it is a guess: a text of an identifier's form in a title, a keyword
    /// or another field, which may as well name another licence. A guess binds nothing.
    pub identifier_stated: bool,
    /// Whether its structure and check character hold.
    pub identifier_valid: Option<bool>,
    /// Whether a signature protects `OFD.xml`, where all of this stands, or the file has no signature. Otherwise `fields` is empty, and the
    /// identifier a guess.
    #[serde(rename = "protected")]
    pub is_protected: bool,
    /// GB/T 36903 short names.
    pub fields: std::collections::BTreeMap<String, String>,
}

/// Everything found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub file: FileFacts,
    pub kind: FileKind,
    pub verdict: Verdict,
    pub cryptography: Verdict,
    pub reasons: Vec<Reason>,
    pub signatures: Vec<SignatureReport>,
    /// The seal, when the file is one; the same as that of its one entry in `signatures`.
    pub seal: Option<SealFacts>,
    pub integrity: Option<IntegrityReport>,
    pub licence: Option<LicenceFacts>,
    /// Of the file as a whole.
    pub checks: Checks,
    pub warnings: Vec<Warning>,
}

fn time_text<S: serde::Serializer>(time: &TimeMs, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

fn optional_time_text<S: serde::Serializer>(time: &Option<TimeMs>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}

fn optional_hex<S: serde::Serializer>(bytes: &Option<[u8; 33]>, serializer: S) -> Result<S::Ok, S::Error> {
    bytes.map(hex::encode).serialize(serializer)
}
