//! `results.csv`: every row of a file, once, with what became of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::Fault;
use usher_tests::world::Acme;

use crate::import::{assert_accounted_for, id, people, plan, sample, send};

/// A row of `results.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResultRow {
    pub(crate) line: u64,
    pub(crate) email: String,
    pub(crate) outcome: String,
    pub(crate) membership: String,
    pub(crate) codes: String,
}

pub(crate) async fn results(acme: &Acme, import: &Value) -> Vec<ResultRow> {
    let reply = acme.get(&format!("/imports/{}/results.csv", id(import))).await;
    assert!(reply.status.is_success(), "{}", reply.text);
    assert!(reply.text.starts_with("line,email,outcome,membership_id,codes,message\r\n"), "{}", reply.text);
    let mut reader = csv::Reader::from_reader(reply.text.as_bytes());
    let lines = reader.records().map(|record| {
        let record = record.expect("a record");
        let text = |column: usize| record[column].to_owned();
        ResultRow {
            line: text(0).parse().expect("a line"),
            email: text(1),
            outcome: text(2),
            membership: text(3),
            codes: text(4),
        }
    });
    lines.collect()
}

/// Every row of the file is in `results.csv` once, in order, and as often with each outcome as the import says.
pub(crate) async fn assert_every_row_is_there_once(acme: &Acme, import: &Value) -> Vec<ResultRow> {
    assert_accounted_for(import);
    let lines = results(acme, import).await;
    assert!(lines.is_sorted_by_key(|line| line.line), "{lines:?}");
    assert_eq!(Some(lines.len() as u64), import["rows"].as_u64(), "{import}");
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    for line in &lines {
        *outcomes.entry(&line.outcome).or_default() += 1;
        assert_eq!(line.membership.is_empty(), line.outcome == "rejected", "{line:?}");
    }
    let found = |outcomes_of: &[&str]| outcomes_of.iter().filter_map(|outcome| outcomes.get(outcome)).sum::<u64>();
    let counted = |counts: &[&str]| counts.iter().filter_map(|count| import["counts"][count].as_u64()).sum::<u64>();
    for (outcomes, counts) in [
        (&["created"] as &[_], &["created"] as &[_]),
        (&["rejected"], &["rejected"]),
        (&["ignored_duplicate"], &["ignored_duplicates"]),
        (&["drifted"], &["drifted"]),
        (&["cancelled"], &["cancelled"]),
        (
            &["already_invited", "already_member", "deactivated_member"],
            &["already_invited", "already_member", "deactivated_member", "already_exists"],
        ),
    ] {
        assert_eq!(found(outcomes), counted(counts), "{outcomes:?}: {import}");
    }
    lines
}

/// Somebody is there in every way that a person can be, before the plan and since.
#[tokio::test]
async fn every_row_of_a_file_has_one_outcome_and_says_which() {
    let acme = World::new().acme(50).await;
    for email in ["open@x.example", "otherwise@x.example", "in@x.example", "out@x.example"] {
        let _ = acme.invite(email).await;
    }
    acme.world.join(acme.id, "in@x.example").await;
    acme.world.join(acme.id, "out@x.example").await;
    let out = acme.get("/members?email=out@x.example").await.ok()["items"][0]["id"].clone();
    let _ = acme.post(&format!("/members/{}/deactivate", out.as_str().expect("an id")), json!({})).await.ok();
    let rows = [
        "email,role,team",
        "new@x.example,sales_rep,",
        "=cmd@x,sales_rep,",
        "open@x.example,sales_rep,",
        "otherwise@x.example,manager,",
        "in@x.example,sales_rep,",
        "out@x.example,sales_rep,",
        "new@x.example,sales_rep,",
        "late@x.example,manager,",
        "joined@x.example,sales_rep,",
        "drifts@x.example,sales_rep,SMB",
        "+x@x.example,nobody,",
    ];
    let import = plan(&acme, "people.csv", rows.join("\n").into_bytes(), json!({})).await;
    assert_eq!(import["warnings"], json!({"invitation_differs": 1}));
    let reply = acme.get(&format!("/imports/{}/results.csv", id(&import))).await;
    assert_eq!(reply.refusal(), (409, "import_not_ready".into()));
    // What happens between plan and sending.
    for email in ["late@x.example", "joined@x.example"] {
        let _ = acme.invite(email).await;
    }
    acme.world.join(acme.id, "joined@x.example").await;
    let items = acme.world.cloud.items();
    let team = items
        .iter()
        .find(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("TEAM#")) && item["name"]["S"] == "SMB");
    acme.world.cloud.remove_item(team.expect("a team"));

    let done = send(&acme, &import).await;
    assert_eq!(done["status"], "completed", "{done}");
    let _ = assert_every_row_is_there_once(&acme, &done).await;
    let text = acme.get(&format!("/imports/{}/results.csv", id(&import))).await.text;
    insta::with_settings!({filters => vec![("[a-z0-9]{26}", "[id]")]}, {
        insta::assert_snapshot!("mixed_results", text);
    });
    let failed = acme.get(&format!("/imports/{}/failed.csv", id(&import))).await.text;
    assert!(failed.contains("drifts@x.example") && !failed.contains("otherwise@x.example"), "{failed}");
}

