//! What the vectors are made of.

use huxin_chain_spec::crypto::{PublicKey, SignatureScheme, Signer as _, SigningKey};
use huxin_chain_spec::ids::{TimeMs, Uscc};
use huxin_chain_spec::record::licence::{Change, Document, Licence, SealReference};
use huxin_chain_spec::record::membership::{
    AdmissionConsent, Delegation, Permissions, StatusChange, Succession, SuccessionScope,
};
use huxin_chain_spec::record::upkeep::{AnnualOutcome, Attachment, AttachmentRole};
use huxin_chain_spec::record::{LicenceOperation, MembershipOperation, Operation};

use crate::support::*;

/// A licence with every optional field.
fn full_licence(issuer: &Issuer) -> Licence {
    Licence {
        metadata: Some(digest(0x44)),
        seal: Some(SealReference { seal: "31011500001234".parse().unwrap(), certificate: digest(0x55) }),
        valid_until_ms: Some(TimeMs(GENESIS_MS).plus_ms(365 * 86_400_000)),
        ..issuer.licence("full")
    }
}

/// For two types, for a day.
fn delegation(from: Uscc, to: Uscc) -> Delegation {
    let licences = vec![other_licence_type(), licence_type()];
    Delegation { from, to, licences, until_ms: TimeMs(GENESIS_MS).plus_ms(86_400_000), basis: basis("WT-1") }
}

/// A registrar's consent that Shanghai admits `organisation`.
fn consent(organisation: Uscc, registrar: &SigningKey) -> AdmissionConsent {
    let (province, until_ms) = (provinces()[SHANGHAI].code, TimeMs(GENESIS_MS).plus_ms(86_400_000));
    let signature = registrar.sign_admission(&digest(0x66), &organisation, province, until_ms);
    AdmissionConsent { signer: registrar.id(), until_ms, signature }
}

/// An operation of every kind, both with and without what is optional.
pub fn all_operations() -> Vec<Operation> {
    use LicenceOperation as L;
    use MembershipOperation as M;
    let provinces = provinces();
    let (home, there) = (&provinces[SHANGHAI].issuer, &provinces[JIANGSU]);
    let organisation = home.organisation;
    let (system, basis) = ("DZZZ-1".parse().unwrap(), basis("ZZ-1"));
    let limited =
        Permissions { licence_types: vec![other_licence_type(), licence_type()], ..Permissions::all_licences() };
    let membership = [
        M::OrganisationAdd { organisation, region: home.region, consent: None },
        M::OrganisationAdd {
            organisation,
            region: home.region,
            consent: Some(consent(organisation, &there.registrar)),
        },
        M::OrganisationStatus { organisation, change: StatusChange::Suspend, basis: basis.clone() },
        M::SystemAdd { system, organisation },
        M::SystemStatus {
            system: "DZZZ-1".parse().unwrap(),
            organisation,
            change: StatusChange::Resume,
            basis: basis.clone(),
        },
        key_add_of(&home.key, organisation, Some("DZZZ-1".parse().unwrap()), limited),
        key_add(&sm2_signer(), organisation, Permissions::registrar()),
        M::KeyStatus { key: home.key.id(), change: StatusChange::Remove, basis },
        M::OrganisationSucceed(succession()),
        M::OrganisationReclaim { organisation, region: home.region, basis: crate::support::basis("HY-1") },
        M::OrganisationDelegate(delegation(organisation, there.organisation)),
        M::OrganisationDelegateEnd { from: organisation, to: there.organisation, basis: crate::support::basis("WT-2") },
    ];
    let minimal = Licence { exception: Some("SDYZ-1".parse().unwrap()), holder: None, ..home.licence("a") };
    let short = Licence { document: Document { sm3: None, ..minimal.document }, ..minimal };
    let licence = [
        L::Issue(short),
        L::Issue(full_licence(home)),
        amend(home, "a", "b", 2),
        L::Suspend(change("a")),
        L::Restore(change("a")),
        transfer_out("a", there),
        transfer_in(&there.issuer, "a", "b"),
        taken_over("a", full_licence(&there.issuer), Some("YQ-1")),
        L::Issue(Licence { imported: Some("DR-1".parse().unwrap()), ..home.version("imported", 3) }),
        L::CancelTransfer(change("a")),
        L::Cancel(change("a")),
        L::Withdraw(change("a")),
        L::Revoke(change("a")),
        L::Lapse(Change { effective_ms: TimeMs(0), ..change("a") }),
        // A house of 1956.
        L::Issue(Licence { valid_from_ms: TimeMs(-431_424_000_000), ..home.licence("old") }),
        correct("a", &full_licence(home)),
        correct("a", &home.licence("right")),
        attach("a", "copy", AttachmentRole::Duplicate),
        L::Attach(Attachment {
            licence: licence_ref("a"),
            document: file_of("annotated"),
            role: AttachmentRole::Annotated,
            purpose: Some("TB-1".parse().unwrap()),
            expires_ms: Some(TimeMs(GENESIS_MS).plus_ms(86_400_000)),
        }),
        detach("a", "copy", TimeMs(GENESIS_MS)),
        annual_check("a", 2026, AnnualOutcome::Reported, TimeMs(GENESIS_MS).plus_ms(86_400_000)),
    ];
    let membership = membership.into_iter().map(Operation::Membership);
    membership.chain(licence.into_iter().map(Operation::Licence)).collect()
}

/// Part of the licences, and the cases, to a bureau of another province.
pub fn succession() -> Succession {
    let [from, to] = [SHANGHAI, JIANGSU].map(|position| provinces()[position].issuer.organisation);
    let licences = Some(vec![other_licence_type(), licence_type()]);
    let scope = SuccessionScope { licences, cases: true, seals: false, publications: false };
    Succession { from, to, scope, basis: basis("JGGG-2026") }
}

/// The form of an SM2 key.
pub fn sm2_key() -> PublicKey {
    let mut bytes = [0x32; 33];
    bytes[0] = 0x02;
    PublicKey::Sm2(bytes)
}

/// A key of the other scheme.
fn sm2_signer() -> SigningKey {
    SigningKey::from_secret(SignatureScheme::Sm2, [0x32; 32]).unwrap()
}
