//! The workload of cases: each writer takes cases of its own from collection to the closing by the deciding agency, one step
//! of all of them per transaction; then it begins with new ones.

use std::sync::atomic::AtomicU64;
use std::time::Instant;

use huxin_chain_spec::crypto::Digest;
use huxin_chain_spec::ids::{CaseRef, ItemCode, MaterialCode};
use huxin_chain_spec::record::case::{Collection, DeliveryChannel, IdentityCheck, Matter, Step};
use huxin_chain_spec::record::publication::{
    CaseMode, Guide, Item, PublicationBody, PublicationKey, PublicationKind, Scope,
};
use huxin_chain_spec::record::{CaseOperation, Operation, PublicationOperation};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::publication::PublicationState;
use rand::Rng as _;
use rand::rngs::StdRng;

use super::http::LightConnection;
use super::load::{Tally, Target, Window, sign, submit};
use super::measure::micros;
use crate::error::ClientError;
use crate::sdk::{Client, ThingQuestion};

/// Code of the item in every province's catalogue, without the agency.
const CATALOGUE_CODE: &str = "3370117002011";
/// Its basic code, the same in every province.
const BASIC_CODE: &str = "370117002011";
const MATERIALS: [&str; 2] = ["M1", "M2"];
/// Steps of a case from collection to the end.
pub const STEPS: usize = 9;

/// The item of a target's agency, and its name.
fn item(target: &Target) -> Result<(ItemCode, PublicationKey), ClientError> {
    let bad = |error: huxin_chain_spec::ids::IdError| ClientError::input("item", error);
    let text = format!("{}{CATALOGUE_CODE}", target.issuer);
    let scope = Scope::Province(target.region.province());
    let code = text.parse().map_err(bad)?;
    Ok((text.parse().map_err(bad)?, PublicationKey { kind: PublicationKind::Item, scope, code }))
}

fn materials() -> Result<Vec<MaterialCode>, ClientError> {
    MATERIALS.iter().map(|code| code.parse().map_err(|error| ClientError::input("material", error))).collect()
}

/// Publishes item and guide of every target's agency if that has not been done.
pub async fn publish(targets: &[Target], client: &Client, height: &AtomicU64) -> Result<(), ClientError> {
    for target in targets {
        let (code, key) = item(target)?;
        let held = client.thing(&ThingQuestion::now(StateKey::Publication(key.clone()))).await?;
        if held.state_as::<PublicationState>()?.is_some() {
            continue;
        }
        let item = Item {
            item: code.clone(),
            basic_code: BASIC_CODE.parse().map_err(|error| ClientError::input("item", error))?,
            common_elements: Digest([1; 32]),
            modes: vec![CaseMode::CollectOnBehalf],
            promised_days: 10,
            acknowledge_days: 2,
            correction_days: 5,
            visits_max: 1,
        };
        let guide = Guide {
            item: code,
            materials: materials()?,
            tolerance: Vec::new(),
            tolerance_days: 0,
            document: Digest([2; 32]),
        };
        let guide_key = PublicationKey { kind: PublicationKind::Guide, ..key.clone() };
        let publish =
            |publication, body| Operation::Publication(PublicationOperation::Publish { publication, version: 1, body });
        let operations =
            vec![publish(key, PublicationBody::Item(item)), publish(guide_key, PublicationBody::Guide(guide))];
        let mut connection = LightConnection::connect(&target.address)
            .await
            .map_err(|error| ClientError::Local { what: "cannot connect", reason: error.to_string() })?;
        submit(&mut connection, &sign(target, operations, height)?, height, &mut Tally::default())
            .await
            .map_err(|reason| ClientError::Local { what: "cannot publish the item", reason })?;
    }
    Ok(())
}

/// Takes cases from `origin` to `receiver` to their closing, `count` at a time, until the window closes.
pub async fn carry(
    (origin, receiver): (Target, Target),
    count: usize,
    window: Window,
    height: &AtomicU64,
    mut random: StdRng,
) -> Tally {
    let mut tally = Tally::default();
    let mut connection = match LightConnection::connect(&origin.address).await {
        Ok(connection) => connection,
        Err(error) => {
            tally.fail(error);
            return tally;
        }
    };
    while Instant::now() < window.until {
        let mut digest = || {
            let mut bytes = [0; 32];
            random.fill_bytes(&mut bytes);
            Digest(bytes)
        };
        let cases: Vec<(Digest, Digest)> = (0..count).map(|_| (digest(), digest())).collect();
        for number in 0..STEPS {
            let started = Instant::now();
            if started >= window.until {
                break;
            }
            let outcome = match transaction(&origin, &receiver, &cases, number, height) {
                Ok(transaction) => submit(&mut connection, &transaction, height, &mut tally).await,
                Err(error) => Err(error.to_string()),
            };
            match outcome {
                Ok(()) if window.counts(Instant::now()) => {
                    tally.latencies_us.push(micros(started.elapsed()));
                    tally.done += count as u64;
                }
                Ok(()) => {}
                Err(reason) => {
                    tally.fail(reason);
                    return tally;
                }
            }
        }
    }
    tally
}

/// Step `number` of all these cases, signed by the party whose step it is.
fn transaction(
    origin: &Target,
    receiver: &Target,
    cases: &[(Digest, Digest)],
    number: usize,
    height: &AtomicU64,
) -> Result<crate::sdk::SignedTransaction, ClientError> {
    let operations = cases
        .iter()
        .map(|(name, root)| step(origin, *name, *root, number, receiver).map(Operation::Case))
        .collect::<Result<Vec<_>, ClientError>>()?;
    // Collection, check and hand-over are the origin's; the rest is the deciding agency's.
    sign(if number < 3 { origin } else { receiver }, operations, height)
}

fn step(
    origin: &Target,
    name: Digest,
    root: Digest,
    number: usize,
    receiver: &Target,
) -> Result<CaseOperation, ClientError> {
    let case = CaseRef::owned(origin.signer.algorithm(), &origin.issuer, &name);
    let step = Step { case, mandate: None };
    Ok(match number {
        0 => {
            let (_, item) = item(receiver)?;
            let matter =
                Matter { agency: receiver.issuer, item, item_version: 1, guide_version: 1, duty_version: None };
            CaseOperation::Collect(Box::new(Collection {
                step,
                name,
                mode: CaseMode::CollectOnBehalf,
                matter,
                materials: materials()?,
                subject: Some(root),
                bundle: None,
                policy: None,
            }))
        }
        1 => CaseOperation::Check { step, identity: IdentityCheck::Window, formal: root },
        2 => CaseOperation::Send { step, to: receiver.issuer, material_root: root },
        3 => CaseOperation::Acknowledge { step, material_root: root },
        4 => CaseOperation::Accept { step },
        5 => CaseOperation::Grant { step, decision: root },
        6 => CaseOperation::Result { step, licence: None, document: root },
        7 => CaseOperation::Deliver { step, channel: DeliveryChannel::Online, commitment: root },
        _ => CaseOperation::Close { step },
    })
}
