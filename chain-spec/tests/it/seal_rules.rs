//! The seal family: what is refused and why, and the page that says so.

use huxin_chain_spec::codes::Code;
use huxin_chain_spec::crypto::{PublicKey, Signature, Signer as _, SigningKey};
use huxin_chain_spec::ids::TimeMs;
use huxin_chain_spec::record::SealOperation;
use huxin_chain_spec::record::licence::Document;
use huxin_chain_spec::record::seal::{Seal, SealChange, SealSignature};
use huxin_chain_spec::rules::licence::EFFECTIVE_AHEAD_MS_MAX;
use huxin_chain_spec::rules::seal::next_status;
use huxin_chain_spec::state::history::CHANGES_MAX;
use huxin_chain_spec::state::seal::SealStatus;
use huxin_chain_spec::transaction::Outcome;

use crate::seal_table::{KINDS, SealBench, operation};
use crate::support::*;

use SealOperation as Op;

type Attempt = fn(&SealBench) -> (SigningKey, SealOperation);

fn by(bench: &SealBench, operation: SealOperation) -> (SigningKey, SealOperation) {
    (bench.authority(), operation)
}

fn register(bench: &SealBench, change: impl FnOnce(&mut Seal)) -> (SigningKey, SealOperation) {
    let mut seal = seal("FRESH");
    change(&mut seal);
    by(bench, Op::Register(seal))
}

fn sign(change: impl FnOnce(&mut SealSignature)) -> (SigningKey, SealOperation) {
    let mut signature = seal_signature("S-ACTIVE", "a file");
    change(&mut signature);
    (key("owner"), Op::Sign(signature))
}

fn effective(bench: &SealBench, effective_ms: TimeMs) -> (SigningKey, SealOperation) {
    by(bench, Op::Suspend(SealChange { effective_ms, ..seal_change("S-ACTIVE") }))
}

const RULES_2025: &str = "国办发〔2025〕33号";
const GB38540: &str = "GB/T 38540";
const LEDGER: &str = "this ledger";

/// Everything but the table of transitions, in the order in which it is checked.
fn rows() -> Vec<Refusal<Attempt>> {
    let row = |code, applies_to, rule, source, attempt: Attempt| Refusal { code, applies_to, rule, source, attempt };
    let mut rows = vec![
        row(Code::KeyNotPermitted, "all but `sign`", "the key holds `manage_seals`", LEDGER, |_| {
            (key("owner"), operation("activate", "S-ACTIVE"))
        }),
        row(Code::KeyNotPermitted, "`sign`", "the key holds `sign_seals`", LEDGER, |_| {
            (key("powerless"), operation("sign", "S-ACTIVE"))
        }),
    ];
    rows.extend(register_rows());
    rows.extend(change_rows());
    rows.extend(sign_rows());
    rows
}

fn register_rows() -> Vec<Refusal<Attempt>> {
    let row = |code, rule, source, attempt: Attempt| Refusal {
        code,
        applies_to: "`register`, `replace`",
        rule,
        source,
        attempt,
    };
    vec![
        row(Code::OrganisationWrongProvince, "the owner's region lies in the signer's province", LEDGER, |bench| {
            register(bench, |seal| seal.owner_region = "320500".parse().unwrap())
        }),
        row(Code::SealCertificateList, "1 to 16 signer certificates, ascending, none twice", GB38540, |bench| {
            register(bench, |seal| seal.certificates.reverse())
        }),
        row(Code::SealCertificateList, "the list of certificates is not empty", GB38540, |bench| {
            register(bench, |seal| seal.certificates.clear())
        }),
        row(Code::SealCertificateList, "the list of certificates is not longer than 16", LEDGER, |bench| {
            register(bench, |seal| seal.certificates = (0..17).map(digest).collect())
        }),
        row(Code::SealKeyList, "1 to 4 keys, ascending, none twice", LEDGER, |bench| {
            register(bench, |seal| seal.keys = vec![seal_key().public_key(); 2])
        }),
        row(Code::SealKeyList, "the list of keys is not empty", LEDGER, |bench| {
            register(bench, |seal| seal.keys.clear())
        }),
        row(Code::SealKeyList, "the list of keys is not longer than 4", LEDGER, |bench| {
            register(bench, |seal| seal.keys = (0..5).map(|byte| PublicKey::Ed25519([byte; 32])).collect())
        }),
        row(Code::KeyMalformed, "each SM2 key is a point of the curve", GB38540, |bench| {
            register(bench, |seal| seal.keys = vec![no_point()])
        }),
        row(Code::SealFileMissing, "the seal's file has a length", LEDGER, |bench| {
            register(bench, |seal| seal.document.size_bytes = 0)
        }),
        row(Code::SealValidityWindow, "validity ends after it starts", GB38540, |bench| {
            register(bench, |seal| seal.valid_until_ms = seal.valid_from_ms)
        }),
        row(Code::SealDuplicate, "the province has no seal of this number", LEDGER, |bench| {
            by(bench, Op::Register(seal("S-ACTIVE")))
        }),
    ]
}

