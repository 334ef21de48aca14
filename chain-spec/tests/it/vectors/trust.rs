//! Vectors of the way to the validators: paths, heads, and receipts judged from more than the genesis.

use huxin_chain_spec::codec;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::receipt::{Anchors, NoKnownHeaders, Receipt, ReceiptError, TrustPath, TrustedHead};
use serde_json::{Value, json};

use super::golden;
use crate::support::*;
use crate::trust_path::Life;

/// A file judged by somebody who knows these sets, by number, and pinned one of them.
struct Judged<'a> {
    life: &'a Life,
    known: &'a [usize],
    pinned: Option<usize>,
}

impl Judged<'_> {
    fn anchors(&self) -> Anchors {
        let mut anchors = Anchors::of_genesis(self.life.root());
        for number in self.known {
            let (height, set) = self.life.set(*number);
            anchors.know(height, set.clone());
        }
        if let Some(number) = self.pinned {
            let (height, set) = self.life.set(number);
            anchors.pin(height, set.clone());
        }
        anchors
    }

    fn value(&self, name: &str, file: &[u8], expected: Result<Value, Code>) -> Value {
        let anchors = self.anchors();
        let found: Result<Value, ReceiptError> = match &file[..7] {
            b"HUXINRC" => Receipt::from_bytes(file)
                .and_then(|receipt| receipt.verify_with(&anchors, &NoKnownHeaders))
                .map(|proven| json!({ "block": proven.block })),
            b"HUXINTH" => TrustedHead::from_bytes(file)
                .and_then(|head| head.verify(&anchors).map(|block| (block, head)))
                .map(|(block, head)| json!({ "block": block, "height": head.header.height })),
            _ => TrustPath::from_bytes(file).and_then(|path| {
                let (height, set) = path.verify(&anchors)?;
                Ok(json!({ "height": height, "validators": hex::encode(codec::encode(set)) }))
            }),
        };
        let code = found.as_ref().err().map(ReceiptError::code);
        assert_eq!(code, expected.as_ref().err().copied(), "{name}: {found:?}");
        let known: Vec<Value> = self
            .known
            .iter()
            .chain(&self.pinned)
            .map(|number| {
                let (height, set) = self.life.set(*number);
                json!({ "height": height, "validators": hex::encode(codec::encode(set)) })
            })
            .collect();
        json!({
            "name": name, "file": hex::encode(file), "trust_root": self.life.root(), "known": known,
            "pinned": self.pinned.map(|number| self.life.set(number).0), "proves": found.ok(), "code": code,
        })
    }
}

#[test]
fn ways_to_the_validators() {
    let mut life = Life::new();
    for turn in 0..10 {
        life.rotate(turn % 4, Some((turn + 2) % 4));
    }
    let newest = life.newest();
    let head = life.head_at(9);
    let whole = life.path(Height(0), life.set(10).0.next());
    let part = life.path(life.set(6).0, life.set(10).0.next());
    let mut spoilt_path = part.clone();
    spoilt_path.steps[0].certificate.signatures.truncate(1);
    let mut other_set = part.clone();
    other_set.validators = life.set(2).1.clone();
    let mut falling = whole.clone();
    falling.steps.reverse();
    let over = newest.trust.steps[0].header.validators_hash != newest.trust.validators.hash(SHA256);
    assert!(over || newest.trust.since > Height(0), "a step that passes over a change, or a way that begins later");

    let from = |known: &'static [usize], pinned| Judged { life: &life, known, pinned };
    let (genesis, at_6, at_10, pin_8) = (from(&[], None), from(&[6], None), from(&[10], None), from(&[], Some(8)));
    let holds = || Ok(Value::Null);
    let cases = vec![
        genesis.value(
            "a receipt whose way begins later than the genesis",
            &newest.to_bytes(),
            Err(Code::ReceiptPathNeeded),
        ),
        at_10.value("the same, by who knows its set", &newest.to_bytes(), holds()),
        genesis.value("the receipt of an early height", &life.receipt_after(1).to_bytes(), holds()),
        pin_8.value(
            "the same, by who pinned a later head",
            &life.receipt_after(1).to_bytes(),
            Err(Code::ReceiptBeforePinned),
        ),
        pin_8.value("the newest, by who pinned an earlier head", &newest.to_bytes(), holds()),
        at_6.value(
            "signed by a set that was replaced before",
            &life.receipt_of_old_keys(4).to_bytes(),
            Err(Code::ReceiptRetiredSigners),
        ),
        genesis.value("the whole way", &whole.to_bytes(), holds()),
        genesis.value(
            "a part of the way, by who knows the genesis alone",
            &part.to_bytes(),
            Err(Code::ReceiptPathNeeded),
        ),
        at_6.value("a part of the way, by who knows where it begins", &part.to_bytes(), holds()),
        at_6.value("a step that too few signed", &spoilt_path.to_bytes(), Err(Code::ReceiptBadTransition)),
        at_6.value("another set at a known height", &other_set.to_bytes(), Err(Code::ReceiptHeaderMismatch)),
        genesis.value("heights that fall", &falling.to_bytes(), Err(Code::ReceiptBadTransition)),
        at_6.value("a head", &head.to_bytes(), holds()),
        genesis.value(
            "a head that too few signed",
            &{
                let mut early = life.head_at(1);
                early.certificate.signatures.truncate(2);
                early.to_bytes()
            },
            Err(Code::ReceiptQuorumNotReached),
        ),
        genesis.value("a path of a newer version", b"HUXINTP2", Err(Code::ReceiptNewerVersion)),
    ];
    golden("trust_paths", cases);
}
