//! Writes DER by hand, so that tests can write what no encoder would.

use der::Encode as _;
use der::asn1::ObjectIdentifier;

/// One element of this tag around the concatenation of `parts`.
pub fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = body.len().to_be_bytes();
    let short: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![tag];
    match body.len() {
        0..=127 => out.push(body.len() as u8),
        _ => {
            out.push(0x80 | short.len() as u8);
            out.extend(short);
        }
    }
    out.extend(body);
    out
}

pub fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}

pub fn set(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x31, parts)
}

pub fn octets(bytes: &[u8]) -> Vec<u8> {
    tlv(0x04, &[bytes])
}

pub fn bits(bytes: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], bytes])
}

/// An INTEGER with exactly these content bytes.
pub fn int(bytes: &[u8]) -> Vec<u8> {
    tlv(0x02, &[bytes])
}

/// The INTEGER of a big-endian number that is not negative.
pub fn uint(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let short = &bytes[zeros..];
    match short.first() {
        None => int(&[0]),
        Some(0x80..) => tlv(0x02, &[&[0], short]),
        Some(_) => int(short),
    }
}

pub fn oid(dotted: &str) -> Vec<u8> {
    ObjectIdentifier::new(dotted).unwrap().to_der().unwrap()
}

pub fn utf8(text: &str) -> Vec<u8> {
    tlv(0x0c, &[text.as_bytes()])
}

pub fn printable(text: &str) -> Vec<u8> {
    tlv(0x13, &[text.as_bytes()])
}

pub fn ia5(text: &str) -> Vec<u8> {
    tlv(0x16, &[text.as_bytes()])
}

/// GeneralizedTime.
pub fn gt(text: &str) -> Vec<u8> {
    tlv(0x18, &[text.as_bytes()])
}

/// UTCTime.
pub fn utc(text: &str) -> Vec<u8> {
    tlv(0x17, &[text.as_bytes()])
}

/// `[number]` around elements.
pub fn context(number: u8, parts: &[&[u8]]) -> Vec<u8> {
    tlv(0xa0 | number, parts)
}

pub const TRUE: [u8; 3] = [0x01, 0x01, 0xff];
pub const FALSE: [u8; 3] = [0x01, 0x01, 0x00];
