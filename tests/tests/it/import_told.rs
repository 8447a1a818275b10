//! The mail about the end of an import.

use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::{Fault, Mail, Message};
use usher_tests::world::{ADMIN, Acme};

use crate::import::{id, people, plan, send};

/// What is on the mail queue about the end of imports; the invitations on it are sent.
async fn about_ends(acme: &Acme) -> Vec<Message> {
    for _ in 0..3 {
        acme.world.relay_changes().await;
        let parts = acme.world.cloud.take_messages("apply");
        assert_eq!(acme.world.apply(parts).await, []);
    }
    let messages = acme.world.cloud.take_messages("mail");
    let (ends, invitations): (Vec<_>, Vec<_>) =
        messages.into_iter().partition(|message| message.body.contains("import_report"));
    assert_eq!(acme.world.mail(invitations).await, []);
    ends
}

fn only(letters: &[Mail]) -> &Mail {
    let [letter] = letters else { panic!("one letter: {letters:?}") };
    letter
}

async fn sent(acme: &Acme, filename: &str) -> Value {
    let mut file = people(5);
    file.extend_from_slice(b"nobody,sales_rep\n");
    let import = plan(acme, filename, file, json!({})).await;
    let _ = acme.post(&format!("/imports/{}/send", id(&import)), json!({"digest": import["digest"]})).await.ok();
    import
}

#[tokio::test]
async fn whoever_sent_an_import_is_told_its_end_once_however_often_the_job_comes() {
    let acme = World::new().acme(50).await;
    let import = sent(&acme, "people.csv").await;
    let ends = about_ends(&acme).await;
    assert_eq!(ends.len(), 1);
    for _ in 0..3 {
        assert_eq!(acme.world.mail(ends.clone()).await, []);
    }
    acme.world.settle().await;
    let letters = acme.world.cloud.letters();
    let letter = only(&letters);
    assert_eq!((letter.to.as_str(), letter.subject.as_str()), (ADMIN, "Your import is complete"));
    let link = format!("https://usher.example/v1/orgs/{}/imports/{}/", acme.id, id(&import));
    for said in ["Hello Ada Admin", "people.csv", "Rows: 6", "Invited: 5", "Rejected: 1", &format!("{link}results.csv")]
    {
        assert!(letter.text.contains(said), "{said}: {}", letter.text);
    }
    assert!(letter.html.contains(&format!("{link}failed.csv")), "{}", letter.html);
}

#[tokio::test]
async fn the_mail_says_how_much_mail_still_waits() {
    let acme = World::new().acme(50).await;
    let _ = sent(&acme, "people.csv").await;
    acme.world.relay_changes().await;
    let parts = acme.world.cloud.take_messages("apply");
    assert_eq!(acme.world.apply(parts).await, []);
    acme.world.relay_changes().await;
    // Its own job is taken out; the invitations wait.
    let (ends, waiting): (Vec<_>, Vec<_>) =
        acme.world.cloud.take_messages("mail").into_iter().partition(|message| message.body.contains("import_report"));
    acme.world.cloud.put_messages("mail", waiting);
    assert_eq!(acme.world.mail(ends).await, []);
    let letters = acme.world.cloud.letters();
    assert!(only(&letters).text.contains("About 5 invitation emails are still waiting"), "{}", letters[0].text);
}

/// Each call about the mail fails once, in every way: never two, and one wherever it is certain that none went out.
#[tokio::test]
async fn a_mail_that_is_cut_off_anywhere_is_sent_once_at_most() {
    for fault in [Fault::Before, Fault::After, Fault::Throttled] {
        for failing in 0..8 {
            let acme = World::new().acme(50).await;
            let _ = sent(&acme, "people.csv").await;
            let ends = about_ends(&acme).await;
            let mut seen = 0;
            let (at_sending, failed) = std::sync::mpsc::channel();
            acme.world.cloud.fail(move |operation| {
                seen += 1;
                let fails = failing < seen && seen <= failing + 3;
                if fails && operation.ends_with("/outbound-emails") {
                    at_sending.send(()).expect("somebody listens");
                }
                fails.then_some(fault)
            });
            let _ = acme.world.mail(ends.clone()).await;
            acme.world.cloud.mend();
            for _ in 0..2 {
                assert_eq!(acme.world.mail(ends.clone()).await, [], "{fault:?} {failing}");
            }
            let letters = acme.world.cloud.letters().len();
            match (fault, failed.try_recv().is_ok()) {
                // It may have been heard, for all the mailer knows, so it is not sent again.
                (Fault::Before, true) => assert_eq!(letters, 0, "{failing}"),
                // Whoever loses the answer to the claim does not know that it is theirs.
                (Fault::After, false) => assert!(letters <= 1, "{letters}, {failing}"),
                _ => assert_eq!(letters, 1, "{fault:?} {failing}"),
            }
        }
    }
}

