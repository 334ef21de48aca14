//! Sealed files made by the sample maker, taken in and joined with what a ledger might say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

use huxin_chain_spec::api::{AsOfAnswer, LicenceAnswer};
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, verify_seal};
use huxin_chain_spec::ids::{BasisCode, LicenceId, LicenceIssuer, LicenceRef, ProvinceCode, RecordIndex, TimeMs};
use huxin_chain_spec::record::governance::TrustRole;
use huxin_chain_spec::record::seal::{Seal, SealAddress};
use huxin_chain_spec::state::StatusChanged;
use huxin_chain_spec::state::governance::TrustState;
use huxin_chain_spec::state::seal::{SealSignatureState, SealState, SealStatus};
use huxin_chain_spec::verdict::{Check, CheckResult, Verdict};
use huxin_document::TrustList;
use huxin_samples::{Catalogue, SIGNED_AT};
use tempfile::TempDir;

use super::*;
use crate::error::ClientError;
use crate::sdk::Verified;

/// The samples on disk.
struct Samples {
    folder: TempDir,
    catalogue: Catalogue,
}

impl Samples {
    fn new() -> Self {
        let (folder, catalogue) = (tempfile::tempdir().unwrap(), Catalogue::new(SIGNED_AT).unwrap());
        std::fs::create_dir(folder.path().join("trust")).unwrap();
        for (name, bytes) in catalogue.trust().unwrap() {
            std::fs::write(folder.path().join("trust").join(name), bytes).unwrap();
        }
        Self { folder, catalogue }
    }

    /// `ofd/ok_v4.ofd` and the like.
    fn file(&self, name: &str) -> PathBuf {
        let sample = self.catalogue.get(name).unwrap();
        let path = self.folder.path().join(Path::new(name).file_name().unwrap());
        std::fs::write(&path, self.catalogue.make(sample).unwrap()).unwrap();
        path
    }

    fn trust(&self) -> TrustList {
        trust_list(Some(&self.folder.path().join("trust"))).unwrap().unwrap()
    }

    fn examined(&self, name: &str) -> Examined {
        examine(&self.file(name), Some(&self.trust()), None).unwrap()
    }

    fn filed(&self) -> Seal {
        let stated = Stated { maker: Some("11100000000013338W".parse().unwrap()), ..Stated::default() };
        seal_from_file(&self.file("seals/ok_v4.esl"), &stated, Some(&self.trust())).unwrap().seal
    }
}

fn reasons(error: &ClientError) -> Vec<&'static str> {
    match error {
        ClientError::Document { reasons, .. } => reasons.clone(),
        other => panic!("{other}"),
    }
}

#[test]
fn a_sound_file_says_everything_a_licence_needs() {
    let samples = Samples::new();
    let admitted = admit(&samples.examined("ofd/ok_v4.ofd"), None, None).unwrap();
    let spec = samples.catalogue.licence(samples.catalogue.get("ofd/ok_v4.ofd").unwrap()).unwrap();
    assert_eq!(admitted.id.unwrap().to_string(), spec.identifier().unwrap());
    assert_eq!(admitted.seal.unwrap().seal.as_str(), spec.seal_id);
    assert!(admitted.metadata.is_some());
    let (from, until) = (admitted.valid_from_ms.unwrap(), admitted.valid_until_ms.unwrap());
    assert_eq!(from, "2026-06-01".parse::<TimeMs>().unwrap());
    // The last day belongs to the validity.
    assert_eq!(until, "2031-06-01".parse::<TimeMs>().unwrap());
    assert!(admitted.warnings.is_empty(), "{:?}", admitted.warnings);
}

/// Such a date became today, or no end at all.
#[test]
fn a_date_that_cannot_be_read_is_told_and_not_passed_over() {
    let samples = Samples::new();
    let mut examined = samples.examined("ofd/ok_v4.ofd");
    let mut with = |field: &str, text: &str| {
        let fields = &mut examined.report.licence.as_mut().unwrap().fields;
        fields.insert(field.to_owned(), text.to_owned());
        admit(&examined, None, None).unwrap()
    };
    let place =
        |admitted: &Admitted, from: bool, until: bool| admitted.check_dates(from, until).err().map(|e| e.body().place);
    let old = with("ZZYXQQSRQ", "1956年5月1日");
    assert_eq!((old.valid_from_ms, place(&old, false, false)), (Some("1956-05-01".parse().unwrap()), None));
    let from = with("ZZYXQQSRQ", "批准之日");
    assert_eq!((from.valid_from_ms, place(&from, false, true).as_deref()), (None, Some("--valid-from")));
    assert_eq!(place(&from, true, false), None, "the command line says it");
    let until = with("ZZYXQJZRQ", "2031-13-01");
    assert_eq!((until.valid_until_ms, place(&until, true, false).as_deref()), (None, Some("--valid-until")));
    let no_end = with("ZZYXQJZRQ", "长期");
    assert_eq!((no_end.valid_until_ms, place(&no_end, true, false)), (None, None));
}

