//! Files that are refused as a whole, and forms that allow no more than they say.

use serde_json::{Value, json};
use usher_tests::stack::{Stack, sample};

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn a_file_without_people_fails_with_its_problem() {
    let stack = Stack::from_environment();
    let acme = stack.organisation(5);
    let binary: Vec<u8> = [b"PK\x03\x04".to_vec(), (0..=255).cycle().take(4_000).collect()].concat();
    let by_form: [(&str, &[u8], &str); 3] = [
        ("names.csv", b"name,role,team\nJohn Smith,sales_rep,SMB\n", "no_email_column"),
        ("blank.csv", b" \r\n\r\n", "file_empty"),
        ("people.xlsx", &binary, "file_not_text"),
    ];
    let mut imports = Vec::new();
    for (name, file, code) in by_form {
        imports.push((acme.upload(name, "send", &json!({}), file), code));
    }
    imports.push((acme.drop_into_inbox("empty.csv", b""), "file_empty"));
    imports.push((acme.drop_into_inbox("binary.csv", &binary), "file_not_text"));
    for (id, code) in imports {
        let import = acme.planned(&id);
        assert_eq!((&import["status"], &import["problem"]["code"]), (&json!("failed"), &json!(code)), "{import}");
        assert!(import["problem"]["detail"].as_str().is_some_and(|detail| detail.len() > 20), "{import}");
        assert_eq!(acme.list(&format!("/imports/{id}/issues")), Vec::<Value>::new());
        assert_eq!(acme.post(&format!("/imports/{id}/send"), &json!({"digest": ""})).status, 409);
    }
    assert_eq!(acme.seats(), (5, 1, 4));
    assert_eq!(acme.list("/invitations").len(), 1);
}

#[test]
#[ignore = "needs a deployed stack: make end-to-end"]
fn a_form_uploads_its_own_file_and_nothing_else() {
    let stack = Stack::from_environment();
    let (acme, other) = (stack.organisation(5), stack.organisation(5));
    let mut upload = acme.announce("people.csv", "review", &json!({}));
    let empty = acme.post_upload(&upload, b"");
    assert!((400..500).contains(&empty.status), "{} {}", empty.status, empty.text());

    let (_, key) = upload.fields.iter_mut().find(|(name, _)| name == "key").expect("a key");
    let own = key.clone();
    for elsewhere in [format!("inbox/{}/people.csv", other.id), own.replace(&acme.id, &other.id), format!("{own}x")] {
        let (_, key) = upload.fields.iter_mut().find(|(name, _)| name == "key").expect("a key");
        *key = elsewhere;
        let refused = acme.post_upload(&upload, &sample("standard.csv"));
        assert_eq!(refused.status, 403, "{}", refused.text());
    }
    assert!(other.list("/imports").is_empty());
    // The import is not shown to another organisation either.
    assert_eq!(other.get(&format!("/imports/{}", upload.id)).refusal(), (404, "not_found".to_owned()));
    assert_eq!(acme.get(&format!("/imports/{}", upload.id)).ok()["status"], "awaiting_upload");
}
