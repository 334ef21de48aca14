//! Trust lists: roots, authorities below them, pinned seal makers and revocation lists; and the two questions asked of them:
//! does a certificate lead to a root, and was it revoked before a moment.
//!
//! A file or folder is read by what each certificate says of itself:
//!
//! | certificate | becomes |
//! |---|---|
//! | self-signed with SM2, or RSA with SHA-2, basic constraints say authority | a root |
//! | authority signed by another | used on the way to a root, trusted only through one |
//! | anything else | nothing: being in the folder gives no trust |
//! | anything in the sub-folder `makers` | a pinned seal maker: trusted to make seals without a chain |
//!
//! **Invariant**: nothing that comes with a document is a root; certificates inside a document only help to build a path.

use std::path::Path;

use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::TimeMs;

use crate::armour;
use crate::asn1::shown;
use crate::certificate::Certificate;
use crate::reason::Reason;
use crate::revocation::{RevocationList, Standing};

/// Certificates from a signer to its root, both counted.
pub const CHAIN_MAX: usize = 8;
/// Issuer signatures verified for one question; many authorities of one name cannot make it longer.
const VERIFICATIONS_MAX: usize = 32;
/// Certificates in a trust list.
pub const CERTIFICATES_MAX: usize = 10_000;
/// Revocation lists in a trust list.
pub const LISTS_MAX: usize = 1_000;
/// Bytes of one file of a trust list.
pub const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Files looked at in one folder.
const FILES_MAX: usize = 20_000;
/// Endings of the files of a folder that are read.
const ENDINGS: [&str; 5] = ["crt", "cer", "pem", "crl", "der"];

/// Why a trust list could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustListError {
    /// The file system refused.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// More of something than a list may have.
    #[error("the trust list has more {what} than {limit}")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: u64,
    },
    /// Neither a root nor a pinned maker: nothing could ever be trusted.
    #[error(
        "{path} holds no root certificate: a root is self-signed (SM2, or RSA with SHA-2) and marked as an authority"
    )]
    NoRoot {
        /// The file or folder.
        path: String,
    },
}

/// Something in a trust list that was passed over, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// File name.
    pub place: String,
    /// Why, in plain words.
    pub why: String,
}

/// Roots and what belongs to them. Make it once and use it for many files: signatures of roots and revocation lists are verified
/// when it is made.
#[derive(Debug, Clone, Default)]
pub struct TrustList {
    roots: Vec<Certificate>,
    authorities: Vec<Certificate>,
    makers: Vec<Digest>,
    /// Each with the key that signed it.
    lists: Vec<(Vec<u8>, RevocationList)>,
    passed_over: Vec<PassedOver>,
    /// Names of roots that [`TrustList::narrowed`] took out: known, and not trusted.
    refused: Vec<String>,
}

/// Answer to "does it lead to a root".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainAnswer {
    /// The certificates from the issuer up to the root. Empty when the certificate is itself a root, or a pinned maker.
    Trusted(Vec<Certificate>),
    /// It does not.
    Untrusted {
        /// What was found, in plain words.
        why: String,
        /// Whether no certificate at hand was refused as its issuer: the list merely lacks one, and a fuller list might trust it. `false`:
        /// there is an issuer of that name, and it did not sign, may not issue, was not valid then or was revoked.
        is_issuer_absent: bool,
    },
    /// Its issuer is in the list, and has a key of an algorithm that is not verified here.
    Unknown(Reason),
}

/// Collects the parts of a trust list in any order.
#[derive(Debug, Default)]
pub struct TrustListBuilder {
    list: TrustList,
    unsigned: Vec<(String, RevocationList)>,
}

impl TrustListBuilder {
    /// Adds every certificate and revocation list of a file, DER or PEM.
    ///
    /// # Errors
    /// [`TrustListError::TooMuch`].
    pub fn file(&mut self, place: &str, bytes: &[u8]) -> Result<(), TrustListError> {
        self.each(place, bytes, Self::certificate)
    }

