//! Keys, certificates and revocation lists of a test authority, made in the test.

use huxin_chain_spec::crypto::sm2::{DEFAULT_USER_ID, message_digest, point_of};
use sm2::SecretKey;
use sm2::dsa::SigningKey;
use sm2::dsa::signature::hazmat::PrehashSigner as _;
use sm2::elliptic_curve::sec1::ToSec1Point as _;

use crate::tlv::{FALSE, TRUE, bits, context, int, octets, oid, seq, set, uint, utc, utf8};

pub const SM2_WITH_SM3: &str = "1.2.156.10197.1.501";
pub const DIGITAL_SIGNATURE: u8 = 0x80;
pub const KEY_ENCIPHERMENT: u8 = 0x20;
pub const CERT_AND_CRL_SIGN: u8 = 0x06;

/// A private key from one byte: test keys only.
#[derive(Clone)]
pub struct Key(SecretKey);

impl Key {
    pub fn of(seed: u8) -> Self {
        Self(SecretKey::from_slice(&[seed; 32]).unwrap())
    }

    /// Uncompressed, as certificates have it.
    pub fn public(&self) -> Vec<u8> {
        self.0.public_key().to_sec1_point(false).as_bytes().to_vec()
    }

    pub fn point(&self) -> [u8; 33] {
        point_of(&self.public()).unwrap()
    }

    /// r‖s over a message.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let e = message_digest(&self.point(), DEFAULT_USER_ID, &[message]).unwrap();
        let key = SigningKey::new(DEFAULT_USER_ID, &self.0).unwrap();
        key.sign_prehash(e.as_bytes()).unwrap().to_bytes().into()
    }

    pub fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        value_der(&self.sign(message))
    }
}

pub fn value_der(r_s: &[u8; 64]) -> Vec<u8> {
    seq(&[&uint(&r_s[..32]), &uint(&r_s[32..])])
}

/// A certificate to be made; change what the test is about.
#[derive(Clone)]
pub struct Spec {
    pub serial: Vec<u8>,
    pub subject: Vec<u8>,
    pub issuer: Vec<u8>,
    pub not_before: Vec<u8>,
    pub not_after: Vec<u8>,
    /// None: no basic constraints. Some(None): an authority. Some(Some(n)): one with a path length.
    pub authority: Option<Option<u8>>,
    pub usage: Option<u8>,
    pub curve: &'static str,
    pub public: Vec<u8>,
    /// Whole extensions to add.
    pub extra: Vec<Vec<u8>>,
}

pub struct Issued {
    pub der: Vec<u8>,
    pub key: Key,
    pub name: Vec<u8>,
}

/// A name of C and CN.
pub fn name(common: &str) -> Vec<u8> {
    name_of(&[("2.5.4.6", "CN"), ("2.5.4.3", common)])
}