fn change_rows() -> Vec<Refusal<Attempt>> {
    const CHANGES: &str = "`activate`, `suspend`, `resume`, `cancel`, `invalidate`, `replace`";
    let row = |code, applies_to, rule, source, attempt: Attempt| Refusal { code, applies_to, rule, source, attempt };
    vec![
        row(Code::SealUnknown, "all but `register`", "the province has registered the seal", RULES_2025, |bench| {
            by(bench, operation("suspend", "NOBODY"))
        }),
        row(Code::SealRegistrarMismatch, CHANGES, "the signer's organisation filed the seal", LEDGER, |_| {
            (key("other authority"), operation("suspend", "S-ACTIVE"))
        }),
        row(Code::SealHistoryFull, "`suspend`", "the seal has fewer than 250 changes", LEDGER, |bench| {
            by(bench, operation("suspend", "S-FULL"))
        }),
        row(Code::SealEffectiveTime, CHANGES, "the effective time is not before the latest change", LEDGER, |bench| {
            effective(bench, TimeMs(GENESIS_MS - 1))
        }),
        row(
            Code::SealEffectiveTime,
            "`invalidate`",
            "instead of the former: the effective time is not before the seal's beginning",
            RULES_2025,
            |bench| {
                let change = SealChange { effective_ms: TimeMs(GENESIS_MS - 1), ..seal_change("S-ACTIVE") };
                by(bench, Op::Invalidate(change))
            },
        ),
        row(
            Code::SealEffectiveTime,
            CHANGES,
            "the effective time is at most ten minutes after the block",
            LEDGER,
            |bench| effective(bench, bench.network.next_ms().plus_ms(EFFECTIVE_AHEAD_MS_MAX + 1)),
        ),
        row(Code::SealOwnerMismatch, "`replace`", "the new seal has the same owner", RULES_2025, |bench| {
            let mut fresh = seal("FRESH");
            fresh.owner = uscc("1131000000002437");
            let predecessor = shanghai_seal("S-ACTIVE");
            by(bench, Op::Replace { predecessor, seal: fresh, basis: basis("YZ-2") })
        }),
        row(Code::SealDuplicate, "`replace`", "the new seal has a number of its own", RULES_2025, |bench| {
            by(bench, replace("S-ACTIVE", "S-ACTIVE"))
        }),
    ]
}

fn sign_rows() -> Vec<Refusal<Attempt>> {
    let row = |code, rule, source, attempt: Attempt| Refusal { code, applies_to: "`sign`", rule, source, attempt };
    vec![
        row(
            Code::SealRecorderNotEntitled,
            "the signer belongs to the owner, or holds `manage_seals` in the province of the seal",
            LEDGER,
            |bench| (bench.network.issuer(JIANGSU), operation("sign", "S-ACTIVE")),
        ),
        row(Code::SealOutsideValidity, "the block's time lies in the seal's validity", GB38540, |_| {
            (key("owner"), operation("sign", "S-EXPIRED"))
        }),
        row(Code::SealClaimedTime, "the claimed time is not before the seal's validity", GB38540, |_| {
            sign(|signature| signature.claimed_ms = TimeMs(GENESIS_MS - 1))
        }),
        row(Code::SealClaimedTime, "the claimed time is at most ten minutes after the block", LEDGER, |bench| {
            let ahead = bench.network.next_ms().plus_ms(EFFECTIVE_AHEAD_MS_MAX + 1);
            sign(|signature| signature.claimed_ms = ahead)
        }),
        row(Code::SealDocumentMissing, "the signed file has a length", LEDGER, |_| {
            sign(|signature| signature.document.size_bytes = 0)
        }),
        row(Code::SealCertificateNotListed, "the certificate is one of the seal's", GB38540, |_| {
            sign(|signature| signature.certificate = digest(0x03))
        }),
        row(Code::SealSignatureDuplicate, "seal, file and digest are not recorded together yet", LEDGER, |_| {
            let signature = seal_signature("S-ACTIVE", "signed before");
            (key("owner"), Op::Sign(SealSignature { claimed_ms: TimeMs(GENESIS_MS).plus_ms(2), ..signature }))
        }),
        row(Code::SealKeyNotRegistered, "the key is one of the seal's", RULES_2025, |_| {
            sign(|signature| signature.key = key("owner").id())
        }),
        row(Code::SealSignatureInvalid, "the signature verifies under that key", GB38540, |_| {
            sign(|signature| signature.message = digest(0x77))
        }),
        row(Code::SealSignatureInvalid, "the signature is of the key's scheme", GB38540, |_| {
            sign(|signature| signature.signature = Signature::Sm2([1; 64]))
        }),
        row(Code::SealSignatureInvalid, "an SM2 signature is over the digest itself", GB38540, |_| {
            let signature = sm2_seal_signature("S-SM2", "a file");
            (key("owner"), Op::Sign(SealSignature { message: digest(0x77), ..signature }))
        }),
    ]
}

