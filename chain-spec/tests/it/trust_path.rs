//! The way to the validators over long histories: it stays short, it holds, and old keys do not lengthen it.

use huxin_chain_spec::block::Header;
use huxin_chain_spec::certificate::{Certificate, Validator, ValidatorSet};
use huxin_chain_spec::codec;
use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{Digest, Signer as _, SigningKey};
use huxin_chain_spec::ids::Height;
use huxin_chain_spec::receipt::{
    Anchors, NoKnownHeaders, Receipt, ReceiptError, STEPS_BYTES_MAX, SetHistory, Step, TrustPath, TrustedHead,
};
use proptest::prelude::*;

use crate::receipts::{founded, root};
use crate::support::*;

/// A long life of a chain of which only the headers that announce other validators were kept.
pub struct Life {
    network: Network,
    /// A receipt of the young chain, whose log and map roots every later header repeats.
    young: Receipt,
    history: SetHistory,
    /// The keys of each set and the set, by the height after which it decides.
    sets: Vec<(Height, Vec<SigningKey>, ValidatorSet)>,
    tip: Header,
}

/// Heights from one change to the next.
const APART: u64 = 10;

fn set_of(keys: &[SigningKey], provinces: &[Province]) -> ValidatorSet {
    let of = |(number, key): (usize, &SigningKey)| Validator {
        key: key.public_key(),
        power: 1,
        province: provinces[number % provinces.len()].code,
    };
    ValidatorSet::new(keys.iter().enumerate().map(of).collect())
}

impl Life {
    pub fn new() -> Self {
        let (network, index) = founded();
        let keys: Vec<SigningKey> = network.provinces.iter().map(|one| one.consensus.clone()).collect();
        let history = SetHistory::new(network.genesis.commitment(), network.genesis.validators());
        let young = network.receipt(index, At::Newest);
        let tip = young.header.clone();
        let sets = vec![(Height(0), keys, network.genesis.validators())];
        Self { network, young, history, sets, tip }
    }

    pub fn root(&self) -> Digest {
        root(&self.network)
    }

    fn keys(&self) -> Vec<SigningKey> {
        self.sets.last().unwrap().1.clone()
    }

    /// Signs as the members numbered by `signers` of these keys.
    fn certificate(header: &Header, keys: &[SigningKey], signers: &[usize]) -> Certificate {
        let of = |number: &usize| &keys[*number % keys.len()];
        let mut certificate = certify(SHA256, header, &signers.iter().map(of).collect::<Vec<_>>());
        certificate.normalise();
        certificate
    }

    /// A header some way on, which announces `next`.
    fn header_after(&self, next: &ValidatorSet) -> Header {
        Header {
            height: Height(self.tip.height.0 + APART),
            time_ms: self.tip.time_ms.plus_ms(APART * BLOCK_MS),
            parent: self.tip.hash(SHA256),
            validators_hash: self.sets.last().unwrap().2.hash(SHA256),
            next_validators_hash: next.hash(SHA256),
            ..self.tip.clone()
        }
    }

    /// One change of the set, certified by these members of the one before.
    pub fn change(&mut self, keys: Vec<SigningKey>, signers: &[usize]) {
        let next = set_of(&keys, &self.network.provinces);
        let header = self.header_after(&next);
        let certificate = Self::certificate(&header, &self.keys(), signers);
        self.history.push(Step { header: header.clone(), certificate, next: next.clone() });
        self.sets.push((header.height, keys, next));
        self.tip = header;
    }

    /// Validator `number` takes a key of its own; all but `absent` sign.
    pub fn rotate(&mut self, number: usize, absent: Option<usize>) {
        let mut keys = self.keys();
        keys[number] = key(&format!("rotated {number} at {}", self.tip.height));
        let signers: Vec<usize> = (0..keys.len()).filter(|signer| Some(*signer) != absent).collect();
        self.change(keys, &signers);
    }

    /// A receipt under the set that decides after change `number`, as a node makes it.
    pub fn receipt_after(&self, number: usize) -> Receipt {
        let (since, keys, set) = &self.sets[number];
        let header = Header {
            height: since.next(),
            validators_hash: set.hash(SHA256),
            next_validators_hash: set.hash(SHA256),
            ..self.tip.clone()
        };
        let certificate = Self::certificate(&header, keys, &(0..keys.len()).collect::<Vec<_>>());
        Receipt { trust: self.history.path_to(header.height), header, certificate, ..self.young.clone() }
    }

    /// A receipt dated after everything, signed by the set that decided after change `number`.
    pub fn receipt_of_old_keys(&self, number: usize) -> Receipt {
        let (_, keys, set) = &self.sets[number];
        let early = self.receipt_after(number);
        let header = Header {
            height: Height(self.tip.height.0 + APART),
            validators_hash: set.hash(SHA256),
            next_validators_hash: set.hash(SHA256),
            ..self.tip.clone()
        };
        let certificate = Self::certificate(&header, keys, &[0, 1, 2, 3]);
        Receipt { header, certificate, ..early }
    }

