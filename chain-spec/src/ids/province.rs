//! Province codes (GB/T 2260, province level).

use super::shape::{Alphabet, fixed_id};
use super::{IdError, IdKind};

fixed_id! {
    /// Code of a province, autonomous region, municipality or special administrative region: two digits and four
    /// zeros, for example `310000` for Shanghai. `000000` is the national platform, `660000` the Xinjiang Production and Construction
    /// Corps.
    ProvinceCode, 6, "6", IdKind::Province, Alphabet::Digits
}

/// A row of the table: first two digits, English name, Chinese name.
struct Province {
    prefix: [u8; 2],
    english: &'static str,
    chinese: &'static str,
}

const fn row(prefix: [u8; 2], english: &'static str, chinese: &'static str) -> Province {
    Province { prefix, english, chinese }
}

/// The 34 rows of GB/T 2260, province level, and the two that government-service systems add to it: 00 for the national platform and the
/// ministries, 66 for 新疆生产建设兵团. In the order of their codes.
const PROVINCES: [Province; 36] = [
    row(*b"00", "National platform", "国家平台"),
    row(*b"11", "Beijing", "北京市"),
    row(*b"12", "Tianjin", "天津市"),
    row(*b"13", "Hebei", "河北省"),
    row(*b"14", "Shanxi", "山西省"),
    row(*b"15", "Inner Mongolia", "内蒙古自治区"),
    row(*b"21", "Liaoning", "辽宁省"),
    row(*b"22", "Jilin", "吉林省"),
    row(*b"23", "Heilongjiang", "黑龙江省"),
    row(*b"31", "Shanghai", "上海市"),
    row(*b"32", "Jiangsu", "江苏省"),
    row(*b"33", "Zhejiang", "浙江省"),
    row(*b"34", "Anhui", "安徽省"),
    row(*b"35", "Fujian", "福建省"),
    row(*b"36", "Jiangxi", "江西省"),
    row(*b"37", "Shandong", "山东省"),
    row(*b"41", "Henan", "河南省"),
    row(*b"42", "Hubei", "湖北省"),
    row(*b"43", "Hunan", "湖南省"),
    row(*b"44", "Guangdong", "广东省"),
    row(*b"45", "Guangxi", "广西壮族自治区"),
    row(*b"46", "Hainan", "海南省"),
    row(*b"50", "Chongqing", "重庆市"),
    row(*b"51", "Sichuan", "四川省"),
    row(*b"52", "Guizhou", "贵州省"),
    row(*b"53", "Yunnan", "云南省"),
    row(*b"54", "Tibet", "西藏自治区"),
    row(*b"61", "Shaanxi", "陕西省"),
    row(*b"62", "Gansu", "甘肃省"),
    row(*b"63", "Qinghai", "青海省"),
    row(*b"64", "Ningxia", "宁夏回族自治区"),
    row(*b"65", "Xinjiang", "新疆维吾尔自治区"),
    row(*b"66", "Xinjiang Production and Construction Corps", "新疆生产建设兵团"),
    row(*b"71", "Taiwan", "台湾省"),
    row(*b"81", "Hong Kong", "香港特别行政区"),
    row(*b"82", "Macao", "澳门特别行政区"),
];

impl ProvinceCode {
    /// All codes of the table, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        PROVINCES.iter().map(|province| Self::with_prefix(province.prefix))
    }

    /// Refuses a code that the table does not list.
    pub fn check(&self) -> Result<(), IdError> {
        match self.row() {
            Some(_) => Ok(()),
            None => {
                Err(IdError::UnknownProvince { kind: IdKind::Province, found: self.to_string(), length: Self::BYTES })
            }
        }
    }

    /// English name. A code that does not pass [`ProvinceCode::check`] has none and shows as `unknown province`.
    pub fn name_en(&self) -> &'static str {
        self.row().map_or("unknown province", |province| province.english)
    }

    /// Chinese name. A code that does not pass [`ProvinceCode::check`] has none and shows as `未知省份`.
    pub fn name_zh(&self) -> &'static str {
        self.row().map_or("未知省份", |province| province.chinese)
    }

    /// The province whose codes start with these two digits, known or not.
    pub(super) fn with_prefix(prefix: [u8; 2]) -> Self {
        Self([prefix[0], prefix[1], b'0', b'0', b'0', b'0'])
    }

    fn row(&self) -> Option<&'static Province> {
        PROVINCES.iter().find(|province| Self::with_prefix(province.prefix) == *self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn table_is_sorted_and_each_code_reads_back() {
        let all: Vec<ProvinceCode> = ProvinceCode::all().collect();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        for code in all {
            assert_eq!(code.to_string().parse::<ProvinceCode>().unwrap(), code);
        }
        let shanghai: ProvinceCode = "310000".parse().unwrap();
        assert_eq!((shanghai.name_en(), shanghai.name_zh()), ("Shanghai", "上海市"));
    }

    #[test]
    fn refuses_what_is_no_province() {
        for text in ["310001", "000001", "010000", "990000"] {
            let code = ProvinceCode::from_structure(text).unwrap();
            assert_eq!(text.parse::<ProvinceCode>().unwrap_err(), code.check().unwrap_err());
            assert_eq!(code.check().unwrap_err().code().as_str(), "identifier.unknown_province");
            assert_eq!(code.name_en(), "unknown province");
        }
        assert_eq!("31000".parse::<ProvinceCode>().unwrap_err().code().as_str(), "identifier.length");
        assert_eq!(
            "31００00".parse::<ProvinceCode>().unwrap_err().to_string(),
            "'０' at position 3 cannot be in a province code; use only the digits 0-9"
        );
    }
}
