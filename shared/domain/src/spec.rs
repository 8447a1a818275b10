//! One person: as somebody asked for them, and as they can be invited. [`crate::validator`] leads from the one to the other.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::catalogue::nearest;
use crate::email::EmailAddress;
use crate::issue::IssueCode;
use crate::text::{PersonName, ShortText};

/// What somebody asked for, unchecked. Blank texts count as absent. A file's requests borrow from it.
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
    /// What the person does.
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

/// One person, ready to be invited: everything they were given exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationSpec {
    /// The address to invite.
    pub email: EmailAddress,
    /// What the person is called.
    #[serde(default)]
    pub name: PersonName,
    /// What they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_title: Option<ShortText>,
    /// What they are given. Most rows of a file are given the same, and share it.
    #[serde(flatten)]
    pub entitlements: Arc<Entitlements>,
    /// Whether the mail goes out now; otherwise the invitation is held.
    pub send: bool,
}

/// What a person is given in the organisation.
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

/// One thing that is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// The field, as the API names it.
    pub field: &'static str,
    /// A stable code.
    pub code: IssueCode,
    /// What is wrong and what to do, for people.
    pub message: String,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What is allowed, where that is a list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    /// What was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

impl Issue {
    /// A problem that needs no list of what is allowed.
    #[must_use]
    pub fn new(field: &'static str, code: IssueCode, found: &str, message: impl Into<String>) -> Self {
        let found = (!found.is_empty()).then(|| found.to_owned());
        Self { field, code, message: message.into(), found, allowed: Vec::new(), suggestion: None }
    }

    pub(crate) fn unknown<'a>(
        field: &'static str,
        code: IssueCode,
        found: &str,
        allowed: impl Iterator<Item = &'a str> + Clone,
    ) -> Self {
        let suggestion = nearest(found, allowed.clone()).map(str::to_owned);
        let kind = field.trim_end_matches('s');
        let mut message = format!("there is no {kind} {found:?} here");
        if let Some(suggestion) = &suggestion {
            // Writing to a text cannot fail.
            let _ = write!(message, "; did you mean {suggestion:?}?");
        }
        Self { allowed: allowed.map(str::to_owned).collect(), suggestion, ..Self::new(field, code, found, message) }
    }
}

/// Who is asking, as far as it limits what they may give.
#[derive(Debug, Clone, Copy)]
pub struct Authority<'a> {
    /// The highest rank they may give; `None` for an operator, who may give any.
    pub rank: Option<u32>,
    /// The role of those for whom none is named, by the request or by the organisation.
    pub default_role: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts of imports that were planned by an earlier version are still to be sent.
    #[test]
    fn a_draft_is_written_as_ever() {
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
