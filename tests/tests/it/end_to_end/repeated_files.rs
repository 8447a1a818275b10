//! The same file again: nobody is invited twice, nobody is mailed twice.

use serde_json::{Value, json};
use usher_tests::stack::{Dump, Stack, Tenant, sample};

const PEOPLE: [&str; 3] = ["john@company.com", "sarah@company.com", "mike@company.com"];

/// The people of an organisation, as they are stored.
fn memberships(acme: &Tenant<'_>) -> Dump {
    let items = acme.stack.items_with(&acme.id).into_iter();
    items.filter(|(key, _)| key.contains(" MEMBER#")).collect()
}

fn created(import: &Value) -> u64 {
    import["counts"]["created"].as_u64().expect("a number")
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn a_file_uploaded_three_times_at_once_invites_and_mails_each_person_once() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(20);
    let ids: Vec<String> = std::thread::scope(|scope| {
        let upload = || acme.upload("standard.csv", "send", &json!({}), &sample("standard.csv"));
        let uploads: Vec<_> = (0..3).map(|_| scope.spawn(upload)).collect();
        uploads.into_iter().map(|upload| upload.join().expect("an upload")).collect()
    });
    let imports: Vec<Value> = ids.iter().map(|id| acme.done(id)).collect();
    assert_eq!(imports.iter().map(created).sum::<u64>(), 3, "{imports:?}");
    acme.wait_until_idle();
    assert_eq!(acme.seats(), (20, 4, 16));
    assert_eq!(acme.list("/invitations?status=pending").len(), 3);
    assert_eq!(PEOPLE.map(|email| acme.mails(email).len()), [1, 1, 1]);

    let before = memberships(&acme);
    let by_form = acme.done(&acme.upload("standard.csv", "send", &json!({}), &sample("standard.csv")));
    let by_inbox = acme.planned(&acme.drop_into_inbox("standard.csv", &sample("standard.csv")));
    assert_eq!(acme.send_import(&by_inbox).status / 100, 2);
    let by_inbox = acme.done(by_inbox["id"].as_str().expect("an id"));
    for again in [by_form, by_inbox] {
        assert_eq!((&again["counts"]["already_invited"], created(&again)), (&json!(3), 0), "{again}");
    }
    acme.wait_until_idle();
    assert_eq!(memberships(&acme), before);
    assert_eq!(acme.seats(), (20, 4, 16));
    assert_eq!(stack.mails(&acme.name).len(), 4, "theirs, and the admin's");
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn rejected_csv_uploaded_as_they_are_fail_again_and_change_nothing() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(10);
    let upload = |name: &str, file: &[u8]| acme.done(&acme.upload(name, "send", &json!({}), file));
    let failed_of = |import: &Value| {
        let answer = acme.get(&format!("/imports/{}/failed.csv", import["id"].as_str().expect("an id")));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.bytes
    };
    let first = upload("messy-windows1252.csv", &sample("messy-windows1252.csv"));
    assert_eq!(created(&first), 1, "{first}");
    acme.wait_until_idle();
    let before = memberships(&acme);

    let second = upload("failed.csv", &failed_of(&first));
    let counts = &second["counts"];
    // The row that contradicted another is alone now. Its person was invited through the other row.
    assert_eq!((&counts["rejected"], &counts["already_invited"], &counts["valid"]), (&json!(6), &json!(1), &json!(0)));
    let third = upload("failed.csv", &failed_of(&second));
    assert_eq!((&third["rows"], &third["counts"]["rejected"], created(&third)), (&json!(6), &json!(6), 0), "{third}");
    assert_eq!(failed_of(&third), failed_of(&second), "what failed comes back byte for byte");
    acme.wait_until_idle();
    assert_eq!(memberships(&acme), before);
    assert_eq!(acme.seats(), (10, 2, 8));
    assert_eq!(stack.mails(&acme.name).len(), 2);

    let failed = failed_of(&third);
    let (text, _, _) = encoding_rs::WINDOWS_1252.decode(&failed);
    let corrected = text.replace("superuser", "sales_rep").replace("Atlantis", "SMB");
    let corrected = upload("corrected.csv", &encoding_rs::WINDOWS_1252.encode(&corrected).0);
    assert_eq!((&corrected["counts"]["rejected"], created(&corrected)), (&json!(4), 2), "{corrected}");
    acme.wait_until_idle();
    assert_eq!(["luis.ortega@company.com", "maria@company.com"].map(|email| acme.mails(email).len()), [1, 1]);
}