    /// The set after change `number` and the height after which it decides.
    pub fn set(&self, number: usize) -> (Height, &ValidatorSet) {
        (self.sets[number].0, &self.sets[number].2)
    }

    pub fn path(&self, known: Height, height: Height) -> TrustPath {
        self.history.path_between(known, height, usize::MAX).unwrap()
    }

    /// The head that announces the set after change `number`.
    pub fn head_at(&self, number: usize) -> TrustedHead {
        let change = self.path(self.sets[number - 1].0, self.sets[number].0.next()).steps.pop().unwrap();
        let trust = self.history.path_to(change.header.height);
        TrustedHead { trust, header: change.header, certificate: change.certificate, next: Some(change.next) }
    }

    pub fn newest(&self) -> Receipt {
        self.receipt_after(self.sets.len() - 1)
    }

    /// Follows the pages of the way from what is known to the set that decides at `height`.
    pub fn follow(&self, anchors: &mut Anchors, height: Height) -> usize {
        let mut pages = 0;
        loop {
            let known = anchors.newest().map_or(Height(0), |(known, _)| known);
            let page = self.history.path_between(known, height, 200 * 1024).unwrap();
            let page = TrustPath::from_bytes(&page.to_bytes()).unwrap();
            let (end, _) = page.verify(anchors).unwrap();
            anchors.learn(&page);
            pages += 1;
            if page.steps.is_empty() || self.history.path_between(end, height, 1).unwrap().steps.is_empty() {
                return pages;
            }
        }
    }
}

fn check(receipt: &Receipt, anchors: &Anchors) -> Result<(), ReceiptError> {
    Receipt::from_bytes(&receipt.to_bytes())?.verify_with(anchors, &NoKnownHeaders).map(drop)
}

fn refused(receipt: &Receipt, anchors: &Anchors) -> Code {
    check(receipt, anchors).unwrap_err().code()
}

/// F1: four validators take new keys a thousand times. A receipt stays short, and holds once the way was fetched.
#[test]
fn after_a_thousand_changes_a_receipt_is_short_and_holds() {
    let mut life = Life::new();
    for turn in 0..1_000 {
        life.rotate(turn % 4, Some((turn + 1 + turn / 4) % 4));
    }
    let receipt = life.newest();
    assert!(receipt.to_bytes().len() <= 7 * 1024, "{} bytes", receipt.to_bytes().len());
    let mut anchors = Anchors::of_genesis(life.root());
    let ReceiptError::PathNeeded { known: 0, .. } = check(&receipt, &anchors).unwrap_err() else { panic!() };
    assert_eq!(refused(&receipt, &anchors), Code::ReceiptPathNeeded);
    let pages = life.follow(&mut anchors, receipt.header.height);
    assert!((2..=8).contains(&pages), "{pages} pages");
    check(&receipt, &anchors).unwrap();
    // What was learnt once serves every later receipt, by its own last steps.
    life.rotate(0, None);
    check(&life.newest(), &anchors).unwrap();
}

/// F1: one province takes a new key a thousand times. The others vouch for all of it in one step.
#[test]
fn one_province_that_rotates_a_thousand_times_costs_one_step() {
    let mut life = Life::new();
    for _ in 0..1_000 {
        life.rotate(2, None);
    }
    let receipt = life.newest();
    assert_eq!((receipt.trust.since, receipt.trust.steps.len()), (Height(0), 1));
    check(&receipt, &Anchors::of_genesis(life.root())).unwrap();
    assert_eq!(life.history.length().0, 1);
}

/// A step stands on a quorum of the set before it, whoever else signed.
#[test]
fn a_step_needs_a_quorum_of_the_known_set() {
    let mut life = Life::new();
    for number in 0..3 {
        life.rotate(number, None);
    }
    let receipt = life.newest();
    let genesis = Anchors::of_genesis(life.root());
    check(&receipt, &genesis).unwrap();
    assert_eq!(receipt.trust.steps.len(), 2, "two of four founders are left, which is no quorum");
    let mut over = receipt.clone();
    over.trust.steps.remove(0);
    assert_eq!(refused(&over, &genesis), Code::ReceiptBadTransition);
    // A signature of a member counts only if it holds, whatever the others did.
    let mut spoilt = life.receipt_after(1);
    check(&spoilt, &genesis).unwrap();
    let signatures = &mut spoilt.trust.steps[0].certificate.signatures;
    signatures[0].signature = signatures[1].signature;
    assert_eq!(refused(&spoilt, &genesis), Code::ReceiptBadTransition);
}

