//! Properties of the codecs, over arbitrary values, arbitrary bytes and damaged encodings.

use borsh::{BorshDeserialize, BorshSerialize};
use huxin_chain_spec::api::DecidedBlock;
use huxin_chain_spec::block::{Block, Body, Header};
use huxin_chain_spec::certificate::{Certificate, ValidatorSet};
use huxin_chain_spec::codec;
use huxin_chain_spec::crypto::{Digest, KeyId, PublicKey, Signature};
use huxin_chain_spec::genesis::{Genesis, GenesisCommitment};
use huxin_chain_spec::ids::{
    BasisCode, Height, LicenceRef, LicenceType, ProvinceCode, RegionCode, SealId, SystemId, TimeMs, Uscc,
};
use huxin_chain_spec::map::MapProof;
use huxin_chain_spec::receipt::Receipt;
use huxin_chain_spec::record::licence::{Change, Document, Licence, SealReference};
use huxin_chain_spec::record::membership::{AdmissionConsent, Delegation, Permissions, StatusChange};
use huxin_chain_spec::record::upkeep::{Attachment, AttachmentRole, Correction, CorrectionReason};
use huxin_chain_spec::record::{LicenceOperation, MembershipOperation, Operation, Record};
use huxin_chain_spec::state::{
    KeyState, LicenceState, OrganisationHead, OrganisationState, ProvinceState, StateKey, SystemState,
};
use huxin_chain_spec::transaction::{Mode, Transaction, TransactionOutcome, UnsignedTransaction};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::support::*;

fn digests() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn references() -> impl Strategy<Value = LicenceRef> {
    digests().prop_map(LicenceRef)
}

/// Identifiers as the wire brings them: right in structure, not always in their checks.
fn organisations() -> impl Strategy<Value = Uscc> {
    "[0-9A-Z]{18}".prop_map(|text| Uscc::from_structure(&text).unwrap())
}

fn licence_types() -> impl Strategy<Value = LicenceType> {
    "[0-9A-Z]{21}".prop_map(|text| LicenceType::from_structure(&text).unwrap())
}

fn regions() -> impl Strategy<Value = RegionCode> {
    "[0-9]{6}".prop_map(|text| RegionCode::from_structure(&text).unwrap())
}

fn province_codes() -> impl Strategy<Value = ProvinceCode> {
    "[0-9]{6}".prop_map(|text| ProvinceCode::from_structure(&text).unwrap())
}

fn bases() -> impl Strategy<Value = BasisCode> {
    "[A-Z0-9._-]{1,32}".prop_map(|text| text.parse().unwrap())
}

fn systems() -> impl Strategy<Value = SystemId> {
    "[A-Z0-9._-]{1,32}".prop_map(|text| text.parse().unwrap())
}

fn seals() -> impl Strategy<Value = SealReference> {
    let id = "[!-~]([ -~]{0,62}[!-~])?".prop_map(|text| text.parse::<SealId>().unwrap());
    (id, digests()).prop_map(|(seal, certificate)| SealReference { seal, certificate })
}

fn keys() -> impl Strategy<Value = PublicKey> {
    let sm2 = (any::<u8>(), any::<[u8; 32]>()).prop_map(|(first, rest)| {
        let mut bytes = [first; 33];
        bytes[1..].copy_from_slice(&rest);
        PublicKey::Sm2(bytes)
    });
    prop_oneof![any::<[u8; 32]>().prop_map(PublicKey::Ed25519), sm2]
}

fn signatures() -> impl Strategy<Value = Signature> {
    let bytes = (any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(r, s)| {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&r);
        bytes[32..].copy_from_slice(&s);
        bytes
    });
    (any::<bool>(), bytes).prop_map(|(sm2, bytes)| if sm2 { Signature::Sm2(bytes) } else { Signature::Ed25519(bytes) })
}

fn permissions() -> impl Strategy<Value = Permissions> {
    (any::<[bool; 10]>(), vec(licence_types(), 0..4)).prop_map(|(flags, licence_types)| {
        let [
            issue,
            change_status,
            transfer,
            manage_members,
            manage_seals,
            sign_seals,
            cases,
            publish,
            evidence,
            govern,
        ] = flags;
        Permissions {
            issue,
            change_status,
            transfer,
            manage_members,
            manage_seals,
            sign_seals,
            cases,
            publish,
            evidence,
            govern,
            licence_types,
        }
    })
}

/// Before 1970 too.
fn times() -> impl Strategy<Value = TimeMs> {
    any::<i64>().prop_map(TimeMs)
}

fn documents() -> impl Strategy<Value = Document> {
    (digests(), option::of(digests()), any::<u64>()).prop_map(|(sha256, sm3, size_bytes)| Document {
        sha256,
        sm3,
        size_bytes,
    })
}

