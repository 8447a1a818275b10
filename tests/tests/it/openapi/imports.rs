//! Files: announced, planned, sent, refused.

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_store::{Import, ImportSource};
use usher_tests::cloud::Fault;
use usher_tests::world::{ADMIN, LARGEST_FILE};

use super::contract::Watched;
use super::desk::{Desk, desk, errors, ranks, text};

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

pub(super) async fn imports(watched: &Watched<'_>) {
    let desk = Desk { acme: ranks(watched).await, watched };
    for format in ["standard", "extended", "addresses", "names"] {
        let _ = desk.get(&format!("/imports/template?format={format}")).await;
    }
    for query in ["", "?format=xlsx"] {
        let reply = desk.get(&format!("/imports/template{query}")).await;
        assert_eq!(errors(&reply), ["format_unknown".to_owned()].into());
    }
    for (filename, code) in [
        ("", "filename_missing"),
        (&*"x".repeat(201), "filename_too_long"),
        ("../people.csv", "filename_with_path"),
        ("people\n.csv", "filename_with_control_character"),
    ] {
        assert_eq!(errors(&desk.post("/imports", json!({"filename": filename})).await), [code.to_owned()].into());
    }
    let defaults = json!({"filename": "x.csv", "defaults": {"role": "owner", "team": "Atlantis"},
        "dialect": {"delimiter": "::"}});
    assert_eq!(errors(&desk.post("/imports", defaults).await).len(), 3);
    let dialect = json!({"encoding": "latin1", "delimiter": ";", "quote": "'", "header": true});
    let _ = desk.post("/imports", json!({"filename": "x.csv", "dialect": dialect})).await.ok();

    let import = desk.import(watched.contract.request("announceImport", Some("review")), every_issue()).await;
    let ready = desk.get(&import).await.ok();
    assert_eq!((&ready["status"], &ready["counts"]["valid"]), (&json!("ready"), &json!(6)), "{ready}");
    let mut next = String::new();
    let mut issues = 0;
    loop {
        let page = desk.get(&format!("{import}/issues?limit=5{next}")).await.ok();
        issues += page["items"].as_array().map_or(0, Vec::len);
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&next={cursor}");
    }
    let counted = |of: &str| ready[of].as_object().expect("counts").values().filter_map(Value::as_u64).sum::<u64>();
    assert_eq!(issues as u64, counted("issues") + counted("warnings"));
    let warnings = desk.get(&format!("{import}/issues?severity=warning")).await.ok();
    assert_eq!(warnings["items"].as_array().map(|items| items.len() as u64), Some(counted("warnings")));
    assert_eq!(
        errors(&desk.get(&format!("{import}/issues?severity=mild")).await),
        ["severity_unknown".to_owned()].into()
    );
    for query in ["limit=x", "next=x", "next=MTI", "next=OTk5OTk5OjA", "colour=red"] {
        assert_eq!(desk.get(&format!("{import}/issues?{query}")).await.refusal().0, 422, "{query}");
        assert_eq!(desk.get(&format!("/imports?{query}")).await.refusal().0, 422, "{query}");
    }
    assert_eq!(desk.get(&format!("{import}/failed.csv")).await.status, 200);
    watched.world.cloud.fail(|operation| operation.starts_with("GET /").then_some(Fault::Before));
    for file in ["issues", "failed.csv"] {
        let reply = desk.get(&format!("{import}/{file}")).await;
        assert_eq!(reply.refusal(), (503, "busy".into()));
    }
    watched.world.cloud.mend();
    let failed = format!("{}/failed.csv", stored(&desk, &import).await.plan.expect("a plan").folder);
    watched.world.cloud.put_file(&failed, vec![b'x'; 5 * 1024 * 1024]);
    assert_eq!(desk.get(&format!("{import}/failed.csv")).await.status, 303);
    let s3 = watched.world.cloud.aws().s3();
    s3.delete_object().bucket("uploads").key(failed).send().await.expect("deleted");
    assert_eq!(desk.get(&format!("{import}/failed.csv")).await.refusal(), (409, "import_files_gone".into()));
}

