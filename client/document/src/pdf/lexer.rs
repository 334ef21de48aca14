//! Reads values and objects from bytes (ISO 32000-2, 7.2 and 7.3).

use std::cell::Cell;

use super::bounds::{DEPTH_MAX, VALUE_BYTES, broken, too_many};
use super::value::{Dict, Object, Text, Value};
use crate::defect::Defect;

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !is_delimiter(byte)
}

/// A place in bytes, and how many values may still be read of the whole file.
pub(super) struct Lexer<'a, 'b> {
    bytes: &'a [u8],
    pub at: usize,
    values_left: &'b Cell<u64>,
}

impl<'a, 'b> Lexer<'a, 'b> {
    pub fn new(bytes: &'a [u8], at: usize, values_left: &'b Cell<u64>) -> Self {
        Self { bytes, at, values_left }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn fault(&self, detail: impl AsRef<str>) -> Defect {
        broken(self.at, detail)
    }

    /// White space and comments.
    pub fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                self.at += self.rest().iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count();
            } else if is_space(byte) {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    /// Takes a keyword that ends where a delimiter, white space or the end follows.
    pub fn keyword(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let is_there = rest.starts_with(word.as_bytes()) && rest.get(word.len()).is_none_or(|byte| !is_regular(*byte));
        if is_there {
            self.at += word.len();
        }
        is_there
    }

    /// A number of at most 19 digits without a sign.
    pub fn unsigned(&mut self) -> Option<u64> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = self.rest().get(..digits).filter(|digits| !digits.is_empty() && digits.len() <= 19)?;
        let number = std::str::from_utf8(text).ok()?.parse().ok()?;
        self.at += digits;
        Some(number)
    }

    pub fn value(&mut self) -> Result<Value, Defect> {
        let start = self.at;
        let value = self.nested(0)?;
        self.charge(start)?;
        Ok(value)
    }

    /// Charges the bytes read since `start`. Many entries may lead to one long string or comment.
    fn charge(&self, start: usize) -> Result<(), Defect> {
        self.take(u64::try_from((self.at - start) / VALUE_BYTES).unwrap_or(u64::MAX))
    }

    fn take(&self, values: u64) -> Result<(), Defect> {
        let left = self.values_left.get().checked_sub(values).ok_or_else(|| too_many("values"))?;
        self.values_left.set(left);
        Ok(())
    }

    fn nested(&mut self, depth: usize) -> Result<Value, Defect> {
        if depth > DEPTH_MAX {
            return Err(too_many("arrays and dictionaries are nested too deeply"));
        }
        self.take(1)?;
        self.skip_space();
        match self.peek() {
            Some(b'/') => self.name().map(Value::Name),
            Some(b'(') => self.literal().map(Value::Text),
            Some(b'<') if self.rest().starts_with(b"<<") => self.dict(depth).map(Value::Dict),
            Some(b'<') => self.hexadecimal().map(Value::Text),
            Some(b'[') => self.array(depth).map(Value::Array),
            Some(b'+' | b'-' | b'.' | b'0'..=b'9') => self.number(),
            _ if self.keyword("true") => Ok(Value::Bool(true)),
            _ if self.keyword("false") => Ok(Value::Bool(false)),
            _ if self.keyword("null") => Ok(Value::Null),
            _ => Err(self.fault("found where a value belongs: something else")),
        }
    }

    /// An integer, another number, or a reference `12 0 R`.
    fn number(&mut self) -> Result<Value, Defect> {
        let length = self.rest().iter().take_while(|byte| is_regular(**byte)).count();
        let text = self.rest().get(..length).unwrap_or_default();
        let is_number = text.iter().enumerate().all(|(at, byte)| match byte {
            b'0'..=b'9' | b'.' => true,
            b'+' | b'-' => at == 0,
            _ => false,
        });
        if !is_number || length > 64 {
            return Err(self.fault("a number is malformed"));
        }
        let parsed = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
        self.at += length;
        let Some(number) = parsed else { return Ok(Value::Real(text.to_vec())) };
        let before = self.at;
        if let Some(reference) = self.reference(number) {
            return Ok(reference);
        }
        self.at = before;
        Ok(Value::Integer(number))
    }

    fn reference(&mut self, number: i64) -> Option<Value> {
        let number = u32::try_from(number).ok()?;
        self.skip_space();
        let generation = u16::try_from(self.unsigned()?).ok()?;
        self.skip_space();
        self.keyword("R").then_some(Value::Reference(number, generation))
    }

    fn name(&mut self) -> Result<Vec<u8>, Defect> {
        self.at += 1;
        let mut name = Vec::new();
        while let Some(byte) = self.peek().filter(|byte| is_regular(*byte)) {
            self.at += 1;
            let pair = self.rest().get(..2).and_then(|pair| Some((digit(*pair.first()?)?, digit(*pair.get(1)?)?)));
            match pair {
                Some((high, low)) if byte == b'#' => {
                    self.at += 2;
                    name.push(high << 4 | low);
                }
                _ => name.push(byte),
            }
        }
        Ok(name)
    }

