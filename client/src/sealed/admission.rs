//! Which files may become licences, and what is taken from them.

use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{BasisCode, IdError, LicenceId, LicenceProfile, TimeMs};
use huxin_chain_spec::record::licence::SealReference;
use huxin_document::report::{FileKind, SignatureReport, Verdict};

use super::metadata::{digest_of, first_moment, moment_after};
use super::read::Examined;
use crate::error::ClientError;
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
    /// Codes of what is odd about the file and no reason to refuse it.
    pub warnings: Vec<String>,
}

/// What may be taken from a file for a licence record.
///
/// An OFD file must be sealed, its cryptography valid, and no check failed; checks of chain and revocation that could not be made for
/// want of a trust list are no failure. `exception` is the code of a reason to record it all the same. Of a signed PDF file the seal is
/// taken where its cryptography is valid; it is refused where something in it fails, and recorded by its digests where something stays
/// unknown. Files of other kinds are recorded by their digests alone.
///
/// # Errors
/// [`ClientError::Document`] with the codes of what failed; [`ClientError::Input`] for an exception where nothing calls for one, or an
/// identifier in the file that is none.
pub fn admit(examined: &Examined, exception: Option<&BasisCode>) -> Result<Admitted, ClientError> {
    let report = &examined.report;
    let is_sound = match report.kind {
        FileKind::Ofd => report.cryptography == Verdict::Valid && report.verdict != Verdict::Invalid,
        FileKind::Pdf if examined.is_judged() => report.verdict != Verdict::Invalid,
        // Nothing is checked in files of other kinds, so nothing failed.
        _ if exception.is_none() => return Ok(Admitted::default()),
        _ => true,
    };
    match (is_sound, exception) {
        (false, None) => return Err(examined.refusal()),
        (true, Some(_)) => {
            let said = say!(
                "no check of the file failed, so there is no exception to record; leave it out",
                "文件各项检查均通过，没有例外可登记，请去掉此参数"
            );
            return Err(ClientError::at("--exception", said));
        }
        (true, None) | (false, Some(_)) => {}
    }
    let mut admitted = Admitted {
        seal: report.signatures.iter().filter(|signature| names_seal(report.kind, signature)).find_map(seal_reference),
        warnings: examined.warnings(),
        ..Admitted::default()
    };
    let Some(licence) = &report.licence else { return Ok(admitted) };
    let field = |name: &str| licence.fields.get(name).map(String::as_str);
    admitted.id = stated(examined).map(identifier).transpose()?;
    admitted.metadata = digest_of(&licence.fields);
    admitted.valid_from_ms = field("ZZYXQQSRQ").or_else(|| field("ZZBFRQ")).and_then(first_moment);
    admitted.valid_until_ms = field("ZZYXQJZRQ").and_then(moment_after);
    Ok(admitted)
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

/// Reads the identifier of a file. A wrong check character is a warning of the report, not an error.
pub(super) fn identifier(text: &str) -> Result<LicenceId, ClientError> {
    let parsed = match LicenceId::parse(text, LicenceProfile::Lenient) {
        Err(IdError::CheckCharacter { .. }) => LicenceId::from_structure(text),
        parsed => parsed,
    };
    parsed.map_err(|error| ClientError::at("identifier in the file (ZZBS)", error))
}

/// Of a PDF file that is not fully known, only what a valid signature says is taken.
fn names_seal(kind: FileKind, signature: &SignatureReport) -> bool {
    kind == FileKind::Ofd || (signature.cryptography == Verdict::Valid && signature.verdict != Verdict::Invalid)
}

fn seal_reference(signature: &SignatureReport) -> Option<SealReference> {
    let (seal, signer) = (signature.seal.as_ref()?, signature.signer.as_ref()?);
    Some(SealReference { seal: seal.id.parse().ok()?, certificate: signer.sm3 })
}