    /// Adds every certificate of a file as a seal maker that needs no chain.
    ///
    /// # Errors
    /// [`TrustListError::TooMuch`].
    pub fn makers_file(&mut self, place: &str, bytes: &[u8]) -> Result<(), TrustListError> {
        self.each(place, bytes, |builder, _, certificate| builder.maker(certificate.sm3()))
    }

    /// Adds a seal maker by the SM3 of its DER certificate.
    pub fn maker(&mut self, certificate_sm3: Digest) {
        if !self.list.makers.contains(&certificate_sm3) {
            self.list.makers.push(certificate_sm3);
        }
    }

    /// Verifies the revocation lists and finishes.
    pub fn build(mut self) -> TrustList {
        for (place, list) in std::mem::take(&mut self.unsigned) {
            let issuer = self.list.issuers().find(|issuer| list.is_signed_by(issuer)).and_then(Certificate::key_id);
            match issuer {
                Some(key) => self.list.lists.push((key, list)),
                None => self.pass_over(&place, "the issuer of the revocation list is not here, or did not sign it"),
            }
        }
        self.list
    }

    fn each(
        &mut self,
        place: &str,
        bytes: &[u8],
        take: impl Fn(&mut Self, &str, Certificate),
    ) -> Result<(), TrustListError> {
        let blocks = armour::blocks(bytes);
        if blocks.is_empty() {
            let inside = armour::unwrap(bytes);
            return self.item(place, inside.as_deref().unwrap_or(bytes), &take);
        }
        for block in blocks {
            // Keys and requests may stand beside certificates; they are none of a trust list's business.
            if ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CRL", "CRL"]
                .contains(&block.label.as_str())
            {
                self.item(place, &block.bytes, &take)?;
            }
        }
        Ok(())
    }

    fn item(
        &mut self,
        place: &str,
        bytes: &[u8],
        take: &impl Fn(&mut Self, &str, Certificate),
    ) -> Result<(), TrustListError> {
        match (Certificate::read(bytes), RevocationList::read(bytes)) {
            (Ok(certificate), _) => take(self, place, certificate),
            (_, Ok(list)) => self.unsigned.push((place.to_owned(), list)),
            (Err(fault), _) => self.pass_over(place, &format!("neither a certificate nor a revocation list: {fault}")),
        }
        let certificates = self.list.roots.len() + self.list.authorities.len() + self.list.makers.len();
        if certificates > CERTIFICATES_MAX {
            return Err(TrustListError::TooMuch { what: "certificates", limit: 10_000 });
        }
        if self.unsigned.len() > LISTS_MAX {
            return Err(TrustListError::TooMuch { what: "revocation lists", limit: 1_000 });
        }
        Ok(())
    }

    fn certificate(&mut self, place: &str, certificate: Certificate) {
        if self.list.issuers().any(|known| known.der() == certificate.der()) {
            return;
        }
        if !certificate.may_issue() {
            self.pass_over(
                place,
                "the certificate is no authority, so it is no root; makers go to the folder \"makers\"",
            );
        } else if !certificate.is_self_issued() {
            self.list.authorities.push(certificate);
        } else if certificate.is_signed_by(&certificate) == Some(true) {
            self.list.roots.push(certificate);
        } else {
            self.pass_over(
                place,
                "the root's own signature is wrong, or neither of SM2 with SM3 nor of RSA with SHA-256, 384 or 512",
            );
        }
    }

    fn pass_over(&mut self, place: &str, why: &str) {
        if self.list.passed_over.len() < CERTIFICATES_MAX {
            self.list.passed_over.push(PassedOver { place: shown(place), why: why.to_owned() });
        }
    }
}

