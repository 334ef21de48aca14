//! The admission filter: no text on the ledger may hold a number that identifies a person.
//!
//! **What is read as one number.** A token is a *maximal* run of digits: it ends at the first character that is not a digit,
//! whether space, hyphen or letter. So `ID110105...` and `tel:13800138000a` are found, while windows inside a longer run
//! are not looked at. A 32-digit serial has fifteen windows of 18 digits, and one window in eleven passes the resident
//! number's checksum by chance: looking inside would refuse most long serials and catch few numbers, since people copy
//! numbers whole.
//!
//! **Numbers in pieces.** Runs with up to three separators between them (`-`, `.`, `_`, `/`, spaces and other punctuation) are
//! also read as one number, where more than a checksum speaks for it; version numbers, dates and UUIDs would otherwise become
//! numbers they are not. Neighbouring runs are a resident number if they hold the digits of a province and a date of birth
//! (1900 to 2099) and the check holds. All runs together are a mobile number in the groups 3-4-4, 3-3-5, 4-4-3, 3-8 or 7-4,
//! after 86 or alone, unless the last eight digits are a date; they are a card number in groups of four, from 3 to 6 on,
//! with the check; neither with a Latin letter at its end, as in a UUID. The filter stops accidents; deliberate encoding of a number cannot be detected.
//!
//! Full-width digits and letters (`１`, `Ｘ`) count as the plain ones.
//!
//! **Where it applies.** To fields whose text is free within an alphabet (seal numbers, codes). Identifiers with their own
//! structure (organisation codes, licence types) are not scanned: an organisation code of 18 digits passes the
//! resident number's checksum by chance in one case of eleven.

use crate::codes::Code;

mod pieces;

/// A kind of number that identifies a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonalData {
    /// Resident identity number (公民身份号码): 18 characters with the check of GB 11643. The date inside is not looked at.
    ResidentNumber,
    /// Mobile telephone number: 11 digits from 13 to 19, also after 86 or 0086.
    MobileNumber,
    /// Bank card number: 16 to 19 digits with the Luhn check of ISO/IEC 7812-1.
    BankCard,
}

impl PersonalData {
    /// The code of the rejection.
    pub fn code(self) -> Code {
        match self {
            Self::ResidentNumber => Code::PrivacyResidentNumber,
            Self::MobileNumber => Code::PrivacyMobileNumber,
            Self::BankCard => Code::PrivacyBankCard,
        }
    }
}

/// The first personal number in `text`, if there is one: numbers in one piece first, then those in several. A number that is
/// both a resident number and a card number is called a resident number.
pub fn scan(text: &str) -> Option<PersonalData> {
    let folded: Vec<u8> = text.chars().map(fold).collect();
    let mut runs = Vec::new();
    let mut rest = &folded[..];
    while let Some(start) = rest.iter().position(u8::is_ascii_digit) {
        let (before, run_and_rest) = rest.split_at(start);
        let length = run_and_rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, after) = run_and_rest.split_at(length);
        let joined = before.len() <= SEPARATORS_MAX && before.iter().all(|byte| *byte == SEPARATOR);
        runs.push(Run { before, digits, after, joined: joined && !runs.is_empty() });
        rest = after;
    }
    runs.iter().find_map(|run| judge(run.digits, run.after)).or_else(|| pieces::scan(&runs))
}

/// What [`fold`] makes of punctuation and spaces.
const SEPARATOR: u8 = b'-';
/// What it makes of Latin letters, X apart.
const LETTER: u8 = b'a';
/// More characters than these between two runs part them.
const SEPARATORS_MAX: usize = 3;

/// A maximal run of digits.
struct Run<'a> {
    /// What lies between it and the run before.
    before: &'a [u8],
    digits: &'a [u8],
    /// All that follows it.
    after: &'a [u8],
    /// Whether only separators part it from the run before.
    joined: bool,
}

/// A digit as ASCII digit, the letter X as `X`, other letters as [`LETTER`], punctuation and spaces as
/// [`SEPARATOR`], anything else as a space. The ranges are
/// written out: every validator must fold alike, whatever version of Unicode its compiler knows.
fn fold(character: char) -> u8 {
    const FULL_WIDTH_OFFSET: u32 = '０' as u32 - '0' as u32;
    let narrow = match character {
        '０'..='９' | 'Ｘ' | 'ｘ' => char::from_u32(u32::from(character) - FULL_WIDTH_OFFSET).unwrap_or(' '),
        other => other,
    };
    match u8::try_from(narrow) {
        Ok(digit) if digit.is_ascii_digit() => digit,
        Ok(b'X' | b'x') => b'X',
        Ok(ascii) if ascii.is_ascii_alphabetic() => LETTER,
        Ok(ascii) if ascii.is_ascii() => SEPARATOR,
        _ => match narrow {
            '\u{80}'..='\u{a9}' | '\u{ab}'..='\u{b1}' | '\u{b4}' | '\u{b6}'..='\u{b8}' | '\u{bb}' => SEPARATOR,
            '\u{2000}'..='\u{206f}' | '\u{2212}' | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' => SEPARATOR,
            '\u{30fb}' | '\u{fe30}'..='\u{fe6b}' | '\u{feff}' | '\u{ff01}'..='\u{ff0f}' => SEPARATOR,
            '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}' => SEPARATOR,
            _ => b' ',
        },
    }
}

