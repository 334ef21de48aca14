//! How often the admission filter is right, measured over a corpus that this test makes: `docs/rules/privacy.md`. `UPDATE_GOLDEN=1` writes it.

use std::fmt::Write as _;

use huxin_chain_spec::privacy::scan;

use crate::support::*;

/// Texts of each form.
const COUNT: usize = 2_000;

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    /// A day from 1940 to 2019, and one of this decade.
    fn birthday(&mut self) -> String {
        format!("{:04}{:02}{:02}", 1940 + self.below(80), 1 + self.below(12), 1 + self.below(28))
    }

    fn recent_day(&mut self) -> String {
        format!("{:04}{:02}{:02}", 2020 + self.below(10), 1 + self.below(12), 1 + self.below(28))
    }

    fn region(&mut self) -> &'static str {
        const REGIONS: [&str; 6] = ["310104", "320500", "330100", "340100", "110105", "440524"];
        REGIONS[self.below(6) as usize]
    }

    /// GB 11643.
    fn resident(&mut self) -> String {
        const WEIGHTS: [u64; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let body = format!("{}{}{}", self.region(), self.birthday(), self.digits(3));
        let sum: u64 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum();
        format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
    }

    fn mobile(&mut self) -> String {
        format!("1{}{}", 3 + self.below(7), self.digits(9))
    }

    /// ISO/IEC 7812-1.
    fn card(&mut self) -> String {
        let length = 15 + self.below(4) as usize;
        let body = format!("6{}", self.digits(length - 1));
        let sum: u64 = body
            .bytes()
            .rev()
            .enumerate()
            .map(|(place, digit)| {
                let doubled = u64::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
                doubled / 10 + doubled % 10
            })
            .sum();
        format!("{body}{}", (10 - sum % 10) % 10)
    }

    fn uuid(&mut self) -> String {
        let mut hex = |count: usize| -> String {
            (0..count).map(|_| char::from(b"0123456789abcdef"[self.below(16) as usize])).collect()
        };
        [hex(8), hex(4), hex(4), hex(4), hex(12)].join("-")
    }
}

fn cut(text: &str, places: &[usize], separator: &str) -> String {
    let mut parts = Vec::new();
    let mut from = 0;
    for place in places.iter().copied().chain([text.len()]) {
        parts.push(&text[from..place]);
        from = place;
    }
    parts.join(separator)
}

type Form = (&'static str, fn(&mut Dice) -> String);

/// Numbers of persons as people write them.
const PERSONAL: &[Form] = &[
    ("resident number", |dice| dice.resident()),
    ("resident number, in small letters after a prefix", |dice| format!("id{}", dice.resident().to_lowercase())),
    ("resident number, 6-8-4", |dice| cut(&dice.resident(), &[6, 14], "-")),
    ("resident number, with dots 6.4.4.4", |dice| cut(&dice.resident(), &[6, 10, 14], ".")),
    ("resident number, with spaces", |dice| cut(&dice.resident(), &[6, 14], " ")),
    ("resident number, among Chinese characters", |dice| format!("身份证{}号", dice.resident())),
    ("mobile number", |dice| dice.mobile()),
    ("mobile number, +86", |dice| format!("+86{}", dice.mobile())),
    ("mobile number, 3-4-4", |dice| cut(&dice.mobile(), &[3, 7], "-")),
    ("mobile number, 86 and spaces", |dice| format!("86 {}", cut(&dice.mobile(), &[3, 7], " "))),
    ("card number, 16 to 19 digits", |dice| dice.card()),
    ("card number, in fours", |dice| {
        let card = dice.card();
        let places: Vec<usize> = (4..card.len()).step_by(4).collect();
        cut(&card, &places, " ")
    }),
    // Not looked for: they are within a longer run of digits, or no number at all.
    ("mobile number after 0", |dice| format!("0{}", dice.mobile())),
    ("resident number after other digits", |dice| format!("0{}", dice.resident())),
    ("first 12 digits of a resident number", |dice| dice.resident()[..12].to_owned()),
];

/// Codes that are nobody's number.
const LAWFUL: &[Form] = &[
    ("serial of 8 to 10 digits", |dice| {
        let length = 8 + dice.below(3) as usize;
        dice.digits(length)
    }),
    ("seal number, region and 8 digits", |dice| format!("{}{}", dice.region(), dice.digits(8))),
    ("date and 8 digits, 16 in all", |dice| format!("{}{}", dice.recent_day(), dice.digits(8))),
    ("any 16 digits", |dice| dice.digits(16)),
    ("any 17 digits", |dice| dice.digits(17)),
    ("region, date and 4 digits, 18 in all", |dice| {
        format!("{}{}{}", dice.region(), dice.recent_day(), dice.digits(4))
    }),
    ("any 18 digits", |dice| dice.digits(18)),
    ("any 19 digits", |dice| dice.digits(19)),
    ("any 20 digits", |dice| dice.digits(20)),
    ("11 digits that begin with 15", |dice| format!("15{}", dice.digits(9))),
    ("date and 4 digits, parted", |dice| format!("{}-{}", dice.recent_day(), dice.digits(4))),
    ("version number", |dice| cut(&dice.digits(6), &[1, 3, 4], ".")),
    ("UUID", |dice| dice.uuid()),
];

/// How many of [`COUNT`] texts are refused.
fn refused(form: fn(&mut Dice) -> String) -> usize {
    let mut dice = Dice(7);
    (0..COUNT).filter(|_| scan(&form(&mut dice)).is_some()).count()
}

fn rows(forms: &[Form]) -> String {
    let mut text = String::from("| form | refused |\n|---|---|\n");
    for (name, form) in forms {
        writeln!(text, "| {name} | {:.1} % |", refused(*form) as f64 * 100.0 / COUNT as f64).unwrap();
    }
    text
}

#[test]
fn rates_over_a_corpus() {
    let text = format!(
        "# The admission filter: how often it is right\n\n\
         No text on the ledger may hold a number that identifies a person. The filter (`chain-spec/src/privacy.rs`) reads each text of an\n\
         operation and refuses it with `privacy.resident_number`, `privacy.mobile_number` or `privacy.bank_card`. It stops accidents; a number\n\
         that somebody hides on purpose gets through.\n\n\
         This page is made by `chain-spec/tests/it/privacy_rates.rs`, which makes {COUNT} texts of each form and counts; the test fails if the\n\
         rates change.\n\n\
         ## Numbers of persons\n\n{}\n\
         ## Codes that are nobody's number\n\n\
         A code of 16 to 19 digits in one piece carries, by chance, the check of a card or of a resident number in about one case of ten. An\n\
         organisation that gives such codes writes a letter into them, or keeps to 15 digits and fewer.\n\n{}",
        rows(PERSONAL),
        rows(LAWFUL),
    );
    for (name, form) in &PERSONAL[..PERSONAL.len() - 3] {
        // Parted digits that may be a date as well are let through.
        assert!(refused(*form) * 1_000 >= COUNT * 995, "{name}");
    }
    golden_page("privacy", &text);
}