fn licences() -> impl Strategy<Value = Licence> {
    let numbers = (any::<u16>(), option::of(digests()), option::of(bases()));
    let names = ((references(), digests()), licence_types(), organisations(), regions(), numbers);
    let content = (documents(), option::of(digests()), option::of(seals()), option::of(bases()), option::of(digests()));
    (names, content, times(), option::of(times())).prop_map(|(names, content, valid_from_ms, valid_until_ms)| {
        let ((licence, name), licence_type, issuer, region, (version, first, imported)) = names;
        let (document, metadata, seal, exception, holder) = content;
        Licence {
            licence,
            name,
            licence_type,
            issuer,
            region,
            version,
            first,
            imported,
            document,
            metadata,
            seal,
            exception,
            holder,
            valid_from_ms,
            valid_until_ms,
        }
    })
}

fn changes() -> impl Strategy<Value = Change> {
    (references(), bases(), times()).prop_map(|(licence, basis, effective_ms)| Change { licence, basis, effective_ms })
}

fn licence_operations() -> impl Strategy<Value = LicenceOperation> {
    use LicenceOperation as Op;
    let successor = || (references(), licences(), bases());
    let simple: [fn(Change) -> Op; 7] =
        [Op::Suspend, Op::Restore, Op::CancelTransfer, Op::Cancel, Op::Withdraw, Op::Revoke, Op::Lapse];
    prop_oneof![
        licences().prop_map(Op::Issue),
        successor().prop_map(|(predecessor, licence, basis)| Op::Amend { predecessor, licence, basis }),
        (successor(), option::of(digests()), option::of(bases())).prop_map(|(successor, holder, extension)| {
            let (predecessor, licence, basis) = successor;
            Op::TransferIn { predecessor, licence, basis, holder, extension }
        }),
        (licences(), option::of(times())).prop_map(|(licence, expires_ms)| {
            Op::Attach(Attachment {
                licence: licence.licence,
                document: licence.document,
                role: AttachmentRole::Annotated,
                purpose: None,
                expires_ms,
            })
        }),
        licences().prop_map(|licence| {
            let (reason, particulars) = (CorrectionReason::File, licence.particulars());
            Op::Correct(Correction { licence: licence.licence, reason, particulars })
        }),
        (changes(), province_codes(), organisations(), option::of(digests())).prop_map(
            |(change, to_province, to_organisation, holder)| Op::TransferOut {
                change,
                to_province,
                to_organisation,
                holder
            }
        ),
        (0..7usize, changes()).prop_map(move |(kind, change)| simple[kind](change)),
    ]
}

fn status_changes() -> impl Strategy<Value = StatusChange> {
    prop_oneof![Just(StatusChange::Suspend), Just(StatusChange::Resume), Just(StatusChange::Remove)]
}

fn consents() -> impl Strategy<Value = AdmissionConsent> {
    (keys(), times(), signatures()).prop_map(|(key, until_ms, signature)| AdmissionConsent {
        signer: key.id(),
        until_ms,
        signature,
    })
}

fn membership_operations() -> impl Strategy<Value = MembershipOperation> {
    use MembershipOperation as Op;
    prop_oneof![
        (organisations(), regions(), option::of(consents()))
            .prop_map(|(organisation, region, consent)| Op::OrganisationAdd { organisation, region, consent }),
        (organisations(), regions(), bases()).prop_map(|(organisation, region, basis)| Op::OrganisationReclaim {
            organisation,
            region,
            basis
        }),
        (organisations(), status_changes(), bases()).prop_map(|(organisation, change, basis)| Op::OrganisationStatus {
            organisation,
            change,
            basis
        }),
        (organisations(), organisations(), vec(licence_types(), 0..3), times(), bases()).prop_map(
            |(from, to, licences, until_ms, basis)| Op::OrganisationDelegate(Delegation {
                from,
                to,
                licences,
                until_ms,
                basis
            })
        ),
        (organisations(), organisations(), bases()).prop_map(|(from, to, basis)| Op::OrganisationDelegateEnd {
            from,
            to,
            basis
        }),
        (systems(), organisations()).prop_map(|(system, organisation)| Op::SystemAdd { system, organisation }),
        (systems(), organisations(), status_changes(), bases())
            .prop_map(|(system, organisation, change, basis)| Op::SystemStatus { system, organisation, change, basis }),
        (keys(), organisations(), option::of(systems()), permissions(), signatures()).prop_map(
            |(key, organisation, system, permissions, proof)| Op::KeyAdd {
                key,
                organisation,
                system,
                permissions,
                proof,
            }
        ),
        (digests(), status_changes(), bases()).prop_map(|(key, change, basis)| Op::KeyStatus {
            key: KeyId(key),
            change,
            basis
        }),
    ]
}

fn operations() -> impl Strategy<Value = Operation> {
    prop_oneof![
        licence_operations().prop_map(Operation::Licence),
        membership_operations().prop_map(Operation::Membership)
    ]
}

fn transactions() -> impl Strategy<Value = Transaction> {
    let modes = prop_oneof![Just(Mode::All), Just(Mode::Each)];
    let body = (digests(), digests(), modes, vec(operations(), 0..4), any::<u64>(), any::<[u8; 16]>());
    (body, signatures()).prop_map(|((genesis, signer, mode, operations, expires_at, idempotency_key), signature)| {
        let (signer, expires_at) = (KeyId(signer), Height(expires_at));
        let body = UnsignedTransaction { genesis, signer, mode, operations, expires_at, idempotency_key };
        Transaction { body, signature }
    })
}

