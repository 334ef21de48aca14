//! `docs/features.md` names records, commands, paths and tests, and `docs/security.md` tests. Each of them must be there, and every
//! row must be whole.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use huxin_chain_spec::record::Operation;
use huxin_chain_spec::record::publication::PublicationKind;
use huxin_chain_spec::state::kind_byte;
use serde_json::Value;

use super::Cli;

/// Number, feature, Chinese, record, command, API, test, what is missing.
const CELLS: usize = 8;
/// Core rows and extension rows.
const ROWS: [(char, usize); 2] = [('C', 18), ('E', 31)];
/// Where answers are derived: fields named in the page are fields there.
const DERIVED: [&str; 2] = ["chain-spec/src/rules/derived.rs", "chain-spec/src/rules/case/standing.rs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows of both tables, each with its cells.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let cells = |line: &'_ str| line.trim_matches('|').split('|').count();
    let is_row = |line: &&str| line.starts_with("| C") || line.starts_with("| E");
    let rows: Vec<&str> = page.lines().filter(is_row).collect();
    rows.iter().for_each(|line| assert_eq!(cells(line), CELLS, "{line}"));
    rows.into_iter().map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// What stands in code type.
fn named(cell: &str) -> impl Iterator<Item = &str> {
    assert_eq!(cell.matches('`').count() % 2, 0, "{cell}");
    cell.split('`').skip(1).step_by(2)
}

fn is_word(text: &str, word: &str) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    text.match_indices(word).any(|(at, _)| {
        let bytes = text.as_bytes();
        !is_part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !is_part(bytes.get(at + word.len()))
    })
}

/// The names of all operations, from the vectors: they hold one of every kind.
fn operations() -> BTreeSet<&'static str> {
    let mut seen: BTreeSet<(u8, u8)> = BTreeSet::new();
    let mut names = BTreeSet::new();
    for file in std::fs::read_dir(root().join("chain-spec/vectors")).unwrap().map(Result::unwrap) {
        if file.path().extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let value: Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
        for entry in value.as_array().into_iter().flatten() {
            let (Some(_), Some(bytes)) = (entry.get("family"), entry["borsh"].as_str()) else { continue };
            let operation: Operation = borsh::from_slice(&hex::decode(bytes).unwrap()).unwrap();
            seen.insert((operation.family(), operation.kind()));
            names.insert(operation.name());
        }
    }
    // No variant is left out: the byte after the last one seen, of families and within each of them, names nothing.
    let last_family = seen.last().unwrap().0;
    for family in 0..=last_family {
        let kinds: Vec<u8> = seen.iter().filter(|(of, _)| *of == family).map(|(_, kind)| *kind).collect();
        assert!(kinds.iter().copied().eq(0..u8::try_from(kinds.len()).unwrap()), "family {family}: {kinds:?}");
        assert!(is_no_variant(&[family, kinds.last().unwrap() + 1]), "family {family} has more kinds than its vectors");
    }
    assert!(is_no_variant(&[last_family + 1]), "there is a family without vectors");
    names
}

fn is_no_variant(bytes: &[u8]) -> bool {
    borsh::from_slice::<Operation>(bytes).unwrap_err().kind() == std::io::ErrorKind::InvalidData
        && borsh::from_slice::<Operation>(bytes).unwrap_err().to_string().contains("variant")
}

#[test]
fn every_row_is_there_and_whole() {
    let page = read("docs/features.md");
    let rows = rows(&page);
    let expected: Vec<String> =
        ROWS.iter().flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number}"))).collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), expected);
    for row in rows {
        for cell in &row {
            let is_said = cell.chars().any(char::is_alphanumeric) && !["TODO", "TBD", "?"].contains(cell);
            assert!(is_said, "{}: an empty cell", row[0]);
        }
        for place in [4, 6] {
            assert!(named(row[place]).next().is_some(), "{}: nothing is named in {:?}", row[0], row[place]);
        }
    }
}

