//! MD5 (RFC 1321), for the one sample whose signature still uses it. The standard of 2016 makes it the default.

const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// The digest.
pub fn md5(message: &[u8]) -> [u8; 16] {
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    let bits = u64::try_from(message.len()).unwrap_or(u64::MAX).wrapping_mul(8);
    padded.extend(bits.to_le_bytes());
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    padded.chunks_exact(64).for_each(|block| state = round(state, block));
    let mut digest = [0; 16];
    for (octet, value) in digest.iter_mut().zip(state.iter().flat_map(|word| word.to_le_bytes())) {
        *octet = value;
    }
    digest
}

fn round(state: [u32; 4], block: &[u8]) -> [u32; 4] {
    let words: Vec<u32> = block
        .chunks_exact(4)
        .map(|word| word.iter().rev().fold(0, |number, &octet| (number << 8) | u32::from(octet)))
        .collect();
    let [mut a, mut b, mut c, mut d] = state;
    for step in 0..64_usize {
        let (mixed, index) = match step / 16 {
            0 => ((b & c) | (!b & d), step),
            1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
            2 => (b ^ c ^ d, (3 * step + 5) % 16),
            _ => (c ^ (b | !d), (7 * step) % 16),
        };
        let word = words.get(index).copied().unwrap_or(0);
        let sum = a.wrapping_add(mixed).wrapping_add(sine(step)).wrapping_add(word);
        (a, d, c) = (d, c, b);
        b = b.wrapping_add(sum.rotate_left(SHIFTS[step / 16][step % 4]));
    }
    [state[0].wrapping_add(a), state[1].wrapping_add(b), state[2].wrapping_add(c), state[3].wrapping_add(d)]
}

/// floor(2^32 * |sin(step + 1)|), RFC 1321 3.4.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is in 0..2^32 by its definition")]
fn sine(step: usize) -> u32 {
    let angle = f64::from(u32::try_from(step).unwrap_or(0) + 1);
    (angle.sin().abs() * 4_294_967_296.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_rfc_1321() {
        for (message, digest) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ] {
            assert_eq!(hex::encode(md5(message.as_bytes())), digest);
        }
    }
}
