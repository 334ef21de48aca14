//! Key files on disk: making them, opening them, and the network's name for a key.

use std::path::Path;

use huxin_chain_spec::crypto::{PublicKey, SignatureScheme, SigningKey};
use huxin_chain_spec::keyfile::{KEY_FILE_BYTES_MAX, KeyFile, KeyFileError, KeyPurpose};
use zeroize::Zeroizing;

use crate::error::ClientError;
use crate::keep;
use crate::said::Said;
use crate::say;
use crate::sdk::random_bytes;

fn bad_key(path: &Path) -> impl Fn(KeyFileError) -> ClientError {
    move |error| ClientError::Key { path: path.display().to_string(), reason: Said::from(&error) }
}

/// Makes a key and writes it unencrypted, readable by its owner only. Never overwrites.
pub fn create_plain(path: &Path, purpose: KeyPurpose, scheme: SignatureScheme) -> Result<SigningKey, ClientError> {
    let key = random_key(path, purpose, scheme)?;
    write_new(path, &KeyFile::plain(&key, purpose))?;
    Ok(key)
}

/// Makes a key and writes it encrypted under a passphrase. Never overwrites.
pub fn create_sealed(
    path: &Path,
    purpose: KeyPurpose,
    scheme: SignatureScheme,
    passphrase: &[u8],
) -> Result<SigningKey, ClientError> {
    let key = random_key(path, purpose, scheme)?;
    let file = KeyFile::seal(&key, purpose, passphrase, random_bytes()?, random_bytes()?).map_err(bad_key(path))?;
    write_new(path, &file)?;
    Ok(key)
}

fn random_key(path: &Path, purpose: KeyPurpose, scheme: SignatureScheme) -> Result<SigningKey, ClientError> {
    if !purpose.allows(scheme) {
        return Err(bad_key(path)(KeyFileError::SchemeForPurpose { scheme, purpose }));
    }
    let secret: Zeroizing<[u8; 32]> = Zeroizing::new(random_bytes()?);
    // One random number in 2^32 lies beyond the order of SM2; the caller may simply try again.
    SigningKey::from_secret(scheme, *secret).ok_or_else(|| bad_key(path)(KeyFileError::NoKey { scheme }))
}

/// Writes a key file that must not exist yet; on Unix with mode 0600. Elsewhere the folder's own rights protect it.
pub fn write_new(path: &Path, file: &KeyFile) -> Result<(), ClientError> {
    let text = file.to_text().map_err(bad_key(path))?;
    let failed = |error| ClientError::file("cannot write a new key file at", path, error);
    #[cfg_attr(not(unix), expect(unused_mut, reason = "set on Unix"))]
    let mut options = std::fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    keep::write_new(path, options, text.as_bytes()).map_err(failed)
}

/// Reads a key file without opening it.
pub fn read(path: &Path) -> Result<KeyFile, ClientError> {
    let failed = |error| ClientError::file("cannot read key file", path, error);
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > KEY_FILE_BYTES_MAX as u64 {
        return Err(bad_key(path)(KeyFileError::TooLong {
            found_bytes: usize::try_from(length).unwrap_or(usize::MAX),
        }));
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
    KeyFile::parse(&text).map_err(bad_key(path))
}

/// Opens a key file; `passphrase` is asked for only if the file is encrypted.
pub fn open(
    path: &Path,
    passphrase: impl FnOnce() -> Result<Zeroizing<String>, ClientError>,
) -> Result<(KeyPurpose, SigningKey), ClientError> {
    let file = read(path)?;
    let passphrase = if file.is_encrypted() { Some(passphrase()?) } else { None };
    let key = file.open(passphrase.as_ref().map(|text| text.as_bytes())).map_err(bad_key(path))?;
    Ok((file.purpose(), key))
}

/// Opens a plain key file.
pub fn open_plain(path: &Path) -> Result<SigningKey, ClientError> {
    let needs =
        || Err(ClientError::Key { path: path.display().to_string(), reason: say!("it is encrypted", "已加密") });
    open(path, needs).map(|(_, key)| key)
}

/// The libp2p peer identifier of a network key: base58 of `0x00 0x24 | 0x08 0x01 0x12 0x20 | public key`, an identity
/// multihash over the protobuf form of an Ed25519 key.
pub fn peer_id(key: &PublicKey) -> Result<String, ClientError> {
    let PublicKey::Ed25519(bytes) = key else {
        let said = say!("peer identifiers exist for ed25519 keys only", "只有 ed25519 密钥才有节点标识");
        return Err(ClientError::at("network key", said));
    };
    let mut multihash = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
    multihash.extend_from_slice(bytes);
    Ok(bs58::encode(multihash).into_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    #[cfg(unix)]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// The Ed25519 public key of the libp2p peer-id specification's test vectors, without its protobuf frame.
    #[test]
    fn peer_id_of_the_specification() {
        let framed = "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";
        let key: [u8; 32] = hex::decode(&framed[8..]).unwrap().try_into().unwrap();
        let id = peer_id(&PublicKey::Ed25519(key)).unwrap();
        assert!(id.starts_with("12D3KooW") && id.len() == 52, "{id}");
        let decoded = bs58::decode(id).into_vec().unwrap();
        assert_eq!(hex::encode(decoded), format!("0024{framed}"));
    }

    #[test]
    fn a_key_file_is_private_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("issuer.key");
        let key = create_plain(&path, KeyPurpose::Organisation, SignatureScheme::Ed25519).unwrap();
        #[cfg(unix)]
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(open_plain(&path).unwrap().secret(), key.secret());
        assert!(matches!(
            create_plain(&path, KeyPurpose::Organisation, SignatureScheme::Ed25519),
            Err(ClientError::Exists { .. })
        ));
        assert_eq!(open_plain(&path).unwrap().secret(), key.secret());
    }

    #[test]
    fn a_sealed_key_asks_for_its_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("governance.key");
        let key =
            create_sealed(&path, KeyPurpose::Governance, SignatureScheme::Sm2, b"four words long enough").unwrap();
        let right = || Ok(Zeroizing::new("four words long enough".to_owned()));
        assert_eq!(open(&path, right).unwrap().1.secret(), key.secret());
        let wrong = || Ok(Zeroizing::new("other".to_owned()));
        assert!(matches!(open(&path, wrong), Err(ClientError::Key { .. })));
        assert!(open_plain(&path).is_err());
    }
}
