//! The signers that a seal allows: a list of certificates, or of their digests.

use std::borrow::Cow;

use der::Tag;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};

use crate::asn1::{Element, Fault, Oddities, restored};
use crate::certificate::certificate_octets;
use crate::sm2_value::{SM3, SM3_PLAIN};

/// Certificates or digests that a seal may list.
pub const CERTIFICATES_MAX: usize = 1000;

/// The signers that a seal allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signers<'a> {
    /// certListType 1: DER certificates. Told by the entries, as some makers write another number.
    Certificates(Vec<&'a [u8]>),
    /// certListType 2: digests of DER certificates, with the name of the digest as written.
    Digests(Vec<(String, Cow<'a, [u8]>)>),
}

/// How a certificate was found in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// The certificate itself, or its plain digest.
    Listed,
    /// A digest computed with Z before the certificate, which GB/T 38540 does not say.
    ListedWithZ,
    /// Only digests that are not computed here are listed.
    Unknown,
    Absent,
}

impl Signers<'_> {
    /// Whether a certificate is listed. `with_z` is SM3(Z ‖ certificate) for the certificate's own key.
    pub fn lists(&self, certificate: &[u8], with_z: Option<Digest>) -> Membership {
        match self {
            Signers::Certificates(listed) if listed.contains(&certificate) => Membership::Listed,
            Signers::Certificates(_) => Membership::Absent,
            Signers::Digests(listed) => lists_digest(listed, certificate, with_z),
        }
    }

    /// SM3 of each listed certificate; for a list of digests, those that are SM3.
    pub fn digests(&self) -> Vec<Digest> {
        match self {
            Signers::Certificates(listed) => {
                listed.iter().map(|certificate| DigestAlgorithm::Sm3.plain(&[certificate])).collect()
            }
            Signers::Digests(listed) => listed
                .iter()
                .filter(|(name, _)| digest_algorithm(name) == Some(DigestAlgorithm::Sm3))
                .filter_map(|(_, value)| Some(Digest(value[..].try_into().ok()?)))
                .collect(),
        }
    }
}

fn digest_algorithm(name: &str) -> Option<DigestAlgorithm> {
    if [SM3, SM3_PLAIN].iter().any(|known| known.to_string() == name.trim()) {
        return Some(DigestAlgorithm::Sm3);
    }
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match plain.as_str() {
        "sm3" | "" => Some(DigestAlgorithm::Sm3),
        "sha256" | "2168401101342421" => Some(DigestAlgorithm::Sha256),
        _ => None,
    }
}

fn lists_digest(listed: &[(String, Cow<'_, [u8]>)], certificate: &[u8], with_z: Option<Digest>) -> Membership {
    let mut absent = Membership::Absent;
    for (name, value) in listed {
        let Some(algorithm) = digest_algorithm(name) else {
            absent = Membership::Unknown;
            continue;
        };
        if algorithm.plain(&[certificate]).as_bytes()[..] == value[..] {
            return Membership::Listed;
        }
        if with_z.is_some_and(|digest| digest.as_bytes()[..] == value[..]) {
            return Membership::ListedWithZ;
        }
    }
    absent
}

pub(super) fn read<'a>(list_type: u32, list: Element<'a>, odd: &mut Oddities) -> Result<Signers<'a>, Fault> {
    let field = "certList";
    if list.tag == Tag::Set {
        odd.add("certList is a SET OF where the standard has a SEQUENCE OF");
    } else if !list.is_context(0) && !list.is_context(1) {
        list.expect(Tag::Sequence, field)?;
    }
    let mut elements = list.fields(field)?.rest(CERTIFICATES_MAX)?;
    // A CHOICE may be written as [0] or [1] EXPLICIT around the SEQUENCE OF.
    if let (Tag::ContextSpecific { .. }, [inner]) = (list.tag, elements.as_slice())
        && inner.tag == Tag::Sequence
    {
        odd.add("certList has an explicit tag");
        elements = inner.fields(field)?.rest(CERTIFICATES_MAX)?;
    }
    // The entries tell what they are, whatever number stands before them.
    let are_digests = match elements.as_slice() {
        [] => list_type == 2,
        listed => !listed.iter().all(|element| is_certificate(*element)),
    };
    if !matches!((list_type, are_digests), (1, false) | (2, true)) {
        let what = if are_digests { "digests" } else { "certificates" };
        odd.add(format!("certListType is {list_type} before a list of {what} (BaiWang)"));
    }
    if are_digests {
        let entries = elements.into_iter().map(|element| digest_entry(element, odd));
        return Ok(Signers::Digests(entries.collect::<Result<_, _>>()?));
    }
    let entries = elements.into_iter().map(|element| certificate_octets(element, field, odd));
    Ok(Signers::Certificates(entries.collect::<Result<_, _>>()?))
}

/// Whether an entry holds a certificate, `SEQUENCE { SEQUENCE .. }`, or stands for itself as one.
fn is_certificate(element: Element<'_>) -> bool {
    let whole = match element.tag {
        Tag::OctetString => Element::whole(element.value, "certList"),
        _ => Ok(element),
    };
    let first = whole.and_then(|whole| whole.sequence("certList")?.next("certList"));
    first.is_ok_and(|first| first.tag == Tag::Sequence)
}

/// Bytes of SM3 and SHA-256.
const DIGEST_BYTES: usize = 32;

/// `SEQUENCE { type PrintableString, value OCTET STRING }`; a lone OCTET STRING is taken for an SM3 digest.
fn digest_entry<'a>(element: Element<'a>, odd: &mut Oddities) -> Result<(String, Cow<'a, [u8]>), Fault> {
    let field = "certList";
    if element.tag == Tag::OctetString {
        odd.add("certList has a digest without its type");
        return Ok((String::new(), Cow::Borrowed(element.octets(field)?)));
    }
    let mut fields = element.sequence(field)?;
    let kind = fields.next(field)?;
    let name = if kind.tag == Tag::ObjectIdentifier {
        kind.oid(field)?.to_string()
    } else {
        kind.text(Tag::PrintableString, 64, "certList.type", odd)?
    };
    let value = fields.next(field)?.bits_or_octet_string(field, odd)?;
    fields.end()?;
    Ok((name, restored(value, DIGEST_BYTES, field, odd)))
}

impl<'a> Element<'a> {
    /// An OCTET STRING, or the BIT STRING that some software writes instead.
    fn bits_or_octet_string(self, field: &'static str, odd: &mut Oddities) -> Result<&'a [u8], Fault> {
        if self.tag == Tag::BitString {
            odd.add(format!("{field} is a BIT STRING where the standard has an OCTET STRING"));
            return self.bits(field, odd);
        }
        self.octets(field)
    }
}
