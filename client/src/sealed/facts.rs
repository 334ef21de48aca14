//! What the ledger says about the seals and certificates of a file: every state proven under the pinned trust root.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use huxin_chain_spec::crypto::{Digest, PublicKey};
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::governance::TrustRole;
use huxin_chain_spec::record::seal::{SealAddress, signature_reference};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::governance::TrustState;
use huxin_chain_spec::state::seal::{SealSignatureState, SealState};
use huxin_document::TrustList;
use huxin_document::report::SignatureReport;

use super::read::Examined;
use super::signature::addresses;
use crate::error::ClientError;
use crate::sdk::{Client, Page, ThingQuestion, clock};

/// Signing times are written to the second.
const CLOCK_RESOLUTION_MS: u64 = 999;

/// A thing at three times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverTime<T> {
    /// When the signature was made by the signer's own clock; `None` if the ledger did not hold the thing, or did not exist yet.
    pub claimed: Option<T>,
    /// At the latest time at which the signature can have been made, where the ledger proves one.
    pub proven: Option<T>,
    pub now: Option<T>,
}

impl<T> Default for OverTime<T> {
    fn default() -> Self {
        Self { claimed: None, proven: None, now: None }
    }
}

/// When a signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SigningTime {
    /// By the signer's own clock: the beginning of the second it names.
    pub claimed_from_ms: Option<TimeMs>,
    /// The end of that second, or `proven_ms` if that came first.
    pub claimed_ms: Option<TimeMs>,
    /// When the ledger recorded the signature or this very file: it existed then.
    pub proven_ms: Option<TimeMs>,
}

impl SigningTime {
    /// `second`: as the signer's clock named it. A signature that the ledger holds was made before that, whatever the clock said.
    pub fn new(second: Option<TimeMs>, proven_ms: Option<TimeMs>) -> Self {
        let cap = |time: TimeMs| proven_ms.map_or(time, |proven| proven.min(time));
        Self {
            claimed_from_ms: second.map(cap),
            claimed_ms: second.map(|time| cap(time.plus_ms(CLOCK_RESOLUTION_MS))),
            proven_ms,
        }
    }
}

/// What the ledger says about one signature of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignatureOnLedger {
    /// Its position among the signatures of the file.
    pub position: usize,
    pub time: SigningTime,
    /// Where a seal of this number stands, if one does.
    pub address: Option<SealAddress>,
    /// The seal as the ledger holds it now, with every change since it was filed.
    pub seal: Option<SealState>,
    pub recorded: Option<SealSignatureState>,
}

/// Entries of the trust list on the ledger, by the digest of their certificate.
pub type TrustEntries = BTreeMap<Digest, OverTime<TrustState>>;

/// Everything asked about one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerFacts {
    pub signatures: Vec<SignatureOnLedger>,
    pub trust: TrustEntries,
    /// Whether the caller's certificates hold every authority that the provinces trust now, as far as the node tells.
    pub has_every_authority: bool,
    /// Whether the provinces have put nothing on their trust list yet, as far as the node tells: then nothing says whom to believe.
    pub names_no_authority: bool,
}

/// Asks the ledger about the seals of a file, and about the certificates of `list` and the makers of the seals. `recorded` is when the
/// ledger recorded this very file, if it did.
///
/// # Errors
/// Those of [`Client::thing`].
pub async fn ask(
    client: &Client,
    examined: &Examined,
    list: Option<&TrustList>,
    recorded: Option<TimeMs>,
) -> Result<LedgerFacts, ClientError> {
    let mut facts = LedgerFacts::default();
    for (position, signature) in examined.report.signatures.iter().enumerate() {
        facts.signatures.push(ask_signature(client, examined, position, signature, recorded).await?);
    }
    let time = SigningTime {
        claimed_from_ms: facts.signatures.iter().filter_map(|signature| signature.time.claimed_from_ms).max(),
        claimed_ms: facts.signatures.iter().filter_map(|signature| signature.time.claimed_ms).max(),
        proven_ms: facts.signatures.iter().filter_map(|signature| signature.time.proven_ms).min(),
    };
    let seals = examined.report.signatures.iter().filter_map(|signature| signature.seal.as_ref());
    let makers = seals.filter_map(|seal| seal.maker.as_ref()).map(|maker| maker.sm3);
    let issuers = list.map(TrustList::issuer_digests).unwrap_or_default();
    for certificate in makers.chain(issuers.iter().copied()).collect::<BTreeSet<_>>() {
        let entry = over_time(client, &StateKey::Trust(certificate), time).await?;
        facts.trust.insert(certificate, entry);
    }
    if list.is_some() {
        (facts.has_every_authority, facts.names_no_authority) = authorities(client, &issuers).await?;
    }
    Ok(facts)
}

