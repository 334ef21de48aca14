//! `docs/layouts.md`: the layout of every record, state and body, read out of the declarations themselves, so that page and bytes cannot
//! drift apart. `UPDATE_GOLDEN=1` writes the page again; `tests/verifier/layouts.py` decodes every vector by it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Sources of one section, and its title.
const SECTIONS: [(&str, &[&str]); 9] = [
    ("Operations", &["record/mod.rs"]),
    ("Family 0, membership", &["record/membership.rs"]),
    ("Family 1, licence", &["record/licence.rs", "record/upkeep.rs"]),
    ("Family 2, seal", &["record/seal.rs"]),
    ("Family 3, case", &["record/case.rs"]),
    ("Family 4, publication", &["record/publication.rs"]),
    (
        "Family 5, evidence",
        &[
            "record/evidence/mod.rs",
            "record/evidence/material.rs",
            "record/evidence/service.rs",
            "record/evidence/share.rs",
            "record/evidence/report.rs",
        ],
    ),
    ("Family 6, governance", &["record/governance.rs", "parameters.rs", "features.rs"]),
    (
        "Things and their states",
        &[
            "state/mod.rs",
            "state/history.rs",
            "state/upkeep.rs",
            "state/document.rs",
            "state/succession.rs",
            "state/seal.rs",
            "state/case.rs",
            "state/publication.rs",
            "state/evidence.rs",
            "state/governance.rs",
            "participation/mod.rs",
            "certificate.rs",
            "log/mod.rs",
        ],
    ),
];

/// Names that two sources give to different types, and what the page calls the later one.
const RENAMED: [(&str, &str, &str); 1] = [("record/evidence/service.rs", "IdentityCheck", "IdentityResult")];

/// Types with a parameter, as they are used, and what the page calls each.
const INSTANCES: [(&str, &str); 2] =
    [("StatusChanged<LicenceStatus>", "LicenceStatusChanged"), ("StatusChanged<SealStatus>", "SealStatusChanged")];

/// One declaration: its kind, its name, and its fields or variants.
struct Declaration {
    is_enum: bool,
    name: String,
    parts: Vec<(String, String)>,
}

/// Splits at commas that stand in no brackets.
fn split(text: &str) -> Vec<String> {
    let (mut depth, mut part, mut parts) = (0i32, String::new(), Vec::new());
    for character in text.chars() {
        match character {
            '(' | '{' | '<' | '[' => depth += 1,
            ')' | '}' | '>' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(character);
    }
    parts.push(part);
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// The last word of a path, `opt T`, `list T`, and what a box holds.
fn type_of(text: &str) -> String {
    let inner = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('>'));
    if let Some(inner) = inner("Option<") {
        return format!("opt {}", type_of(inner));
    }
    if let Some(inner) = inner("Vec<") {
        return format!("list {}", type_of(inner));
    }
    if let Some(inner) = inner("Box<") {
        return type_of(inner);
    }
    if let Some((kind, count)) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')?.rsplit_once(';')) {
        return format!("{} times {}", count.trim(), type_of(kind.trim()));
    }
    let last = text.rsplit("::").next().unwrap();
    let instance = INSTANCES.iter().find(|(used, _)| *used == last);
    instance.map_or(last, |(_, name)| name).to_owned()
}

/// The declaration itself, or one for each use of a type with a parameter `S`.
fn instances(declaration: Declaration) -> Vec<Declaration> {
    let Some(generic) = declaration.name.strip_suffix("<S>") else { return vec![declaration] };
    let arguments = INSTANCES.iter().filter_map(|(used, name)| {
        let argument = used.strip_prefix(generic)?.strip_prefix('<')?.strip_suffix('>')?;
        let part = |(part, kind): &(String, String)| {
            (part.clone(), if kind == "S" { argument.to_owned() } else { kind.clone() })
        };
        let parts = declaration.parts.iter().map(part).collect();
        Some(Declaration { is_enum: declaration.is_enum, name: (*name).to_owned(), parts })
    });
    arguments.collect()
}

fn fields(text: &str) -> String {
    let field = |field: String| {
        let (name, kind) = field.split_once(':').unwrap_or_else(|| panic!("a field without a type: {field}"));
        format!("{} {}", name.trim().trim_start_matches("pub "), type_of(kind.trim()))
    };
    split(text).into_iter().map(field).collect::<Vec<_>>().join(" | ")
}

