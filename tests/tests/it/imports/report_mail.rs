//! The mail that reports the end of an import.

use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::cloud::{Fault, Mail, Message};
use usher_tests::world::{ADMIN, Acme, Invitation, id, invitations, people_csv};

/// The report jobs of the mail queue. The invitations on it are sent.
async fn report_jobs(acme: &Acme) -> Vec<Message> {
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

fn only(reports: &[Mail]) -> &Mail {
    let [report] = reports else { panic!("one report: {reports:?}") };
    report
}

async fn sent(acme: &Acme, filename: &str) -> Value {
    let mut file = people_csv(5);
    file.extend_from_slice(b"nobody,sales_rep\n");
    let import = acme.plan_import(filename, file, json!({})).await;
    let _ = acme.send_import(&import).await;
    import
}

#[tokio::test]
async fn the_sender_gets_one_report_however_often_the_job_is_delivered() {
    let acme = World::new().acme(50).await;
    let import = sent(&acme, "people.csv").await;
    let ends = report_jobs(&acme).await;
    assert_eq!(ends.len(), 1);
    for _ in 0..3 {
        assert_eq!(acme.world.mail(ends.clone()).await, []);
    }
    acme.world.drain().await;
    let reports = acme.world.cloud.report_mails();
    let report = only(&reports);
    assert_eq!((report.to.as_str(), report.subject.as_str()), (ADMIN, "Your import is complete"));
    let link = format!("https://usher.example/v1/orgs/{}/imports/{}/", acme.id, id(&import));
    for said in ["Hello Ada Admin", "people.csv", "Rows: 6", "Invited: 5", "Rejected: 1", &format!("{link}results.csv")]
    {
        assert!(report.text.contains(said), "{said}: {}", report.text);
    }
    assert!(report.html.contains(&format!("{link}failed.csv")), "{}", report.html);
}

#[tokio::test]
async fn the_report_says_how_many_mails_are_still_queued() {
    let acme = World::new().acme(50).await;
    let _ = sent(&acme, "people.csv").await;
    acme.world.relay_changes().await;
    let parts = acme.world.cloud.take_messages("apply");
    assert_eq!(acme.world.apply(parts).await, []);
    acme.world.relay_changes().await;
    // The report job is taken out; the invitations stay queued.
    let (ends, waiting): (Vec<_>, Vec<_>) =
        acme.world.cloud.take_messages("mail").into_iter().partition(|message| message.body.contains("import_report"));
    acme.world.cloud.put_messages("mail", waiting);
    assert_eq!(acme.world.mail(ends).await, []);
    let reports = acme.world.cloud.report_mails();
    assert!(only(&reports).text.contains("About 5 invitation emails are still waiting"), "{}", reports[0].text);
}

/// Each call about the report fails once, in every way: it is never sent twice, and it is sent if certainly none went out.
#[tokio::test]
async fn a_report_interrupted_anywhere_is_sent_at_most_once() {
    for fault in [Fault::Before, Fault::After, Fault::Throttled] {
        for failing in 0..8 {
            let acme = World::new().acme(50).await;
            let _ = sent(&acme, "people.csv").await;
            let ends = report_jobs(&acme).await;
            let mut seen = 0;
            let (at_sending, failed) = std::sync::mpsc::channel();
            acme.world.cloud.fail(move |operation| {
                seen += 1;
                let fails = failing < seen && seen <= failing + 3;
                if fails && operation.ends_with("/outbound-emails") {
                    at_sending.send(()).expect("the test listens");
                }
                fails.then_some(fault)
            });
            let _ = acme.world.mail(ends.clone()).await;
            acme.world.cloud.stop_failing();
            for _ in 0..2 {
                assert_eq!(acme.world.mail(ends.clone()).await, [], "{fault:?} {failing}");
            }
            let reports = acme.world.cloud.report_mails().len();
            match (fault, failed.try_recv().is_ok()) {
                // The mailer cannot know that it was not sent, so it does not send it again.
                (Fault::Before, true) => assert_eq!(reports, 0, "{failing}"),
                // A mailer that loses the answer to its claim cannot know that the claim is its own.
                (Fault::After, false) => assert!(reports <= 1, "{reports}, {failing}"),
                _ => assert_eq!(reports, 1, "{fault:?} {failing}"),
            }
        }
    }
}

#[tokio::test]
async fn every_kind_of_end_is_reported_and_only_to_admins() {
    let acme = World::new().acme(50).await;
    let refused = acme.plan_import("empty.csv", Vec::new(), json!({})).await;
    assert_eq!(refused["status"], "failed");
    let strict = json!({"mode": "send", "on_issues": "reject_file"});
    let strict = acme.plan_import("strict.csv", b"email,role\nx,sales_rep\n".to_vec(), strict).await;
    assert_eq!(strict["problem"]["code"], "file_has_issues");
    let unsent = acme.plan_import("unsent.csv", people_csv(2), json!({})).await;
    let _ = acme.cancel_import(&unsent).await;
    // Cancelled before there was anything to report.
    let unread = acme.post("/imports", json!({"filename": "unread.csv"})).await.ok();
    let _ = acme.cancel_import(&unread).await;
    let key = format!("inbox/{}/dropped.csv", acme.id);
    acme.world.cloud.put_file(&key, Vec::new());
    acme.world.file_arrived(&key, "v1").await;
    acme.world.drain().await;
    let mut reports: Vec<_> =
        acme.world.cloud.report_mails().into_iter().map(|report| (report.subject, report.text)).collect();
    reports.sort();
    let subjects: Vec<_> = reports.iter().map(|(subject, _)| subject.as_str()).collect();
    assert_eq!(subjects, ["Your import failed", "Your import failed", "Your import was cancelled"]);
    assert!(reports[2].1.contains("Not processed: 2"), "{}", reports[2].1);
    assert!(reports[..2].iter().any(|(_, text)| text.contains("1 row is wrong")), "{reports:?}");

    // The admin who sent it is deactivated before it ends.
    let second = invitations([Invitation::of("bo@acme.example", "admin")]);
    let second = acme.post("/invitations", second).await.ok()["results"][0]["id"].clone();
    acme.world.join(acme.id, "bo@acme.example").await;
    let import = acme.plan_import("people.csv", people_csv(3), json!({})).await;
    let path = acme.path(&format!("/imports/{}/send", id(&import)));
    let _ = acme.world.post("bo@acme.example", &path, json!({"digest": import["digest"]})).await.ok();
    let _ = acme.post(&format!("/members/{}/deactivate", second.as_str().expect("an id")), json!({})).await.ok();
    acme.world.drain().await;
    assert_eq!(acme.world.cloud.report_mails().len(), 3, "{:?}", acme.world.cloud.report_mails().last());
}

#[tokio::test]
async fn a_filename_is_escaped_in_the_report() {
    let acme = World::new().acme(50).await;
    let name = "<img src=x onerror=alert(1)>{{text}}.csv";
    let announced = acme.post("/imports", json!({"filename": name})).await.ok();
    let key = announced["upload"]["fields"]["key"].as_str().expect("a key").to_owned();
    acme.world.cloud.put_file(&key, people_csv(1));
    acme.world.file_arrived(&key, "v1").await;
    let import = acme.import(&announced).await;
    let _ = acme.complete_import(&import).await;
    let reports = acme.world.cloud.report_mails();
    let report = only(&reports);
    assert!(!report.html.contains("<img") && report.html.contains("&#60;img"), "{}", report.html);
    assert_eq!(report.subject, "Your import is complete");
}
