//! Mailers that are killed, or lose the table's answers: no mail is lost, and a second copy goes out only where SES may have
//! been called.

use jiff::SignedDuration;
use serde_json::Value;
use usher_tests::World;
use usher_tests::cloud::{Fault, Message};
use usher_tests::world::{Acme, people};

/// Longer than a mailer's claim on a batch.
const CLAIM: SignedDuration = SignedDuration::from_mins(3);

/// An organisation with this many people to mail, and the messages for the mailer.
async fn to_be_mailed(count: usize) -> (Acme, Vec<Message>) {
    let acme = World::new().acme(100).await;
    acme.world.drain().await;
    let _ = acme.post("/invitations", people(count, "manager")).await.ok();
    acme.world.relay_changes().await;
    let messages = acme.world.cloud.take_messages("mail");
    assert_eq!(messages.len(), 1);
    (acme, messages)
}

/// Delivers messages until they are done, and sweeps until nothing is left to repair.
async fn repaired(acme: &Acme, mut messages: Vec<Message>) {
    for _ in 0..5 {
        acme.world.advance(SignedDuration::from_mins(20));
        messages = acme.world.mail(messages).await;
        sweeper::handle(&acme.sweeper()).await.expect("a sweep");
        acme.world.drain().await;
    }
    assert_eq!(messages, []);
}

fn mails(acme: &Acme) -> usize {
    acme.world.cloud.mails().len()
}

async fn states(acme: &Acme) -> Vec<Value> {
    let list = acme.get("/invitations?limit=500&status=pending").await.ok();
    list["items"].as_array().expect("a list").iter().map(|item| item["mail"]["state"].clone()).collect()
}

fn is_record(operation: &str) -> bool {
    operation.ends_with("BatchExecuteStatement")
}

/// Each record request carries out one statement, as long as there are several: only if the others are repeated alone is
/// there progress.
#[tokio::test]
async fn only_the_records_that_were_throttled_are_repeated() {
    let (acme, messages) = to_be_mailed(6).await;
    acme.world.cloud.fail(|operation| is_record(operation).then_some(Fault::Statements(!1)));
    assert_eq!(acme.world.mail(messages).await, []);
    acme.world.cloud.stop_failing();
    assert_eq!(states(&acme).await, ["sent"; 6]);
    assert_eq!(mails(&acme), 6);
}

#[tokio::test]
async fn mails_known_to_be_sent_are_not_sent_again_when_they_could_not_be_recorded() {
    for fault in [Fault::Statements(0b100), Fault::Throttled, Fault::Before] {
        let (acme, messages) = to_be_mailed(30).await;
        acme.world.cloud.fail(move |operation| is_record(operation).then_some(fault));
        let again = acme.world.mail_without_time(messages).await;
        acme.world.cloud.stop_failing();
        assert_eq!(mails(&acme), 30, "{fault:?}");
        acme.world.advance(CLAIM);
        assert_eq!(acme.world.mail(again).await, [], "{fault:?}");
        assert_eq!(states(&acme).await, ["sent"; 30], "{fault:?}");
        repaired(&acme, Vec::new()).await;
        assert_eq!(mails(&acme), 30, "{fault:?}");
    }
}

/// What SES put off is in the claim too.
#[tokio::test]
async fn the_answer_that_was_kept_is_recorded_for_each_recipient() {
    let (acme, messages) = to_be_mailed(4).await;
    acme.world.cloud.answer_mails(&["SUCCESS", "ACCOUNT_THROTTLED", "MESSAGE_REJECTED", "SUCCESS"]);
    acme.world.cloud.fail(|operation| is_record(operation).then_some(Fault::Throttled));
    let again = acme.world.mail_without_time(messages).await;
    acme.world.cloud.stop_failing();
    acme.world.advance(CLAIM);
    assert_eq!(acme.world.mail(again).await, []);
    let mut found = states(&acme).await;
    found.sort_by_key(ToString::to_string);
    assert_eq!(found, ["failed", "queued", "sent", "sent"]);
    repaired(&acme, Vec::new()).await;
    assert_eq!(mails(&acme), 3);
}

/// What the mailer calls for a batch of two.
async fn calls_of_a_batch() -> Vec<String> {
    let (acme, messages) = to_be_mailed(2).await;
    let _ = acme.world.cloud.take_calls();
    assert_eq!(acme.world.mail(messages).await, []);
    acme.world.cloud.take_calls()
}

