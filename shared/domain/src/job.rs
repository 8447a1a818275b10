//! Jobs on queues. They name people by membership id, so a queue holds no address.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{ImportId, MembershipId, OrganisationId};

/// The most recipients of one mail job: the limit of one call to the mail service.
pub const MAIL_JOB_RECIPIENTS: usize = 50;

/// One mail to send: this attempt at this generation of this person's invitation, and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailRecipient {
    /// The person.
    pub id: MembershipId,
    /// Which of their invitations.
    pub generation: u32,
    /// Which attempt at its mail.
    pub attempt: u32,
}

/// Mails of one organisation, for the mailer. At most [`MAIL_JOB_RECIPIENTS`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailJob {
    /// The organisation.
    pub organisation: OrganisationId,
    /// How often the mail service deferred these recipients. It is part of the batch's name, so that a second try is not
    /// taken for a second delivery of the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tries: u32,
    /// The recipients.
    pub recipients: Vec<MailRecipient>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl MailJob {
    /// The name of the batch: the same job has the same one, however often its message is delivered or sent.
    #[must_use]
    pub fn batch(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.organisation.to_bytes());
        hash.update(self.tries.to_be_bytes());
        // Every part has a fixed length, so different jobs never hash the same bytes.
        for recipient in &self.recipients {
            hash.update(recipient.id.to_bytes());
            hash.update(recipient.generation.to_be_bytes());
            hash.update(recipient.attempt.to_be_bytes());
        }
        HEXLOWER.encode(&hash.finalize()[..16])
    }
}

/// The report about an import that ended, to the person who started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportReportJob {
    /// The organisation.
    pub organisation: OrganisationId,
    /// Which import.
    pub import_report: ImportId,
}

/// What is on the mail queue. The kinds are distinguished by their members.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum MailQueueJob {
    /// Invitations.
    Invitations(MailJob),
    /// The report about an import.
    ImportReport(ImportReportJob),
}

/// One part of an import's plan, for import-apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplyJob {
    /// The organisation.
    pub organisation: OrganisationId,
    /// Which import.
    pub import: ImportId,
    /// Which part, counted from 1; 0 only ends an import that has no parts left.
    pub part: u32,
    /// How many of its rows an earlier delivery applied and recorded before it ran out of time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub from: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> MailJob {
        let recipient = MailRecipient { id: MembershipId::from_bytes([7; 16]), generation: 1, attempt: 0 };
        MailJob { organisation: OrganisationId::from_parts(1, 2), tries: 0, recipients: vec![recipient] }
    }

    #[test]
    fn everything_in_a_job_is_part_of_its_batch_name() {
        assert_eq!(job().batch(), job().batch());
        assert_eq!(job().batch().len(), 32);
        let mut others = [job(), job(), job(), job()];
        others[0].tries = 1;
        others[1].recipients[0].attempt = 1;
        others[2].recipients[0].generation = 2;
        others[3].organisation = OrganisationId::from_parts(1, 3);
        for other in others {
            assert_ne!(other.batch(), job().batch());
        }
    }

    #[test]
    fn a_part_without_a_position_begins_at_its_first_row() {
        let text = r#"{"organisation":"01ARZ3NDEKTSV4RRFFQ69G5FAV","import":"01ARZ3NDEKTSV4RRFFQ69G5FAV","part":3}"#;
        let job: ApplyJob = serde_json::from_str(text).expect("a job");
        assert_eq!((job.part, job.from), (3, 0));
        assert_eq!(serde_json::to_string(&job).expect("JSON"), text);
    }

    #[test]
    fn a_job_survives_its_queue() {
        let text = serde_json::to_string(&job()).expect("a job is JSON");
        assert!(!text.contains("tries"));
        assert_eq!(serde_json::from_str::<MailJob>(&text).expect("and back"), job());
    }

    #[test]
    fn kinds_of_mail_jobs_are_distinguished() {
        let invitations = serde_json::to_string(&job()).expect("JSON");
        assert_eq!(serde_json::from_str::<MailQueueJob>(&invitations).ok(), Some(MailQueueJob::Invitations(job())));
        let (organisation, import_report) = (OrganisationId::from_parts(1, 2), ImportId::from_parts(3, 4));
        let report = ImportReportJob { organisation, import_report };
        let text = serde_json::to_string(&report).expect("JSON");
        assert_eq!(serde_json::from_str::<MailQueueJob>(&text).ok(), Some(MailQueueJob::ImportReport(report)));
        assert!(serde_json::from_str::<MailQueueJob>(r#"{"organisation":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#).is_err());
    }
}
