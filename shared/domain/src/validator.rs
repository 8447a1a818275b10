//! From what was asked for to an invitation that can be made: every field of one person checked against the catalogue.
//!
//! The API, the pasted list and the file all come through here, so a person is refused for the same reasons, in the same
//! words, whichever way they came.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rustc_hash::FxBuildHasher;
use smol_str::SmolStr;

use crate::catalogue::{Catalogue, Course, Product, Role, Team, fold};
use crate::email::EmailAddress;
use crate::issue::IssueCode;
use crate::spec::{Authority, Entitlements, InvitationInput, InvitationSpec, Issue};
use crate::text::{PersonName, ShortText, trimmed};

/// Checks people against a catalogue whose names it has laid out once, so that a million rows cost what a million
/// look-ups do, however many teams there are.
pub struct InvitationValidator<'a> {
    catalogue: &'a Catalogue,
    authority: Authority<'a>,
    roles: Names<'a, Role>,
    teams: Names<'a, Team>,
    products: Names<'a, Product>,
    courses: Names<'a, Course>,
}

/// Entries by what they are called.
struct Names<'a, T> {
    /// To the letter, as most files have it.
    exact: HashMap<&'a str, &'a T, FxBuildHasher>,
    /// However they are spelled.
    folded: HashMap<String, &'a T, FxBuildHasher>,
    fold: fn(&str) -> String,
}

impl<'a, T> Names<'a, T> {
    fn of(fold: fn(&str) -> String) -> Self {
        Self { exact: HashMap::default(), folded: HashMap::default(), fold }
    }

    /// Of two that are called alike the first stands.
    fn add(&mut self, name: &'a str, entry: &'a T) {
        self.exact.entry(name).or_insert(entry);
        self.folded.entry((self.fold)(name)).or_insert(entry);
    }

    fn find(&self, text: &str) -> Option<&'a T> {
        self.exact.get(text).or_else(|| self.folded.get(&(self.fold)(text))).copied()
    }
}

fn present<'a>(text: Option<&'a Cow<'_, str>>) -> Option<&'a str> {
    text.map(|text| trimmed(text)).filter(|text| !text.is_empty())
}

fn short_text(field: &'static str, text: Option<&str>, problems: &mut Vec<Issue>) -> Option<ShortText> {
    let text = text?;
    ShortText::optional(text).unwrap_or_else(|error| {
        problems.push(Issue::new(field, error.code(), text, error.to_string()));
        None
    })
}

fn email(request: &InvitationInput<'_>, problems: &mut Vec<Issue>) -> Option<EmailAddress> {
    let email = request.email.parse::<EmailAddress>().map_err(|error| {
        problems.push(Issue::new("email", error.code(), request.email.trim(), error.to_string()));
    });
    email.ok()
}

fn name(request: &InvitationInput<'_>, problems: &mut Vec<Issue>) -> PersonName {
    let full = present(request.name.as_ref());
    let (first, last) = (present(request.first_name.as_ref()), present(request.last_name.as_ref()));
    if let (Some(full), Some(_)) = (full, first.or(last)) {
        let message = "was given twice; give either name, or first_name and last_name";
        problems.push(Issue::new("name", IssueCode::NameTwice, full, message));
    }
    PersonName {
        full: short_text("name", full, problems),
        first: short_text("first_name", first, problems),
        last: short_text("last_name", last, problems),
    }
}

impl<'a> InvitationValidator<'a> {
    /// Lays out what a catalogue offers, for somebody with this authority.
    #[must_use]
    pub fn new(catalogue: &'a Catalogue, authority: Authority<'a>) -> Self {
        let (mut roles, mut teams) = (Names::of(fold), Names::of(fold));
        let (mut products, mut courses) = (Names::of(fold), Names::of(str::to_ascii_lowercase));
        for role in &catalogue.roles {
            roles.add(&role.name, role);
        }
        for team in &catalogue.teams {
            // An id is nothing that people spell.
            teams.exact.insert(&team.id, team);
            teams.add(team.name.as_str(), team);
        }
        // What something is called never stands in the way of what another one's id is.
        catalogue.products.iter().for_each(|product| products.add(&product.id, product));
        catalogue.products.iter().for_each(|product| products.add(product.name.as_str(), product));
        for course in &catalogue.courses {
            courses.add(&course.slug, course);
        }
        Self { catalogue, authority, roles, teams, products, courses }
    }

