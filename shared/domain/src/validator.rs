//! Checks every field of one person against the catalogue: an [`InvitationInput`] becomes an [`InvitationSpec`].
//!
//! Requests, pasted lists and files all pass this one check, so each gives the same reasons in the same words.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rustc_hash::FxBuildHasher;
use smol_str::SmolStr;

use crate::catalogue::{Catalogue, Course, Product, Role, Team, fold};
use crate::email::EmailAddress;
use crate::issue::{Issue, IssueCode};
use crate::spec::{Authority, Entitlements, InvitationInput, InvitationSpec};
use crate::text::{PersonName, ShortText, trimmed};

/// Checks people against a catalogue that it indexes once, so that a million rows cost a million look-ups, however many
/// teams there are.
pub struct InvitationValidator<'a> {
    catalogue: &'a Catalogue,
    authority: Authority<'a>,
    roles: Names<'a, Role>,
    teams: Names<'a, Team>,
    products: Names<'a, Product>,
    courses: Names<'a, Course>,
}

/// Entries by name.
struct Names<'a, T> {
    /// Spelled exactly, as most files do.
    exact: HashMap<&'a str, &'a T, FxBuildHasher>,
    /// Folded, for every other spelling.
    folded: HashMap<String, &'a T, FxBuildHasher>,
    fold: fn(&str) -> String,
}

impl<'a, T> Names<'a, T> {
    fn of(fold: fn(&str) -> String) -> Self {
        Self { exact: HashMap::default(), folded: HashMap::default(), fold }
    }

    /// Of two entries with the same name the first wins.
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

fn short_text(field: &'static str, text: Option<&str>, issues: &mut Vec<Issue>) -> Option<ShortText> {
    let text = text?;
    ShortText::optional(text).unwrap_or_else(|error| {
        issues.push(Issue::new(field, error.code(), text, error.to_string()));
        None
    })
}

fn email(input: &InvitationInput<'_>, issues: &mut Vec<Issue>) -> Option<EmailAddress> {
    let email = input.email.parse::<EmailAddress>().map_err(|error| {
        issues.push(Issue::new("email", error.code(), input.email.trim(), error.to_string()));
    });
    email.ok()
}

fn name(input: &InvitationInput<'_>, issues: &mut Vec<Issue>) -> PersonName {
    let full = present(input.name.as_ref());
    let (first, last) = (present(input.first_name.as_ref()), present(input.last_name.as_ref()));
    if let (Some(full), Some(_)) = (full, first.or(last)) {
        let message = "was given twice; give either name, or first_name and last_name";
        issues.push(Issue::new("name", IssueCode::NameTwice, full, message));
    }
    PersonName {
        full: short_text("name", full, issues),
        first: short_text("first_name", first, issues),
        last: short_text("last_name", last, issues),
    }
}

impl<'a> InvitationValidator<'a> {
    /// Indexes a catalogue, for a person with this authority.
    #[must_use]
    pub fn new(catalogue: &'a Catalogue, authority: Authority<'a>) -> Self {
        let (mut roles, mut teams) = (Names::of(fold), Names::of(fold));
        let (mut products, mut courses) = (Names::of(fold), Names::of(str::to_ascii_lowercase));
        for role in &catalogue.roles {
            roles.add(&role.name, role);
        }
        for team in &catalogue.teams {
            // Ids are never folded: people do not type them.
            teams.exact.insert(&team.id, team);
            teams.add(team.name.as_str(), team);
        }
        // All ids go before all names, so that no name hides another product's id.
        catalogue.products.iter().for_each(|product| products.add(&product.id, product));
        catalogue.products.iter().for_each(|product| products.add(product.name.as_str(), product));
        for course in &catalogue.courses {
            courses.add(&course.slug, course);
        }
        Self { catalogue, authority, roles, teams, products, courses }
    }

    /// Uses this role for people without one.
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

