//! `huxin genesis`: founding a network. Each province writes its part, one of them joins the parts, all compare the hash.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm, ParseKeyError, PublicKey, SignatureScheme};
use huxin_chain_spec::genesis::{Genesis, GenesisError, GenesisProvince, GenesisValidator};
use huxin_chain_spec::ids::{ChainId, ProvinceCode, TimeMs, Uscc};
use huxin_chain_spec::keyfile::KeyPurpose;
use huxin_chain_spec::rules::governance::{blocking, may_fail};
use serde_json::{Value, json};

use super::arguments::{structured_file, word};
use super::context::Global;
use super::output::Output;
use super::record::line;
use crate::error::{ClientError, ExitCode};
use crate::said::Said;
use crate::say;
use crate::sdk::{TrustRoot, clock};
use crate::{keep, keys};

/// Founding a network: parts of the provinces, the genesis file, its hash.
#[derive(Debug, Subcommand)]
pub enum GenesisCommand {
    /// Write the part of one founding province: public keys only, to be sent to the province that joins the parts (本省的部分).
    Province(ProvincePart),
    /// Join the parts of all founding provinces into a genesis file (生成创世文件).
    New(NewGenesis),
    /// Read a genesis file as a node would, and say what it founds (检查创世文件).
    Check {
        /// The genesis file.
        #[arg(value_name = "GENESIS")]
        file: PathBuf,
    },
    /// Print the hash of a genesis file, the trust root that everybody pins (创世哈希).
    Hash {
        /// The genesis file.
        #[arg(value_name = "GENESIS")]
        file: PathBuf,
    },
}

/// Keys are given as `ed25519:<hex>` or `sm2:<hex>`, or as key files, of which only the public part is read.
#[derive(Debug, Args)]
pub struct ProvincePart {
    /// Code of the province (GB/T 2260), such as 310000.
    code: ProvinceCode,
    /// Unified social credit code of the authority that runs the province's node.
    #[arg(long, value_name = "USCC")]
    organisation: Uscc,
    /// Key that signs this validator's votes.
    #[arg(long, value_name = "KEY")]
    consensus: String,
    /// Key by which the node is known to the other nodes; ed25519.
    #[arg(long, value_name = "KEY")]
    network: String,
    /// Offline key that votes for the province.
    #[arg(long, value_name = "KEY")]
    governance: String,
    /// Key that admits the province's organisations, systems and keys.
    #[arg(long, value_name = "KEY")]
    registrar: String,
    /// Voting power of the validator; the same for all, unless the provinces agreed otherwise.
    #[arg(long, default_value_t = 1)]
    power: u64,
    /// The file to write; it must not exist.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub struct NewGenesis {
    /// The parts, one of each province.
    #[arg(value_name = "PART", required = true)]
    parts: Vec<PathBuf>,
    /// Name of the chain, for ever; one that begins with dev- is a trial.
    #[arg(long, value_name = "NAME")]
    chain_id: ChainId,
    /// sha256, or sm3 for a network of Chinese algorithms (国密); for ever.
    #[arg(long, value_name = "HASH", default_value = "sha256", value_parser = word::<DigestAlgorithm>)]
    ledger_hash: DigestAlgorithm,
    /// Time of the founding, before the first start; now if absent. The same parts and time give the same file.
    #[arg(long, value_name = "TIME")]
    time: Option<TimeMs>,
    /// The file to write; it must not exist.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl GenesisCommand {
    pub fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        match self {
            Self::Province(part) => part.run(output),
            Self::New(new) => new.run(output),
            Self::Check { file } => {
                let (genesis, expected) = (read(&file)?, global.trust_root_hash()?);
                let is_expected = expected.is_none_or(|expected| expected == genesis.hash());
                let mut value = summary(&genesis);
                if let Some(expected) = expected {
                    value["expected_hash"] = json!(expected);
                }
                output.answer(&value, || format!("{}{}", describe(&value), difference(&genesis, expected)));
                Ok(if is_expected { ExitCode::Success } else { ExitCode::Refused })
            }
            Self::Hash { file } => {
                let (genesis, expected) = (read(&file)?, global.trust_root_hash()?);
                let hash = genesis.hash();
                output.answer(&json!({ "genesis_hash": hash }), || hash.to_string());
                if expected.is_some() {
                    output.note(&difference(&genesis, expected));
                }
                let is_expected = expected.is_none_or(|expected| expected == hash);
                Ok(if is_expected { ExitCode::Success } else { ExitCode::Refused })
            }
        }
    }
}

