//! RSA for samples in PDF: a root, a signer under it, and a list of revoked certificates. The keys are fixed, published, and useless.

use rsa::{BoxedUint, Pkcs1v15Sign, PrivateKey};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::authority::{CERTIFICATES_VALID, LISTS_VALID};
use crate::certificate::{Name, pem};
use crate::der::{self, oid};
use crate::error::SampleError;
use crate::key::sm3;

/// A private key in hexadecimal.
struct Numbers {
    modulus: &'static str,
    exponent: &'static str,
    prime_1: &'static str,
    prime_2: &'static str,
}

const ROOT: Numbers = Numbers {
    modulus: "b94e2c24760d7d6168bd315cfd358d5708bd8695bf949be7278a26afd842acea0dcb327088c268de5a61bf16f8db2f08784ba55cc34b6231af601b58\
        ef24b5a0372b0d3c75b3ffa06f2b270332ee4d366d9e180f3defcb62a2f1dd07756ba604b984299fa1eb7525c2ea2d367bf5ddaa6f1e5565516c4ed0\
        c65721e6f3bd770d71f97151577db83c52f2438a02546360aeac4d67d40c56091aada912673be75f0011db0b46ff642bde1f5771cde1ef6e6fd634f4\
        5c7095f63dbeee2e8dfc0c59821d1688c48beaf6609cb83d9585e14e72d0478afc546aa84a3ac0af2a2fbaf19dd65ef3cafa7c2d9269d19e685cec4f\
        0f9dbfc15ed5a9c8d6b44b1b7fe6b7e9",
    exponent: "96a616fd0d7caa122734a88d10ce18ba4940cbc9b296fea84e5ce256d35a617966fd6b6451cabbb70983adf6df1a5282704a0f85fabfae74f63f0bfc\
        a16f16b9ca201602b12e4504095cebba8e0d6e787165b5e9ae50e4e8abd036017a54aa03ed4ea508427b4a2208f4990d5279f05c3f3a49f2b4df78b4\
        028b93e44f0419644fb06fc5886c968d8f671452e474e2d9d8f7fa3b211e47cb4172535901e084f4d0eb33db858345f57d89a6b1ff96636578acc58a\
        7627a9d0b0b31d977c5565f405473ca7265438c8ece63e23ec3ccd586cd8c2baa8c88de24994af4cd0a7ae4514e2366829aad19187f1e4b9723a87ea\
        88d3c5452d3baa8ac4e5d190940cf1",
    prime_1: "f8627b8f985c9aca9658f5d33bf53a3699d19a3cd40bbd218c1d82771c94223b53acd17917a971d4535ed7814a2775e9def88974685b62b1ca0a73ee\
        5c3afcec1851f185728682530b2c191d6fc7c585d38202ef76904d69538faac3f5de77fcf6b42432608396069f7235a3534b28966d7b81a045701205\
        9897b1431c7f1c19",
    prime_2: "befc9803e5f1261525f98917854be80e45a98f67c14d6e6c33b4cc4c77bc7e76bfc47eda53c7fa107dafdfbfbe936829debb3cd6d851eee23acc3d9e\
        ef93ffda5ee6598712b262cf20526ecc4d40fbdacb0b00b5739b916e83b430f8e37f8bed694a26b7baa1f914d65a4222553e12e14c318ce296164b9f\
        a6bd030f18fff451",
};

