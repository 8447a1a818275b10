//! The requests of `POST /invitations`.

use serde_json::{Map, Value, json};

/// One entry of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation(Map<String, Value>);

impl Invitation {
    /// An entry with an address and nothing else.
    #[must_use]
    pub fn to(email: impl Into<String>) -> Self {
        Self(Map::new()).with("email", email.into())
    }

    /// An entry with an address and a role: the least that is accepted.
    #[must_use]
    pub fn of(email: impl Into<String>, role: &str) -> Self {
        Self::to(email).with("role", role)
    }

    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.with("name", name)
    }

    #[must_use]
    pub fn team(self, team: &str) -> Self {
        self.with("team", team)
    }

    #[must_use]
    pub fn products(self, products: &[&str]) -> Self {
        self.with("products", products)
    }

    #[must_use]
    pub fn courses(self, courses: &[&str]) -> Self {
        self.with("courses", courses)
    }

    /// Whether the mail goes out at once.
    #[must_use]
    pub fn send(self, send: bool) -> Self {
        self.with("send", send)
    }

    /// Any other field, or a value that the other methods cannot express.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }
}

/// The request that invites these people.
#[must_use]
pub fn invitations(people: impl IntoIterator<Item = Invitation>) -> Value {
    let people: Vec<Value> = people.into_iter().map(|person| Value::Object(person.0)).collect();
    json!({"invitations": people})
}

/// The request that invites this many people, `p0@x.example` and so on.
#[must_use]
pub fn people(count: usize, role: &str) -> Value {
    invitations((0..count).map(|n| Invitation::of(format!("p{n}@x.example"), role)))
}
