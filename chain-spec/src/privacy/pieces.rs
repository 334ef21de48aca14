//! Numbers that are written in pieces: `310101-19900307...`, `138 0013 8000`, `6222 0212 ...`.

use super::{LETTER, PersonalData, Run, SEPARATOR, SEPARATORS_MAX, is_mobile, luhn_holds, resident_check};

/// Digits of a resident number, with its check.
const RESIDENT_DIGITS: usize = 18;
/// First two digits of the region in a resident number (GB/T 2260), and 91 for those of foreigners.
const REGIONS: [&[u8; 2]; 35] = [
    b"11", b"12", b"13", b"14", b"15", b"21", b"22", b"23", b"31", b"32", b"33", b"34", b"35", b"36", b"37", b"41",
    b"42", b"43", b"44", b"45", b"46", b"50", b"51", b"52", b"53", b"54", b"61", b"62", b"63", b"64", b"65", b"71",
    b"81", b"82", b"91",
];
/// How people group the digits of a mobile number.
const MOBILE_GROUPS: [&[usize]; 5] = [&[3, 4, 4], &[3, 3, 5], &[4, 4, 3], &[3, 8], &[7, 4]];

/// The first number that several of `runs` are together.
pub(super) fn scan(runs: &[Run<'_>]) -> Option<PersonalData> {
    let mut rest = runs;
    while !rest.is_empty() {
        let length = 1 + rest.iter().skip(1).take_while(|run| run.joined).count();
        let (group, after) = rest.split_at(length);
        if let Some(found) = judge(group) {
            return Some(found);
        }
        rest = after;
    }
    None
}

/// What runs that only separators part are.
fn judge(group: &[Run<'_>]) -> Option<PersonalData> {
    if (0..group.len()).any(|first| begins_resident(&group[first..])) {
        return Some(PersonalData::ResidentNumber);
    }
    if is_glued(group) {
        return None;
    }
    let number = match group {
        [national, number @ ..] if matches!(national.digits, b"86" | b"0086") => number,
        _ => group,
    };
    if mobile(number) {
        return Some(PersonalData::MobileNumber);
    }
    card(group).then_some(PersonalData::BankCard)
}

/// Whether a Latin letter touches the first run or the last.
fn is_glued(group: &[Run<'_>]) -> bool {
    let letter = |byte: Option<&u8>| matches!(byte, Some(&LETTER | b'X'));
    letter(group.first().and_then(|run| run.before.last())) || letter(group.last().and_then(|run| run.after.first()))
}

/// Whether the first runs of `group`, as many as are needed, are a resident number.
fn begins_resident(group: &[Run<'_>]) -> bool {
    let mut digits: Vec<u8> = Vec::with_capacity(RESIDENT_DIGITS);
    for run in group {
        if digits.len() + run.digits.len() > RESIDENT_DIGITS {
            return false;
        }
        digits.extend_from_slice(run.digits);
        let whole = match digits.as_slice() {
            [body @ .., check] if digits.len() == RESIDENT_DIGITS => resident(body, *check),
            body => body.len() + 1 == RESIDENT_DIGITS && ends_in_x(run.after) && resident(body, b'X'),
        };
        if whole {
            return true;
        }
    }
    false
}

/// Whether an X comes next, maybe after separators, that does not belong to some longer code.
fn ends_in_x(after: &[u8]) -> bool {
    let separators = after.iter().take_while(|byte| **byte == SEPARATOR).count();
    let next = after.get(separators..).unwrap_or_default();
    separators <= SEPARATORS_MAX && next.first() == Some(&b'X') && !next.get(1).is_some_and(u8::is_ascii_digit)
}

/// Region, date of birth and check of GB 11643-1999.
fn resident(body: &[u8], check: u8) -> bool {
    let region = body.first_chunk::<2>().is_some_and(|region| REGIONS.contains(&region));
    region && body.get(6..14).is_some_and(is_date) && resident_check(body) == check
}

/// Whether eight digits are year (1900 to 2099), month and day. The length of the month is not looked at.
fn is_date(digits: &[u8]) -> bool {
    let century = digits.starts_with(b"19") || digits.starts_with(b"20");
    let within = |at, max: &[u8]| digits.get(at..at + 2).is_some_and(|two| two > b"00".as_slice() && two <= max);
    century && within(4, b"12") && within(6, b"31")
}

fn mobile(group: &[Run<'_>]) -> bool {
    let lengths: Vec<usize> = group.iter().map(|run| run.digits.len()).collect();
    let digits = join(group);
    MOBILE_GROUPS.contains(&lengths.as_slice()) && is_mobile(&digits) && !digits.get(3..).is_some_and(is_date)
}

/// 16 to 19 digits in groups of four; the last group may be shorter.
fn card(group: &[Run<'_>]) -> bool {
    let fours = group.iter().take(4).filter(|run| run.digits.len() == 4).count() == 4;
    let last = match group.len() {
        4 => true,
        5 => group.last().is_some_and(|run| run.digits.len() < 4),
        _ => false,
    };
    let digits = join(group);
    fours && last && digits.first().is_some_and(|first| (b'3'..=b'6').contains(first)) && luhn_holds(&digits)
}

fn join(group: &[Run<'_>]) -> Vec<u8> {
    group.iter().flat_map(|run| run.digits).copied().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{PersonalData, luhn_holds, resident_check, scan};

    const RESIDENT: Option<PersonalData> = Some(PersonalData::ResidentNumber);

    /// `310101-199003075215`, a valid number with a hyphen, was recorded as the basis of an operation; without it, it was refused.
    #[test]
    fn a_resident_number_with_separators_is_seen() {
        for text in [
            "310101-199003075215",
            "310101-19900307-5215",
            "310101 19900307 5215",
            "310101.1990.03.07.5215",
            "3101_0119_9003_0752_15",
            "310101/19900307/521/5",
            "310101 - 19900307 - 5215",
            "310101－19900307–5215",
            "2026-310101-199003075215-7",
            "沪310101·199003075215号",
            "110105-19491231-002X",
            "110105-19491231-002-x",
            "１１０１０５ 19491231 002Ｘ",
        ] {
            assert_eq!(scan(text), RESIDENT, "{text}");
        }
    }

    #[test]
    fn mobile_and_card_numbers_with_separators_are_seen() {
        for text in [
            "138-0013-8000",
            "+86 138 0013 8000",
            "138.001.38000",
            "138-00138000",
            "0086-1380013-8000",
            "tel_1380_0138_000",
        ] {
            assert_eq!(scan(text), Some(PersonalData::MobileNumber), "{text}");
        }
        for text in ["4111-1111-1111-1111", "card 6011 0009 9013 9424 end"] {
            assert_eq!(scan(text), Some(PersonalData::BankCard), "{text}");
        }
    }

    #[test]
    fn codes_in_pieces_pass() {
        for text in [
            "1.2.156.10197.1.401",
            "abcd4111-1111-1111-1111-abcdef012345",
            "abcdef0a-4111-1111-1111-1111ef012345",
            "2026-11-30T09:15:27.123456789Z",
            "156-2023-0101",
            "150-20230101",
            "310101-19901307-5215",
            "310101-199003075216",
            "990101-199003075217",
            "310101 甲 199003075215",
            "310101----199003075215",
            "12345678-1234-1234-1234-123456789012",
            "110105-19491231-002X1",
            "2023-0101-0000-0003",
            "4111-1111-1111-1111-1111-1111",
            "XZXKF-69",
            "01-02-03-04-05-06-07-08-09-10-11-12",
        ] {
            assert_eq!(scan(text), None, "{text}");
        }
    }

    /// Parts `digits` at the places of `cuts`, with the separators of `marks`.
    fn parted(digits: &str, cuts: &[usize], marks: &[String]) -> String {
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if let Some(mark) = cuts.iter().position(|cut| *cut == at).and_then(|found| marks.get(found)) {
                text.push_str(mark);
            }
            text.push(digit);
        }
        text
    }

    /// Places in 18 characters and what is put there.
    fn cuts() -> impl Strategy<Value = (Vec<usize>, Vec<String>)> {
        let places = proptest::collection::btree_set(1usize..18, 1..6).prop_map(|set| set.into_iter().collect());
        (places, proptest::collection::vec("[-._/ ]{1,3}", 6))
    }

    proptest! {
        #[test]
        fn no_resident_number_in_pieces_passes(
            region in "(11|31|44|62)[0-9]{4}",
            birth in "(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])",
            serial in "[0-9]{3}",
            (cuts, marks) in cuts(),
        ) {
            let body = format!("{region}{birth}{serial}");
            let number = format!("{body}{}", char::from(resident_check(body.as_bytes())));
            prop_assert!(scan(&parted(&number, &cuts, &marks)).is_some());
        }

        #[test]
        fn no_mobile_number_in_fours_passes(head in "1[3-9][0-9]", middle in "[3-9][0-9]{3}", tail in "[0-9]{4}", mark in "[-._/ ]") {
            prop_assert_eq!(scan(&format!("{head}{mark}{middle}{mark}{tail}")), Some(PersonalData::MobileNumber));
        }

        #[test]
        fn no_card_number_in_fours_passes(body in "[3-6][0-9]{14}", (_, marks) in cuts()) {
            let check = (0..10).find(|check| luhn_holds(format!("{body}{check}").as_bytes())).unwrap_or_default();
            let text = parted(&format!("{body}{check}"), &[4, 8, 12], &marks);
            prop_assert!(scan(&text).is_some(), "{}", text);
        }

        /// Numbers of documents, versions, moments and identifiers with random values.
        #[test]
        fn codes_of_the_field_in_pieces_pass(
            document in "(20[0-9]{2}|[A-Z]{2})-[0-9]{1,5}-[0-9]{1,4}",
            version in "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,2}",
            moment in "20[0-9]{2}-(0[1-9]|1[0-2])-[0-2][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]",
            uuid in "[a-f][0-9]{7}-[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9a-f]{12}",
        ) {
            for text in [&document, &version, &moment, &uuid] {
                prop_assert_eq!(scan(text), None, "{}", text);
            }
        }
    }
}
