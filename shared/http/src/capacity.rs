//! How figures about capacity are written for clients.

use serde::Serialize;
use serde_json::{Map, Value};
use usher_domain::Resource;

/// Groups figures the way the API does: `{seats, products: {id: …}, courses: {slug: …}}`.
pub fn by_resource<'a, T: Serialize + 'a>(figures: impl Iterator<Item = (&'a Resource, T)>) -> Value {
    let (mut all, mut products, mut courses) = (Map::new(), Map::new(), Map::new());
    for (resource, value) in figures {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        match resource {
            Resource::Seat => all.insert("seats".to_owned(), value),
            Resource::Product(id) => products.insert(id.clone(), value),
            Resource::Course(slug) => courses.insert(slug.clone(), value),
        };
    }
    all.insert("products".to_owned(), products.into());
    all.insert("courses".to_owned(), courses.into());
    all.into()
}
