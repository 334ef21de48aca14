//! Provinces for trial networks, and made-up organisation codes that pass every check.

use huxin_chain_spec::ids::{ProvinceCode, RegionCode, Uscc};

use crate::error::ClientError;
use crate::said::Said;
use crate::say;

/// A province as trial networks use it.
#[derive(Debug, Clone, Copy)]
pub struct ProvinceSeat {
    /// GB/T 2260.
    pub code: &'static str,
    /// Folder and file name.
    pub name: &'static str,
    /// Region of the demo issuer.
    pub issuer_region: &'static str,
    /// Serial in the made-up code of the province's authority.
    serial: u32,
}

/// The Yangtze Delta first, then others for larger networks. Authority codes of the first four are those of
/// `domain/vectors.json`.
pub const PROVINCES: [ProvinceSeat; 16] = [
    seat("310000", "shanghai", "310100", 1),
    seat("320000", "jiangsu", "320100", 3),
    seat("330000", "zhejiang", "330100", 2),
    seat("340000", "anhui", "340100", 4),
    seat("110000", "beijing", "110100", 5),
    seat("120000", "tianjin", "120100", 6),
    seat("130000", "hebei", "130100", 7),
    seat("350000", "fujian", "350100", 8),
    seat("360000", "jiangxi", "360100", 9),
    seat("370000", "shandong", "370100", 10),
    seat("410000", "henan", "410100", 11),
    seat("420000", "hubei", "420100", 12),
    seat("430000", "hunan", "430100", 13),
    seat("440000", "guangdong", "440100", 14),
    seat("500000", "chongqing", "500100", 15),
    seat("510000", "sichuan", "510100", 16),
];

const fn seat(code: &'static str, name: &'static str, issuer_region: &'static str, serial: u32) -> ProvinceSeat {
    ProvinceSeat { code, name, issuer_region, serial }
}

impl ProvinceSeat {
    /// The code.
    pub fn province(&self) -> Result<ProvinceCode, ClientError> {
        self.code.parse().map_err(|error| ClientError::at(self.name, Said::from(error)))
    }

    /// The demo issuer's region.
    pub fn region(&self) -> Result<RegionCode, ClientError> {
        self.issuer_region.parse().map_err(|error| ClientError::at(self.name, Said::from(error)))
    }

    /// Made-up code of the authority that operates the province's node.
    pub fn authority(&self) -> Result<Uscc, ClientError> {
        synthetic_uscc(self.code, self.serial)
    }

    /// Made-up code of the province's demo issuer.
    pub fn issuer(&self) -> Result<Uscc, ClientError> {
        synthetic_uscc(self.issuer_region, 100 + self.serial)
    }
}

/// A made-up code of an organ of state (`11`) in `region`, with both check characters right (GB 32100, GB 11714).
pub fn synthetic_uscc(region: &str, serial: u32) -> Result<Uscc, ClientError> {
    let body = format!("11{region}{serial:08}");
    // The checks have one home, in the protocol crate; here the one pair that satisfies them is looked for.
    let candidates = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    for inner in "0123456789X".chars() {
        for last in candidates.chars() {
            if let Ok(code) = format!("{body}{inner}{last}").parse() {
                return Ok(code);
            }
        }
    }
    let said = say!("{body} cannot be completed to a unified social credit code", "{body} 不能补成统一社会信用代码");
    Err(ClientError::at("organisation code", said))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn authorities_of_the_delta_are_those_of_the_vectors() {
        let codes: Vec<String> = PROVINCES[..4].iter().map(|seat| seat.authority().unwrap().to_string()).collect();
        assert_eq!(codes, ["113100000000000191", "11320000000000035T", "113300000000000274", "11340000000000043X"]);
    }

    #[test]
    fn every_seat_is_usable_and_distinct() {
        let mut codes = Vec::new();
        for seat in PROVINCES {
            assert_eq!(seat.region().unwrap().province(), seat.province().unwrap());
            codes.extend([seat.authority().unwrap(), seat.issuer().unwrap()]);
        }
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), 2 * PROVINCES.len());
    }
}