#[tokio::test]
async fn every_kind_of_end_is_told_and_only_to_somebody_who_may_know() {
    let acme = World::new().acme(50).await;
    let refused = plan(&acme, "empty.csv", Vec::new(), json!({})).await;
    assert_eq!(refused["status"], "failed");
    let strict = json!({"mode": "send", "on_issues": "reject_file"});
    let strict = plan(&acme, "strict.csv", b"email,role\nx,sales_rep\n".to_vec(), strict).await;
    assert_eq!(strict["problem"]["code"], "file_has_issues");
    let unsent = plan(&acme, "unsent.csv", people(2), json!({})).await;
    let _ = acme.post(&format!("/imports/{}/cancel", id(&unsent)), json!({})).await.ok();
    // Cancelled before there was anything to tell.
    let unread = acme.post("/imports", json!({"filename": "unread.csv"})).await.ok();
    let _ = acme.post(&format!("/imports/{}/cancel", id(&unread)), json!({})).await.ok();
    let key = format!("inbox/{}/dropped.csv", acme.id);
    acme.world.cloud.put_file(&key, Vec::new());
    acme.world.file_arrived(&key, "v1").await;
    acme.world.settle().await;
    let mut told: Vec<_> = acme.world.cloud.letters().into_iter().map(|letter| (letter.subject, letter.text)).collect();
    told.sort();
    let subjects: Vec<_> = told.iter().map(|(subject, _)| subject.as_str()).collect();
    assert_eq!(subjects, ["Your import was cancelled", "Your import failed", "Your import failed"]);
    assert!(told[0].1.contains("Not processed: 2"), "{}", told[0].1);
    assert!(told[1..].iter().any(|(_, text)| text.contains("1 row is wrong")), "{told:?}");

    // An operator dropped it, an admin sent it, and is no admin any more when it ends.
    let second = json!({"invitations": [{"email": "bo@acme.example", "role": "admin"}]});
    let second = acme.post("/invitations", second).await.ok()["results"][0]["id"].clone();
    acme.world.join(acme.id, "bo@acme.example").await;
    let import = plan(&acme, "people.csv", people(3), json!({})).await;
    let path = acme.path(&format!("/imports/{}/send", id(&import)));
    let _ = acme.world.post("bo@acme.example", &path, json!({"digest": import["digest"]})).await.ok();
    let _ = acme.post(&format!("/members/{}/deactivate", second.as_str().expect("an id")), json!({})).await.ok();
    acme.world.settle().await;
    assert_eq!(acme.world.cloud.letters().len(), 3, "{:?}", acme.world.cloud.letters().last());
}

#[tokio::test]
async fn the_name_of_a_file_does_nothing_in_a_mail() {
    let acme = World::new().acme(50).await;
    let name = "<img src=x onerror=alert(1)>{{text}}.csv";
    let announced = acme.post("/imports", json!({"filename": name})).await.ok();
    let key = announced["upload"]["fields"]["key"].as_str().expect("a key").to_owned();
    acme.world.cloud.put_file(&key, people(1));
    acme.world.file_arrived(&key, "v1").await;
    let import = acme.get(&format!("/imports/{}", id(&announced))).await.ok();
    let _ = send(&acme, &import).await;
    let letters = acme.world.cloud.letters();
    let letter = only(&letters);
    assert!(!letter.html.contains("<img") && letter.html.contains("&#60;img"), "{}", letter.html);
    assert_eq!(letter.subject, "Your import is complete");
}