fn bench() -> SealBench {
    let mut bench = SealBench::new();
    bench.bring_into("S-ACTIVE", SealStatus::Active);
    let authority = bench.authority();
    let expired = Seal { valid_until_ms: TimeMs(GENESIS_MS).plus_ms(1), ..seal("S-EXPIRED") };
    let mut of_two = vec![seal_key().public_key(), sm2_seal_key().public_key()];
    of_two.sort_unstable();
    let sm2 = Seal { keys: of_two, ..seal("S-SM2") };
    for seal in [expired, sm2] {
        let name = seal.seal.to_string();
        bench.network.must(&authority, Op::Register(seal));
        bench.network.must(&authority, Op::Activate(seal_change(&name)));
    }
    bench.bring_into("S-FULL", SealStatus::Active);
    let pairs = (0..CHANGES_MAX / 2 - 1).flat_map(|_| ["suspend", "resume"]);
    let all = pairs.map(|kind| crate::support::Op::from(operation(kind, "S-FULL")).0).collect();
    let all = bench.network.transaction(&authority, all);
    assert!(matches!(bench.network.commit(vec![all])[0], Outcome::Committed { .. }));
    bench.network.must(&key("owner"), Op::Sign(seal_signature("S-ACTIVE", "signed before")));
    bench.network.must(&key("owner"), Op::Sign(seal_signature("S-SM2", "signed by the other key")));
    bench
}

#[test]
fn each_rule_refuses_with_its_own_code() {
    let mut bench = bench();
    for row in rows() {
        let (signer, operation) = (row.attempt)(&bench);
        let refused = bench.network.try_one(&signer, operation);
        assert_eq!(refused.err(), Some(row.code), "{}", row.rule);
    }
    // What all of these spoil is good in itself.
    let good = [register(&bench, |_| {}), sign(|_| {}), effective(&bench, bench.network.next_ms())];
    for (signer, operation) in good {
        bench.network.try_one(&signer, operation).unwrap();
    }
}

/// Any changed byte of what is signed, or of the signature, is refused.
#[test]
fn no_changed_signature_passes() {
    let mut bench = bench();
    type Scheme = fn([u8; 64]) -> Signature;
    let of_each_scheme: [(SealSignature, Scheme); 2] = [
        (seal_signature("S-SM2", "another file"), Signature::Ed25519),
        (sm2_seal_signature("S-SM2", "a third file"), Signature::Sm2),
    ];
    for (good, scheme) in of_each_scheme {
        for bit in 0..512 {
            let mut bytes = *good.signature.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let changed = SealSignature { signature: scheme(bytes), ..good.clone() };
            let refused = bench.network.try_one(&key("owner"), Op::Sign(changed)).unwrap_err();
            assert_eq!(refused, Code::SealSignatureInvalid, "bit {bit}");
        }
        bench.network.try_one(&key("owner"), Op::Sign(good)).unwrap();
    }
}

/// A seal that was suspended later still shows what it signed before.
#[test]
fn a_signature_outlives_its_seal() {
    let mut bench = bench();
    let authority = bench.authority();
    bench.network.must(&authority, operation("cancel", "S-ACTIVE"));
    let refused = bench.network.try_one(&key("owner"), operation("sign", "S-ACTIVE")).unwrap_err();
    assert_eq!(refused, Code::SealFinalState);
    let reference = seal_signature("S-ACTIVE", "signed before").reference(SHA256);
    let key = huxin_chain_spec::state::StateKey::SealSignature(reference);
    let kept: Option<huxin_chain_spec::state::seal::SealSignatureState> =
        huxin_chain_spec::state::read(&bench.network.ledger, &key).unwrap();
    assert!(kept.is_some());
}

