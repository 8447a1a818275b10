//! From what was asked for to an invitation that can be made: every field of one person checked against the catalogue.
//!
//! The API, the pasted list and the file all come through here, so a person is refused for the same reasons, in the same
//! words, whichever way they came.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::catalogue::{Catalogue, Role, nearest};
use crate::email::EmailAddress;
use crate::issue::IssueCode;
use crate::text::{PersonName, ShortText};

/// What somebody asked for, unchecked. Blank texts count as absent.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftRequest {
    /// The address to invite.
    #[serde(default)]
    pub email: String,
    /// The full name, instead of the two below.
    #[serde(default)]
    pub name: Option<String>,
    /// The first name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// The name of a role; the organisation's default where it is left out.
    #[serde(default)]
    pub role: Option<String>,
    /// The name or id of a team.
    #[serde(default)]
    pub team: Option<String>,
    /// What the person does.
    #[serde(default)]
    pub job_title: Option<String>,
    /// Ids or names of products.
    #[serde(default)]
    pub products: Vec<String>,
    /// Slugs of courses.
    #[serde(default)]
    pub courses: Vec<String>,
    /// Whether the mail goes out now (the default); otherwise the invitation is held.
    #[serde(default)]
    pub send: Option<bool>,
}

/// One person, ready to be invited: everything they were given exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The address to invite.
    pub email: EmailAddress,
    /// What the person is called.
    #[serde(default)]
    pub name: PersonName,
    /// What they are given.
    #[serde(flatten)]
    pub access: Access,
    /// Whether the mail goes out now; otherwise the invitation is held.
    pub send: bool,
}

/// What a person is given in the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The name of their role.
    pub role: String,
    /// The id of their team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// What they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_title: Option<ShortText>,
    /// Ids of their products.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub products: BTreeSet<String>,
    /// Slugs of their courses.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub courses: BTreeSet<String>,
}

/// One thing that is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldProblem {
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

impl FieldProblem {
    /// A problem that needs no list of what is allowed.
    #[must_use]
    pub fn new(field: &'static str, code: IssueCode, found: &str, message: impl Into<String>) -> Self {
        let found = (!found.is_empty()).then(|| found.to_owned());
        Self { field, code, message: message.into(), found, allowed: Vec::new(), suggestion: None }
    }

    fn unknown<'a>(
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

fn present(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

fn short_text(field: &'static str, text: Option<&String>, problems: &mut Vec<FieldProblem>) -> Option<ShortText> {
    let text = present(text)?;
    ShortText::optional(text).unwrap_or_else(|error| {
        problems.push(FieldProblem::new(field, error.code(), text, error.to_string()));
        None
    })
}

fn role<'a>(
    request: &DraftRequest,
    catalogue: &'a Catalogue,
    authority: Authority<'_>,
    problems: &mut Vec<FieldProblem>,
) -> Option<&'a Role> {
    let names = catalogue.roles.iter().map(|role| role.name.as_str());
    let Some(found) = present(request.role.as_ref()).or(authority.default_role) else {
        let mut problem = FieldProblem::new("role", IssueCode::RoleMissing, "", "is missing; give one of the roles");
        problem.allowed = names.map(str::to_owned).collect();
        problems.push(problem);
        return None;
    };
    let Some(role) = catalogue.role(found) else {
        problems.push(FieldProblem::unknown("role", IssueCode::RoleUnknown, found, names));
        return None;
    };
    if authority.rank.is_some_and(|rank| role.rank > rank) {
        let mut problem = FieldProblem::new(
            "role",
            IssueCode::RoleAboveOwn,
            found,
            "is above your own role; ask somebody of that role",
        );
        let may_give = catalogue.roles.iter().filter(|role| authority.rank.is_none_or(|rank| role.rank <= rank));
        problem.allowed = may_give.map(|role| role.name.clone()).collect();
        problems.push(problem);
        return None;
    }
    Some(role)
}

fn name(request: &DraftRequest, problems: &mut Vec<FieldProblem>) -> PersonName {
    let parts = present(request.first_name.as_ref()).or(present(request.last_name.as_ref()));
    if let (Some(full), Some(_)) = (present(request.name.as_ref()), parts) {
        let message = "was given twice; give either name, or first_name and last_name";
        problems.push(FieldProblem::new("name", IssueCode::NameTwice, full, message));
    }
    PersonName {
        full: short_text("name", request.name.as_ref(), problems),
        first: short_text("first_name", request.first_name.as_ref(), problems),
        last: short_text("last_name", request.last_name.as_ref(), problems),
    }
}