    /// Lets people for whom no role is named have this one.
    #[must_use]
    pub fn with_default_role(self, default_role: Option<&'a str>) -> Self {
        let authority = Authority { default_role, ..self.authority };
        Self { authority, ..self }
    }

    /// The role of this name.
    #[must_use]
    pub fn role(&self, text: &str) -> Option<&'a Role> {
        self.roles.find(text)
    }

    /// The team with this id or name.
    #[must_use]
    pub fn team(&self, text: &str) -> Option<&'a Team> {
        self.teams.find(text)
    }

    /// The product with this id or name.
    #[must_use]
    pub fn product(&self, text: &str) -> Option<&'a Product> {
        self.products.find(text)
    }

    /// The course with this slug, without regard to case.
    #[must_use]
    pub fn course(&self, text: &str) -> Option<&'a Course> {
        self.courses.find(text)
    }

    fn given_role(&self, request: &InvitationInput<'_>, problems: &mut Vec<Issue>) -> Option<&'a Role> {
        let all = &self.catalogue.roles;
        let names = all.iter().map(|role| role.name.as_str());
        let Some(found) = present(request.role.as_ref()).or(self.authority.default_role) else {
            let problem = Issue::new("role", IssueCode::RoleMissing, "", "is missing; give one of the roles");
            problems.push(Issue { allowed: names.map(str::to_owned).collect(), ..problem });
            return None;
        };
        let Some(role) = self.role(found) else {
            problems.push(Issue::unknown("role", IssueCode::RoleUnknown, found, names));
            return None;
        };
        let may_give = |role: &Role| self.authority.rank.is_none_or(|rank| role.rank <= rank);
        if !may_give(role) {
            let message = "is above your own role; ask somebody of that role";
            let problem = Issue::new("role", IssueCode::RoleAboveOwn, found, message);
            let allowed = all.iter().filter(|role| may_give(role)).map(|role| role.name.to_string()).collect();
            problems.push(Issue { allowed, ..problem });
            return None;
        }
        Some(role)
    }

    fn given_team(&self, request: &InvitationInput<'_>, problems: &mut Vec<Issue>) -> Option<SmolStr> {
        let found = present(request.team.as_ref())?;
        let team = self.team(found);
        if team.is_none() {
            let names = self.catalogue.teams.iter().map(|team| team.name.as_str());
            problems.push(Issue::unknown("team", IssueCode::TeamUnknown, found, names));
        }
        team.map(|team| team.id.clone())
    }

    fn given_products(&self, request: &InvitationInput<'_>, problems: &mut Vec<Issue>) -> BTreeSet<String> {
        let mut products = BTreeSet::new();
        for found in request.products.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            if let Some(product) = self.product(found) {
                products.insert(product.id.clone());
            } else {
                let ids = self.catalogue.products.iter().map(|product| product.id.as_str());
                problems.push(Issue::unknown("products", IssueCode::ProductUnknown, found, ids));
            }
        }
        products
    }

    fn given_courses(&self, request: &InvitationInput<'_>, problems: &mut Vec<Issue>) -> BTreeSet<String> {
        let mut courses = BTreeSet::new();
        for found in request.courses.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            if let Some(course) = self.course(found) {
                courses.insert(course.slug.clone());
            } else {
                let slugs = self.catalogue.courses.iter().map(|course| course.slug.as_str());
                problems.push(Issue::unknown("courses", IssueCode::CourseUnknown, found, slugs));
            }
        }
        courses
    }

    /// Checks everything somebody asked to give one person, and reports every field that is wrong, not only the first.
    pub fn validate(&self, request: &InvitationInput<'_>) -> Result<InvitationSpec, Vec<Issue>> {
        let mut problems = Vec::new();
        let email = email(request, &mut problems);
        let name = name(request, &mut problems);
        let role = self.given_role(request, &mut problems);
        let team = self.given_team(request, &mut problems);
        let job_title = short_text("job_title", present(request.job_title.as_ref()), &mut problems);
        let products = self.given_products(request, &mut problems);
        let courses = self.given_courses(request, &mut problems);
        match (email, role) {
            (Some(email), Some(role)) if problems.is_empty() => Ok(InvitationSpec {
                email,
                name,
                job_title,
                entitlements: Arc::new(Entitlements { role: role.name.clone(), team, products, courses }),
                send: request.send.unwrap_or(true),
            }),
            _ => Err(problems),
        }
    }
}

