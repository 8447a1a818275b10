//! `results.csv`: each row of a file once, with its outcome.

use serde_json::json;
use usher_store::keys;
use usher_tests::world::{assert_each_row_has_one_result, id};
use usher_tests::{World, ids_hidden};

/// The file names people in every state, some of which change between the plan and the sending.
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
    let import = acme.plan_import("people.csv", rows.join("\n").into_bytes(), json!({})).await;
    assert_eq!(import["warnings"], json!({"invitation_differs": 1}));
    let reply = acme.get(&format!("/imports/{}/results.csv", id(&import))).await;
    assert_eq!(reply.refusal(), (409, "import_not_ready".into()));
    // Between the plan and the sending.
    for email in ["late@x.example", "joined@x.example"] {
        let _ = acme.invite(email).await;
    }
    acme.world.join(acme.id, "joined@x.example").await;
    let items = acme.world.cloud.items();
    let team = items.iter().find(|item| {
        item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with(keys::TEAM_PREFIX)) && item["name"]["S"] == "SMB"
    });
    acme.world.cloud.remove_item(team.expect("a team"));

    let done = acme.complete_import(&import).await;
    assert_eq!(done["status"], "completed", "{done}");
    let _ = assert_each_row_has_one_result(&acme, &done).await;
    let text = acme.get(&format!("/imports/{}/results.csv", id(&import))).await.text;
    ids_hidden().bind(|| insta::assert_snapshot!("mixed_results", text));
    let failed = acme.get(&format!("/imports/{}/failed.csv", id(&import))).await.text;
    assert!(failed.contains("drifts@x.example") && !failed.contains("otherwise@x.example"), "{failed}");
}

#[tokio::test]
async fn a_list_with_many_people_on_a_line_has_a_result_for_each() {
    let acme = World::new().acme(20).await;
    let _ = acme.invite("b@x.example").await;
    let list = "Ann <a@x.example>, b@x.example; nobody, a@x.example\nc@x.example; Ann <a@x.example>\n";
    let body = json!({"defaults": {"role": "sales_rep"}});
    let import = acme.plan_import("list.txt", list.into(), body).await;
    let done = acme.complete_import(&import).await;
    let lines = assert_each_row_has_one_result(&acme, &done).await;
    let shown: Vec<_> = lines.iter().map(|line| (line.line, line.email.as_str())).collect();
    let [ann, bo, nobody] = ["a@x.example", "b@x.example", "nobody"];
    assert_eq!(shown, [(1, ann), (1, bo), (1, nobody), (1, ann), (2, "c@x.example"), (2, ann)]);
}
