#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const PASSPHRASE: &[u8] = "互信 correct horse".as_bytes();
const CHEAP: KdfCost = KdfCost { memory_kib: 1024, passes: 1, lanes: 1 };

fn key(seed: u8) -> SigningKey {
    SigningKey::from_secret(SignatureScheme::Ed25519, [seed; 32]).unwrap()
}

fn sealed() -> KeyFile {
    KeyFile::seal_at(CHEAP, &key(7), KeyPurpose::Governance, PASSPHRASE, [1; 16], [2; 12]).unwrap()
}

fn text(file: &KeyFile) -> String {
    file.to_text().unwrap().to_string()
}

fn refused(text: &str) -> KeyFileError {
    KeyFile::parse(text).unwrap_err()
}

/// What opening gives after `from` in the sealed text became `to`.
fn opened_after(from: &str, to: &str) -> KeyFileError {
    let changed = text(&sealed()).replacen(from, to, 1);
    assert_ne!(changed, text(&sealed()), "{from}");
    match KeyFile::parse(&changed) {
        Ok(file) => file.open(Some(PASSPHRASE)).map(|_| ()).unwrap_err(),
        Err(error) => error,
    }
}

#[test]
fn plain_file_comes_back_for_every_purpose() {
    for purpose in KeyPurpose::ALL {
        let file = KeyFile::parse(&text(&KeyFile::plain(&key(7), purpose))).unwrap();
        assert_eq!((file.purpose(), file.is_encrypted()), (purpose, false));
        assert_eq!(file.open(None).unwrap().secret(), &[7; 32]);
        assert_eq!(file.key_id(), key(7).id());
        assert_eq!(purpose.to_string().parse::<KeyPurpose>().unwrap(), purpose);
    }
}

#[test]
fn sealed_file_comes_back_and_hides_the_secret() {
    let file = KeyFile::parse(&text(&sealed())).unwrap();
    assert_eq!(file.open_for(KeyPurpose::Governance, Some(PASSPHRASE)).unwrap().secret(), &[7; 32]);
    assert!(!text(&sealed()).contains(&hex::encode([7; 32])));
    assert!(!format!("{:?}", KeyFile::plain(&key(7), KeyPurpose::Note)).contains(&hex::encode([7; 32])));
}

#[test]
fn default_cost_opens() {
    let file = KeyFile::seal(&key(9), KeyPurpose::Network, PASSPHRASE, [3; 16], [4; 12]).unwrap();
    assert!(text(&file).contains("memory_kib = 65536"));
    assert_eq!(file.open(Some(PASSPHRASE)).unwrap().secret(), &[9; 32]);
}

/// The bytes of the format, so that a change of key derivation, cipher or associated data cannot pass unnoticed.
#[test]
fn golden_sealed_file() {
    assert_eq!(text(&sealed()), include_str!("../../vectors/key-file-sealed.toml"));
}

#[test]
fn wrong_missing_and_empty_passphrase() {
    assert_eq!(sealed().open(Some(b"wrong")).map(|_| ()).unwrap_err(), KeyFileError::WrongPassphrase);
    assert_eq!(sealed().open(None).map(|_| ()).unwrap_err(), KeyFileError::PassphraseNeeded);
    let empty = KeyFile::seal_at(CHEAP, &key(7), KeyPurpose::Note, b"", [1; 16], [2; 12]).unwrap_err();
    assert_eq!(empty, KeyFileError::PassphraseEmpty);
}

#[test]
fn other_purpose_is_refused() {
    let error = sealed().open_for(KeyPurpose::Consensus, Some(PASSPHRASE)).map(|_| ()).unwrap_err();
    assert_eq!(error, KeyFileError::WrongPurpose { expected: KeyPurpose::Consensus, found: KeyPurpose::Governance });
    assert_eq!(error.code(), crate::codes::Code::KeyFileWrongPurpose);
}

#[test]
fn tampered_header_is_found() {
    assert_eq!(opened_after("governance", "consensus"), KeyFileError::Tampered);
    let (public, other) = (key(7).public_key(), key(8).public_key());
    assert_eq!(opened_after(&public.to_string(), &other.to_string()), KeyFileError::HeaderMismatch { field: "key_id" });
    assert_eq!(
        opened_after("scheme = \"ed25519\"", "scheme = \"sm2\""),
        KeyFileError::HeaderMismatch { field: "scheme" }
    );
    let both = text(&sealed()).replace(&public.to_string(), &other.to_string());
    let both = both.replace(&public.id().to_string(), &other.id().to_string());
    let error = KeyFile::parse(&both).unwrap().open(Some(PASSPHRASE)).map(|_| ()).unwrap_err();
    assert_eq!(error, KeyFileError::Tampered);
}