impl ProvincePart {
    fn run(self, output: &Output) -> Result<ExitCode, ClientError> {
        let part = GenesisProvince {
            code: self.code,
            organisation: self.organisation,
            governance_key: key(&self.governance, KeyPurpose::Governance)?,
            registrar_key: key(&self.registrar, KeyPurpose::Registrar)?,
            validators: vec![GenesisValidator {
                consensus_key: key(&self.consensus, KeyPurpose::Consensus)?,
                power: self.power,
                network_key: Some(key(&self.network, KeyPurpose::Network)?),
            }],
            issuers: Vec::new(),
        };
        // What cannot be a part of any genesis is refused here, where its keys are at hand.
        assemble(vec![part.clone()], "dev-part".parse().ok(), DigestAlgorithm::Sha256, TimeMs(0), &self.out)?;
        let text = toml::to_string_pretty(&part).map_err(|error| unusable(&self.out, error))?;
        write_new(&self.out, &text)?;
        output.answer(&json!({ "province": part, "file": self.out }), || {
            let name = province_name(&part.code);
            format!("{name}: public keys only, written to {0}\n{name}：只含公钥，已写入 {0}", self.out.display())
        });
        Ok(ExitCode::Success)
    }
}

impl NewGenesis {
    fn run(self, output: &Output) -> Result<ExitCode, ClientError> {
        let mut provinces: Vec<GenesisProvince> = Vec::new();
        for path in &self.parts {
            let part = part(path)?;
            let earlier = provinces.iter().zip(&self.parts).find(|(earlier, _)| earlier.code == part.code);
            if let Some((_, earlier)) = earlier {
                let (name, earlier) = (province_name(&part.code), earlier.display());
                let said = say!(
                    "the part of {name} was given already, as {earlier}; give one part of each province",
                    "{name}的部分已由 {earlier} 给出；每个省份只能给出一份"
                );
                return Err(ClientError::at(path.display().to_string(), said));
            }
            provinces.push(part);
        }
        // The order in which the parts are named does not change the hash.
        provinces.sort_by_key(|province| province.code);
        let time = self.time.unwrap_or_else(clock);
        check_time(time, clock())?;
        let genesis = assemble(provinces, Some(self.chain_id), self.ledger_hash, time, &self.out)?;
        let text = genesis.to_toml().map_err(|error| unusable(&self.out, error))?;
        write_new(&self.out, &text)?;
        let mut value = summary(&genesis);
        value["file"] = json!(self.out);
        output.answer(&value, || format!("{}  {}\n", describe(&value), self.out.display()));
        Ok(ExitCode::Success)
    }
}

/// A founding may be planned for tomorrow. No block is decided before the time of the genesis, and it cannot be changed later.
const AHEAD_MS_MAX: u64 = DAY_MS;
const DAY_MS: u64 = 86_400_000;

/// Refuses a time that the nodes would wait for.
fn check_time(time: TimeMs, now: TimeMs) -> Result<(), ClientError> {
    let ahead_ms = time.ms_since(now);
    if ahead_ms <= AHEAD_MS_MAX {
        return Ok(());
    }
    let days = ahead_ms.div_ceil(DAY_MS);
    let said = say!(
        "it lies {days} days ahead of this machine's clock, and the nodes decide no block before it; give a moment before the first start",
        "该时间晚于本机时钟 {days} 天，在此之前节点不会出块；请给出首次启动之前的时间"
    );
    Err(ClientError::at("--time", said))
}

/// Reads a part. What stands in it is public, but a key file in its place is worth a sentence of its own.
fn part(path: &Path) -> Result<GenesisProvince, ClientError> {
    if keys::read(path).is_ok() {
        let said = say!(
            "this is a key file and stays with its owner; write the public part with `huxin genesis province`",
            "这是密钥文件，应由其所有者保管；请用 huxin genesis province 写出公开部分"
        );
        return Err(ClientError::at(path.display().to_string(), said));
    }
    match path.extension().is_some_and(|extension| extension == "toml") {
        true => structured_file(path),
        false => {
            let said =
                say!("a part is a TOML file; call it NAME.toml", "各省的部分是 TOML 文件，文件名应以 .toml 结尾");
            Err(ClientError::at(path.display().to_string(), said))
        }
    }
}