#[test]
fn a_file_whose_checks_fail_is_refused_with_their_codes() {
    let samples = Samples::new();
    for (name, code) in [
        ("ofd/bad_page_byte.ofd", "REFERENCE_DIGEST"),
        ("ofd/bad_signature_value.ofd", "SIGNATURE_VALUE"),
        ("ofd/bad_seal_name_forged.ofd", "SEAL_SIGNATURE"),
        ("ofd/bad_wrong_signer.ofd", "SIGNER_NOT_IN_SEAL_CERT_LIST"),
        ("ofd/bad_rogue_maker.ofd", "UNTRUSTED_MAKER"),
        ("ofd/bad_revoked_before_signing.ofd", "CERT_REVOKED_BEFORE_SIGNING"),
        ("ofd/bad_unprotected_page.ofd", "UNPROTECTED_CONTENT"),
        ("ofd/bad_extra_entry.ofd", "UNREFERENCED_ENTRY"),
        ("ofd/bad_zip_duplicate_name.ofd", "ZIP_DUPLICATE_NAME"),
        ("ofd/unsigned.ofd", "UNSIGNED"),
        ("ofd/unknown_bare_value.ofd", "CERT_NOT_EMBEDDED"),
    ] {
        let examined = samples.examined(name);
        let error = admit(&examined, None, None).unwrap_err();
        assert!(reasons(&error).contains(&code), "{name}: {error}");
        assert_eq!((error.code(), error.exit_code()), ("client.document", crate::error::ExitCode::Refused));
        let reason: BasisCode = "SDYZ-1".parse().unwrap();
        admit(&examined, None, Some(&reason)).unwrap();
    }
    let needless = admit(&samples.examined("ofd/ok_v4.ofd"), None, Some(&"SDYZ-1".parse().unwrap())).unwrap_err();
    assert_eq!(needless.code(), "client.input");
}

/// Sound files of the field were refused for how they are written.
#[test]
fn files_as_systems_of_the_field_write_them_are_admitted() {
    let samples = Samples::new();
    let mut admitted = 0;
    for sample in samples.catalogue.samples().iter().filter(|sample| sample.file.starts_with("field/")) {
        let examined = samples.examined(sample.file);
        let is_odd = !sample.expected.warnings.is_empty() || !sample.expected.reasons.is_empty();
        if sample.file.ends_with(".ofd") && !sample.file.starts_with("field/bad_") {
            let found = admit(&examined, None, None).unwrap_or_else(|error| panic!("{}: {error}", sample.file));
            assert_eq!(!found.warnings.is_empty(), is_odd, "{}: {:?}", sample.file, found.warnings);
            // What stands in an OFD.xml that no signature protects is nobody's word.
            let is_open = sample.file.contains("ofd_xml_unprotected");
            assert_eq!(found.id.is_none() && found.metadata.is_none() && found.valid_until_ms.is_none(), is_open);
            admitted += 1;
        }
        if sample.file.ends_with(".esl") {
            assert_eq!(examined.report.cryptography, huxin_document::report::Verdict::Valid, "{}", sample.file);
        }
    }
    assert!(admitted > 30, "{admitted}");
}

/// What could not be checked for want of a trust list is no reason to refuse a file.
#[test]
fn a_sound_file_needs_no_trust_list() {
    let samples = Samples::new();
    let examined = examine(&samples.file("ofd/bad_rogue_maker.ofd"), None, None).unwrap();
    admit(&examined, None, None).unwrap();
}

#[test]
fn other_files_are_recorded_by_their_digests_alone() {
    let samples = Samples::new();
    let examined = samples.examined("ofd/unknown_text.txt");
    assert!(!examined.is_judged());
    assert_eq!(admit(&examined, None, None).unwrap(), Admitted::default());
    let bytes = std::fs::read(&examined.path).unwrap();
    assert_eq!(examined.document.sha256, DigestAlgorithm::Sha256.plain(&[&bytes]));
    assert_eq!(examined.document.sm3, Some(DigestAlgorithm::Sm3.plain(&[&bytes])));
}

