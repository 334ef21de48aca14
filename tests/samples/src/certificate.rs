//! X.509 version 3 certificates and revocation lists with SM2 (GB/T 20518, RFC 5280).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::der::{self, oid};
use crate::error::SampleError;
use crate::habit::Bits;
use crate::key::{Key, sm3};
use crate::moment::Moment;
use crate::signature::ValueForm;

/// A distinguished name, its parts from the root of the tree down.
#[derive(Debug, Clone)]
pub struct Name {
    der: Vec<u8>,
}

impl Name {
    /// `C=CN` followed by the given parts.
    pub fn new(parts: &[(&[u64], &str)]) -> Self {
        let part = |arcs: &[u64], value: Vec<u8>| der::set(&[der::sequence(&[der::oid(arcs), value])]);
        let mut sets = vec![part(oid::COUNTRY, der::printable("CN"))];
        sets.extend(parts.iter().map(|(arcs, text)| part(arcs, der::utf8(text))));
        Self { der: der::sequence(&sets) }
    }

    /// DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

/// From when until when, both ends included.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// First moment.
    pub from: Moment,
    /// Last moment.
    pub until: Moment,
}

/// What a certificate's key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Issue certificates and revocation lists.
    Authority,
    /// Sign seals or documents.
    Signer,
    /// Encipher keys, and nothing else: whoever signs with it has a defect.
    Encipherment,
}

/// A certificate, and the key it is for.
#[derive(Debug, Clone)]
pub struct Identity {
    /// File name without suffix.
    pub file: String,
    /// Private and public key.
    pub key: Key,
    /// Subject.
    pub name: Name,
    /// Issuer.
    pub issuer: Name,
    /// Serial number, big-endian, positive.
    pub serial: Vec<u8>,
    /// The certificate in DER.
    pub certificate: Vec<u8>,
}

/// How a certificate departs from the standard in its writing. The default does not.
#[derive(Debug, Clone, Copy)]
pub struct CertificateForm {
    /// The BIT STRING of the issuer's signature.
    pub bits: Bits,
    /// How the issuer's r and s are written.
    pub value: ValueForm,
    /// How the key says that it is one of SM2.
    pub curve: Curve,
}

impl CertificateForm {
    /// As the standard has it.
    pub const USUAL: Self = Self { bits: Bits::Whole, value: ValueForm::Der, curve: Curve::Named };
}

/// How a key says that it is one of SM2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// Key on an elliptic curve, the curve by its identifier.
    Named,
    /// The curve by the identifier of its signature.
    NamedBySignature,
    /// The key by the identifier of its signature.
    KeyNamedBySignature,
    /// The curve's numbers written out (RFC 3279).
    WrittenOut,
}

/// Who signs a certificate or a revocation list.
#[derive(Debug, Clone, Copy)]
pub struct Issuer<'a> {
    /// The issuer's subject name.
    pub name: &'a Name,
    /// The issuer's key.
    pub key: &'a Key,
    /// What is claimed of the signature; it is made with SM2 all the same.
    pub algorithm: &'static [u64],
}

impl Identity {
    /// Issues a certificate for the key of the label `file`; `None` as issuer makes it self-signed.
    pub fn issue(
        file: &str,
        name: Name,
        window: Window,
        role: Role,
        issuer: Option<Issuer<'_>>,
    ) -> Result<Self, SampleError> {
        let key = Key::of(file)?;
        let public = key.public().to_vec();
        Self::issue_for(file, key, &public, name, window, role, issuer)
    }

    /// Issues a certificate that is written in another form.
    pub(crate) fn issue_as(
        form: CertificateForm,
        file: &str,
        name: Name,
        window: Window,
        issuer: Issuer<'_>,
    ) -> Result<Self, SampleError> {
        let key = Key::of(file)?;
        let public = key.public().to_vec();
        Self::issue_in(form, file, key, &public, name, window, Role::Signer, Some(issuer))
    }

    /// Issues a certificate that names another public key than the one that signs; a defect.
    pub(crate) fn issue_for(
        file: &str,
        key: Key,
        public: &[u8],
        name: Name,
        window: Window,
        role: Role,
        issuer: Option<Issuer<'_>>,
    ) -> Result<Self, SampleError> {
        Self::issue_in(CertificateForm::USUAL, file, key, public, name, window, role, issuer)
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of a certificate, for the three functions above")]
    fn issue_in(
        form: CertificateForm,
        file: &str,
        key: Key,
        public: &[u8],
        name: Name,
        window: Window,
        role: Role,
        issuer: Option<Issuer<'_>>,
    ) -> Result<Self, SampleError> {
        let by = issuer.unwrap_or(Issuer { name: &name, key: &key, algorithm: oid::SM2_WITH_SM3 });
        let serial = serial(file);
        let tbs = der::sequence(&[
            der::explicit(0, &der::integer(2)),
            der::unsigned(&serial),
            der::algorithm(by.algorithm),
            by.name.der.clone(),
            der::sequence(&[der::utc_time(&window.from.utc_time()), der::utc_time(&window.until.utc_time())]),
            name.der.clone(),
            public_key_information(public, form.curve),
            der::explicit(3, &extensions(role, public, by.key.public())),
        ]);
        let certificate = signed(tbs, by, form)?;
        let issuer = by.name.clone();
        Ok(Self { file: file.to_owned(), key, name, issuer, serial, certificate })
    }

    /// This identity as an issuer.
    pub fn as_issuer(&self) -> Issuer<'_> {
        Issuer { name: &self.name, key: &self.key, algorithm: oid::SM2_WITH_SM3 }
    }

