//! Sending invitation mails: once each, never lost.

use jiff::SignedDuration;
use serde_json::json;
use usher_tests::World;
use usher_tests::cloud::Fault;
use usher_tests::world::{Acme, people};

async fn invite(acme: &Acme, count: usize) {
    let _ = acme.post("/invitations", people(count, "manager")).await.ok();
}

fn recipients(acme: &Acme) -> Vec<String> {
    let mut to: Vec<String> = acme.world.cloud.mails().into_iter().map(|mail| mail.to).collect();
    to.sort();
    to
}

#[tokio::test]
async fn each_person_gets_one_mail_with_a_link() {
    let acme = World::new().acme(200).await;
    acme.world.drain().await;
    invite(&acme, 120).await;
    acme.world.drain().await;
    let to = recipients(&acme);
    assert_eq!(to.len(), 120);
    let mail = acme.world.mail_to("p7@x.example");
    assert_eq!(mail.token().len(), 71);
    assert!(mail.text.contains("Acme") && mail.text.contains("Ada Admin"), "{}", mail.text);
    assert!(!mail.subject.contains("Ada"), "a name in the subject: {}", mail.subject);
    let invitation = acme.get("/invitations?email=p7@x.example").await.ok()["items"][0].clone();
    assert_eq!(invitation["mail"]["state"], "sent");
    assert_eq!(invitation["sent_at"], "2026-03-02T09:00:00Z");
}

#[tokio::test]
async fn a_message_delivered_many_times_is_mailed_once() {
    let acme = World::new().acme(200).await;
    acme.world.drain().await;
    invite(&acme, 30).await;
    acme.world.relay_changes().await;
    let messages = acme.world.cloud.take_messages("mail");
    for _ in 0..3 {
        acme.world.mail(messages.clone()).await;
    }
    assert_eq!(recipients(&acme).len(), 30);
}

#[tokio::test]
async fn a_revoked_or_resent_invitation_sends_no_outdated_mail() {
    let acme = World::new().acme(200).await;
    acme.world.drain().await;
    let id = |invitation: serde_json::Value| invitation["id"].as_str().expect("id").to_owned();
    let revoked = id(acme.invite("revoked@x.example").await);
    let resent = id(acme.invite("resent@x.example").await);
    acme.world.relay_changes().await;
    let _ = acme.post(&format!("/invitations/{revoked}/revoke"), json!({})).await.ok();
    let _ = acme.post(&format!("/invitations/{resent}/resend"), json!({})).await.ok();
    acme.world.drain().await;
    let to: Vec<_> = recipients(&acme).into_iter().filter(|to| to.ends_with("x.example")).collect();
    assert_eq!(to, ["resent@x.example"]);
}

/// Each call of the mailer fails once, in every way: each person gets a mail, and a second one only if the answer of the
/// mail service was lost.
#[tokio::test]
async fn no_single_failure_loses_a_mail() {
    for fault in [Fault::Before, Fault::After, Fault::Throttled] {
        for failing in 0..8 {
            let acme = World::new().acme(10).await;
            acme.world.drain().await;
            let before = recipients(&acme).len();
            acme.invite("a@x.example").await;
            acme.world.relay_changes().await;
            let messages = acme.world.cloud.take_messages("mail");
            let (mut seen, mut struck) = (0, String::new());
            let hit = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
            let record = hit.clone();
            acme.world.cloud.fail(move |operation| {
                seen += 1;
                let strikes = failing < seen && seen <= failing + 3;
                if strikes && struck.is_empty() {
                    struck = operation.to_owned();
                    record.lock().expect("free").clone_from(&struck);
                }
                strikes.then_some(fault)
            });
            let again = acme.world.mail(messages.clone()).await;
            acme.world.cloud.stop_failing();
            let mut again = again;
            for _ in 0..6 {
                acme.world.advance(SignedDuration::from_mins(20));
                again = acme.world.mail(again).await;
                sweeper::handle(&acme.sweeper()).await.expect("a sweep");
                acme.world.drain().await;
            }
            let hit = hit.lock().expect("free").clone();
            let mails = recipients(&acme).len() - before;
            let doubtful = hit.contains("email") && fault == Fault::After;
            assert!(mails == 1 || (doubtful && mails == 2), "{mails} mails after {fault:?} at {failing}: {hit}");
            let invitation = acme.get("/invitations?email=a@x.example").await.ok()["items"][0].clone();
            assert_eq!(invitation["mail"]["state"], "sent", "{fault:?} at {failing}: {hit}");
        }
    }
}

#[tokio::test]
async fn a_mail_whose_job_was_lost_is_queued_again() {
    let acme = World::new().acme(10).await;
    acme.world.drain().await;
    acme.invite("a@x.example").await;
    // The relay's job is lost before a mailer receives it.
    acme.world.relay_changes().await;
    assert_eq!(acme.world.cloud.take_messages("mail").len(), 1);
    acme.world.advance(SignedDuration::from_mins(80));
    assert_eq!(sweeper::handle(&acme.sweeper()).await.expect("a sweep").requeued, 1);
    acme.world.drain().await;
    assert!(recipients(&acme).contains(&"a@x.example".to_owned()));
    acme.world.advance(SignedDuration::from_mins(80));
    assert_eq!(sweeper::handle(&acme.sweeper()).await.expect("a sweep").requeued, 0);
    acme.world.drain().await;
    assert_eq!(recipients(&acme).len(), 1);
}