    fn given_role(&self, input: &InvitationInput<'_>, issues: &mut Vec<Issue>) -> Option<&'a Role> {
        let all = &self.catalogue.roles;
        let names = all.iter().map(|role| role.name.as_str());
        let Some(found) = present(input.role.as_ref()).or(self.authority.default_role) else {
            let issue = Issue::new("role", IssueCode::RoleMissing, "", "is missing; give one of the roles");
            issues.push(Issue { allowed: names.map(str::to_owned).collect(), ..issue });
            return None;
        };
        let Some(role) = self.role(found) else {
            issues.push(Issue::unknown("role", IssueCode::RoleUnknown, found, names));
            return None;
        };
        let may_give = |role: &Role| self.authority.rank.is_none_or(|rank| role.rank <= rank);
        if !may_give(role) {
            let message = "is above your own role; ask somebody of that role";
            let issue = Issue::new("role", IssueCode::RoleAboveOwn, found, message);
            let allowed = all.iter().filter(|role| may_give(role)).map(|role| role.name.to_string()).collect();
            issues.push(Issue { allowed, ..issue });
            return None;
        }
        Some(role)
    }

    fn given_team(&self, input: &InvitationInput<'_>, issues: &mut Vec<Issue>) -> Option<SmolStr> {
        let found = present(input.team.as_ref())?;
        let team = self.team(found);
        if team.is_none() {
            let names = self.catalogue.teams.iter().map(|team| team.name.as_str());
            issues.push(Issue::unknown("team", IssueCode::TeamUnknown, found, names));
        }
        team.map(|team| team.id.clone())
    }

    fn given_products(&self, input: &InvitationInput<'_>, issues: &mut Vec<Issue>) -> BTreeSet<String> {
        let mut products = BTreeSet::new();
        for found in input.products.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            if let Some(product) = self.product(found) {
                products.insert(product.id.clone());
            } else {
                let ids = self.catalogue.products.iter().map(|product| product.id.as_str());
                issues.push(Issue::unknown("products", IssueCode::ProductUnknown, found, ids));
            }
        }
        products
    }

    fn given_courses(&self, input: &InvitationInput<'_>, issues: &mut Vec<Issue>) -> BTreeSet<String> {
        let mut courses = BTreeSet::new();
        for found in input.courses.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            if let Some(course) = self.course(found) {
                courses.insert(course.slug.clone());
            } else {
                let slugs = self.catalogue.courses.iter().map(|course| course.slug.as_str());
                issues.push(Issue::unknown("courses", IssueCode::CourseUnknown, found, slugs));
            }
        }
        courses
    }

    /// Checks one person, and reports every field that is wrong, not only the first.
    pub fn validate(&self, input: &InvitationInput<'_>) -> Result<InvitationSpec, Vec<Issue>> {
        let mut issues = Vec::new();
        let email = email(input, &mut issues);
        let name = name(input, &mut issues);
        let role = self.given_role(input, &mut issues);
        let team = self.given_team(input, &mut issues);
        let job_title = short_text("job_title", present(input.job_title.as_ref()), &mut issues);
        let products = self.given_products(input, &mut issues);
        let courses = self.given_courses(input, &mut issues);
        match (email, role) {
            (Some(email), Some(role)) if issues.is_empty() => Ok(InvitationSpec {
                email,
                name,
                job_title,
                entitlements: Arc::new(Entitlements { role: role.name.clone(), team, products, courses }),
                send: input.send.unwrap_or(true),
            }),
            _ => Err(issues),
        }
    }

    /// Checks entitlements that were valid earlier against the catalogue and the authority of now, and returns what their
    /// names mean now: something else if an entry was renamed.
    pub fn recheck(&self, entitlements: &Entitlements) -> Result<Entitlements, Vec<Issue>> {
        let input = InvitationInput {
            role: Some(Cow::Borrowed(&entitlements.role)),
            team: entitlements.team.as_deref().map(Cow::Borrowed),
            products: entitlements.products.iter().map(Cow::from).collect(),
            courses: entitlements.courses.iter().map(Cow::from).collect(),
            ..InvitationInput::default()
        };
        let mut issues = Vec::new();
        let role = self.given_role(&input, &mut issues);
        let team = self.given_team(&input, &mut issues);
        let products = self.given_products(&input, &mut issues);
        let courses = self.given_courses(&input, &mut issues);
        match role {
            Some(role) if issues.is_empty() => Ok(Entitlements { role: role.name.clone(), team, products, courses }),
            _ => Err(issues),
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
        input: &InvitationInput<'_>,
        authority: Authority<'_>,
    ) -> Result<InvitationSpec, Vec<Issue>> {
        InvitationValidator::new(self, authority).validate(input)
    }
}

#[cfg(test)]
mod tests;
