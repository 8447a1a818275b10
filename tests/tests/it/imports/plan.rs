//! Planning: what the plan of a file shows.

use serde_json::json;
use usher_tests::world::{ADMIN, Acme, OPERATOR, assert_accounted_for, id, sample};
use usher_tests::{World, ids_hidden};

#[tokio::test]
async fn a_messy_file_is_previewed_and_then_exactly_that_is_done() {
    let acme = World::new().acme(20).await;
    let import = acme.plan_import("messy.csv", sample("messy-windows1252.csv"), json!({})).await;
    ids_hidden().bind(|| insta::assert_json_snapshot!("messy_plan", import));
    let issues = acme.get(&format!("/imports/{}/issues", id(&import))).await.ok();
    insta::assert_json_snapshot!("messy_issues", issues);
    assert_eq!(acme.seats().await, (20, 1, 19));
    let done = acme.complete_import(&import).await;
    assert_eq!(done["status"], "completed", "{done}");
    assert_accounted_for(&done);
    assert_eq!(done["progress"]["done"], done["progress"]["total"]);
    let failed = acme.get(&format!("/imports/{}/failed.csv", id(&import))).await;
    insta::assert_snapshot!("messy_failed", failed.text);
}

#[tokio::test]
async fn all_sample_files_are_understood() {
    for (name, valid) in [("standard.csv", 3), ("names.csv", 3), ("addresses.txt", 5), ("extended.csv", 4)] {
        let acme = World::new().acme(50).await;
        let courses = json!({"name": "Learn", "seats": 50, "products": {"mos_enable": {}, "mos_opportunity": {}}, "teams": ["Enterprise", "SMB"],
            "admins": [{"email": ADMIN}], "courses": [{"slug": "meddpicc-masterclass"}, {"slug": "meddicc-value-program"},
            {"slug": "value-pyramid-program"}, {"slug": "Meddicc-go-live-plan"}]});
        let created = acme.world.post(OPERATOR, "/v1/orgs", courses).await.ok();
        let organisation = created["id"].as_str().expect("an id").parse().expect("an id");
        acme.world.join(organisation, ADMIN).await;
        let acme = Acme { world: acme.world, id: organisation };
        let defaults = json!({"defaults": {"role": "sales_rep"}});
        let import = acme.plan_import(name, sample(name), defaults).await;
        assert_eq!(
            (&import["status"], &import["counts"]["valid"]),
            (&json!("ready"), &json!(valid)),
            "{name}: {import}"
        );
        assert_eq!(import["counts"]["rejected"], 0, "{name}: {import}");
        let done = acme.complete_import(&import).await;
        assert_eq!(done["counts"]["created"], valid, "{name}: {done}");
        assert_accounted_for(&done);
    }
}

#[tokio::test]
async fn a_file_without_people_is_refused_with_a_reason() {
    let acme = World::new().acme(20).await;
    for (bytes, code) in [
        (&b""[..], "file_empty"),
        (b"name,role\nAda,manager\n", "no_email_column"),
        (b"PK\x03\x04\x14\x00\x06\x00xl/workbook.xml", "file_not_text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "file_not_text"),
    ] {
        let import = acme.plan_import("people.csv", bytes.to_vec(), json!({})).await;
        assert_eq!((&import["status"], &import["problem"]["code"]), (&json!("failed"), &json!(code)), "{import}");
    }
    assert_eq!(acme.seats().await, (20, 1, 19));
}

#[tokio::test]
async fn a_requested_dialect_is_validated_kept_and_used() {
    let acme = World::new().acme(20).await;
    let wrong = json!({"filename": "a.csv", "dialect": {"encoding": "EBCDIC", "delimiter": "::"}});
    let reply = acme.post("/imports", wrong).await;
    assert_eq!(reply.refusal(), (422, "invalid_request".into()));
    let fields: Vec<_> =
        reply.json()["errors"].as_array().expect("errors").iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, ["dialect.encoding", "dialect.delimiter"]);
    // Without being reports, the commas would divide it.
    let file = "email;role;job_title\na@x.example;sales_rep;one, two, three\n";
    let dialect = json!({"delimiter": ";", "encoding": "windows-1252"});
    let import = acme.plan_import("people.csv", file.into(), json!({"dialect": dialect})).await;
    assert_eq!((&import["requested_dialect"], &import["dialect"]["delimiter"]), (&dialect, &json!(";")), "{import}");
    assert_eq!(
        (&import["dialect"]["encoding"], &import["counts"]["valid"]),
        (&json!("windows-1252"), &json!(1)),
        "{import}"
    );
}
