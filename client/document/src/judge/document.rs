//! Checks of an OFD file: each signature with what surrounds it, then coverage, the integrity list and the identifier.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use huxin_chain_spec::crypto::DigestAlgorithm;
use huxin_chain_spec::ids::{IdError, LicenceId, LicenceProfile};

use super::context::{Context, Options, note_unreadable, warn_odd};
use super::values::Values;
use super::{plain, sealed};
use crate::ber::Source;
use crate::defect::Defect;
use crate::ofd::{
    BadReference, BadReferenceStatus, Coverage, IntegrityList, Metadata, Ofd, SignatureFile, SignatureKind,
};
use crate::reason::{Reason, Severity};
use crate::report::{
    BadReferenceFacts, Checks, IntegrityReport, LicenceFacts, Names, Report, SignatureReport, SignatureXmlFacts,
    Verdict, Warning, Weight, status_text,
};
use crate::seal::SEAL_BYTES_MAX;
use crate::signed_value::SignedValue;
use crate::text::shown;

const CRYPTOGRAPHY: Weight = Weight::Cryptography;
/// Longest signature value read: a seal of the greatest size, twice, for what stands around it.
const SIGNED_VALUE_BYTES_MAX: u64 = 2 * SEAL_BYTES_MAX as u64;
/// Defects that no honest producer makes.
const HOSTILE: [Reason; 6] = [
    Reason::XmlDtd,
    Reason::XmlEntity,
    Reason::XmlDepth,
    Reason::XmlTooLarge,
    Reason::LocationOutside,
    Reason::ZipBomb,
];

/// Judges the signature value of `context.source`.
pub(super) fn judge_source(context: &Context<'_>, options: &Options<'_>, signature: &mut SignatureReport) {
    let source = context.source;
    warn_odd(&source.odd, &mut signature.warnings);
    let read = SignedValue::read(source.der()).or_else(|fault| {
        // What stands before trailing bytes is judged as well; the bytes are a failure of their own.
        let is_whole = fault.code != Reason::TrailingBytes;
        let first = if is_whole { None } else { source.first() };
        let value = first.and_then(|first| SignedValue::read(first).ok());
        note_unreadable(&mut signature.checks, "structure", &fault, Some(source));
        value.ok_or(())
    });
    let Ok(value) = read else {
        (signature.sign_time, signature.sign_time_source) = plain::shown_time(context);
        return sealed::show_seal_file(context.seal_file, options, signature);
    };
    if signature.checks.get("structure").is_none() {
        match value.fault() {
            None => signature.checks.pass(CRYPTOGRAPHY, "structure"),
            Some(fault) => note_unreadable(&mut signature.checks, "structure", fault, None),
        }
    }
    match &value {
        SignedValue::Seal(of) => sealed::judge(of, context, options, signature),
        SignedValue::Data(of) => plain::judge_data(of, context, options, signature),
        SignedValue::Bare(_) => plain::judge_bare(context, signature),
    }
}

pub(super) fn judge(ofd: &Ofd<'_>, options: &Options<'_>, report: &mut Report) {
    let (mut values, mut names) = (Values::of(ofd), Names::new());
    for (index, file) in ofd.signatures().iter().enumerate() {
        report.signatures.push(one_signature(
            &mut Reading { ofd, values: &mut values, names: &mut names },
            index,
            file,
            options,
        ));
    }
    structure(ofd.defects(), report);
    // Later signatures first have to be judged themselves before they can excuse an earlier one.
    let mut valid: Vec<bool> = report.signatures.iter_mut().map(is_valid).collect();
    report.integrity = ofd
        .integrity()
        .map(|list| integrity(&mut Reading { ofd, values: &mut values, names: &mut names }, list, options));
    let list = report.integrity.as_ref().map(|list| &list.signature);
    let is_vouched = list.is_some_and(|list| vouches(list, &report.signatures));
    for (index, signature) in report.signatures.iter_mut().enumerate().rev() {
        let later = valid.get(index + 1..).unwrap_or_default();
        let found = coverage(ofd, index, later, is_vouched, signature);
        if let Some(xml) = &mut signature.xml {
            xml.set_coverage(found, &mut names);
        }
        if let Some(valid) = valid.get_mut(index) {
            *valid = is_valid(signature);
        }
    }
    not_shown(ofd.not_shown(), &mut report.warnings);
    let is_protected = report.signatures.is_empty() || ofd.is_root_protected();
    report.licence = Some(licence(ofd.metadata(), is_protected, &mut report.warnings));
}

