//! Pictures of seals and of scanned pages, made in code: PNG (ISO/IEC 15948) without compression.

/// Edge of a seal's picture in pixels; with one octet a pixel it weighs as much as those of production seals, 15 KB.
const SEAL_EDGE: u32 = 120;

/// A red ring on paper, both with the speckle of a real stamp. `seed` varies the speckle.
pub fn seal_picture(seed: &[u8]) -> Vec<u8> {
    let mut noise = Noise::new(seed);
    let edge = i64::from(SEAL_EDGE);
    let mut rows = Vec::new();
    for y in 0..edge {
        rows.push(0);
        for x in 0..edge {
            let (dx, dy) = (2 * x - edge + 1, 2 * y - edge + 1);
            let distance_squared = dx * dx + dy * dy;
            let ink = (104 * 104..=118 * 118).contains(&distance_squared);
            // The lower half of the palette is ink, the upper half paper.
            rows.push((noise.octet() >> 1) | if ink { 0 } else { 0x80 });
        }
    }
    indexed_png(SEAL_EDGE, SEAL_EDGE, &ink_and_paper(), &rows)
}

/// Octets that do not compress, in place of a scanned page, the same for the same seed.
pub fn incompressible(seed: &[u8], length: usize) -> Vec<u8> {
    let mut noise = Noise::new(seed);
    (0..length).map(|_| noise.octet()).collect()
}

/// 128 reds, then 128 near-whites.
fn ink_and_paper() -> Vec<u8> {
    (0..=255_u8)
        .flat_map(|shade| if shade < 128 { [128 + shade, shade / 4, shade / 4] } else { [shade / 8 + 223; 3] })
        .collect()
}

fn indexed_png(width: u32, height: u32, palette: &[u8], rows: &[u8]) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // Eight bits a pixel, indexed colour, the only compression and filter methods, not interlaced.
    header.extend([8, 3, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in
        [(b"IHDR", header), (b"PLTE", palette.to_vec()), (b"IDAT", zlib_stored(rows)), (b"IEND", Vec::new())]
    {
        png.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
        let checked = [&kind[..], &content].concat();
        png.extend(&checked);
        png.extend(crc32(&checked).to_be_bytes());
    }
    png
}

/// RFC 1950 around stored blocks of RFC 1951.
fn zlib_stored(content: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = content.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    stream.extend(adler32(content).to_be_bytes());
    stream
}

fn adler32(content: &[u8]) -> u32 {
    let (a, b) = content.iter().fold((1_u32, 0_u32), |(a, b), &octet| {
        let a = (a + u32::from(octet)) % 65_521;
        (a, (b + a) % 65_521)
    });
    (b << 16) | a
}

fn crc32(content: &[u8]) -> u32 {
    !content.iter().fold(u32::MAX, |crc, &octet| {
        (0..8).fold(crc ^ u32::from(octet), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// xorshift64*: enough to be incompressible and the same everywhere.
struct Noise(u64);

impl Noise {
    fn new(seed: &[u8]) -> Self {
        let digest = crate::key::sm3(seed);
        let start = digest.iter().take(8).fold(0_u64, |number, &octet| (number << 8) | u64::from(octet));
        Self(start | 1)
    }

    fn octet(&mut self) -> u8 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes()[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_their_standards() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn a_picture_is_png_and_the_same_each_time() {
        let picture = seal_picture(b"one");
        assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert!(picture.ends_with(b"IEND\xae\x42\x60\x82"));
        assert_eq!(picture, seal_picture(b"one"));
        assert_ne!(picture, seal_picture(b"two"));
        assert!((14_000..17_000).contains(&picture.len()), "{}", picture.len());
    }

    #[test]
    fn scans_differ_by_seed() {
        assert_ne!(incompressible(b"a", 64), incompressible(b"b", 64));
        assert_eq!(incompressible(b"a", 64), incompressible(b"a", 64));
    }
}
