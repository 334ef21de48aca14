#![allow(clippy::unwrap_used, reason = "tests")]

use clap::Parser as _;
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::record::entries::entries_body;
use huxin_chain_spec::record::publication::{Calendar, PublicationBody};

use super::*;
use crate::commands::{Cli, Command};

const ALGORITHM: DigestAlgorithm = DigestAlgorithm::Sha256;

fn parse(words: &[&str]) -> Result<PublishCommand, clap::Error> {
    let cli = Cli::try_parse_from(["huxin", "publish"].iter().chain(words))?;
    let Command::Publish(command) = cli.command else { unreachable!() };
    Ok(*command)
}

fn operation(words: &[&str]) -> Result<PublicationOperation, ClientError> {
    parse(words).unwrap().operation(ALGORITHM, 4).map(|(operation, _)| operation)
}

/// A folder with a body in both forms, and a list.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("calendar.toml", "body = \"calendar\"\nyear = 2027\nholidays = [1]\nmakeup_days = []\n");
    write("calendar.json", r#"{"body":"calendar","year":2027,"holidays":[1],"makeup_days":[]}"#);
    write("list.csv", "code,name\r\n1,first\r\n2,second\r\n");
    write("list.txt", "1,first\n2,second");
    write("gap.txt", "1\n\n2\n");
    write("empty.txt", "");
    folder
}

fn calendar() -> PublicationBody {
    PublicationBody::Calendar(Calendar { year: 2027, holidays: vec![1], makeup_days: Vec::new() })
}

fn key(text: &str) -> PublicationKey {
    text.parse().unwrap()
}

#[test]
fn operations_are_those_made_by_hand() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let publication = key("calendar/310000/2027");
    for file in ["calendar.toml", "calendar.json"] {
        let published = operation(&["publish", "calendar/310000/2027", "--body", &path(file)]).unwrap();
        let expected = PublicationOperation::Publish { publication: publication.clone(), version: 4, body: calendar() };
        assert_eq!(published, expected);
    }
    let (csv, list) = (path("list.csv"), path("list.txt"));
    let words = [
        "draft",
        "item-list/all/L-1",
        "--csv",
        &csv,
        "--party",
        "320000",
        "--party",
        "310000",
        "--consultation-opens",
        "2026-11-01",
        "--consultation-closes",
        "2026-12-01",
    ];
    let body = entries_body(ALGORITHM, &["1,first", "2,second"]).unwrap();
    let (opens_ms, closes_ms) = ("2026-11-01".parse().unwrap(), "2026-12-02".parse().unwrap());
    let parties: Vec<ProvinceCode> = vec!["310000".parse().unwrap(), "320000".parse().unwrap()];
    let expected = PublicationOperation::Draft {
        publication: key("item-list/all/L-1"),
        version: 4,
        body: body.clone(),
        parties: parties.clone(),
        consultation: Some(ConsultationWindow { opens_ms, closes_ms }),
    };
    assert_eq!(operation(&words).unwrap(), expected);
    // The same content signed by its parts and by its digest; the list's line ends do not matter.
    let words = ["co-sign", "item-list/all/L-1", "--entries", &list, "--party", "310000", "--party", "320000"];
    let signed = operation(&words).unwrap();
    let body_digest = content_digest(ALGORITHM, &key("item-list/all/L-1"), 4, &body, &parties);
    let expected = PublicationOperation::CoSign { publication: key("item-list/all/L-1"), version: 4, body_digest };
    assert_eq!(signed, expected);
    let digest = body_digest.to_string();
    assert_eq!(operation(&["co-sign", "item-list/all/L-1", "--content", &digest]).unwrap(), expected);
}

#[test]
fn a_consultation_closes_with_or_without_opinions() {
    let folder = folder();
    let list = folder.path().join("list.txt");
    let closed = operation(&["close-consultation", "rule/all/R", "--opinions", list.to_str().unwrap()]).unwrap();
    let expected = |opinions_root: Digest, opinions| PublicationOperation::CloseConsultation {
        publication: key("rule/all/R"),
        version: 4,
        opinions_root,
        opinions,
    };
    assert_eq!(closed, expected(entries_root(ALGORITHM, &["1,first", "2,second"]), 2));
    let none = operation(&["close-consultation", "rule/all/R", "--no-opinions"]).unwrap();
    assert_eq!(none, expected(entries_root::<&str>(ALGORITHM, &[]), 0));
    assert!(parse(&["close-consultation", "rule/all/R"]).is_err(), "silence is not 'none came'");
}

#[test]
fn short_commands() {
    let of = |words: &[&str]| operation(words).unwrap();
    let publication = key("rule/all/R");
    assert_eq!(
        of(&["repeal", "rule/all/R", "--basis", "LAW-1"]),
        PublicationOperation::Repeal { publication: publication.clone(), version: 4, basis: "LAW-1".parse().unwrap() }
    );
    assert_eq!(
        of(&["withdraw", "rule/all/R"]),
        PublicationOperation::Withdraw { publication: publication.clone(), version: 4 }
    );
    assert_eq!(of(&["acknowledge", "rule/all/R"]), PublicationOperation::Acknowledge { publication, version: 4 });
    assert!(parse(&["repeal", "rule/all/R", "--basis", "LAW-1"]).unwrap().is_about_the_one_in_force());
    assert!(!parse(&["withdraw", "rule/all/R"]).unwrap().is_about_the_one_in_force());
}

#[test]
fn bad_bodies_say_what_is_wrong() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let publish = |option: &str, file: &str| operation(&["publish", "rule/all/R", option, &path(file)]);
    let sentence = |option: &str, file: &str| publish(option, file).unwrap_err().to_string();
    assert!(sentence("--entries", "gap.txt").ends_with("line 2 is empty; every line is an entry"));
    assert!(sentence("--entries", "empty.txt").ends_with("the list has no entries"));
    assert!(sentence("--body", "gone.toml").starts_with("cannot read "));
    std::fs::write(folder.path().join("bad.json"), r#"{"body":"poem"}"#).unwrap();
    assert!(sentence("--body", "bad.json").contains("unknown variant `poem`"));
    let both = parse(&["publish", "rule/all/R", "--body", "a", "--entries", "b"]).unwrap_err().to_string();
    assert!(both.contains("cannot be used with"), "{both}");
    assert!(parse(&["publish", "rule/all/R"]).is_err(), "no body at all");
    let both = parse(&["co-sign", "rule/all/R", "--content", "x", "--body", "b"]).unwrap_err().to_string();
    assert!(both.contains("cannot be used with"), "{both}");
    assert!(
        parse(&["publish", "poem/all/R", "--body", "a"]).unwrap_err().to_string().contains("no kind of publication")
    );
}

#[test]
fn an_entry_is_proven_from_the_list() {
    let folder = folder();
    let entries = body::entries_of(&folder.path().join("list.csv"), true).unwrap();
    let body = entries_body(ALGORITHM, &entries).unwrap();
    let proof = entry::prove(ALGORITHM, &entries, "2,second").unwrap();
    assert_eq!(proof.verify(ALGORITHM, b"2,second", &body), Ok(()));
    assert!(proof.verify(ALGORITHM, b"1,first", &body).is_err());
    assert!(entry::prove(ALGORITHM, &entries, "3,third").is_none());
}