/// Whether a signature may excuse an earlier one: its cryptography is right and nothing about it failed.
fn is_valid(signature: &mut SignatureReport) -> bool {
    signature.conclude();
    signature.cryptography == Verdict::Valid && signature.verdict != Verdict::Invalid
}

/// Whether an integrity list excuses entries that nothing else refers to: it names all that is there, its signature holds, nothing about
/// that failed, and it is by somebody whose signature on the document holds. Anybody can add a list; a bare value, or one that cannot be
/// verified here, says nothing of who did; and the list names no time, so that its signer cannot be judged as others are.
fn vouches(list: &SignatureReport, signatures: &[SignatureReport]) -> bool {
    let signer = |signature: &SignatureReport| signature.signer.as_ref().map(|signer| signer.sm3);
    let holds = |signature: &&SignatureReport| signature.cryptography == Verdict::Valid;
    holds(&list)
        && list.verdict != Verdict::Invalid
        && list.signer.is_some()
        && signatures.iter().filter(holds).any(|signature| signer(signature) == signer(list))
}

fn structure(defects: &[Defect], report: &mut Report) {
    let (checked, noted): (Vec<_>, Vec<_>) =
        defects.iter().partition(|defect| defect.code.severity() == Severity::Check);
    let bad =
        report.signatures.iter().filter_map(|signature| signature.xml.as_ref()).flat_map(|xml| &xml.references_bad);
    let altered: BTreeSet<&str> = bad.map(|bad| bad.file.as_str()).collect();
    // What is missing or malformed leaves coverage open, which says so. What is built to harm a reader is refused outright. A part that was
    // altered after signing has its digest for a reason: one changed byte makes an entity of an honest page.
    let is_hostile = |defect: &Defect| HOSTILE.contains(&defect.code) && !altered.contains(defect.place.as_str());
    let hostile = checked.iter().find(|defect| is_hostile(defect));
    match hostile.or(checked.first()) {
        None => report.checks.pass(Weight::Note, "document_structure"),
        Some(first) => {
            let weight = if hostile.is_some() { Weight::Policy } else { Weight::Note };
            let detail = format!("{} defects, among them at {} {}", checked.len(), first.place, first.detail);
            report.checks.fail(weight, "document_structure", first.code, detail);
        }
    }
    report.warnings.extend(noted.into_iter().map(warning));
}

fn warning(defect: &Defect) -> Warning {
    Warning::new(defect.code, format!("{} {}", defect.place, defect.detail).trim())
}

/// What is read from, and what of it there is still room for.
struct Reading<'r, 'o, 'a> {
    ofd: &'o Ofd<'a>,
    values: &'r mut Values<'o, 'a>,
    names: &'r mut Names,
}

fn one_signature(
    from: &mut Reading<'_, '_, '_>,
    index: usize,
    file: &SignatureFile,
    options: &Options<'_>,
) -> SignatureReport {
    let kind = if file.kind == SignatureKind::Seal { "Seal" } else { "Sign" };
    let mut signature = SignatureReport::new(&file.id, kind);
    files(&file.defects, &mut signature);
    let bad = references(from, index, file, &mut signature);
    let seal_file = file.seal_path.as_deref().map(|path| from.values.read(path, SEAL_BYTES_MAX as u64));
    if let Some(Err(defect)) = &seal_file {
        signature.checks.fail(CRYPTOGRAPHY, "seal_file", defect.code, defect.to_string());
    }
    let value = read_value(from.values, file.signed_value_path.as_deref(), &mut signature.checks);
    signature.xml = Some(SignatureXmlFacts {
        signature_xml: shown(&file.path),
        signature_xml_sm3: DigestAlgorithm::Sm3.plain(&[&file.xml]),
        signature_method: file.method.as_deref().map(shown),
        signature_datetime: file.date_time.as_deref().map(shown),
        check_method: file.check_method.as_deref().map(shown),
        references: file.references.len(),
        references_bad: bad,
        unprotected_entries: Vec::new(),
        unprotected_content: Vec::new(),
        covered_later: Vec::new(),
        unreferenced: Vec::new(),
        seal_file_present: file.seal_path.is_some(),
        signed_value_bytes: value.as_ref().map_or(0, |value| value.len()),
    });
    let seal_file = seal_file.and_then(Result::ok);
    let Some(value) = value else {
        sealed::show_seal_file(seal_file.as_deref(), options, &mut signature);
        return signature;
    };
    let source = Source::of(&value, "the signature value");
    let context = Context {
        xml: Some(&file.xml),
        date_time: file.date_time.as_deref(),
        seal_file: seal_file.as_deref(),
        is_seal_file_protected: file.references.iter().any(|of| of.entry.is_some() && of.entry == file.seal_path),
        source: &source,
    };
    judge_source(&context, options, &mut signature);
    signature
}