/// A PDF file says nothing of identifier and dates: digests and seal are taken, the rest comes from the command line.
#[test]
fn a_signed_pdf_file_gives_its_digests_and_its_seal() {
    let samples = Samples::new();
    let examined = samples.examined("pdf/ok_seal_v4.pdf");
    let admitted = admit(&examined, None, None).unwrap();
    let spec = samples.catalogue.licence(samples.catalogue.get("pdf/ok_seal_v4.pdf").unwrap()).unwrap();
    assert_eq!(admitted.seal.as_ref().unwrap().seal.as_str(), spec.seal_id);
    assert_eq!(Admitted { seal: None, ..admitted }, Admitted::default());
    assert!(admit(&examined, None, Some(&"SDYZ-1".parse().unwrap())).is_err());
    for (name, code) in [
        ("pdf/bad_altered.pdf", "DOCUMENT_DIGEST"),
        ("pdf/bad_page_replaced.pdf", "PDF_CHANGED_LATER"),
        ("pdf/bad_range_wide_gap.pdf", "PDF_BYTE_RANGE"),
        ("pdf/bad_rogue_signer.pdf", "UNTRUSTED_SIGNER"),
    ] {
        let examined = samples.examined(name);
        assert!(reasons(&admit(&examined, None, None).unwrap_err()).contains(&code), "{name}");
        admit(&examined, None, Some(&"SDYZ-1".parse().unwrap())).unwrap();
    }
    // What is not known is recorded by its digests, and names no seal.
    for name in ["pdf/unknown_rsa_sha1.pdf", "pdf/unknown_no_byte_range.pdf", "pdf/unsigned.pdf"] {
        assert_eq!(admit(&samples.examined(name), None, None).unwrap().seal, None, "{name}");
    }
    assert!(!samples.examined("pdf/unsigned.pdf").is_judged());
}

#[test]
fn a_seal_is_filed_as_its_file_says() {
    let samples = Samples::new();
    let seal = samples.filed();
    let agency = samples.catalogue.licence(samples.catalogue.get("ofd/ok_v4.ofd").unwrap()).unwrap().agency;
    assert_eq!(seal.owner.to_string(), agency.code);
    assert_eq!((seal.keys.len(), seal.certificates.len()), (1, 1));
    assert_eq!(seal.valid_until_ms.0 % 60_000, 1_000, "the last second belongs to the validity");
    // A list of digests names no key.
    let (stated, path) = (Stated::default(), samples.file("seals/ok_v4_cert_digests.esl"));
    let maker = Stated { maker: Some(seal.maker), ..stated };
    let error = seal_from_file(&path, &maker, None).unwrap_err();
    assert!(error.to_string().contains("--seal-key"), "{error}");
    let keyed = Stated { keys: seal.keys.clone(), ..maker.clone() };
    let by_digest = seal_from_file(&path, &keyed, None).unwrap().seal;
    assert_eq!((by_digest.certificates, by_digest.keys), (seal.certificates, seal.keys));
    for (name, code) in [
        ("seals/bad_name_forged.esl", "SEAL_SIGNATURE"),
        ("seals/bad_trailing_byte.esl", "TRAILING_BYTES"),
        ("seals/bad_rogue_maker.esl", "UNTRUSTED_MAKER"),
    ] {
        let error = seal_from_file(&samples.file(name), &maker, Some(&samples.trust())).unwrap_err();
        assert!(reasons(&error).contains(&code), "{name}: {error}");
    }
    let not_a_seal = seal_from_file(&samples.file("ofd/ok_v4.ofd"), &maker, None).unwrap_err();
    assert_eq!(not_a_seal.code(), "client.input");
}

/// What goes on the ledger verifies there under the key that was filed with the seal.
#[test]
fn a_recorded_signature_verifies_under_the_filed_key() {
    let samples = Samples::new();
    let filed = samples.filed();
    for name in ["ofd/ok_v4.ofd", "ofd/ok_v4_raw.ofd", "ofd/ok_v1.ofd", "ofd/ok_v5.ofd"] {
        let examined = samples.examined(name);
        let record = signature_record(&examined, &examined.report.signatures[0], None).unwrap();
        let key = filed.keys.iter().find(|key| key.id() == record.key).unwrap();
        assert!(verify_seal(key, &record.message, &record.signature), "{name}");
        assert!(!verify_seal(key, &Digest([1; 32]), &record.signature));
        assert!(filed.certificates.contains(&record.certificate));
        assert_eq!((record.address, record.document), (filed.address(), examined.document));
    }
    let other = SealAddress { province: "310000".parse().unwrap(), seal: "S-1".parse().unwrap() };
    let examined = samples.examined("ofd/ok_v4.ofd");
    assert!(signature_record(&examined, &examined.report.signatures[0], Some(other)).is_err());
    let plain = samples.examined("ofd/ok_gbt35275.ofd");
    assert!(signature_record(&plain, &plain.report.signatures[0], None).is_err(), "it has no seal");
}

const SIGNED: &str = "2026-06-01T08:00:00Z";

fn time(text: &str) -> TimeMs {
    text.parse().unwrap()
}

/// A seal filed and put into use long before it signed, and what happened to it since: status, effective time, time of the record.
fn seal_state(seal: &Seal, since: &[(SealStatus, &str, &str)]) -> SealState {
    seal_filed(seal, "2026-02-01", &[&[(SealStatus::Active, "2026-02-01", "2026-02-01")], since].concat())
}

