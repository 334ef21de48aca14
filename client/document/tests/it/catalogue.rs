//! Every sample of the catalogue (crate huxin-samples) is judged as the catalogue expects, with and without its trust list.
//!
//! Maker and judge share no code, and the expectations are written from the standards: where the two disagree, one of them is wrong.

use std::collections::BTreeSet;

use huxin_document::report::{Check, Outcome, Report, SignatureReport, Weight};
use huxin_document::trust::TrustListBuilder;
use huxin_document::{Options, Reason, TrustList, inspect};
use huxin_samples::{Catalogue, Expected, SIGNED_AT, Sample};

/// Reasons that nobody finds without a trust list.
const OF_TRUST: [&str; 5] = [
    "CERT_REVOKED_BEFORE_SIGNING",
    "REVOCATION_LIST_ABSENT",
    "SIGN_TIME_ABSENT",
    "UNTRUSTED_MAKER",
    "UNTRUSTED_SIGNER",
];

pub fn builder_of(catalogue: &Catalogue) -> TrustListBuilder {
    let mut builder = TrustListBuilder::default();
    for (name, bytes) in catalogue.trust().unwrap() {
        builder.file(&name, &bytes).unwrap();
    }
    builder
}

pub fn trust_of(catalogue: &Catalogue) -> TrustList {
    let trust = builder_of(catalogue).build();
    assert_eq!((trust.roots().len(), trust.revocation_lists()), (2, 3), "{:?}", trust.passed_over());
    trust
}

type Codes = BTreeSet<&'static str>;

/// Verdicts, reasons, warnings, and what stays undecided.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    cryptography: String,
    verdict: String,
    reasons: Codes,
    warnings: Codes,
    undecided: Codes,
}

/// The checks of the file and of its signatures. Of an integrity list only the failures count.
fn checks(report: &Report) -> impl Iterator<Item = &Check> {
    report.checks.0.iter().chain(report.signatures.iter().flat_map(|signature| &signature.checks.0))
}

impl Answer {
    fn of(report: &Report) -> Self {
        let word = |value| serde_json::to_value(value).unwrap().as_str().unwrap().to_owned();
        let list = report.integrity.iter().map(|integrity| &integrity.signature);
        let signatures: Vec<&SignatureReport> = report.signatures.iter().chain(list).collect();
        let warnings = report.warnings.iter().chain(signatures.iter().flat_map(|signature| &signature.warnings));
        let reasons: Codes = report.reasons.iter().map(|reason| reason.code()).collect();
        let unknown = checks(report).filter(|check| check.result == Outcome::Unknown);
        let undecided: Codes = unknown.filter_map(|check| check.code).map(Reason::code).collect();
        Self {
            cryptography: word(report.cryptography),
            verdict: word(report.verdict),
            warnings: warnings.map(|warning| warning.code.code()).collect(),
            undecided: undecided.difference(&reasons).copied().collect(),
            reasons,
        }
    }

    fn expected(of: &Expected) -> Self {
        let codes = |codes: &'static [&'static str]| codes.iter().copied().collect();
        Self {
            cryptography: of.cryptography.name().to_owned(),
            verdict: of.verdict.name().to_owned(),
            reasons: codes(of.reasons),
            warnings: codes(of.warnings),
            undecided: codes(of.undecided),
        }
    }

    /// What is expected where nothing is known of chains and revocation. `unjudged`: whether a chain would have been asked about.
    fn expected_without_trust(of: &Expected, unjudged: bool) -> Self {
        let mut answer = Self::expected(of);
        answer.reasons.retain(|code| !OF_TRUST.contains(code));
        // Nobody asks for a revocation list where no chain is known.
        answer.undecided.remove("REVOCATION_LIST_ABSENT");
        if unjudged {
            answer.undecided.insert("TRUST_LIST_ABSENT");
        }
        let stays = answer.verdict == "unsigned" || (answer.verdict == "invalid" && !answer.reasons.is_empty());
        if !stays {
            "unknown".clone_into(&mut answer.verdict);
        }
        answer
    }
}