#[tokio::test]
async fn a_list_with_many_people_on_a_line_has_a_result_for_each() {
    let acme = World::new().acme(20).await;
    let _ = acme.invite("b@x.example").await;
    let list = "Ann <a@x.example>, b@x.example; nobody, a@x.example\nc@x.example; Ann <a@x.example>\n";
    let body = json!({"defaults": {"role": "sales_rep"}});
    let import = plan(&acme, "list.txt", list.into(), body).await;
    let done = send(&acme, &import).await;
    let lines = assert_every_row_is_there_once(&acme, &done).await;
    let shown: Vec<_> = lines.iter().map(|line| (line.line, line.email.as_str())).collect();
    let [ann, bo, nobody] = ["a@x.example", "b@x.example", "nobody"];
    assert_eq!(shown, [(1, ann), (1, bo), (1, nobody), (1, ann), (2, "c@x.example"), (2, ann)]);
}

#[tokio::test]
async fn what_failed_uploaded_again_unchanged_invites_and_mails_nobody() {
    let acme = World::new().acme(20).await;
    let import = plan(&acme, "messy.csv", sample("messy-windows1252.csv"), json!({})).await;
    let done = send(&acme, &import).await;
    let _ = assert_every_row_is_there_once(&acme, &done).await;
    let (mails, seats) = (acme.world.cloud.mails().len(), acme.seats().await);
    let folder = stored_folder(&acme, &import).await;
    let failed = acme.world.cloud.file(&format!("{folder}/failed.csv")).expect("the file as it is stored");
    let again = plan(&acme, "failed.csv", failed, json!({})).await;
    // One of them contradicted a row that was good, and whose person is invited now.
    let left = again["counts"]["rejected"].as_u64().expect("a count") + 1;
    assert_eq!((&again["counts"]["valid"], &json!(left)), (&json!(0), &import["counts"]["rejected"]), "{again}");
    assert_eq!(again["counts"]["already_invited"], 1, "{again}");
    let done = send(&acme, &again).await;
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("completed"), &json!(0)), "{done}");
    let _ = assert_every_row_is_there_once(&acme, &done).await;
    assert_eq!((acme.world.cloud.mails().len(), acme.seats().await), (mails, seats));
}

async fn stored_folder(acme: &Acme, import: &Value) -> String {
    let id = id(import).parse().expect("an id");
    let stored = acme.world.store.import(acme.id, id).await.expect("the table").expect("the import");
    stored.plan.expect("a plan").folder
}