#[test]
fn tampered_encryption_is_found() {
    assert_eq!(opened_after("nonce = \"02", "nonce = \"03"), KeyFileError::Tampered);
    assert_eq!(opened_after("salt = \"01", "salt = \"02"), KeyFileError::WrongPassphrase);
    assert_eq!(opened_after("passes = 1", "passes = 2"), KeyFileError::WrongPassphrase);
    let (before, ciphertext) =
        text(&sealed()).split_once("ciphertext = \"").map(|(a, b)| (a.len(), b.to_owned())).unwrap();
    assert!(before > 0);
    let flipped = if ciphertext.starts_with('0') { "1" } else { "0" };
    let at = format!("ciphertext = \"{}", &ciphertext[..1]);
    assert_eq!(opened_after(&at, &format!("ciphertext = \"{flipped}")), KeyFileError::Tampered);
}

#[test]
fn costs_out_of_bounds_are_refused_before_any_work() {
    for (from, to, field) in [
        ("memory_kib = 1024", "memory_kib = 4194304", "memory_kib"),
        ("memory_kib = 1024", "memory_kib = 8", "memory_kib"),
        ("passes = 1", "passes = 17", "passes"),
        ("lanes = 1", "lanes = 0", "lanes"),
    ] {
        let error = opened_after(from, to);
        assert!(matches!(error, KeyFileError::CostOutOfBounds { field: found, .. } if found == field), "{error}");
    }
}

#[test]
fn secret_of_another_key_is_refused() {
    let plain = text(&KeyFile::plain(&key(7), KeyPurpose::System)).replace(&"07".repeat(32), &"08".repeat(32));
    let error = KeyFile::parse(&plain).unwrap().open(None).map(|_| ()).unwrap_err();
    assert_eq!(error, KeyFileError::PublicKeyMismatch);
}

#[test]
fn malformed_files_are_refused_without_repeating_them() {
    let plain = text(&KeyFile::plain(&key(7), KeyPurpose::System));
    let secret = "07".repeat(32);
    assert_eq!(
        refused(&plain.replace("huxin-key/1", "huxin-key/2")),
        KeyFileError::UnknownFormat { found: "huxin-key/2".to_owned() }
    );
    assert!(matches!(refused(&format!("{plain}colour = \"red\"\n")), KeyFileError::Malformed { line: 7, .. }));
    assert!(matches!(
        refused(&text(&sealed()).replace("lanes = 1", "lanes = 1\nthreads = 1")),
        KeyFileError::Malformed { .. }
    ));
    assert!(matches!(refused(""), KeyFileError::Malformed { .. }));
    assert!(matches!(refused(&text(&sealed()).replace("argon2id", "scrypt")), KeyFileError::Malformed { .. }));
    assert_eq!(
        refused(
            &plain
                .lines()
                .filter(|line| !line.starts_with("secret"))
                .fold(String::new(), |all, line| all + line + "\n")
        ),
        KeyFileError::NoSecret
    );
    let two = text(&sealed()).replacen("\n[encryption]", &format!("secret = \"{secret}\"\n\n[encryption]"), 1);
    assert_eq!(refused(&two), KeyFileError::TwoSecrets);
    assert!(matches!(refused(&"#".repeat(KEY_FILE_BYTES_MAX + 1)), KeyFileError::TooLong { .. }));
    for broken in
        [plain.replace(&secret, &format!("{secret}0")), plain.replace(&secret, &format!("{}zz", &secret[2..]))]
    {
        let error = refused(&broken);
        assert!(!error.to_string().contains(&secret[2..]), "{error}");
    }
}

#[test]
fn an_sm2_key_opens_again_and_is_no_key_of_a_node() {
    let key = SigningKey::from_secret(SignatureScheme::Sm2, [7; 32]).unwrap();
    let file = KeyFile::plain(&key, KeyPurpose::Consensus);
    let opened = KeyFile::parse(&text(&file)).unwrap().open(None).unwrap();
    assert_eq!(opened.public_key(), key.public_key());
    for purpose in [KeyPurpose::Network, KeyPurpose::Note] {
        let error = KeyFile::parse(&text(&KeyFile::plain(&key, purpose))).unwrap_err();
        assert_eq!(error, KeyFileError::SchemeForPurpose { scheme: SignatureScheme::Sm2, purpose });
    }
}
