//! Reads DER for the tests: strict, definite lengths only.

/// One value.
#[derive(Debug, Clone, Copy)]
pub struct Tlv<'a> {
    pub tag: u8,
    /// Tag, length and content.
    pub whole: &'a [u8],
    pub content: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// The only value in `bytes`; `Err` says what is wrong, as a reader would name it.
    pub fn only(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let (value, rest) = Self::first(bytes).ok_or("FORMAT")?;
        if rest.is_empty() { Ok(value) } else { Err("TRAILING_BYTES") }
    }

    fn first(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&tag, &short) = (bytes.first()?, bytes.get(1)?);
        let (start, length) = match short {
            0..=0x7f => (2, usize::from(short)),
            0x81..=0x84 => {
                let digits = bytes.get(2..2 + usize::from(short & 0x7f))?;
                (2 + digits.len(), digits.iter().fold(0, |number, &octet| (number << 8) | usize::from(octet)))
            }
            _ => return None,
        };
        let (whole, rest) = bytes.split_at_checked(start + length)?;
        Some((Self { tag, whole, content: &whole[start..] }, rest))
    }

    /// The values inside a constructed one.
    pub fn children(&self) -> Vec<Tlv<'a>> {
        let mut rest = self.content;
        let mut children = Vec::new();
        while let Some((child, after)) = Self::first(rest) {
            children.push(child);
            rest = after;
        }
        assert!(rest.is_empty(), "{} octets after the last value", rest.len());
        children
    }

    /// Content of a BIT STRING of whole octets.
    pub fn bits(&self) -> &'a [u8] {
        assert_eq!((self.tag, self.content[0]), (0x03, 0));
        &self.content[1..]
    }

    pub fn text(&self) -> &'a str {
        std::str::from_utf8(self.content).unwrap()
    }
}