/// Validates one person's address, names and job title, and gives them these entitlements. A row of a file that names the same
/// role, team, products and courses as an earlier row takes this way; the input's own are not read.
pub fn validate_person(
    input: &InvitationInput<'_>,
    entitlements: &Arc<Entitlements>,
) -> Result<InvitationSpec, Vec<Issue>> {
    let mut issues = Vec::new();
    let email = email(input, &mut issues);
    let name = name(input, &mut issues);
    let job_title = short_text("job_title", present(input.job_title.as_ref()), &mut issues);
    match email {
        Some(email) if issues.is_empty() => {
            let (entitlements, send) = (Arc::clone(entitlements), input.send.unwrap_or(true));
            Ok(InvitationSpec { email, name, job_title, entitlements, send })
        }
        _ => Err(issues),
    }
}

impl Catalogue {
    /// Checks one person; see [`InvitationValidator`] for many.
    pub fn validate(
        &self,
        request: &InvitationInput<'_>,
        authority: Authority<'_>,
    ) -> Result<InvitationSpec, Vec<Issue>> {
        InvitationValidator::new(self, authority).validate(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let request = InvitationInput {
            email: "Ada@Example.com".into(),
            first_name: Some("Ada".into()),
            last_name: Some("Lovelace".into()),
            role: Some("Sales Rep".into()),
            team: Some("enterprise".into()),
            products: vec!["mOS enable".into()],
            courses: vec!["Value-Pyramid-Program".into()],
            ..InvitationInput::default()
        };
        let spec = catalogue().validate(&request, ADMIN).expect("a valid spec");
        assert_eq!(spec.entitlements.role, "sales_rep");
        assert_eq!(spec.entitlements.team.as_deref(), Some("t1"));
        assert!(
            spec.entitlements.products.contains("mos_enable")
                && spec.entitlements.courses.contains("value-pyramid-program")
        );
        assert!(spec.send);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let request = InvitationInput {
            email: "not-an-address".into(),
            name: Some("Visit http://evil.example now".into()),
            role: Some("superuser".into()),
            team: Some("Enterprize".into()),
            products: vec!["nothing".into()],
            courses: vec!["value-pyramid".into()],
            ..InvitationInput::default()
        };
        let problems = catalogue().validate(&request, ADMIN).expect_err("six problems");
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
            InvitationInput { email: "a@b.example".into(), role: Some("admin".into()), ..InvitationInput::default() };
        let problems =
            catalogue().validate(&request, Authority { rank: Some(10), default_role: None }).expect_err("above rank");
        assert_eq!(problems[0].code, IssueCode::RoleAboveOwn);
        assert!(catalogue().validate(&request, Authority { rank: None, default_role: None }).is_ok());
    }

    #[test]
    fn a_role_must_come_from_somewhere() {
        let request = InvitationInput { email: "a@b.example".into(), ..InvitationInput::default() };
        assert_eq!(catalogue().validate(&request, ADMIN).expect_err("no role")[0].code, IssueCode::RoleMissing);
        let with_default = Authority { default_role: Some("sales_rep"), ..ADMIN };
        assert_eq!(catalogue().validate(&request, with_default).expect("a default").entitlements.role, "sales_rep");
    }
}
