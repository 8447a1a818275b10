//! One person to invite: the unchecked input, and the valid spec. [`crate::validator`] turns the one into the other.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::email::EmailAddress;
pub use crate::issue::Issue;
use crate::text::{PersonName, ShortText};

/// One person as a request or a file names them, unchecked. Blank texts count as absent. Rows borrow from their file.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationInput<'a> {
    /// The address to invite.
    #[serde(default)]
    pub email: Cow<'a, str>,
    /// The full name, instead of the two below.
    #[serde(default)]
    pub name: Option<Cow<'a, str>>,
    /// The first name.
    #[serde(default)]
    pub first_name: Option<Cow<'a, str>>,
    /// The last name.
    #[serde(default)]
    pub last_name: Option<Cow<'a, str>>,
    /// The name of a role; the organisation's default where it is left out.
    #[serde(default)]
    pub role: Option<Cow<'a, str>>,
    /// The name or id of a team.
    #[serde(default)]
    pub team: Option<Cow<'a, str>>,
    /// The person's job title.
    #[serde(default)]
    pub job_title: Option<Cow<'a, str>>,
    /// Ids or names of products.
    #[serde(default)]
    pub products: Vec<Cow<'a, str>>,
    /// Slugs of courses.
    #[serde(default)]
    pub courses: Vec<Cow<'a, str>>,
    /// Whether the mail goes out now (the default); otherwise the invitation is held.
    #[serde(default)]
    pub send: Option<bool>,
}

/// One person, ready to be invited: their role, team, products and courses exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationSpec {
    /// The address to invite.
    pub email: EmailAddress,
    /// The person's name.
    #[serde(default)]
    pub name: PersonName,
    /// Their job title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_title: Option<ShortText>,
    /// Role, team, products and courses. Most rows of a file have the same ones, and share them.
    #[serde(flatten)]
    pub entitlements: Arc<Entitlements>,
    /// Whether the mail goes out now; otherwise the invitation is held.
    pub send: bool,
}

/// What a membership gives: role, team, products and courses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitlements {
    /// The name of their role.
    pub role: SmolStr,
    /// The id of their team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<SmolStr>,
    /// Ids of their products.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub products: BTreeSet<String>,
    /// Slugs of their courses.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub courses: BTreeSet<String>,
}

/// What the inviter may give.
#[derive(Debug, Clone, Copy)]
pub struct Authority<'a> {
    /// The highest rank they may give; `None` for an operator, who may give any.
    pub rank: Option<u32>,
    /// The role of people without one in the request.
    pub default_role: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored parts of imports hold specs that an earlier version wrote.
    #[test]
    fn a_spec_is_stored_in_the_same_form_as_before() {
        let line = r#"{"email":"Ada@x.example","name":{"full":"Ada"},"role":"rep","team":"t1","job_title":"VP","products":["p"],"send":false}"#;
        let spec: InvitationSpec = serde_json::from_str(line).expect("a spec");
        assert_eq!(spec.job_title.as_ref().map(ShortText::as_str), Some("VP"));
        assert_eq!(
            (spec.entitlements.team.as_deref(), spec.entitlements.products.len(), spec.send),
            (Some("t1"), 1, false)
        );
        let (written, before) = (serde_json::to_value(&spec), serde_json::from_str::<serde_json::Value>(line));
        assert_eq!(written.expect("JSON"), before.expect("JSON"));
    }
}
