//! All samples: what each file shows, and what a reader should find in it.

use crate::authority::{Agency, EXPIRED_SIGNER_VALID, certificate_files};
use crate::certificate::{Identity, pem};
use crate::error::SampleError;
use crate::key::sm3;
use crate::licence::{LicenceSpec, Workshop};
use crate::moment::Moment;
use crate::ofd::content::Extent;
use crate::ofd::{Package, Sealing};
use crate::rsa::RsaAuthority;
use crate::samples;
use crate::seal::{SealSpec, Structure, seal_by};
use crate::signature::Container;

/// Answer about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that was judged holds.
    Valid,
    /// Something that was judged does not hold.
    Invalid,
    /// Something that matters cannot be judged from the file.
    Unknown,
    /// Nobody signed it.
    Unsigned,
}

impl Verdict {
    /// The word in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
            Self::Unsigned => "unsigned",
        }
    }
}

/// What a reader should find. Codes are those of the reference's section 3.3, and for the container the like of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Signature values, digests, certificate lists, time windows.
    pub cryptography: Verdict,
    /// The same with coverage, chain and revocation against the folder `trust`.
    pub verdict: Verdict,
    /// Why the verdict is not `valid`.
    pub reasons: &'static [&'static str],
    /// What is to be said though it decides nothing.
    pub warnings: &'static [&'static str],
    /// Codes of what nobody can decide and what decides nothing: a time stamp.
    pub undecided: &'static [&'static str],
}

/// Reasons that are no matter of cryptography; those of containers and XML are not either.
const POLICY: [&str; 17] = [
    "BYTES_AROUND_PACKAGE",
    "CERT_KEY_USAGE",
    "CERT_REVOKED_BEFORE_SIGNING",
    "INTEGRITY_LIST",
    "MAKER_CERT_NOT_VALID_AT_CREATE",
    "OFD_XML_UNPROTECTED",
    "PDF_CHANGED_LATER",
    "PDF_NOT_PERMITTED",
    "PDF_SIGNATURE_HIDDEN",
    "REVOCATION_LIST_ABSENT",
    "SEAL_CREATED_AFTER_SIGNING",
    "SIGN_TIME_ABSENT",
    "UNPROTECTED_CONTENT",
    "UNREFERENCED_ENTRY",
    "UNSUPPORTED_ALGORITHM",
    "UNTRUSTED_MAKER",
    "UNTRUSTED_SIGNER",
];

impl Expected {
    /// Nothing is wrong.
    pub const VALID: Self = Self::of(Verdict::Valid, Verdict::Valid, &[]);
    /// Nobody signed.
    pub const UNSIGNED: Self = Self::of(Verdict::Unsigned, Verdict::Unsigned, &[]);

    const fn of(cryptography: Verdict, verdict: Verdict, reasons: &'static [&'static str]) -> Self {
        Self { cryptography, verdict, reasons, warnings: &[], undecided: &[] }
    }

    /// Nothing is wrong, but something is to be said.
    pub const fn warned(warnings: &'static [&'static str]) -> Self {
        Self { warnings, ..Self::VALID }
    }

    /// Already the cryptography fails.
    pub const fn broken(reasons: &'static [&'static str]) -> Self {
        Self::of(Verdict::Invalid, Verdict::Invalid, reasons)
    }

    /// The cryptography holds; coverage, chain or revocation does not.
    pub const fn refused(reasons: &'static [&'static str]) -> Self {
        Self::of(Verdict::Valid, Verdict::Invalid, reasons)
    }

    /// The container must not be opened, so that no signature is judged.
    pub const fn unopened(reasons: &'static [&'static str]) -> Self {
        Self::of(Verdict::Unknown, Verdict::Invalid, reasons)
    }

    /// The file does not hold what a judgement would need.
    pub const fn unknown(reasons: &'static [&'static str]) -> Self {
        Self::of(Verdict::Unknown, Verdict::Unknown, reasons)
    }

    /// The cryptography holds, but chain or revocation cannot be decided.
    pub const fn undecided(reasons: &'static [&'static str]) -> Self {
        Self::of(Verdict::Valid, Verdict::Unknown, reasons)
    }

    /// The same with codes of what cannot be decided and decides nothing.
    pub const fn with_undecided(self, undecided: &'static [&'static str]) -> Self {
        Self { undecided, ..self }
    }

    /// The same with warnings.
    pub const fn with_warnings(self, warnings: &'static [&'static str]) -> Self {
        Self { warnings, ..self }
    }

    /// The reasons that hold for the cryptography alone.
    pub fn cryptography_reasons(&self) -> Vec<&'static str> {
        let of_package = |reason: &str| reason.starts_with("ZIP_") || reason.starts_with("XML_");
        self.reasons.iter().copied().filter(|reason| !POLICY.contains(reason) && !of_package(reason)).collect()
    }
}

