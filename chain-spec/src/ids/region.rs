//! Region codes (GB/T 2260, down to the county).

use super::shape::{Alphabet, fixed_id};
use super::{IdError, IdKind, ProvinceCode};

fixed_id! {
    /// Code of a region: six digits, of which the first two name its province, for example `340100` for Hefei.
    /// The lower levels change every year and are not checked.
    RegionCode, 6, "6", IdKind::Region, Alphabet::Digits
}

impl RegionCode {
    /// The region that is the whole of `province`.
    pub fn of_province(province: ProvinceCode) -> Self {
        Self(*province.as_bytes())
    }

    /// The province this region lies in, as its first two digits say.
    pub fn province(&self) -> ProvinceCode {
        ProvinceCode::with_prefix([self.0[0], self.0[1]])
    }

    /// Refuses a code whose first two digits are not a province.
    pub fn check(&self) -> Result<(), IdError> {
        self.province().check().map_err(|_| IdError::UnknownProvince {
            kind: IdKind::Region,
            found: self.as_str()[..2].to_owned(),
            length: 2,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_region_belongs_to_its_province() {
        let hefei: RegionCode = "340100".parse().unwrap();
        assert_eq!(hefei.province().name_en(), "Anhui");
        assert_eq!(RegionCode::of_province(hefei.province()).as_str(), "340000");
    }

    #[test]
    fn refuses_an_unknown_province() {
        let error = "990100".parse::<RegionCode>().unwrap_err();
        assert_eq!(error, IdError::UnknownProvince { kind: IdKind::Region, found: "99".to_owned(), length: 2 });
    }
}