/// Notes the files of a signature that could not be read.
fn files(defects: &[Defect], signature: &mut SignatureReport) {
    let (checked, noted): (Vec<_>, Vec<_>) =
        defects.iter().partition(|defect| defect.code.severity() == Severity::Check);
    match checked.first() {
        None => signature.checks.pass(CRYPTOGRAPHY, "signature_files"),
        // An encoding that is not read here may be read elsewhere.
        Some(first) if first.code == Reason::XmlEncoding => {
            signature.checks.unknown(CRYPTOGRAPHY, "signature_files", first.code, first.to_string());
        }
        Some(first) => signature.checks.fail(CRYPTOGRAPHY, "signature_files", first.code, first.to_string()),
    }
    signature.warnings.extend(noted.into_iter().map(warning));
}

fn references(
    from: &mut Reading<'_, '_, '_>,
    index: usize,
    file: &SignatureFile,
    signature: &mut SignatureReport,
) -> Vec<BadReferenceFacts> {
    let method = file.check_method.as_deref().unwrap_or_default();
    let bad: Vec<BadReference> = match from.ofd.check_references(index) {
        Ok(bad) => bad,
        Err(defect) => {
            signature.checks.fail(CRYPTOGRAPHY, "references", defect.code, defect.to_string());
            return Vec::new();
        }
    };
    let is_open = |one: &&BadReference| {
        matches!(one.status, BadReferenceStatus::UnsupportedDigest | BadReferenceStatus::LegacyDigest)
    };
    let altered = bad.iter().find(|one| !is_open(one));
    let is_legacy = bad.iter().any(|one| one.status == BadReferenceStatus::LegacyDigest);
    let legacy = if is_legacy { Reason::LegacyAlgorithm } else { Reason::UnsupportedAlgorithm };
    match (altered, bad.first()) {
        (Some(one), _) => {
            let detail = format!("{} of {} entries, the first {}", bad.len(), file.references.len(), one.file);
            signature.checks.fail(CRYPTOGRAPHY, "references", Reason::ReferenceDigest, detail);
        }
        (None, Some(_)) => {
            let detail = format!("CheckMethod {method:?}");
            signature.checks.unknown(CRYPTOGRAPHY, "references", legacy, detail);
        }
        (None, None) => signature.checks.pass(CRYPTOGRAPHY, "references"),
    }
    if file.check_method.is_none() && bad.is_empty() && !file.references.is_empty() {
        signature.warn(Reason::LegacyAlgorithm, "CheckMethod is absent, for which GB/T 33190-2016 says MD5");
    }
    let facts = |one: BadReference| BadReferenceFacts { file: shown(&one.file), status: status_text(one.status) };
    from.names.first(bad).into_iter().map(facts).collect()
}

fn read_value(values: &mut Values<'_, '_>, path: Option<&str>, checks: &mut Checks) -> Option<Rc<[u8]>> {
    let read = match path {
        Some(path) => values.read(path, SIGNED_VALUE_BYTES_MAX),
        None => Err(Defect::new(Reason::EntryMissing, "", "there is no signature value")),
    };
    read.map_err(|defect| checks.fail(CRYPTOGRAPHY, "structure", defect.code, defect.to_string())).ok()
}

