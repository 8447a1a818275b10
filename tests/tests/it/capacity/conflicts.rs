//! Plain writes that meet a transaction on the same item. DynamoDB refuses them, and the SDK does not repeat them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::{Cloud, Fault};
use usher_tests::world::{Acme, OPERATOR, people_csv};

/// Every plain write conflicts and succeeds when it is repeated. Returns the kinds of writes that conflicted.
fn conflict_once_each(cloud: &Cloud) -> Arc<Mutex<BTreeSet<String>>> {
    let (conflicted, mut next) = (Arc::new(Mutex::new(BTreeSet::new())), true);
    let seen = conflicted.clone();
    cloud.fail(move |operation| {
        let verb = operation.rsplit('.').next().unwrap_or_default();
        if !["PutItem", "UpdateItem", "DeleteItem"].contains(&verb) {
            return None;
        }
        next = !next;
        seen.lock().expect("free").insert(verb.to_owned());
        (!next).then_some(Fault::Conflict)
    });
    conflicted
}

/// What admins, mailers, importers and the sweeper do, each write of it with a conflict.
#[tokio::test]
async fn a_write_that_meets_a_transaction_is_made_again() {
    let world = World::new();
    let conflicted = conflict_once_each(&world.cloud);
    let body = json!({"name": "Acme", "seats": 20, "admins": [{"email": "ada@acme.example"}]});
    let created = world.post_with_key(OPERATOR, "/v1/orgs", "create", &body).await.ok();
    let id = created["id"].as_str().expect("an id").parse().expect("an id");
    world.join(id, "ada@acme.example").await;
    let acme = Acme { world, id };
    let id = acme.invite_for_id("a@x.example").await;
    acme.world.drain().await;
    for (resource, action) in [("invitations", "resend"), ("invitations", "revoke"), ("invitations", "resend")] {
        let _ = acme.act(resource, &id, action).await.ok();
        acme.world.drain().await;
    }
    let _ = acme.patch(&format!("/invitations/{id}"), json!({"name": "Other Name"})).await.ok();
    acme.world.join(acme.id, "a@x.example").await;
    for action in ["deactivate", "reactivate"] {
        let _ = acme.act("members", &id, action).await.ok();
    }
    let import = acme.plan_import("people.csv", people_csv(3), json!({})).await;
    assert_eq!(acme.complete_import(&import).await["status"], "completed");
    sweeper::handle(&acme.sweeper()).await.expect("a sweep");
    assert_eq!(acme.seats().await, (20, 5, 15));
    assert_eq!(acme.world.cloud.mails().len(), 6);
    let conflicted: Vec<_> = conflicted.lock().expect("free").iter().cloned().collect();
    assert_eq!(conflicted, ["DeleteItem", "PutItem", "UpdateItem"]);
}

/// The caller is told to try again, since nothing was written.
#[tokio::test]
async fn conflicts_that_never_end_are_not_waited_for_forever() {
    let acme = World::new().acme(10).await;
    let id = acme.invite_for_id("a@x.example").await;
    acme.world.join(acme.id, "a@x.example").await;
    let version = |acme: &Acme| -> Value {
        let items = acme.world.cloud.items();
        items.iter().find(|item| item["sk"]["S"] == format!("MEMBER#{id}")).expect("the member")["version"].clone()
    };
    let before = version(&acme);
    acme.world.cloud.fail(|_| Some(Fault::Conflict));
    assert_eq!(acme.act("members", &id, "deactivate").await.refusal(), (503, "busy".into()));
    acme.world.cloud.stop_failing();
    assert_eq!(version(&acme), before);
    let _ = acme.act("members", &id, "deactivate").await.ok();
}
