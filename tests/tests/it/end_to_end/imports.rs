//! Imports by upload form, by inbox and in send mode, with realistic files.

use serde_json::{Value, json};
use usher_tests::stack::{Stack, Tenant, sample};

/// What the plan says of its rows.
fn planned_counts(import: &Value) -> [u64; 7] {
    let count = |name: &str| import["counts"][name].as_u64().expect("a number");
    let counts = ["valid", "rejected", "ignored_duplicates", "already_invited", "already_member", "deactivated_member"]
        .map(count);
    assert_eq!(import["rows"].as_u64(), Some(counts.iter().sum()), "every row is accounted for: {import}");
    [counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], count("created")]
}

/// Waits until the mails are out, then counts those to each of these people.
fn mailed(acme: &Tenant<'_>, people: &[&str]) -> Vec<usize> {
    acme.wait_until_idle();
    people.iter().map(|email| acme.mails(email).len()).collect()
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn a_file_uploaded_by_form_is_reviewed_then_sent() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(10);
    let id = acme.upload("standard.csv", "review", &json!({}), &sample("standard.csv"));
    let plan = acme.planned(&id);
    assert_eq!(plan["status"], "ready", "{plan}");
    assert_eq!(planned_counts(&plan), [3, 0, 0, 0, 0, 0, 0]);
    assert_eq!((&plan["dialect"]["encoding"], &plan["dialect"]["delimiter"]), (&json!("UTF-8"), &json!(",")));
    let seats = json!({"limit": 10, "used": 1, "free": 9, "needed": 3, "missing": 0});
    assert_eq!(plan["capacity"]["seats"], seats);
    assert_eq!(acme.list(&format!("/imports/{id}/issues")), Vec::<Value>::new());
    assert_eq!(acme.seats(), (10, 1, 9));
    assert_eq!(acme.list("/invitations").len(), 1);

    let another = acme.post(&format!("/imports/{id}/send"), &json!({"digest": "of another plan"}));
    assert_eq!(another.refusal(), (409, "digest_mismatch".to_owned()));
    let sent = acme.send_import(&plan);
    assert_eq!(sent.status, 202, "{}", sent.text());
    let done = acme.done(&id);
    assert_eq!(planned_counts(&done), [3, 0, 0, 0, 0, 0, 3]);
    assert_eq!((&done["progress"]["done"], &done["progress"]["total"]), (&json!(3), &json!(3)));
    assert_eq!(acme.send_import(&plan).status, 200);
    assert_eq!(acme.seats(), (10, 4, 6));

    let people = ["john@company.com", "sarah@company.com", "mike@company.com"];
    assert_eq!(mailed(&acme, &people), [1, 1, 1]);
    let invited = acme.list(&format!("/invitations?import={id}"));
    let sarah = invited.iter().find(|one| one["email"] == people[1]).expect("among the invited");
    assert_eq!(invited.len(), 3);
    assert_eq!(
        (&sarah["name"], &sarah["role"], &sarah["team"]),
        (&json!("Sarah Jones"), &json!("manager"), &json!("SMB"))
    );
    assert_eq!(stack.web.get(&acme.link(people[1])).status, 200);
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn a_messy_file_dropped_into_the_inbox_returns_its_rejected_rows() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(10);
    let id = acme.drop_into_inbox("messy-windows1252.csv", &sample("messy-windows1252.csv"));
    let plan = acme.planned(&id);
    assert_eq!(plan["status"], "ready", "{plan}");
    assert_eq!(planned_counts(&plan), [1, 7, 0, 0, 0, 0, 0]);
    assert_eq!(plan["dialect"]["encoding"], "windows-1252");
    let expected = [
        (3, "E-Mail", "conflicting_duplicate"),
        (4, "E-Mail", "email_without_domain"),
        (5, "Role", "role_unknown"),
        (6, "Team", "team_unknown"),
        (7, "E-Mail", "email_with_space"),
        (8, "Full Name", "text_with_link"),
        (10, "Role", "role_missing"),
    ];
    let issues = acme.list(&format!("/imports/{id}/issues?limit=3"));
    let found: Vec<_> =
        issues.iter().map(|issue| (issue["line"].as_i64(), issue["column"].as_str(), issue["code"].as_str())).collect();
    assert_eq!(found, expected.map(|(line, column, code)| (Some(line), Some(column), Some(code))));
    assert_eq!(issues[2]["allowed"], json!(["admin", "manager", "sales_rep"]));
    for (_, _, code) in expected {
        assert_eq!(plan["issues"][code], 1, "{plan}");
    }

    assert_eq!(acme.send_import(&plan).status, 202);
    assert_eq!(planned_counts(&acme.done(&id)), [1, 7, 0, 0, 0, 0, 1]);
    assert_eq!(mailed(&acme, &["klara.weiss@company.com"]), [1]);
    assert_eq!(stack.mails(&acme.name).len(), 2, "hers, and the admin's");
    assert!(acme.mails("klara.weiss@company.com")[0].body_text.contains("Klara Weiß"));

    let failed = acme.get(&format!("/imports/{id}/failed.csv"));
    assert_eq!(failed.status, 200, "{}", failed.text());
    assert_eq!(failed.header("content-type"), Some("text/csv; charset=windows-1252"));
    let (text, _, damaged) = encoding_rs::WINDOWS_1252.decode(&failed.bytes);
    assert!(!damaged);
    insta::assert_snapshot!(text.replace("\r\n", "\n"));
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn a_file_in_send_mode_needs_no_review() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(10);
    let defaults = json!({"role": "sales_rep", "team": "Enterprise"});
    let done = acme.done(&acme.upload("extended.csv", "send", &defaults, &sample("extended.csv")));
    assert_eq!(planned_counts(&done), [4, 0, 0, 0, 0, 0, 4]);
    let invited = acme.list("/invitations?status=pending");
    let of = |email: &str| invited.iter().find(|one| one["email"] == email).expect("among the invited").clone();
    let soren = of("soren.kjaer@company.com");
    assert_eq!((&soren["first_name"], &soren["last_name"]), (&json!("Søren"), &json!("Kjær")));
    assert_eq!((&soren["products"], &soren["team"]), (&json!(["mos_enable", "mos_opportunity"]), &json!("Enterprise")));
    assert_eq!(of("dangelo.marchetti@company.com")["job_title"], "VP, Sales");
    let capacity = acme.get("").ok()["capacity"].clone();
    assert_eq!(capacity["seats"], json!({"limit": 10, "used": 5, "free": 5}));
    assert_eq!(capacity["products"]["mos_enable"], json!({"limit": 100, "used": 3, "free": 97}));
    assert_eq!(capacity["products"]["mos_opportunity"], json!({"limit": 100, "used": 2, "free": 98}));
    assert_eq!(capacity["courses"]["meddpicc-masterclass"], json!({"limit": 10, "used": 1, "free": 9}));
    assert_eq!(mailed(&acme, &["soren.kjaer@company.com", "mei-ling.tan@company.com"]), [1, 1]);
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn plain_address_lists_and_names_are_imported() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(20);
    let defaults = json!({"role": "sales_rep"});
    let list = acme.upload("addresses.txt", "send", &defaults, &sample("addresses.txt"));
    let learners = acme.upload("names.csv", "send", &defaults, &sample("names.csv"));
    assert_eq!(planned_counts(&acme.done(&list)), [5, 0, 0, 0, 0, 0, 5]);
    assert_eq!(planned_counts(&acme.done(&learners)), [3, 0, 1, 0, 0, 0, 3]);
    assert_eq!(acme.seats(), (20, 9, 11));
    let people = ["chloe.duval@company.com", "anna.schmidt@company.com", "hana.sato@company.com"];
    assert_eq!(mailed(&acme, &people), [1, 1, 1]);
    assert!(acme.mails(people[0])[0].body_text.contains("Hello Chloe Duval"));
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn too_few_seats_stop_the_whole_file_with_the_arithmetic() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(3);
    let plan = acme.planned(&acme.upload("standard.csv", "review", &json!({}), &sample("standard.csv")));
    let seats = json!({"limit": 3, "used": 1, "free": 2, "needed": 3, "missing": 1});
    assert_eq!(plan["capacity"]["seats"], seats);
    let refused = acme.send_import(&plan);
    assert_eq!(refused.refusal(), (409, "capacity_exceeded".to_owned()));
    assert_eq!(refused.json()["capacity"]["seats"], seats);

    let id = acme.upload("standard.csv", "send", &json!({}), &sample("standard.csv"));
    let noted = usher_tests::stack::until("the problem to be noted", || {
        let import = acme.get(&format!("/imports/{id}")).ok();
        (!import["problem"].is_null()).then_some(import)
    });
    assert_eq!((&noted["status"], &noted["problem"]["code"]), (&json!("ready"), &json!("capacity_exceeded")));
    assert_eq!(acme.seats(), (3, 1, 2));
    assert_eq!(stack.mails(&acme.name).len(), 1, "the admin's");
}