#[tokio::test]
async fn an_import_that_is_cancelled_has_a_result_for_every_row_and_ends_once() {
    let acme = World::new().acme(20).await;
    let file = b"email,role\na@x.example,sales_rep\nb@x.example,nobody\nc@x.example,sales_rep\n".to_vec();
    let unsent = plan(&acme, "unsent.csv", file.clone(), json!({})).await;
    let path = |import: &Value, rest: &str| format!("/imports/{}{rest}", id(import));
    let cancelled = acme.post(&path(&unsent, "/cancel"), json!({})).await.ok();
    assert_eq!((&cancelled["status"], &cancelled["finished_at"]), (&json!("cancelled"), &Value::Null));
    acme.world.settle().await;
    let done = acme.get(&path(&unsent, "")).await.ok();
    // Nothing was taken, so nothing comes back.
    assert_eq!(acme.seats().await, (20, 1, 19));
    assert!(done["finished_at"].is_string(), "{done}");
    let lines = results(&acme, &done).await;
    let outcomes: Vec<_> = lines.iter().map(|line| line.outcome.as_str()).collect();
    assert_eq!(outcomes, ["cancelled", "rejected", "cancelled"]);
    // Its record is looked after if the message was lost, and nothing of it is handed out.
    let lost = plan(&acme, "lost.csv", file, json!({})).await;
    let _ = acme.post(&path(&lost, "/cancel"), json!({})).await.ok();
    acme.world.relay_changes().await;
    let _ = acme.world.cloud.take_messages("apply");
    acme.world.advance(jiff::SignedDuration::from_mins(20));
    let _ = sweeper::handle(&acme.sweeper()).await.expect("swept");
    acme.world.settle().await;
    assert!(acme.get(&path(&lost, "")).await.ok()["finished_at"].is_string());
    assert_eq!((acme.seats().await, results(&acme, &lost).await.len()), ((20, 1, 19), 3));
}

/// Files are not kept for as long as imports are.
#[tokio::test]
async fn an_import_that_is_cancelled_when_its_files_are_gone_ends_without_them() {
    let acme = World::new().acme(20).await;
    let import = plan(&acme, "people.csv", people(3), json!({})).await;
    let folder = stored_folder(&acme, &import).await;
    for file in ["issues.jsonl", "skipped.jsonl", "part-000001.jsonl"] {
        acme.world.cloud.remove_file(&format!("{folder}/{file}"));
    }
    let _ = acme.post(&format!("/imports/{}/cancel", id(&import)), json!({})).await.ok();
    acme.world.relay_changes().await;
    let parts = acme.world.cloud.take_messages("apply");
    assert_eq!(acme.world.apply(parts.clone()).await, parts, "nothing is deleted on the first day");
    acme.world.advance(jiff::SignedDuration::from_hours(31 * 24));
    assert_eq!(acme.world.apply(parts).await, []);
    let done = acme.get(&format!("/imports/{}", id(&import))).await.ok();
    assert!(done["status"] == "cancelled" && done["finished_at"].is_string(), "{done}");
    let reply = acme.get(&format!("/imports/{}/results.csv", id(&import))).await;
    assert_eq!(reply.refusal().1, "import_files_gone");
}

/// Every batch is done by half, and the rest refused, until all of it is done.
#[tokio::test]
async fn a_table_that_takes_less_than_it_is_asked_for_gets_every_row_in_the_end() {
    let acme = World::new().acme(700).await;
    acme.world.settle().await;
    let import = plan(&acme, "people.csv", people(300), json!({})).await;
    let again = plan(&acme, "again.csv", people(310), json!({})).await;
    for import in [&import, &again] {
        let body = json!({"digest": import["digest"]});
        let _ = acme.post(&format!("/imports/{}/send", id(import)), body).await.ok();
        acme.world.relay_changes().await;
        let parts = acme.world.cloud.take_messages("apply");
        let mut calls = 0;
        acme.world.cloud.fail(move |operation| {
            calls += 1;
            // Not always, or a batch of one would never be taken.
            let fault = if calls % 7 == 0 { Fault::Throttled } else { Fault::Partly };
            (operation.contains("Batch") && calls % 4 != 0).then_some(fault)
        });
        assert_eq!(acme.world.apply(parts).await, []);
        acme.world.cloud.mend();
        acme.world.settle().await;
        let done = acme.get(&format!("/imports/{}", id(import))).await.ok();
        assert_eq!(done["status"], "completed", "{done}");
        let _ = assert_every_row_is_there_once(&acme, &done).await;
    }
    assert_eq!(acme.seats().await, (700, 311, 389));
    assert_eq!(acme.world.cloud.mails().len(), 310);
}