/// What a sample is made with.
#[derive(Debug)]
pub struct Order<'a> {
    /// Who signs.
    pub workshop: &'a Workshop,
    /// The licence: by the agency of 310000, with a serial from the file's name, so that each licence is another.
    pub spec: LicenceSpec,
}

impl<'a> Order<'a> {
    fn new(workshop: &'a Workshop, signed_at: Moment, name: &str) -> Result<Self, SampleError> {
        let digest = hex::encode_upper(sm3(name.as_bytes()));
        let serial = format!("T{}", digest.get(..9).unwrap_or_default());
        let issuer = Agency::of_region("310000", 1)?;
        let mut spec = LicenceSpec::new("310000", &issuer.code, &serial, signed_at)?;
        // Two pages, so that a page can be missing from protection while another is there.
        spec.extent = Extent { pages: 2, everything: true };
        Ok(Self { workshop, spec })
    }

    /// The licence before it is sealed.
    pub(crate) fn body(&self) -> Result<Package, SampleError> {
        Workshop::body(&self.spec)
    }

    /// A sound way to seal it.
    pub(crate) fn sealing(&self) -> Result<Sealing, SampleError> {
        self.workshop.sealing(&self.spec)
    }

    /// A sound seal's content.
    pub(crate) fn seal_spec(&self, structure: Structure) -> Result<SealSpec, SampleError> {
        let signer = self.signer()?;
        Ok(SealSpec::new(structure, &self.spec.seal_id, &self.spec.agency, &signer))
    }

    /// The agency's signer.
    pub(crate) fn signer(&self) -> Result<Identity, SampleError> {
        self.workshop.signer(&self.spec)
    }

    /// A way to seal with a seal of version 4 whose content is given, made by the sound maker, by the given signer.
    pub(crate) fn sealing_with(&self, spec: &SealSpec, signer: Identity) -> Result<Sealing, SampleError> {
        let seal = seal_by(spec, &self.workshop.authority.maker)?;
        Ok(Sealing::new(Container::Seal(spec.structure, seal), signer, self.spec.signed_at))
    }

    /// The licence sealed as usual but for what `change` does to the sealing.
    pub(crate) fn sealed(&self, change: impl FnOnce(&mut Sealing)) -> Result<Package, SampleError> {
        let mut sealing = self.sealing()?;
        change(&mut sealing);
        self.sealed_with(&sealing)
    }

    /// The licence sealed in the given way.
    pub(crate) fn sealed_with(&self, sealing: &Sealing) -> Result<Package, SampleError> {
        let mut package = self.body()?;
        sealing.apply(&mut package)?;
        Ok(package)
    }
}

/// Makes the bytes of one sample.
pub(crate) type Maker = fn(&Order<'_>) -> Result<Vec<u8>, SampleError>;

/// One file.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Path below the folder of samples, such as `ofd/ok_v4.ofd`.
    pub file: &'static str,
    /// What it shows, in Chinese.
    pub zh: &'static str,
    /// What it shows, in English.
    pub en: &'static str,
    /// What a reader should find.
    pub expected: Expected,
    make: Maker,
}

impl Sample {
    pub(crate) const fn new(
        file: &'static str,
        zh: &'static str,
        en: &'static str,
        expected: Expected,
        make: Maker,
    ) -> Self {
        Self { file, zh, en, expected, make }
    }
}

/// All samples, and the certificates that they need.
#[derive(Debug)]
pub struct Catalogue {
    workshop: Workshop,
    signed_at: Moment,
    samples: Vec<Sample>,
}

impl Catalogue {
    /// The samples, sealed at the given time where none of their own matters ([`crate::SIGNED_AT`] is the usual one).
    ///
    /// # Errors
    /// A time at which the samples' seals are not valid.
    pub fn new(signed_at: Moment) -> Result<Self, SampleError> {
        let workshop = Workshop::new()?;
        Order::new(&workshop, signed_at, "")?;
        Ok(Self { workshop, signed_at, samples: samples::all() })
    }

