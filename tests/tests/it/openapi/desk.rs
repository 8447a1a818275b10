//! An admin at work, each of whose answers is held to the contract.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use usher_tests::world::{ADMIN, Acme, OPERATOR, Reply};

use super::contract::Watched;

pub(super) fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// The codes of a refusal's errors.
#[track_caller]
pub(super) fn errors(reply: &Reply) -> BTreeSet<String> {
    assert_eq!(reply.refusal(), (422, "invalid_request".to_owned()), "{}", reply.text);
    let document = reply.json();
    document["errors"].as_array().expect("errors").iter().map(|error| text(&error["code"])).collect()
}

/// Ada leads here, and there are owners above her.
pub(super) async fn ranks(watched: &Watched<'_>) -> Acme {
    let roles = json!({"owner": {"rank": 40, "can_invite": true}, "lead": {"rank": 20, "can_invite": true},
        "member": {"rank": 10}});
    let body = json!({"name": "Ranks", "seats": 100, "roles": roles, "teams": ["SMB"], "products": {"mos_enable": {}},
        "courses": [{"slug": "value-pyramid"}], "admins": [{"email": ADMIN, "role": "lead"}, {"email": "olga@x.example"}]});
    let created = watched.call(OPERATOR, Method::POST, "/v1/orgs", body).await.ok();
    let id = text(&created["id"]).parse().expect("an id");
    watched.world.join(id, ADMIN).await;
    Acme { world: watched.world.clone(), id }
}

/// The admin's requests to one organisation.
pub(super) struct Desk<'a> {
    pub(super) watched: &'a Watched<'a>,
    pub(super) acme: Acme,
}

impl Desk<'_> {
    pub(super) async fn get(&self, rest: &str) -> Reply {
        self.watched.call(ADMIN, Method::GET, &self.acme.path(rest), Value::Null).await
    }

    pub(super) async fn post(&self, rest: &str, body: Value) -> Reply {
        self.watched.call(ADMIN, Method::POST, &self.acme.path(rest), body).await
    }

    pub(super) async fn patch(&self, rest: &str, body: Value) -> Reply {
        self.watched.call(ADMIN, Method::PATCH, &self.acme.path(rest), body).await
    }

    /// Invites one person; the path of the invitation.
    pub(super) async fn invite(&self, email: &str) -> String {
        let body = json!({"invitations": [{"email": email, "name": "Some Body", "role": "sales_rep"}]});
        let results = self.post("/invitations", body).await.ok();
        format!("/invitations/{}", text(&results["results"][0]["id"]))
    }

    /// Announces a file, uploads it, has it read; the path of the import.
    pub(super) async fn import(&self, body: Value, file: impl Into<Vec<u8>>) -> String {
        let announced = self.post("/imports", body).await.ok();
        let key = text(&announced["upload"]["fields"]["key"]);
        self.acme.world.cloud.put_file(&key, file);
        self.acme.world.file_arrived(&key, "v1").await;
        format!("/imports/{}", text(&announced["id"]))
    }

    /// The link that was mailed to somebody.
    pub(super) async fn link(&self, email: &str) -> String {
        self.acme.world.settle().await;
        format!("/i/{}", self.acme.world.mail_to(email).token())
    }
}

pub(super) async fn desk<'a>(watched: &'a Watched<'a>, seats: u32) -> Desk<'a> {
    Desk { acme: watched.acme(seats).await, watched }
}