fn judge(sample: &Sample, bytes: &[u8], trust: Option<&TrustList>) -> Report {
    let report = inspect(bytes, &Options { trust, at: None });
    // Every check that did not pass says why, and what failed is among the reasons.
    for check in checks(&report) {
        assert_eq!(check.code.is_none(), check.result == Outcome::Pass, "{}: {check:?}", sample.file);
        let counts = check.result == Outcome::Fail && check.weight != Weight::Note;
        assert!(!counts || report.reasons.contains(&check.code.unwrap()), "{}: {check:?}", sample.file);
    }
    report
}

#[test]
fn every_sample_is_judged_as_expected_with_the_trust_list() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let trust = trust_of(&catalogue);
    for sample in catalogue.samples() {
        let report = judge(sample, &catalogue.make(sample).unwrap(), Some(&trust));
        assert_eq!(Answer::of(&report), Answer::expected(&sample.expected), "{}: {report:#?}", sample.file);
    }
    assert!(catalogue.samples().len() > 90, "{}", catalogue.samples().len());
}

#[test]
fn without_a_trust_list_chains_are_unknown_and_the_rest_is_the_same() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    for sample in catalogue.samples() {
        let report = judge(sample, &catalogue.make(sample).unwrap(), None);
        let mut asked = false;
        for check in
            checks(&report).filter(|check| check.name.ends_with("_chain") || check.name.ends_with("_revocation"))
        {
            let found = (check.result, check.code);
            assert_eq!(found, (Outcome::Unknown, Some(Reason::TrustListAbsent)), "{}: {check:?}", sample.file);
            asked = true;
        }
        let expected = Answer::expected_without_trust(&sample.expected, asked);
        assert_eq!(Answer::of(&report), expected, "{}: {report:#?}", sample.file);
        // Whoever signed with a certificate is asked about.
        let has_certificate = report.signatures.iter().any(|signature| signature.signer.is_some());
        assert!(asked || !has_certificate, "{}", sample.file);
    }
}

/// A revocation list that another key signed in the name of a trusted authority changes no answer: it neither revokes nor counts as
/// the list that is missing.
#[test]
fn forged_revocation_lists_change_nothing() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let mut builder = builder_of(&catalogue);
    for (name, list) in catalogue.forged_lists().unwrap() {
        builder.file(name, &list).unwrap();
    }
    let trust = builder.build();
    assert_eq!(trust.revocation_lists(), 3);
    let passed_over: Vec<&str> = trust.passed_over().iter().map(|one| one.place.as_str()).collect();
    assert!(passed_over.contains(&"forged-root") && passed_over.contains(&"forged-silent-branch"), "{passed_over:?}");
    for sample in catalogue.samples() {
        let report = judge(sample, &catalogue.make(sample).unwrap(), Some(&trust));
        assert_eq!(Answer::of(&report), Answer::expected(&sample.expected), "{}", sample.file);
    }
}

/// The same seals and signers, when the trust list has nothing: nobody is trusted.
#[test]
fn with_a_trust_list_of_others_no_sealed_sample_is_valid() {
    let catalogue = Catalogue::new(SIGNED_AT).unwrap();
    let mut builder = TrustListBuilder::default();
    let rogue = catalogue.pki().unwrap().into_iter().find(|(name, _)| name == "rogue-root.crt").unwrap();
    builder.file("rogue-root.crt", &rogue.1).unwrap();
    let trust = builder.build();
    assert_eq!(trust.roots().len(), 1);
    for sample in catalogue.samples().iter().filter(|sample| sample.expected == Expected::VALID) {
        let report = judge(sample, &catalogue.make(sample).unwrap(), Some(&trust));
        let answer = Answer::of(&report);
        assert_eq!((answer.cryptography.as_str(), answer.verdict.as_str()), ("valid", "invalid"), "{}", sample.file);
        let untrusted = Codes::from(["UNTRUSTED_MAKER", "UNTRUSTED_SIGNER"]);
        assert!(!answer.reasons.is_empty() && answer.reasons.is_subset(&untrusted), "{}: {answer:?}", sample.file);
    }
}
