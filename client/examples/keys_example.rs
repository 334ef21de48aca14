//! Writes `keys-example/` and `chain-spec/networks/yangtze-delta.toml` from fixed public seeds:
//! `secret = SHA-256("huxin/keys-example/<province>/<purpose>")`. Run from the root of the repository:
//! `cargo run --release -p huxin-client --example keys_example`.

use std::fmt::Write as _;
use std::path::Path;

use huxin_chain_spec::crypto::{DigestAlgorithm, PublicKey, SignatureScheme, Signer as _, SigningKey};
use huxin_chain_spec::genesis::{Genesis, GenesisIssuer, GenesisProvince, GenesisValidator, Parameters};
use huxin_chain_spec::keyfile::{KeyFile, KeyPurpose};
use huxin_client::testnet::{PROVINCES, ProvinceSeat};
use huxin_client::{ClientError, keys};

const PURPOSES: [(KeyPurpose, &str); 6] = [
    (KeyPurpose::Consensus, "consensus"),
    (KeyPurpose::Network, "network"),
    (KeyPurpose::Governance, "governance"),
    (KeyPurpose::Registrar, "registrar"),
    (KeyPurpose::Note, "note"),
    (KeyPurpose::Organisation, "issuer"),
];
const KEYS_HEADER: &str =
    "# The public halves of every key in this folder. Their secrets are published: they protect nothing.\n";
const NETWORK_HEADER: &str = "\
# Four provinces of the Yangtze Delta, for trial only. Every key in it is an EXAMPLE KEY whose secret is published under
# keys-example/. Organisation codes are made up. Made by `cargo run -p huxin-client --example keys_example`.
# 长三角四省市试验网络，仅供演示。所有密钥均为示例密钥，其私钥已公开，不提供任何保护；机构代码均为虚构。
";

fn secret_of(name: &str) -> [u8; 32] {
    DigestAlgorithm::Sha256.plain(&[format!("huxin/keys-example/{name}").as_bytes()]).0
}

fn main() -> Result<(), ClientError> {
    let root = Path::new("keys-example");
    let mut listing = KEYS_HEADER.to_owned();
    let mut provinces = Vec::new();
    for seat in &PROVINCES[..4] {
        let folder = root.join(seat.name);
        std::fs::create_dir_all(&folder).map_err(|error| ClientError::file("cannot make", &folder, error))?;
        let mut public = Vec::new();
        for (purpose, name) in PURPOSES {
            let key = write_key(&folder, seat, purpose, name)?;
            // Writing to a String cannot fail.
            let _ = writeln!(listing, "{key} {}/{name}", seat.name);
            public.push(key);
        }
        provinces.push(province(seat, &public)?);
    }
    write(&root.join("public-keys.txt"), &listing)?;
    let genesis = Genesis {
        chain_id: "dev-yangtze-delta".parse().map_err(|error| ClientError::input("chain id", error))?,
        ledger_hash: DigestAlgorithm::Sha256,
        time: "2026-11-21".parse().map_err(|error| ClientError::input("time", error))?,
        parameters: Parameters::default(),
        governance: Default::default(),
        provinces,
    };
    let text = genesis.to_toml().map_err(|error| ClientError::input("genesis", error))?;
    Genesis::parse(&text).map_err(|error| ClientError::input("genesis", error))?;
    let networks = Path::new("chain-spec/networks");
    std::fs::create_dir_all(networks).map_err(|error| ClientError::file("cannot make", networks, error))?;
    write(&networks.join("yangtze-delta.toml"), &format!("{NETWORK_HEADER}{text}"))?;
    println!("{}", genesis.hash());
    Ok(())
}

fn write_key(folder: &Path, seat: &ProvinceSeat, purpose: KeyPurpose, name: &str) -> Result<PublicKey, ClientError> {
    let secret = secret_of(&format!("{}/{name}", seat.name));
    let key = SigningKey::from_secret(SignatureScheme::Ed25519, secret)
        .ok_or_else(|| ClientError::input(name, "ed25519 is missing from this build"))?;
    let path = folder.join(format!("{name}.key"));
    if path.exists() {
        std::fs::remove_file(&path).map_err(|error| ClientError::file("cannot replace", &path, error))?;
    }
    keys::write_new(&path, &KeyFile::plain(&key, purpose))?;
    Ok(key.public_key())
}

/// `public` is in the order of [`PURPOSES`].
fn province(seat: &ProvinceSeat, public: &[PublicKey]) -> Result<GenesisProvince, ClientError> {
    let [consensus, _network, governance, registrar, _note, issuer] = public else {
        return Err(ClientError::input(seat.name, "six keys make a province"));
    };
    Ok(GenesisProvince {
        code: seat.province()?,
        organisation: seat.authority()?,
        governance_key: *governance,
        registrar_key: *registrar,
        validators: vec![GenesisValidator { consensus_key: *consensus, power: 1, network_key: None }],
        issuers: vec![GenesisIssuer { organisation: seat.issuer()?, region: seat.region()?, key: *issuer }],
    })
}

fn write(path: &Path, text: &str) -> Result<(), ClientError> {
    std::fs::write(path, text).map_err(|error| ClientError::file("cannot write", path, error))
}