/// P7: keys that were retired sign a later header over the old roots.
#[test]
fn old_keys_make_a_receipt_dated_after_they_were_rotated() {
    let mut life = Life::new();
    let founders = life.keys();
    for number in 0..4 {
        life.rotate(number, None);
    }
    let forged_at = |height: Height, steps: Vec<Step>| {
        let header =
            Header { height, next_validators_hash: life.young.header.validators_hash, ..life.young.header.clone() };
        let certificate = Life::certificate(&header, &founders, &[0, 1, 2, 3]);
        let trust = TrustPath { steps, ..life.young.trust.clone() };
        Receipt { trust, header, certificate, ..life.young.clone() }
    };
    let tomorrow = forged_at(Height(life.tip.height.0 + 7), Vec::new());
    let genesis = Anchors::of_genesis(life.root());
    check(&tomorrow, &genesis).expect("who knows the genesis alone cannot tell");
    // Who learnt of the change, from any receipt or head, refuses it.
    let mut learnt = genesis.clone();
    learnt.learn(&life.newest().trust);
    assert_eq!(refused(&tomorrow, &learnt), Code::ReceiptRetiredSigners);
    // Nor can old keys announce a set of their own beside the one that is known.
    let own: Vec<SigningKey> = (0..4).map(|number| key(&format!("liar {number}"))).collect();
    let set = set_of(&own, &life.network.provinces);
    let known = learnt.newest().unwrap().0;
    for height in [known.0 - 5, known.0, known.0 + 5].map(Height) {
        let announcing = Header { height, next_validators_hash: set.hash(SHA256), ..life.young.header.clone() };
        let certificate = Life::certificate(&announcing, &founders, &[0, 1, 2, 3]);
        let step = Step { header: announcing, certificate, next: set.clone() };
        let mut forged = forged_at(Height(known.0 + 9), vec![step]);
        forged.header.validators_hash = set.hash(SHA256);
        forged.header.next_validators_hash = set.hash(SHA256);
        forged.certificate = Life::certificate(&forged.header, &own, &[0, 1, 2, 3]);
        let code = refused(&forged, &learnt);
        // A step that the known set does not vouch for is never taken: the way from there would have to be shown.
        let expected = [Code::ReceiptRetiredSigners, Code::ReceiptPathNeeded, Code::ReceiptHeaderMismatch];
        assert!(expected.contains(&code), "{height}: {code:?}");
        // And what such a path names is never learnt.
        let mut more = learnt.clone();
        more.learn(&TrustPath { steps: vec![forged.trust.steps[0].clone()], ..forged.trust.clone() });
        assert!(height > known || more == learnt, "only forward");
    }
}

/// P7: a pinned head ends what older keys can say, a later receipt is as good as ever, and a pin never moves back.
#[test]
fn a_pinned_head_refuses_what_ends_before_it() {
    let mut life = Life::new();
    for turn in 0..12 {
        life.rotate(turn % 4, None);
    }
    let (old, new) = (life.receipt_after(3), life.newest());
    let at = life.sets[8].0;
    let mut anchors = Anchors::of_genesis(life.root());
    anchors.pin(at, life.sets[8].2.clone());
    assert_eq!(refused(&old, &anchors), Code::ReceiptBeforePinned);
    check(&old, &anchors.without_pin()).unwrap();
    check(&new, &anchors).unwrap();
    anchors.pin(life.sets[2].0, life.sets[2].2.clone());
    assert_eq!(anchors.pinned(), Some(at));
    let early = life.path(Height(0), life.sets[3].0.next());
    assert_eq!(early.verify(&anchors).unwrap().0, life.sets[3].0, "a path may end before the pin");
    let mut other = new;
    other.trust = life.history.path_to(at.next());
    other.trust.steps.last_mut().unwrap().next = life.sets[1].2.clone();
    assert_eq!(refused(&other, &anchors), Code::ReceiptHeaderMismatch, "another set at the pinned height");
}

