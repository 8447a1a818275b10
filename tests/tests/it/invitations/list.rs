//! Listing invitations.

use jiff::SignedDuration;
use usher_tests::World;
use usher_tests::world::{Invitation, invitations};

#[tokio::test]
async fn lists_are_filtered_and_paged_without_gap_or_repetition() {
    let acme = World::new().acme(200).await;
    let person = |n: usize| {
        let team = if n.is_multiple_of(3) { "SMB" } else { "Enterprise" };
        Invitation::of(format!("p{n}@x.example"), "sales_rep").team(team).send(!n.is_multiple_of(10))
    };
    let _ = acme.post("/invitations", invitations((0..120).map(person))).await.ok();
    let mut ids = std::collections::BTreeSet::new();
    let mut next = String::new();
    let mut pages = 0;
    loop {
        let page = acme.get(&format!("/invitations?status=pending&limit=7{next}")).await.ok();
        for item in page["items"].as_array().expect("a list") {
            assert!(ids.insert(item["id"].as_str().expect("id").to_owned()), "a repetition");
        }
        pages += 1;
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&next={cursor}");
    }
    assert_eq!(ids.len(), 108);
    assert!(pages >= 16, "{pages}");
    let count = async |query: &str| {
        acme.get(&format!("/invitations?limit=500&{query}")).await.ok()["items"].as_array().expect("list").len()
    };
    assert_eq!(count("status=held").await, 12);
    assert_eq!(count("team=smb").await, 40);
    assert_eq!(count("email=P5@x.example").await, 1);
    assert_eq!(count("email=nobody@x.example").await, 0);
    assert_eq!(count("status=accepted").await, 1);
    acme.world.advance(SignedDuration::from_hours(24 * 8));
    assert_eq!(count("status=expired").await, 108);
    assert_eq!(count("status=pending").await, 0);
    for query in [
        "status=nope",
        "limit=0",
        "limit=501",
        "limit=x",
        "next=%25",
        "next=eA",
        "next=MCNmb28",
        "team=Atlantis",
        "colour=red",
        "import=x",
        "email=x",
    ] {
        assert_eq!(
            acme.get(&format!("/invitations?{query}")).await.refusal(),
            (422, "invalid_request".into()),
            "{query}"
        );
    }
}
