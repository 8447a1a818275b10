//! What a plan says, and what it keeps from happening.

use serde_json::json;
use usher_domain::ImportId;
use usher_store::{Import, ImportStatus};
use usher_tests::World;
use usher_tests::world::Acme;

use crate::import::{announce, id, people, plan};

const TWO_GOOD_ONE_NOT: &str = "email,role\na@x.example,sales_rep\nb@x.example,nobody\nc@x.example,sales_rep\n";

#[tokio::test]
async fn a_file_that_is_to_be_whole_is_refused_for_one_row_and_still_says_which() {
    for mode in ["review", "send"] {
        let acme = World::new().acme(20).await;
        let body = json!({"mode": mode, "on_issues": "reject_file"});
        let import = plan(&acme, "people.csv", TWO_GOOD_ONE_NOT.into(), body).await;
        assert_eq!((&import["status"], &import["on_issues"]), (&json!("failed"), &json!("reject_file")), "{import}");
        assert_eq!((&import["counts"]["valid"], &import["counts"]["rejected"]), (&json!(2), &json!(1)), "{import}");
        assert_eq!(import["issues"], json!({"role_unknown": 1}));
        insta::allow_duplicates! { insta::assert_json_snapshot!("file_has_issues", import["problem"]) }
        let path = |rest: &str| format!("/imports/{}/{rest}", id(&import));
        assert_eq!(acme.get(&path("issues")).await.ok()["items"][0]["line"], 3);
        assert!(acme.get(&path("failed.csv")).await.text.contains("b@x.example"));
        let reply = acme.post(&path("send"), json!({"digest": import["digest"]})).await;
        assert_eq!(reply.refusal(), (409, "import_not_ready".into()));
        acme.world.settle().await;
        assert_eq!(acme.seats().await, (20, 1, 19));
    }
}

#[tokio::test]
async fn a_file_that_is_to_be_whole_and_is_can_be_sent() {
    let acme = World::new().acme(20).await;
    let whole = TWO_GOOD_ONE_NOT.replace("nobody", "manager");
    let import = plan(&acme, "people.csv", whole.into(), json!({"mode": "send", "on_issues": "reject_file"})).await;
    assert_eq!(import["status"], "applying", "{import}");
    acme.world.settle().await;
    assert_eq!(acme.seats().await, (20, 4, 16));
    let unknown = acme.post("/imports", json!({"filename": "a.csv", "on_issues": "ask"})).await;
    assert_eq!(unknown.refusal(), (422, "invalid_request".into()));
}

/// The progress of an import that is being planned, in bytes, until it says something else.
async fn progress(acme: &Acme, import: ImportId) -> Option<Import> {
    let found = acme.world.store.import(acme.id, import).await.expect("the table").expect("the import");
    (found.status == ImportStatus::Planning && found.reading.is_some_and(|reading| reading.bytes > 0)).then_some(found)
}

#[tokio::test]
async fn reading_a_file_says_how_far_it_is_and_stops_when_it_is_told_to() {
    let acme = World::new().acme(20).await;
    let announced = announce(&acme, "people.csv", json!({})).await;
    let file = people(20_000);
    let bytes = file.len();
    let key = format!("uploads/{}/{announced}/people.csv", acme.id);
    acme.world.cloud.put_file(&key, file);
    let bulk = bulk_import::BulkImport { note_every: 1, ..acme.world.bulk_import() };
    let import: ImportId = announced.parse().expect("an id");
    let reader = acme.world.file_arrived_at(&bulk, &key, "v1");
    let admin = async {
        loop {
            if let Some(found) = progress(&acme, import).await {
                let shown = acme.get(&format!("/imports/{announced}")).await.ok();
                assert!(acme.world.store.cancel_import(&found, acme.world.now()).await.expect("the table"), "too late");
                return shown;
            }
            tokio::task::yield_now().await;
        }
    };
    let ((), shown) = tokio::join!(reader, admin);
    let progress = &shown["progress"];
    assert_eq!((&progress["unit"], &progress["total"]), (&json!("bytes"), &json!(bytes)), "{shown}");
    assert!(progress["done"].as_u64().is_some_and(|done| done > 0 && done < bytes as u64), "{shown}");
    assert!(progress["eta"].is_string() && progress["bytes_per_second"].is_u64(), "{shown}");
    let after = acme.get(&format!("/imports/{announced}")).await.ok();
    assert_eq!(
        (&after["status"], &after["counts"], &after["progress"]),
        (&json!("cancelled"), &json!(null), &json!(null))
    );
    let calls = acme.world.cloud.take_calls();
    let written = calls.iter().filter(|call| call.starts_with("PUT ") && call.contains("/part-")).count();
    assert!(written < 4, "{written} parts of 4 were written after all");
    assert!(!calls.iter().any(|call| call.contains("failed.csv")), "it went on to the end");
}

#[tokio::test]
async fn a_dialect_that_is_asked_for_is_checked_kept_and_obeyed() {
    let acme = World::new().acme(20).await;
    let wrong = json!({"filename": "a.csv", "dialect": {"encoding": "EBCDIC", "delimiter": "::"}});
    let reply = acme.post("/imports", wrong).await;
    assert_eq!(reply.refusal(), (422, "invalid_request".into()));
    let fields: Vec<_> =
        reply.json()["errors"].as_array().expect("errors").iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, ["dialect.encoding", "dialect.delimiter"]);
    // Without being told, the commas would divide it.
    let file = "email;role;job_title\na@x.example;sales_rep;one, two, three\n";
    let dialect = json!({"delimiter": ";", "encoding": "windows-1252"});
    let import = plan(&acme, "people.csv", file.into(), json!({"dialect": dialect})).await;
    assert_eq!((&import["requested_dialect"], &import["dialect"]["delimiter"]), (&dialect, &json!(";")), "{import}");
    assert_eq!(
        (&import["dialect"]["encoding"], &import["counts"]["valid"]),
        (&json!("windows-1252"), &json!(1)),
        "{import}"
    );
}