/// A head is verified from what is known, or taken for its hash, and then leads on.
#[test]
fn a_head_is_verified_and_pinned() {
    let mut life = Life::new();
    for turn in 0..40 {
        life.rotate(turn % 4, None);
    }
    let head = TrustedHead::from_bytes(&life.head_at(40).to_bytes()).unwrap();
    let genesis = Anchors::of_genesis(life.root());
    assert_eq!(head.verify(&genesis).unwrap_err().code(), Code::ReceiptPathNeeded);
    assert_eq!(head.verify_vouched(&life.root()).unwrap(), head.block());
    let mut anchors = genesis.clone();
    life.follow(&mut anchors, head.header.height);
    assert_eq!(head.verify(&anchors).unwrap(), head.block());
    let mut against = anchors.clone();
    against.know(head.header.height, life.sets[1].2.clone());
    assert_eq!(head.verify(&against).unwrap_err().code(), Code::ReceiptHeaderMismatch, "another set is known there");
    let mut pinned = genesis;
    pinned.pin(head.header.height, head.validators_after().clone());
    check(&life.newest(), &pinned).unwrap();
    let spoil = |spoil: fn(&mut TrustedHead)| {
        let mut spoilt = head.clone();
        spoil(&mut spoilt);
        spoilt.verify_vouched(&life.root()).unwrap_err().code()
    };
    assert_eq!(spoil(|head| head.next = None), Code::ReceiptHeaderMismatch);
    assert_eq!(spoil(|head| head.certificate.signatures.truncate(2)), Code::ReceiptQuorumNotReached);
    assert_eq!(spoil(|head| head.header.map_root = digest(1)), Code::ReceiptHeaderMismatch);
    assert_eq!(head.verify_vouched(&digest(1)).unwrap_err().code(), Code::ReceiptWrongTrustRoot);
    assert_eq!(TrustedHead::from_bytes(b"HUXINTH2").unwrap_err().code(), Code::ReceiptNewerVersion);
    assert_eq!(TrustPath::from_bytes(b"HUXINTP2").unwrap_err().code(), Code::ReceiptNewerVersion);
}

/// One change of a random life.
#[derive(Debug, Clone)]
enum Turn {
    Rotate(usize),
    Join,
    Leave(usize),
    Replace,
}

fn turns() -> impl Strategy<Value = Vec<(Turn, u64)>> {
    let turn = prop_oneof![
        6 => (0usize..8).prop_map(Turn::Rotate),
        1 => Just(Turn::Join),
        1 => (0usize..8).prop_map(Turn::Leave),
        1 => Just(Turn::Replace),
    ];
    proptest::collection::vec((turn, any::<u64>()), 1..60)
}

fn live(turns: &[(Turn, u64)]) -> Life {
    let mut life = Life::new();
    for (turn, chance) in turns {
        let mut keys = life.keys();
        let count = keys.len();
        let fresh = |number: usize| key(&format!("{number} at {}", life.tip.height));
        match turn {
            Turn::Rotate(number) => keys[number % count] = fresh(*number),
            Turn::Join if count < 8 => keys.push(fresh(count)),
            Turn::Leave(number) if count > 3 => drop(keys.remove(number % count)),
            Turn::Join | Turn::Leave(_) => keys[0] = fresh(0),
            Turn::Replace => keys = (0..count).map(fresh).collect(),
        }
        // The least quorum, beginning anywhere.
        let quorum = count * 2 / 3 + 1;
        let first = usize::try_from(chance % count as u64).unwrap();
        let signers: Vec<usize> = (first..first + quorum).collect();
        life.change(keys, &signers);
    }
    life
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever is known, a receipt of any height holds, or says that the way is missing and holds once it was fetched; and the set that
    /// it rests on is the one that decided.
    #[test]
    fn every_receipt_of_a_random_life_holds(turns in turns(), at in any::<prop::sample::Index>(), known in any::<prop::sample::Index>()) {
        let life = live(&turns);
        let number = at.index(life.sets.len());
        let receipt = life.receipt_after(number);
        prop_assert!(receipt.trust.steps.len() <= 1 || codec::encode(&receipt.trust.steps).len() <= STEPS_BYTES_MAX + 4);
        prop_assert_eq!(receipt.trust.validators_in_force(), &life.sets[number].2);
        let mut anchors = Anchors::of_genesis(life.root());
        let known = known.index(life.sets.len());
        if known > 0 {
            anchors.know(life.sets[known].0, life.sets[known].2.clone());
        }
        match check(&receipt, &anchors) {
            Ok(()) => {}
            Err(ReceiptError::PathNeeded { known: from, .. }) => {
                prop_assert!(from == 0 || from == life.sets[known].0.0);
                let page = life.history.path_between(Height(from), receipt.header.height, usize::MAX).unwrap();
                let fetched = Receipt { trust: page, ..receipt.clone() };
                prop_assert_eq!(fetched.verify_with(&anchors, &NoKnownHeaders).map(drop), Ok(()));
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
        // Another set of the chain cannot decide this height, whatever is known and whatever way is shown.
        let other = (number + 1) % life.sets.len();
        let (_, keys, set) = &life.sets[other];
        if *set != life.sets[number].2 {
            let header = Header { validators_hash: set.hash(SHA256), ..receipt.header.clone() };
            let certificate = Life::certificate(&header, keys, &(0..keys.len()).collect::<Vec<_>>());
            for trust in [receipt.trust.clone(), life.history.path_to(life.sets[other].0.next())] {
                let wrong = Receipt { header: header.clone(), certificate: certificate.clone(), trust, ..receipt.clone() };
                if other > number || known == number {
                    prop_assert!(check(&wrong, &anchors).is_err());
                }
            }
        }
    }
}
