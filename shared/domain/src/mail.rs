//! The delivery of an invitation's mail.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The delivery state of one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// Waiting to be sent.
    Queued,
    /// The mail service accepted it.
    Sent,
    /// The recipient's server accepted it.
    Delivered,
    /// The recipient's server rejected it permanently.
    Bounced,
    /// The recipient reported it as spam.
    Complained,
    /// The mail service no longer sends to this address.
    Suppressed,
    /// The mail service rejected it, for the reason given.
    Failed,
    /// The mail service's answer was lost: the mail may have been sent. Without news it is sent once more.
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

    /// The state with this name; `None` if there is none.
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

/// The mail of an invitation's newest generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailStatus {
    /// The state.
    pub state: MailState,
    /// The reason, if there is one.
    pub reason: Option<String>,
    /// When it reached this state.
    pub at: Timestamp,
    /// How often a lost mail of this generation was queued again. A job for an earlier attempt is stale.
    pub attempt: u32,
    /// How often the mail service's answer was lost. After the first time the mail is sent once more, after the second never.
    pub unconfirmed_sends: u32,
}

impl MailStatus {
    /// A mail that waits to be sent from now on.
    #[must_use]
    pub fn queued(now: Timestamp) -> Self {
        Self { state: MailState::Queued, reason: None, at: now, attempt: 0, unconfirmed_sends: 0 }
    }
}
