//! Pages under `docs/rules/`, rendered from the rules and compared with the files.

use std::fmt::Write as _;
use std::path::PathBuf;

use huxin_chain_spec::codes::Code;

/// One thing a rule refuses: the code, what must hold instead, and where that comes from.
pub struct Refusal<A> {
    pub code: Code,
    pub applies_to: &'static str,
    pub rule: &'static str,
    pub source: &'static str,
    /// An operation that breaks exactly this rule.
    pub attempt: A,
}

/// Compares with `docs/rules/<name>.md`, or writes it.
pub fn golden_page(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/rules").join(format!("{name}.md"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == text,
        "the rules have changed: {} differs; set UPDATE_GOLDEN=1 if that is on purpose. It is now\n{text}",
        path.display()
    );
}

/// A table of the transition function: one row per operation, one column per state.
pub fn transitions<S: Copy>(
    states: &[S],
    state_name: impl Fn(S) -> String,
    rows: &[(String, Vec<Result<S, Code>>)],
) -> String {
    let mut text = String::from("| operation |");
    states.iter().for_each(|state| write!(text, " {} |", state_name(*state)).unwrap());
    text.push_str("\n|---|");
    states.iter().for_each(|_| text.push_str("---|"));
    text.push('\n');
    for (operation, cells) in rows {
        write!(text, "| `{operation}` |").unwrap();
        for cell in cells {
            match cell {
                Ok(state) => write!(text, " → {} |", state_name(*state)).unwrap(),
                Err(code) => write!(text, " `{code}` |").unwrap(),
            }
        }
        text.push('\n');
    }
    text
}

/// The rows of what is refused, in the order in which it is checked.
pub fn refusals<A>(rows: &[Refusal<A>]) -> String {
    let mut text = String::from("| operation | what must hold | otherwise | source |\n|---|---|---|---|\n");
    for row in rows {
        writeln!(text, "| {} | {} | `{}` | {} |", row.applies_to, row.rule, row.code, row.source).unwrap();
    }
    text
}

/// Every code of a family with its sentences.
pub fn codes(family: &str) -> String {
    let mut text = String::from("| number | code | what is wrong | what to do | 说明 |\n|---|---|---|---|---|\n");
    for code in Code::ALL.iter().filter(|code| code.as_str().split('.').next() == Some(family)) {
        let (what, next, zh) = (code.what_en(), code.next_en(), code.what_zh());
        writeln!(text, "| {} | `{code}` | {what} | {next} | {zh} |", code.number()).unwrap();
    }
    text
}

/// Every code of a family, without the advice: rows of moderate length. `huxin explain` and `docs/codes.md` have the advice.
pub fn codes_in_brief(family: &str) -> String {
    let mut text = String::from("| number | code | what is wrong | 说明 |\n|---|---|---|---|\n");
    for code in Code::ALL.iter().filter(|code| code.as_str().split('.').next() == Some(family)) {
        writeln!(text, "| {} | `{code}` | {} | {} |", code.number(), code.what_en(), code.what_zh()).unwrap();
    }
    text
}

/// Every code of a family is named in its page outside the list of codes.
pub fn assert_all_codes_shown(family: &str, text: &str) {
    for code in Code::ALL.iter().filter(|code| code.as_str().split('.').next() == Some(family)) {
        assert!(text.contains(&format!("`{code}`")), "{code} is not explained on the page");
    }
}
