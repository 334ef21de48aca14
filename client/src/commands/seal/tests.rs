#![allow(clippy::unwrap_used, reason = "tests")]

use clap::Parser as _;
use huxin_chain_spec::crypto::{DigestAlgorithm, SignatureScheme, SigningKey, verify_seal};
use huxin_chain_spec::ids::Uscc;
use huxin_chain_spec::record::licence::Document;
use huxin_chain_spec::record::seal::Seal;

use super::*;
use crate::commands::{Cli, Command};

const KEY_A: &str = "ed25519:0101010101010101010101010101010101010101010101010101010101010101";
const KEY_B: &str = "ed25519:0202020202020202020202020202020202020202020202020202020202020202";

fn hex() -> String {
    "ab".repeat(32)
}

fn parse(words: &str) -> Result<SealCommand, clap::Error> {
    let words = words.replace("HEX", &hex());
    let cli = Cli::try_parse_from(["huxin", "seal"].into_iter().chain(words.split_whitespace()))?;
    let Command::Seal(command) = cli.command else { unreachable!() };
    Ok(command)
}

fn operation(words: &str) -> Result<SealOperation, ClientError> {
    parse(words).unwrap().operation(&Output::new(true)).map(|(operation, _)| operation)
}

fn filed(number: &str) -> String {
    format!(
        "--seal {number} --owner 11100000000013338W --owner-region 310000 --maker 11100000000013338W \
         --maker-certificate HEX --certificate sm3:{} --certificate HEX --seal-key {KEY_B} --seal-key {KEY_A} \
         --document sha256:HEX,bytes:7 --valid-from 2026-01-01 --valid-until 2031-01-01",
        "cd".repeat(32)
    )
}

fn seal(number: &str) -> Seal {
    let owner: Uscc = "11100000000013338W".parse().unwrap();
    let digest = hex().parse().unwrap();
    Seal {
        seal: number.parse().unwrap(),
        owner,
        owner_region: "310000".parse().unwrap(),
        maker: owner,
        maker_certificate: digest,
        certificates: vec![digest, "cd".repeat(32).parse().unwrap()],
        keys: vec![KEY_A.parse().unwrap(), KEY_B.parse().unwrap()],
        document: Document { sha256: digest, sm3: None, size_bytes: 7 },
        valid_from_ms: "2026-01-01".parse().unwrap(),
        valid_until_ms: "2031-01-02".parse().unwrap(),
    }
}

#[test]
fn operations_are_those_made_by_hand() {
    let registered = operation(&format!("register {}", filed("S-1"))).unwrap();
    assert_eq!(registered, SealOperation::Register(seal("S-1")));
    let replaced = operation(&format!("replace 310000/S-1 --basis GB-1 {}", filed("S-2"))).unwrap();
    let predecessor = SealAddress { province: "310000".parse().unwrap(), seal: "S-1".parse().unwrap() };
    let basis: BasisCode = "GB-1".parse().unwrap();
    let expected = SealOperation::Replace { predecessor: predecessor.clone(), seal: seal("S-2"), basis: basis.clone() };
    assert_eq!(replaced, expected);
    for word in ["activate", "suspend", "resume", "cancel", "invalidate"] {
        let changed = operation(&format!("{word} 310000/S-1 --basis GB-1 --effective 2026-11-21")).unwrap();
        assert_eq!(changed.name(), format!("seal.{word}"));
        assert_eq!(changed.existing_seal(), Some(&predecessor));
    }
    let expected = SealChange { address: predecessor, basis, effective_ms: "2026-11-21".parse().unwrap() };
    let suspended = operation("suspend 310000/S-1 --basis GB-1 --effective 2026-11-21").unwrap();
    assert_eq!(suspended, SealOperation::Suspend(expected));
}

/// What `sign` records verifies under the seal's key, and names the file.
#[test]
fn a_signature_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("licence.ofd");
    std::fs::write(&file, b"abc").unwrap();
    let key = SigningKey::from_secret(SignatureScheme::Ed25519, [7; 32]).unwrap();
    let words = format!(
        "sign {} --seal 310000/a/b --seal-key unused --certificate HEX --report HEX --structure v4 --claimed 2026-11-21",
        file.display()
    );
    let SealCommand::Sign(sign) = parse(&words).unwrap() else { unreachable!() };
    let (SealOperation::Sign(signature), _) = sign.signed(&key).unwrap() else { unreachable!() };
    assert_eq!(signature.message, DigestAlgorithm::Sha256.plain(&[b"abc"]));
    assert_eq!((signature.document.sha256, signature.key), (signature.message, key.id()));
    use huxin_chain_spec::crypto::Signer as _;
    assert!(verify_seal(&key.public_key(), &signature.message, &signature.signature));
    assert_eq!(signature.address.seal.as_str(), "a/b");
}

#[test]
fn bad_words_say_what_is_wrong() {
    let refused = |words: &str| parse(words).unwrap_err().to_string();
    assert!(refused("activate S-1 --basis GB-1").contains("a seal is named PROVINCE/NUMBER"));
    assert!(refused("activate 310000/S-1").contains("--basis"));
    let words = "sign f --seal 310000/S --seal-key k --certificate HEX --report HEX --structure v9";
    assert!(refused(words).contains("there is no `v9`; choose one of `v1`"));
    let error = operation(&format!("register {}", filed("S-1")).replace(KEY_A, "nobody.key")).unwrap_err().to_string();
    assert!(error.starts_with("public key: \"nobody.key\" is neither a key file here nor a public key"), "{error}");
    assert!(parse("show 310000/S-1 --message HEX").is_err(), "a message without its file");
}