/// What the table holds about an import.
async fn stored(desk: &Desk<'_>, import: &str) -> Import {
    let id = import.trim_start_matches("/imports/").parse().expect("an id");
    desk.acme.world.store.import(desk.acme.id, id).await.expect("the table").expect("the import")
}

const PEOPLE: &str = "email,name,role,team\nbo@x.example,Bo,sales_rep,SMB\ncy@x.example,Cy,sales_rep,Enterprise\n";

pub(super) async fn import_steps(watched: &Watched<'_>) {
    let desk = desk(watched, 6).await;
    let waiting = text(&desk.post("/imports", json!({"filename": "people.csv"})).await.ok()["id"]);
    let waiting = format!("/imports/{waiting}");
    let digest = watched.contract.request("sendImport", None);
    for reply in [
        desk.get(&format!("{waiting}/issues")).await,
        desk.get(&format!("{waiting}/failed.csv")).await,
        desk.get(&format!("{waiting}/results.csv")).await,
        desk.post(&format!("{waiting}/send"), digest.clone()).await,
    ] {
        assert_eq!(reply.refusal(), (409, "import_not_ready".into()));
    }
    for _ in 0..2 {
        assert_eq!(desk.post(&format!("{waiting}/cancel"), Value::Null).await.ok()["status"], "cancelled");
    }

    let announce = async |filename: &str| {
        let body = json!({"filename": filename}).to_string();
        watched.raw(ADMIN, Method::POST, &desk.acme.path("/imports"), ("idempotency-key", "k"), body).await
    };
    let (first, again) = (announce("once.csv").await.ok(), announce("once.csv").await.ok());
    assert_eq!((&first["id"], &first["status"]), (&again["id"], &again["status"]));
    assert_eq!(announce("twice.csv").await.refusal(), (422, "idempotency_key_reused".into()));

    let import = desk.import(json!({"filename": "people.csv"}), PEOPLE).await;
    let send = async |digest: &Value| desk.post(&format!("{import}/send"), json!({"digest": digest})).await;
    assert_eq!(send(&digest["digest"]).await.refusal(), (409, "digest_mismatch".into()));
    let ready = desk.get(&import).await.ok();
    for _ in 0..2 {
        assert_eq!(send(&ready["digest"]).await.status, 202);
    }
    assert_eq!(desk.get(&import).await.ok()["status"], "applying");
    watched.world.advance(SignedDuration::from_secs(10));
    watched.world.settle().await;
    let done = desk.get(&import).await.ok();
    assert_eq!((&done["status"], &done["counts"]["created"]), (&json!("completed"), &json!(2)), "{done}");
    assert_eq!(desk.get(&format!("{import}/results.csv")).await.status, 200);
    assert_eq!(send(&ready["digest"]).await.status, 200);
    assert_eq!(desk.post(&format!("{import}/cancel"), Value::Null).await.refusal(), (409, "import_finished".into()));
    let id = text(&done["id"]);
    let came = desk.get(&format!("/invitations?import={id}")).await.ok();
    assert_eq!(came["items"].as_array().map(Vec::len), Some(2));

    let at_once = watched.contract.request("announceImport", Some("send"));
    let at_once = desk.import(at_once, "First name,Last name,Email\nDi,Dee,di@x.example\n").await;
    assert_eq!(desk.get(&at_once).await.ok()["status"], "applying");
    watched.world.settle().await;
    let nobody = desk.import(json!({"filename": "again.csv"}), PEOPLE.replace("SMB", "Enterprise")).await;
    let again = desk.get(&nobody).await.ok();
    assert_eq!(again["counts"]["already_invited"], 2);
    assert_eq!(again["warnings"], json!({"invitation_differs": 1}));
    let reply = desk.post(&format!("{nobody}/send"), json!({"digest": again["digest"]})).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["status"]), (202, &json!("applying")));
    watched.world.settle().await;
    assert_eq!(desk.get(&nobody).await.ok()["status"], "completed");
    let stored = stored(&desk, &nobody).await;
    let results = format!("{}/results.csv", stored.plan.expect("a plan").folder);
    watched.world.cloud.put_file(&results, vec![b'x'; 5 * 1024 * 1024]);
    assert_eq!(desk.get(&format!("{nobody}/results.csv")).await.status, 303);

    let crowd = (0..9).map(|n| format!("p{n}@x.example\n")).collect::<Vec<_>>().concat();
    let body = json!({"filename": "crowd.txt", "mode": "send", "defaults": {"role": "manager"}});
    let crowd = desk.import(body, crowd).await;
    let refused = desk.get(&crowd).await.ok();
    assert_eq!((&refused["status"], &refused["problem"]["code"]), (&json!("ready"), &json!("capacity_exceeded")));
    let reply = desk.post(&format!("{crowd}/send"), json!({"digest": refused["digest"]})).await;
    assert_eq!(reply.refusal(), (409, "capacity_exceeded".into()));
    let next = text(&desk.get("/imports?limit=2").await.ok()["next"]);
    assert_eq!(desk.get(&format!("/imports?next={next}")).await.ok()["items"].as_array().map(Vec::len), Some(4));
}

