//! Files.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::Fault;
use usher_tests::world::{ADMIN, Acme};

pub(crate) fn sample(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("a sample")
}

pub(crate) async fn announce(acme: &Acme, filename: &str, body: Value) -> String {
    let mut request = json!({"filename": filename});
    request.as_object_mut().expect("an object").extend(body.as_object().cloned().unwrap_or_default());
    acme.post("/imports", request).await.ok()["id"].as_str().expect("an id").to_owned()
}

/// Announces, uploads and plans a file.
pub(crate) async fn plan(acme: &Acme, filename: &str, bytes: Vec<u8>, body: Value) -> Value {
    let id = announce(acme, filename, body).await;
    let key = format!("uploads/{}/{id}/{filename}", acme.id);
    acme.world.cloud.put_file(&key, bytes);
    acme.world.file_arrived(&key, "v1").await;
    acme.get(&format!("/imports/{id}")).await.ok()
}

/// A file of this many people.
pub(crate) fn people(count: u32) -> Vec<u8> {
    let mut file = vec!["email,role\n".to_owned()];
    file.extend((0..count).map(|n| format!("p{n}@x.example,sales_rep\n")));
    file.concat().into_bytes()
}

pub(crate) fn id(import: &Value) -> &str {
    import["id"].as_str().expect("an id")
}

pub(crate) async fn send(acme: &Acme, import: &Value) -> Value {
    let _ = acme.post(&format!("/imports/{}/send", id(import)), json!({"digest": import["digest"]})).await.ok();
    acme.world.settle().await;
    acme.get(&format!("/imports/{}", id(import))).await.ok()
}

/// Each row has exactly one outcome.
pub(crate) fn assert_accounted_for(import: &Value) {
    let count = |name: &str| import["counts"][name].as_u64().unwrap_or_else(|| panic!("{name} in {import}"));
    let planned: u64 = ["rejected", "ignored_duplicates", "already_invited", "already_member", "deactivated_member"]
        .into_iter()
        .map(count)
        .sum();
    let applied = count("created") + count("already_exists") + count("drifted") + count("cancelled");
    assert_eq!(planned + applied, import["rows"].as_u64().expect("rows"), "{import}");
}

#[tokio::test]
async fn a_messy_file_is_previewed_and_then_exactly_that_is_done() {
    let acme = World::new().acme(20).await;
    let import = plan(&acme, "messy.csv", sample("messy-windows1252.csv"), json!({})).await;
    insta::assert_json_snapshot!("messy_plan", import, {".id" => "[id]", ".digest" => "[digest]", ".created_by" => "[admin]"});
    let issues = acme.get(&format!("/imports/{}/issues", id(&import))).await.ok();
    insta::assert_json_snapshot!("messy_issues", issues);
    assert_eq!(acme.seats().await, (20, 1, 19));
    let done = send(&acme, &import).await;
    assert_eq!(done["status"], "completed", "{done}");
    assert_accounted_for(&done);
    assert_eq!(done["progress"]["done"], done["progress"]["total"]);
    let failed = acme.get(&format!("/imports/{}/failed.csv", id(&import))).await;
    insta::assert_snapshot!("messy_failed", failed.text);
}

#[tokio::test]
async fn a_file_uploaded_three_times_invites_and_mails_each_person_once() {
    let acme = World::new().acme(20).await;
    acme.world.settle().await;
    let before = acme.world.cloud.mails().len();
    for round in 0..3 {
        let import = plan(&acme, "standard.csv", sample("standard.csv"), json!({})).await;
        assert_eq!(import["counts"]["valid"], if round == 0 { 3 } else { 0 }, "{import}");
        let done = send(&acme, &import).await;
        assert_eq!(done["status"], "completed", "{done}");
        assert_accounted_for(&done);
        acme.world.advance(jiff::SignedDuration::from_mins(1));
    }
    assert_eq!(acme.seats().await, (20, 4, 16));
    assert_eq!(acme.world.cloud.mails().len(), before + 3);
}

#[tokio::test]
async fn two_files_of_the_same_people_at_once_make_each_person_once() {
    let acme = World::new().acme(20).await;
    acme.world.settle().await;
    let first = plan(&acme, "a.csv", sample("standard.csv"), json!({})).await;
    let second = plan(&acme, "b.csv", sample("standard.csv"), json!({})).await;
    assert_eq!(first["counts"]["valid"], second["counts"]["valid"]);
    for import in [&first, &second] {
        let _ = acme.post(&format!("/imports/{}/send", id(import)), json!({"digest": import["digest"]})).await.ok();
    }
    assert_eq!(acme.seats().await, (20, 7, 13));
    acme.world.settle().await;
    for import in [&first, &second] {
        let done = acme.get(&format!("/imports/{}", id(import))).await.ok();
        assert_eq!(done["status"], "completed");
        assert_accounted_for(&done);
    }
    assert_eq!(acme.seats().await, (20, 4, 16));
    assert_eq!(acme.world.cloud.mails().len(), 3);
}

