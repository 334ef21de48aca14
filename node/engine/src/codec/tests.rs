#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]

use arc_malachitebft_app_channel::app::streaming::{StreamContent, StreamId};
use arc_malachitebft_app_channel::app::types::PeerId;
use arc_malachitebft_app_channel::app::types::codec::HasEncodedLen;
use arc_malachitebft_app_channel::app::types::core::{SignedProposal, SignedVote};
use arc_malachitebft_app_channel::app::types::sync::RawDecidedValue;
use arc_malachitebft_sync::{ValueRequest, ValueResponse};
use huxin_chain_spec::crypto::{KeyId, PublicKey, Signature};
use proptest::collection::vec;
use proptest::prelude::*;

use super::transfer::NAME_BYTES_MAX;
use super::*;
use crate::parts::{Init, PART_BYTES};
use crate::wire;

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn address() -> impl Strategy<Value = Address> {
    digest().prop_map(|digest| Address(KeyId(digest)))
}

fn signature() -> impl Strategy<Value = Signature> {
    (any::<bool>(), any::<[u8; 64]>())
        .prop_map(|(sm2, bytes)| if sm2 { Signature::Sm2(bytes) } else { Signature::Ed25519(bytes) })
}

fn round() -> impl Strategy<Value = Round> {
    any::<Option<u32>>().prop_map(Round::from)
}

fn height() -> impl Strategy<Value = Height> {
    any::<u64>().prop_map(Height)
}

fn value_id() -> impl Strategy<Value = NilOrVal<Digest>> {
    proptest::option::of(digest()).prop_map(|value| value.map_or(NilOrVal::Nil, NilOrVal::Val))
}

fn vote_type() -> impl Strategy<Value = VoteType> {
    any::<bool>().prop_map(|prevote| if prevote { VoteType::Prevote } else { VoteType::Precommit })
}

fn vote() -> impl Strategy<Value = SignedVote<Ctx>> {
    (vote_type(), height(), round(), value_id(), address(), signature()).prop_map(
        |(vote_type, height, round, value, voter, signature)| {
            SignedMessage::new(Vote::new(vote_type, height, round, value, voter), signature)
        },
    )
}

fn proposal() -> impl Strategy<Value = SignedProposal<Ctx>> {
    (height(), round(), digest(), round(), address(), signature()).prop_map(
        |(height, round, value, pol_round, proposer, signature)| {
            SignedMessage::new(Proposal { height, round, value: Value(value), pol_round, proposer }, signature)
        },
    )
}

fn consensus_message() -> impl Strategy<Value = SignedConsensusMsg<Ctx>> {
    prop_oneof![vote().prop_map(SignedConsensusMsg::Vote), proposal().prop_map(SignedConsensusMsg::Proposal)]
}

fn polka() -> impl Strategy<Value = PolkaCertificate<Ctx>> {
    (height(), round(), digest(), vec((address(), signature()), 0..6)).prop_map(
        |(height, round, value_id, signatures)| PolkaCertificate {
            height,
            round,
            value_id,
            polka_signatures: signatures.into_iter().map(|(a, s)| PolkaSignature::new(a, s)).collect(),
        },
    )
}

fn round_certificate() -> impl Strategy<Value = RoundCertificate<Ctx>> {
    let entry = (vote_type(), value_id(), address(), signature())
        .prop_map(|(vote_type, value, address, signature)| RoundSignature::new(vote_type, value, address, signature));
    (height(), round(), any::<bool>(), vec(entry, 0..6)).prop_map(|(height, round, skip, round_signatures)| {
        let cert_type = if skip { RoundCertificateType::Skip } else { RoundCertificateType::Precommit };
        RoundCertificate { height, round, cert_type, round_signatures }
    })
}

fn liveness() -> impl Strategy<Value = LivenessMsg<Ctx>> {
    prop_oneof![
        vote().prop_map(LivenessMsg::Vote),
        polka().prop_map(LivenessMsg::PolkaCertificate),
        round_certificate().prop_map(LivenessMsg::SkipRoundCertificate),
    ]
}