/// `is_vouched`: an integrity list that names every entry is by a signer of this file; then nothing is contraband.
fn coverage(
    ofd: &Ofd<'_>,
    index: usize,
    later_valid: &[bool],
    is_vouched: bool,
    signature: &mut SignatureReport,
) -> Coverage {
    let mut found = ofd.coverage(index, later_valid);
    if is_vouched {
        found.unreferenced.clear();
    }
    let detail =
        |names: &[String]| format!("{} entries, the first {}", names.len(), names.first().map_or("", |name| name));
    let checks = &mut signature.checks;
    let policy = Weight::Policy;
    if let [root] = found.unprotected_content.as_slice()
        && root == ofd.root_name()
    {
        let why = "everything that is shown is protected; what OFD.xml says of the licence is not";
        checks.unknown(policy, "coverage", Reason::OfdXmlUnprotected, why);
    } else if let [_, ..] = found.unprotected_content.as_slice() {
        checks.fail(policy, "coverage", Reason::UnprotectedContent, detail(&found.unprotected_content));
    } else if found.complete {
        checks.pass(policy, "coverage");
    } else {
        let codes = ofd.defects().iter().map(|defect| defect.code).filter(|code| code.severity() == Severity::Check);
        // A link to nowhere leaves nothing unread, unless it was to lead to the document itself.
        let code = codes.min_by_key(|code| matches!(code, Reason::EntryMissing | Reason::LocationOutside));
        let why = "not everything that the document refers to could be read";
        checks.unknown(policy, "coverage", code.unwrap_or(Reason::OfdStructure), why);
    }
    let none = found.unreferenced.is_empty();
    checks.verify(policy, "unreferenced", none, Reason::UnreferencedEntry, detail(&found.unreferenced));
    found
}

/// GM/T 0099: the list must name exactly the package's entries, and its signature must hold.
fn integrity(from: &mut Reading<'_, '_, '_>, list: &IntegrityList, options: &Options<'_>) -> IntegrityReport {
    let mut signature = SignatureReport::new("", "Sign");
    files(&list.defects, &mut signature);
    let complete = list.unlisted_entries.is_empty() && list.missing_entries.is_empty();
    let detail = format!("{} not listed, {} missing", list.unlisted_entries.len(), list.missing_entries.len());
    signature.checks.verify(Weight::Policy, "integrity_list", complete, Reason::IntegrityList, detail);
    let value = read_value(from.values, list.signed_value_path.as_deref(), &mut signature.checks);
    if let Some(value) = value {
        let source = Source::of(&value, "the signature value");
        let context = Context { xml: Some(&list.xml), ..Context::alone(&source) };
        judge_source(&context, options, &mut signature);
    }
    signature.conclude();
    IntegrityReport {
        path: shown(&list.path),
        unlisted_entries: from.names.shown(list.unlisted_entries.clone()),
        missing_entries: from.names.shown(list.missing_entries.clone()),
        signature,
    }
}

/// Names the entries that a signature protects and nobody sees.
fn not_shown(names: &[String], warnings: &mut Vec<Warning>) {
    if let [first, ..] = names {
        let detail = format!("{} entries, the first {first}", names.len());
        warnings.push(Warning::new(Reason::EntryNotShown, detail));
    }
}

/// What `OFD.xml` says of the licence. `is_protected`: whether a signature of the file protects it, where there are signatures. Otherwise
/// anybody may have written it: the identifier is a guess, and the rest is left out.
fn licence(metadata: &Metadata, is_protected: bool, warnings: &mut Vec<Warning>) -> LicenceFacts {
    let checked =
        metadata.licence_id.as_deref().map(|text| LicenceId::parse(text, LicenceProfile::Lenient).map(|_| ()));
    if let Some(Err(error)) = &checked {
        // The identifier itself is not repeated: logs keep details, and it belongs to a person's affairs.
        let detail = match error {
            IdError::CheckCharacter { expected, found } => {
                format!("the check character is {found}, computed {expected}")
            }
            other => other.code().as_str().to_owned(),
        };
        warnings.push(Warning::new(Reason::IdCheckChar, detail));
    }
    LicenceFacts {
        identifier: metadata.licence_id.clone(),
        identifier_source: metadata.licence_id_source.clone(),
        identifier_stated: metadata.is_licence_id_stated && is_protected,
        identifier_valid: checked.map(|result| result.is_ok()),
        is_protected,
        fields: if is_protected { metadata.fields.clone() } else { BTreeMap::new() },
    }
}
