//! Files: announced, planned, sent, refused.

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_store::{Import, ImportSource};
use usher_tests::cloud::Fault;
use usher_tests::world::{ADMIN, LARGEST_FILE};

use super::admin::{CheckedAdmin, checked_admin, errors, ranks, text};
use super::contract::CheckedWorld;

/// A file with everything that can be wrong with a row, but too many people.
fn every_issue() -> String {
    let rows = [
        "ada@x.example,Ada,member,SMB,Analyst,TRUE,value-pyramid",
        "ada@x.example,Ada,member,SMB,Analyst,TRUE,value-pyramid",
        "ada@x.example,Ada Two,member,,,,",
        ",B,member,,,,",
        "b,B,member,,,,",
        "b b@x.example,B,member,,,,",
        "b\u{200b}@x.example,B,member,,,,",
        "å@x.example,B,member,,,,",
        "b@x,B,member,,,,",
        "LONG@x.example,B,member,,,,",
        "c@x.example,LONG,member,,,,",
        "c@x.example,C\u{200b},member,,,,",
        "c@x.example,Visit evil.example,member,,,,",
        "c@x.example,<b>C</b>,member,,,,",
        "c@x.example,C,,,,,",
        "c@x.example,C,membr,,,,",
        "c@x.example,C,owner,,,,",
        "c@x.example,C,member,Atlantis,,perhaps,none",
        "c@x.example,C,member,,,,,,more",
        "c@x.example,C\u{fffd}re,member,,,,",
        "di@gmial.com,D,member,,,,",
        "di@gmail.com,D,member,,,,",
        "ada+work@x.example,A,member,,,,",
        "bol@x.example,B,member,,,,",
        "bo1@x.example,B,member,,,,",
        "HUGE",
        "\"unclosed,C,member,,,,",
    ];
    let header = "email,name,role,team,job_title,mos_enable,course_enrollments";
    let rows: Vec<_> = [header].into_iter().chain(rows).collect();
    rows.join("\r\n").replace("LONG", &"x".repeat(65)).replace("HUGE", &"x".repeat(300_000))
}

pub(super) async fn create_and_plan(checked: &CheckedWorld<'_>) {
    let admin = CheckedAdmin { acme: ranks(checked).await, checked };
    for format in ["standard", "extended", "addresses", "names"] {
        let _ = admin.get(&format!("/imports/template?format={format}")).await;
    }
    for query in ["", "?format=xlsx"] {
        let reply = admin.get(&format!("/imports/template{query}")).await;
        assert_eq!(errors(&reply), ["format_unknown".to_owned()].into());
    }
    for (filename, code) in [
        ("", "filename_missing"),
        (&*"x".repeat(201), "filename_too_long"),
        ("../people.csv", "filename_with_path"),
        ("people\n.csv", "filename_with_control_character"),
    ] {
        assert_eq!(errors(&admin.post("/imports", json!({"filename": filename})).await), [code.to_owned()].into());
    }
    let defaults = json!({"filename": "x.csv", "defaults": {"role": "owner", "team": "Atlantis"},
        "dialect": {"delimiter": "::"}});
    assert_eq!(errors(&admin.post("/imports", defaults).await).len(), 3);
    let dialect = json!({"encoding": "latin1", "delimiter": ";", "quote": "'", "header": true});
    let _ = admin.post("/imports", json!({"filename": "x.csv", "dialect": dialect})).await.ok();

    let import = admin.import(checked.contract.request("announceImport", Some("review")), every_issue()).await;
    let ready = admin.get(&import).await.ok();
    assert_eq!((&ready["status"], &ready["counts"]["valid"]), (&json!("ready"), &json!(6)), "{ready}");
    let mut next = String::new();
    let mut issues = 0;
    loop {
        let page = admin.get(&format!("{import}/issues?limit=5{next}")).await.ok();
        issues += page["items"].as_array().map_or(0, Vec::len);
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&next={cursor}");
    }
    let counted = |of: &str| ready[of].as_object().expect("counts").values().filter_map(Value::as_u64).sum::<u64>();
    assert_eq!(issues as u64, counted("issues") + counted("warnings"));
    let warnings = admin.get(&format!("{import}/issues?severity=warning")).await.ok();
    assert_eq!(warnings["items"].as_array().map(|items| items.len() as u64), Some(counted("warnings")));
    assert_eq!(
        errors(&admin.get(&format!("{import}/issues?severity=mild")).await),
        ["severity_unknown".to_owned()].into()
    );
    for query in ["limit=x", "next=x", "next=MTI", "next=OTk5OTk5OjA", "colour=red"] {
        assert_eq!(admin.get(&format!("{import}/issues?{query}")).await.refusal().0, 422, "{query}");
        assert_eq!(admin.get(&format!("/imports?{query}")).await.refusal().0, 422, "{query}");
    }
    assert_eq!(admin.get(&format!("{import}/failed.csv")).await.status, 200);
    checked.world.cloud.fail(|operation| operation.starts_with("GET /").then_some(Fault::Before));
    for file in ["issues", "failed.csv"] {
        let reply = admin.get(&format!("{import}/{file}")).await;
        assert_eq!(reply.refusal(), (503, "busy".into()));
    }
    checked.world.cloud.stop_failing();
    let failed = format!("{}/failed.csv", stored(&admin, &import).await.plan.expect("a plan").folder);
    checked.world.cloud.put_file(&failed, vec![b'x'; 5 * 1024 * 1024]);
    assert_eq!(admin.get(&format!("{import}/failed.csv")).await.status, 303);
    let s3 = checked.world.cloud.aws().s3();
    s3.delete_object().bucket("uploads").key(failed).send().await.expect("deleted");
    assert_eq!(admin.get(&format!("{import}/failed.csv")).await.refusal(), (409, "import_files_gone".into()));
}

