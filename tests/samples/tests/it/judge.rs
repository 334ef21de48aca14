//! A judge written for these tests alone: which of the checks on a signature fail, by OpenSSL and plain comparison.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::Sha256;
use sm3::{Digest, Sm3};

use crate::opened::{Entries, references, resolved, signature_folders, signature_xml};
use crate::openssl;
use crate::tlv::Tlv;

pub type Codes = BTreeSet<&'static str>;

pub fn sm3(bytes: &[u8]) -> Vec<u8> {
    Sm3::digest(bytes).to_vec()
}

/// What fails of digests, values, seals, lists and times, over all signatures of a package.
pub fn failures(entries: &Entries) -> Codes {
    let mut codes = Codes::new();
    for folder in signature_folders(entries) {
        let xml = signature_xml(entries, &folder);
        if xml.contains("CheckMethod=") {
            let digest = |bytes: &[u8]| match xml.contains("CheckMethod=\"SHA256\"") {
                true => Sha256::digest(bytes).to_vec(),
                false => sm3(bytes),
            };
            let wrong = |(name, value): &(String, String)| {
                entries.get(name).is_none_or(|bytes| STANDARD.encode(digest(bytes)) != *value)
            };
            if references(entries, &folder).iter().any(wrong) {
                codes.insert("REFERENCE_DIGEST");
            }
        } else {
            codes.insert("LEGACY_ALGORITHM");
        }
        let value = xml.split("<ofd:SignedValue>").nth(1).unwrap().split('<').next().unwrap();
        let value = &entries[&resolved(&folder, value)];
        let signed = &entries[&format!("{folder}/Signature.xml")];
        let seal_file = entries.get(&format!("{folder}/Seal.esl")).map(|file| out_of_base64(file));
        match Tlv::only(value) {
            Ok(value) => judge_value(&value, signed, seal_file.as_ref(), &mut codes),
            Err(code) => {
                codes.insert(code);
            }
        }
    }
    codes
}

/// The seal's DER, from a file that may be lines of base64.
pub fn out_of_base64(file: &[u8]) -> Vec<u8> {
    let packed: Vec<u8> = file.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    if file.first() == Some(&0x30) { file.to_vec() } else { STANDARD.decode(packed).unwrap_or_else(|_| file.to_vec()) }
}

fn judge_value(value: &Tlv<'_>, xml: &[u8], seal_file: Option<&Vec<u8>>, codes: &mut Codes) {
    let parts = value.children();
    match parts[0].tag {
        0x06 => signed_data(&parts[1].children()[0], xml, codes),
        0x02 => {
            codes.insert("CERT_NOT_EMBEDDED");
        }
        _ => sealed(&parts, xml, seal_file, codes),
    }
}

fn check(holds: bool, code: &'static str, codes: &mut Codes) {
    if !holds {
        codes.insert(code);
    }
}

