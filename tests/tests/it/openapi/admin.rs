//! An admin, each of whose replies is checked against the contract.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use usher_tests::world::{ADMIN, Acme, Invitation, OPERATOR, Reply, invitations};

use super::contract::CheckedWorld;

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

/// Ada is a lead here, and owners rank above her.
pub(super) async fn ranks(checked: &CheckedWorld<'_>) -> Acme {
    let roles = json!({"owner": {"rank": 40, "can_invite": true}, "lead": {"rank": 20, "can_invite": true},
        "member": {"rank": 10}});
    let body = json!({"name": "Ranks", "seats": 100, "roles": roles, "teams": ["SMB"], "products": {"mos_enable": {}},
        "courses": [{"slug": "value-pyramid"}], "admins": [{"email": ADMIN, "role": "lead"}, {"email": "olga@x.example"}]});
    let created = checked.call(OPERATOR, Method::POST, "/v1/orgs", body).await.ok();
    let id = text(&created["id"]).parse().expect("an id");
    checked.world.join(id, ADMIN).await;
    Acme { world: checked.world.clone(), id }
}

/// The admin's requests to one organisation.
pub(super) struct CheckedAdmin<'a> {
    pub(super) checked: &'a CheckedWorld<'a>,
    pub(super) acme: Acme,
}

impl CheckedAdmin<'_> {
    pub(super) async fn get(&self, rest: &str) -> Reply {
        self.checked.call(ADMIN, Method::GET, &self.acme.path(rest), Value::Null).await
    }

    pub(super) async fn post(&self, rest: &str, body: Value) -> Reply {
        self.checked.call(ADMIN, Method::POST, &self.acme.path(rest), body).await
    }

    pub(super) async fn patch(&self, rest: &str, body: Value) -> Reply {
        self.checked.call(ADMIN, Method::PATCH, &self.acme.path(rest), body).await
    }

    /// Invites one person; the path of the invitation.
    pub(super) async fn invite(&self, email: &str) -> String {
        let person = Invitation::of(email, "sales_rep").name("Some Body");
        let results = self.post("/invitations", invitations([person])).await.ok();
        format!("/invitations/{}", text(&results["results"][0]["id"]))
    }

    /// Adds an admin, who has joined, and returns the member's id.
    pub(super) async fn add_admin(&self, email: &str) -> String {
        let results = self.post("/invitations", invitations([Invitation::of(email, "admin")])).await.ok();
        self.acme.world.join(self.acme.id, email).await;
        text(&results["results"][0]["id"])
    }

    /// Announces a file, uploads it, has it read; the path of the import.
    pub(super) async fn import(&self, body: Value, file: impl Into<Vec<u8>>) -> String {
        let announced = self.post("/imports", body).await.ok();
        let key = text(&announced["upload"]["fields"]["key"]);
        self.acme.world.cloud.put_file(&key, file);
        self.acme.world.file_arrived(&key, "v1").await;
        format!("/imports/{}", text(&announced["id"]))
    }

    /// The link in the mail to an address.
    pub(super) async fn link(&self, email: &str) -> String {
        self.acme.world.drain().await;
        format!("/i/{}", self.acme.world.mail_to(email).token())
    }
}

pub(super) async fn checked_admin<'a>(checked: &'a CheckedWorld<'a>, seats: u32) -> CheckedAdmin<'a> {
    CheckedAdmin { acme: checked.acme(seats).await, checked }
}
