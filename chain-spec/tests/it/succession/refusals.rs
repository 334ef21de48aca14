//! What is refused when a hand-over is recorded, and offers to another province.

use huxin_chain_spec::state::succession::OFFER_OPEN_MS_MAX;

use super::*;

/// What is refused, each with its code, and changes nothing.
#[test]
fn refusals() {
    let mut world = World::new();
    let (a, b, c) = (world.old.clone(), world.b.clone(), world.c.clone());
    let (registrar, foreign) = (world.registrar(SHANGHAI), world.registrar(ANHUI));
    let (from, to) = (a.organisation, b.organisation);
    let types = |licences: Vec<_>| SuccessionScope { licences: Some(licences), ..none() };
    let (first, second) = (other_licence_type(), licence_type());
    let rows = [
        (&a, succeed(from, to, all()), Code::KeyNotPermitted),
        (&foreign, succeed(from, to, all()), Code::OrganisationWrongProvince),
        (&registrar, succeed(from, from, all()), Code::SuccessionScope),
        (&registrar, succeed(from, to, none()), Code::SuccessionScope),
        (&registrar, succeed(from, to, types(vec![second, first])), Code::SuccessionScope),
        (&registrar, succeed(from, to, types(vec![first, first])), Code::SuccessionScope),
        (&registrar, succeed(uscc("1131000000009999"), to, all()), Code::OrganisationUnknown),
        (&registrar, succeed(from, uscc("1131000000009999"), all()), Code::OrganisationUnknown),
        (&foreign, succeed(from, world.cases.organisation(ANHUI), all()), Code::SuccessionNotOffered),
    ];
    for (by, operation, code) in rows {
        assert_eq!(world.tried(by, operation), Err(code));
    }
    world.hand_on(&a, &b, all());
    assert_eq!(world.tried(&registrar, succeed(from, c.organisation, all())), Err(Code::SuccessionNotHeld));
    assert_eq!(world.tried(&registrar, succeed(c.organisation, from, all())), Err(Code::OrganisationSucceeded));
    world.remove(&c);
    assert_eq!(world.tried(&registrar, succeed(to, c.organisation, all())), Err(Code::OrganisationRemoved));
}

/// C had handed on a type by name, then received every type of A: as the successor it was told that its own went elsewhere, so nobody could
/// issue what A had issued.
#[test]
fn every_type_goes_to_nobody_who_handed_one_of_them_on() {
    let of_type = SuccessionScope { licences: Some(vec![licence_type()]), ..none() };
    let every_type = SuccessionScope { licences: Some(Vec::new()), ..none() };
    // Handed on by C itself; or by D, while D held all of C's types, which came back without it.
    for is_far in [false, true] {
        let mut world = World::new();
        let (a, b, c) = (world.old.clone(), world.b.clone(), world.c.clone());
        let d = world.cases.admit(SHANGHAI, "1131000000002439", Permissions::agency());
        if is_far {
            world.hand_on(&c, &b, every_type.clone());
            world.hand_on(&b, &d, of_type.clone());
            world.hand_on(&b, &c, every_type.clone());
        } else {
            world.hand_on(&c, &d, of_type.clone());
        }
        let registrar = world.registrar(SHANGHAI);
        let to_c = succeed(a.organisation, c.organisation, every_type.clone());
        assert_eq!(world.tried(&registrar, to_c.clone()), Err(Code::OrganisationSucceeded), "far: {is_far}");
        // The way out: that type by name to whoever acts in it, then the rest.
        world.hand_on(&a, &d, of_type.clone());
        assert_eq!(world.tried(&registrar, to_c.clone()), Ok(()), "far: {is_far}");
        world.must(&registrar, to_c);
        let other = Licence { licence_type: other_licence_type(), ..c.licence("other") };
        assert_eq!(world.tried(&c, LicenceOperation::Issue(other)), Ok(()));
        assert_eq!(world.tried(&d, issue(&d, "of the type")), Ok(()));
    }
}

/// A successor in another province takes over once its own province has agreed to the same.
#[test]
fn a_successor_in_another_province_needs_both_registrars() {
    let mut world = under_way();
    let (old, there) = (world.old.clone(), world.cases.issuer(ZHEJIANG).clone());
    let (registrar, receiving) = (world.registrar(SHANGHAI), world.registrar(ZHEJIANG));
    let offer = succeed(old.organisation, there.organisation, all());
    world.must(&registrar, offer.clone());
    assert_eq!(world.holder(&old, Competence::Cases), old.organisation, "an offer changes nothing");
    assert_eq!(world.tried(&there, LicenceOperation::Revoke(change("live"))), Err(Code::LicenceIssuerMismatch));
    let less = succeed(old.organisation, there.organisation, SuccessionScope { seals: false, ..all() });
    assert_eq!(world.tried(&receiving, less), Err(Code::SuccessionNotOffered), "another scope");
    world.must(&receiving, offer.clone());
    let jiangsu = world.cases.provinces[JIANGSU].clone();
    for (name, work) in works(&there, &jiangsu) {
        assert_eq!(world.tried(&there, work), Ok(()), "{name}");
    }
    assert_eq!(world.tried(&receiving, offer), Err(Code::SuccessionNotOffered), "once");
}