fn sealed(parts: &[Tlv<'_>], xml: &[u8], seal_file: Option<&Vec<u8>>, codes: &mut Codes) {
    let to_sign = parts[0].children();
    let version_1 = parts.len() == 2;
    let (certificate, signature, time) = if version_1 {
        (to_sign[5].content, parts[1].bits(), "20".to_owned() + Tlv::only(to_sign[2].bits()).unwrap().text())
    } else {
        (parts[1].content, parts[3].bits(), to_sign[2].text().to_owned())
    };
    if subject(certificate).len() > 1024 {
        codes.insert("FORMAT");
    } else {
        check(openssl::verifies(certificate, parts[0].whole, &as_der(signature)), "SIGNATURE_VALUE", codes);
    }
    check(may_sign(certificate), "CERT_KEY_USAGE", codes);
    check(to_sign[3].bits() == sm3(xml), "SIGNATURE_XML_DIGEST", codes);
    check(seal_file.is_none_or(|file| file == to_sign[1].whole), "SEAL_FILE_MISMATCH", codes);
    check(time[4..6].parse::<u8>().unwrap() <= 12, "FORMAT", codes);
    let seal = seal(&to_sign[1], codes);
    check(seal.lists(certificate), "SIGNER_NOT_IN_SEAL_CERT_LIST", codes);
    check(within(&time, &seal.valid), "SEAL_NOT_VALID_AT_SIGN_TIME", codes);
    check(within(&time, &validity(certificate)), "CERT_NOT_VALID_AT_SIGN_TIME", codes);
}

/// What a seal says of who may sign and when.
pub struct SealFacts {
    signers: Vec<Vec<u8>>,
    digests: bool,
    valid: [String; 2],
    pub maker: Vec<u8>,
}

impl SealFacts {
    fn lists(&self, certificate: &[u8]) -> bool {
        if !self.digests {
            return self.signers.contains(&certificate.to_vec());
        }
        // Begun from Z, a digest is odd but tells the certificate all the same.
        [sm3(certificate), sm3(&[z(certificate), certificate.to_vec()].concat())]
            .iter()
            .any(|digest| self.signers.contains(digest))
    }
}

/// Reads a seal and judges its maker's signature and time.
pub fn seal(seal: &Tlv<'_>, codes: &mut Codes) -> SealFacts {
    let parts = seal.children();
    let information = parts[0];
    let version_1 = parts.len() == 2;
    let (maker, signature, message) = if version_1 {
        let signing = parts[1].children();
        let message = wrap(&[information.whole, signing[0].whole, signing[1].whole].concat());
        (signing[0].content, signing[2].bits(), message)
    } else {
        (parts[1].content, parts[3].bits(), information.whole.to_vec())
    };
    check(openssl::verifies(maker, &message, signature), "SEAL_SIGNATURE", codes);
    check(may_sign(maker), "CERT_KEY_USAGE", codes);
    let properties = information.children()[2].children();
    let (list, times, digests) = if version_1 {
        (properties[2], &properties[3..6], false)
    } else {
        (properties[3], &properties[4..7], properties[2].content == [2])
    };
    let entry = |one: Tlv<'_>| if digests { one.children()[1].content.to_vec() } else { one.content.to_vec() };
    let signers = list.children().into_iter().map(entry).collect();
    let times: Vec<String> = times.iter().map(full_year).collect();
    check(within(&times[0], &validity(maker)), "MAKER_CERT_NOT_VALID_AT_CREATE", codes);
    SealFacts { signers, digests, valid: [times[1].clone(), times[2].clone()], maker: maker.to_vec() }
}

fn signed_data(signed_data: &Tlv<'_>, xml: &[u8], codes: &mut Codes) {
    let parts = signed_data.children();
    let content = parts[2].children().get(1).map(|content| content.children()[0].content.to_vec());
    for (signer, certificate) in signers(&parts) {
        let signer = signer.children();
        let (message, digest) = match &content {
            Some(content) => (content.clone(), content.clone()),
            None => signed_attributes(&signer[3]),
        };
        let signature = signer.last().unwrap().content;
        check(openssl::verifies(certificate, &message, signature), "SIGNATURE_VALUE", codes);
        check(digest == sm3(xml), "SIGNATURE_XML_DIGEST", codes);
    }
}

/// The attributes as the SET that is signed, and the digest among them.
fn signed_attributes(attributes: &Tlv<'_>) -> (Vec<u8>, Vec<u8>) {
    let mut set = attributes.whole.to_vec();
    set[0] = 0x31;
    let digest = attributes.children().into_iter().find_map(|attribute| {
        let parts = attribute.children();
        let message_digest = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
        (parts[0].content == message_digest).then(|| parts[1].children()[0].content.to_vec())
    });
    (set, digest.unwrap())
}

/// Each SignerInfo of a SignedData with its certificate, found by issuer and serial number.
fn signers<'a>(parts: &[Tlv<'a>]) -> Vec<(Tlv<'a>, &'a [u8])> {
    let carried = parts[3].children();
    let of = |signer: Tlv<'a>| {
        let wanted = signer.children()[1].content;
        let names = |certificate: &&Tlv<'a>| {
            let tbs = certificate.children()[0].children();
            [tbs[3].whole, tbs[1].whole].concat() == wanted
        };
        (signer, carried.iter().find(names).unwrap().whole)
    };
    parts[4].children().into_iter().map(of).collect()
}

