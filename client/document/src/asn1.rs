//! Walks DER (see `ber` for how files become DER) with the `der` crate, keeping for every element the exact bytes it came from, since digests and signatures
//! are over those and never over a second encoding.
//!
//! **Invariant**: nesting is walked one level at a time by the caller, so depth costs nothing and cannot overflow a stack.

use std::borrow::Cow;

use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{AnyRef, Decode, ErrorKind, Header, Reader, SliceReader, Tag};
use encoding_rs::GB18030;

use crate::reason::Reason;
pub(crate) use crate::text::shown;

/// Why some DER was refused: a stable code, the field it happened in, and what was found there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code:?} in {field}: {detail}")]
pub struct Fault {
    /// [`Reason::Format`] or [`Reason::TrailingBytes`], or a code of the field itself.
    pub code: Reason,
    /// Name of the field in the standard's ASN.1, for example `certList`.
    pub field: &'static str,
    /// What was found, in plain words.
    pub detail: String,
}

impl Fault {
    /// A [`Reason::Format`] fault.
    pub(crate) fn format(field: &'static str, detail: impl Into<String>) -> Self {
        Self { code: Reason::Format, field, detail: detail.into() }
    }

    /// A fault with a code of its own.
    pub(crate) fn new(code: Reason, field: &'static str, detail: impl Into<String>) -> Self {
        Self { code, field, detail: detail.into() }
    }

    fn der(field: &'static str, error: &der::Error) -> Self {
        match error.kind() {
            ErrorKind::TrailingData { remaining, .. } => {
                Self::new(Reason::TrailingBytes, field, format!("{remaining} bytes follow the value"))
            }
            ErrorKind::IndefiniteLength => {
                Self::format(field, "a length is indefinite (BER), which DER does not allow")
            }
            _ => Self::format(field, error.to_string()),
        }
    }
}

/// What a parser met that the standard does not allow but that changes no meaning: collected, and reported as
/// [`Reason::NonstandardEncoding`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oddities(pub Vec<String>);

/// How many oddities of one structure are kept; more add nothing for a reader.
const ODDITIES_MAX: usize = 16;

impl Oddities {
    pub(crate) fn add(&mut self, text: impl Into<String>) {
        let text = text.into();
        if self.0.len() < ODDITIES_MAX && !self.0.contains(&text) {
            self.0.push(text);
        }
    }
}

/// One tag-length-value, with the bytes it came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub tag: Tag,
    /// Tag, length and value as they stand in the file.
    pub raw: &'a [u8],
    pub value: &'a [u8],
}

impl<'a> Element<'a> {
    /// The one element that `bytes` hold; anything after it is [`Reason::TrailingBytes`].
    pub fn whole(bytes: &'a [u8], field: &'static str) -> Result<Self, Fault> {
        let (element, rest) = Self::first(bytes, field)?;
        if rest.is_empty() {
            return Ok(element);
        }
        Err(Fault::new(Reason::TrailingBytes, field, format!("{} bytes follow the value", rest.len())))
    }

    /// The first element of `bytes`, and what follows it.
    pub fn first(bytes: &'a [u8], field: &'static str) -> Result<(Self, &'a [u8]), Fault> {
        let mut reader = SliceReader::new(bytes).map_err(|error| Fault::der(field, &error))?;
        let element = Self::read(&mut reader).map_err(|error| Fault::der(field, &error))?;
        Ok((element, bytes.get(element.raw.len()..).unwrap_or_default()))
    }

    fn read(reader: &mut SliceReader<'a>) -> der::Result<Self> {
        let tag = Header::peek(reader)?.tag();
        let raw = reader.tlv_bytes()?;
        let value = AnyRef::from_der(raw)?.value();
        Ok(Self { tag, raw, value })
    }