/// An offer stood for ever: years later, and whatever had become of the province that made it, the other could take it up.
#[test]
fn an_offer_lapses_after_ninety_days() {
    let mut world = World::new();
    let (old, there) = (world.old.clone(), world.cases.issuer(ZHEJIANG).clone());
    let (registrar, receiving) = (world.registrar(SHANGHAI), world.registrar(ZHEJIANG));
    let offer = succeed(old.organisation, there.organisation, all());
    world.must(&registrar, offer.clone());
    let offered = world.cases.ledger.now;
    world.cases.ledger.now = offered.plus_ms(OFFER_OPEN_MS_MAX + 1);
    assert_eq!(world.tried(&receiving, offer.clone()), Err(Code::SuccessionNotOffered));
    world.cases.ledger.now = offered.plus_ms(OFFER_OPEN_MS_MAX);
    assert_eq!(world.tried(&receiving, offer.clone()), Ok(()));
    // Offered again, it stands again.
    world.cases.ledger.now = offered.plus_ms(OFFER_OPEN_MS_MAX + 1);
    world.must(&registrar, offer.clone());
    world.must(&receiving, offer);
}

#[test]
fn what_a_province_offered_before_it_was_suspended_or_removed_is_not_taken_up() {
    let mut council = Council::found();
    let (gone, heir) = (council.network.provinces[ANHUI].clone(), council.network.provinces[ZHEJIANG].clone());
    let offer = succeed(gone.issuer.organisation, heir.issuer.organisation, all());
    council.network.must(&gone.registrar, offer.clone());
    council.network.try_one(&heir.registrar, offer.clone()).unwrap();
    let rows = [(StatusChange::Suspend, Code::ProvinceSuspended), (StatusChange::Remove, Code::ProvinceRemoved)];
    for (change, code) in rows {
        council.pass(SHANGHAI, Action::ProvinceStatus { province: gone.code, change });
        assert_eq!(council.network.try_one(&heir.registrar, offer.clone()).unwrap_err(), code);
    }
}

/// What an earlier operation of a transaction took away, a later one of the same transaction no longer has. The signer was looked up once.
#[test]
fn a_hand_over_counts_for_the_next_operation_of_its_transaction() {
    let mut world = World::new();
    let authority = world.cases.provinces[SHANGHAI].clone();
    let registrar = world.registrar(SHANGHAI);
    let clerk = Issuer { organisation: authority.organisation, key: key("clerk"), ..registrar.clone() };
    let permissions = Permissions { manage_members: true, manage_seals: true, ..Permissions::none() };
    world.must(&registrar, key_add(&clerk.key, clerk.organisation, permissions));
    let seals = SuccessionScope { seals: true, ..none() };
    let hand_on = Op::from(succeed(clerk.organisation, world.b.organisation, seals)).0;
    let register = Op::from(SealOperation::Register(seal("S-9"))).0;
    let tried = |operations: Vec<Operation>| world.cases.ledger.trial(clerk.key.id(), operations).map(|_| ());
    assert_eq!(tried(vec![register.clone(), hand_on.clone()]), Ok(()));
    assert_eq!(tried(vec![hand_on, register]), Err(Code::OrganisationSucceeded));
}

/// Names never move, authority does: the successor changes what its predecessor named, under the name as it is, and names new things by its
/// own code.
#[test]
fn a_name_stays_with_the_predecessor_and_authority_moves() {
    use huxin_chain_spec::record::LicenceOperation;
    use huxin_chain_spec::record::licence::Licence;
    let mut world = World::new();
    let (old, b) = (world.old.clone(), world.b.clone());
    let named = old.licence("n");
    world.must(&old, LicenceOperation::Issue(named.clone()));
    world.hand_on(&old, &b, all());
    let own = b.licence("n");
    assert_ne!(own.licence, named.licence, "the same name at another organisation");
    let stolen = Licence { licence: named.licence, ..own.clone() };
    assert_eq!(world.tried(&b, LicenceOperation::Issue(stolen)), Err(Code::LicenceReferenceNotOwn));
    let in_its_name = Licence { issuer: old.organisation, ..old.licence("another") };
    assert_eq!(world.tried(&b, LicenceOperation::Issue(in_its_name)), Err(Code::LicenceIssuerMismatch));
    let predecessor = named.licence;
    let amended = Licence { version: 2, first: Some(name_digest("n, version 001")), ..own };
    world.must(&b, LicenceOperation::Amend { predecessor, licence: amended, basis: basis("BG-1") });
}
