//! Sound sealed licences to order: the agency's own seal, an identifier of its own, one sealed OFD file.

use crate::authority::{Agency, Authority};
use crate::certificate::Identity;
use crate::error::SampleError;
use crate::identifiers::{licence_identifier, social_credit_code};
use crate::moment::Moment;
use crate::ofd::content::{self, Extent, SIGNATURES};
use crate::ofd::{Metadata, Package, Sealing};
use crate::seal::{SEALS_VALID, SealSpec, Structure, seal_by};
use crate::signature::Container;

/// When samples are signed unless another time is given.
pub const SIGNED_AT: Moment = Moment::day(2026, 6, 1).plus_hours(8);
/// Five years, the validity of a licence.
const VALIDITY_S: i64 = 5 * 365 * 86_400;

/// A licence to be made.
#[derive(Debug, Clone)]
pub struct LicenceSpec {
    /// Who issues and seals it.
    pub agency: Agency,
    /// Type code: social credit code of the defining authority and three digits.
    pub kind: String,
    /// Name of the licence.
    pub name: String,
    /// Serial number in the identifier, 1 to 32 characters `0-9A-Z`.
    pub serial: String,
    /// Version in the identifier, 1 to 999.
    pub version: u16,
    /// Day of issue.
    pub issued: Moment,
    /// First day of validity.
    pub valid_from: Moment,
    /// Last day of validity.
    pub valid_until: Moment,
    /// When it is sealed.
    pub signed_at: Moment,
    /// Structure of seal and signature.
    pub structure: Structure,
    /// Seal number; [`Agency::seal_id`] unless the agency has several.
    pub seal_id: String,
    /// How much is in the document.
    pub extent: Extent,
}

impl LicenceSpec {
    /// A licence of one page, sealed now and valid for five years, of the first made-up type.
    ///
    /// # Errors
    /// An issuer whose check characters are wrong or whose region is not of the province (first two digits), or a time
    /// at which the samples' seals are not valid.
    pub fn new(province: &str, issuer: &str, serial: &str, signed_at: Moment) -> Result<Self, SampleError> {
        let agency = Agency::new(issuer)?;
        if province.len() != 6 || issuer.get(2..4) != province.get(..2) {
            return Err(SampleError::argument("province", format!("'{province}' is not the province of {issuer}")));
        }
        if signed_at < SEALS_VALID.from || signed_at > SEALS_VALID.until {
            let (from, until) = (SEALS_VALID.from.rfc3339(), SEALS_VALID.until.rfc3339());
            return Err(SampleError::argument("signed-at", format!("the seals are valid from {from} until {until}")));
        }
        let seal_id = agency.seal_id();
        Ok(Self {
            agency,
            kind: format!("{}001", social_credit_code("100000", 1)?),
            name: "样例经营许可证（仅供测试）".to_owned(),
            serial: serial.to_owned(),
            version: 1,
            issued: signed_at,
            valid_from: signed_at,
            valid_until: signed_at.plus_seconds(VALIDITY_S),
            signed_at,
            structure: Structure::V4,
            seal_id,
            extent: Extent { pages: 1, everything: true },
        })
    }

    /// Identifier of the licence, with its check character (GB/T 36904).
    pub fn identifier(&self) -> Result<String, SampleError> {
        licence_identifier(&self.kind, &self.agency.code, &self.serial, self.version)
    }

    /// What the file says about itself (GB/T 36903).
    pub fn metadata(&self) -> Result<Metadata, SampleError> {
        Ok(Metadata {
            name: self.name.clone(),
            kind: self.kind.clone(),
            number: format!("样例字第{}号", self.serial),
            identifier: self.identifier()?,
            issuer: self.agency.name.clone(),
            issuer_code: self.agency.code.clone(),
            issued: self.issued,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
        })
    }
}

/// The one authority, and what it makes.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// Who signs.
    pub authority: Authority,
}

impl Workshop {
    /// Issues the fixed certificates.
    pub fn new() -> Result<Self, SampleError> {
        Ok(Self { authority: Authority::new()? })
    }

    /// A sound sealed licence.
    ///
    /// # Errors
    /// Parts of the identifier that break GB/T 36904.
    pub fn licence(&self, spec: &LicenceSpec) -> Result<Vec<u8>, SampleError> {
        let mut package = Self::body(spec)?;
        self.sealing(spec)?.apply(&mut package)?;
        package.zip()
    }

    /// The seal that seals this licence: the bytes of its `.esl` file.
    pub fn seal(&self, spec: &LicenceSpec) -> Result<Vec<u8>, SampleError> {
        seal_by(&self.seal_spec(spec)?, &self.authority.maker)
    }

    /// The certificate under which this licence is sealed.
    pub fn signer(&self, spec: &LicenceSpec) -> Result<Identity, SampleError> {
        self.authority.signer(&spec.agency, &spec.seal_id)
    }

    pub(crate) fn body(spec: &LicenceSpec) -> Result<Package, SampleError> {
        Ok(content::licence(&spec.metadata()?, spec.extent, Some(SIGNATURES)))
    }

    pub(crate) fn seal_spec(&self, spec: &LicenceSpec) -> Result<SealSpec, SampleError> {
        let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
        if !(1..=64).contains(&spec.seal_id.len()) || !spec.seal_id.bytes().all(plain) {
            return Err(SampleError::argument("seal number", "1 to 64 ASCII letters, digits and hyphens"));
        }
        Ok(SealSpec::new(spec.structure, &spec.seal_id, &spec.agency, &self.signer(spec)?))
    }

    pub(crate) fn sealing(&self, spec: &LicenceSpec) -> Result<Sealing, SampleError> {
        let container = Container::Seal(spec.structure, self.seal(spec)?);
        Ok(Sealing::new(container, self.signer(spec)?, spec.signed_at))
    }
}

/// One sound sealed licence; for many, keep a [`Workshop`].
///
/// # Errors
/// As [`Workshop::licence`].
pub fn licence(spec: &LicenceSpec) -> Result<Vec<u8>, SampleError> {
    Workshop::new()?.licence(spec)
}
