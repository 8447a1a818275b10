//! Batches work into messages.

use serde::Serialize;
use usher_domain::job::{ImportReportJob, MAIL_JOB_RECIPIENTS};
use usher_domain::{ApplyJob, MailJob, MailRecipient, OrganisationId};

use crate::Relay;
use crate::record::Work;

/// How long a repeated attempt waits, in seconds: longer than a message of an earlier one is hidden (180 in the template), so
/// that its result is recorded by then, also by a second delivery.
const AFTER_ANOTHER_ATTEMPT: i32 = 240;

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The URL of the queue.
    pub(crate) queue: String,
    /// The job.
    pub(crate) body: String,
    /// The organisation: queues are fair among groups.
    pub(crate) group: String,
    /// Its delay, in seconds.
    pub(crate) delay: i32,
}

struct Mails {
    organisation: OrganisationId,
    in_flight: bool,
    recipients: Vec<MailRecipient>,
}

fn message(queue: &str, organisation: OrganisationId, delay: i32, job: &impl Serialize) -> Message {
    // Serialization cannot fail here: a job has only ids and numbers.
    let body = serde_json::to_string(job).unwrap_or_default();
    Message { queue: queue.to_owned(), body, group: organisation.to_string(), delay }
}

/// The messages for this work: mails of one organisation together, up to what one call of the mail service takes; a
/// message of its own for each part of an import.
pub(crate) fn messages(relay: &Relay, work: Vec<Work>) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut open: Vec<Mails> = Vec::new();
    for work in work {
        match work {
            Work::Mail { organisation, recipient, in_flight } => {
                let fits = |mails: &Mails| {
                    mails.organisation == organisation
                        && mails.in_flight == in_flight
                        && mails.recipients.len() < MAIL_JOB_RECIPIENTS
                };
                if let Some(mails) = open.iter_mut().find(|mails| fits(mails)) {
                    mails.recipients.push(recipient);
                } else {
                    open.push(Mails { organisation, in_flight, recipients: vec![recipient] });
                }
            }
            Work::Import { organisation, import, parts } => {
                for part in parts {
                    let job = ApplyJob { organisation, import, part, from: 0 };
                    messages.push(message(&relay.apply_queue, organisation, 0, &job));
                }
            }
            Work::Ended { organisation, import } => {
                let job = ImportReportJob { organisation, import_report: import };
                messages.push(message(&relay.mail_queue, organisation, 0, &job));
            }
        }
    }
    messages.extend(open.into_iter().map(|mails| {
        let delay = if mails.in_flight { AFTER_ANOTHER_ATTEMPT } else { 0 };
        let job = MailJob { organisation: mails.organisation, tries: 0, recipients: mails.recipients };
        message(&relay.mail_queue, mails.organisation, delay, &job)
    }));
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::{ImportId, MembershipId};

    fn relay() -> Relay {
        let config = aws_sdk_sqs::Config::builder().behavior_version_latest().build();
        let sqs = aws_sdk_sqs::Client::from_conf(config);
        Relay { sqs, mail_queue: "mail".to_owned(), apply_queue: "apply".to_owned() }
    }

    fn mail(organisation: u128, member: u8, in_flight: bool) -> Work {
        let recipient =
            MailRecipient { id: MembershipId::from_bytes([member; 16]), generation: 1, attempt: u32::from(in_flight) };
        Work::Mail { organisation: OrganisationId::from_parts(1, organisation), recipient, in_flight }
    }

    #[test]
    fn mails_go_together_by_organisation_fifty_at_a_time() {
        let mut work: Vec<_> = (0..60).map(|member| mail(1, member, false)).collect();
        work.insert(3, mail(2, 0, false));
        work.push(mail(1, 99, true));
        let messages = messages(&relay(), work);
        let shape: Vec<_> = messages
            .iter()
            .map(|message| {
                (serde_json::from_str::<MailJob>(&message.body).expect("a job").recipients.len(), message.delay)
            })
            .collect();
        assert_eq!(shape, [(50, 0), (1, 0), (10, 0), (1, AFTER_ANOTHER_ATTEMPT)]);
        assert!(messages.iter().all(|message| message.queue == "mail" && message.body.len() < 8_000));
        assert_ne!(messages[0].group, messages[1].group);
    }

    #[test]
    fn an_import_is_one_message_a_part() {
        let organisation = OrganisationId::from_parts(1, 1);
        let work = Work::Import { organisation, import: ImportId::of_object("b", "k", "v"), parts: 1..=3 };
        let messages = messages(&relay(), vec![work]);
        let parts: Vec<ApplyJob> =
            messages.iter().map(|message| serde_json::from_str(&message.body).expect("a job")).collect();
        assert_eq!(parts.iter().map(|job| job.part).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(messages.iter().all(|message| message.queue == "apply"));
    }
}