pub(super) async fn refused_files(watched: &Watched<'_>) {
    let desk = desk(watched, 10).await;
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
        // It is said that there is a header where there is none.
        let dialect = if code == "no_header" { json!({"header": true}) } else { json!({}) };
        let import = desk.import(json!({"filename": "people.csv", "dialect": dialect}), file).await;
        let shown = desk.get(&import).await.ok();
        assert_eq!((&shown["status"], &shown["problem"]["code"]), (&json!("failed"), &json!(code)), "{shown}");
        assert_eq!(desk.get(&format!("{import}/issues")).await.ok()["items"], json!([]));
        assert_eq!(desk.post(&format!("{import}/cancel"), Value::Null).await.refusal().1, "import_finished");
    }
    let strict = json!({"filename": "strict.csv", "on_issues": "reject_file"});
    let strict = desk.import(strict, format!("{PEOPLE}x,X,sales_rep,SMB\n")).await;
    assert_eq!(desk.get(&strict).await.ok()["problem"]["code"], "file_has_issues");
    assert_eq!(desk.get(&format!("{strict}/failed.csv")).await.status, 200);
    let second = json!({"invitations": [{"email": "bo@acme.example", "role": "admin"}]});
    let second = text(&desk.post("/invitations", second).await.ok()["results"][0]["id"]);
    watched.world.join(desk.acme.id, "bo@acme.example").await;
    let path = desk.acme.path("/imports");
    let announced = watched.call("bo@acme.example", Method::POST, &path, json!({"filename": "people.csv"})).await.ok();
    let _ = desk.post(&format!("/members/{second}/deactivate"), Value::Null).await.ok();
    let key = text(&announced["upload"]["fields"]["key"]);
    watched.world.cloud.put_file(&key, PEOPLE);
    watched.world.file_arrived(&key, "v1").await;
    let shown = desk.get(&format!("/imports/{}", text(&announced["id"]))).await.ok();
    assert_eq!(shown["problem"]["code"], "not_an_admin");
    let key = format!("inbox/{}/people.csv", desk.acme.id);
    watched.world.cloud.put_file(&key, PEOPLE);
    watched.world.file_arrived(&key, "v1").await;
    assert_eq!(desk.get("/imports?limit=500").await.ok()["items"].as_array().map(Vec::len), Some(9));

    let waiting = desk.post("/imports", json!({"filename": "endless.csv"})).await.ok();
    let (id, source) = (text(&waiting["id"]), ImportSource { key: "k".to_owned(), version: "v".to_owned() });
    let (import, now) = (id.parse().expect("an id"), watched.world.now());
    let begun = watched.world.store.begin_planning(desk.acme.id, import, &source, 1_000, now).await;
    assert!(begun.expect("the table"));
    assert_eq!(desk.get(&format!("/imports/{id}")).await.ok()["progress"]["unit"], "bytes");
    watched.world.advance(SignedDuration::from_mins(61));
    let _ = sweeper::handle(&desk.acme.sweeper()).await.expect("swept");
    assert_eq!(desk.get(&format!("/imports/{id}")).await.ok()["problem"]["code"], "planning_failed");
}
