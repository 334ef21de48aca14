//! The certificate authority of the samples: everyone who signs something, and everyone who should not have.

use crate::certificate::{CertificateForm, Identity, Name, Revocation, Role, Window, pem, revocation_list};
use crate::der::oid;
use crate::error::SampleError;
use crate::identifiers::{social_credit_code, social_credit_code_holds};
use crate::key::Key;
use crate::moment::Moment;

/// Certificates that are meant to be good are valid in these twenty years.
pub const CERTIFICATES_VALID: Window = Window { from: Moment::day(2025, 1, 1), until: Moment::day(2045, 1, 1) };
/// The expired signer was valid in this year, before any seal of the samples signs.
pub const EXPIRED_SIGNER_VALID: Window = Window { from: Moment::day(2025, 1, 1), until: Moment::day(2025, 12, 31) };
/// The old seal maker's certificate had ended when the samples' seals are made.
pub const OLD_MAKER_VALID: Window = Window { from: Moment::day(2025, 1, 1), until: Moment::day(2025, 7, 1) };
/// When the revoked signer's certificate was revoked.
pub const REVOKED_AT: Moment = Moment::day(2026, 5, 1);

/// Revocation lists say that they are current in this window.
pub(crate) const LISTS_VALID: Window = Window { from: Moment::day(2026, 5, 2), until: CERTIFICATES_VALID.until };
/// The root's next list says so from a month later on.
const NEWER_LIST_VALID: Window = Window { from: Moment::day(2026, 6, 2), until: CERTIFICATES_VALID.until };

const TEST_ONLY: &str = "互信样例 TEST ONLY";

/// An agency that seals licences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// Social credit code.
    pub code: String,
    /// Name as in certificate and seal.
    pub name: String,
}

impl Agency {
    /// The made-up agency with this social credit code.
    ///
    /// # Errors
    /// A code whose check characters are wrong.
    pub fn new(code: &str) -> Result<Self, SampleError> {
        if !social_credit_code_holds(code) {
            return Err(SampleError::argument("issuer", format!("'{code}' is not a social credit code (GB 32100)")));
        }
        let region = code.get(2..8).unwrap_or_default();
        Ok(Self { code: code.to_owned(), name: format!("样例机关{region}（仅供测试）") })
    }

    /// The made-up agency of a region, by serial.
    pub fn of_region(region: &str, serial: u32) -> Result<Self, SampleError> {
        Self::new(&social_credit_code(region, serial)?)
    }

    /// Seal number in the manner of production seals: six digits of region and eight of serial, here from the
    /// organisation's own code; a letter there counts as its place in the alphabet, modulo ten.
    pub fn seal_id(&self) -> String {
        self.code
            .bytes()
            .skip(2)
            .take(14)
            .map(|octet| if octet.is_ascii_digit() { char::from(octet) } else { char::from(b'0' + octet % 10) })
            .collect()
    }
}

/// Everyone who has a key.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Root of trust of the samples.
    pub root: Identity,
    /// Signs seals.
    pub maker: Identity,
    /// Signed seals until its certificate ended.
    pub old_maker: Identity,
    /// A root that nobody trusts.
    pub rogue_root: Identity,
    /// A seal maker under the rogue root.
    pub rogue_maker: Identity,
    /// Bears the true maker's name and claims the true root as issuer, but the rogue root signed its certificate.
    pub impostor_maker: Identity,
    /// As the impostor, and its certificate claims that the true root signed it with RSA.
    pub mislabelled_maker: Identity,
    /// Signed its own certificate and is no authority; nobody trusts it.
    pub lone_maker: Identity,
    /// The true root issued its certificate, but not for signing.
    pub encipherment_maker: Identity,
    /// Authorities between the root and some signers.
    pub branches: Branches,
}

/// Authorities below the root.
#[derive(Debug, Clone)]
pub struct Branches {
    /// Trusted, with a revocation list.
    pub listed: Identity,
    /// Trusted, without a revocation list.
    pub silent: Identity,
    /// Not in the trust list.
    pub unlisted: Identity,
}

impl Branches {
    fn new(root: &Identity) -> Result<Self, SampleError> {
        let issue = |file: &str, common_name: &str| {
            let name = Name::new(&[(oid::ORGANISATION, TEST_ONLY), (oid::COMMON_NAME, common_name)]);
            Identity::issue(file, name, CERTIFICATES_VALID, Role::Authority, Some(root.as_issuer()))
        };
        Ok(Self {
            listed: issue("branch", "Huxin Sample Branch SM2")?,
            silent: issue("silent-branch", "Huxin Sample Silent Branch SM2")?,
            unlisted: issue("unlisted-branch", "Huxin Sample Unlisted Branch SM2")?,
        })
    }
}