/// Founds a chain by the same checks that a node makes.
fn assemble(
    provinces: Vec<GenesisProvince>,
    chain_id: Option<ChainId>,
    ledger_hash: DigestAlgorithm,
    time: TimeMs,
    out: &Path,
) -> Result<Genesis, ClientError> {
    let chain_id = chain_id.ok_or_else(|| ClientError::at("--chain-id", say!("needed", "必须给出")))?;
    let (parameters, governance) = Default::default();
    let genesis = Genesis { chain_id, ledger_hash, time, parameters, governance, provinces };
    let text = genesis.to_toml().map_err(|error| unfit(out, error))?;
    Genesis::parse(&text).map_err(|error| unfit(out, error))
}

/// What cannot be founded, by what was given here: there is no published hash to compare yet.
fn unfit(out: &Path, error: impl std::fmt::Display) -> ClientError {
    ClientError::at(out.display().to_string(), Said::detail("所给内容不能用于创建网络", error))
}

fn unusable(path: &Path, error: impl std::fmt::Display) -> ClientError {
    ClientError::Genesis { place: path.display().to_string(), reason: Said::detail("内容或格式有误", error) }
}

fn read(path: &Path) -> Result<Genesis, ClientError> {
    let trust = TrustRoot::from_file(path)?;
    trust.genesis().cloned().ok_or_else(|| unusable(path, GenesisError::Malformed("it is empty".to_owned())))
}

fn difference(genesis: &Genesis, expected: Option<Digest>) -> String {
    match expected {
        Some(expected) if expected != genesis.hash() => format!(
            "this is another genesis: its hash is {}, but --trust-root is {expected}\n创世文件不符：其哈希与 --trust-root 不同",
            genesis.hash()
        ),
        Some(_) => "the hash is the expected one 哈希相符".to_owned(),
        None => String::new(),
    }
}

/// A public key as text, or of a key file made for `purpose`.
fn key(text: &str, purpose: KeyPurpose) -> Result<PublicKey, ClientError> {
    let path = Path::new(text);
    if !path.exists() {
        return text.parse().map_err(|error: ParseKeyError| {
            let Said { en, zh, code } = error.into();
            let (en, zh) = (format!("there is no file {text}; {en}"), format!("没有文件 {text}；{zh}"));
            ClientError::at(format!("--{purpose}"), Said { en, zh, code })
        });
    }
    let file = keys::read(path)?;
    if file.purpose() != purpose {
        let found = file.purpose();
        let mut reason = say!(
            "it is a key for {found}, and one for {purpose} is needed here; name the other file",
            "这是用于 {found} 的密钥，此处需要用于 {purpose} 的密钥，请改用相应的文件"
        );
        reason.code = Some(Code::KeyFileWrongPurpose);
        return Err(ClientError::Key { path: path.display().to_string(), reason });
    }
    Ok(file.public_key())
}

fn write_new(path: &Path, text: &str) -> Result<(), ClientError> {
    let failed = |error| ClientError::file("cannot write a new file at", path, error);
    keep::write_new(path, std::fs::OpenOptions::new(), text.as_bytes()).map_err(failed)
}

/// `Jiangsu 江苏省 320000`.
fn province_name(code: &ProvinceCode) -> String {
    format!("{} {} {code}", code.name_en(), code.name_zh())
}

/// What a genesis founds, as JSON.
fn summary(genesis: &Genesis) -> Value {
    let set = genesis.validators();
    let (total, quorum) = (set.total_power(), set.quorum_power());
    let may_fail_power = total.saturating_sub(quorum);
    let provinces: Vec<Value> = genesis
        .provinces
        .iter()
        .map(|province| {
            let power = province.validators.iter().fold(0u64, |sum, validator| sum.saturating_add(validator.power));
            json!({
                "code": province.code, "name": province.code.name_en(), "name_zh": province.code.name_zh(),
                "organisation": province.organisation, "validators": province.validators.len(), "power": power,
            })
        })
        .collect();
    json!({
        "chain_id": genesis.chain_id, "ledger_hash": genesis.ledger_hash, "time": genesis.time.to_beijing(),
        "genesis_hash": genesis.hash(), "provinces": provinces, "validators": set.validators().len(),
        "total_power": total, "quorum_power": quorum, "may_fail_validators": may_fail(&set, may_fail_power),
        "warnings": warnings(genesis, clock()),
    })
}