#[tokio::test]
async fn all_sample_files_are_understood() {
    for (name, valid) in [("standard.csv", 3), ("names.csv", 3), ("addresses.txt", 5), ("extended.csv", 4)] {
        let acme = World::new().acme(50).await;
        let courses = json!({"name": "Learn", "seats": 50, "products": {"mos_enable": {}, "mos_opportunity": {}}, "teams": ["Enterprise", "SMB"],
            "admins": [{"email": ADMIN}], "courses": [{"slug": "meddpicc-masterclass"}, {"slug": "meddicc-value-program"},
            {"slug": "value-pyramid-program"}, {"slug": "Meddicc-go-live-plan"}]});
        let created = acme.world.post(usher_tests::world::OPERATOR, "/v1/orgs", courses).await.ok();
        let organisation = created["id"].as_str().expect("an id").parse().expect("an id");
        acme.world.join(organisation, ADMIN).await;
        let acme = Acme { world: acme.world, id: organisation };
        let defaults = json!({"defaults": {"role": "sales_rep"}});
        let import = plan(&acme, name, sample(name), defaults).await;
        assert_eq!(
            (&import["status"], &import["counts"]["valid"]),
            (&json!("ready"), &json!(valid)),
            "{name}: {import}"
        );
        assert_eq!(import["counts"]["rejected"], 0, "{name}: {import}");
        let done = send(&acme, &import).await;
        assert_eq!(done["counts"]["created"], valid, "{name}: {done}");
        assert_accounted_for(&done);
    }
}

#[tokio::test]
async fn an_announcement_is_made_once_and_its_form_is_not_kept() {
    let acme = World::new().acme(20).await;
    let send = async |filename: &str| {
        let body = Body::from(json!({"filename": filename}).to_string());
        let mut request = acme.world.request(ADMIN, Method::POST, &acme.path("/imports"), body);
        request.headers_mut().insert("idempotency-key", "announce".parse().expect("a header"));
        acme.world.send(request).await
    };
    let first = send("a.csv").await.ok();
    acme.world.advance(jiff::SignedDuration::from_mins(20));
    let again = send("a.csv").await.ok();
    assert_eq!(first["id"], again["id"]);
    assert_ne!(first["expires_at"], again["expires_at"], "a form that still works");
    let signature = again["upload"]["fields"]["x-amz-signature"].as_str().expect("a signature");
    assert!(!format!("{:?}", acme.world.cloud.items()).contains(signature));
    assert_eq!(send("b.csv").await.refusal(), (422, "idempotency_key_reused".into()));
    assert_eq!(acme.get("/imports").await.ok()["items"].as_array().expect("a list").len(), 1);
}

#[tokio::test]
async fn a_file_dropped_into_the_inbox_becomes_a_plan_once() {
    let acme = World::new().acme(20).await;
    let key = format!("inbox/{}/people.csv", acme.id);
    acme.world.cloud.put_file(&key, sample("standard.csv"));
    for _ in 0..3 {
        acme.world.file_arrived(&key, "v1").await;
    }
    let imports = acme.get("/imports").await.ok()["items"].as_array().expect("a list").clone();
    assert_eq!(imports.len(), 1);
    assert_eq!(imports[0]["status"], "ready");
    acme.world.file_arrived(&key, "v2").await;
    assert_eq!(acme.get("/imports").await.ok()["items"].as_array().expect("a list").len(), 2);
}

#[tokio::test]
async fn send_mode_sends_what_fits_and_says_why_not_otherwise() {
    let acme = World::new().acme(20).await;
    let import = plan(&acme, "standard.csv", sample("standard.csv"), json!({"mode": "send"})).await;
    assert_eq!(import["status"], "applying", "{import}");
    acme.world.settle().await;
    assert_eq!(acme.get(&format!("/imports/{}", id(&import))).await.ok()["counts"]["created"], 3);

    let small = World::new().acme(3).await;
    let import = plan(&small, "standard.csv", sample("standard.csv"), json!({"mode": "send"})).await;
    assert_eq!(
        (&import["status"], &import["problem"]["code"]),
        (&json!("ready"), &json!("capacity_exceeded")),
        "{import}"
    );
    assert_eq!(import["capacity"]["seats"]["missing"], 1, "{import}");
    let reply = small.post(&format!("/imports/{}/send", id(&import)), json!({"digest": import["digest"]})).await;
    assert_eq!(reply.refusal(), (409, "capacity_exceeded".into()));
    assert_eq!(small.seats().await, (3, 1, 2));
}

#[tokio::test]
async fn what_a_column_holds_is_not_sent_on_a_guess() {
    let acme = World::new().acme(20).await;
    let file = b"ada@x.example,Ada Lovelace,sales_rep\ngrace@x.example,Grace Hopper,manager\n".to_vec();
    let import = plan(&acme, "people.csv", file, json!({"mode": "send"})).await;
    assert_eq!(
        (&import["status"], &import["problem"]["code"], &import["counts"]["valid"]),
        (&json!("ready"), &json!("columns_inferred"), &json!(2)),
        "{import}"
    );
    assert_eq!(send(&acme, &import).await["counts"]["created"], 2);
}

