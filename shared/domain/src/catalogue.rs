//! What an organisation has to give: roles, teams, products and courses, and how a text names one of them.

use serde::{Deserialize, Serialize};

use crate::text::ShortText;

/// A role. A higher rank may invite lower and equal ones, if it may invite at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The name that requests and files use.
    pub name: String,
    /// Its place in the order; the higher, the more it may do.
    pub rank: u32,
    /// Whether people with this role administer the organisation: invite, import and manage.
    #[serde(default)]
    pub can_invite: bool,
}

/// A team. Its id outlives a change of its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// What memberships hold.
    pub id: String,
    /// What people call it.
    pub name: ShortText,
}

/// A product that takes a licence per person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// What requests use, and the column of a file.
    pub id: String,
    /// What people call it.
    pub name: ShortText,
}

/// A course one can be enrolled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// What requests and files use; read without regard to case.
    pub slug: String,
    /// What people call it.
    pub title: ShortText,
}

/// Everything a request may name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Catalogue {
    /// In descending rank.
    pub roles: Vec<Role>,
    /// In the order of their names.
    pub teams: Vec<Team>,
    /// In the order of their ids.
    pub products: Vec<Product>,
    /// In the order of their slugs.
    pub courses: Vec<Course>,
}

/// Folds a text for comparison: case, blanks, dashes and underscores do not count.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '-' && *c != '_').flat_map(char::to_lowercase).collect()
}

/// The entry whose name is nearest to what was written, if any is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(found: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found = fold(found);
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&found, &fold(name)), name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

impl Catalogue {
    /// The role of this name.
    #[must_use]
    pub fn role(&self, text: &str) -> Option<&Role> {
        let folded = fold(text);
        self.roles.iter().find(|role| fold(&role.name) == folded)
    }

    /// The team with this id or name.
    #[must_use]
    pub fn team(&self, text: &str) -> Option<&Team> {
        let folded = fold(text);
        self.teams.iter().find(|team| team.id == text || fold(team.name.as_str()) == folded)
    }

    /// What the team with this id is called; a team that is gone is shown by its id.
    #[must_use]
    pub fn team_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.teams.iter().find(|team| team.id == id).map_or(id, |team| team.name.as_str())
    }

    /// The product with this id or name.
    #[must_use]
    pub fn product(&self, text: &str) -> Option<&Product> {
        let folded = fold(text);
        self.products.iter().find(|product| fold(&product.id) == folded || fold(product.name.as_str()) == folded)
    }

    /// The course with this slug, without regard to case.
    #[must_use]
    pub fn course(&self, text: &str) -> Option<&Course> {
        self.courses.iter().find(|course| course.slug.eq_ignore_ascii_case(text.trim()))
    }

    /// The role whose people may do least: what is given when neither the request nor the organisation says.
    #[must_use]
    pub fn lowest_role(&self) -> Option<&Role> {
        self.roles.iter().min_by_key(|role| role.rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_they_are_spelled() {
        let catalogue = Catalogue {
            roles: vec![Role { name: "sales_rep".into(), rank: 1, can_invite: false }],
            courses: vec![Course { slug: "Meddicc-go-live-plan".into(), title: "Go".parse().expect("a text") }],
            ..Catalogue::default()
        };
        assert!(catalogue.role("Sales Rep").is_some());
        assert!(catalogue.role("sales").is_none());
        assert!(catalogue.course("meddicc-GO-live-plan").is_some());
    }

    #[test]
    fn a_near_miss_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("Enterprize", ["Enterprise", "SMB"]), Some("Enterprise"));
        assert_eq!(nearest("Atlantis", ["Enterprise", "SMB"]), None);
    }
}