/// Whether every authority that the provinces trust now is among `issuers`; and whether they have put nothing on their trust list. The
/// list of entries is the node's word; each is proven.
async fn authorities(client: &Client, issuers: &[Digest]) -> Result<(bool, bool), ClientError> {
    let (mut page, mut is_empty) = (Page::default(), true);
    loop {
        let (_, listed) = client.nodes().things("trust", &page).await?;
        is_empty &= listed.things.is_empty();
        for thing in &listed.things {
            let Some(digest) = thing.name.rsplit('/').next().and_then(|digest| digest.parse().ok()) else { continue };
            if issuers.contains(&digest) {
                continue;
            }
            let entry: Option<TrustState> = state(client, &StateKey::Trust(digest), None).await?;
            if entry.is_some_and(|entry| entry.is_trusted(TrustRole::CertificateAuthority, clock())) {
                return Ok((false, false));
            }
        }
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return Ok((true, is_empty)),
        }
    }
}

async fn ask_signature(
    client: &Client,
    examined: &Examined,
    position: usize,
    signature: &SignatureReport,
    recorded: Option<TimeMs>,
) -> Result<SignatureOnLedger, ClientError> {
    let time = SigningTime::new(signature.sign_time, recorded);
    let mut found = SignatureOnLedger { position, time, ..SignatureOnLedger::default() };
    let candidates = signature.seal.as_ref().map(|seal| addresses(seal, signature)).unwrap_or_default();
    for address in candidates {
        let key = StateKey::Seal(address.province, address.seal.clone());
        let Some(now) = state::<SealState>(client, &key, None).await? else { continue };
        let is_this = is_registered_seal(&now, signature);
        if found.address.is_some() && !is_this {
            continue;
        }
        found.address = Some(address.clone());
        found.seal = Some(now);
        if !is_this {
            // A seal of another authority may bear the same number.
            continue;
        }
        if let Some(numbers) = &signature.signature {
            let algorithm = client.chain().algorithm();
            let reference = signature_reference(algorithm, &address, &examined.document.sha256, &numbers.e);
            found.recorded = state(client, &StateKey::SealSignature(reference), None).await?;
        }
        let of_signature = found.recorded.map(|recorded| recorded.recorded_ms);
        found.time = SigningTime::new(signature.sign_time, [of_signature, recorded].into_iter().flatten().min());
        break;
    }
    Ok(found)
}

/// Whether the seal in a file is the filed one: maker, signer and key.
pub(super) fn is_registered_seal(state: &SealState, signature: &SignatureReport) -> bool {
    let maker = signature.seal.as_ref().and_then(|seal| seal.maker.as_ref());
    let is_maker = maker.is_none_or(|maker| maker.sm3 == state.seal.maker_certificate);
    let is_signer = signature.signer.as_ref().is_none_or(|signer| state.seal.certificates.contains(&signer.sm3));
    let key = signature.signature.as_ref().map(|numbers| PublicKey::Sm2(numbers.point));
    is_maker && is_signer && key.is_none_or(|key| state.seal.keys.contains(&key))
}

async fn over_time<T: BorshSerialize + BorshDeserialize>(
    client: &Client,
    key: &StateKey,
    time: SigningTime,
) -> Result<OverTime<T>, ClientError> {
    Ok(OverTime {
        claimed: past(client, key, time.claimed_ms).await?,
        proven: past(client, key, time.proven_ms).await?,
        now: state(client, key, None).await?,
    })
}

/// The state at a time; none before the chain began.
async fn past<T: BorshSerialize + BorshDeserialize>(
    client: &Client,
    key: &StateKey,
    time: Option<TimeMs>,
) -> Result<Option<T>, ClientError> {
    match time {
        // Block times of the nodes may be a little ahead of this machine's clock.
        Some(time) if time >= clock() => state(client, key, None).await,
        Some(time) if time > client.genesis().time => match state(client, key, Some(time)).await {
            // Before the first block there was nothing, and nothing that could be proven.
            Err(ClientError::Refused { status: 404, .. }) => Ok(None),
            Err(ClientError::ProofMismatch { .. }) if is_before_first_block(client, time).await => Ok(None),
            answer => answer,
        },
        _ => Ok(None),
    }
}

/// The node's word: what it leaves unknown makes no answer better.
async fn is_before_first_block(client: &Client, time: TimeMs) -> bool {
    client.nodes().header(Some(1)).await.is_ok_and(|first| time.0 < first.time_ms)
}

async fn state<T: BorshSerialize + BorshDeserialize>(
    client: &Client,
    key: &StateKey,
    as_of: Option<TimeMs>,
) -> Result<Option<T>, ClientError> {
    let question = ThingQuestion { as_of, ..ThingQuestion::now(key.clone()) };
    client.thing(&question).await?.state_as()
}
