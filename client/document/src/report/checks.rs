//! Checks, and the verdicts that are drawn from them.

use serde::Serialize;
use serde::ser::SerializeStruct as _;

use crate::reason::Reason;
use crate::text::{DETAIL_CHARS_MAX, cut};

/// A judgement of a file or signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// There is no signature.
    Unsigned,
    /// Every check passed.
    Valid,
    /// Nothing failed, but something could not be checked.
    Unknown,
    /// A check failed.
    Invalid,
}

/// The answer of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Pass,
    Fail,
    Unknown,
}

/// What a check counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// For `cryptography` and `verdict`.
    Cryptography,
    /// For `verdict` alone.
    Policy,
    /// For neither.
    Note,
}

/// One named check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: &'static str,
    pub result: Outcome,
    /// Present exactly when it did not pass.
    pub code: Option<Reason>,
    /// What was found, for the log, escaped and cut to 256 characters; not stable. Empty when there is nothing to add.
    pub detail: String,
    pub weight: Weight,
    /// Of a chain that failed: the trust list has no issuer of that name, rather than one that refused. Not shown; see
    /// [`super::SignatureReport::chain_is_incomplete`].
    pub is_issuer_absent: bool,
}

impl Check {
    pub(crate) fn new(
        weight: Weight,
        name: &'static str,
        result: Outcome,
        code: Option<Reason>,
        detail: impl Into<String>,
    ) -> Self {
        Self { name, result, code, detail: cut(&detail.into(), DETAIL_CHARS_MAX), weight, is_issuer_absent: false }
    }
}

impl Serialize for Check {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Check", 6)?;
        out.serialize_field("name", self.name)?;
        out.serialize_field("result", &self.result)?;
        out.serialize_field("code", &self.code)?;
        if let Some(code) = self.code {
            out.serialize_field("zh", code.zh())?;
            out.serialize_field("en", code.en())?;
        }
        if !self.detail.is_empty() {
            out.serialize_field("detail", &self.detail)?;
        }
        out.end()
    }
}

/// Checks in the order they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Checks(pub Vec<Check>);

impl Checks {
    pub(crate) fn pass(&mut self, weight: Weight, name: &'static str) {
        self.0.push(Check::new(weight, name, Outcome::Pass, None, ""));
    }

    pub(crate) fn fail(&mut self, weight: Weight, name: &'static str, code: Reason, detail: impl Into<String>) {
        self.0.push(Check::new(weight, name, Outcome::Fail, Some(code), detail));
    }

    pub(crate) fn unknown(&mut self, weight: Weight, name: &'static str, code: Reason, detail: impl Into<String>) {
        self.0.push(Check::new(weight, name, Outcome::Unknown, Some(code), detail));
    }

    /// Pass when `good`, otherwise fail with `code`.
    pub(crate) fn verify(
        &mut self,
        weight: Weight,
        name: &'static str,
        good: bool,
        code: Reason,
        detail: impl Into<String>,
    ) {
        if good { self.pass(weight, name) } else { self.fail(weight, name, code, detail) }
    }

    /// The check of this name.
    pub fn get(&self, name: &str) -> Option<&Check> {
        self.0.iter().find(|check| check.name == name)
    }

    /// The verdict of the checks that `weighs` selects.
    fn verdict(&self, weighs: impl Fn(Weight) -> bool) -> Verdict {
        let results = self.0.iter().filter(|check| weighs(check.weight)).map(|check| match check.result {
            Outcome::Pass => Verdict::Valid,
            Outcome::Unknown => Verdict::Unknown,
            Outcome::Fail => Verdict::Invalid,
        });
        results.max().unwrap_or(Verdict::Valid)
    }

    /// Of the cryptographic checks.
    pub fn cryptography(&self) -> Verdict {
        self.verdict(|weight| weight == Weight::Cryptography)
    }

    /// Of these and the checks of policy.
    pub fn overall(&self) -> Verdict {
        self.verdict(|weight| weight != Weight::Note)
    }

    /// Codes of failed checks and of cryptographic checks that stayed unknown, each once. Where nothing failed, also of other checks
    /// that stayed unknown: they are then why the verdict is. That no trust list was given is no reason against a file.
    pub fn reasons(&self) -> Vec<Reason> {
        let failed = self.overall() == Verdict::Invalid;
        let mut found = Vec::new();
        for check in &self.0 {
            let counts = match (check.result, check.weight) {
                (Outcome::Pass, _) | (_, Weight::Note) => false,
                (Outcome::Fail, _) | (Outcome::Unknown, Weight::Cryptography) => true,
                (Outcome::Unknown, Weight::Policy) => !failed && check.code != Some(Reason::TrustListAbsent),
            };
            if let Some(code) = check.code.filter(|code| counts && !found.contains(code)) {
                found.push(code);
            }
        }
        found
    }
}

/// Something worth knowing that changes no verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub code: Reason,
    /// Escaped and cut to 256 characters.
    pub detail: String,
}

impl Warning {
    pub(crate) fn new(code: Reason, detail: impl AsRef<str>) -> Self {
        Self { code, detail: cut(detail.as_ref(), DETAIL_CHARS_MAX) }
    }
}

impl Serialize for Warning {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Warning", 4)?;
        out.serialize_field("code", &self.code)?;
        out.serialize_field("zh", self.code.zh())?;
        out.serialize_field("en", self.code.en())?;
        out.serialize_field("detail", &self.detail)?;
        out.end()
    }
}
