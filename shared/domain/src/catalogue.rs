//! What an organisation offers: roles, teams, products and courses, and how a text names one of them.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use unicode_normalization::UnicodeNormalization;

use crate::text::ShortText;

/// A role. If it may invite, it may invite to roles of its own rank and below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The name that requests and files use.
    pub name: SmolStr,
    /// Its position in the order: the higher, the more it may do.
    pub rank: u32,
    /// Whether people with this role are admins: they invite, import and manage.
    #[serde(default)]
    pub can_invite: bool,
}

/// A team. Its id stays when its name changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// What memberships store.
    pub id: SmolStr,
    /// The name that people see.
    pub name: ShortText,
}

/// A product; each person who gets it uses a licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// What requests use, and the column in a file.
    pub id: String,
    /// The name that people see.
    pub name: ShortText,
}

/// A course that people can be enrolled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// What requests and files use, in any case.
    pub slug: String,
    /// The name that people see.
    pub title: ShortText,
}

/// Everything that a request can name.
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

/// A text as it is compared: without case, spaces, dashes and underscores.
fn folded(text: &str) -> impl Iterator<Item = char> {
    let lower = |c: char| if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) };
    // An accent may be one character with its letter, or a character after it.
    let (plain, other) = if text.is_ascii() { (text, "") } else { ("", text) };
    plain.chars().chain(other.nfc()).filter(|c| !c.is_whitespace() && *c != '-' && *c != '_').map(lower)
}

/// Folds a text for comparison: without case, spaces, dashes and underscores.
#[must_use]
pub fn fold(text: &str) -> String {
    folded(text).collect()
}

/// Whether two texts are the same when folded.
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    one == other || folded(one).eq(folded(other))
}

/// The name that is most similar to the text, if one is similar enough to be meant.
#[must_use]
pub fn nearest<'a>(found: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found = fold(found);
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&found, &fold(name)), name))
        .filter(|(similarity, _)| *similarity > 0.85)
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

    /// The name of the team with this id. A deleted team is shown by its id.
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

    /// The course with this slug, in any case.
    #[must_use]
    pub fn course(&self, text: &str) -> Option<&Course> {
        self.courses.iter().find(|course| course.slug.eq_ignore_ascii_case(text.trim()))
    }

    /// The role with the lowest rank.
    #[must_use]
    pub fn lowest_role(&self) -> Option<&Role> {
        self.roles.iter().min_by_key(|role| role.rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_every_spelling() {
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
    fn spellings_of_one_name_are_the_same() {
        for (one, other) in [("Sales Rep", "sales_rep"), ("Équipe Paris", "e\u{301}quipe-paris"), ("a\u{b}b\tc", "ABC")]
        {
            assert!(same_name(one, other) && fold(one) == fold(other), "{one:?} {other:?}");
        }
        assert!(!same_name("sales", "sale"));
    }

    #[test]
    fn a_similar_name_is_suggested() {
        assert_eq!(nearest("Enterprize", ["Enterprise", "SMB"]), Some("Enterprise"));
        assert_eq!(nearest("Atlantis", ["Enterprise", "SMB"]), None);
    }
}