pub fn name_of(attributes: &[(&str, &str)]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = attributes.iter().map(|(id, text)| set(&[&seq(&[&oid(id), &utf8(text)])])).collect();
    seq(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

impl Spec {
    /// A signer of `key`, valid 2025 to 2035.
    pub fn leaf(serial: u8, subject: Vec<u8>, issuer: &[u8], key: &Key) -> Self {
        Self {
            serial: vec![serial],
            subject,
            issuer: issuer.to_vec(),
            not_before: utc("250101000000Z"),
            not_after: utc("350101000000Z"),
            authority: None,
            usage: Some(DIGITAL_SIGNATURE),
            curve: "1.2.156.10197.1.301",
            public: key.public(),
            extra: Vec::new(),
        }
    }

    pub fn authority(serial: u8, subject: Vec<u8>, issuer: &[u8], key: &Key, path_len: Option<u8>) -> Self {
        Self { authority: Some(path_len), usage: Some(CERT_AND_CRL_SIGN), ..Self::leaf(serial, subject, issuer, key) }
    }

    fn extensions(&self) -> Vec<Vec<u8>> {
        let mut list = self.extra.clone();
        if let Some(path_len) = self.authority {
            let value = match path_len {
                Some(most) => seq(&[&TRUE, &int(&[most])]),
                None => seq(&[&TRUE]),
            };
            list.push(seq(&[&oid("2.5.29.19"), &TRUE, &octets(&value)]));
        }
        if let Some(usage) = self.usage {
            let unused = usage.trailing_zeros() as u8;
            // Written-out FALSE, as many authorities have it.
            list.push(seq(&[&oid("2.5.29.15"), &FALSE, &octets(&[0x03, 0x02, unused, usage])]));
        }
        list
    }

    /// Signs with the issuer's key.
    pub fn sign(&self, issuer: &Key) -> Vec<u8> {
        self.sign_as(SM2_WITH_SM3, issuer)
    }

    /// The same, claiming another algorithm.
    pub fn sign_as(&self, algorithm: &str, issuer: &Key) -> Vec<u8> {
        let algorithm = seq(&[&oid(algorithm)]);
        let extensions = self.extensions();
        let extensions = seq(&extensions.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let tbs = seq(&[
            &context(0, &[&int(&[2])]),
            &int(&self.serial),
            &algorithm,
            &self.issuer,
            &seq(&[&self.not_before, &self.not_after]),
            &self.subject,
            &seq(&[&seq(&[&oid("1.2.840.10045.2.1"), &oid(self.curve)]), &bits(&self.public)]),
            &context(3, &[&extensions]),
        ]);
        seq(&[&tbs, &algorithm, &bits(&issuer.sign_der(&tbs))])
    }
}

/// A root, a maker, a signer and a second signer under it.
pub struct Pki {
    pub root: Issued,
    pub maker: Issued,
    pub signer: Issued,
    pub other: Issued,
}

pub const SEAL_ID: &str = "31000000000001";

impl Pki {
    pub fn new() -> Self {
        let root_key = Key::of(1);
        let root_name = name("Test Root");
        let mut root = Spec::authority(1, root_name.clone(), &root_name, &root_key, None);
        (root.not_before, root.not_after) = (utc("000101000000Z"), utc("491231235959Z"));
        let root_der = root.sign(&root_key);
        let issue = |serial: u8, subject: Vec<u8>, seed: u8| {
            let key = Key::of(seed);
            let der = Spec::leaf(serial, subject.clone(), &root_name, &key).sign(&root_key);
            Issued { der, key, name: subject }
        };
        Self {
            maker: issue(2, name("Test Maker"), 2),
            signer: issue(3, name(SEAL_ID), 3),
            other: issue(4, name("Another Signer"), 4),
            root: Issued { der: root_der, key: root_key, name: root_name },
        }
    }

    /// A revocation list of the root: serial numbers and dates.
    pub fn crl(&self, entries: &[(u8, &str)]) -> Vec<u8> {
        crl(&self.root, entries, &[])
    }
}

pub fn crl(issuer: &Issued, entries: &[(u8, &str)], extensions: &[Vec<u8>]) -> Vec<u8> {
    crl_of(issuer, entries, extensions, &[utc("260601000000Z"), utc("360601000000Z")])
}

/// A list with these times: thisUpdate, and nextUpdate where it has one.
pub fn crl_of(issuer: &Issued, entries: &[(u8, &str)], extensions: &[Vec<u8>], times: &[Vec<u8>]) -> Vec<u8> {
    let algorithm = seq(&[&oid(SM2_WITH_SM3)]);
    let entries: Vec<Vec<u8>> = entries.iter().map(|(serial, date)| seq(&[&int(&[*serial]), &utc(date)])).collect();
    let mut parts = vec![int(&[1]), algorithm.clone(), issuer.name.clone()];
    parts.extend(times.iter().cloned());
    if !entries.is_empty() {
        parts.push(seq(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>()));
    }
    if !extensions.is_empty() {
        parts.push(context(0, &[&seq(&extensions.iter().map(Vec::as_slice).collect::<Vec<_>>())]));
    }
    let tbs = seq(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
    seq(&[&tbs, &algorithm, &bits(&issuer.key.sign_der(&tbs))])
}
