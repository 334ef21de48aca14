//! ISO 7064 MOD 37,36 (GB/T 17710-2008): the check character of licence identifiers.
//!
//! ```text
//! P = 36
//! for c in body:  S = (P + value(c)) mod 36, and 36 if that is 0
//!                 P = (S * 2) mod 37
//! check = ALPHABET[(37 - P) mod 36]
//! ```
//!
//! It finds every single substitution. Of swaps of two neighbours that differ it misses one pair in 630: whatever came
//! before, exactly one pair of characters with neighbouring values gives the same `P` in both orders.

const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The check character over `body`, read as if the parts were joined. `None` if a character is not in `[0-9A-Z]`.
pub fn check_character(body: &[&str]) -> Option<char> {
    let position = usize::try_from((37 - residue(body, |_| ())?) % 36).ok()?;
    ALPHABET.get(position).copied().map(char::from)
}

/// The last `P` of the algorithm; `each` is told every `P` on the way.
fn residue(body: &[&str], mut each: impl FnMut(u32)) -> Option<u32> {
    let mut p = 36;
    for character in body.iter().flat_map(|part| part.chars()) {
        if character.is_ascii_lowercase() {
            return None;
        }
        let sum = (p + character.to_digit(36)?) % 36;
        p = if sum == 0 { 36 } else { sum } * 2 % 37;
        each(p);
    }
    Some(p)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn trace_of_the_standards_example() {
        let mut trace = Vec::new();
        residue(&["A12425GABC1234002"], |p| trace.push(p)).unwrap();
        assert_eq!(trace, [20, 5, 14, 36, 4, 18, 31, 10, 5, 34, 33, 33, 35, 6, 12, 24, 15]);
        assert_eq!(check_character(&["A12425GABC1234002"]), Some('M'));
    }

    #[test]
    fn parts_are_joined_and_small_letters_refused() {
        assert_eq!(check_character(&["A12425", "", "GABC1234002"]), Some('M'));
        assert_eq!(check_character(&["a12425GABC1234002"]), None);
        assert_eq!(check_character(&["A1242５"]), None);
    }

    proptest! {
        /// Every substitution in a body of 40 changes the check character. So does every swap of neighbours, unless
        /// the two are one of the pairs counted below.
        #[test]
        fn finds_substitutions_and_nearly_all_swaps(body in "[0-9A-Z]{40}") {
            let check = check_character(&[&body]).unwrap();
            let characters: Vec<char> = body.chars().collect();
            for position in 0..characters.len() {
                for &replacement in ALPHABET {
                    let mut changed = characters.clone();
                    changed[position] = char::from(replacement);
                    prop_assert_eq!(differs(&changed, check), changed != characters);
                }
                if position > 0 {
                    let mut swapped = characters.clone();
                    swapped.swap(position - 1, position);
                    let before: String = characters[..position - 1].iter().collect();
                    let pair = [characters[position - 1], characters[position]];
                    prop_assert_eq!(differs(&swapped, check), swapped != characters && !same_both_ways(&before, pair));
                }
            }
        }
    }

    /// One missed pair of 630 after every possible residue; `0Z` and its like show that the pairs are neighbours.
    #[test]
    fn misses_one_pair_of_neighbouring_values_after_every_residue() {
        let mut residues = std::collections::BTreeSet::new();
        for first in ALPHABET {
            let before = char::from(*first).to_string();
            residues.insert(residue(&[&before], |_| ()).unwrap());
            let mut missed = Vec::new();
            for (a, low) in ALPHABET.iter().enumerate() {
                for (b, high) in ALPHABET.iter().enumerate().skip(a + 1) {
                    if same_both_ways(&before, [char::from(*low), char::from(*high)]) {
                        missed.push(b - a);
                    }
                }
            }
            assert!(missed == [1] || missed == [35], "{first}: {missed:?}");
        }
        assert_eq!(residues.len(), 36);
    }

    fn same_both_ways(before: &str, [a, b]: [char; 2]) -> bool {
        check_character(&[before, &format!("{a}{b}")]) == check_character(&[before, &format!("{b}{a}")])
    }

    fn differs(body: &[char], check: char) -> bool {
        check_character(&[&body.iter().collect::<String>()]).unwrap() != check
    }
}