impl TrustList {
    /// Reads a file, or the files of a folder that end in crt, cer, pem, crl or der, and those of its sub-folder `makers`.
    ///
    /// # Errors
    /// All of [`TrustListError`].
    pub fn from_path(path: &Path) -> Result<Self, TrustListError> {
        let mut builder = TrustListBuilder::default();
        if path.is_dir() {
            for file in files_of(path)? {
                builder.file(&name_of(&file), &read(&file)?)?;
            }
            let makers = path.join("makers");
            for file in if makers.is_dir() { files_of(&makers)? } else { Vec::new() } {
                builder.makers_file(&name_of(&file), &read(&file)?)?;
            }
        } else {
            builder.file(&name_of(path), &read(path)?)?;
        }
        let list = builder.build();
        if list.roots.is_empty() && list.makers.is_empty() {
            return Err(TrustListError::NoRoot { path: path.display().to_string() });
        }
        Ok(list)
    }

    /// The roots.
    pub fn roots(&self) -> &[Certificate] {
        &self.roots
    }

    /// Revocation lists whose signature held.
    pub fn revocation_lists(&self) -> usize {
        self.lists.len()
    }

    /// What was in the files and is not used, and why.
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }

    /// What remains of the list when others decide where chains may end: at those roots and authorities that they accept, by the SM3
    /// of their DER. The seal makers that they pin take the place of the list's own. Authorities on the way and revocation lists stay:
    /// they count for nothing without such an end.
    pub fn narrowed(&self, is_end: impl Fn(&Digest) -> bool, makers: Vec<Digest>) -> Self {
        let refused = self.roots.iter().filter(|root| !is_end(&root.sm3())).map(|root| root.subject.text.clone());
        Self {
            refused: refused.chain(self.refused.iter().cloned()).collect(),
            roots: self.issuers().filter(|issuer| is_end(&issuer.sm3())).cloned().collect(),
            authorities: self.authorities.clone(),
            makers,
            lists: self.lists.clone(),
            passed_over: Vec::new(),
        }
    }

    /// SM3 of the DER of every root and authority.
    pub fn issuer_digests(&self) -> Vec<Digest> {
        self.issuers().map(Certificate::sm3).collect()
    }

    /// Whether a certificate is a pinned seal maker.
    pub fn is_maker(&self, certificate: &Certificate) -> bool {
        let digest = certificate.sm3();
        self.makers.contains(&digest)
    }

    fn issuers(&self) -> impl Iterator<Item = &Certificate> {
        self.roots.iter().chain(&self.authorities)
    }

    /// Whether `certificate` leads to a root at the moment `at`: every issuer valid then, allowed to issue, within its path
    /// length, not revoked before, and its signature good. The certificate's own validity and usage are other checks.
    /// `carried` are certificates that came with the document.
    pub fn chain(&self, certificate: &Certificate, carried: &[Certificate], at: TimeMs) -> ChainAnswer {
        if self.roots.contains(certificate) {
            return ChainAnswer::Trusted(Vec::new());
        }
        let mut search =
            Search { list: self, carried, at, left: VERIFICATIONS_MAX, unknown: None, why: None, is_refused: false };
        let mut chain = Vec::new();
        if search.up(certificate, &mut chain) {
            return ChainAnswer::Trusted(chain);
        }
        match search.unknown {
            Some(reason) => ChainAnswer::Unknown(reason),
            None => ChainAnswer::Untrusted {
                why: search.why.unwrap_or_else(|| "its issuer is not in the trust list".to_owned()),
                is_issuer_absent: !search.is_refused,
            },
        }
    }

    /// What the revocation lists of `issuer` say of `certificate` at the moment `at`.
    pub fn standing(&self, certificate: &Certificate, issuer: &Certificate, at: TimeMs) -> Standing {
        let key = issuer.key_id();
        let answers = self
            .lists
            .iter()
            .filter(|(signer, list)| Some(signer) == key.as_ref() && list.issuer == certificate.issuer.text)
            .map(|(_, list)| list.standing(&certificate.serial, certificate.not_after, at));
        answers.fold(Standing::Unknown, |so_far, answer| match (so_far, answer) {
            (Standing::Revoked(one), Standing::Revoked(other)) => Standing::Revoked(one.min(other)),
            (revoked @ Standing::Revoked(_), _) | (_, revoked @ Standing::Revoked(_)) => revoked,
            (Standing::NotListed, _) | (_, Standing::NotListed) => Standing::NotListed,
            (Standing::NotListedAfterEnd, _) | (_, Standing::NotListedAfterEnd) => Standing::NotListedAfterEnd,
            (Standing::Unknown, Standing::Unknown) => Standing::Unknown,
        })
    }
}