/// Records and derived fields are those of the protocol, and every record is somewhere in the page.
#[test]
fn records_are_those_of_the_protocol() {
    let operations = operations();
    let derived: String = DERIVED.map(read).concat();
    let page = read("docs/features.md");
    let mut missing = operations.clone();
    for row in rows(&page) {
        for word in named(row[3]) {
            let is_kind = PublicationKind::ALL.iter().any(|kind| kind.name() == word);
            let is_known = match word.contains('.') {
                true => operations.contains(word),
                false => is_kind || is_word(&derived, word),
            };
            assert!(is_known, "{}: there is no record, kind or derived field {word}", row[0]);
            missing.remove(word);
        }
    }
    assert!(missing.is_empty(), "no row names {missing:?}");
}

#[test]
fn commands_are_those_of_the_command_line() {
    let page = read("docs/features.md");
    for row in rows(&page) {
        for line in named(row[4]) {
            let mut command = Cli::command();
            let mut words = line.split(' ');
            assert_eq!(words.next(), Some("huxin"), "{}: {line}", row[0]);
            for word in words {
                if let Some(option) = word.strip_prefix("--") {
                    let is_option = command.get_arguments().any(|argument| argument.get_long() == Some(option));
                    assert!(is_option, "{}: {line} has no such option", row[0]);
                    continue;
                }
                let found = command.find_subcommand(word).cloned();
                command = found.unwrap_or_else(|| panic!("{}: there is no command {line}", row[0]));
            }
            let needs_more = command.is_subcommand_required_set();
            assert!(!needs_more, "{}: {line} needs a subcommand", row[0]);
        }
    }
}

#[test]
fn paths_are_those_of_the_api() {
    let api: Value = serde_json::from_str(&read("node/openapi.json")).unwrap();
    let page = read("docs/features.md");
    for row in rows(&page) {
        for word in named(row[5]) {
            let is_known = match word.split_once(' ') {
                Some((method, path)) => !api["paths"][path][method.to_lowercase()].is_null(),
                None => kind_byte(word).is_ok() || ["only=overdue", "only=unanswered"].contains(&word),
            };
            assert!(is_known, "{}: the API has no {word}", row[0]);
        }
        assert!(named(row[5]).any(|word| word.contains("/v1/")), "{}: no path", row[0]);
    }
}

#[test]
fn tests_are_there() {
    let page = read("docs/features.md");
    for row in rows(&page) {
        for word in named(row[6]) {
            if let Some(story) = word.strip_prefix("scripts/demo --story ") {
                assert!(root().join("scripts/stories").join(format!("{story}.sh")).is_file(), "{}: {story}", row[0]);
                continue;
            }
            check_test(row[0], word);
        }
    }
}

/// `docs/security.md`: threat, defence, bound, test; no threat without a test.
#[test]
fn threats_are_tested() {
    let page = read("docs/security.md");
    let mut threats = 0;
    for row in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| threat")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [threat, defence, _, tests] = cells[..] else { continue };
        assert!(!defence.is_empty() && named(tests).next().is_some(), "{threat}");
        named(tests).for_each(|test| check_test(threat, test));
        threats += 1;
    }
    assert!(threats > 30, "{threats}");
}

/// Fails unless `word`, of the row `row`, is `file::test`.
fn check_test(row: &str, word: &str) {
    let (file, function) = word.split_once("::").unwrap_or_else(|| panic!("{row}: {word}"));
    let text = read(file);
    let at = text.find(&format!("fn {function}("));
    let at = at.unwrap_or_else(|| panic!("{row}: {file} has no {function}"));
    // Attributes stand right above; a property test is one in a block of them.
    let before = &text[..at];
    let own = before.rfind("\n\n").map_or(before, |line| &before[line..]);
    assert!(
        own.contains("test]") || own.contains("::test(") || own.contains("proptest!"),
        "{row}: {function} is no test"
    );
}
