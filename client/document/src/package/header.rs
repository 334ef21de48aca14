//! Headers of a package as bytes (APPNOTE 4.3.7, 4.3.12, 4.3.16), for what the reader of packages does not tell.

/// First bytes of an entry's own header, of its header in the directory, and of the end record.
pub(super) const LOCAL_MAGIC: &[u8] = b"PK\x03\x04";
pub(super) const CENTRAL_MAGIC: &[u8] = b"PK\x01\x02";
pub(super) const END_MAGIC: &[u8] = b"PK\x05\x06";
/// Fixed parts of these, in bytes.
const LOCAL_BYTES: usize = 30;
const CENTRAL_BYTES: usize = 46;
pub(super) const END_BYTES: usize = 22;
/// How far from the end of a file its end record is looked for: the longest comment, and as much behind it.
const END_WITHIN: usize = 1024 * 1024;
/// Entries whose names are looked at to tell the kind of a file.
const NAMES_MAX: usize = 20_000;

/// An entry of the directory, with where its data lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub name: &'a [u8],
    method: u16,
    crc: u32,
    size: u32,
    data: &'a [u8],
    /// First byte of its own header, and first byte after its data.
    pub span: (u64, u64),
}

impl<'a> Header<'a> {
    /// The entry whose header in the directory begins at `at`. `None` where it is none, or needs ZIP64.
    pub fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let central = bytes.get(at..)?.strip_prefix(CENTRAL_MAGIC).and(bytes.get(at..))?;
        let (packed, size, start) = (u32_at(central, 20)?, u32_at(central, 24)?, u32_at(central, 42)?);
        let name = usize::from(u16_at(central, 28)?);
        if [packed, size, start].contains(&u32::MAX) {
            return None;
        }
        let own_start = usize::try_from(start).ok()?;
        let own = bytes.get(own_start..).filter(|own| own.starts_with(LOCAL_MAGIC))?;
        let data = own_start + LOCAL_BYTES + usize::from(u16_at(own, 26)?) + usize::from(u16_at(own, 28)?);
        let end = data.checked_add(usize::try_from(packed).ok()?)?;
        Some(Self {
            name: central.get(CENTRAL_BYTES..CENTRAL_BYTES + name)?,
            method: u16_at(central, 10)?,
            crc: u32_at(central, 16)?,
            size,
            data: bytes.get(data..end)?,
            span: (u64::from(start), u64::try_from(end).ok()?),
        })
    }

    /// The entry whose own header begins at `at`, as far as that tells: sizes may follow the data instead.
    pub fn own_at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let own = bytes.get(at..).filter(|own| own.starts_with(LOCAL_MAGIC))?;
        let (packed, name) = (usize::try_from(u32_at(own, 18)?).ok()?, usize::from(u16_at(own, 26)?));
        let data = at + LOCAL_BYTES + name + usize::from(u16_at(own, 28)?);
        let end = data.checked_add(packed)?;
        Some(Self {
            name: own.get(LOCAL_BYTES..LOCAL_BYTES + name)?,
            method: u16_at(own, 8)?,
            crc: u32_at(own, 14)?,
            size: u32_at(own, 22)?,
            data: bytes.get(data..end)?,
            span: (u64::try_from(at).ok()?, u64::try_from(end).ok()?),
        })
    }

    /// Whether both unpack to the same bytes, told without unpacking.
    pub fn is_copy_of(&self, other: &Self) -> bool {
        let numbers = |header: &Self| (header.method, header.crc, header.size);
        self.name == other.name && numbers(self) == numbers(other) && self.data == other.data
    }
}

/// What an entry's own header says otherwise than the directory, whose header begins at `at`. Programs that read a package from its start see
/// the one, all others the other. Sizes may be 0 in its own header where they follow the data (bit 3 of the flags). The CRC is not looked at.
pub(super) fn disagreement(bytes: &[u8], at: usize) -> Option<&'static str> {
    match said_twice(bytes, at) {
        Some([own, central]) => match () {
            () if own.name != central.name => Some("its own header has another name than the directory"),
            () if own.method != central.method => Some("its own header has another compression than the directory"),
            () if own.flags != central.flags => Some("its own header has other flags than the directory"),
            () if own.is_other_size(&central) => Some("its own header has another size than the directory"),
            () => None,
        },
        None => Some("its own header cannot be read"),
    }
}

/// What a header says that decides how its entry is read.
struct Said<'a> {
    name: &'a [u8],
    method: u16,
    /// Those that change what is read: encrypted, sizes behind the data, name in UTF-8.
    flags: u16,
    sizes: [u64; 2],
}

const IS_ENCRYPTED: u16 = 1;
const IS_SIZE_BEHIND: u16 = 1 << 3;
const IS_UTF8: u16 = 1 << 11;

impl Said<'_> {
    fn is_other_size(&self, central: &Self) -> bool {
        let is_open = self.flags & IS_SIZE_BEHIND != 0 && self.sizes == [0, 0];
        self.sizes != central.sizes && !is_open
    }
}

/// The same of its own header and of the one in the directory.
fn said_twice(bytes: &[u8], at: usize) -> Option<[Said<'_>; 2]> {
    let central = bytes.get(at..).filter(|central| central.starts_with(CENTRAL_MAGIC))?;
    let (central, start) = said(central, CENTRAL_BYTES, 8, 20, Some(42))?;
    let own = bytes.get(usize::try_from(start?).ok()?..).filter(|own| own.starts_with(LOCAL_MAGIC))?;
    Some([said(own, LOCAL_BYTES, 6, 18, None)?.0, central])
}