    fn literal(&mut self) -> Result<Text, Defect> {
        let start = self.at;
        let (mut depth, mut bytes) = (0_usize, Vec::new());
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => {
                    depth += 1;
                    if depth > 1 {
                        bytes.push(byte);
                    }
                }
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(Text { bytes, span: start..self.at, is_hex: false, is_plain_hex: false });
                    }
                    bytes.push(byte);
                }
                b'\\' => self.escape(&mut bytes),
                _ => bytes.push(byte),
            }
        }
        Err(broken(start, "a string does not end"))
    }

    fn escape(&mut self, into: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        match byte {
            b'n' => into.push(b'\n'),
            b'r' => into.push(b'\r'),
            b't' => into.push(b'\t'),
            b'b' => into.push(8),
            b'f' => into.push(12),
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
            }
            b'\n' => {}
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(next @ b'0'..=b'7') = self.peek() else { break };
                    code = code * 8 + u32::from(next - b'0');
                    self.at += 1;
                }
                into.push(code.to_le_bytes().first().copied().unwrap_or_default());
            }
            other => into.push(other),
        }
    }

    fn hexadecimal(&mut self) -> Result<Text, Defect> {
        let start = self.at;
        self.at += 1;
        let (mut bytes, mut half, mut is_spaced) = (Vec::new(), None, false);
        let (mut has_upper, mut has_lower) = (false, false);
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'>' {
                let is_odd = half.is_some();
                bytes.extend(half.map(|high: u8| high << 4));
                let is_plain_hex = !(is_spaced || is_odd || has_upper && has_lower);
                return Ok(Text { bytes, span: start..self.at, is_hex: true, is_plain_hex });
            }
            if is_space(byte) {
                is_spaced = true;
                continue;
            }
            let value = digit(byte).ok_or_else(|| broken(start, "a hexadecimal string has other characters"))?;
            has_upper |= byte.is_ascii_uppercase();
            has_lower |= byte.is_ascii_lowercase();
            match half.take() {
                Some(high) => bytes.push(high << 4 | value),
                None => half = Some(value),
            }
        }
        Err(broken(start, "a string does not end"))
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Value>, Defect> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(items);
            }
            items.push(self.nested(depth + 1)?);
        }
    }

    fn dict(&mut self, depth: usize) -> Result<Dict, Defect> {
        self.at += 2;
        let mut dict = Dict::default();
        let mut keys = std::collections::BTreeSet::new();
        loop {
            self.skip_space();
            match self.peek() {
                Some(b'>') if self.rest().starts_with(b">>") => {
                    self.at += 2;
                    return Ok(dict);
                }
                Some(b'/') => {}
                _ => return Err(self.fault("a dictionary has no name where a key belongs")),
            }
            let key = self.name()?;
            dict.has_duplicates |= !keys.insert(key.clone());
            let value = self.nested(depth + 1)?;
            dict.entries.push((key, value));
        }
    }

    /// `12 0 obj .. endobj`. `length_of` resolves a reference in /Length.
    pub fn object(
        &mut self,
        number: u32,
        generation: Option<u16>,
        length_of: &dyn Fn(u32) -> Option<usize>,
    ) -> Result<Object, Defect> {
        let start = self.at;
        let head = (|| {
            let found = self.unsigned()?;
            self.skip_space();
            let of = self.unsigned()?;
            self.skip_space();
            self.keyword("obj").then_some((found, of))
        })();
        let is_it = |(found, of): (u64, u64)| {
            found == u64::from(number) && generation.is_none_or(|generation| of == u64::from(generation))
        };
        if !head.is_some_and(is_it) {
            return Err(broken(start, format!("object {number} is not where the cross-reference says")));
        }
        let value = self.nested(0)?;
        self.skip_space();
        self.charge(start)?;
        let stream = match &value {
            Value::Dict(dict) if self.keyword("stream") => Some(self.stream(dict, length_of)?),
            _ => None,
        };
        let behind = self.at;
        self.skip_space();
        if !self.keyword("endobj") {
            return Err(self.fault(format!("object {number} does not end with endobj")));
        }
        self.charge(behind)?;
        Ok(Object { value, stream, span: Some(start..self.at) })
    }

    fn stream(
        &mut self,
        dict: &Dict,
        length_of: &dyn Fn(u32) -> Option<usize>,
    ) -> Result<std::ops::Range<usize>, Defect> {
        match self.rest() {
            [b'\r', b'\n', ..] => self.at += 2,
            [b'\n', ..] => self.at += 1,
            _ => return Err(self.fault("no end of line after stream")),
        }
        let length = match dict.get("Length") {
            Some(Value::Integer(length)) => usize::try_from(*length).ok(),
            Some(Value::Reference(number, _)) => length_of(*number),
            _ => None,
        };
        let end = length.and_then(|length| self.at.checked_add(length)).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.fault("the length of a stream is not known"))?;
        let span = self.at..end;
        self.at = end;
        self.at += self.rest().iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if !self.keyword("endstream") {
            return Err(self.fault("a stream does not end where its length says"));
        }
        Ok(span)
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
