//! `on_issues: reject_file`: a file that is imported as a whole or not at all.

use serde_json::json;
use usher_tests::World;
use usher_tests::world::id;

const TWO_GOOD_ONE_NOT: &str = "email,role\na@x.example,sales_rep\nb@x.example,nobody\nc@x.example,sales_rep\n";

#[tokio::test]
async fn one_invalid_row_rejects_the_file_and_is_still_shown() {
    for mode in ["review", "send"] {
        let acme = World::new().acme(20).await;
        let body = json!({"mode": mode, "on_issues": "reject_file"});
        let import = acme.plan_import("people.csv", TWO_GOOD_ONE_NOT.into(), body).await;
        assert_eq!((&import["status"], &import["on_issues"]), (&json!("failed"), &json!("reject_file")), "{import}");
        assert_eq!((&import["counts"]["valid"], &import["counts"]["rejected"]), (&json!(2), &json!(1)), "{import}");
        assert_eq!(import["issues"], json!({"role_unknown": 1}));
        insta::allow_duplicates! { insta::assert_json_snapshot!("file_has_issues", import["problem"]) }
        let path = |rest: &str| format!("/imports/{}/{rest}", id(&import));
        assert_eq!(acme.get(&path("issues")).await.ok()["items"][0]["line"], 3);
        assert!(acme.get(&path("failed.csv")).await.text.contains("b@x.example"));
        let reply = acme.post(&path("send"), json!({"digest": import["digest"]})).await;
        assert_eq!(reply.refusal(), (409, "import_not_ready".into()));
        acme.world.drain().await;
        assert_eq!(acme.seats().await, (20, 1, 19));
    }
}

#[tokio::test]
async fn a_file_without_issues_can_be_sent() {
    let acme = World::new().acme(20).await;
    let whole = TWO_GOOD_ONE_NOT.replace("nobody", "manager");
    let import =
        acme.plan_import("people.csv", whole.into(), json!({"mode": "send", "on_issues": "reject_file"})).await;
    assert_eq!(import["status"], "applying", "{import}");
    acme.world.drain().await;
    assert_eq!(acme.seats().await, (20, 4, 16));
    let unknown = acme.post("/imports", json!({"filename": "a.csv", "on_issues": "ask"})).await;
    assert_eq!(unknown.refusal(), (422, "invalid_request".into()));
}
