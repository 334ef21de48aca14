//! What the ledger says about the seals and certificates of a file: every state proven under the pinned trust root.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::seal::{SealAddress, signature_reference};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::governance::TrustState;
use huxin_chain_spec::state::seal::{SealSignatureState, SealState};
use huxin_document::TrustList;
use huxin_document::report::SignatureReport;

use super::read::Examined;
use super::signature::addresses;
use crate::error::ClientError;
use crate::sdk::{Client, ThingQuestion, clock};

/// A thing at two times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThenAndNow<T> {
    /// At the time of signing; `None` if the ledger did not hold it, or did not exist yet.
    pub then: Option<T>,
    pub now: Option<T>,
}

/// What the ledger says about one signature of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureOnLedger {
    /// Its position among the signatures of the file.
    pub position: usize,
    pub address: Option<SealAddress>,
    /// The time that counts as that of signing: when the signature was recorded, or else the signer's own word.
    pub signed_ms: Option<TimeMs>,
    pub seal: ThenAndNow<SealState>,
    pub recorded: Option<SealSignatureState>,
}

/// Entries of the trust list on the ledger, by the digest of their certificate.
pub type TrustEntries = BTreeMap<Digest, ThenAndNow<TrustState>>;

/// Everything asked about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerFacts {
    pub signatures: Vec<SignatureOnLedger>,
    pub trust: TrustEntries,
}

/// Asks the ledger about the seals of a file, and about the certificates of `list` and the makers of the seals.
///
/// # Errors
/// Those of [`Client::thing`].
pub async fn ask(client: &Client, examined: &Examined, list: Option<&TrustList>) -> Result<LedgerFacts, ClientError> {
    let mut facts = LedgerFacts { signatures: Vec::new(), trust: TrustEntries::new() };
    for (position, signature) in examined.report.signatures.iter().enumerate() {
        if signature.seal.is_some() {
            facts.signatures.push(ask_signature(client, examined, position, signature).await?);
        }
    }
    let signed = facts.signatures.iter().filter_map(|signature| signature.signed_ms).max();
    let seals = examined.report.signatures.iter().filter_map(|signature| signature.seal.as_ref());
    let makers = seals.filter_map(|seal| seal.maker.as_ref()).map(|maker| maker.sm3);
    let roots = list.into_iter().flat_map(TrustList::roots).map(|root| root.sm3());
    for certificate in makers.chain(roots).collect::<BTreeSet<_>>() {
        let entry = then_and_now(client, &StateKey::Trust(certificate), signed).await?;
        facts.trust.insert(certificate, entry);
    }
    Ok(facts)
}

async fn ask_signature(
    client: &Client,
    examined: &Examined,
    position: usize,
    signature: &SignatureReport,
) -> Result<SignatureOnLedger, ClientError> {
    let mut found = SignatureOnLedger {
        position,
        address: None,
        signed_ms: signature.sign_time,
        seal: ThenAndNow { then: None, now: None },
        recorded: None,
    };
    let candidates = signature.seal.as_ref().map(|seal| addresses(seal, signature)).unwrap_or_default();
    for address in candidates {
        let key = StateKey::Seal(address.province, address.seal.clone());
        let Some(now) = state(client, &key, None).await? else { continue };
        if let Some(numbers) = &signature.signature {
            let algorithm = client.chain().algorithm();
            let reference = signature_reference(algorithm, &address, &examined.document.sha256, &numbers.e);
            found.recorded = state(client, &StateKey::SealSignature(reference), None).await?;
        }
        if let Some(recorded) = &found.recorded {
            found.signed_ms = Some(recorded.recorded_ms);
        }
        let then = past(client, &key, found.signed_ms).await?;
        found.seal = ThenAndNow { then, now: Some(now) };
        found.address = Some(address);
        break;
    }
    Ok(found)
}

async fn then_and_now<T: BorshSerialize + BorshDeserialize>(
    client: &Client,
    key: &StateKey,
    time: Option<TimeMs>,
) -> Result<ThenAndNow<T>, ClientError> {
    Ok(ThenAndNow { then: past(client, key, time).await?, now: state(client, key, None).await? })
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
            // Before the first block there was nothing.
            Err(ClientError::Refused { status: 404, .. }) => Ok(None),
            answer => answer,
        },
        _ => Ok(None),
    }
}

async fn state<T: BorshSerialize + BorshDeserialize>(
    client: &Client,
    key: &StateKey,
    as_of: Option<TimeMs>,
) -> Result<Option<T>, ClientError> {
    let question = ThingQuestion { as_of, ..ThingQuestion::now(key.clone()) };
    client.thing(&question).await?.state_as()
}
