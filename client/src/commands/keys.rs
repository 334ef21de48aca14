//! `huxin keys`: key files, and keys on the ledger.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use huxin_chain_spec::crypto::{KeyId, PublicKey, Signature, SignatureScheme, Signer as _, SigningKey};
use huxin_chain_spec::ids::{LicenceType, SystemId, Uscc};
use huxin_chain_spec::keyfile::{KeyFileError, KeyPurpose};
use huxin_chain_spec::record::membership::{Permissions, StatusChange};
use huxin_chain_spec::record::{MembershipOperation, Operation};
use serde_json::json;
use zeroize::Zeroizing;

use super::arguments::ReceiptFile;
use super::context::{Global, Needs};
use super::members::{StatusArguments, record};
use super::output::Output;
use super::record::submit;
use crate::error::{ClientError, ExitCode};
use crate::keys;
use crate::said::Said;
use crate::say;

/// Key files, and keys on the ledger.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make a key and write it to a new file, readable by its owner only.
    New(NewKey),
    /// Show the public part of a key file.
    Show {
        /// Key file.
        file: PathBuf,
    },
    /// Show the name a network key has among peers.
    PeerId {
        /// Key file made with --purpose network.
        file: PathBuf,
    },
    /// Prove to a chain that one holds a key, for the registrar who registers it: prints the proof. The secret stays where it is.
    Prove {
        /// Key file.
        file: PathBuf,
        /// Unified social credit code of the organisation that is to sign with it.
        #[arg(long)]
        organisation: Uscc,
    },
    /// Register a key of an organisation (signed by the province's registrar).
    Add(AddKey),
    /// Suspend a key.
    Suspend(KeyStatus),
    /// Let a suspended key sign again.
    Resume(KeyStatus),
    /// Remove a key for good.
    Remove(KeyStatus),
}