impl Catalogue {
    /// Checks everything somebody asked to give one person, and reports every field that is wrong, not only the first.
    pub fn check(&self, request: &DraftRequest, authority: Authority<'_>) -> Result<Draft, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let email = request.email.parse::<EmailAddress>().map_err(|error| {
            problems.push(FieldProblem::new("email", error.code(), request.email.trim(), error.to_string()));
        });
        let name = name(request, &mut problems);
        let role = role(request, self, authority, &mut problems);
        let team = present(request.team.as_ref()).and_then(|found| {
            let team = self.team(found);
            if team.is_none() {
                let names = self.teams.iter().map(|team| team.name.as_str());
                problems.push(FieldProblem::unknown("team", IssueCode::TeamUnknown, found, names));
            }
            team.map(|team| team.id.clone())
        });
        let job_title = short_text("job_title", request.job_title.as_ref(), &mut problems);
        let mut products = BTreeSet::new();
        for found in request.products.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            if let Some(product) = self.product(found) {
                products.insert(product.id.clone());
            } else {
                let ids = self.products.iter().map(|product| product.id.as_str());
                problems.push(FieldProblem::unknown("products", IssueCode::ProductUnknown, found, ids));
            }
        }
        let mut courses = BTreeSet::new();
        for found in request.courses.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            if let Some(course) = self.course(found) {
                courses.insert(course.slug.clone());
            } else {
                let slugs = self.courses.iter().map(|course| course.slug.as_str());
                problems.push(FieldProblem::unknown("courses", IssueCode::CourseUnknown, found, slugs));
            }
        }
        match (email, role) {
            (Ok(email), Some(role)) if problems.is_empty() => Ok(Draft {
                email,
                name,
                access: Access { role: role.name.clone(), team, job_title, products, courses },
                send: request.send.unwrap_or(true),
            }),
            _ => Err(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Course, Product, Team};

    fn catalogue() -> Catalogue {
        let text = |text: &str| text.parse().expect("a short text");
        Catalogue {
            roles: vec![
                Role { name: "admin".into(), rank: 30, can_invite: true },
                Role { name: "sales_rep".into(), rank: 10, can_invite: false },
            ],
            teams: vec![Team { id: "t1".into(), name: text("Enterprise") }],
            products: vec![Product { id: "mos_enable".into(), name: text("mOS Enable") }],
            courses: vec![Course { slug: "value-pyramid-program".into(), title: text("Value Pyramid") }],
        }
    }

    const ADMIN: Authority<'static> = Authority { rank: Some(30), default_role: None };

    #[test]
    fn a_full_request_becomes_a_draft() {
        let request = DraftRequest {
            email: "Ada@Example.com".into(),
            first_name: Some("Ada".into()),
            last_name: Some("Lovelace".into()),
            role: Some("Sales Rep".into()),
            team: Some("enterprise".into()),
            products: vec!["mOS enable".into()],
            courses: vec!["Value-Pyramid-Program".into()],
            ..DraftRequest::default()
        };
        let draft = catalogue().check(&request, ADMIN).expect("a good draft");
        assert_eq!(draft.access.role, "sales_rep");
        assert_eq!(draft.access.team.as_deref(), Some("t1"));
        assert!(draft.access.products.contains("mos_enable") && draft.access.courses.contains("value-pyramid-program"));
        assert!(draft.send);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let request = DraftRequest {
            email: "not-an-address".into(),
            name: Some("Visit http://evil.example now".into()),
            role: Some("superuser".into()),
            team: Some("Enterprize".into()),
            products: vec!["nothing".into()],
            courses: vec!["value-pyramid".into()],
            ..DraftRequest::default()
        };
        let problems = catalogue().check(&request, ADMIN).expect_err("six problems");
        let codes: Vec<_> = problems.iter().map(|problem| (problem.field, problem.code)).collect();
        assert_eq!(
            codes,
            [
                ("email", IssueCode::EmailWithoutDomain),
                ("name", IssueCode::TextWithLink),
                ("role", IssueCode::RoleUnknown),
                ("team", IssueCode::TeamUnknown),
                ("products", IssueCode::ProductUnknown),
                ("courses", IssueCode::CourseUnknown),
            ]
        );
        assert_eq!(problems[3].suggestion.as_deref(), Some("Enterprise"));
        assert_eq!(problems[2].allowed, ["admin", "sales_rep"]);
    }

    #[test]
    fn nobody_gives_a_role_above_their_own() {
        let request =
            DraftRequest { email: "a@b.example".into(), role: Some("admin".into()), ..DraftRequest::default() };
        let problems =
            catalogue().check(&request, Authority { rank: Some(10), default_role: None }).expect_err("above rank");
        assert_eq!(problems[0].code, IssueCode::RoleAboveOwn);
        assert!(catalogue().check(&request, Authority { rank: None, default_role: None }).is_ok());
    }

    #[test]
    fn a_role_must_come_from_somewhere() {
        let request = DraftRequest { email: "a@b.example".into(), ..DraftRequest::default() };
        assert_eq!(catalogue().check(&request, ADMIN).expect_err("no role")[0].code, IssueCode::RoleMissing);
        let with_default = Authority { default_role: Some("sales_rep"), ..ADMIN };
        assert_eq!(catalogue().check(&request, with_default).expect("a default").access.role, "sales_rep");
    }
}
