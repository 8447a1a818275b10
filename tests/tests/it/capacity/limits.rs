//! Requests beyond the limits of seats, licences and places.

use serde_json::json;
use usher_tests::World;
use usher_tests::world::people;

#[tokio::test]
async fn too_few_seats_refuse_the_whole_request_with_the_arithmetic() {
    let acme = World::new().acme(3).await;
    let reply = acme.post("/invitations", people(3, "manager")).await;
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