/// The certificate in each signature that carries one, and that of the seal's maker.
pub fn certificates(entries: &Entries) -> Vec<(&'static str, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in signature_folders(entries) {
        let value =
            entries.get(&format!("{folder}/SignedValue.dat")).or(entries.get(&format!("{folder}/SignValue.dat")));
        let Ok(value) = Tlv::only(value.unwrap()) else { continue };
        let parts = value.children();
        match parts[0].tag {
            0x06 => {
                let signed_data = parts[1].children()[0].children();
                found.extend(signers(&signed_data).into_iter().map(|(_, one)| ("UNTRUSTED_SIGNER", one.to_vec())));
            }
            0x30 => {
                let to_sign = parts[0].children();
                let signer = if parts.len() == 2 { to_sign[5] } else { parts[1] };
                found.push(("UNTRUSTED_SIGNER", signer.content.to_vec()));
                found.push(("UNTRUSTED_MAKER", seal(&to_sign[1], &mut Codes::new()).maker));
            }
            _ => {}
        }
    }
    found
}

/// The fields of a certificate: version, serial, algorithm, issuer, validity, subject, key, extensions.
fn fields(certificate: &[u8]) -> Vec<Tlv<'_>> {
    Tlv::only(certificate).unwrap().children()[0].children()
}

fn subject(certificate: &[u8]) -> &[u8] {
    fields(certificate)[5].whole
}

/// Whether keyUsage has digitalSignature or nonRepudiation.
fn may_sign(certificate: &[u8]) -> bool {
    let extensions = fields(certificate)[7].children()[0].children();
    let usage = extensions.into_iter().find(|one| one.children()[0].content == [0x55, 0x1d, 0x0f]).unwrap();
    let bits = Tlv::only(usage.children().last().unwrap().content).unwrap().content;
    bits[1] & 0xc0 != 0
}

/// Z of GB/T 32918.2 for the certificate's key.
fn z(certificate: &[u8]) -> Vec<u8> {
    let curve = "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc\
                 28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93\
                 32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7\
                 bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0";
    let key = fields(certificate)[6].children()[1].bits();
    let curve: String = curve.split_whitespace().collect();
    sm3(&[&[0x00, 0x80], &b"1234567812345678"[..], &hex::decode(curve).unwrap(), &key[1..]].concat())
}

/// From and until of a certificate, as GeneralizedTime.
fn validity(certificate: &[u8]) -> [String; 2] {
    let times = fields(certificate)[4].children();
    [full_year(&times[0]), full_year(&times[1])]
}

fn full_year(time: &Tlv<'_>) -> String {
    if time.tag == 0x17 { format!("20{}", time.text()) } else { time.text().to_owned() }
}

fn within(time: &str, window: &[String; 2]) -> bool {
    *time >= *window[0] && *time <= *window[1]
}

/// A SEQUENCE around content of 256 to 65,535 octets.
fn wrap(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    assert!(length > 255);
    [&[0x30, 0x82][..], &length.to_be_bytes(), content].concat()
}

/// r || s of 64 bytes as SEQUENCE; anything else as it is.
fn as_der(signature: &[u8]) -> Vec<u8> {
    if signature.len() != 64 {
        return signature.to_vec();
    }
    let integer = |half: &[u8]| {
        let mut content: Vec<u8> = half.iter().copied().skip_while(|&octet| octet == 0).collect();
        if content[0] >= 0x80 {
            content.insert(0, 0);
        }
        [vec![0x02, u8::try_from(content.len()).unwrap()], content].concat()
    };
    let both = [integer(&signature[..32]), integer(&signature[32..])].concat();
    [vec![0x30, u8::try_from(both.len()).unwrap()], both].concat()
}