/// What is allowed, and rarely meant. Each with its Chinese sentence.
fn warnings(genesis: &Genesis, now: TimeMs) -> Vec<Value> {
    let mut found: Vec<(String, String)> = Vec::new();
    let ahead_ms = genesis.time.ms_since(now);
    if ahead_ms > genesis.parameters.clock_skew_ms_max {
        let hours = ahead_ms.div_ceil(3_600_000);
        found.push((
            format!("its time lies {hours} hours ahead of this machine's clock: no block is decided before it"),
            format!("创世时间晚于本机时钟 {hours} 小时：在此之前不会出块"),
        ));
    }
    let set = genesis.validators();
    let may_fail_power = set.total_power().saturating_sub(set.quorum_power());
    if may_fail(&set, may_fail_power) == 0 {
        found.push((
            "no validator may fail without stopping the chain; four of equal power bear the loss of one".to_owned(),
            "任何一个验证节点停止都会使链停顿；四个等权节点可容许一个失效".to_owned(),
        ));
    } else {
        for province in blocking(&set, may_fail_power) {
            let name = province_name(&province);
            found.push((format!("{name} could stop the chain alone"), format!("{name} 一省即可使链停顿")));
        }
    }
    for province in &genesis.provinces {
        let name = province_name(&province.code);
        if province.validators.is_empty() {
            found.push((format!("{name} has no validator"), format!("{name} 没有验证节点")));
        }
        if province.validators.iter().any(|validator| validator.network_key.is_none()) {
            found.push((
                format!("{name} names no network key: the ledger can neither let its node in nor shut it out"),
                format!("{name} 未写明网络公钥：账本无法放行或拒绝其节点"),
            ));
        }
        let guomi = genesis.ledger_hash == DigestAlgorithm::Sm3;
        let keys = province.validators.iter().map(|validator| validator.consensus_key);
        let mut keys = keys.chain([province.governance_key, province.registrar_key]);
        if guomi && keys.any(|key| key.scheme() != SignatureScheme::Sm2) {
            found.push((
                format!("ledger_hash is sm3, but {name} has keys that are not sm2"),
                format!("ledger_hash 为 sm3，但 {name} 有非 SM2 密钥"),
            ));
        }
    }
    if genesis.chain_id.is_development() {
        found.push((
            "the name begins with dev-: a trial, on which published example keys are allowed".to_owned(),
            "链名以 dev- 开头：仅供试验，允许使用公开的示例密钥".to_owned(),
        ));
    }
    found.into_iter().map(|(what, what_zh)| json!({ "what": what, "what_zh": what_zh })).collect()
}

/// The summary for people.
fn describe(summary: &Value) -> String {
    let word = |name: &str| summary[name].as_str().map_or_else(|| summary[name].to_string(), str::to_owned);
    let mut lines = vec![
        line("链 chain", &word("chain_id")),
        line("哈希 hash", &word("ledger_hash")),
        line("时间 time", &word("time")),
        line("信任根 root", &word("genesis_hash")),
    ];
    for province in summary["provinces"].as_array().into_iter().flatten() {
        let word = |name: &str| province[name].as_str().map_or_else(|| province[name].to_string(), str::to_owned);
        let names = format!("{} {} {}", word("name"), word("name_zh"), word("code"));
        let counts = format!("{} validators 验证节点, power 票权 {}", word("validators"), word("power"));
        lines.push(line("省份 province", &format!("{names}, {}, {counts}", word("organisation"))));
    }
    let quorum = format!("{} of {} power", word("quorum_power"), word("total_power"));
    let margin = format!("{quorum}; {} of {} validators may fail", word("may_fail_validators"), word("validators"));
    lines.push(line("法定 quorum", &margin));
    for warning in summary["warnings"].as_array().into_iter().flatten() {
        let text = |name: &str| warning[name].as_str().unwrap_or_default().to_owned();
        lines.push(line("注意 warning", &format!("{} / {}", text("what"), text("what_zh"))));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
#[path = "genesis_tests.rs"]
mod tests;
