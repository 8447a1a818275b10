//! What an organisation has to give: roles, teams, products and courses, and how a text names one of them.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use unicode_normalization::UnicodeNormalization;

use crate::text::ShortText;

/// A role. A higher rank may invite lower and equal ones, if it may invite at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The name that requests and files use.
    pub name: SmolStr,
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
    pub id: SmolStr,
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

/// A text as it is compared: case, blanks, dashes and underscores do not count.
fn folded(text: &str) -> impl Iterator<Item = char> {
    let lower = |c: char| if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) };
    // Accents may be written as one character with their letter, or behind it.
    let (plain, other) = if text.is_ascii() { (text, "") } else { ("", text) };
    plain.chars().chain(other.nfc()).filter(|c| !c.is_whitespace() && *c != '-' && *c != '_').map(lower)
}

/// Folds a text for comparison: case, blanks, dashes and underscores do not count.
#[must_use]
pub fn fold(text: &str) -> String {
    folded(text).collect()
}

/// Whether two texts are the same once they are folded.
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    one == other || folded(one).eq(folded(other))
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
        self.roles.iter().find(|role| same_name(&role.name, text))
    }

    /// The team with this id or name.
    #[must_use]
    pub fn team(&self, text: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.id == text || same_name(team.name.as_str(), text))
    }

    /// What the team with this id is called; a team that is gone is shown by its id.
    #[must_use]
    pub fn team_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.teams.iter().find(|team| team.id == id).map_or(id, |team| team.name.as_str())
    }

    /// The product with this id or name.
    #[must_use]
    pub fn product(&self, text: &str) -> Option<&Product> {
        let by_id = self.products.iter().find(|product| same_name(&product.id, text));
        by_id.or_else(|| self.products.iter().find(|product| same_name(product.name.as_str(), text)))
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
    fn an_id_goes_before_a_name() {
        let product = |id: &str, name: &str| Product { id: id.into(), name: name.parse().expect("a text") };
        let products = vec![product("a_x", "Enable"), product("enable", "Other")];
        let catalogue = Catalogue { products, ..Catalogue::default() };
        let validator =
            crate::InvitationValidator::new(&catalogue, crate::spec::Authority { rank: None, default_role: None });
        for (text, id) in [("enable", "enable"), ("ENABLE", "enable"), ("a-x", "a_x"), ("other", "enable")] {
            let found =
                [catalogue.product(text), validator.product(text)].map(|found| found.map(|product| &*product.id));
            assert_eq!(found, [Some(id); 2], "{text}");
        }
    }

    #[test]
    fn names_are_the_same_however_they_are_spelled() {
        for (one, other) in [("Sales Rep", "sales_rep"), ("Équipe Paris", "e\u{301}quipe-paris"), ("a\u{b}b\tc", "ABC")]
        {
            assert!(same_name(one, other) && fold(one) == fold(other), "{one:?} {other:?}");
        }
        assert!(!same_name("sales", "sale"));
    }

    #[test]
    fn a_near_miss_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("Enterprize", ["Enterprise", "SMB"]), Some("Enterprise"));
        assert_eq!(nearest("Atlantis", ["Enterprise", "SMB"]), None);
    }
}