fn variant(text: &str) -> (String, String) {
    if let Some((name, rest)) = text.split_once('{') {
        return (name.trim().to_owned(), fields(rest.trim_end_matches('}')));
    }
    match text.split_once('(') {
        Some((name, rest)) => {
            let types = split(rest.trim_end().strip_suffix(')').unwrap());
            (name.trim().to_owned(), types.iter().map(|kind| type_of(kind)).collect::<Vec<_>>().join(" | "))
        }
        None => (text.trim().to_owned(), String::new()),
    }
}

/// Every borsh type declared in a source file, in order.
fn declarations(source: &str) -> Vec<Declaration> {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let (mut found, mut attributes, mut open): (Vec<Declaration>, String, Option<(Declaration, String)>) =
        Default::default();
    for line in source.lines() {
        let code = line.trim();
        if code.starts_with("//") {
            continue;
        }
        if let Some((declaration, body)) = &mut open {
            if line.starts_with('}') {
                let parts = split(body);
                declaration.parts = if declaration.is_enum {
                    parts.iter().map(|part| variant(part)).collect()
                } else {
                    parts
                        .iter()
                        .map(|part| part.trim_start_matches("pub ").split_once(':').unwrap())
                        .map(|(name, kind)| (name.trim().to_owned(), type_of(kind.trim())))
                        .collect()
                };
                found.push(open.take().unwrap().0);
            } else if !code.starts_with("#[") {
                body.push_str(code);
                body.push(' ');
            }
            continue;
        }
        let kind = [("pub enum ", true), ("pub struct ", false)];
        let head = kind.iter().find_map(|(word, is_enum)| Some((line.strip_prefix(word)?, *is_enum)));
        match head {
            Some((rest, is_enum)) if rest.ends_with('{') && attributes.contains("BorshSerialize") => {
                let name = rest.trim_end_matches('{').trim().to_owned();
                open = Some((Declaration { is_enum, name, parts: Vec::new() }, String::new()));
                attributes.clear();
            }
            Some(_) => attributes.clear(),
            None if line.starts_with("#[") || !attributes.is_empty() && line.starts_with([' ', ')']) => {
                attributes.push_str(code);
            }
            None => attributes.clear(),
        }
    }
    found
}

fn page() -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut text = String::from(include_str!("layouts_head.md"));
    let mut names = std::collections::BTreeSet::new();
    for (title, files) in SECTIONS {
        let _ = write!(text, "\n## {title}\n\n```text\n");
        for file in files {
            let mut read = std::fs::read_to_string(source.join(file)).unwrap();
            for (_, from, to) in RENAMED.iter().filter(|(of, ..)| of == file) {
                read = read.replace(from, to);
            }
            for Declaration { is_enum, name, parts } in declarations(&read).into_iter().flat_map(instances) {
                assert!(names.insert(name.clone()), "two types are called {name}");
                let _ = writeln!(text, "{} {name}", if is_enum { "one of" } else { "fields" });
                for (place, (part, kind)) in parts.iter().enumerate() {
                    let line = if is_enum {
                        format!("  {place:>2} {part:<24} {kind}")
                    } else {
                        format!("  {part:<24} {kind}")
                    };
                    let _ = writeln!(text, "{}", line.trim_end());
                }
            }
        }
        text.push_str("```\n");
    }
    text
}

#[test]
fn the_page_is_what_the_declarations_say() {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/layouts.md");
    let now = page();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, now).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == now,
        "docs/layouts.md differs from the declarations; UPDATE_GOLDEN=1 writes it. It is now\n{now}"
    );
}

/// An independent reader, written in Python from the pages alone, agrees about every vector.
#[test]
fn an_independent_verifier_agrees_about_every_vector() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let vectors = root.join("chain-spec/vectors");
    let run = |script: &str, arguments: &[&Path]| {
        let mut python = std::process::Command::new("python3");
        python.arg("-B").arg(root.join("tests/verifier").join(script));
        match script {
            "verify.py" => python.arg("vectors"),
            _ => &mut python,
        };
        python.args(arguments).output()
    };
    let page = root.join("docs/layouts.md");
    for (script, arguments) in [("layouts.py", vec![page.as_path(), &vectors]), ("verify.py", vec![vectors.as_path()])]
    {
        match run(script, &arguments) {
            Ok(output) => {
                let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
                assert!(output.status.success(), "{script}: {out}{err}");
                eprintln!("{script}: {}", out.trim());
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // A comparison that did not take place is not one that agreed.
                panic!("there is no python3 here to run {script}; scripts/test installs it");
            }
            Err(error) => panic!("{script}: {error}"),
        }
    }
}
