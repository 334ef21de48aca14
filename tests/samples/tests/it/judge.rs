//! A judge written for these tests alone: which of the checks on a signature fail, by OpenSSL and plain comparison.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sm3::{Digest, Sm3};

use crate::opened::{Entries, references, resolved, signature_folders, text};
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
        let xml = text(entries, &format!("{folder}/Signature.xml"));
        if xml.contains("CheckMethod=") {
            let wrong = |(name, value): &(String, String)| {
                entries.get(name).is_none_or(|bytes| STANDARD.encode(sm3(bytes)) != *value)
            };
            if references(entries, &folder).iter().any(wrong) {
                codes.insert("REFERENCE_DIGEST");
            }
        } else {
            codes.insert("LEGACY_ALGORITHM");
        }
        let value = xml.split("<ofd:SignedValue>").nth(1).unwrap().split('<').next().unwrap();
        let value = &entries[&resolved(&folder, value)];
        let seal_file = entries.get(&format!("{folder}/Seal.esl"));
        match Tlv::only(value) {
            Ok(value) => judge_value(&value, xml.as_bytes(), seal_file, &mut codes),
            Err(code) => {
                codes.insert(code);
            }
        }
    }
    codes
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
    check(openssl::verifies(certificate, parts[0].whole, &as_der(signature)), "SIGNATURE_VALUE", codes);
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
        let wanted = if self.digests { sm3(certificate) } else { certificate.to_vec() };
        self.signers.contains(&wanted)
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
    let certificate = parts[3].children()[0].whole;
    let signer = parts[4].children()[0].children();
    let content = parts[2].children();
    let (message, digest) = match content.get(1) {
        Some(content) => {
            let octets = content.children()[0].content.to_vec();
            (octets.clone(), octets)
        }
        None => {
            let attributes = signer[3];
            let mut set = attributes.whole.to_vec();
            set[0] = 0x31;
            let digest = attributes.children().into_iter().find_map(|attribute| {
                let parts = attribute.children();
                let message_digest = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
                (parts[0].content == message_digest).then(|| parts[1].children()[0].content.to_vec())
            });
            (set, digest.unwrap())
        }
    };
    let signature = signer.last().unwrap().content;
    check(openssl::verifies(certificate, &message, signature), "SIGNATURE_VALUE", codes);
    check(digest == sm3(xml), "SIGNATURE_XML_DIGEST", codes);
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
                found.push(("UNTRUSTED_SIGNER", signed_data[3].children()[0].whole.to_vec()));
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

/// From and until of a certificate, as GeneralizedTime.
fn validity(certificate: &[u8]) -> [String; 2] {
    let tbs = Tlv::only(certificate).unwrap().children()[0];
    let times = tbs.children()[4].children();
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
