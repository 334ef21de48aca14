//! Cross-reference and object streams, inflated within limits (ISO 32000-2, 7.4.4).

use std::cell::Cell;
use std::io::Read as _;

use flate2::read::ZlibDecoder;

use super::bounds::{STREAM_BYTES_MAX, broken, too_many};
use super::value::{Dict, Value};
use crate::defect::Defect;

/// The bytes of a stream: not compressed, or with Flate and perhaps a PNG predictor. Other filters are refused: no writer uses them here.
/// So are parameters of another type, through a reference, or given twice: readers differ in what they make of them. `left` is how many
/// bytes may still be had of all streams.
pub(super) fn inflate(dict: &Dict, raw: &[u8], at: usize, left: &Cell<usize>) -> Result<Vec<u8>, Defect> {
    let other = || broken(at, "a stream of objects has another filter than FlateDecode");
    let (filter, parameters) = (dict.get("Filter"), dict.get("DecodeParms"));
    // Data in another file.
    if dict.get("F").is_some() {
        return Err(other());
    }
    let parameters = match (filter, parameters) {
        (None, None) => None,
        (Some(Value::Array(filters)), None) if filters.is_empty() => None,
        (Some(Value::Name(name)), of) if name == b"FlateDecode" => Some(of),
        (Some(Value::Array(filters)), of) if matches!(filters.as_slice(), [Value::Name(name)] if name == b"FlateDecode") => {
            match of {
                Some(Value::Array(all)) if all.len() == 1 => Some(all.first()),
                of => Some(of),
            }
        }
        _ => return Err(other()),
    };
    let limit = STREAM_BYTES_MAX.min(left.get());
    let bytes = match parameters {
        None => raw.get(..raw.len().min(limit + 1)).unwrap_or(raw).to_vec(),
        Some(_) => {
            let mut bytes = Vec::new();
            let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
            if ZlibDecoder::new(raw).take(limit).read_to_end(&mut bytes).is_err() {
                return Err(broken(at, "a stream of objects does not inflate"));
            }
            bytes
        }
    };
    if bytes.len() > limit {
        return Err(too_many("bytes of streams of objects and cross-references"));
    }
    left.set(left.get() - bytes.len());
    let empty = Dict::default();
    let parameters = match parameters {
        None | Some(None | Some(Value::Null)) => &empty,
        Some(Some(Value::Dict(parameters))) if !parameters.has_duplicates => parameters,
        Some(Some(_)) => return Err(broken(at, "/DecodeParms of a stream of objects is not a plain dictionary")),
    };
    match number(parameters, "Predictor", 1, at)? {
        1 => Ok(bytes),
        10..=15 => unpredict(&bytes, parameters, at),
        _ => Err(broken(at, "a stream of objects has an unknown predictor")),
    }
}

/// An integer, or what holds where there is none.
fn number(parameters: &Dict, key: &str, otherwise: i64, at: usize) -> Result<i64, Defect> {
    match parameters.get(key) {
        None => Ok(otherwise),
        Some(Value::Integer(number)) => Ok(*number),
        Some(_) => Err(broken(at, format!("/{key} of a stream of objects is not an integer"))),
    }
}

/// PNG prediction (RFC 2083, 6) of rows of bytes.
fn unpredict(bytes: &[u8], parameters: &Dict, at: usize) -> Result<Vec<u8>, Defect> {
    let colors = number(parameters, "Colors", 1, at)?;
    let bits = number(parameters, "BitsPerComponent", 8, at)?;
    let columns = usize::try_from(number(parameters, "Columns", 1, at)?).unwrap_or(0);
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
