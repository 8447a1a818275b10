//! How far the mail of an invitation has come.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The states of one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// Due: it will be sent.
    Queued,
    /// The mail service took it.
    Sent,
    /// The recipient's server took it.
    Delivered,
    /// The recipient's server refused it for good.
    Bounced,
    /// The recipient called it unwanted.
    Complained,
    /// The mail service does not write to this address any more.
    Suppressed,
    /// The mail service refused it, for the reason given.
    Failed,
    /// The answer of the mail service was lost: it may have been sent. It is sent once more if nothing is heard.
    Unknown,
}

impl MailState {
    /// The name that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Suppressed => "suppressed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The state of this name; `None` for a name that is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Sent,
            Self::Delivered,
            Self::Bounced,
            Self::Complained,
            Self::Suppressed,
            Self::Failed,
            Self::Unknown,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
    }
}

/// The mail of an invitation's current generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailStatus {
    /// How far it has come.
    pub state: MailState,
    /// Why, where there is something to say.
    pub reason: Option<String>,
    /// Since when.
    pub at: Timestamp,
    /// How often a lost mail of this generation was given up and queued anew. A job for an earlier attempt is stale.
    pub attempt: u32,
    /// How often the mail service's answer was lost. After the first it is sent once more, after the second no more.
    pub unconfirmed_sends: u32,
}

impl MailStatus {
    /// A mail that is due from this moment.
    #[must_use]
    pub fn queued(now: Timestamp) -> Self {
        Self { state: MailState::Queued, reason: None, at: now, attempt: 0, unconfirmed_sends: 0 }
    }
}
