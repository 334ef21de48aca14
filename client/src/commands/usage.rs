//! Errors of the command line itself: clap's own words for people who read English, a Chinese sentence, and the one JSON shape.

use std::error::Error as _;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;

use crate::error::ClientError;
use crate::said::Said;
use crate::say;

/// Whether the words ask for JSON. The command line could not be read, so they are looked at as they stand.
pub fn wants_json(words: &[OsString]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}

/// The error of a command line that cannot be read.
pub fn usage_error(error: &clap::Error) -> ClientError {
    let code = error.source().and_then(Said::of).and_then(|said| said.code);
    ClientError::Usage { place: place(error), said: Said { en: english(error), zh: chinese(error), code } }
}

/// The first option or argument, on the command line or in the environment, whose value is empty. Such a value comes from a variable
/// that is not set or a file that is not there; to go on without it would drop what the user meant to say.
pub fn empty_value(command: &clap::Command, matches: &clap::ArgMatches) -> Option<ClientError> {
    let (mut path, mut level) = (vec![command], Some(matches));
    while let Some(matches) = level {
        let is_given =
            |id: &str| matches!(matches.value_source(id), Some(ValueSource::CommandLine | ValueSource::EnvVariable));
        let arguments = || path.iter().rev().flat_map(|command| command.get_arguments());
        for id in matches.ids().map(clap::Id::as_str).filter(|id| is_given(id)) {
            let Some(argument) = arguments().find(|argument| argument.get_id() == id) else { continue };
            let mut values = matches.try_get_raw(id).ok().flatten().into_iter().flatten();
            if values.any(|value| value.to_str().is_some_and(|value| value.trim().is_empty())) {
                return Some(without_value(argument));
            }
        }
        let inner = matches.subcommand();
        level = inner.map(|(_, matches)| matches);
        path.extend(inner.and_then(|(name, _)| path.last()?.find_subcommand(name)));
    }
    None
}

fn without_value(argument: &clap::Arg) -> ClientError {
    let place = match argument.get_long() {
        Some(long) => format!("--{long}"),
        None => argument.get_id().as_str().to_uppercase(),
    };
    let variable = argument.get_env().and_then(|name| name.to_str());
    let (en, zh) = variable.map_or_else(Default::default, |name| (format!(" or {name}"), format!("或 {name}")));
    let said = say!(
        "the value of {place}{en} is empty; give a value, or leave it out altogether",
        "{place}{zh} 的取值为空；请给出取值，或完全去掉此参数"
    );
    ClientError::Usage { place, said }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(list) => Some(list.join("、")),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        ContextValue::StyledStrs(list) => Some(list.iter().map(ToString::to_string).collect::<Vec<_>>().join("、")),
        ContextValue::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn place(error: &clap::Error) -> String {
    let found = text(error, ContextKind::InvalidArg).or_else(|| text(error, ContextKind::InvalidSubcommand));
    found.unwrap_or_else(|| "command line".to_owned())
}

/// clap's sentence, in one line: without "error:", usage and hint of --help.
fn english(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    let body = rendered.strip_prefix("error: ").unwrap_or(&rendered);
    let lines = body
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn chinese(error: &clap::Error) -> String {
    let get = |kind| text(error, kind).unwrap_or_default();
    let argument = get(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::InvalidValue => {
            let valid = text(error, ContextKind::ValidValue).filter(|list| !list.is_empty());
            let valid = valid.map(|list| format!("，可选 {list}")).unwrap_or_default();
            match get(ContextKind::InvalidValue) {
                value if value.is_empty() => format!("{argument} 缺少取值{valid}"),
                value => format!("{argument} 不能取 {value:?}{valid}"),
            }
        }
        ErrorKind::ValueValidation => {
            let why = error.source().and_then(Said::of).map(|said| format!("：{}", said.zh)).unwrap_or_default();
            format!("{argument} 的取值 {:?} 无法使用{why}", get(ContextKind::InvalidValue))
        }
        ErrorKind::UnknownArgument => {
            let near =
                text(error, ContextKind::SuggestedArg).map(|near| format!("，是否指 {near}")).unwrap_or_default();
            format!("没有 {argument} 这个参数{near}")
        }
        ErrorKind::InvalidSubcommand => {
            let near = text(error, ContextKind::SuggestedSubcommand);
            let near = near.map(|near| format!("，是否指 {near}")).unwrap_or_default();
            format!("没有 {} 这个命令{near}", get(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("缺少参数 {argument}"),
        ErrorKind::ArgumentConflict => {
            let prior = get(ContextKind::PriorArg);
            if prior.is_empty() {
                format!("{argument} 与其他参数不能同时使用")
            } else {
                format!("{argument} 与 {prior} 不能同时使用")
            }
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "命令不完整，缺少子命令或参数".to_owned()
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{argument} 的取值个数不对")
        }
        ErrorKind::InvalidUtf8 => "命令行中有不是 UTF-8 的文字".to_owned(),
        _ => "命令行无法识别".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use clap::Parser as _;

    use super::*;
    use crate::commands::Cli;

    fn body(words: &str) -> huxin_chain_spec::api::ErrorBody {
        let error = Cli::try_parse_from(words.split_whitespace()).unwrap_err();
        usage_error(&error).body()
    }

    #[test]
    fn usage_errors_are_said_in_both_languages() {
        let table = [
            (
                "huxin verify x --as-of 2026-02-30",
                "the calendar has no such day",
                "\"2026-02-30\" 无法使用：文本不是日期或时间",
            ),
            ("huxin genesis new a.toml --chain-id Delta_1 --out g", "Delta_1", "第 1 个字符 'D'"),
            ("huxin verify x --nonsense", "unexpected argument '--nonsense'", "没有 --nonsense 这个参数"),
            ("huxin verfy x", "unrecognized subcommand 'verfy'", "没有 verfy 这个命令，是否指 "),
            ("huxin verify", "required arguments were not provided", "缺少参数 <SUBJECT>"),
            ("huxin govern vote 4 maybe", "possible values: yes, no", "可选 yes、no"),
        ];
        for (words, en, zh) in table {
            let body = body(words);
            let code = match words {
                _ if words.contains("--as-of") => "identifier.time",
                _ if words.contains("--chain-id") => "identifier.character",
                _ => "client.usage",
            };
            assert!(!words.contains("--chain-id") || body.next_zh.contains("小写字母"), "{body:?}");
            assert_eq!(body.code, code);
            assert!(body.what.contains(en) && !body.what.contains('\n') && !body.what.contains("Usage:"), "{body:?}");
            assert!(body.what_zh.contains(zh), "{body:?}");
        }
    }

    #[test]
    fn json_is_seen_in_a_line_that_cannot_be_read() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(wants_json(&words("huxin verify --nonsense --json")));
        assert!(!wants_json(&words("huxin verify -- --json")));
    }
}