/// `flags_at` is where flags and method stand, `sizes_at` the sizes and lengths, `start_at` the place of its own header.
fn said(
    header: &[u8],
    fixed: usize,
    flags_at: usize,
    sizes_at: usize,
    start_at: Option<usize>,
) -> Option<(Said<'_>, Option<u64>)> {
    let [name, extra] = [8, 10].map(|behind| u16_at(header, sizes_at + behind).map(usize::from));
    let (name_end, extra) = (fixed + name?, extra?);
    // Sizes of ZIP64 stand in an extra field, in this order, where the short ones are all ones (4.5.3).
    let mut wide = zip64(header.get(name_end..name_end + extra)?);
    let mut number = |at: usize| match u32_at(header, at)? {
        u32::MAX => wide.next(),
        short => Some(u64::from(short)),
    };
    let sizes = [number(sizes_at + 4)?, number(sizes_at)?];
    let start = start_at.and_then(number);
    let flags = u16_at(header, flags_at)? & (IS_ENCRYPTED | IS_SIZE_BEHIND | IS_UTF8);
    let said = Said { name: header.get(fixed..name_end)?, method: u16_at(header, flags_at + 2)?, flags, sizes };
    Some((said, start))
}

/// The numbers in the field of ZIP64.
fn zip64(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut found = Vec::new();
    while let Some((id, length)) = u16_at(extra, 0).zip(u16_at(extra, 2)) {
        let end = 4 + usize::from(length);
        if id == 1 {
            let numbers = extra.get(4..end).unwrap_or_default().chunks_exact(8);
            found.extend(numbers.filter_map(|number| Some(u64::from_le_bytes(number.try_into().ok()?))));
            break;
        }
        extra = extra.get(end..).unwrap_or_default();
    }
    found.into_iter()
}

/// The name in a header of the directory.
pub(super) fn central_name(bytes: &[u8], at: u64) -> Option<&[u8]> {
    let central = bytes.get(usize::try_from(at).ok()?..)?;
    central.get(CENTRAL_BYTES..CENTRAL_BYTES + usize::from(u16_at(central, 28)?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Where the last end record begins.
fn end_record(bytes: &[u8]) -> Option<usize> {
    let from = bytes.len().saturating_sub(END_WITHIN);
    let within = bytes.get(from..)?;
    within.windows(END_MAGIC.len()).rposition(|window| window == END_MAGIC).map(|at| from + at)
}

/// How many bytes stand before a package whose offsets were not corrected for them, and where its directory begins, counted from the
/// start of the file. `None` where there is no end record, or one of ZIP64.
fn directory(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = end_record(bytes)?;
    let record = bytes.get(end..)?;
    let (size, offset) = (u32_at(record, 12)?, u32_at(record, 16)?);
    if [size, offset].contains(&u32::MAX) {
        return None;
    }
    let start = end.checked_sub(usize::try_from(size).ok()?)?;
    let before = start.checked_sub(usize::try_from(offset).ok()?)?;
    Some((before, start))
}

/// Bytes before a package whose offsets count from its own start. 0 where they count from the start of the file.
pub(super) fn bytes_before(bytes: &[u8]) -> usize {
    match directory(bytes) {
        Some((before, start)) if bytes.get(start..).is_some_and(|rest| rest.starts_with(CENTRAL_MAGIC)) => before,
        _ => 0,
    }
}

/// Whether any header of a package stands in some bytes.
pub(super) fn holds_header(bytes: &[u8]) -> bool {
    first_header(bytes).is_some()
}

/// Where the first header of a package stands in some bytes.
pub(super) fn first_header(bytes: &[u8]) -> Option<usize> {
    let is_magic = |window: &[u8]| [LOCAL_MAGIC, CENTRAL_MAGIC, END_MAGIC].contains(&window);
    bytes.windows(LOCAL_MAGIC.len()).position(is_magic)
}

/// Whether a file is a package with an `OFD.xml` in its root, whole or damaged: by its directory, or, where that is lost, by the headers
/// of its entries. Any other package never claimed to be an OFD.
pub(crate) fn is_ofd(bytes: &[u8]) -> bool {
    let starts_as_package = [LOCAL_MAGIC, END_MAGIC].iter().any(|magic| bytes.starts_with(magic));
    let names = directory_names(bytes);
    if !names.is_empty() {
        return names.into_iter().any(is_root);
    }
    starts_as_package && own_names(bytes).any(is_root)
}

/// `OFD.xml` as packers write it: any case, from the root, from `./`.
fn is_root(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).replace('\\', "/");
    let plain = name.trim_start_matches("./").trim_start_matches('/');
    plain.eq_ignore_ascii_case("OFD.xml")
}

fn directory_names(bytes: &[u8]) -> Vec<&[u8]> {
    let mut names = Vec::new();
    let Some((_, mut at)) = directory(bytes) else { return names };
    while names.len() < NAMES_MAX
        && let Some(central) = bytes.get(at..).filter(|rest| rest.starts_with(CENTRAL_MAGIC))
    {
        let lengths = [28, 30, 32].map(|field| u16_at(central, field).map_or(0, usize::from));
        names.extend(central.get(CENTRAL_BYTES..CENTRAL_BYTES + lengths[0]));
        at += CENTRAL_BYTES + lengths.iter().sum::<usize>();
    }
    names
}

fn own_names(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let headers = bytes.windows(LOCAL_MAGIC.len()).enumerate().filter(|(_, window)| *window == LOCAL_MAGIC);
    headers.take(NAMES_MAX).filter_map(|(at, _)| {
        let own = bytes.get(at..)?;
        own.get(LOCAL_BYTES..LOCAL_BYTES + usize::from(u16_at(own, 26)?))
    })
}