    /// `SEQUENCE { issuer, serial }`, as GB/T 35275 names a signer.
    pub fn issuer_and_serial(&self) -> Vec<u8> {
        der::sequence(&[self.issuer.der.clone(), der::unsigned(&self.serial)])
    }
}

/// A certificate that is no longer good.
#[derive(Debug, Clone, Copy)]
pub struct Revocation<'a> {
    /// Whose.
    pub identity: &'a Identity,
    /// Since when.
    pub at: Moment,
}

/// Version 2 revocation list, with an authority key identifier and the reason "superseded" for each entry. An authority numbers its
/// lists from 1 on.
pub fn revocation_list(
    issuer: Issuer<'_>,
    number: u64,
    window: Window,
    revoked: &[Revocation<'_>],
) -> Result<Vec<u8>, SampleError> {
    let entries: Vec<Vec<u8>> = revoked
        .iter()
        .map(|one| {
            let reason = extension(oid::REASON_CODE, false, &der::enumerated(4));
            der::sequence(&[
                der::unsigned(&one.identity.serial),
                der::utc_time(&one.at.utc_time()),
                der::sequence(&[reason]),
            ])
        })
        .collect();
    let list_extensions = der::sequence(&[
        extension(oid::AUTHORITY_KEY, false, &authority_key(issuer.key.public())),
        extension(oid::CRL_NUMBER, false, &der::integer(number)),
    ]);
    let mut parts = vec![
        der::integer(1),
        der::algorithm(issuer.algorithm),
        issuer.name.der.clone(),
        der::utc_time(&window.from.utc_time()),
        der::utc_time(&window.until.utc_time()),
    ];
    // RFC 5280 5.1.2.6: the list of certificates is absent when there are none.
    if !entries.is_empty() {
        parts.push(der::sequence(&entries));
    }
    parts.push(der::explicit(0, &list_extensions));
    signed(der::sequence(&parts), issuer, CertificateForm::USUAL)
}

/// PEM with the given label, `CERTIFICATE` or `X509 CRL`.
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// `SEQUENCE { to be signed, algorithm, signature }`.
fn signed(tbs: Vec<u8>, by: Issuer<'_>, form: CertificateForm) -> Result<Vec<u8>, SampleError> {
    let signature = form.bits.write(&form.value.write(&by.key.sign(&tbs)?));
    Ok(der::sequence(&[tbs, der::algorithm(by.algorithm), signature]))
}

/// Sixteen octets from the file name, the first of them from 64 to 127: positive and always as long.
fn serial(file: &str) -> Vec<u8> {
    let mut serial: Vec<u8> = sm3(format!("huxin-samples/serial/v1/{file}").as_bytes()).into_iter().take(16).collect();
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    serial
}

fn public_key_information(public: &[u8], curve: Curve) -> Vec<u8> {
    let algorithm = match curve {
        Curve::Named => [der::oid(oid::EC_PUBLIC_KEY), der::oid(oid::SM2_CURVE)],
        Curve::NamedBySignature => [der::oid(oid::EC_PUBLIC_KEY), der::oid(oid::SM2_SIGNATURE)],
        Curve::KeyNamedBySignature => [der::oid(oid::SM2_SIGNATURE), der::oid(oid::SM2_CURVE)],
        Curve::WrittenOut => [der::oid(oid::EC_PUBLIC_KEY), curve_parameters()],
    };
    der::sequence(&[der::sequence(&algorithm), der::bits(public)])
}

/// sm2p256v1 (GB/T 32918.5) as ECParameters: field, a and b, generator, order, cofactor.
fn curve_parameters() -> Vec<u8> {
    const P: &str = "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff";
    const A: &str = "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc";
    const B: &str = "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93";
    const G: &str = "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7\
                     bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0";
    const N: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
    let number = |text: &str| hex::decode(text).unwrap_or_default();
    der::sequence(&[
        der::integer(1),
        der::sequence(&[der::oid(oid::PRIME_FIELD), der::unsigned(&number(P))]),
        der::sequence(&[der::octets(&number(A)), der::octets(&number(B))]),
        der::octets(&number(G)),
        der::unsigned(&number(N)),
        der::integer(1),
    ])
}

fn extensions(role: Role, public: &[u8], issuer_public: &[u8]) -> Vec<u8> {
    let (constraints, usage) = match role {
        // keyCertSign and cRLSign are bits 5 and 6; digitalSignature and nonRepudiation bits 0 and 1.
        Role::Authority => (der::sequence(&[der::yes()]), der::bits_but(1, &[0x06])),
        Role::Signer => (der::sequence(&[]), der::bits_but(6, &[0xc0])),
        // keyEncipherment is bit 2.
        Role::Encipherment => (der::sequence(&[]), der::bits_but(5, &[0x20])),
    };
    der::sequence(&[
        extension(oid::BASIC_CONSTRAINTS, true, &constraints),
        extension(oid::KEY_USAGE, true, &usage),
        extension(oid::SUBJECT_KEY, false, &der::octets(&key_identifier(public))),
        extension(oid::AUTHORITY_KEY, false, &authority_key(issuer_public)),
    ])
}

fn extension(arcs: &[u64], critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![der::oid(arcs)];
    if critical {
        parts.push(der::yes());
    }
    parts.push(der::octets(value));
    der::sequence(&parts)
}

fn authority_key(public: &[u8]) -> Vec<u8> {
    der::sequence(&[der::implicit(0, &key_identifier(public))])
}

/// RFC 5280 4.2.1.2 leaves the method free: the first twenty octets of the SM3 of the public key.
fn key_identifier(public: &[u8]) -> Vec<u8> {
    sm3(public).into_iter().take(20).collect()
}