/// A seal filed at this time, and every change of it.
fn seal_filed(seal: &Seal, filed: &str, changes: &[(SealStatus, &str, &str)]) -> SealState {
    let entry = |&(status, effective, recorded): &(SealStatus, &str, &str)| StatusChanged {
        status,
        effective_ms: time(effective),
        recorded_ms: time(recorded),
        changed_by: RecordIndex(2),
    };
    let filing = (SealStatus::Registered, "2026-01-01", filed);
    let mut earlier: Vec<_> = [&filing].into_iter().chain(changes).map(entry).collect();
    let latest = earlier.pop().unwrap();
    SealState {
        status: latest.status,
        seal: seal.clone(),
        registrar: seal.owner,
        maker_trusted: false,
        registered_by: RecordIndex(1),
        changed_by: latest.changed_by,
        effective_ms: latest.effective_ms,
        recorded_ms: latest.recorded_ms,
        predecessor: None,
        successor: None,
        earlier,
    }
}

/// A ledger that knows the seal, and proves that the signature existed at a time.
fn facts(proven: Option<&str>, seal: Option<SealState>) -> LedgerFacts {
    let signature = SignatureOnLedger {
        address: seal.as_ref().map(|state| state.seal.address()),
        time: SigningTime::new(Some(time(SIGNED)), proven.map(time)),
        seal,
        ..SignatureOnLedger::default()
    };
    LedgerFacts { signatures: vec![signature], has_every_authority: true, ..LedgerFacts::default() }
}

/// A ledger that knows nothing of the file's seals.
fn nothing() -> LedgerFacts {
    facts(None, None)
}

fn answer(verdict: Verdict, licence: Option<LicenceAnswer>) -> Verified {
    Verified {
        verdict,
        proven: true,
        checks: vec![
            Check::new("identifier", CheckResult::Unknown, "identifier.not_given", "", ""),
            Check::new("seal", CheckResult::Unknown, "seal.not_checked", "", ""),
        ],
        as_of: AsOfAnswer { height: 1, time_ms: 1, time: String::new() },
        not_checked: vec!["seal".to_owned()],
        licence,
        records: Vec::new(),
        node: String::new(),
        warnings: Vec::new(),
        receipt: None,
        proven_height: 1,
    }
}

fn licence_answer(examined: &Examined, id: &str, exception: Option<&str>) -> LicenceAnswer {
    let id: LicenceId = id.parse().unwrap();
    let LicenceIssuer::Organisation(issuer) = id.issuer() else { panic!("{id}") };
    let issuer = issuer.to_string();
    LicenceAnswer {
        licence: LicenceRef::of(DigestAlgorithm::Sha256, &id).to_string(),
        licence_type: id.licence_type().to_string(),
        issuer,
        province: String::new(),
        region: String::new(),
        version: id.version(),
        status: "issued".to_owned(),
        document_sha256: examined.document.sha256.to_string(),
        document_sm3: None,
        document_bytes: 1,
        seal: None,
        exception: exception.map(str::to_owned),
        valid_from: String::new(),
        valid_until: None,
        record: 1,
        recorded_time: String::new(),
        successor: None,
        changes: Vec::new(),
        issued_document_sha256: None,
        corrections: Vec::new(),
        attachments: Vec::new(),
        annual_checks: Vec::new(),
    }
}

fn joined(verified: Verified, examined: &Examined, facts: &LedgerFacts) -> FileAnswer {
    join(verified, Judged { examined, has_list: true, algorithm: DigestAlgorithm::Sha256 }, facts)
}

fn check<'a>(answer: &'a FileAnswer, name: &str) -> (CheckResult, &'a str) {
    let check = answer.verified.checks.iter().find(|check| check.name == name).unwrap();
    (check.result, &check.code)
}