/// What the maximal run of digits `run` is, given what follows it.
fn judge(run: &[u8], after: &[u8]) -> Option<PersonalData> {
    // An X that digits follow belongs to some longer code, not to the number before it.
    let ends_in_x = after.first() == Some(&b'X') && !after.get(1).is_some_and(u8::is_ascii_digit);
    let resident = match run {
        [body @ .., check] if run.len() == 18 => resident_check(body) == *check,
        _ => run.len() == 17 && ends_in_x && resident_check(run) == b'X',
    };
    if resident {
        return Some(PersonalData::ResidentNumber);
    }
    let national = [b"0086".as_slice(), b"86"].into_iter().find_map(|prefix| run.strip_prefix(prefix));
    if [Some(run), national].into_iter().flatten().any(is_mobile) {
        return Some(PersonalData::MobileNumber);
    }
    ((16..=19).contains(&run.len()) && luhn_holds(run)).then_some(PersonalData::BankCard)
}

fn value(digit: u8) -> u32 {
    u32::from(digit.saturating_sub(b'0'))
}

/// GB 11643-1999, ISO 7064 MOD 11-2: the check character of 17 digits.
fn resident_check(body: &[u8]) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let sum: u32 = body.iter().zip(WEIGHTS).map(|(&digit, weight)| value(digit) * weight).sum();
    usize::try_from(sum % 11).ok().and_then(|index| CHECKS.get(index)).copied().unwrap_or(b' ')
}

fn is_mobile(run: &[u8]) -> bool {
    run.len() == 11 && run[0] == b'1' && (b'3'..=b'9').contains(&run[1])
}

/// ISO/IEC 7812-1, annex B: from the right, every second digit is doubled, digits are added, the sum ends in 0.
fn luhn_holds(run: &[u8]) -> bool {
    let sum: u32 = run
        .iter()
        .rev()
        .enumerate()
        .map(|(index, &digit)| {
            let weighted = value(digit) * if index % 2 == 1 { 2 } else { 1 };
            weighted / 10 + weighted % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn standard_vectors() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors/identifiers.json")).unwrap();
        let texts = |name: &str| serde_json::from_value::<Vec<String>>(vectors["gb11643"][name].clone()).unwrap();
        for text in texts("ok") {
            assert_eq!(scan(&text), Some(PersonalData::ResidentNumber), "{text}");
        }
        for text in texts("bad") {
            assert_ne!(scan(&text), Some(PersonalData::ResidentNumber), "{text}");
        }
        // The worked sum of the standard's own example: 167, which is 2 mod 11.
        assert_eq!(resident_check(b"11010519491231002"), b'X');
    }

    #[test]
    fn forms_people_write() {
        let resident = Some(PersonalData::ResidentNumber);
        for text in
            ["ID11010519491231002x", "身份证11010519491231002X号", "1101051949123100２Ｘ", "440524188001010014Z"]
        {
            assert_eq!(scan(text), resident, "{text}");
        }
        for text in [
            "13800138000",
            "tel:19912345678.",
            "+8613800138000",
            "008613800138000",
            "A-13800138000-B",
            "１３８００１３８０００",
        ] {
            assert_eq!(scan(text), Some(PersonalData::MobileNumber), "{text}");
        }
        for text in ["4111111111111111", "card 6011000990139424 end"] {
            assert_eq!(scan(text), Some(PersonalData::BankCard), "{text}");
        }
        assert_eq!(scan("1-2-3 440524188001010014"), resident, "a number after others");
    }

    #[test]
    fn codes_of_the_field_pass() {
        for text in [
            "",
            "32050000011053",
            "37030000001721",
            "20230000403",
            "2025052201",
            "XZXKF-69",
            "12800138000",
            "138001380001",
            "4111111111111112",
            "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            "1.2.156.10197.1.401",
            "x",
        ] {
            assert_eq!(scan(text), None, "{text}");
        }
    }

    #[test]
    fn windows_inside_longer_runs_are_not_looked_at() {
        assert_eq!(scan("00440524188001010014"), None, "resident number inside 20 digits");
        assert_eq!(scan("9138001380009"), None, "mobile number inside 13 digits");
        assert_eq!(scan("11010519491231002X1"), None, "X inside a longer code");
    }

    /// A character that ends a run of digits: anything but a digit, and no X where the number may end before one.
    fn separator() -> impl Strategy<Value = String> {
        prop_oneof![Just(String::new()), "[^0-9０-９xXｘＸ]", "[A-WYZa-wyz_.:/ -]"]
    }

    proptest! {
        #[test]
        fn no_resident_number_passes(body in "[0-9]{17}", before in separator(), after in separator()) {
            let text = format!("{before}{body}{}{after}", char::from(resident_check(body.as_bytes())));
            prop_assert_eq!(scan(&text), Some(PersonalData::ResidentNumber));
        }

        #[test]
        fn no_mobile_number_passes(number in "1[3-9][0-9]{9}", before in separator(), after in separator()) {
            prop_assert_eq!(scan(&format!("{before}{number}{after}")), Some(PersonalData::MobileNumber));
        }

        #[test]
        fn no_card_number_passes(body in "[0-9]{15,18}", before in separator(), after in separator()) {
            let check = (0..10).find(|check| luhn_holds(format!("{body}{check}").as_bytes())).unwrap();
            let found = scan(&format!("{before}{body}{check}{after}"));
            prop_assert!(matches!(found, Some(PersonalData::BankCard | PersonalData::ResidentNumber)), "{:?}", found);
        }

        #[test]
        fn no_text_is_a_fault(text in "\\PC{0,80}") {
            let _ = scan(&text);
        }
    }
}
