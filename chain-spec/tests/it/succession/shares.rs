//! Data shares under way: the successor of the provider answers, that of the requester takes back and uses. Both were stuck with bodies
//! that were gone.

use huxin_chain_spec::record::EvidenceOperation as Evidence;
use huxin_chain_spec::record::evidence::{
    About, Material, MaterialOrigin, ShareAnswer, ShareDelivery, ShareRequest, ShareReturn,
};

use super::*;

fn request(world: &World, by: &Issuer, provider: &Issuer, name: &str) -> Evidence {
    let request = share_of(by.organisation, name);
    let about = About { case: None, ..about_subject() };
    let due_ms = world.cases.ledger.now.plus_ms(86_400_000);
    Evidence::ShareRequest(ShareRequest {
        about,
        request,
        provider: provider.organisation,
        due_ms,
        ..share_request(name)
    })
}

fn shared_world() -> World {
    let mut world = World::new();
    world.cases.ledger.publish(&published(PublicationKind::DataCatalogue), entries());
    world
}

#[test]
fn the_successor_of_the_provider_answers_and_delivers() {
    let mut world = shared_world();
    let (old, b, c) = (world.old.clone(), world.b.clone(), world.c.clone());
    let jiangsu = world.cases.issuer(JIANGSU).clone();
    world.must(&jiangsu, request(&world, &jiangsu, &old, "asked"));
    let approve = Evidence::ShareApprove(share_answer("asked"));
    assert_eq!(world.tried(&b, approve.clone()), Err(Code::EvidenceShareNotProvider), "before");
    world.hand_on(&old, &b, SuccessionScope { publications: true, ..none() });
    assert_eq!(world.tried(&old, approve.clone()), Err(Code::OrganisationSucceeded));
    assert_eq!(world.tried(&c, approve.clone()), Err(Code::EvidenceShareNotProvider));
    world.must(&b, approve);
    let deliver = Evidence::ShareDeliver(share_delivery("asked"));
    assert_eq!(world.tried(&old, deliver.clone()), Err(Code::OrganisationSucceeded));
    world.must(&b, deliver);
    assert_eq!(world.tried(&jiangsu, request(&world, &jiangsu, &old, "later")), Err(Code::OrganisationSucceeded));
    assert_eq!(world.tried(&jiangsu, request(&world, &jiangsu, &b, "later")), Ok(()));
}

#[test]
fn the_successor_of_the_requester_uses_and_returns() {
    let mut world = shared_world();
    let (old, b, c) = (world.old.clone(), world.b.clone(), world.c.clone());
    let jiangsu = world.cases.issuer(JIANGSU).clone();
    world.must(&old, request(&world, &old, &jiangsu, "asked"));
    let asked = share_of(old.organisation, "asked");
    world.must(&jiangsu, Evidence::ShareApprove(ShareAnswer { request: asked, ..share_answer("asked") }));
    world.must(&jiangsu, Evidence::ShareDeliver(ShareDelivery { request: asked, ..share_delivery("asked") }));
    world.hand_on(&old, &b, SuccessionScope { cases: true, ..none() });
    let origin = MaterialOrigin::Share { request: asked };
    let about = About { case: None, ..about_subject() };
    let steps = [
        Evidence::Material(Material { about, origin, ..crate::support::material() }),
        Evidence::ShareReturn(ShareReturn { request: asked, ..share_return("asked") }),
    ];
    for step in steps {
        assert_eq!(world.tried(&old, step.clone()), Err(Code::OrganisationSucceeded));
        assert_eq!(world.tried(&c, step.clone()), Err(Code::EvidenceShareNotRequester));
        assert_eq!(world.tried(&b, step), Ok(()));
    }
    assert_eq!(world.tried(&old, request(&world, &old, &jiangsu, "later")), Err(Code::OrganisationSucceeded));
}