#[tokio::test]
async fn what_is_no_list_of_people_is_refused_with_a_reason() {
    let acme = World::new().acme(20).await;
    for (bytes, code) in [
        (&b""[..], "file_empty"),
        (b"name,role\nAda,manager\n", "no_email_column"),
        (b"PK\x03\x04\x14\x00\x06\x00xl/workbook.xml", "file_not_text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "file_not_text"),
    ] {
        let import = plan(&acme, "people.csv", bytes.to_vec(), json!({})).await;
        assert_eq!((&import["status"], &import["problem"]["code"]), (&json!("failed"), &json!(code)), "{import}");
    }
    assert_eq!(acme.seats().await, (20, 1, 19));
}

#[tokio::test]
async fn steps_that_make_no_sense_are_refused() {
    let acme = World::new().acme(20).await;
    let import = plan(&acme, "standard.csv", sample("standard.csv"), json!({})).await;
    let path = |step: &str| format!("/imports/{}/{step}", id(&import));
    let reply = acme.post(&path("send"), json!({"digest": "something else"})).await;
    assert_eq!(reply.refusal(), (409, "digest_mismatch".into()));
    assert_eq!(acme.post(&path("send"), json!({})).await.refusal(), (422, "invalid_request".into()));
    let other = acme.world.acme(5).await;
    assert_eq!(other.get(&format!("/imports/{}", id(&import))).await.refusal(), (404, "not_found".into()));
    assert_eq!(other.post(&path("cancel"), json!({})).await.refusal(), (404, "not_found".into()));
    let cancelled = acme.post(&path("cancel"), json!({})).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    let reply = acme.post(&path("send"), json!({"digest": import["digest"]})).await;
    assert_eq!(reply.refusal(), (409, "import_not_ready".into()));
    for body in [
        json!({}),
        json!({"filename": ""}),
        json!({"filename": "a/b.csv"}),
        json!({"filename": "a.csv", "mode": "now"}),
        json!({"filename": "a.csv", "defaults": {"role": "nobody"}}),
        json!({"filename": "a.csv", "extra": 1}),
    ] {
        assert_eq!(acme.post("/imports", body.clone()).await.refusal(), (422, "invalid_request".into()), "{body}");
    }
    let request = acme.world.request(ADMIN, Method::GET, &acme.path("/imports/template?format=nope"), Body::empty());
    assert_eq!(acme.world.send(request).await.refusal(), (422, "invalid_request".into()));
}

#[tokio::test]
async fn a_cancelled_import_keeps_what_is_done_and_frees_the_rest() {
    let acme = World::new().acme(20_000).await;
    let file = people(12_000);
    let import = plan(&acme, "big.csv", file, json!({})).await;
    assert_eq!(import["counts"]["valid"], 12_000, "{import}");
    let _ = acme.post(&format!("/imports/{}/send", id(&import)), json!({"digest": import["digest"]})).await.ok();
    assert_eq!(acme.seats().await, (20_000, 12_001, 7_999));
    acme.world.relay_changes().await;
    let mut parts = acme.world.cloud.take_messages("apply");
    assert_eq!(parts.len(), 3);
    let rest = parts.split_off(1);
    acme.world.apply(parts).await;
    let _ = acme.post(&format!("/imports/{}/cancel", id(&import)), json!({})).await.ok();
    acme.world.apply(rest).await;
    let done = acme.get(&format!("/imports/{}", id(&import))).await.ok();
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("cancelled"), &json!(5_000)), "{done}");
    assert_accounted_for(&done);
    assert_eq!(acme.seats().await, (20_000, 5_001, 14_999));
}

/// Each call of a part fails once, in every way; the part is delivered again, twice, and everything is as if nothing had
/// failed.
#[tokio::test]
async fn a_part_cut_off_anywhere_converges() {
    for fault in [Fault::Before, Fault::After, Fault::Throttled] {
        for failing in 0..14 {
            let acme = World::new().acme(100).await;
            acme.world.settle().await;
            let file = people(60);
            let import = plan(&acme, "people.csv", file, json!({})).await;
            let _ =
                acme.post(&format!("/imports/{}/send", id(&import)), json!({"digest": import["digest"]})).await.ok();
            acme.world.relay_changes().await;
            let parts = acme.world.cloud.take_messages("apply");
            let mut seen = 0;
            acme.world.cloud.fail(move |_| {
                seen += 1;
                (failing < seen && seen <= failing + 3).then_some(fault)
            });
            acme.world.apply(parts.clone()).await;
            acme.world.cloud.mend();
            for _ in 0..2 {
                acme.world.apply(parts.clone()).await;
            }
            acme.world.settle().await;
            let done = acme.get(&format!("/imports/{}", id(&import))).await.ok();
            assert_eq!(
                (&done["status"], &done["counts"]["created"]),
                (&json!("completed"), &json!(60)),
                "{fault:?} {failing}: {done}"
            );
            assert_accounted_for(&done);
            assert_eq!(acme.seats().await, (100, 61, 39), "{fault:?} {failing}");
            assert_eq!(acme.world.cloud.mails().len(), 60, "{fault:?} {failing}");
        }
    }
}