    /// The fields of a SEQUENCE.
    pub fn sequence(self, field: &'static str) -> Result<Fields<'a>, Fault> {
        self.expect(Tag::Sequence, field)?;
        self.fields(field)
    }

    /// The elements inside any constructed value.
    pub fn fields(self, field: &'static str) -> Result<Fields<'a>, Fault> {
        if !self.tag.is_constructed() {
            return Err(Fault::format(field, format!("{} holds no elements", self.tag)));
        }
        let reader = SliceReader::new(self.value).map_err(|error| Fault::der(field, &error))?;
        Ok(Fields { reader, field })
    }

    /// Refuses any other tag.
    pub fn expect(self, tag: Tag, field: &'static str) -> Result<Self, Fault> {
        if self.tag == tag {
            return Ok(self);
        }
        Err(Fault::format(field, format!("found {} where {tag} belongs", self.tag)))
    }

    fn any(self, field: &'static str) -> Result<AnyRef<'a>, Fault> {
        AnyRef::new(self.tag, self.value).map_err(|error| Fault::der(field, &error))
    }

    /// An OBJECT IDENTIFIER.
    pub fn oid(self, field: &'static str) -> Result<ObjectIdentifier, Fault> {
        self.any(field)?.decode_as().map_err(|error| Fault::der(field, &error))
    }

    /// An INTEGER from 0 to `u32::MAX`.
    pub fn number(self, field: &'static str) -> Result<u32, Fault> {
        self.any(field)?.decode_as().map_err(|error| Fault::der(field, &error))
    }

    /// The bytes of an OCTET STRING.
    pub fn octets(self, field: &'static str) -> Result<&'a [u8], Fault> {
        let octets: &'a OctetStringRef = self.any(field)?.decode_as().map_err(|error| Fault::der(field, &error))?;
        Ok(octets.as_bytes())
    }

    /// The bytes of a BIT STRING that holds whole bytes. Read as well, with a note: zero bits at the end counted off as unused, as
    /// OpenSSL writes a BIT STRING unless told otherwise, and a length in the place of that count.
    pub fn bits(self, field: &'static str, odd: &mut Oddities) -> Result<&'a [u8], Fault> {
        self.expect(Tag::BitString, field)?;
        let Some((count, bytes)) = self.value.split_first() else {
            return Err(Fault::format(field, "a BIT STRING without its count of unused bits"));
        };
        match count {
            0 => {}
            1..=7 => {
                let unused = (1_u8 << count) - 1;
                if bytes.last().is_none_or(|last| last & unused != 0) {
                    return Err(Fault::format(field, format!("{count} bits are counted as unused and are not zero")));
                }
                odd.add(format!(
                    "zero bits at the end of {field} are counted as unused, as OpenSSL writes them (Suwell, JHSEC, ICBC)"
                ));
            }
            _ if usize::from(*count) == bytes.len() => {
                odd.add(format!("{field} has its length in the place of the number of unused bits (KingGrid)"));
            }
            _ => return Err(Fault::format(field, format!("{count} is no number of unused bits"))),
        }
        Ok(bytes)
    }

    /// The bytes of a BIT STRING, or of the OCTET STRING that some software writes instead.
    pub fn bits_or_octets(self, field: &'static str, odd: &mut Oddities) -> Result<&'a [u8], Fault> {
        if self.tag == Tag::OctetString {
            odd.add(format!("{field} is an OCTET STRING where the standard has a BIT STRING"));
            return self.octets(field);
        }
        self.bits(field, odd)
    }

    /// Text of the kind `standard`; another string type, or bytes that are no UTF-8, are odd but readable.
    pub fn text(
        self,
        standard: Tag,
        chars_max: usize,
        field: &'static str,
        odd: &mut Oddities,
    ) -> Result<String, Fault> {
        if self.tag != standard {
            odd.add(format!("{field} is {} where the standard has {standard}", self.tag));
        }
        let text = string_of(self, field)?;
        let is_utf8 = self.tag == Tag::BmpString || std::str::from_utf8(self.value).is_ok();
        if !is_utf8 || text.contains(char::REPLACEMENT_CHARACTER) {
            odd.add(format!("{field} is not in the character set its type promises"));
        }
        if text.chars().count() > chars_max {
            return Err(Fault::format(field, format!("longer than {chars_max} characters")));
        }
        Ok(text)
    }

    /// Whether this is the context-specific element `[number]`.
    pub fn is_context(self, number: u32) -> bool {
        matches!(self.tag, Tag::ContextSpecific { number: found, .. } if found.value() == number)
    }
}

/// Zero bytes that may have been dropped at the end of a BIT STRING. More than four are met once in 2^40 values.
const DROPPED_BYTES_MAX: usize = 4;

/// `bytes` with the zero bytes at its end that OpenSSL drops from a BIT STRING, where its length is known.
pub(crate) fn restored<'a>(bytes: &'a [u8], length: usize, field: &'static str, odd: &mut Oddities) -> Cow<'a, [u8]> {
    if !(length.saturating_sub(DROPPED_BYTES_MAX)..length).contains(&bytes.len()) {
        return Cow::Borrowed(bytes);
    }
    odd.add(format!("zero bytes at the end of {field} are left out, as OpenSSL writes a BIT STRING (Suwell, ICBC)"));
    let mut whole = bytes.to_vec();
    whole.resize(length, 0);
    Cow::Owned(whole)
}

/// Any ASN.1 string as text. Bytes that are no UTF-8 are read as GB 18030, which old software of the field writes; what fits neither
/// becomes U+FFFD.
pub(crate) fn string_of(element: Element<'_>, field: &'static str) -> Result<String, Fault> {
    match element.tag {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::VisibleString
        | Tag::NumericString
        | Tag::GeneralString
        | Tag::TeletexString => Ok(match std::str::from_utf8(element.value) {
            Ok(text) => text.to_owned(),
            Err(_) => GB18030.decode_without_bom_handling(element.value).0.into_owned(),
        }),
        Tag::BmpString => {
            let units = element.value.chunks(2).map(|pair| match *pair {
                [high, low] => u16::from_be_bytes([high, low]),
                _ => 0xfffd,
            });
            Ok(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        other => Err(Fault::format(field, format!("{other} is no text"))),
    }
}

/// The elements of one constructed value, in order.
#[derive(Clone)]
pub(crate) struct Fields<'a> {
    reader: SliceReader<'a>,
    field: &'static str,
}

impl<'a> Fields<'a> {
    /// The next element, which must be there.
    pub fn next(&mut self, field: &'static str) -> Result<Element<'a>, Fault> {
        if self.reader.is_finished() {
            return Err(Fault::format(field, format!("missing from {}", self.field)));
        }
        Element::read(&mut self.reader).map_err(|error| Fault::der(field, &error))
    }

    /// The next element if there is one.
    pub fn optional(&mut self, field: &'static str) -> Result<Option<Element<'a>>, Fault> {
        if self.reader.is_finished() { Ok(None) } else { self.next(field).map(Some) }
    }

    /// The next element if there is one and `wanted` says so; otherwise it stays.
    pub fn next_if(
        &mut self,
        field: &'static str,
        wanted: impl Fn(Element<'a>) -> bool,
    ) -> Result<Option<Element<'a>>, Fault> {
        let before = self.reader.clone();
        match self.optional(field)? {
            Some(element) if wanted(element) => Ok(Some(element)),
            _ => {
                self.reader = before;
                Ok(None)
            }
        }
    }

    /// Nothing may be left.
    pub fn end(self) -> Result<(), Fault> {
        if self.reader.is_finished() {
            return Ok(());
        }
        Err(Fault::format(self.field, "more elements than the standard has"))
    }

    /// All elements left, at most `max`.
    pub fn rest(mut self, max: usize) -> Result<Vec<Element<'a>>, Fault> {
        let mut found = Vec::new();
        while let Some(element) = self.optional(self.field)? {
            if found.len() == max {
                return Err(Fault::format(self.field, format!("more than {max} elements")));
            }
            found.push(element);
        }
        Ok(found)
    }
}