/// Which state of the seal counted when it signed, and what that makes of the answer.
#[test]
fn the_seal_counts_as_of_the_time_of_signing() {
    use SealStatus as S;
    let samples = Samples::new();
    let (examined, seal) = (samples.examined("ofd/ok_v4.ofd"), samples.filed());
    let since = |changes: &[(S, &str, &str)]| seal_state(&seal, changes);
    let filed = |filed: &str, changes: &[(S, &str, &str)]| seal_filed(&seal, filed, changes);
    let (before, after, proof) = ("2026-05-01", "2026-07-01", "2026-06-02");
    type Row<'a> = (Option<&'a str>, SealState, CheckResult, &'static str, Verdict);
    let (pass, fail, unknown) = (CheckResult::Pass, CheckResult::Fail, CheckResult::Unknown);
    let (valid, invalid) = (Verdict::Valid, Verdict::Invalid);
    let suspended = (S::Suspended, before, before);
    let rows: [Row<'_>; 17] = [
        (None, since(&[]), pass, "seal.active", valid),
        // Out of use since: only a proof of the time shows that it signed before.
        (None, since(&[(S::Suspended, after, after)]), unknown, "seal.time_unproven", valid),
        (None, since(&[(S::Cancelled, after, after)]), unknown, "seal.time_unproven", valid),
        (Some(proof), since(&[(S::Cancelled, after, after)]), pass, "seal.active", valid),
        // Proven only after it was suspended.
        (
            Some(proof),
            since(&[(S::Suspended, proof, proof), (S::Active, after, after)]),
            unknown,
            "seal.time_unproven",
            valid,
        ),
        // Recorded later with an earlier effect: it was out of use, and lifting that since does not hide it.
        (Some(proof), since(&[(S::Suspended, before, after)]), fail, "SEAL_SUSPENDED", invalid),
        (
            Some(proof),
            since(&[(S::Suspended, before, after), (S::Active, after, after)]),
            fail,
            "SEAL_SUSPENDED",
            invalid,
        ),
        (Some(proof), since(&[(S::Cancelled, before, after)]), fail, "SEAL_REVOKED", invalid),
        (Some(proof), since(&[(S::Invalidated, before, after)]), fail, "SEAL_REVOKED", invalid),
        (Some(proof), since(&[(S::Invalidated, after, after)]), pass, "seal.active", valid),
        (None, since(&[suspended, (S::Active, after, after)]), fail, "SEAL_SUSPENDED", invalid),
        // Back in use from before it signed, but said so only afterwards.
        (None, since(&[suspended, (S::Active, before, after)]), unknown, "seal.active_by_later_record", valid),
        (None, since(&[(S::Replaced, before, before)]), fail, "SEAL_REVOKED", invalid),
        (None, filed(before, &[(S::Active, after, after)]), fail, "seal.not_yet_active", invalid),
        // Announced for a little later.
        (Some(SIGNED), since(&[(S::Suspended, after, before)]), pass, "seal.active", valid),
        (None, filed(after, &[(S::Active, after, after)]), unknown, "seal.registered_later", valid),
        (None, filed(before, &[(S::Active, before, after)]), unknown, "seal.active_by_later_record", valid),
    ];
    for (number, (proven, seal, result, code, verdict)) in rows.into_iter().enumerate() {
        let answer = joined(answer(Verdict::Valid, None), &examined, &facts(proven, Some(seal)));
        assert_eq!(check(&answer, "seal"), (result, code), "row {number}");
        assert_eq!(answer.verified.verdict, verdict, "row {number}");
        assert_eq!(answer.ledger_verdict, Verdict::Valid);
        assert!(answer.verified.not_checked.is_empty(), "the seal was looked at");
    }
    let unfiled = joined(answer(Verdict::Valid, None), &examined, &nothing());
    assert_eq!(check(&unfiled, "seal"), (CheckResult::Unknown, "seal.not_registered"));
}

/// A signing time names a second. What else happened in that second is judged by the ledger's own time, to the millisecond.
#[test]
fn the_second_of_signing_is_no_instant() {
    use SealStatus as S;
    let samples = Samples::new();
    let (examined, seal) = (samples.examined("ofd/ok_v4.ofd"), samples.filed());
    let since = |changes: &[(S, &str, &str)]| Some(seal_state(&seal, changes));
    let (recorded, out_of_use) = ("2026-06-01T08:00:00.194Z", "2026-06-01T08:00:00.843Z");
    let time = SigningTime::new(Some(time(SIGNED)), Some(time(recorded)));
    assert_eq!(time.claimed_ms, time.proven_ms, "it existed when it was recorded");
    assert_eq!(
        SigningTime::new(time.claimed_from_ms, None).claimed_ms,
        Some(TimeMs(time.claimed_from_ms.unwrap().0 + 999))
    );
    let early = SigningTime::new(Some(TimeMs(i64::from(u32::MAX) * 1_000)), time.proven_ms);
    assert_eq!(early.claimed_from_ms, time.proven_ms, "a fast clock makes nothing later than its record");
    let ask = |proven: Option<&str>, seal: Option<SealState>| {
        let answer = joined(answer(Verdict::Valid, None), &examined, &facts(proven, seal));
        (check(&answer, "seal").1.to_owned(), answer.verified.verdict)
    };
    for status in [S::Suspended, S::Cancelled, S::Replaced, S::Invalidated] {
        let seal = since(&[(status, out_of_use, out_of_use)]);
        assert_eq!(ask(Some(recorded), seal.clone()), ("seal.active".to_owned(), Verdict::Valid));
        // Not recorded: nobody knows which came first.
        assert_eq!(ask(None, seal), ("seal.time_unproven".to_owned(), Verdict::Valid), "{status:?}");
    }
    // Suspended before that second, and cancelled within it: it was in use at no time of it.
    let never = since(&[(S::Suspended, "2026-05-01", "2026-05-01"), (S::Cancelled, out_of_use, out_of_use)]);
    assert_eq!(ask(None, never), ("SEAL_REVOKED".to_owned(), Verdict::Invalid));
    // Recorded ahead of its effect: what counted before is in the history.
    let announced = since(&[(S::Cancelled, "2026-06-01T08:05:00Z", "2026-06-01T07:59:00Z")]);
    assert_eq!(ask(Some(recorded), announced.clone()), ("seal.active".to_owned(), Verdict::Valid));
    assert_eq!(ask(None, announced), ("seal.time_unproven".to_owned(), Verdict::Valid));
    let put_into_use = Some(seal_filed(&seal, "2026-02-01", &[(S::Active, out_of_use, out_of_use)]));
    assert_eq!(ask(None, put_into_use), ("seal.active".to_owned(), Verdict::Valid));
}

