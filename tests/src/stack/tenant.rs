//! An organisation of a test's own, seen by its admin.

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Mail, Stack, unique, until};

/// The password of everybody who joins.
pub const PASSWORD: &str = "correct horse battery staple";

/// An organisation.
#[derive(Debug)]
pub struct Tenant<'a> {
    pub stack: &'a Stack,
    pub id: String,
    pub name: String,
    /// The admin's address.
    pub admin: String,
    /// The admin's token.
    pub token: String,
    tag: String,
}

impl Stack {
    /// An organisation with this many seats, of which its admin has one: made by an operator, joined by its mail.
    #[must_use]
    #[track_caller]
    pub fn organisation(&self, seats: u32) -> Tenant<'_> {
        let tag = unique();
        let name = format!("Acme {tag}");
        let admin = format!("ada.{tag}@acme.example");
        let request = json!({
            "name": name,
            "seats": seats,
            "teams": ["Enterprise", "SMB"],
            "products": {"mos_enable": {"limit": 100}, "mos_opportunity": {"limit": 100}},
            "courses": [
                {"slug": "meddicc-value-program"},
                {"slug": "meddpicc-masterclass", "limit": 10},
                {"slug": "Meddicc-go-live-plan"},
                {"slug": "value-pyramid-program"},
            ],
            "dashboard_url": "https://app.example.com/acme",
            "admins": [{"email": admin, "name": "Ada Admin"}],
        });
        let created = self.web.call(&self.operator(), Method::POST, "/v1/orgs", Some(&request)).ok();
        let id = created["id"].as_str().expect("an id").to_owned();
        let mut tenant = Tenant { stack: self, id, name, admin: admin.clone(), token: String::new(), tag };
        tenant.join(&tenant.link(&admin), "Ada", "Admin");
        tenant.token = self.sign_in(&admin, PASSWORD).expect("the admin has just joined");
        tenant
    }
}

impl Tenant<'_> {
    /// An address that nobody else has.
    #[must_use]
    pub fn address(&self, name: &str) -> String {
        format!("{name}.{}@company.example", self.tag)
    }

    #[must_use]
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/orgs/{}{rest}", self.id)
    }

    #[track_caller]
    pub fn get(&self, rest: &str) -> Answer {
        // A machine that is busy with other tests says so, and looking again changes nothing.
        until("an answer that is not `busy`", || {
            Some(self.stack.web.call(&self.token, Method::GET, &self.path(rest), None))
                .filter(|answer| answer.status != 503)
        })
    }

    #[track_caller]
    pub fn post(&self, rest: &str, body: &Value) -> Answer {
        self.stack.web.call(&self.token, Method::POST, &self.path(rest), Some(body))
    }

    /// Every item of a list, page by page.
    #[must_use]
    #[track_caller]
    pub fn list(&self, rest: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut page = self.get(rest).ok();
        loop {
            items.extend(page["items"].as_array().expect("a list").clone());
            let Some(next) = page["next"].as_str() else { return items };
            let separator = if rest.contains('?') { '&' } else { '?' };
            page = self.get(&format!("{rest}{separator}next={next}")).ok();
        }
    }

    /// Seats as the API tells them: limit, used, free.
    #[must_use]
    #[track_caller]
    pub fn seats(&self) -> (u64, u64, u64) {
        let seats = self.get("").ok()["capacity"]["seats"].clone();
        let number = |name: &str| seats[name].as_u64().expect("a number");
        (number("limit"), number("used"), number("free"))
    }

    /// Invites one person, and returns the invitation's id.
    #[must_use]
    #[track_caller]
    pub fn invite(&self, email: &str, role: &str) -> String {
        let person = json!({"email": email, "name": "Some Body", "role": role});
        let answer = self.post("/invitations", &json!({"invitations": [person]})).ok();
        assert_eq!(answer["results"][0]["outcome"], "invited", "{answer}");
        answer["results"][0]["id"].as_str().expect("an id").to_owned()
    }

    /// Resends or revokes an invitation, deactivates a member, …
    #[track_caller]
    pub fn step(&self, what: &str, id: &str, step: &str) -> Answer {
        self.post(&format!("/{what}/{id}/{step}"), &json!({}))
    }

    /// The mails of this organisation to an address, oldest first.
    #[must_use]
    pub fn mails(&self, email: &str) -> Vec<Mail> {
        let mails = self.stack.mails(&self.name).into_iter();
        mails.filter(|mail| mail.to.iter().any(|to| to.contains(email))).collect()
    }

    /// Waits for a mail to an address and returns its link.
    #[must_use]
    #[track_caller]
    pub fn link(&self, email: &str) -> String {
        self.links(email, 1).remove(0)
    }

    /// Waits for this many mails to an address and returns their links.
    #[must_use]
    #[track_caller]
    pub fn links(&self, email: &str, count: usize) -> Vec<String> {
        let links = || -> Vec<_> { self.mails(email).iter().map(Mail::link).collect() };
        until(&format!("{count} mails to {email}"), || Some(links()).filter(|links| links.len() >= count))
    }

    /// Submits the link's form, which must succeed.
    #[track_caller]
    pub fn join(&self, link: &str, first_name: &str, last_name: &str) {
        let fields = [("password", PASSWORD), ("first_name", first_name), ("last_name", last_name)];
        let answer = self.stack.web.post_form(link, &fields);
        assert_eq!(answer.status, 303, "{}", answer.text());
    }

    /// Somebody of this role who has joined: their id and their token.
    #[must_use]
    #[track_caller]
    pub fn member(&self, name: &str, role: &str) -> (String, String) {
        let email = self.address(name);
        let id = self.invite(&email, role);
        self.join(&self.link(&email), "Some", "Body");
        (id, self.stack.sign_in(&email, PASSWORD).expect("who has joined can sign in"))
    }

    /// Waits until nothing more is written about this organisation: each mail is sent, and that is recorded.
    #[track_caller]
    pub fn wait_until_idle(&self) {
        until("every mail to have left", || {
            let invitations = self.list("/invitations");
            invitations.iter().all(|one| one["mail"]["state"] != "queued").then_some(())
        });
        let mut last = self.stack.items_with(&self.id);
        until("the table to be still", || {
            let now = self.stack.items_with(&self.id);
            let still = now == last;
            last = now;
            still.then_some(())
        });
    }
}