    /// The samples: sound ones first.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The sample of this path.
    pub fn get(&self, file: &str) -> Option<&Sample> {
        self.samples.iter().find(|sample| sample.file == file)
    }

    /// The bytes of a sample, the same each time.
    pub fn make(&self, sample: &Sample) -> Result<Vec<u8>, SampleError> {
        (sample.make)(&Order::new(&self.workshop, self.signed_at, sample.file)?)
    }

    /// The licence that an OFD sample is about.
    pub fn licence(&self, sample: &Sample) -> Result<LicenceSpec, SampleError> {
        Ok(Order::new(&self.workshop, self.signed_at, sample.file)?.spec)
    }

    /// Every certificate as PEM (`.crt`) and DER (`.der`), the revocation lists as PEM (`.crl`) and DER: `newer-root` follows `root`.
    pub fn pki(&self) -> Result<Vec<(String, Vec<u8>)>, SampleError> {
        let order = Order::new(&self.workshop, self.signed_at, "")?;
        let (revoked, expired) = (revoked_signer(&order)?, expired_signer(&order)?);
        let (rogue, second) = (samples::rogue_signer(&order)?, samples::second_signer(&order)?);
        let signers = [order.signer()?, second, revoked, expired, rogue];
        let others = samples::other_signers(&order)?;
        let everyone = self.workshop.authority.everyone().into_iter().chain(&signers).chain(&others);
        let mut files: Vec<_> = everyone.flat_map(certificate_files).collect();
        let rsa = RsaAuthority::new()?;
        files.extend(rsa.files());
        let branch = self.workshop.authority.branch_list()?;
        let newer = self.workshop.authority.newer_list(&revoked_signer(&order)?)?;
        let lists = [
            ("root", self.revocation_list()?),
            ("newer-root", newer),
            ("branch", branch),
            ("rsa-root", rsa.revocation_list()?),
        ];
        for (name, list) in lists.into_iter().chain(self.forged_lists()?) {
            files.push((format!("{name}.crl"), pem("X509 CRL", &list).into_bytes()));
            files.push((format!("{name}.crl.der"), list));
        }
        Ok(files)
    }

    /// What a relying party trusts: root, authorities below it, seal makers, revocation lists (`silent-branch` has none); PEM.
    pub fn trust(&self) -> Result<Vec<(String, Vec<u8>)>, SampleError> {
        let wanted = [
            "root.crt",
            "root.crl",
            "rsa-root.crt",
            "rsa-root.crl",
            "branch.crt",
            "branch.crl",
            "silent-branch.crt",
            "maker.crt",
            "old-maker.crt",
        ];
        Ok(self.pki()?.into_iter().filter(|(name, _)| wanted.contains(&name.as_str())).collect())
    }

    /// Revocation lists in DER that pose as those of `root` and `silent-branch`, and revoke the maker and the usual signer. Another
    /// key signed them, so whoever adds them to a trust list gets the same answers as before. Each by its name in `pki`.
    pub fn forged_lists(&self) -> Result<[(&'static str, Vec<u8>); 2], SampleError> {
        let order = Order::new(&self.workshop, self.signed_at, "")?;
        let [root, branch] = self.workshop.authority.forged_lists(&order.signer()?)?;
        Ok([("forged-root", root), ("forged-silent-branch", branch)])
    }

    /// The root's revocation list in DER, which holds the revoked signer.
    pub fn revocation_list(&self) -> Result<Vec<u8>, SampleError> {
        let order = Order::new(&self.workshop, self.signed_at, "")?;
        self.workshop.authority.revocation_list(&revoked_signer(&order)?)
    }
}

/// Seal number of the signer whose certificate is revoked.
pub(crate) const REVOKED_SEAL_ID: &str = "31000000000006";
/// Seal number of the signer whose certificate has expired.
pub(crate) const EXPIRED_SEAL_ID: &str = "31000000000007";

pub(crate) fn revoked_signer(order: &Order<'_>) -> Result<Identity, SampleError> {
    order.workshop.authority.signer(&order.spec.agency, REVOKED_SEAL_ID)
}

pub(crate) fn expired_signer(order: &Order<'_>) -> Result<Identity, SampleError> {
    order.workshop.authority.signer_within(&order.spec.agency, EXPIRED_SEAL_ID, EXPIRED_SIGNER_VALID)
}