const SIGNER: Numbers = Numbers {
    modulus: "d025253d69bb490cab6eded8690628bd69b95a115e7b4b2ff9c86f051d3eab6cac7473a293f6812e0ab40383bb57d7dad867bb1022b5542906d22ca8\
        1d9f2a0d2a6156fae8c52203ea91b256b891076727c1db8a576efdd290f0eccfb78cc95691b582ad9934bdb1882f5a373270f8bf2ba79f86e7cb1c74\
        3c33e51611ef5add42850083eb4597cff075878ab5d8e155808d7b93354ee867a57a5ddff9ddf2f1848f3c0fc7bba528e7a4ddad77f9f2ee55bb95d6\
        e9d72b6079c7ea073d15bf5c12c77444a9b882dc9139757f6cc74ab8909fea1193db1996206faec9f9bc615585166b9ce2ff31c36408283605626328\
        b094de33bc31832e0377ef5c7c81a1c7",
    exponent: "022b39ce8eae5fcc43ffb46b2ff969910a5da6110e0b334a79cc0d16c3e3062cec61c5d0056ce5b09559bed7a13939c4931eea79313c483e37dd168f\
        d01d6d20bf5331389ba4c23716e5f715fb5b3e9fd619fecc4d90edd7432f5f7da9b66848e432758b3d89384375f9d13a2b589b57d29c67dcea724a3f\
        9cb3a5bac8082c02dc0d35c7938f2476f6afe09e2038416d1f3f43c9b0a5fbc6b66a4cd1262c280f1607bf5b3f02cdd03c0e5744c869d6d4ba472222\
        1cda06c4f07c645e0a4637c2442e5a8a30c35bbbafe80e376464c6ab267515fcf8f4729398d1697b6b15cc24fd2580e61f1af491dc80220a98d14759\
        698d1bbbfbcbe5a135c4674567afc591",
    prime_1: "f7677f64e28cc80c39ae54d287c8955951398081f4d2ccb1ecb1714b142e72be06d837bd574509dabf4b10aa4d165f7174ef9f2d3c84e359e859d4c6\
        bb6cdd13b7392437d6c4412b24c00cb5fad5815edc29a4d15cfba5c1593cc380fc7d4e3a9ede6ca7a5dc040fa00739f89b6bef42699269cba43f247e\
        31c700baf2b6dd0b",
    prime_2: "d7607669c1f9b2bbf386bad7306b7bb3f4b3ba65a4e869ec61d99f9031c1288383d127b01ab8f14df4e6d76bc0b0b598f4025ffe9d064814826f8338\
        84ba884c0baec823e948605fd5dea9e3b5315e14637baf5c6f526c911c4af722f4a06a4826835efbe6d853223eb7405b2a5d06026e37df365e77f54e\
        53b5dfdfd353abb5",
};

/// A digest that RSA signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sha {
    /// Outdated.
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Sha {
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    /// DER of its AlgorithmIdentifier, with NULL.
    pub fn algorithm(self) -> Vec<u8> {
        let arcs: &[u64] = match self {
            Self::Sha1 => &[1, 3, 14, 3, 2, 26],
            Self::Sha256 => &[2, 16, 840, 1, 101, 3, 4, 2, 1],
            Self::Sha384 => &[2, 16, 840, 1, 101, 3, 4, 2, 2],
            Self::Sha512 => &[2, 16, 840, 1, 101, 3, 4, 2, 3],
        };
        der::sequence(&[der::oid(arcs), der::tlv(5, &[])])
    }
}

/// A certificate with an RSA key, or another that is not SM2.
#[derive(Debug, Clone)]
pub struct RsaIdentity {
    pub file: &'static str,
    key: PrivateKey,
    name: Name,
    issuer: Name,
    serial: Vec<u8>,
    /// DER.
    pub certificate: Vec<u8>,
}

impl RsaIdentity {
    /// Signs the digest of a message (PKCS #1 v1.5).
    pub fn sign(&self, sha: Sha, message: &[u8]) -> Result<Vec<u8>, SampleError> {
        // DigestInfo by hand: SEQUENCE { algorithm, OCTET STRING }.
        let information = der::sequence(&[sha.algorithm(), der::octets(&sha.digest(message))]);
        let refuse = |_| SampleError::Signing { label: self.file.to_owned() };
        self.key.sign(Pkcs1v15Sign::new_unprefixed(), &information).map_err(refuse)
    }

    /// `SEQUENCE { issuer, serial }`.
    pub fn issuer_and_serial(&self) -> Vec<u8> {
        der::sequence(&[self.issuer.der().to_vec(), der::unsigned(&self.serial)])
    }
}

/// Who signs with RSA.
#[derive(Debug, Clone)]
pub struct RsaAuthority {
    pub root: RsaIdentity,
    pub signer: RsaIdentity,
    /// Its certificate names a key of P-256; signatures in its name are made with another.
    pub other_curve: RsaIdentity,
}

