//! `docs/documents.md` explains the codes and checks. Every code and check must stand there, and none that does not exist.

use std::collections::BTreeSet;
use std::path::Path;

use huxin_document::Reason;
use huxin_document::reason::Severity;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands in code type in a line.
fn named(line: &str) -> impl Iterator<Item = &str> {
    assert_eq!(line.matches('`').count() % 2, 0, "{line}");
    line.split('`').skip(1).step_by(2)
}

/// Cells of the table rows of a text.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(str::trim).collect()).collect()
}

/// The part of a page under a heading.
fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    rest.split("\n## ").next().unwrap()
}

/// Shouted words of six letters and more are codes; names of GB/T 36903 and prefixes are not.
fn looks_like_a_code(word: &str) -> bool {
    word.len() >= 6
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        && !word.ends_with('_')
        && !word.starts_with("ZZ")
        && !word.starts_with("JZJ")
}

#[test]
fn every_code_has_its_row_and_severity() {
    let page = read("../../docs/documents.md");
    let table = rows(section(&page, "Reason codes"));
    let rows: BTreeSet<(&str, &str)> =
        table.iter().filter(|row| row[0].starts_with('`')).map(|row| (row[0].trim_matches('`'), row[1])).collect();
    let severity = |reason: Reason| match reason.severity() {
        Severity::Check => "check",
        Severity::Warning => "warning",
    };
    let expected: BTreeSet<(&str, &str)> =
        Reason::ALL.iter().map(|reason| (reason.code(), severity(*reason))).collect();
    assert_eq!(rows, expected);
    assert_eq!(table.len(), expected.len() + 2, "a row twice");
}

#[test]
fn every_code_that_is_named_exists() {
    let codes: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    for page in ["../../docs/documents.md", "../../docs/zh/documents.md"] {
        let text = read(page);
        let tables = text.lines().filter(|line| line.starts_with('|'));
        let words: BTreeSet<&str> = tables.flat_map(named).filter(|word| looks_like_a_code(word)).collect();
        assert!(words.len() > 20, "{page}: {} codes", words.len());
        let unknown: Vec<&&str> = words.difference(&codes).collect();
        assert!(unknown.is_empty(), "{page}: {unknown:?}");
    }
}

/// The table of the page has the checks of the report's own table, and of no others.
#[test]
fn checks_are_those_of_the_report() {
    let page = read("../../docs/documents.md");
    let of_page: BTreeSet<String> = rows(section(&page, "The checks"))
        .iter()
        .flat_map(|row| named(row[0]).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let source = read("src/report.rs");
    let comment: String = source
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .fold(String::new(), |text, line| text + line + "\n");
    let of_report: BTreeSet<String> =
        rows(&comment).iter().flat_map(|row| named(row[0]).map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(of_report.len() > 20);
    assert_eq!(of_page, of_report);
}
