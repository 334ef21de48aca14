//! Which files may become licences, and what is taken from them.

use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{BasisCode, IdError, LicenceId, LicenceProfile, TimeMs};
use huxin_chain_spec::record::licence::SealReference;
use huxin_document::report::{FileKind, SignatureReport, Verdict};

use super::metadata::{digest_of, first_moment, moment_after, says_no_end};
use super::read::Examined;
use crate::error::ClientError;
use crate::said::Said;
use crate::say;

/// What a file says of the licence that it is. Everything is optional: a command line may say it too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admitted {
    pub id: Option<LicenceId>,
    /// SM3 of the canonical metadata.
    pub metadata: Option<Digest>,
    pub seal: Option<SealReference>,
    pub valid_from_ms: Option<TimeMs>,
    /// First moment after validity.
    pub valid_until_ms: Option<TimeMs>,
    /// What the file says of its validity and nobody can read as a day.
    pub unreadable: Vec<Unreadable>,
    /// Codes of what is odd about the file and no reason to refuse it.
    pub warnings: Vec<String>,
}

impl Admitted {
    /// Refuses a date of the file that cannot be read, unless the command line says start or end itself.
    pub fn check_dates(&self, from_is_given: bool, until_is_given: bool) -> Result<(), ClientError> {
        for Unreadable { option, field, text } in &self.unreadable {
            let is_given = if *option == "--valid-from" { from_is_given } else { until_is_given };
            if !is_given {
                let said = say!(
                    "the file says '{text}' ({field}), which is not a day; give the day here",
                    "文件中（{field}）写的是“{text}”，无法识别为日期；请在此给出"
                );
                return Err(ClientError::at(*option, said));
            }
        }
        Ok(())
    }
}

/// A date in a file that is none. It is not passed over: the licence would begin today, or never end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The option that may say it instead.
    pub option: &'static str,
    /// Short name of the field (GB/T 36903).
    pub field: &'static str,
    pub text: String,
}

/// What may be taken from a file for a licence record. `given` is the identifier that the command line says.
///
/// An OFD file must be sealed, its cryptography valid, and no check failed; checks of chain and revocation that could not be made for
/// want of a trust list are no failure. `exception` is the code of a reason to record it all the same. Of a signed PDF file the seal is
/// taken where its cryptography is valid; it is refused where something in it fails, and recorded by its digests where something stays
/// unknown. Files of other kinds are recorded by their digests alone. An identifier that is not as GB/T 36904 says calls for an exception too,
/// see [`check_identifier`].
///
/// # Errors
/// [`ClientError::Document`] with the codes of what failed; [`ClientError::Input`] for an exception where nothing calls for one, or an
/// identifier in the file that is none.
pub fn admit(
    examined: &Examined,
    given: Option<&LicenceId>,
    exception: Option<&BasisCode>,
) -> Result<Admitted, ClientError> {
    let report = &examined.report;
    let id = stated(examined).map(identifier).transpose();
    let id = id.map_err(|said| ClientError::at("identifier in the file (ZZBS)", said))?;
    let is_odd = given.or(id.as_ref()).is_some_and(|id| id.check().is_err());
    let is_sound = match report.kind {
        FileKind::Ofd => report.cryptography == Verdict::Valid && report.verdict != Verdict::Invalid,
        FileKind::Pdf if examined.is_judged() => report.verdict != Verdict::Invalid,
        // Nothing is checked in files of other kinds, so nothing failed.
        _ if exception.is_none() || is_odd => return Ok(Admitted::default()),
        _ => true,
    };
    match (is_sound, exception) {
        (false, None) => return Err(examined.refusal()),
        (true, Some(_)) if !is_odd => {
            let said = say!(
                "no check of the file failed, so there is no exception to record; leave it out",
                "文件各项检查均通过，没有例外可登记，请去掉此参数"
            );
            return Err(ClientError::at("--exception", said));
        }
        (true, _) | (false, Some(_)) => {}
    }
    let mut admitted = Admitted {
        seal: report.signatures.iter().filter(|signature| names_seal(report.kind, signature)).find_map(seal_reference),
        warnings: examined.warnings(),
        ..Admitted::default()
    };
    let Some(licence) = &report.licence else { return Ok(admitted) };
    let field = |name: &'static str| {
        let text = licence.fields.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        text.map(|text| (name, text))
    };
    admitted.id = id;
    admitted.metadata = digest_of(&licence.fields);
    let from = field("ZZYXQQSRQ").or_else(|| field("ZZBFRQ"));
    let until = field("ZZYXQJZRQ").filter(|(_, text)| !says_no_end(text));
    for (option, said, day) in [
        ("--valid-from", from, from.and_then(|(_, text)| first_moment(text))),
        ("--valid-until", until, until.and_then(|(_, text)| moment_after(text))),
    ] {
        if let (Some((field, text)), None) = (said, day) {
            admitted.unreadable.push(Unreadable { option, field, text: text.to_owned() });
        }
    }
    admitted.valid_from_ms = from.and_then(|(_, text)| first_moment(text));
    admitted.valid_until_ms = until.and_then(|(_, text)| moment_after(text));
    Ok(admitted)
}

/// Refuses an identifier that is not as GB/T 36904 says (a wrong check character, a region of six digits as issuer), unless an exception is
/// recorded with it: such licences are in the registers of some cities.
pub fn check_identifier(id: &LicenceId, exception: Option<&BasisCode>) -> Result<(), Said> {
    match (id.check(), exception) {
        (Err(error), None) => {
            let Said { en, zh, code } = error.into();
            Err(Said {
                en: format!(
                    "{en}; a licence that an older register holds under it is recorded with an exception: the code of the reason"
                ),
                zh: format!("{zh}；旧系统中确有此标识的证照，可填写例外原因代码后上账"),
                code,
            })
        }
        _ => Ok(()),
    }
}

/// The identifier that a file states for itself, if it states a readable one.
pub fn stated_identifier(examined: &Examined) -> Option<LicenceId> {
    identifier(stated(examined)?).ok()
}

/// The text in the field of the identifier (ZZBS). What merely looks like one elsewhere in a file may be that of another licence.
fn stated(examined: &Examined) -> Option<&str> {
    let licence = examined.report.licence.as_ref().filter(|licence| licence.identifier_stated)?;
    licence.identifier.as_deref()
}

/// Reads an identifier as files and registers write it: what GB/T 36904 says, or with a region as issuer, or with a wrong check character.
/// [`check_identifier`] tells them apart.
pub fn identifier(text: &str) -> Result<LicenceId, Said> {
    let parsed = match LicenceId::parse(text, LicenceProfile::Lenient) {
        Err(IdError::CheckCharacter { .. }) => LicenceId::from_structure(text),
        parsed => parsed,
    };
    parsed.map_err(Said::from)
}

/// Of a PDF file that is not fully known, only what a valid signature says is taken.
fn names_seal(kind: FileKind, signature: &SignatureReport) -> bool {
    kind == FileKind::Ofd || (signature.cryptography == Verdict::Valid && signature.verdict != Verdict::Invalid)
}

fn seal_reference(signature: &SignatureReport) -> Option<SealReference> {
    let (seal, signer) = (signature.seal.as_ref()?, signature.signer.as_ref()?);
    Some(SealReference { seal: seal.id.parse().ok()?, certificate: signer.sm3 })
}