#[derive(Debug, Args)]
pub struct NewKey {
    /// consensus, network, governance, note, registrar, organisation or system.
    #[arg(long)]
    purpose: KeyPurpose,
    /// Signature scheme. Keys of nodes and checkpoints are ed25519 on every network.
    #[arg(long, value_enum, default_value_t = KeyScheme::Ed25519)]
    scheme: KeyScheme,
    /// The new key file; never overwritten.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write the secret unencrypted. Without this, a passphrase is needed.
    #[arg(long)]
    plain: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KeyScheme {
    Ed25519,
    /// 国密 SM2
    Sm2,
}

impl KeyScheme {
    fn scheme(self) -> SignatureScheme {
        match self {
            Self::Ed25519 => SignatureScheme::Ed25519,
            Self::Sm2 => SignatureScheme::Sm2,
        }
    }
}

#[derive(Debug, Clone, Args)]
pub struct AddKey {
    /// `ed25519:<hex>` or `sm2:<hex>` with --proof; or the key file itself, which makes the proof.
    public_key: String,
    /// What `huxin keys prove` printed where the key file is: ed25519:<hex> or sm2:<hex>.
    #[arg(long, value_name = "PROOF")]
    proof: Option<Signature>,
    /// Unified social credit code of the organisation that signs with it.
    #[arg(long)]
    organisation: Uscc,
    /// Code of the organisation's system that signs with it, where it is a system's key.
    #[arg(long)]
    system: Option<SystemId>,
    /// May issue and amend licences.
    #[arg(long)]
    issue: bool,
    /// May suspend, restore, lapse, cancel, withdraw and revoke licences.
    #[arg(long)]
    change_status: bool,
    /// May transfer licences out and in.
    #[arg(long)]
    transfer: bool,
    /// May manage members of the province (its own authority only).
    #[arg(long)]
    manage_members: bool,
    /// May register seals and change their state.
    #[arg(long)]
    manage_seals: bool,
    /// May record seal signatures.
    #[arg(long)]
    sign_seals: bool,
    /// May take the organisation's part in cases.
    #[arg(long)]
    cases: bool,
    /// May publish common documents of the province.
    #[arg(long)]
    publish: bool,
    /// May record evidence.
    #[arg(long)]
    evidence: bool,
    /// Limits the licence permissions to this type; give several; without any, all types.
    #[arg(long = "licence-type", value_name = "TYPE")]
    licence_types: Vec<LicenceType>,
}

#[derive(Debug, Args)]
pub struct KeyStatus {
    /// Key identifier (64 hex), `ed25519:<hex>`, or a key file.
    key_id: String,
    #[command(flatten)]
    status: StatusArguments,
}

impl Keys {
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        match self {
            Self::New(new) => new.run(global, output),
            Self::Show { file } => {
                let key = keys::read(&file)?;
                let (purpose, encrypted) = (key.purpose(), key.is_encrypted());
                let value = json!({ "purpose": purpose, "public_key": key.public_key(), "key_id": key.key_id(), "encrypted": encrypted });
                output.answer(&value, || {
                    format!(
                        "purpose     {purpose}\npublic key  {}\nkey id      {}\nencrypted   {encrypted}",
                        key.public_key(),
                        key.key_id()
                    )
                });
                Ok(ExitCode::Success)
            }
            Self::PeerId { file } => {
                let key = keys::read(&file)?;
                let found = key.purpose();
                if found != KeyPurpose::Network {
                    // A peer identifier of another key would be copied into everybody's lists, and never connect.
                    let reason = Said::from(&KeyFileError::WrongPurpose { expected: KeyPurpose::Network, found });
                    return Err(ClientError::Key { path: file.display().to_string(), reason });
                }
                let id = keys::peer_id(&key.public_key())?;
                output.answer(&json!({ "peer_id": id }), || id.clone());
                Ok(ExitCode::Success)
            }
            Self::Prove { file, organisation } => {
                let (_, key) = keys::open(&file, || global.passphrase(&file))?;
                let proof = key.sign_possession(global.trust()?.hash(), &organisation);
                let value = json!({ "public_key": key.public_key(), "organisation": organisation, "proof": proof });
                output.answer(&value, || format!("public key  {}\nproof       {proof}", key.public_key()));
                Ok(ExitCode::Success)
            }
            Self::Add(add) => add.run(global, output).await,
            Self::Suspend(key) => key.run(StatusChange::Suspend, global, output).await,
            Self::Resume(key) => key.run(StatusChange::Resume, global, output).await,
            Self::Remove(key) => key.run(StatusChange::Remove, global, output).await,
        }
    }
}

impl NewKey {
    fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let key = if self.plain {
            keys::create_plain(&self.out, self.purpose, self.scheme.scheme())?
        } else {
            let scheme = self.scheme.scheme();
            keys::create_sealed(&self.out, self.purpose, scheme, new_passphrase(global)?.as_bytes())?
        };
        let (public, id) = (key.public_key(), key.id());
        output.answer(&json!({ "public_key": public, "key_id": id, "file": self.out }), || {
            format!("{public}\nkey id {id}\nwritten to {}", self.out.display())
        });
        Ok(ExitCode::Success)
    }
}

/// A passphrase for a new key: given, or typed twice.
fn new_passphrase(global: &Global) -> Result<Zeroizing<String>, ClientError> {
    if let Some(text) = global.given_passphrase()? {
        return Ok(text);
    }
    let ask = |prompt| {
        rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|error| ClientError::Local {
            what: "cannot ask for a passphrase (give --passphrase-file, or --plain)",
            reason: error.to_string(),
        })
    };
    let first = ask("New passphrase: ")?;
    if *first != *ask("The same again: ")? {
        return Err(ClientError::at("passphrase", say!("the two are not the same", "两次输入不一致")));
    }
    Ok(first)
}