impl Authority {
    /// Issues the fixed certificates. The same each time.
    pub fn new() -> Result<Self, SampleError> {
        let root = self::root("root", "Huxin Sample Root SM2")?;
        let rogue_root = self::root("rogue-root", "Rogue Sample Root SM2")?;
        let maker_name = maker_name("Huxin Sample Seal Maker");
        let maker = issued("maker", maker_name.clone(), CERTIFICATES_VALID, &root)?;
        let old_maker = issued("old-maker", self::maker_name("Huxin Sample Old Seal Maker"), OLD_MAKER_VALID, &root)?;
        let rogue_maker =
            issued("rogue-maker", self::maker_name("Rogue Sample Seal Maker"), CERTIFICATES_VALID, &rogue_root)?;
        let posing = crate::certificate::Issuer { key: &rogue_root.key, ..root.as_issuer() };
        let impostor_maker =
            Identity::issue("impostor-maker", maker_name.clone(), CERTIFICATES_VALID, Role::Signer, Some(posing))?;
        let mislabelled = crate::certificate::Issuer { algorithm: oid::SHA256_WITH_RSA, ..posing };
        let mislabelled_maker = Identity::issue(
            "mislabelled-maker",
            maker_name.clone(),
            CERTIFICATES_VALID,
            Role::Signer,
            Some(mislabelled),
        )?;
        let lone_maker = Identity::issue("lone-maker", maker_name, CERTIFICATES_VALID, Role::Signer, None)?;
        let encipherment_maker = Identity::issue(
            "encipherment-maker",
            self::maker_name("Huxin Sample Encipherment Seal Maker"),
            CERTIFICATES_VALID,
            Role::Encipherment,
            Some(root.as_issuer()),
        )?;
        let branches = Branches::new(&root)?;
        Ok(Self {
            root,
            maker,
            old_maker,
            rogue_root,
            rogue_maker,
            impostor_maker,
            mislabelled_maker,
            lone_maker,
            encipherment_maker,
            branches,
        })
    }

    /// The signer of an agency's seal: `CN` is the seal number, `O` the social credit code and name.
    pub fn signer(&self, agency: &Agency, seal_id: &str) -> Result<Identity, SampleError> {
        self.signer_within(agency, seal_id, CERTIFICATES_VALID)
    }

    /// The same, valid in the given window.
    pub fn signer_within(&self, agency: &Agency, seal_id: &str, window: Window) -> Result<Identity, SampleError> {
        issued(&format!("signer-{seal_id}"), signer_name(agency, seal_id), window, &self.root)
    }

    /// The same with a certificate in another form. `number` makes one of many, for what is written in some of them only.
    pub(crate) fn signer_as(
        &self,
        form: CertificateForm,
        number: usize,
        agency: &Agency,
        seal_id: &str,
    ) -> Result<Identity, SampleError> {
        let (file, name) = (format!("signer-{seal_id}-{number}"), signer_name(agency, seal_id));
        Identity::issue_as(form, &file, name, CERTIFICATES_VALID, self.root.as_issuer())
    }

    /// A seal maker whose certificate is valid in the given window.
    pub(crate) fn maker_within(&self, file: &str, window: Window) -> Result<Identity, SampleError> {
        issued(file, maker_name("Huxin Sample Seal Maker"), window, &self.root)
    }

    /// A signer whose certificate the rogue root issued.
    pub fn rogue_signer(&self, agency: &Agency, seal_id: &str) -> Result<Identity, SampleError> {
        issued(&format!("rogue-signer-{seal_id}"), signer_name(agency, seal_id), CERTIFICATES_VALID, &self.rogue_root)
    }

    /// A signer whose certificate claims that the true root signed it with RSA; the rogue root signed it.
    pub fn mislabelled_signer(&self, agency: &Agency, seal_id: &str) -> Result<Identity, SampleError> {
        let issuer = crate::certificate::Issuer {
            name: &self.root.name,
            key: &self.rogue_root.key,
            algorithm: oid::SHA256_WITH_RSA,
        };
        let file = format!("mislabelled-signer-{seal_id}");
        Identity::issue(&file, signer_name(agency, seal_id), CERTIFICATES_VALID, Role::Signer, Some(issuer))
    }

    /// A signer whose certificate an authority below the root issued.
    pub fn branch_signer(&self, branch: &Identity, agency: &Agency, seal_id: &str) -> Result<Identity, SampleError> {
        let file = format!("{}-signer-{seal_id}", branch.file);
        issued(&file, signer_name(agency, seal_id), CERTIFICATES_VALID, branch)
    }

    /// A signer whose certificate is not for signing.
    pub fn encipherment_signer(&self, agency: &Agency, seal_id: &str) -> Result<Identity, SampleError> {
        let (file, name) = (format!("encipherment-signer-{seal_id}"), signer_name(agency, seal_id));
        Identity::issue(&file, name, CERTIFICATES_VALID, Role::Encipherment, Some(self.root.as_issuer()))
    }

