//! The console blocks of the documentation, run as a reader would type them.
//!
//! ````text
//! <!-- console: before=NAME after=NAME -->      hooks of tests/pages/setup.sh around the block; may be left out
//! ```console
//! $ command                                     # exit code N, or 退出码 N; 0 where the comment names none
//! ```
//! <!-- not run: REASON -->                      before a block that no test can run
//! ````
//!
//! All blocks of a page run in one shell, so that what one exports or writes is there for the next.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A console block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Line of the fence in its page, from 1.
    pub line: usize,
    pub before: Option<String>,
    pub after: Option<String>,
    /// Why it is not run.
    pub not_run: Option<String>,
    pub commands: Vec<PageCommand>,
}

/// A command of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageCommand {
    pub line: usize,
    pub text: String,
    /// How it ends.
    pub code: u8,
}

/// The repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Every page of the documentation, relative to the repository.
pub fn all_pages() -> Vec<PathBuf> {
    let root = repository();
    let mut folders = vec![root.join("docs")];
    let mut pages = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if path.extension().is_some_and(|extension| extension == "md") => pages.push(path),
                _ => {}
            }
        }
    }
    pages.extend(["README.md", "README.zh-CN.md", "ARCHITECTURE.md"].map(|page| root.join(page)));
    let mut pages: Vec<PathBuf> = pages.iter().map(|page| page.strip_prefix(&root).unwrap().to_owned()).collect();
    pages.sort();
    pages
}

/// The console blocks of a page's text.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut directive = String::new();
    let (mut in_console, mut in_other) = (false, false);
    for (number, line) in text.lines().enumerate() {
        let (number, line) = (number + 1, line.trim());
        if let Some(language) = line.strip_prefix("```") {
            if in_console || in_other {
                (in_console, in_other) = (false, false);
            } else if language == "console" {
                in_console = true;
                blocks.push(opened(number, &directive));
            } else {
                in_other = true;
            }
            directive.clear();
        } else if in_console {
            if let Some(block) = blocks.last_mut() {
                add(block, number, line);
            }
        } else if !in_other && !line.is_empty() {
            directive = line.to_owned();
        }
    }
    blocks
}

fn opened(line: usize, directive: &str) -> Block {
    let inner = |name: &str| {
        let text = directive.strip_prefix("<!--")?.strip_suffix("-->")?.trim();
        Some(text.strip_prefix(name)?.trim().to_owned())
    };
    let hooks = inner("console:").unwrap_or_default();
    let hook = |name: &str| hooks.split_whitespace().find_map(|word| word.strip_prefix(name)).map(str::to_owned);
    Block { line, before: hook("before="), after: hook("after="), not_run: inner("not run:"), commands: Vec::new() }
}

fn add(block: &mut Block, line: usize, text: &str) {
    if let Some(command) = text.strip_prefix("$ ") {
        block.commands.push(PageCommand { line, text: command.to_owned(), code: code(command) });
    } else if let Some(last) = block.commands.last_mut()
        && last.text.ends_with('\\')
    {
        last.text.push('\n');
        last.text.push_str(text);
        last.code = code(&last.text);
    }
}

/// The exit code that a command's comment names.
fn code(command: &str) -> u8 {
    let Some((_, comment)) = command.rsplit_once(" #") else { return 0 };
    let named = ["exit code ", "退出码 "].iter().find_map(|mark| comment.split_once(mark));
    let digits = named.map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Runs a page's blocks in `folder`, which is empty, beside the network whose folder `variables` name. What failed, or an
/// empty text.
pub fn run_page(page: &str, folder: &Path, variables: &[(&str, &Path)]) -> String {
    let root = repository();
    let text = std::fs::read_to_string(root.join(page)).unwrap();
    let mut script = String::from("source \"$REPOSITORY/tests/pages/setup.sh\"\n");
    for block in blocks(&text).iter().filter(|block| block.not_run.is_none()) {
        if let Some(hook) = &block.before {
            writeln!(script, "{hook}").unwrap();
        }
        for command in &block.commands {
            let text = command.text.replace("/tmp/", "\"$PWD\"/tmp-");
            writeln!(
                script,
                "step {page}:{} {} <<'END_OF_COMMAND'\n{text}\nEND_OF_COMMAND",
                command.line, command.code
            )
            .unwrap();
        }
        if let Some(hook) = &block.after {
            writeln!(script, "{hook}").unwrap();
        }
    }
    script.push_str("finish_page\n");
    let path = folder.join("page.sh");
    std::fs::write(&path, script).unwrap();
    let mut command = Command::new("bash");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HUXIN_")) {
        command.env_remove(name);
    }
    let target = crate::huxin().parent().and_then(Path::parent).unwrap().to_owned();
    command.arg(&path).current_dir(folder).stdin(Stdio::null());
    command.env("REPOSITORY", &root).env("CARGO_TARGET_DIR", target);
    command.env("HUXIN", crate::huxin()).env("HUXIN_NODE_BIN", crate::huxin_node());
    command.env("HUXIN_SAMPLES_BIN", crate::huxin_samples());
    command.env("HUXIN_KNOWN", folder.join("known"));
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    match output.status.success() {
        true => String::new(),
        false => format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_with_hooks_codes_and_continuations() {
        let page = "text\n\n<!-- console: before=a after=b -->\n```console\n$ one \\\n    two   # exit code 2\noutput\n$ three\n```\n\
                    ```toml\n$ not a command\n```\n<!-- not run: builds -->\n  ```console\n  $ make  # 退出码 1\n  ```\n";
        let found = blocks(page);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].before.as_deref(), found[0].after.as_deref()), (Some("a"), Some("b")));
        assert_eq!(found[0].commands[0].text, "one \\\ntwo   # exit code 2");
        assert_eq!(found[0].commands.iter().map(|command| command.code).collect::<Vec<_>>(), [2, 0]);
        assert_eq!(found[1].not_run.as_deref(), Some("builds"));
        assert_eq!(found[1].commands[0].code, 1);
    }
}