/// A public key as text or from a key file; `None` where it is neither.
fn found_key(text: &str) -> Result<Option<PublicKey>, ClientError> {
    if let Ok(key) = text.parse() {
        return Ok(Some(key));
    }
    let path = PathBuf::from(text);
    if path.exists() { Ok(Some(keys::read(&path)?.public_key())) } else { Ok(None) }
}

/// A public key as text or from a key file.
pub(super) fn public_key(text: &str) -> Result<PublicKey, ClientError> {
    let none = || {
        say!(
            "{text:?} is neither a key file here nor a public key; write ed25519:<64 hex> or sm2:<66 hex>",
            "{text:?} 既不是此处的密钥文件，也不是公钥；公钥写作 ed25519:<64 位十六进制> 或 sm2:<66 位十六进制>"
        )
    };
    found_key(text)?.ok_or_else(|| ClientError::at("public key", none()))
}

/// The identifier of a key: itself (64 hex), or that of a public key as text or from a key file.
pub(super) fn key_id(text: &str) -> Result<KeyId, ClientError> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let none = || {
        say!(
            "{text:?} is neither a key id (64 hex), nor a public key (ed25519:<hex>, sm2:<hex>), nor a key file here",
            "{text:?} 既不是密钥标识（64 位十六进制），也不是公钥（ed25519:..、sm2:..），也不是此处的密钥文件"
        )
    };
    Ok(found_key(text)?.ok_or_else(|| ClientError::at("key id", none()))?.id())
}

/// How the possession of a new key is proven.
enum Possession {
    /// By its holder, elsewhere.
    Proof(PublicKey, Signature),
    /// Here, by the key itself.
    Key(Box<SigningKey>),
}

impl AddKey {
    async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let (client, possession) = global.ready(Needs::Record, |_| self.possession(global)).await?;
        let (key, proof) = match possession {
            Possession::Proof(key, proof) => (key, proof),
            Possession::Key(key) => {
                (key.public_key(), key.sign_possession(&client.chain().genesis_hash, &self.organisation))
            }
        };
        let operation = Operation::Membership(self.operation(key, proof));
        let recorded = submit(global, &client, operation, &[], &ReceiptFile::default()).await?;
        output.answer(&recorded.value, || recorded.text.clone());
        Ok(ExitCode::Success)
    }

    fn possession(&self, global: &Global) -> Result<Possession, ClientError> {
        let path = PathBuf::from(&self.public_key);
        match self.proof {
            Some(proof) => Ok(Possession::Proof(public_key(&self.public_key)?, proof)),
            None if self.public_key.parse::<PublicKey>().is_err() && path.exists() => {
                Ok(Possession::Key(Box::new(keys::open(&path, || global.passphrase(&path))?.1)))
            }
            None => {
                public_key(&self.public_key)?;
                let organisation = &self.organisation;
                let said = say!(
                    "needed with a public key: its holder makes the proof with `huxin keys prove FILE --organisation {organisation}`",
                    "登记公钥时必须给出：由密钥持有者用 huxin keys prove FILE --organisation {organisation} 制作"
                );
                Err(ClientError::at("--proof", said))
            }
        }
    }

    fn operation(self, key: PublicKey, proof: Signature) -> MembershipOperation {
        let mut licence_types = self.licence_types;
        licence_types.sort();
        licence_types.dedup();
        MembershipOperation::KeyAdd {
            key,
            organisation: self.organisation,
            system: self.system,
            permissions: Permissions {
                issue: self.issue,
                change_status: self.change_status,
                transfer: self.transfer,
                manage_members: self.manage_members,
                manage_seals: self.manage_seals,
                sign_seals: self.sign_seals,
                cases: self.cases,
                publish: self.publish,
                evidence: self.evidence,
                govern: false,
                licence_types,
            },
            proof,
        }
    }
}

impl KeyStatus {
    async fn run(self, change: StatusChange, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let operation = || {
            let key = key_id(&self.key_id)?;
            Ok(MembershipOperation::KeyStatus { key, change, basis: self.status.basis.clone() })
        };
        record(global, output, operation).await
    }
}
