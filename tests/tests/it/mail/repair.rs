//! Mails whose jobs were lost: queued again while the invitation is still open.

use jiff::SignedDuration;
use serde_json::json;
use usher_tests::World;
use usher_tests::world::{ADMIN, Acme, OPERATOR};

const TICK: SignedDuration = SignedDuration::from_mins(5);

async fn with_invitations_of(minutes: u32) -> Acme {
    let request =
        json!({"name": "Acme", "seats": 50, "invitation_seconds": minutes * 60, "admins": [{"email": ADMIN}]});
    let acme = World::new().organisation(request).await;
    acme.world.drain().await;
    acme
}

/// Invites somebody, and loses the job of the mail before a mailer receives it.
async fn invite_and_lose(acme: &Acme, email: &str) {
    acme.invite(email).await;
    acme.world.relay_changes().await;
    assert_eq!(acme.world.cloud.take_messages("mail").len(), 1);
}

async fn tick(acme: &Acme) {
    acme.world.advance(TICK);
    sweeper::handle(&acme.sweeper()).await.expect("a sweep");
    acme.world.drain().await;
}

/// Sweeps every five minutes for so long, and returns how many mails each of these people got.
async fn mails_within(acme: &Acme, minutes: i64, emails: &[&str]) -> Vec<usize> {
    for _ in 0..minutes / 5 {
        tick(acme).await;
    }
    let mails = acme.world.cloud.mails();
    emails.iter().map(|email| mails.iter().filter(|mail| mail.to == *email).count()).collect()
}

#[tokio::test]
async fn the_mail_of_a_short_invitation_is_repaired_before_it_ends() {
    for minutes in [20, 30, 60, 120] {
        let acme = with_invitations_of(minutes).await;
        invite_and_lose(&acme, "a@x.example").await;
        let within = i64::from(minutes) * 3 / 4;
        assert_eq!(mails_within(&acme, within, &["a@x.example"]).await, [1], "{minutes} minutes");
    }
}

/// The check belongs to the hour: it stays for those who are invited after its first looks found nothing to do.
#[tokio::test]
async fn the_mail_of_a_short_invitation_late_in_the_hour_is_repaired_too() {
    let acme = with_invitations_of(30).await;
    acme.invite("a@x.example").await;
    acme.world.drain().await;
    for _ in 0..5 {
        tick(&acme).await;
    }
    invite_and_lose(&acme, "b@x.example").await;
    assert_eq!(mails_within(&acme, 25, &["a@x.example", "b@x.example"]).await, [1, 1]);
}

/// The hour's check was scheduled for long invitations.
#[tokio::test]
async fn the_mail_of_an_invitation_made_short_within_the_hour_is_repaired_too() {
    let acme = World::new().acme(10).await;
    acme.world.drain().await;
    acme.invite("a@x.example").await;
    acme.world.drain().await;
    let _ = acme.world.patch(OPERATOR, &acme.path(""), json!({"invitation_seconds": 1800})).await.ok();
    invite_and_lose(&acme, "b@x.example").await;
    assert_eq!(mails_within(&acme, 25, &["a@x.example", "b@x.example"]).await, [1, 1]);
}

/// Once the hour is over and every mail has left, nothing is looked at any more.
#[tokio::test]
async fn the_check_of_an_hour_ends() {
    for minutes in [20, 7 * 24 * 60] {
        let acme = with_invitations_of(minutes).await;
        acme.invite("a@x.example").await;
        acme.world.drain().await;
        let checks = |acme: &Acme| {
            let is_check = |sk: &str| sk.starts_with("DELIVERY_CHECK#");
            acme.world.cloud.items().iter().filter(|item| item["sk"]["S"].as_str().is_some_and(is_check)).count()
        };
        assert_eq!(mails_within(&acme, 70, &["a@x.example"]).await, [1]);
        assert_eq!(checks(&acme), 1, "{minutes} minutes");
        assert_eq!(mails_within(&acme, 20, &["a@x.example"]).await, [1]);
        assert_eq!(checks(&acme), 0, "{minutes} minutes");
    }
}