#[test]
fn a_seal_of_the_same_number_with_another_certificate_is_another_seal() {
    let samples = Samples::new();
    let (examined, filed) = (samples.examined("ofd/ok_v4.ofd"), samples.filed());
    let changes: [fn(&mut Seal); 3] = [
        |seal| seal.certificates = vec![Digest([1; 32])],
        |seal| seal.maker_certificate = Digest([1; 32]),
        |seal| seal.keys.clear(),
    ];
    for change in changes {
        let mut seal = filed.clone();
        change(&mut seal);
        let answer = joined(answer(Verdict::Valid, None), &examined, &facts(None, Some(seal_state(&seal, &[]))));
        assert_eq!(check(&answer, "seal"), (CheckResult::Unknown, "seal.other_certificates"));
        assert_eq!(check(&answer, "seal_now").0, CheckResult::Unknown);
        assert_eq!(answer.verified.verdict, Verdict::Valid, "two authorities may number their seals alike");
    }
}

/// What the file says weighs on every verdict of the ledger, and what nobody knows on none.
#[test]
fn file_and_ledger_join() {
    let samples = Samples::new();
    let rows = [
        ("ofd/ok_v4.ofd", "file", CheckResult::Pass, "file.sound", false),
        ("ofd/bad_page_byte.ofd", "file", CheckResult::Fail, "REFERENCE_DIGEST", true),
        ("ofd/bad_seal_name_forged.ofd", "file", CheckResult::Fail, "SEAL_SIGNATURE", true),
        ("ofd/bad_rogue_maker.ofd", "maker", CheckResult::Fail, "UNTRUSTED_MAKER", true),
        ("ofd/bad_unprotected_page.ofd", "coverage", CheckResult::Fail, "UNPROTECTED_CONTENT", true),
        ("ofd/bad_extra_entry.ofd", "coverage", CheckResult::Fail, "UNREFERENCED_ENTRY", true),
        ("ofd/bad_revoked_before_signing.ofd", "revocation", CheckResult::Fail, "CERT_REVOKED_BEFORE_SIGNING", true),
        (
            "ofd/unknown_maker_expired_at_creation.ofd",
            "file",
            CheckResult::Unknown,
            "MAKER_CERT_NOT_VALID_AT_CREATE",
            false,
        ),
        ("field/unknown_bytes_behind.ofd", "file", CheckResult::Unknown, "BYTES_AROUND_PACKAGE", false),
        ("field/unknown_ofd_xml_unprotected.ofd", "coverage", CheckResult::Unknown, "OFD_XML_UNPROTECTED", false),
        ("ofd/bad_zip_duplicate_name.ofd", "file", CheckResult::Fail, "ZIP_DUPLICATE_NAME", true),
        ("ofd/bad_xml_dtd.ofd", "file", CheckResult::Fail, "XML_DTD", true),
    ];
    for (name, check_name, result, code, is_invalid) in rows {
        let examined = samples.examined(name);
        for verdict in [Verdict::Valid, Verdict::Revoked, Verdict::Unknown] {
            let answer = joined(answer(verdict, None), &examined, &nothing());
            assert_eq!(check(&answer, check_name), (result, code), "{name}");
            let expected = if is_invalid { Verdict::Invalid } else { verdict };
            assert_eq!((answer.verified.verdict, answer.ledger_verdict), (expected, verdict), "{name}");
        }
    }
    let unsigned = samples.examined("ofd/unsigned.ofd");
    let answer = joined(answer(Verdict::Unknown, None), &unsigned, &LedgerFacts::default());
    assert_eq!(check(&answer, "file"), (CheckResult::Unknown, "file.unsigned"));
    assert_eq!(answer.verified.verdict, Verdict::Unknown, "unknown is never invalid");
}

/// Whatever the list says of a file, `verify` is never milder than the file's own checks.
#[test]
fn nothing_that_fails_in_a_file_is_valid_when_it_is_recorded() {
    let samples = Samples::new();
    for sample in samples.catalogue.samples().iter().filter(|sample| sample.file.starts_with("ofd/")) {
        let examined = samples.examined(sample.file);
        let known = LedgerFacts {
            signatures: (0..examined.report.signatures.len())
                .map(|position| SignatureOnLedger { position, ..SignatureOnLedger::default() })
                .collect(),
            has_every_authority: true,
            ..LedgerFacts::default()
        };
        let joined = joined(answer(Verdict::Valid, None), &examined, &known);
        let is_bad = examined.report.verdict == huxin_document::report::Verdict::Invalid;
        let expected = if is_bad { Verdict::Invalid } else { Verdict::Valid };
        assert_eq!(joined.verified.verdict, expected, "{}: {:?}", sample.file, examined.report.reasons);
    }
}