/// Between two deliveries of a part somebody it made is revoked and invited again by hand: their place is theirs, once.
#[tokio::test]
async fn a_place_that_changed_hands_between_two_deliveries_is_given_back_once() {
    let acme = World::new().acme(50).await;
    let import = plan(&acme, "people.csv", people(10), json!({})).await;
    let _ = acme.post(&format!("/imports/{}/send", id(&import)), json!({"digest": import["digest"]})).await.ok();
    acme.world.relay_changes().await;
    let parts = acme.world.cloud.take_messages("apply");
    acme.world.cloud.fail(|operation| operation.ends_with("TransactWriteItems").then_some(Fault::Before));
    assert_eq!(acme.world.apply(parts.clone()).await, parts, "made, and not settled");
    acme.world.cloud.mend();
    let made = acme.get("/invitations?email=p3@x.example").await.ok()["items"][0]["id"].clone();
    let _ = acme.post(&format!("/invitations/{}/revoke", made.as_str().expect("an id")), json!({})).await.ok();
    assert_eq!(acme.seats().await, (50, 10, 40));
    let _ = acme.invite("p3@x.example").await;
    assert_eq!(acme.seats().await, (50, 11, 39));
    for _ in 0..2 {
        assert_eq!(acme.world.apply(parts.clone()).await, []);
    }
    acme.world.settle().await;
    let done = acme.get(&format!("/imports/{}", id(&import))).await.ok();
    let _ = assert_every_row_is_there_once(&acme, &done).await;
    assert_eq!((&done["counts"]["created"], acme.seats().await), (&json!(10), (50, 11, 39)));
}

/// The same where another import invites them again: neither gives back what the other took.
#[tokio::test]
async fn a_place_that_went_from_one_import_to_another_is_given_back_once() {
    let acme = World::new().acme(50).await;
    let send = async |import: &Value| {
        let _ = acme.post(&format!("/imports/{}/send", id(import)), json!({"digest": import["digest"]})).await.ok();
        acme.world.relay_changes().await;
        acme.world.cloud.take_messages("apply")
    };
    let import = plan(&acme, "people.csv", people(10), json!({})).await;
    let parts = send(&import).await;
    acme.world.cloud.fail(|operation| operation.ends_with("TransactWriteItems").then_some(Fault::Before));
    assert_eq!(acme.world.apply(parts.clone()).await, parts, "made, and not settled");
    acme.world.cloud.mend();
    let made = acme.get("/invitations?email=p3@x.example").await.ok()["items"][0]["id"].clone();
    let _ = acme.post(&format!("/invitations/{}/revoke", made.as_str().expect("an id")), json!({})).await.ok();
    let other = plan(&acme, "other.csv", b"email,role\np3@x.example,sales_rep\n".to_vec(), json!({})).await;
    let others = send(&other).await;
    assert_eq!(acme.world.apply(others).await, []);
    assert_eq!(acme.seats().await, (50, 11, 39));
    for _ in 0..2 {
        assert_eq!(acme.world.apply(parts.clone()).await, []);
    }
    acme.world.settle().await;
    for (import, created) in [(&import, 10), (&other, 1)] {
        let done = acme.get(&format!("/imports/{}", id(import))).await.ok();
        let _ = assert_every_row_is_there_once(&acme, &done).await;
        assert_eq!(done["counts"]["created"], json!(created));
    }
    assert_eq!(acme.seats().await, (50, 11, 39));
}

/// Each call of a part and of the end fails once, in every way; every row has its outcome all the same.
#[tokio::test]
async fn an_end_cut_off_anywhere_accounts_for_every_row() {
    for fault in [Fault::Before, Fault::After, Fault::Throttled] {
        for failing in 4..24 {
            let acme = World::new().acme(100).await;
            let mut file = people(12);
            file.extend_from_slice(b"p3@x.example,sales_rep\nnobody,sales_rep\n");
            let import = plan(&acme, "people.csv", file, json!({})).await;
            let body = json!({"digest": import["digest"]});
            let _ = acme.post(&format!("/imports/{}/send", id(&import)), body).await.ok();
            acme.world.relay_changes().await;
            let parts = acme.world.cloud.take_messages("apply");
            let mut seen = 0;
            acme.world.cloud.fail(move |_| {
                seen += 1;
                (failing < seen && seen <= failing + 3).then_some(fault)
            });
            let _ = acme.world.apply(parts.clone()).await;
            acme.world.cloud.mend();
            for _ in 0..2 {
                assert_eq!(acme.world.apply(parts.clone()).await, []);
            }
            let done = acme.get(&format!("/imports/{}", id(&import))).await.ok();
            assert_eq!(
                (&done["status"], &done["counts"]["created"]),
                (&json!("completed"), &json!(12)),
                "{fault:?} {failing}"
            );
            let _ = assert_every_row_is_there_once(&acme, &done).await;
        }
    }
}
