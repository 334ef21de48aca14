//! Values of PDF objects, owned; strings keep their place in the file.

use std::ops::Range;

/// A string, with the place of its bytes from `<` or `(` up to and with the closing mark.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub bytes: Vec<u8>,
    /// In the file, or in the object stream that the object came from.
    pub span: Range<usize>,
    pub is_hex: bool,
    /// Hexadecimal in one case, two digits a byte, nothing between: the one way in which writers of signatures write.
    pub is_plain_hex: bool,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

/// A value. Numbers that are no integers are kept as they are written: they are only compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Real(Vec<u8>),
    Name(Vec<u8>),
    Text(Text),
    Array(Vec<Value>),
    Dict(Dict),
    Reference(u32, u16),
}

/// A dictionary in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Dict {
    pub entries: Vec<(Vec<u8>, Value)>,
    /// Some key comes twice; readers differ in which one counts.
    pub has_duplicates: bool,
}

impl Dict {
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(name, _)| name == key.as_bytes()).map(|(_, value)| value)
    }

    pub fn name(&self, key: &str) -> Option<&[u8]> {
        match self.get(key) {
            Some(Value::Name(name)) => Some(name),
            _ => None,
        }
    }

    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.get(key) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    pub fn is_name(&self, key: &str, name: &str) -> bool {
        self.name(key) == Some(name.as_bytes())
    }
}

impl Value {
    pub fn dict(&self) -> Option<&Dict> {
        if let Self::Dict(dict) = self { Some(dict) } else { None }
    }

    pub fn array(&self) -> Option<&[Value]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub fn reference(&self) -> Option<u32> {
        if let Self::Reference(number, _) = self { Some(*number) } else { None }
    }

    /// Calls `found` with the number of every reference inside. Nesting is bounded by the lexer.
    pub fn references(&self, found: &mut impl FnMut(u32)) {
        self.whole_references(&mut |number, _| found(number));
    }

    /// The same with number and generation.
    pub fn whole_references(&self, found: &mut impl FnMut(u32, u16)) {
        match self {
            Self::Reference(number, generation) => found(*number, *generation),
            Self::Array(items) => items.iter().for_each(|item| item.whole_references(found)),
            Self::Dict(dict) => dict.entries.iter().for_each(|(_, value)| value.whole_references(found)),
            _ => {}
        }
    }

    /// Whether a key comes twice in some dictionary inside, so that readers differ in what the value says.
    pub fn has_duplicates(&self) -> bool {
        match self {
            Self::Array(items) => items.iter().any(Self::has_duplicates),
            Self::Dict(dict) => dict.has_duplicates || dict.entries.iter().any(|(_, value)| value.has_duplicates()),
            _ => false,
        }
    }
}

/// An indirect object.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub value: Value,
    /// Bytes of its stream in the file, as they stand there.
    pub stream: Option<Range<usize>>,
    /// Its bytes in the file, from its number up to and with `endobj`; `None` for one in an object stream.
    pub span: Option<Range<usize>>,
}

impl Object {
    pub fn dict(&self) -> Option<&Dict> {
        self.value.dict()
    }

    /// A dictionary that is not one of a stream.
    pub fn plain_dict(&self) -> Option<&Dict> {
        if self.stream.is_some() { None } else { self.dict() }
    }
}