/// No text of a seal may hold a personal number.
#[test]
fn privacy() {
    let mut bench = bench();
    let number = "11010519491231002X";
    for operation in [
        Op::Register(seal(number)),
        Op::Sign(seal_signature(number, "a file")),
        replace("S-ACTIVE", number),
        Op::Suspend(SealChange { basis: basis("B-13800138000"), ..seal_change("S-ACTIVE") }),
    ] {
        let authority = bench.authority();
        let code = bench.network.try_one(&authority, operation).unwrap_err();
        assert!(matches!(code, Code::PrivacyResidentNumber | Code::PrivacyMobileNumber), "{code}");
    }
}

fn state_name(status: SealStatus) -> String {
    format!("{status:?}").to_uppercase()
}

const INTRODUCTION: &str = "# The life of a seal: states, operations, refusals

This page is rendered from the rules by `chain-spec/tests/it/seal_rules.rs`, which also makes each refusal happen; the test fails
where page and code differ. Features C3 and C4; GB/T 38540-2020 and 电子印章管理办法 (国办发〔2025〕33号): filing after making, filing of
suspension, resumption and other changes, marking unlawful seals as invalid, remaking after loss of key data, and a
record of every use that can be traced.

## States

| state | Chinese | meaning | ends |
|---|---|---|---|
| REGISTERED | 已备案 | filed by the seal-making authority, not yet in use | no |
| ACTIVE | 启用 | in use; the only state in which it signs | no |
| SUSPENDED | 暂停使用 | not in use for a time | no |
| CANCELLED | 注销 | ended; may still be marked invalid | yes |
| INVALIDATED | 标记无效 | unlawful; nothing follows | yes |
| REPLACED | 重新制作 | another seal has its place; may still be marked invalid | yes |

## What each operation does in each state

`→ STATE` is the state after the operation; a code is the refusal. `register` and `replace` file a new seal in the state REGISTERED; the
column is the state of a seal of that number, or of the one replaced.

";

const AFTER_REFUSALS: &str = "
The state is looked at after the permission and before the party. Key, system, organisation and province of the signer must be active, as for
every operation, and no text may hold a personal number.

## Decisions

* **Whose seal.** A seal stands under the province that registered it and its number; two provinces may use one number. Owners need
  not be members of the ledger.
* **Signature.** Every validator verifies it under a key filed with the seal. An SM2 signature is over the digest that was signed,
  `e = SM3(Z || M)` as it stands in the file (GB/T 32918.2); an Ed25519 signature over `huxin/seal-signature/v1` and that digest. Whoever
  holds the file computes the digest from it: without the file a digest and a signature that fit each other prove nothing, for
  anybody can make such a pair.
* **When.** Status and validity are judged at the time of the block. The time the signer claims is kept and bounded, and never proves anything:
  what is on the ledger existed at the block's time, hence before any later change of the seal.
* **History.** The ledger keeps every change of a seal: status, the time from which it counts, and the time of its record. How a seal stood on a
  day, as known now and as known then, follows from it; a later change never hides an earlier one that reached back. After 250 changes a seal is
  no longer suspended; what puts it back into use, replaces or ends it stays possible.
* **Twice.** Seal, SHA-256 of the file and the signed digest together are recorded once. The signature is kept under the digest of the three, so
  whoever holds the file finds it by one read, and its absence can be proven.
* **Maker.** Whether the maker's certificate was trusted in the role of a seal maker when the seal was filed is kept with the seal
  (`maker_trusted`), not enforced.

## Codes

";

#[test]
fn page() {
    let rows: Vec<(String, Vec<Result<SealStatus, Code>>)> = KINDS
        .iter()
        .map(|kind| {
            let operation = operation(kind, "S");
            let cells = SealStatus::ALL.iter().map(|status| next_status(*status, &operation)).collect();
            (operation.name().to_owned(), cells)
        })
        .collect();
    let mut text = INTRODUCTION.to_owned();
    text += &transitions(&SealStatus::ALL, state_name, &rows);
    text += "\n## What else must hold\n\nIn the order in which it is checked; the first refusal ends the transaction, and nothing of it takes effect.\n\n";
    text += &refusals(&self::rows());
    text += AFTER_REFUSALS;
    assert_all_codes_shown("seal", &text);
    text += &codes("seal");
    golden_page("seal", &text);
}

/// Both digests of a file may be recorded.
#[test]
fn both_digests() {
    let mut bench = bench();
    let document = Document { sm3: Some(digest(0x33)), ..document("x") };
    let authority = bench.authority();
    bench.network.try_one(&authority, Op::Register(Seal { document, ..seal("S-9") })).unwrap();
}
