//! The organisation that most stories take place in.

use serde_json::{Value, json};
use usher_domain::{MembershipId, OrganisationId};

use super::{ADMIN, Invitation, OPERATOR, Reply, World, invitations};

/// An organisation and its admin's view of it.
#[derive(Debug, Clone)]
pub struct Acme {
    pub world: World,
    pub id: OrganisationId,
}

impl World {
    /// An organisation with this many seats, and its admin, who has joined.
    pub async fn acme(&self, seats: u32) -> Acme {
        self.organisation(json!({
            "name": "Acme",
            "seats": seats,
            "teams": ["Enterprise", "SMB"],
            "products": {"mos_enable": {"name": "mOS Enable", "limit": 100}, "mos_opportunity": {"limit": 3}},
            "courses": [
                {"slug": "value-pyramid-program", "title": "Value Pyramid Program"},
                {"slug": "Meddicc-go-live-plan", "title": "Go Live Plan", "limit": 2},
            ],
            "dashboard_url": "https://app.example.com/acme",
            "admins": [{"email": ADMIN, "name": "Ada Admin"}],
        }))
        .await
    }

    /// The organisation of this request, whose admin has joined.
    pub async fn organisation(&self, request: Value) -> Acme {
        let created = self.post(OPERATOR, "/v1/orgs", request).await.ok();
        let id: OrganisationId = created["id"].as_str().expect("an id").parse().expect("an id");
        self.join(id, ADMIN).await;
        Acme { world: self.clone(), id }
    }

    /// Makes an invited person a member, through the domain and not through the page.
    pub async fn join(&self, organisation: OrganisationId, email: &str) {
        let id = MembershipId::of(organisation, &email.parse().expect("an address"));
        let before = self.store.membership(organisation, id).await.expect("the table").expect("invited");
        let after = before.membership.clone().accept(self.now()).expect("open");
        assert!(self.store.update_membership(&before, &after).await.expect("the table"));
    }
}

impl Acme {
    #[must_use]
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/orgs/{}{rest}", self.id)
    }

    pub async fn get(&self, rest: &str) -> Reply {
        self.world.get(ADMIN, &self.path(rest)).await
    }

    pub async fn post(&self, rest: &str, body: Value) -> Reply {
        self.world.post(ADMIN, &self.path(rest), body).await
    }

    pub async fn patch(&self, rest: &str, body: Value) -> Reply {
        self.world.patch(ADMIN, &self.path(rest), body).await
    }

    /// Invites one sales rep and returns the invitation.
    pub async fn invite(&self, email: &str) -> Value {
        let person = Invitation::of(email, "sales_rep").name("Some Body");
        let results = self.post("/invitations", invitations([person])).await.ok();
        assert_eq!(results["results"][0]["outcome"], "invited", "{results}");
        results["results"][0]["invitation"].clone()
    }

    /// Invites one sales rep and returns the invitation's id.
    pub async fn invite_for_id(&self, email: &str) -> String {
        self.invite(email).await["id"].as_str().expect("an id").to_owned()
    }

    /// Adds an admin, who has joined, and returns the member's id.
    pub async fn add_admin(&self, email: &str) -> String {
        let results = self.post("/invitations", invitations([Invitation::of(email, "admin")])).await.ok();
        self.world.join(self.id, email).await;
        results["results"][0]["id"].as_str().expect("an id").to_owned()
    }

    /// Resends or revokes an invitation, deactivates a member and so on.
    pub async fn act(&self, resource: &str, id: &str, action: &str) -> Reply {
        self.post(&format!("/{resource}/{id}/{action}"), json!({})).await
    }

    /// The seats in `GET /v1/orgs/{org}`: limit, used, free.
    pub async fn seats(&self) -> (u64, u64, u64) {
        let seats = self.get("").await.ok()["capacity"]["seats"].clone();
        let number = |name: &str| seats[name].as_u64().expect("a number");
        (number("limit"), number("used"), number("free"))
    }
}
