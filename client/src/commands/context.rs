//! Options that every command shares, and what they give: nodes, trust root, key.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::Args;
use huxin_chain_spec::api::ThingListAnswer;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, ParseDigestError, SigningKey};
use huxin_chain_spec::execute::Chain;
use huxin_chain_spec::record::Operation;
use huxin_chain_spec::transaction::EXPIRY_WINDOW_MAX;
use zeroize::Zeroizing;

use super::output::eprint_or_drop;
use crate::error::ClientError;
use crate::keys;
use crate::say;
use crate::sdk::{
    AGE_S_MAX_DEFAULT, Client, Confirmed, EXPIRY_WINDOW_DEFAULT, NodeClient, TransactionSigner, TrustRoot, check_age,
};

/// Heading of the shared options in every help page.
pub const GLOBAL_HEADING: &str = "Global options";

/// Options that every command shares.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = GLOBAL_HEADING)]
pub struct Global {
    /// Node to talk to, such as http://127.0.0.1:26603; give several and another one answers when one does not.
    #[arg(long = "node", global = true, env = "HUXIN_NODE", value_name = "URL", value_delimiter = ',')]
    pub nodes: Vec<String>,
    /// Genesis file that is trusted.
    #[arg(long, global = true, env = "HUXIN_GENESIS", value_name = "FILE")]
    pub genesis: Option<PathBuf>,
    /// Genesis hash that is trusted: 64 hex.
    #[arg(long, global = true, env = "HUXIN_TRUST_ROOT", value_name = "HEX")]
    pub trust_root: Option<String>,
    /// Folder in which what is known of a chain is kept between runs, `-` for none; huxin in the user's state folder if absent.
    #[arg(long, global = true, env = "HUXIN_KNOWN", value_name = "DIR")]
    pub known: Option<PathBuf>,
    /// Key file that signs.
    #[arg(long, global = true, env = "HUXIN_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// File that holds the key file's passphrase; else HUXIN_KEY_PASSPHRASE, else asked at the terminal.
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Answer in JSON, errors too.
    #[arg(long, global = true)]
    pub json: bool,
    /// Longest wait for a final outcome, in seconds.
    #[arg(long, global = true, value_name = "S", default_value_t = 60)]
    pub wait_s: u64,
    /// Blocks a transaction may wait before it expires.
    #[arg(long, global = true, value_name = "N", default_value_t = EXPIRY_WINDOW_DEFAULT,
        value_parser = clap::value_parser!(u64).range(1..EXPIRY_WINDOW_MAX))]
    pub expiry_blocks: u64,
    /// Oldest newest block accepted for a question about now, in seconds.
    #[arg(long, global = true, value_name = "S", default_value_t = AGE_S_MAX_DEFAULT)]
    pub max_age_s: u64,
    /// The signing key once it was opened: a passphrase is asked for once.
    #[arg(skip)]
    opened: Opened,
}

/// A key in memory, never shown.
#[derive(Clone, Default)]
struct Opened(OnceLock<SigningKey>);

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.get().is_some() { "Opened" } else { "NotOpened" })
    }
}

/// What a command needs of the user beside its own arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A trust root and a node.
    Question,
    /// Those and a key that signs.
    Record,
}

/// Where programs of this user keep what they know, by the XDG base directory specification; nowhere if the user has no home.
#[cfg(not(test))]
fn state_folder() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = of("XDG_STATE_HOME").or_else(|| Some(of("HOME")?.join(".local/state")))?;
    Some(state.join("huxin"))
}

/// Unit tests keep nothing outside of their own folders.
#[cfg(test)]
fn state_folder() -> Option<PathBuf> {
    None
}

/// A hash as people copy it: in capitals, with `0x` before it, with spaces or line ends in it.
pub(super) fn digest_of(text: &str) -> Result<Digest, ParseDigestError> {
    let text: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let text = text.to_lowercase();
    text.strip_prefix("0x").unwrap_or(&text).parse::<Digest>()
}