/// What the table holds about an import.
async fn stored(admin: &CheckedAdmin<'_>, import: &str) -> Import {
    let id = import.trim_start_matches("/imports/").parse().expect("an id");
    admin.acme.world.store.import(admin.acme.id, id).await.expect("the table").expect("the import")
}

const PEOPLE: &str = "email,name,role,team\nbo@x.example,Bo,sales_rep,SMB\ncy@x.example,Cy,sales_rep,Enterprise\n";

pub(super) async fn send_and_cancel(checked: &CheckedWorld<'_>) {
    let admin = checked_admin(checked, 6).await;
    let waiting = text(&admin.post("/imports", json!({"filename": "people.csv"})).await.ok()["id"]);
    let waiting = format!("/imports/{waiting}");
    let digest = checked.contract.request("sendImport", None);
    for reply in [
        admin.get(&format!("{waiting}/issues")).await,
        admin.get(&format!("{waiting}/failed.csv")).await,
        admin.get(&format!("{waiting}/results.csv")).await,
        admin.post(&format!("{waiting}/send"), digest.clone()).await,
    ] {
        assert_eq!(reply.refusal(), (409, "import_not_ready".into()));
    }
    for _ in 0..2 {
        assert_eq!(admin.post(&format!("{waiting}/cancel"), Value::Null).await.ok()["status"], "cancelled");
    }

    let announce = async |filename: &str| {
        let body = json!({"filename": filename}).to_string();
        checked.raw(ADMIN, Method::POST, &admin.acme.path("/imports"), ("idempotency-key", "k"), body).await
    };
    let (first, again) = (announce("once.csv").await.ok(), announce("once.csv").await.ok());
    assert_eq!((&first["id"], &first["status"]), (&again["id"], &again["status"]));
    assert_eq!(announce("twice.csv").await.refusal(), (422, "idempotency_key_reused".into()));

    let import = admin.import(json!({"filename": "people.csv"}), PEOPLE).await;
    let send = async |digest: &Value| admin.post(&format!("{import}/send"), json!({"digest": digest})).await;
    assert_eq!(send(&digest["digest"]).await.refusal(), (409, "digest_mismatch".into()));
    let ready = admin.get(&import).await.ok();
    for _ in 0..2 {
        assert_eq!(send(&ready["digest"]).await.status, 202);
    }
    assert_eq!(admin.get(&import).await.ok()["status"], "applying");
    checked.world.advance(SignedDuration::from_secs(10));
    checked.world.drain().await;
    let done = admin.get(&import).await.ok();
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("completed"), &json!(2)), "{done}");
    assert_eq!(admin.get(&format!("{import}/results.csv")).await.status, 200);
    assert_eq!(send(&ready["digest"]).await.status, 200);
    assert_eq!(admin.post(&format!("{import}/cancel"), Value::Null).await.refusal(), (409, "import_finished".into()));
    let id = text(&done["id"]);
    let came = admin.get(&format!("/invitations?import={id}")).await.ok();
    assert_eq!(came["items"].as_array().map(Vec::len), Some(2));

    let at_once = checked.contract.request("announceImport", Some("send"));
    let at_once = admin.import(at_once, "First name,Last name,Email\nDi,Dee,di@x.example\n").await;
    assert_eq!(admin.get(&at_once).await.ok()["status"], "applying");
    checked.world.drain().await;
    let nobody = admin.import(json!({"filename": "again.csv"}), PEOPLE.replace("SMB", "Enterprise")).await;
    let again = admin.get(&nobody).await.ok();
    assert_eq!(again["counts"]["already_invited"], 2);
    assert_eq!(again["warnings"], json!({"invitation_differs": 1}));
    let reply = admin.post(&format!("{nobody}/send"), json!({"digest": again["digest"]})).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["status"]), (202, &json!("applying")));
    checked.world.drain().await;
    assert_eq!(admin.get(&nobody).await.ok()["status"], "completed");
    let stored = stored(&admin, &nobody).await;
    let results = format!("{}/results.csv", stored.plan.expect("a plan").folder);
    checked.world.cloud.put_file(&results, vec![b'x'; 5 * 1024 * 1024]);
    assert_eq!(admin.get(&format!("{nobody}/results.csv")).await.status, 303);

    let crowd = (0..9).map(|n| format!("p{n}@x.example\n")).collect::<Vec<_>>().concat();
    let body = json!({"filename": "crowd.txt", "mode": "send", "defaults": {"role": "manager"}});
    let crowd = admin.import(body, crowd).await;
    let refused = admin.get(&crowd).await.ok();
    assert_eq!((&refused["status"], &refused["problem"]["code"]), (&json!("ready"), &json!("capacity_exceeded")));
    let reply = admin.post(&format!("{crowd}/send"), json!({"digest": refused["digest"]})).await;
    assert_eq!(reply.refusal(), (409, "capacity_exceeded".into()));
    let next = text(&admin.get("/imports?limit=2").await.ok()["next"]);
    assert_eq!(admin.get(&format!("/imports?next={next}")).await.ok()["items"].as_array().map(Vec::len), Some(4));
}

