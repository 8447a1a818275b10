//! Places: never oversold, never lost.

use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::Fault;

#[tokio::test]
async fn too_few_places_refuse_the_whole_request_with_the_arithmetic() {
    let acme = World::new().acme(3).await;
    let people: Vec<Value> = (0..3).map(|n| json!({"email": format!("p{n}@x.example"), "role": "manager"})).collect();
    let reply = acme.post("/invitations", json!({"invitations": people})).await;
    assert_eq!(reply.refusal(), (409, "capacity_exceeded".into()));
    insta::assert_json_snapshot!(reply.json());
    assert_eq!(acme.seats().await, (3, 1, 2));
    assert!(acme.get("/invitations?status=pending").await.ok()["items"].as_array().expect("a list").is_empty());
}

#[tokio::test]
async fn products_and_courses_are_counted_with_the_seats() {
    let acme = World::new().acme(100).await;
    let person = |n: u32| {
        json!({"email": format!("p{n}@x.example"), "role": "manager",
        "products": ["mos_opportunity"], "courses": ["Meddicc-go-live-plan"]})
    };
    let reply = acme.post("/invitations", json!({"invitations": [person(0), person(1), person(2)]})).await;
    let problem = reply.json();
    assert_eq!(problem["capacity"]["courses"]["Meddicc-go-live-plan"]["missing"], 1);
    assert_eq!(problem["capacity"]["products"]["mos_opportunity"]["missing"], 0);
    let _ = acme.post("/invitations", json!({"invitations": [person(0), person(1)]})).await.ok();
    let capacity = acme.get("").await.ok()["capacity"].clone();
    assert_eq!(capacity["courses"]["Meddicc-go-live-plan"], json!({"limit": 2, "used": 2, "free": 0}));
    assert_eq!(capacity["courses"]["value-pyramid-program"], json!({"limit": null, "used": 0, "free": null}));
    assert_eq!(capacity["products"]["mos_opportunity"], json!({"limit": 3, "used": 2, "free": 1}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_at_once_on_fifty_seats_invite_exactly_fifty() {
    let acme = World::new().acme(51).await;
    let requests = (0..200).map(|n| {
        let acme = acme.clone();
        tokio::spawn(async move {
            let body = json!({"invitations": [{"email": format!("p{n}@x.example"), "role": "manager"}]});
            acme.post("/invitations", body).await
        })
    });
    let mut invited = 0;
    for request in requests.collect::<Vec<_>>() {
        let reply = request.await.expect("no panic");
        if reply.status.is_success() {
            assert_eq!(reply.json()["results"][0]["outcome"], "invited");
            invited += 1;
        } else {
            assert_eq!(reply.refusal(), (409, "capacity_exceeded".into()));
        }
    }
    assert_eq!(invited, 50);
    assert_eq!(acme.seats().await, (51, 51, 0));
    let items = acme.get("/invitations?status=pending&limit=500").await.ok()["items"].as_array().expect("a list").len();
    assert_eq!(items, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_person_invited_many_times_at_once_takes_one_seat() {
    let acme = World::new().acme(100).await;
    let requests = (0..40).map(|_| {
        let acme = acme.clone();
        tokio::spawn(async move {
            let body = json!({"invitations": [{"email": "one@x.example", "role": "manager"}]});
            acme.post("/invitations", body).await.ok()["results"][0]["outcome"].as_str().expect("text").to_owned()
        })
    });
    let mut invited = 0;
    for request in requests.collect::<Vec<_>>() {
        invited += usize::from(request.await.expect("no panic") == "invited");
    }
    assert_eq!(invited, 1);
    assert_eq!(acme.seats().await, (100, 2, 98));
}

/// Every call of an invitation fails once, in every way. Whatever the caller was told, after a repetition the person is
/// invited once, and after the sweeper no place is lost.
#[tokio::test]
async fn no_single_failure_loses_a_person_or_a_place() {
    let calls = {
        let acme = World::new().acme(10).await;
        let _ = acme.world.cloud.take_calls();
        acme.invite("a@x.example").await;
        acme.world.cloud.take_calls().len()
    };
    for fault in [Fault::Before, Fault::After, Fault::Throttled] {
        for failing in 0..calls {
            let acme = World::new().acme(10).await;
            let mut seen = 0;
            acme.world.cloud.fail(move |_| {
                seen += 1;
                // Three in a row, so that the SDK's own attempts do not mend it.
                (failing < seen && seen <= failing + 3).then_some(fault)
            });
            let body = json!({"invitations": [{"email": "a@x.example", "role": "manager"}]});
            let first = acme.post("/invitations", body.clone()).await;
            acme.world.cloud.mend();
            let again = acme.post("/invitations", body).await.ok();
            let outcome = again["results"][0]["outcome"].as_str().expect("text").to_owned();
            let known = ["invited", "already_invited"].contains(&outcome.as_str());
            assert!(known, "{fault:?} {failing}: {outcome}, after {}", first.text);
            acme.world.advance(jiff::SignedDuration::from_mins(10));
            sweeper::handle(&acme.sweeper()).await.expect("a sweep");
            assert_eq!(acme.seats().await, (10, 2, 8), "{fault:?} at call {failing}");
        }
    }
}