/// An issuer may answer for what no signature covers, of the very file that it recorded; never for what is forged.
#[test]
fn an_exception_covers_the_very_file_and_no_forgery() {
    let samples = Samples::new();
    let excepted = |name: &str| {
        let examined = samples.examined(name);
        let id = examined.report.licence.as_ref().unwrap().identifier.clone().unwrap();
        let licence = licence_answer(&examined, &id, Some("SDYZ-1"));
        (examined, licence)
    };
    let (examined, licence) = excepted("ofd/bad_unprotected_page.ofd");
    let kept = joined(answer(Verdict::Valid, Some(licence.clone())), &examined, &nothing());
    assert_eq!(kept.verified.verdict, Verdict::Valid);
    assert_eq!(check(&kept, "coverage"), (CheckResult::Fail, "UNPROTECTED_CONTENT"), "and it is still shown");
    let other = samples.examined("ofd/bad_extra_entry.ofd");
    assert_eq!(joined(answer(Verdict::Valid, Some(licence)), &other, &nothing()).verified.verdict, Verdict::Invalid);
    for name in [
        "ofd/bad_signature_value.ofd",
        "ofd/bad_page_byte.ofd",
        "ofd/bad_seal_name_forged.ofd",
        "ofd/bad_rogue_maker.ofd",
    ] {
        let (examined, licence) = excepted(name);
        let answer = joined(answer(Verdict::Valid, Some(licence)), &examined, &nothing());
        assert_eq!(answer.verified.verdict, Verdict::Invalid, "{name}");
    }
}

/// A sound file recorded under the identifier of somebody else's licence is not that licence, whoever recorded it.
#[test]
fn the_identifier_in_the_file_must_be_the_recorded_one() {
    let samples = Samples::new();
    let examined = samples.examined("ofd/ok_v4.ofd");
    let id = examined.report.licence.as_ref().unwrap().identifier.clone().unwrap();
    let ask = |licence: LicenceAnswer| joined(answer(Verdict::Valid, Some(licence)), &examined, &nothing());
    let same = ask(licence_answer(&examined, &id, None));
    assert_eq!(check(&same, "identifier"), (CheckResult::Pass, "identifier.matches"));
    let another = "1.2.156.3005.2.11100000000013338W011.113100000000000191.20260001.001.A";
    let squatted = LicenceAnswer { issuer: "11100000000013338W".to_owned(), ..licence_answer(&examined, &id, None) };
    for licence in [licence_answer(&examined, another, None), squatted] {
        let answer = ask(licence);
        assert_eq!(check(&answer, "identifier"), (CheckResult::Fail, "identifier.contradicts"));
        assert_eq!(answer.verified.verdict, Verdict::Invalid);
    }
}

#[test]
fn a_recorded_signature_is_said() {
    let samples = Samples::new();
    let (examined, seal) = (samples.examined("ofd/ok_v4.ofd"), samples.filed());
    let mut known = facts(Some("2026-06-02"), Some(seal_state(&seal, &[])));
    known.signatures[0].recorded = Some(SealSignatureState {
        recorded_by: RecordIndex(7),
        recorded_ms: time("2026-06-02"),
        claimed_ms: time(SIGNED),
        key: seal.keys[0].id(),
        certificate: seal.certificates[0],
    });
    let answer = joined(answer(Verdict::Valid, None), &examined, &known);
    assert_eq!(check(&answer, "signature_recorded"), (CheckResult::Pass, "signature.recorded"));
    assert_eq!(answer.seals[0].record, Some(7));
}