pub(super) async fn refused_files(checked: &CheckedWorld<'_>) {
    let admin = checked_admin(checked, 10).await;
    let large = usize::try_from(LARGEST_FILE).expect("a size") + 1;
    let quoted = b"\"email,name,role\"\n\"ada@x.example,\"\"Lace, A\"\",admin\"\n\"bo@x.example,Bo,admin\"\n";
    for (file, code) in [
        (b" ".to_vec(), "file_empty"),
        (b"%PDF-1.7".to_vec(), "file_not_text"),
        (b"Ada Lovelace,ada@x.example,admin\nBo Berg,bo@x.example,admin\n".to_vec(), "no_header"),
        (quoted.to_vec(), "rows_quoted"),
        (b"name,role\nAda,admin\n".to_vec(), "no_email_column"),
        (vec![b'x'; large], "file_too_large"),
    ] {
        // The request claims a header that the file does not have.
        let dialect = if code == "no_header" { json!({"header": true}) } else { json!({}) };
        let import = admin.import(json!({"filename": "people.csv", "dialect": dialect}), file).await;
        let shown = admin.get(&import).await.ok();
        assert_eq!((&shown["status"], &shown["problem"]["code"]), (&json!("failed"), &json!(code)), "{shown}");
        assert_eq!(admin.get(&format!("{import}/issues")).await.ok()["items"], json!([]));
        assert_eq!(admin.post(&format!("{import}/cancel"), Value::Null).await.refusal().1, "import_finished");
    }
    let strict = json!({"filename": "strict.csv", "on_issues": "reject_file"});
    let strict = admin.import(strict, format!("{PEOPLE}x,X,sales_rep,SMB\n")).await;
    assert_eq!(admin.get(&strict).await.ok()["problem"]["code"], "file_has_issues");
    assert_eq!(admin.get(&format!("{strict}/failed.csv")).await.status, 200);
    let second = admin.add_admin("bo@acme.example").await;
    let path = admin.acme.path("/imports");
    let announced = checked.call("bo@acme.example", Method::POST, &path, json!({"filename": "people.csv"})).await.ok();
    let _ = admin.post(&format!("/members/{second}/deactivate"), Value::Null).await.ok();
    let key = text(&announced["upload"]["fields"]["key"]);
    checked.world.cloud.put_file(&key, PEOPLE);
    checked.world.file_arrived(&key, "v1").await;
    let shown = admin.get(&format!("/imports/{}", text(&announced["id"]))).await.ok();
    assert_eq!(shown["problem"]["code"], "not_an_admin");
    let key = format!("inbox/{}/people.csv", admin.acme.id);
    checked.world.cloud.put_file(&key, PEOPLE);
    checked.world.file_arrived(&key, "v1").await;
    assert_eq!(admin.get("/imports?limit=500").await.ok()["items"].as_array().map(Vec::len), Some(9));

    let waiting = admin.post("/imports", json!({"filename": "endless.csv"})).await.ok();
    let (id, source) = (text(&waiting["id"]), ImportSource { key: "k".to_owned(), version: "v".to_owned() });
    let (import, now) = (id.parse().expect("an id"), checked.world.now());
    let begun = checked.world.store.begin_planning(admin.acme.id, import, &source, 1_000, now).await;
    assert!(begun.expect("the table"));
    assert_eq!(admin.get(&format!("/imports/{id}")).await.ok()["progress"]["unit"], "bytes");
    checked.world.advance(SignedDuration::from_mins(61));
    let _ = sweeper::handle(&admin.acme.sweeper()).await.expect("swept");
    assert_eq!(admin.get(&format!("/imports/{id}")).await.ok()["problem"]["code"], "planning_failed");
}