/// Decoding must give an error or a value, never a fault; and what it gives encodes to the same bytes.
fn decode_is_total<T: BorshSerialize + BorshDeserialize>(bytes: &[u8]) {
    if let Ok(value) = codec::decode::<T>(bytes, 1 << 20) {
        assert_eq!(codec::encode(&value), bytes, "{}", std::any::type_name::<T>());
    }
}

/// Every type that comes from outside, on the same bytes.
fn decode_everything(bytes: &[u8]) {
    decode_is_total::<Transaction>(bytes);
    decode_is_total::<UnsignedTransaction>(bytes);
    decode_is_total::<Operation>(bytes);
    decode_is_total::<Record>(bytes);
    decode_is_total::<Header>(bytes);
    decode_is_total::<Body>(bytes);
    decode_is_total::<Block>(bytes);
    decode_is_total::<DecidedBlock>(bytes);
    decode_is_total::<Certificate>(bytes);
    decode_is_total::<ValidatorSet>(bytes);
    decode_is_total::<Genesis>(bytes);
    decode_is_total::<GenesisCommitment>(bytes);
    decode_is_total::<TransactionOutcome>(bytes);
    decode_is_total::<MapProof>(bytes);
    decode_is_total::<StateKey>(bytes);
    decode_is_total::<ProvinceState>(bytes);
    decode_is_total::<OrganisationState>(bytes);
    decode_is_total::<SystemState>(bytes);
    decode_is_total::<KeyState>(bytes);
    decode_is_total::<LicenceState>(bytes);
    decode_is_total::<OrganisationHead>(bytes);
    if let Ok(receipt) = Receipt::from_bytes(bytes) {
        assert_eq!(receipt.to_bytes(), bytes);
    }
}

/// Valid encodings of all those types, to damage.
fn specimens() -> Vec<Vec<u8>> {
    let mut network = Network::found();
    let home = network.provinces[SHANGHAI].issuer.clone();
    let index = network.must(&home.key, issue(&home, "a"));
    network.must(&home.key, LicenceOperation::Suspend(change("a")));
    let transaction = network.transaction(&home.key, vec![Op::from(amend(&home, "a", "b", 2)).0]);
    let (block, _) = network.make(vec![transaction.clone()]);
    let certificate = network.certify(&block.header);
    let receipt = network.receipt(index, At::AsOf(TimeMs(GENESIS_MS).plus_ms(BLOCK_MS)));
    let mut specimens = vec![
        transaction.to_bytes(),
        codec::encode(&transaction.body),
        codec::encode(&transaction.body.operations[0]),
        network.records[0].to_bytes(),
        block.to_bytes(),
        codec::encode(&DecidedBlock { block, certificate: certificate.clone() }),
        codec::encode(&certificate),
        codec::encode(&network.genesis),
        codec::encode(&network.genesis.commitment()),
        codec::encode(&receipt.status.as_ref().unwrap().proof),
        receipt.to_bytes(),
    ];
    specimens.extend(network.genesis.initial_states().into_values());
    specimens
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn operations_come_back_from_bytes_and_json(operation in operations()) {
        let bytes = codec::encode(&operation);
        prop_assert_eq!(&codec::decode::<Operation>(&bytes, bytes.len()).unwrap(), &operation);
        prop_assert_eq!(&bytes[..2], &[operation.family(), operation.kind()][..]);
        prop_assert!(codec::decode::<Operation>(&bytes[..bytes.len() - 1], 1 << 20).is_err());
        prop_assert!(codec::decode::<Operation>(&[&bytes[..], &[0]].concat(), 1 << 20).is_err());
        let json = serde_json::to_string(&operation).unwrap();
        // Text is checked in full, so JSON comes back where the identifiers are good.
        if let Ok(read) = serde_json::from_str::<Operation>(&json) {
            prop_assert_eq!(read, operation);
        }
    }

    #[test]
    fn transactions_come_back_and_their_identifier_is_of_the_body(transaction in transactions()) {
        let bytes = transaction.to_bytes();
        prop_assert_eq!(&Transaction::from_bytes(&bytes).unwrap(), &transaction);
        prop_assert_eq!(Transaction::id_of_bytes(SHA256, &bytes), transaction.body.id(SHA256));
    }

    #[test]
    fn random_bytes_are_never_a_fault(bytes in vec(any::<u8>(), 0..300)) {
        decode_everything(&bytes);
        decode_everything(&[b"HUXINRC3", &bytes[..]].concat());
    }

    /// Lengths, tags and counts of real encodings, changed.
    #[test]
    fn damaged_encodings_are_never_a_fault(
        which in any::<prop::sample::Index>(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        thread_local!(static SPECIMENS: Vec<Vec<u8>> = specimens());
        SPECIMENS.with(|specimens| {
            let mut bytes = which.get(specimens).clone();
            for (place, byte) in &changes {
                let at = place.index(bytes.len());
                bytes[at] = *byte;
            }
            decode_everything(&bytes);
            decode_everything(&bytes[..cut.index(bytes.len())]);
        });
    }
}