/// One search for a path, depth first.
struct Search<'t> {
    list: &'t TrustList,
    carried: &'t [Certificate],
    at: TimeMs,
    left: usize,
    unknown: Option<Reason>,
    why: Option<String>,
    /// Whether an issuer was at hand and refused.
    is_refused: bool,
}

impl Search<'_> {
    /// Extends `chain`, whose last certificate (or the one asked about) is `below`, up to a root.
    fn up(&mut self, below: &Certificate, chain: &mut Vec<Certificate>) -> bool {
        if chain.len() + 2 > CHAIN_MAX {
            self.refuse(format!("the chain is longer than {CHAIN_MAX}"));
            return false;
        }
        let list = self.list;
        self.is_refused |= list.refused.contains(&below.issuer.text);
        for issuer in list.issuers().chain(self.carried) {
            if issuer.subject.text != below.issuer.text
                || chain.contains(issuer)
                || !self.issued(issuer, below, chain.len())
            {
                continue;
            }
            chain.push(issuer.clone());
            if list.roots.contains(issuer) || self.up(issuer, chain) {
                return true;
            }
            chain.pop();
        }
        false
    }

    /// Whether `issuer` issued `below`, with `authorities_below` authorities between them and the end of the chain.
    fn issued(&mut self, issuer: &Certificate, below: &Certificate, authorities_below: usize) -> bool {
        let refusal = if !issuer.may_issue() {
            Some("is not allowed to issue certificates")
        } else if !issuer.is_valid_at(self.at) {
            Some("was not valid at the time")
        } else if issuer.path_len.is_some_and(|most| authorities_below > usize::from(most)) {
            Some("allows fewer authorities below it")
        } else if self.left == 0 {
            Some("is one of too many of this name")
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.refuse(format!("the issuer {} {refusal}", issuer.subject.text));
            return false;
        }
        self.left -= 1;
        match below.is_signed_by(issuer) {
            Some(true) => {}
            // What came with the document is no word against it, nor a reason to leave the question open.
            Some(false) | None if !self.list.issuers().any(|listed| listed == issuer) => {
                self.why = Some(format!("the key of {} did not sign it", issuer.subject.text));
                return false;
            }
            Some(false) => {
                self.refuse(format!("the key of {} did not sign it", issuer.subject.text));
                return false;
            }
            None => {
                self.unknown = Some(Reason::LegacyAlgorithm);
                return false;
            }
        }
        // Of the certificate asked about this is a check of its own; an authority must not have been revoked.
        let revoked = authorities_below > 0
            && matches!(self.list.standing(below, issuer, self.at), Standing::Revoked(date) if date <= self.at);
        if revoked {
            self.refuse(format!("the authority {} was revoked", below.subject.text));
        }
        !revoked
    }

    fn refuse(&mut self, why: String) {
        self.why = Some(why);
        self.is_refused = true;
    }
}

fn files_of(folder: &Path) -> Result<Vec<std::path::PathBuf>, TrustListError> {
    let fail = |source| TrustListError::Read { path: folder.display().to_string(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        if ENDINGS.contains(&ending.as_str()) && path.is_file() {
            files.push(path);
        }
        if files.len() > FILES_MAX {
            return Err(TrustListError::TooMuch { what: "files", limit: 20_000 });
        }
    }
    files.sort();
    Ok(files)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn read(path: &Path) -> Result<Vec<u8>, TrustListError> {
    use std::io::Read as _;
    let fail = |source| TrustListError::Read { path: path.display().to_string(), source };
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(fail)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(fail)?;
    match u64::try_from(bytes.len()) {
        Ok(size) if size <= FILE_BYTES_MAX => Ok(bytes),
        _ => Err(TrustListError::TooMuch { what: "bytes in one file", limit: FILE_BYTES_MAX }),
    }
}