impl RsaAuthority {
    pub fn new() -> Result<Self, SampleError> {
        let root_key = key(&ROOT)?;
        let name = |text| Name::new(&[(oid::ORGANISATION, "互信样例 TEST ONLY"), (oid::COMMON_NAME, text)]);
        let root_name = name("Huxin Sample Root RSA");
        let issue = |file: &'static str, own: Name, key: PrivateKey, own_public: Vec<u8>, is_authority: bool| {
            let mut serial: Vec<u8> = sm3(file.as_bytes()).into_iter().take(16).collect();
            if let Some(first) = serial.first_mut() {
                *first = (*first & 0x7f) | 0x40;
            }
            let (constraints, usage) = match is_authority {
                true => (der::sequence(&[der::yes()]), der::bits_but(1, &[0x06])),
                false => (der::sequence(&[]), der::bits_but(6, &[0xc0])),
            };
            let window = CERTIFICATES_VALID;
            let authority_key = der::sequence(&[der::implicit(0, &identifier(&public(&ROOT)))]);
            let tbs = der::sequence(&[
                der::explicit(0, &der::integer(2)),
                der::unsigned(&serial),
                with_sha256(),
                root_name.der().to_vec(),
                der::sequence(&[der::utc_time(&window.from.utc_time()), der::utc_time(&window.until.utc_time())]),
                own.der().to_vec(),
                own_public.clone(),
                der::explicit(
                    3,
                    &der::sequence(&[
                        der::sequence(&[der::oid(oid::BASIC_CONSTRAINTS), der::yes(), der::octets(&constraints)]),
                        der::sequence(&[der::oid(oid::KEY_USAGE), der::yes(), der::octets(&usage)]),
                        der::sequence(&[
                            der::oid(oid::SUBJECT_KEY),
                            der::octets(&der::octets(&identifier(&own_public))),
                        ]),
                        der::sequence(&[der::oid(oid::AUTHORITY_KEY), der::octets(&authority_key)]),
                    ]),
                ),
            ]);
            let certificate = signed(tbs, &root_key)?;
            Ok::<_, SampleError>(RsaIdentity { file, key, name: own, issuer: root_name.clone(), serial, certificate })
        };
        let signer_key = key(&SIGNER)?;
        Ok(Self {
            root: issue("rsa-root", root_name.clone(), key(&ROOT)?, public(&ROOT), true)?,
            signer: issue("rsa-signer", name("Huxin Sample Signer RSA"), key(&SIGNER)?, public(&SIGNER), false)?,
            other_curve: issue("p256-signer", name("Huxin Sample Signer P-256"), signer_key, p256(), false)?,
        })
    }

    /// The root's list of revoked certificates, which is empty.
    pub fn revocation_list(&self) -> Result<Vec<u8>, SampleError> {
        let tbs = der::sequence(&[
            der::integer(1),
            with_sha256(),
            self.root.name.der().to_vec(),
            der::utc_time(&LISTS_VALID.from.utc_time()),
            der::utc_time(&LISTS_VALID.until.utc_time()),
        ]);
        signed(tbs, &self.root.key)
    }

    /// Names and bytes of the certificates, PEM and DER.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let each = |one: &RsaIdentity| {
            [
                (format!("{}.crt", one.file), pem("CERTIFICATE", &one.certificate).into_bytes()),
                (format!("{}.der", one.file), one.certificate.clone()),
            ]
        };
        [&self.root, &self.signer, &self.other_curve].into_iter().flat_map(each).collect()
    }
}

fn with_sha256() -> Vec<u8> {
    der::sequence(&[der::oid(oid::SHA256_WITH_RSA), der::tlv(5, &[])])
}

fn signed(tbs: Vec<u8>, by: &PrivateKey) -> Result<Vec<u8>, SampleError> {
    let information = der::sequence(&[Sha::Sha256.algorithm(), der::octets(&Sha::Sha256.digest(&tbs))]);
    let refuse = |_| SampleError::Signing { label: "rsa-root".to_owned() };
    let signature = by.sign(Pkcs1v15Sign::new_unprefixed(), &information).map_err(refuse)?;
    Ok(der::sequence(&[tbs, with_sha256(), der::bits(&signature)]))
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    hex::decode(hexadecimal).unwrap_or_default()
}

fn key(numbers: &Numbers) -> Result<PrivateKey, SampleError> {
    let number = |text: &str| BoxedUint::from_be_slice_vartime(&bytes(text));
    let primes = vec![number(numbers.prime_1), number(numbers.prime_2)];
    let exponent = BoxedUint::from(65_537_u64);
    PrivateKey::from_components(number(numbers.modulus), exponent, number(numbers.exponent), primes)
        .map_err(|_| SampleError::Signing { label: "RSA".to_owned() })
}

/// SubjectPublicKeyInfo.
fn public(numbers: &Numbers) -> Vec<u8> {
    let key = der::sequence(&[der::unsigned(&bytes(numbers.modulus)), der::integer(65_537)]);
    let algorithm = der::sequence(&[der::oid(oid::RSA), der::tlv(5, &[])]);
    der::sequence(&[algorithm, der::bits(&key)])
}

/// RFC 5280 4.2.1.2 leaves the method free.
fn identifier(public: &[u8]) -> Vec<u8> {
    sm3(public).into_iter().take(20).collect()
}

/// SubjectPublicKeyInfo of the generator of P-256 (SEC 2).
fn p256() -> Vec<u8> {
    let point = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                 4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    let algorithm = der::sequence(&[der::oid(oid::EC_PUBLIC_KEY), der::oid(&[1, 2, 840, 10045, 3, 1, 7])]);
    der::sequence(&[algorithm, der::bits(&bytes(point))])
}