    /// A signer whose certificate has a subject of more than 2,000 bytes.
    pub fn wordy_signer(&self, agency: &Agency, seal_id: &str) -> Result<Identity, SampleError> {
        let organisation = format!("{}{}", agency.code, agency.name);
        let unit = "样例科室".repeat(160);
        let parts = [(oid::ORGANISATION, organisation.as_str()), (oid::UNIT, &unit), (oid::COMMON_NAME, seal_id)];
        issued(&format!("wordy-signer-{seal_id}"), Name::new(&parts), CERTIFICATES_VALID, &self.root)
    }

    /// A signer whose certificate names a point that is not on the curve; its signatures are over another key.
    pub fn off_curve_signer(&self, agency: &Agency, seal_id: &str) -> Result<Identity, SampleError> {
        let file = format!("off-curve-signer-{seal_id}");
        let key = Key::of(&file)?;
        let mut public = key.public().to_vec();
        // For each x at most two of 2^256 values of y are on the curve, and they differ in parity.
        if let Some(octet) = public.get_mut(63) {
            *octet ^= 0x55;
        }
        let issuer = Some(self.root.as_issuer());
        Identity::issue_for(&file, key, &public, signer_name(agency, seal_id), CERTIFICATES_VALID, Role::Signer, issuer)
    }

    /// The root's revocation list, which holds the given certificate since [`REVOKED_AT`].
    pub fn revocation_list(&self, revoked: &Identity) -> Result<Vec<u8>, SampleError> {
        revocation_list(self.root.as_issuer(), 1, LISTS_VALID, &[Revocation { identity: revoked, at: REVOKED_AT }])
    }

    /// The root's next revocation list, which holds the same certificate.
    pub fn newer_list(&self, revoked: &Identity) -> Result<Vec<u8>, SampleError> {
        let revoked = [Revocation { identity: revoked, at: REVOKED_AT }];
        revocation_list(self.root.as_issuer(), 2, NEWER_LIST_VALID, &revoked)
    }

    /// The revocation list of the trusted branch, which holds nobody.
    pub fn branch_list(&self) -> Result<Vec<u8>, SampleError> {
        revocation_list(self.branches.listed.as_issuer(), 1, LISTS_VALID, &[])
    }

    /// Revocation lists in the names of the root and of the branch that has none, both by the rogue root's key. They revoke
    /// the given certificate and the maker's from the start, which nobody may believe.
    pub fn forged_lists(&self, signer: &Identity) -> Result<[Vec<u8>; 2], SampleError> {
        let since = CERTIFICATES_VALID.from;
        let revoked = [signer, &self.maker].map(|identity| Revocation { identity, at: since });
        let forge = |name| {
            let issuer = crate::certificate::Issuer { name, ..self.rogue_root.as_issuer() };
            revocation_list(issuer, 1, LISTS_VALID, &revoked)
        };
        Ok([forge(&self.root.name)?, forge(&self.branches.silent.name)?])
    }

    /// Everyone, for writing to files.
    pub fn everyone(&self) -> Vec<&Identity> {
        let branches = [&self.branches.listed, &self.branches.silent, &self.branches.unlisted];
        let makers = [&self.maker, &self.old_maker, &self.rogue_maker, &self.impostor_maker, &self.lone_maker];
        let others = [&self.root, &self.rogue_root, &self.encipherment_maker, &self.mislabelled_maker];
        others.into_iter().chain(makers).chain(branches).collect()
    }
}

/// A certificate's two files: name and content, PEM and DER.
pub fn certificate_files(identity: &Identity) -> [(String, Vec<u8>); 2] {
    [
        (format!("{}.crt", identity.file), pem("CERTIFICATE", &identity.certificate).into_bytes()),
        (format!("{}.der", identity.file), identity.certificate.clone()),
    ]
}

fn root(file: &str, common_name: &str) -> Result<Identity, SampleError> {
    let name = Name::new(&[(oid::ORGANISATION, TEST_ONLY), (oid::COMMON_NAME, common_name)]);
    Identity::issue(file, name, CERTIFICATES_VALID, Role::Authority, None)
}

fn issued(file: &str, name: Name, window: Window, issuer: &Identity) -> Result<Identity, SampleError> {
    Identity::issue(file, name, window, Role::Signer, Some(issuer.as_issuer()))
}

fn maker_name(common_name: &str) -> Name {
    Name::new(&[(oid::ORGANISATION, TEST_ONLY), (oid::UNIT, "Seal Authority"), (oid::COMMON_NAME, common_name)])
}

fn signer_name(agency: &Agency, seal_id: &str) -> Name {
    let organisation = format!("{}{}", agency.code, agency.name);
    Name::new(&[(oid::ORGANISATION, &organisation), (oid::COMMON_NAME, seal_id)])
}
