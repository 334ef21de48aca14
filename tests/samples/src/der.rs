//! Writes DER (ITU-T X.690): values as tag, length, content. Nothing here reads.

/// Object identifiers by their arcs; each is named where a standard names it.
pub mod oid {
    /// SM2 signature with SM3 digest (GM/T 0006).
    pub const SM2_WITH_SM3: &[u64] = &[1, 2, 156, 10197, 1, 501];
    /// sha256WithRSAEncryption: what a certificate claims that nobody should believe.
    pub const SHA256_WITH_RSA: &[u64] = &[1, 2, 840, 113549, 1, 1, 11];
    /// rsaEncryption.
    pub const RSA: &[u64] = &[1, 2, 840, 113549, 1, 1, 1];
    /// CMS data (RFC 5652).
    pub const CMS_DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 1];
    /// CMS signed data (RFC 5652).
    pub const CMS_SIGNED_DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 2];
    /// SM3 digest.
    pub const SM3: &[u64] = &[1, 2, 156, 10197, 1, 401];
    /// Curve sm2p256v1.
    pub const SM2_CURVE: &[u64] = &[1, 2, 156, 10197, 1, 301];
    /// SM2 signature as GB/T 35275 names it in a signer's information.
    pub const SM2_SIGNATURE: &[u64] = &[1, 2, 156, 10197, 1, 301, 1];
    /// Public key on an elliptic curve (RFC 5480).
    pub const EC_PUBLIC_KEY: &[u64] = &[1, 2, 840, 10045, 2, 1];
    /// GB/T 35275 data.
    pub const DATA: &[u64] = &[1, 2, 156, 10197, 6, 1, 4, 2, 1];
    /// GB/T 35275 signed data.
    pub const SIGNED_DATA: &[u64] = &[1, 2, 156, 10197, 6, 1, 4, 2, 2];
    /// SM2 with SM3 and one arc too many.
    pub const SM2_WITH_SM3_AND_MORE: &[u64] = &[1, 2, 156, 10197, 1, 501, 1];
    /// Content of a time-stamp token (RFC 3161).
    pub const TIME_STAMP: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 1, 4];
    /// Field over a prime (RFC 3279).
    pub const PRIME_FIELD: &[u64] = &[1, 2, 840, 10045, 1, 1];
    /// Attribute content type (PKCS #9).
    pub const CONTENT_TYPE: &[u64] = &[1, 2, 840, 113549, 1, 9, 3];
    /// Attribute message digest (PKCS #9).
    pub const MESSAGE_DIGEST: &[u64] = &[1, 2, 840, 113549, 1, 9, 4];
    /// Attribute signing time (PKCS #9).
    pub const SIGNING_TIME: &[u64] = &[1, 2, 840, 113549, 1, 9, 5];
    /// Owner of a seal: social credit code and name.
    pub const SEAL_OWNER: &[u64] = &[1, 2, 156, 112600, 7, 1, 1];
    /// countryName.
    pub const COUNTRY: &[u64] = &[2, 5, 4, 6];
    /// organizationName.
    pub const ORGANISATION: &[u64] = &[2, 5, 4, 10];
    /// organizationalUnitName.
    pub const UNIT: &[u64] = &[2, 5, 4, 11];
    /// commonName.
    pub const COMMON_NAME: &[u64] = &[2, 5, 4, 3];
    /// subjectKeyIdentifier.
    pub const SUBJECT_KEY: &[u64] = &[2, 5, 29, 14];
    /// keyUsage.
    pub const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
    /// basicConstraints.
    pub const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
    /// cRLNumber.
    pub const CRL_NUMBER: &[u64] = &[2, 5, 29, 20];
    /// reasonCode of a revoked certificate.
    pub const REASON_CODE: &[u64] = &[2, 5, 29, 21];
    /// authorityKeyIdentifier.
    pub const AUTHORITY_KEY: &[u64] = &[2, 5, 29, 35];
}

/// One value: tag octet, definite length in its shortest form, content.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut value = vec![tag];
    value.extend(length(content.len()));
    value.extend_from_slice(content);
    value
}