/// The mailer dies twice at the same call, for each call before SES is called.
#[tokio::test]
async fn a_mailer_that_dies_before_it_calls_ses_loses_no_mail() {
    let calls = calls_of_a_batch().await;
    let before = calls.iter().position(|call| call.contains("bulk")).expect("SES was called");
    for (dying, name) in calls.iter().enumerate().take(before) {
        let (acme, messages) = to_be_mailed(2).await;
        for _ in 0..3 {
            let mut call = 0;
            acme.world.cloud.fail(move |_| {
                call += 1;
                (call == dying + 1).then_some(Fault::Killed)
            });
            let killed = acme.world.cloud.run(acme.world.mail(messages.clone())).await;
            assert!(killed.is_err(), "at {name}");
            acme.world.cloud.stop_failing();
            acme.world.advance(CLAIM);
        }
        assert_eq!(acme.world.mail(messages).await, []);
        assert_eq!(mails(&acme), 2, "at {name}");
        assert_eq!(states(&acme).await, ["sent"; 2], "at {name}");
    }
}

/// The mailer dies once at each call, SES and later included: everybody gets a mail, and a second copy only if SES was called
/// and its answer is not in the claim.
#[tokio::test]
async fn a_mailer_that_dies_anywhere_mails_everybody() {
    let calls = calls_of_a_batch().await;
    let ses = calls.iter().position(|call| call.contains("bulk")).expect("SES was called");
    for (dying, name) in calls.iter().enumerate() {
        let (acme, messages) = to_be_mailed(2).await;
        let mut call = 0;
        acme.world.cloud.fail(move |_| {
            call += 1;
            (call == dying + 1).then_some(Fault::Killed)
        });
        let killed = acme.world.cloud.run(acme.world.mail(messages.clone())).await;
        assert!(killed.is_err(), "at {name}");
        acme.world.cloud.stop_failing();
        repaired(&acme, messages).await;
        let copies = if dying == ses + 1 { 4 } else { 2 };
        assert_eq!(mails(&acme), copies, "at call {dying}, {name}");
        assert_eq!(states(&acme).await, ["sent"; 2], "at call {dying}, {name}");
    }
}

/// Delivers what is left, and sweeps. Returns the messages of mails that were queued again.
async fn queued_again(acme: &Acme, messages: Vec<Message>) -> Vec<Message> {
    acme.world.advance(SignedDuration::from_mins(20));
    let mut messages = acme.world.mail(messages).await;
    acme.world.advance(SignedDuration::from_mins(80));
    sweeper::handle(&acme.sweeper()).await.expect("a sweep");
    acme.world.relay_changes().await;
    messages.extend(acme.world.cloud.take_messages("mail"));
    messages
}

/// Whether the claim was written is not known, nor who wrote it; but nobody called SES.
#[tokio::test]
async fn a_claim_whose_answer_is_lost_loses_no_mail() {
    // With three, the SDK gives up.
    for lost in [1, 3] {
        let (acme, mut messages) = to_be_mailed(2).await;
        for _ in 0..2 {
            let mut left = lost;
            acme.world.cloud.fail(move |operation| {
                let strikes = operation.ends_with("PutItem") && left > 0;
                left -= usize::from(strikes);
                strikes.then_some(Fault::After)
            });
            messages = acme.world.mail(messages).await;
            acme.world.cloud.stop_failing();
            messages = queued_again(&acme, messages).await;
        }
        repaired(&acme, messages).await;
        assert_eq!(mails(&acme), 2, "{lost} answers lost");
        assert_eq!(states(&acme).await, ["sent"; 2], "{lost} answers lost");
    }
}

/// A batch that is too large for the account becomes two, and the mailer dies while it queues them. SES was not called, so
/// nothing is in doubt.
#[tokio::test]
async fn a_mailer_that_dies_while_it_halves_a_batch_leaves_no_doubt() {
    let (acme, messages) = to_be_mailed(12).await;
    acme.world.cloud.set_sending_rate(1.0);
    acme.world.cloud.fail(|operation| operation.ends_with("SendMessageBatch").then_some(Fault::Killed));
    let killed = acme.world.cloud.run(acme.world.mail(messages.clone())).await;
    assert!(killed.is_err());
    acme.world.cloud.stop_failing();
    acme.world.cloud.set_sending_rate(10_000.0);
    acme.world.advance(CLAIM);
    assert_eq!(acme.world.mail(messages).await, []);
    acme.world.drain().await;
    assert_eq!(states(&acme).await, ["sent"; 12]);
    assert_eq!(mails(&acme), 12);
}
