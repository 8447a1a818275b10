//! What the uploader decides for rows that leave it open.

use serde::{Deserialize, Serialize};

/// Values for rows that leave a field blank.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportDefaults {
    /// The role of rows that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The team of rows that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Whether the mails go out with the invitations (the default); otherwise the invitations are held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<bool>,
}