fn certificate() -> impl Strategy<Value = ExtendedCommitCertificate<Ctx>> {
    (height(), round(), digest(), vec((address(), signature()), 0..6)).prop_map(
        |(height, round, value_id, signatures)| ExtendedCommitCertificate {
            height,
            round,
            value_id,
            commit_signatures: signatures
                .into_iter()
                .map(|(address, signature)| ExtendedCommitSignature::new(address, signature, None))
                .collect(),
        },
    )
}

fn bytes(max: usize) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..max).prop_map(Bytes::from)
}

fn response() -> impl Strategy<Value = Response<Ctx>> {
    let value = (bytes(200), certificate()).prop_map(|(bytes, certificate)| RawDecidedValue::new(bytes, certificate));
    (height(), vec(value, 0..4)).prop_map(|(start, values)| Response::ValueResponse(ValueResponse::new(start, values)))
}

fn proposed_value() -> impl Strategy<Value = ProposedValue<Ctx>> {
    (height(), round(), round(), address(), digest(), any::<bool>()).prop_map(
        |(height, round, valid_round, proposer, value, valid)| ProposedValue {
            height,
            round,
            valid_round,
            proposer,
            value: Value(value),
            validity: Validity::from_bool(valid),
        },
    )
}

fn part() -> impl Strategy<Value = Part> {
    let init = (height(), any::<u32>(), address(), digest(), any::<u32>(), address(), signature()).prop_map(
        |(height, round, proposer, block, block_bytes, sender, signature)| {
            Part::Init(Init { height, round, proposer, block, block_bytes, sender, signature })
        },
    );
    prop_oneof![init, bytes(300).prop_map(Part::Data)]
}

fn stream_message() -> impl Strategy<Value = StreamMessage<Part>> {
    (bytes(NAME_BYTES_MAX), any::<u64>(), proptest::option::of(part())).prop_map(|(id, sequence, part)| {
        let content = part.map_or(StreamContent::Fin, StreamContent::Data);
        StreamMessage::new(StreamId::new(id), sequence, content)
    })
}

fn peer() -> impl Strategy<Value = PeerId> {
    any::<[u8; 32]>().prop_map(|secret| crate::peer_id(secret).unwrap().parse().unwrap())
}

fn proof() -> impl Strategy<Value = ValidatorProof<Ctx>> {
    (any::<[u8; 32]>(), peer(), signature()).prop_map(|(key, peer, signature)| {
        ValidatorProof::new(wire::write(&PublicKey::Ed25519(key)), peer.to_bytes(), signature)
    })
}

fn status() -> impl Strategy<Value = Status<Ctx>> {
    (peer(), height(), height()).prop_map(|(peer_id, tip_height, history_min_height)| Status {
        peer_id,
        tip_height,
        history_min_height,
    })
}

fn request() -> impl Strategy<Value = Request<Ctx>> {
    (height(), height()).prop_map(|(first, last)| Request::ValueRequest(ValueRequest::new(first..=last)))
}