/// X.690 8.1.3 and 10.1: one octet below 128, else the count of octets and the shortest big-endian number.
fn length(count: usize) -> Vec<u8> {
    match u8::try_from(count) {
        Ok(short) if short < 0x80 => vec![short],
        _ => {
            let digits: Vec<u8> = count.to_be_bytes().into_iter().skip_while(|&octet| octet == 0).collect();
            let mut long = vec![0x80 | u8::try_from(digits.len()).unwrap_or(0x7f)];
            long.extend(digits);
            long
        }
    }
}

/// SEQUENCE of the given values.
pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// SET OF the given values, sorted by their encodings (X.690 11.6).
pub fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut sorted = parts.to_vec();
    sorted.sort();
    tlv(0x31, &sorted.concat())
}

/// BOOLEAN true. DER leaves a false default out.
pub fn yes() -> Vec<u8> {
    tlv(0x01, &[0xff])
}

/// INTEGER that is not negative, from its big-endian octets.
pub fn unsigned(octets: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = octets.iter().copied().skip_while(|&octet| octet == 0).collect();
    if content.first().is_none_or(|&first| first >= 0x80) {
        content.insert(0, 0);
    }
    tlv(0x02, &content)
}

/// INTEGER from the octets of a number without the zero octet that its sign would need; a defect that has one meaning.
pub fn without_sign(octets: &[u8]) -> Vec<u8> {
    tlv(0x02, &octets.iter().copied().skip_while(|&octet| octet == 0).collect::<Vec<_>>())
}

/// INTEGER -n for the n > 0 given by its big-endian octets: the shortest two's complement (X.690 8.3).
pub fn negative(octets: &[u8]) -> Vec<u8> {
    // One octet more than n needs, so that the sign bit is there; then what repeats the sign is dropped.
    let mut content = vec![0xff];
    content.extend(octets.iter().map(|octet| !octet));
    for octet in content.iter_mut().rev() {
        let (sum, carry) = octet.overflowing_add(1);
        *octet = sum;
        if !carry {
            break;
        }
    }
    while let [0xff, next, ..] = content.as_slice()
        && *next >= 0x80
    {
        content.remove(0);
    }
    tlv(0x02, &content)
}

/// INTEGER from a small number.
pub fn integer(number: u64) -> Vec<u8> {
    unsigned(&number.to_be_bytes())
}

/// ENUMERATED below 128.
pub fn enumerated(number: u8) -> Vec<u8> {
    tlv(0x0a, &[number & 0x7f])
}

/// BIT STRING of whole octets.
pub fn bits(octets: &[u8]) -> Vec<u8> {
    bits_but(0, octets)
}

/// BIT STRING whose last octet has unused bits.
pub fn bits_but(unused_bits: u8, octets: &[u8]) -> Vec<u8> {
    let mut content = vec![unused_bits];
    content.extend_from_slice(octets);
    tlv(0x03, &content)
}

/// OCTET STRING.
pub fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

/// OBJECT IDENTIFIER from its arcs (X.690 8.19); the first two share one number.
pub fn oid(arcs: &[u64]) -> Vec<u8> {
    let mut content = Vec::new();
    if let [first, second, rest @ ..] = arcs {
        content.extend(base128(first * 40 + second));
        rest.iter().for_each(|&arc| content.extend(base128(arc)));
    }
    tlv(0x06, &content)
}

/// Seven bits an octet, most significant first, the top bit set on all but the last.
fn base128(mut number: u64) -> Vec<u8> {
    let mut reversed = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        reversed.push(if reversed.is_empty() { low } else { low | 0x80 });
        number >>= 7;
        if number == 0 {
            reversed.reverse();
            return reversed;
        }
    }
}

/// UTF8String.
pub fn utf8(text: &str) -> Vec<u8> {
    tlv(0x0c, text.as_bytes())
}

/// PrintableString; the caller gives printable ASCII.
pub fn printable(text: &str) -> Vec<u8> {
    tlv(0x13, text.as_bytes())
}

/// IA5String; the caller gives ASCII.
pub fn ia5(text: &str) -> Vec<u8> {
    tlv(0x16, text.as_bytes())
}

/// UTCTime from its text.
pub fn utc_time(text: &str) -> Vec<u8> {
    tlv(0x17, text.as_bytes())
}

/// GeneralizedTime from its text.
pub fn generalized_time(text: &str) -> Vec<u8> {
    tlv(0x18, text.as_bytes())
}

