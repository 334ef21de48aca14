//! Cross-reference and object streams, inflated within limits (ISO 32000-2, 7.4.4).

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use super::bounds::{STREAM_BYTES_MAX, broken, too_many};
use super::value::{Dict, Value};
use crate::defect::Defect;

/// The bytes of a stream: not compressed, or with Flate and perhaps a PNG predictor. Other filters are refused: no writer uses them here.
pub(super) fn inflate(dict: &Dict, raw: &[u8], at: usize) -> Result<Vec<u8>, Defect> {
    let parameters = |value: Option<&Value>| value.and_then(Value::dict).cloned().unwrap_or_default();
    let (is_flate, parameters) = match (dict.get("Filter"), dict.get("DecodeParms")) {
        (None, _) => (false, Dict::default()),
        (Some(Value::Name(name)), of) if name == b"FlateDecode" => (true, parameters(of)),
        (Some(Value::Array(filters)), of) => match filters.as_slice() {
            [] => (false, Dict::default()),
            [Value::Name(name)] if name == b"FlateDecode" => {
                let first = of.and_then(|of| of.array().map_or(Some(of), |all| all.first()));
                (true, parameters(first))
            }
            _ => return Err(broken(at, "a stream of objects has another filter than FlateDecode")),
        },
        _ => return Err(broken(at, "a stream of objects has another filter than FlateDecode")),
    };
    if !is_flate {
        return Ok(raw.to_vec());
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(STREAM_BYTES_MAX).unwrap_or(u64::MAX) + 1;
    let read = ZlibDecoder::new(raw).take(limit).read_to_end(&mut bytes);
    if read.is_err() {
        return Err(broken(at, "a stream of objects does not inflate"));
    }
    if bytes.len() > STREAM_BYTES_MAX {
        return Err(too_many("bytes of a stream of objects"));
    }
    match parameters.integer("Predictor").unwrap_or(1) {
        1 => Ok(bytes),
        10..=15 => unpredict(&bytes, &parameters, at),
        _ => Err(broken(at, "a stream of objects has an unknown predictor")),
    }
}

/// PNG prediction (RFC 2083, 6) of rows of bytes.
fn unpredict(bytes: &[u8], parameters: &Dict, at: usize) -> Result<Vec<u8>, Defect> {
    let colors = parameters.integer("Colors").unwrap_or(1);
    let bits = parameters.integer("BitsPerComponent").unwrap_or(8);
    let columns = parameters.integer("Columns").and_then(|columns| usize::try_from(columns).ok()).unwrap_or(1);
    if colors != 1 || bits != 8 || columns == 0 || columns > 1024 {
        return Err(broken(at, "a stream of objects has an unknown predictor"));
    }
    let (mut above, mut out) = (vec![0_u8; columns], Vec::with_capacity(bytes.len()));
    for row in bytes.chunks(columns + 1) {
        let Some((kind, values)) = row.split_first().filter(|(_, values)| values.len() == columns) else {
            return Err(broken(at, "a stream of objects ends within a row"));
        };
        let mut decoded: Vec<u8> = Vec::with_capacity(columns);
        let (mut left, mut above_left) = (0_u8, 0_u8);
        for (value, up) in values.iter().zip(&above) {
            let guess = match kind {
                0 => 0,
                1 => left,
                2 => *up,
                3 => ((u16::from(left) + u16::from(*up)) / 2).to_le_bytes()[0],
                4 => paeth(left, *up, above_left),
                _ => return Err(broken(at, "a stream of objects has an unknown predictor")),
            };
            left = value.wrapping_add(guess);
            above_left = *up;
            decoded.push(left);
        }
        out.extend_from_slice(&decoded);
        above = decoded;
    }
    Ok(out)
}

fn paeth(left: u8, up: u8, above_left: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(above_left));
    let guess = a + b - c;
    let (pa, pb, pc) = ((guess - a).abs(), (guess - b).abs(), (guess - c).abs());
    if pa <= pb && pa <= pc {
        left
    } else if pb <= pc {
        up
    } else {
        above_left
    }
}