/// Read back the same, refuse every shorter form and one byte more; never read a changed form as the same.
fn one_form<T: Wire + PartialEq + std::fmt::Debug>(message: &T, flip: usize) -> Result<(), TestCaseError>
where
    WireCodec: Codec<T, Error = Malformed>,
{
    let form = WireCodec.encode(message).unwrap();
    prop_assert_eq!(&WireCodec.decode(form.clone()).unwrap(), message);
    for length in 0..form.len() {
        let read: Result<T, Malformed> = WireCodec.decode(form.slice(..length));
        prop_assert!(read.is_err(), "{} of {} bytes were read", length, form.len());
    }
    let mut longer = form.to_vec();
    longer.push(0);
    let read: Result<T, Malformed> = WireCodec.decode(longer.into());
    prop_assert!(read.is_err());
    let mut changed = form.to_vec();
    let at = flip % changed.len();
    changed[at] ^= 1;
    if let Ok(other) = WireCodec.decode(changed.clone().into()) {
        prop_assert_ne!(&other, message);
        prop_assert_eq!(WireCodec.encode(&other).unwrap().to_vec(), changed);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn consensus_messages_have_one_form(message in consensus_message(), flip in any::<usize>()) {
        one_form(&message, flip)?;
    }

    #[test]
    fn liveness_messages_have_one_form(message in liveness(), flip in any::<usize>()) {
        // The engine's type has no equality; its form stands for it.
        let form = WireCodec.encode(&message).unwrap();
        let read: LivenessMsg<Ctx> = WireCodec.decode(form.clone()).unwrap();
        prop_assert_eq!(WireCodec.encode(&read).unwrap(), form.clone());
        let cut = flip % form.len();
        prop_assert!(<WireCodec as Codec<LivenessMsg<Ctx>>>::decode(&WireCodec, form.slice(..cut)).is_err());
    }

    #[test]
    fn polka_certificates_have_one_form(message in polka(), flip in any::<usize>()) {
        one_form(&message, flip)?;
    }

    #[test]
    fn proposed_values_have_one_form(message in proposed_value(), flip in any::<usize>()) {
        one_form(&message, flip)?;
    }

    #[test]
    fn parts_have_one_form(message in part(), flip in any::<usize>()) {
        one_form(&message, flip)?;
    }

    #[test]
    fn stream_messages_have_one_form(message in stream_message(), flip in any::<usize>()) {
        one_form(&message, flip)?;
    }

    #[test]
    fn proofs_have_one_form(message in proof(), flip in any::<usize>()) {
        one_form(&message, flip)?;
    }

    #[test]
    fn statuses_have_one_form(message in status(), flip in any::<usize>()) {
        one_form(&message, flip)?;
    }

    #[test]
    fn requests_have_one_form(message in request(), flip in any::<usize>()) {
        one_form(&message, flip)?;
    }

    #[test]
    fn responses_have_one_form_and_a_foretold_length(message in response(), flip in any::<usize>()) {
        one_form(&message, flip)?;
        prop_assert_eq!(WireCodec.encoded_len(&message).unwrap(), WireCodec.encode(&message).unwrap().len());
    }

    /// What strangers send is read or refused, never a panic.
    #[test]
    fn noise_is_refused_quietly(noise in bytes(400)) {
        let _ = <WireCodec as Codec<SignedConsensusMsg<Ctx>>>::decode(&WireCodec, noise.clone());
        let _ = <WireCodec as Codec<LivenessMsg<Ctx>>>::decode(&WireCodec, noise.clone());
        let _ = <WireCodec as Codec<StreamMessage<Part>>>::decode(&WireCodec, noise.clone());
        let _ = <WireCodec as Codec<ValidatorProof<Ctx>>>::decode(&WireCodec, noise.clone());
        let _ = <WireCodec as Codec<Status<Ctx>>>::decode(&WireCodec, noise.clone());
        let _ = <WireCodec as Codec<Request<Ctx>>>::decode(&WireCodec, noise.clone());
        let _ = <WireCodec as Codec<Response<Ctx>>>::decode(&WireCodec, noise);
    }
}

#[test]
fn more_signatures_than_validators_are_refused() {
    let entry = PolkaSignature::new(Address(KeyId(Digest([1; 32]))), Signature::Ed25519([2; 64]));
    let mut certificate = PolkaCertificate {
        height: Height(1),
        round: Round::new(0),
        value_id: Digest([3; 32]),
        polka_signatures: vec![entry.clone(); VALIDATORS_MAX],
    };
    let read: Result<PolkaCertificate<Ctx>, _> = WireCodec.decode(WireCodec.encode(&certificate).unwrap());
    assert!(read.is_ok());
    certificate.polka_signatures.push(entry);
    let read: Result<PolkaCertificate<Ctx>, _> = WireCodec.decode(WireCodec.encode(&certificate).unwrap());
    assert_eq!(read, Err(Malformed::TooMany { what: "signatures", count: VALIDATORS_MAX + 1, max: VALIDATORS_MAX }));
}

#[test]
fn a_part_longer_than_a_part_is_refused() {
    let part = Part::Data(Bytes::from(vec![0; PART_BYTES + 1]));
    let read: Result<Part, _> = WireCodec.decode(WireCodec.encode(&part).unwrap());
    assert!(matches!(read, Err(Malformed::TooMany { .. })));
}

#[test]
fn a_round_below_minus_one_is_refused() {
    assert_eq!(wire::read::<Round>(&(-1i64).to_le_bytes()), Ok(Round::Nil));
    assert_eq!(wire::read::<Round>(&(-2i64).to_le_bytes()), Err(Malformed::Value { what: "round" }));
    assert_eq!(wire::read::<Round>(&(1i64 << 32).to_le_bytes()), Err(Malformed::Value { what: "round" }));
}