impl Global {
    /// The hash that `--trust-root` gives; `None` where it is absent. An empty one is an error: it comes from a file that is not there.
    pub fn trust_root_hash(&self) -> Result<Option<Digest>, ClientError> {
        self.trust_root.as_deref().map(digest_of).transpose().map_err(|error| ClientError::at("--trust-root", error))
    }

    /// The pinned trust root, with what is known of its chain from earlier runs.
    pub fn trust(&self) -> Result<TrustRoot, ClientError> {
        let pinned = self.pinned()?;
        match self.known.as_ref().filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) if folder == Path::new("-") => Ok(pinned),
            Some(folder) => pinned.kept_in(folder),
            None => match state_folder() {
                // A service without a home of its own that can be written to: it must name a folder to be kept from an older state.
                Some(folder) if std::fs::create_dir_all(&folder).is_err() => {
                    eprint_or_drop(&format!(
                        "huxin: 无法保存所知（{0}），不能识别回退；可用 --known 指定目录 what is known of the chain cannot be kept in {0}, so an older \
                         state is not recognised in the next run; name a folder with --known",
                        folder.display()
                    ));
                    Ok(pinned)
                }
                Some(folder) => pinned.kept_in(&folder),
                None => Ok(pinned),
            },
        }
    }

    /// The pinned trust root. A file and a hash given together must agree.
    fn pinned(&self) -> Result<TrustRoot, ClientError> {
        let hash = self.trust_root_hash()?;
        match (&self.genesis, hash) {
            (None, None) => Err(ClientError::NoTrustRoot),
            (None, Some(hash)) => Ok(TrustRoot::of_hash(hash)),
            (Some(path), hash) => {
                let trust = TrustRoot::from_file(path)?;
                match hash {
                    Some(hash) if hash != *trust.hash() => Err(ClientError::Genesis {
                        place: path.display().to_string(),
                        reason: {
                            let found = trust.hash();
                            say!(
                                "its hash is {found}, but --trust-root is {hash}",
                                "其哈希为 {found}，而 --trust-root 为 {hash}"
                            )
                        },
                    }),
                    _ => Ok(trust),
                }
            }
        }
    }

    /// The nodes, without trust.
    pub fn nodes(&self) -> Result<NodeClient, ClientError> {
        let given = self.nodes.iter().map(|node| node.trim()).filter(|node| !node.is_empty());
        Ok(NodeClient::new(&given.map(str::to_owned).collect::<Vec<_>>())?.passing_over_failures())
    }

    /// Nodes and trust root.
    pub async fn client(&self) -> Result<Client, ClientError> {
        let trust = self.trust()?;
        Ok(Client::connect(self.nodes()?, trust).await?.with_age_s_max(self.max_age_s))
    }

    /// A list as nodes give it, without proof: from a node of the pinned chain, where one is pinned.
    pub async fn list(
        &self,
        ask: impl AsyncFn(&NodeClient) -> Result<(String, ThingListAnswer), ClientError>,
    ) -> Result<ThingListAnswer, ClientError> {
        match self.client().await {
            Err(ClientError::NoTrustRoot) => {
                let (node, listed) = ask(&self.nodes()?).await?;
                check_age(node, &listed, self.max_age_s)?;
                Ok(listed)
            }
            client => client?.list(ask).await,
        }
    }

    /// The one order in which every command checks what the user gave, before any node is asked: the arguments and the files they name
    /// (`build`), the key, the trust root, the addresses. Only then the client is connected.
    ///
    /// References depend on the ledger's hash, which stands in the genesis. Where only the hash of the genesis is pinned, `build` runs
    /// with SHA-256 to check its input, and again if the ledger turns out to use another hash.
    ///
    /// # Errors
    /// Those of `build`; [`ClientError::NoKey`] and [`ClientError::Key`]; [`ClientError::NoTrustRoot`] and [`ClientError::Genesis`];
    /// [`ClientError::NoNode`]; then those of the connection.
    pub async fn ready<T>(
        &self,
        needs: Needs,
        build: impl Fn(DigestAlgorithm) -> Result<T, ClientError>,
    ) -> Result<(Client, T), ClientError> {
        let trust = self.trust();
        let pinned = trust.as_ref().ok().and_then(TrustRoot::genesis).map(|genesis| Chain::new(genesis).algorithm());
        let assumed = pinned.unwrap_or(DigestAlgorithm::Sha256);
        let built = build(assumed)?;
        if needs == Needs::Record {
            self.signing_key()?;
        }
        let (trust, nodes) = (trust?, self.nodes()?);
        let client = Client::connect(nodes, trust).await?.with_age_s_max(self.max_age_s);
        let algorithm = client.chain().algorithm();
        Ok((client, if algorithm == assumed { built } else { build(algorithm)? }))
    }

    /// The key that signs, opened once.
    pub fn signing_key(&self) -> Result<&SigningKey, ClientError> {
        if let Some(key) = self.opened.0.get() {
            return Ok(key);
        }
        let path = self.key.as_deref().filter(|path| !path.as_os_str().is_empty()).ok_or(ClientError::NoKey)?;
        if let Some(unused) =
            self.passphrase_file.as_deref().filter(|_| keys::read(path).is_ok_and(|key| !key.is_encrypted()))
        {
            let (key, unused) = (path.display(), unused.display());
            let said = say!(
                "the key file {key} is not encrypted, so the passphrase in {unused} would open nothing; leave the option out",
                "密钥文件 {key} 未加密，用不到 {unused} 中的口令；请去掉此参数"
            );
            return Err(ClientError::at("--passphrase-file", said));
        }
        let (_, key) = keys::open(path, || self.passphrase(path))?;
        Ok(self.opened.0.get_or_init(|| key))
    }

    /// The signing key for this chain.
    pub fn signer(&self, client: &Client) -> Result<TransactionSigner, ClientError> {
        Ok(client.signer(self.signing_key()?.clone()))
    }

    /// The passphrase of an encrypted key file.
    pub fn passphrase(&self, path: &Path) -> Result<Zeroizing<String>, ClientError> {
        if let Some(text) = self.given_passphrase()? {
            return Ok(text);
        }
        rpassword::prompt_password(format!("Passphrase of {}: ", path.display()))
            .map(Zeroizing::new)
            .map_err(|error| ClientError::Local { what: "cannot ask for the passphrase", reason: error.to_string() })
    }

    /// The passphrase from file or environment, without its line end.
    pub fn given_passphrase(&self) -> Result<Option<Zeroizing<String>>, ClientError> {
        let text = match (&self.passphrase_file, std::env::var("HUXIN_KEY_PASSPHRASE")) {
            (Some(path), _) => {
                std::fs::read_to_string(path).map_err(|error| ClientError::file("cannot read", path, error))?
            }
            (None, Ok(text)) => text,
            (None, Err(_)) => return Ok(None),
        };
        let text = Zeroizing::new(text);
        Ok(Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
    }

    /// Signs and submits operations, all or none, and waits for the checked receipt.
    pub async fn submit(&self, client: &Client, operations: Vec<Operation>) -> Result<Confirmed, ClientError> {
        let signer = self.signer(client)?;
        let transaction = client.sign(&signer, operations, self.expiry_blocks).await?;
        client.submit(&transaction, self.wait_ms()).await
    }

    /// The longest wait in milliseconds.
    pub fn wait_ms(&self) -> u64 {
        self.wait_s.saturating_mul(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F14: a hash copied from paper, a mail or another program is the same hash.
    #[test]
    fn a_trust_root_is_taken_in_every_dress() {
        let plain = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let capitals = plain.to_uppercase();
        let spaced = format!(" {} {}\n", &plain[..32], &plain[32..]);
        for text in [plain, &capitals, &format!("0x{plain}"), &format!("0X{capitals} "), &spaced] {
            assert_eq!(digest_of(text).map(|digest| digest.to_string()).ok().as_deref(), Some(plain), "{text:?}");
        }
        assert!(digest_of(&plain[1..]).is_err() && digest_of("0xzz").is_err());
    }
}