/// Only those certificates of a folder count that the provinces trust: a root of one's own making is none.
#[test]
fn the_provinces_decide_where_chains_may_end() {
    let samples = Samples::new();
    let (list, file) = (samples.trust(), samples.file("ofd/ok_v4.ofd"));
    let root = list.roots()[0].sm3();
    let entry = |role, since: &str, retired: Option<&str>| TrustState {
        role,
        sponsor: "310000".parse::<ProvinceCode>().unwrap(),
        crl: None,
        valid_until_ms: time("2100-01-01"),
        since_ms: time(since),
        retired_ms: retired.map(time),
    };
    let authority = TrustRole::CertificateAuthority;
    let retired = |at: &str| Some(entry(authority, "2026-01-01", Some(at)));
    // Entry, whether the time of signing is proven, whether the folder holds every authority, the answer.
    let rows = [
        (None, false, true, "UNTRUSTED_MAKER", Verdict::Invalid),
        (None, false, false, "maker.list_incomplete", Verdict::Valid),
        (Some(entry(authority, "2026-01-01", None)), false, true, "maker.chain", Verdict::Valid),
        // Listed after the signature was made, and trusted now.
        (Some(entry(authority, "2026-07-01", None)), false, true, "maker.chain", Verdict::Valid),
        // Retired since: trusted where it is proven that the signature was made before.
        (retired("2026-07-01"), true, true, "maker.chain", Verdict::Valid),
        (retired("2026-07-01"), false, true, "maker.list_incomplete", Verdict::Valid),
        (retired("2026-05-01"), true, true, "UNTRUSTED_MAKER", Verdict::Invalid),
        (
            Some(entry(TrustRole::TimeStampAuthority, "2026-01-01", None)),
            false,
            true,
            "UNTRUSTED_MAKER",
            Verdict::Invalid,
        ),
    ];
    for (number, (entry, is_proven, has_every_authority, code, verdict)) in rows.into_iter().enumerate() {
        let mut known = nothing();
        known.has_every_authority = has_every_authority;
        known.signatures[0].time.proven_ms = is_proven.then(|| time("2026-06-02"));
        known.trust.insert(root, OverTime { claimed: entry, proven: entry, now: entry });
        let trusted = trusted_by_provinces(Some(&list), &known).unwrap();
        let examined = examine(&file, Some(&trusted), None).unwrap();
        let answer = joined(answer(Verdict::Valid, None), &examined, &known);
        assert_eq!((check(&answer, "maker").1, answer.verified.verdict), (code, verdict), "row {number}");
    }
}

/// On a network that has voted on no trust authority yet, every sealed file was invalid, "does not lead to a root of the trust list".
#[test]
fn without_any_authority_on_the_ledger_the_maker_is_unknown() {
    let samples = Samples::new();
    let known = LedgerFacts { names_no_authority: true, ..nothing() };
    let trusted = trusted_by_provinces(Some(&samples.trust()), &known).unwrap();
    let examined = examine(&samples.file("ofd/ok_v4.ofd"), Some(&trusted), None).unwrap();
    let answer = joined(answer(Verdict::Valid, None), &examined, &known);
    assert_eq!(check(&answer, "maker"), (CheckResult::Unknown, "maker.no_authority"));
    assert_ne!(answer.verified.verdict, Verdict::Invalid);
}

/// A rogue maker gains nothing by claiming a time at which some authority was still trusted.
#[test]
fn a_retired_authority_excuses_no_stranger() {
    let samples = Samples::new();
    let (list, file) = (samples.trust(), samples.file("ofd/bad_rogue_maker.ofd"));
    let retired = TrustState {
        role: TrustRole::CertificateAuthority,
        sponsor: "310000".parse().unwrap(),
        crl: None,
        valid_until_ms: time("2100-01-01"),
        since_ms: time("2026-01-01"),
        retired_ms: Some(time("2026-07-01")),
    };
    let mut known = nothing();
    let entry = OverTime { claimed: Some(retired), proven: None, now: Some(retired) };
    known.trust.insert(list.roots()[0].sm3(), entry);
    let trusted = trusted_by_provinces(Some(&list), &known).unwrap();
    let examined = examine(&file, Some(&trusted), None).unwrap();
    let answer = joined(answer(Verdict::Valid, None), &examined, &known);
    assert_eq!(
        (check(&answer, "maker"), answer.verified.verdict),
        ((CheckResult::Fail, "UNTRUSTED_MAKER"), Verdict::Invalid)
    );
}

/// Without certificates at hand, a maker whom the provinces name themselves is still trusted, and any other unknown.
#[test]
fn a_maker_may_be_named_on_the_ledger() {
    let samples = Samples::new();
    let maker = samples.filed().maker_certificate;
    let examined = examine(&samples.file("ofd/ok_v4.ofd"), None, None).unwrap();
    let mut known = nothing();
    let ask = |known: &LedgerFacts| {
        let judged = Judged { examined: &examined, has_list: false, algorithm: DigestAlgorithm::Sha256 };
        let joined = join(answer(Verdict::Valid, None), judged, known);
        (check(&joined, "maker").1.to_owned(), check(&joined, "maker_now").1.to_owned(), joined.verified.verdict)
    };
    let expected = ("maker.not_checked".to_owned(), "maker_now.not_named".to_owned(), Verdict::Valid);
    assert_eq!(ask(&known), expected);
    let entry = TrustState {
        role: TrustRole::SealMaker,
        sponsor: "310000".parse().unwrap(),
        crl: None,
        valid_until_ms: time("2100-01-01"),
        since_ms: time("2026-01-01"),
        retired_ms: None,
    };
    known.trust.insert(maker, OverTime { now: Some(entry), ..OverTime::default() });
    assert_eq!(ask(&known), ("maker.named".to_owned(), "maker_now.named".to_owned(), Verdict::Valid));
}
