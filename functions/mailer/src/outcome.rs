//! What the answers of SES mean: which mails were accepted, which were refused, and which are unknown.
//!
//! Bounces and complaints come later, as events of SES, which nothing reads yet: a bounced mail stays `sent`.

use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_bulk_email::{SendBulkEmailError, SendBulkEmailOutput};
use aws_sdk_sesv2::types::BulkEmailStatus;
use hyper_util::client::legacy::Error as ClientError;
use serde::{Deserialize, Serialize};
use usher_domain::MailState;
use usher_runtime::describe;

/// The result of one mail, as it is kept in the batch's claim until it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The mail service took it.
    Sent,
    /// Not now: the account is throttled, paused or not set up. The mail itself is valid.
    PutOff,
    /// The mail service does not accept the mail.
    NotAccepted,
    /// The mail service may not write to this address.
    Rejected,
    /// The address is none for the mail service.
    AddressRefused,
    /// The mail service failed on this mail.
    NotProcessed,
    /// The answer does not say.
    Unknown,
}

impl Outcome {
    /// What is recorded; `None` for a mail that is still to be sent.
    pub(crate) fn state(self) -> Option<MailState> {
        match self {
            Self::Sent => Some(MailState::Sent),
            Self::PutOff => None,
            Self::NotAccepted | Self::Rejected | Self::AddressRefused | Self::NotProcessed => Some(MailState::Failed),
            Self::Unknown => Some(MailState::Unknown),
        }
    }

    /// The reason to show. It is written here: those of the mail service quote addresses.
    pub(crate) fn reason(self) -> Option<&'static str> {
        match self {
            Self::Sent | Self::PutOff => None,
            Self::NotAccepted => Some("The mail service does not accept the mail."),
            Self::Rejected => Some("The mail service rejected the mail; it may not write to this address."),
            Self::AddressRefused => {
                Some("The mail service does not accept this address as one that can be written to.")
            }
            Self::NotProcessed => Some("The mail service could not process the mail."),
            Self::Unknown => Some("The mail service's answer was lost; it is sent once more if nothing is heard."),
        }
    }

    /// The outcomes as a text: of each recipient of a job, `None` if there was no mail to send.
    pub(crate) fn write_each(outcomes: &[Option<Self>]) -> Result<String, serde_json::Error> {
        serde_json::to_string(outcomes)
    }

    /// The outcomes of such a text.
    pub(crate) fn read_each(text: &str) -> Result<Vec<Option<Self>>, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// The result of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Each mail has its outcome, in the order of the entries.
    Each(Vec<Outcome>),
    /// Nothing was sent, for a reason outside the mails.
    NotNow,
    /// Nothing was sent, because something in one of the mails is not accepted.
    Refused,
    /// It may have been sent, or not.
    Lost,
}

fn of_status(status: Option<&BulkEmailStatus>) -> Outcome {
    match status {
        Some(BulkEmailStatus::Success) => Outcome::Sent,
        Some(
            BulkEmailStatus::AccountThrottled
            | BulkEmailStatus::AccountDailyQuotaExceeded
            | BulkEmailStatus::AccountSendingPaused
            | BulkEmailStatus::AccountSuspended
            | BulkEmailStatus::ConfigurationSetNotFound
            | BulkEmailStatus::ConfigurationSetSendingPaused
            | BulkEmailStatus::InvalidSendingPoolName
            | BulkEmailStatus::MailFromDomainNotVerified
            | BulkEmailStatus::TransientFailure,
        ) => Outcome::PutOff,
        Some(BulkEmailStatus::MessageRejected) => Outcome::Rejected,
        Some(BulkEmailStatus::InvalidParameter) => Outcome::AddressRefused,
        Some(BulkEmailStatus::Failed | BulkEmailStatus::TemplateNotFound) => Outcome::NotProcessed,
        _ => Outcome::Unknown,
    }
}

/// Whether no connection was made, so that nothing can have been sent.
fn never_connected(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.downcast_ref::<ClientError>().is_some_and(ClientError::is_connect))
}

/// Why a call failed, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing was sent, for a reason outside what was to be sent.
    NotNow,
    /// Nothing was sent, because something in it is not accepted.
    ForGood,
    /// It may have been sent, or not.
    Lost,
}

/// The result of sending many mails.
pub(crate) fn of_call(answer: Result<SendBulkEmailOutput, SdkError<SendBulkEmailError>>) -> Answer {
    match answer {
        Ok(answer) => {
            let results = answer.bulk_email_entry_results();
            Answer::Each(results.iter().map(|result| of_status(result.status())).collect())
        }
        Err(error) => match of_error(&error) {
            Refusal::NotNow => Answer::NotNow,
            Refusal::ForGood => Answer::Refused,
            Refusal::Lost => Answer::Lost,
        },
    }
}

/// What a failed call means.
pub(crate) fn of_error<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Refusal {
    match error {
        SdkError::ConstructionFailure(_) => {
            tracing::error!(error = %describe(error), "the mails could not be put into a request");
            Refusal::ForGood
        }
        SdkError::DispatchFailure(failure) if failure.as_connector_error().is_some_and(|e| never_connected(e)) => {
            tracing::warn!("the mail service could not be reached");
            Refusal::NotNow
        }
        SdkError::ServiceError(service) if service.raw().status().is_client_error() => {
            // Its code only: the message may quote addresses.
            tracing::warn!(code = service.err().code(), "the mail service refused a call");
            // Any other, among them MessageRejected, is what a sender's address gets that is not confirmed yet: the mails
            // are good, and go out once it is.
            if service.err().code() == Some("BadRequestException") { Refusal::ForGood } else { Refusal::NotNow }
        }
        SdkError::ServiceError(service) => {
            tracing::warn!(code = service.err().code(), "the mail service failed");
            Refusal::Lost
        }
        // A time limit, a dropped connection, an answer that cannot be read, and whatever is added to these.
        _ => {
            tracing::warn!(error = %describe(error), "the mail service's answer was lost");
            Refusal::Lost
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sesv2::types::BulkEmailEntryResult;

    #[test]
    fn each_recipient_has_an_outcome_of_their_own() {
        let result = |status: BulkEmailStatus| BulkEmailEntryResult::builder().status(status).build();
        let answer = SendBulkEmailOutput::builder()
            .bulk_email_entry_results(result(BulkEmailStatus::Success))
            .bulk_email_entry_results(result(BulkEmailStatus::AccountThrottled))
            .bulk_email_entry_results(result(BulkEmailStatus::MessageRejected))
            .bulk_email_entry_results(result(BulkEmailStatus::from("SOMETHING_NEW")))
            .bulk_email_entry_results(BulkEmailEntryResult::builder().build())
            .build()
            .expect("an answer");
        let Answer::Each(outcomes) = of_call(Ok(answer)) else { panic!("an answer for each") };
        assert_eq!(outcomes, [Outcome::Sent, Outcome::PutOff, Outcome::Rejected, Outcome::Unknown, Outcome::Unknown]);
    }

    #[test]
    fn a_call_that_ran_out_of_time_may_have_been_heard() {
        assert_eq!(of_call(Err(SdkError::timeout_error("too late"))), Answer::Lost);
        assert_eq!(of_call(Err(SdkError::construction_failure("no address"))), Answer::Refused);
    }
}