/// `[number] EXPLICIT`, and the constructed tag of an implicit `SEQUENCE` or `SET`.
pub fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xa0 | (number & 0x1f), content)
}

/// `[number] IMPLICIT` of a primitive.
pub fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0x80 | (number & 0x1f), content)
}

/// An algorithm without parameters.
pub fn algorithm(arcs: &[u64]) -> Vec<u8> {
    sequence(&[oid(arcs)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(tlv(0x04, &[7; 127])[..2], [0x04, 0x7f]);
        assert_eq!(tlv(0x04, &[7; 128])[..3], [0x04, 0x81, 0x80]);
        assert_eq!(tlv(0x04, &[7; 255])[..3], [0x04, 0x81, 0xff]);
        assert_eq!(tlv(0x04, &[7; 256])[..4], [0x04, 0x82, 0x01, 0x00]);
        assert_eq!(tlv(0x04, &vec![7; 70_000])[..5], [0x04, 0x83, 0x01, 0x11, 0x70]);
        assert_eq!(tlv(0x05, &[]), [0x05, 0x00]);
    }

    #[test]
    fn integers_are_minimal_and_keep_their_sign() {
        // X.690 8.3 with the examples of "A Layman's Guide to a Subset of ASN.1", section 5.7.
        for (number, encoding) in [
            (0_u64, &[0x02, 0x01, 0x00][..]),
            (127, &[0x02, 0x01, 0x7f]),
            (128, &[0x02, 0x02, 0x00, 0x80]),
            (256, &[0x02, 0x02, 0x01, 0x00]),
        ] {
            assert_eq!(integer(number), encoding);
        }
        for (magnitude, encoding) in [
            (&[0x01][..], &[0x02, 0x01, 0xff][..]),
            (&[0x80], &[0x02, 0x01, 0x80]),
            (&[0x81], &[0x02, 0x02, 0xff, 0x7f]),
            (&[0x01, 0x00], &[0x02, 0x02, 0xff, 0x00]),
        ] {
            assert_eq!(negative(magnitude), encoding, "minus {magnitude:02x?}");
        }
        assert_eq!(unsigned(&[0, 0, 0x90]), [0x02, 0x02, 0x00, 0x90]);
    }

    #[test]
    fn object_identifiers_are_those_of_the_standards() {
        assert_eq!(hex::encode(oid(oid::SM2_WITH_SM3)), "06082a811ccf55018375");
        assert_eq!(hex::encode(oid(oid::SM2_CURVE)), "06082a811ccf5501822d");
        assert_eq!(hex::encode(oid(oid::EC_PUBLIC_KEY)), "06072a8648ce3d0201");
        assert_eq!(hex::encode(oid(oid::MESSAGE_DIGEST)), "06092a864886f70d010904");
        assert_eq!(hex::encode(oid(oid::COMMON_NAME)), "0603550403");
        // X.690 8.19.5: {2 100 3}.
        assert_eq!(oid(&[2, 100, 3]), [0x06, 0x03, 0x81, 0x34, 0x03]);
    }

    #[test]
    fn a_set_is_sorted_and_a_sequence_is_not() {
        let (two, one) = (integer(2), integer(1));
        assert_eq!(set(&[two.clone(), one.clone()]), [0x31, 0x06, 2, 1, 1, 2, 1, 2]);
        assert_eq!(sequence(&[two, one]), [0x30, 0x06, 2, 1, 2, 2, 1, 1]);
    }

    #[test]
    fn strings_carry_their_own_tags() {
        assert_eq!(utf8("章")[..2], [0x0c, 3]);
        assert_eq!(printable("CN"), [0x13, 2, b'C', b'N']);
        assert_eq!(ia5("ES"), [0x16, 2, b'E', b'S']);
        assert_eq!(bits_but(1, &[0x06]), [0x03, 2, 1, 0x06]);
        assert_eq!(explicit(0, &integer(2)), [0xa0, 3, 2, 1, 2]);
        assert_eq!(implicit(0, &[9]), [0x80, 1, 9]);
        assert_eq!(enumerated(4), [0x0a, 1, 4]);
        assert_eq!(yes(), [0x01, 1, 0xff]);
    }
}
