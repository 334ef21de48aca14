//! What this machine can do at all, measured in the same run: an absolute result on a shared machine varies by a factor
//! of two, its ratio to these does not.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use huxin_chain_spec::crypto::{
    BatchItem, Digest, DigestAlgorithm, SignatureScheme, SignedAs, Signer as _, SigningKey, transaction_message,
    verify_batch, verify_seal,
};
use huxin_chain_spec::ids::TxId;

use super::http::LightConnection;
use super::measure::rounded;
use crate::error::ClientError;
use crate::testnet::Network;

/// Time spent on each yardstick.
const SPAN: Duration = Duration::from_millis(1_000);
/// Signatures in one batch.
const BATCH: usize = 256;
/// Bytes of one synced append: a small block.
const APPEND_BYTES: usize = 16 * 1024;
/// Connections that ask for the shortest possible answer.
const HTTP_CONNECTIONS: usize = 64;

/// All yardsticks, per second.
pub async fn measure(network: &Network, key: &SigningKey) -> Result<BTreeMap<String, f64>, ClientError> {
    let folder = network.genesis.parent().unwrap_or(Path::new("."));
    Ok(BTreeMap::from([
        (format!("{}_batch_verify_per_s", scheme_name(key)), batch_verify_per_s(key)),
        ("sm2_verify_per_s".to_owned(), sm2_verify_per_s()),
        ("synced_append_16k_per_s".to_owned(), synced_append_per_s(folder)?),
        ("http_health_per_s".to_owned(), http_per_s(network).await),
    ]))
}

/// Signatures verified per second and core, in batches, under one key.
fn batch_verify_per_s(key: &SigningKey) -> f64 {
    let items: Vec<BatchItem> = (0..BATCH)
        .map(|n| {
            let tx_id = TxId(DigestAlgorithm::Sha256.plain(&[&n.to_le_bytes()]));
            let (key, signature) = (key.public_key(), key.sign_transaction(&tx_id));
            BatchItem { role: SignedAs::Transaction, key, message: transaction_message(&tx_id), signature }
        })
        .collect();
    let (started, mut batches) = (Instant::now(), 0u32);
    while started.elapsed() < SPAN {
        batches += u32::from(verify_batch(&items).is_empty());
    }
    per_s(f64::from(batches) * f64::from(u32::try_from(BATCH).unwrap_or(0)), started)
}

fn scheme_name(key: &SigningKey) -> &'static str {
    match key.public_key().scheme() {
        SignatureScheme::Ed25519 => "ed25519",
        SignatureScheme::Sm2 => "sm2",
    }
}

/// SM2 signatures of a seal verified per second and core.
fn sm2_verify_per_s() -> f64 {
    let Some(key) = SigningKey::from_secret(SignatureScheme::Sm2, [7; 32]) else { return 0.0 };
    let (public, message) = (key.public_key(), Digest([9; 32]));
    let signature = key.sign_seal(&message);
    let (started, mut verified) = (Instant::now(), 0u32);
    while started.elapsed() < SPAN {
        verified += u32::from(verify_seal(&public, &message, &signature));
    }
    per_s(f64::from(verified), started)
}

/// Appends of [`APPEND_BYTES`] with `fdatasync`, one after the other, on the disk that holds the network.
fn synced_append_per_s(folder: &Path) -> Result<f64, ClientError> {
    let path = folder.join("yardstick.tmp");
    let failed = |error| ClientError::file("cannot write", &path, error);
    let mut file = std::fs::File::create(&path).map_err(failed)?;
    let (bytes, started, mut appends) = (vec![7; APPEND_BYTES], Instant::now(), 0u32);
    while started.elapsed() < SPAN {
        file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(failed)?;
        appends += 1;
    }
    let rate = per_s(f64::from(appends), started);
    std::fs::remove_file(&path).map_err(failed)?;
    Ok(rate)
}

/// Answers of `/health` per second over all nodes: HTTP and nothing else, generator included.
async fn http_per_s(network: &Network) -> f64 {
    let started = Instant::now();
    let asking = (0..HTTP_CONNECTIONS).map(|position| {
        let operations = network.nodes.get(position % network.nodes.len().max(1)).map(|node| node.operations.clone());
        async move {
            let mut answers = 0u32;
            let Some(operations) = operations else { return answers };
            let address = operations.trim_start_matches("http://");
            let Ok(mut connection) = LightConnection::connect(address).await else { return answers };
            while started.elapsed() < SPAN {
                match connection.get("/health").await {
                    Ok(answer) if answer.status == 200 => answers += 1,
                    _ => break,
                }
            }
            answers
        }
    });
    let answers: u32 = futures::future::join_all(asking).await.into_iter().sum();
    per_s(f64::from(answers), started)
}

fn per_s(count: f64, started: Instant) -> f64 {
    rounded(count / started.elapsed().as_secs_f64().max(1e-9))
}
