//! What people do: admins, the operator, and those who are invited.

use http::Method;
use serde_json::{Value, json};
use usher_domain::MembershipId;
use usher_store::keys;
use usher_tests::world::OPERATOR;

use super::walk::{PEOPLE, Walk};

const FORM: &str = "password=correct%2Bhorse%2Bbattery%2Bstaple&first_name=Jo&last_name=Smith";

/// A request, decided but not sent.
struct Act {
    who: &'static str,
    method: Method,
    path: String,
    body: Value,
    /// Whom it is about.
    id: MembershipId,
    /// Whether nobody else acts meanwhile.
    alone: bool,
}

impl Walk {
    fn email(&mut self) -> String {
        format!("p{}@x.example", self.random.u8(..PEOPLE))
    }

    fn entitlements(&mut self) -> Value {
        let mut pick = |all: &[&str]| -> Vec<String> {
            all.iter().filter(|_| self.random.u8(..3) == 0).map(|&name| name.to_owned()).collect()
        };
        json!({"products": pick(&["mos_enable", "mos_opportunity"]), "courses": pick(&["go-live"])})
    }

    fn invitation(&mut self) -> Value {
        let mut person = self.entitlements();
        person["email"] = json!(self.email());
        person["role"] = json!(if self.random.bool() { "manager" } else { "sales_rep" });
        person["send"] = json!(self.random.u8(..5) > 0);
        person
    }

    /// One of what an admin can do, or the person invited.
    fn act(&mut self) -> Act {
        let admin = usher_tests::world::ADMIN;
        let email = self.email();
        let id = MembershipId::of(self.acme.id, &email.parse().expect("an address"));
        let path = |rest: String| format!("/v1/orgs/{}{rest}", self.acme.id);
        let of = |verb: &str| match verb {
            "deactivate" | "reactivate" => format!("/members/{id}/{verb}"),
            _ => format!("/invitations/{id}/{verb}"),
        };
        let choice = self.random.u8(..16);
        let (who, method, path, body) = match choice {
            0..=4 => {
                let path = path("/invitations".to_owned());
                let people: Vec<Value> = (0..=self.random.u8(..3)).map(|_| self.invitation()).collect();
                (admin, Method::POST, path, json!({"invitations": people}))
            }
            5..=6 => (admin, Method::POST, path(of("resend")), json!({})),
            7..=8 => (admin, Method::POST, path(of("revoke")), json!({})),
            9 => {
                let path = path(format!("/invitations/{id}"));
                (admin, Method::PATCH, path, self.entitlements())
            }
            10 => (admin, Method::POST, path(of("deactivate")), json!({})),
            11 => (admin, Method::POST, path(of("reactivate")), json!({})),
            12 => {
                let path = path(String::new());
                let seats = self.random.u32(4..10);
                self.most_seats = self.most_seats.max(seats);
                (OPERATOR, Method::PATCH, path, json!({"seats": seats}))
            }
            _ => {
                let mails = self.acme.world.cloud.mails();
                let newest = mails.iter().rfind(|mail| mail.to == email);
                let token = newest.map_or_else(|| "none".to_owned(), usher_tests::cloud::Mail::token);
                let rest = if choice == 13 { "/fresh-link" } else { "" };
                ("", Method::POST, format!("/i/{token}{rest}"), Value::Null)
            }
        };
        Act { who, method, path, body, id, alone: true }
    }

    /// Whether the person is invited, and the time of the invitation is over.
    fn is_over(&self, id: MembershipId) -> bool {
        let key = keys::membership(self.acme.id, id).sk;
        let items = self.acme.world.cloud.items();
        let item = items.iter().find(|item| item["sk"]["S"] == key.as_str());
        let until = item.and_then(|item| item["expires_at"]["N"].as_str()?.parse::<i64>().ok());
        until.is_some_and(|until| until <= self.acme.world.now().as_second())
    }

    /// Does it; who is killed does it only in part.
    async fn carry_out(&self, act: Act) {
        let world = &self.acme.world;
        let comes_too_late = self.is_over(act.id);
        let reply = if act.who.is_empty() {
            world.visit(act.method, &act.path, FORM).await
        } else {
            let request = world.request(act.who, act.method, &act.path, act.body.to_string().into());
            world.send(request).await
        };
        assert_ne!(reply.status.as_u16(), 500, "{}", reply.text);
        // Whether or not a sweeper has seen it. Only a request beside this one can have made a new invitation.
        assert!(
            !(comes_too_late && act.alone && reply.status.is_redirection()),
            "joined after the end of the invitation"
        );
        self.done.set(self.done.get() + u32::from(!reply.status.is_client_error() && !reply.status.is_server_error()));
    }

    pub(super) async fn one_person_acts(&mut self) {
        let act = self.act();
        let _ = self.acme.world.cloud.run(self.carry_out(act)).await;
    }

    pub(super) async fn two_people_act_at_once(&mut self) {
        let [one, other] = [self.act(), self.act()].map(|act| Act { alone: false, ..act });
        let both = async { tokio::join!(self.carry_out(one), self.carry_out(other)) };
        let _ = self.acme.world.cloud.run(both).await;
    }

    pub(super) async fn somebody_uploads(&mut self) {
        let mode = if self.random.bool() { "review" } else { "send" };
        let announce = self.acme.post("/imports", json!({"filename": "people.csv", "mode": mode}));
        let Ok(reply) = self.acme.world.cloud.run(announce).await else { return };
        if !reply.status.is_success() {
            return;
        }
        let id = reply.json()["id"].as_str().expect("an id").to_owned();
        let mut file = "email,role,products\n".to_owned();
        for _ in 0..=self.random.u8(..6) {
            let email = if self.random.u8(..6) == 0 { "nonsense".to_owned() } else { self.email() };
            let product = if self.random.u8(..3) == 0 { "mos_enable" } else { "" };
            file.extend([&email, ",sales_rep,", product, "\n"]);
        }
        let key = format!("uploads/{}/{id}/people.csv", self.acme.id);
        self.acme.world.cloud.put_file(&key, file);
        self.imports.insert(id);
        self.uploads.push(key);
    }

    pub(super) async fn somebody_decides_on_an_import(&mut self) {
        if self.imports.is_empty() {
            return;
        }
        let chosen = self.random.usize(..self.imports.len());
        let id = self.imports.iter().nth(chosen).expect("one of them").clone();
        let cancels = self.random.u8(..4) == 0;
        let _ = self.acme.world.cloud.run(self.decide(&id, cancels)).await;
    }

    async fn decide(&self, id: &str, cancels: bool) {
        if cancels {
            self.acme.act("imports", id, "cancel").await;
            return;
        }
        let shown = self.acme.get(&format!("/imports/{id}")).await;
        if shown.status.is_success() {
            let body = json!({"digest": shown.json()["digest"]});
            self.acme.post(&format!("/imports/{id}/send"), body).await;
        }
    }

    /// Ends the imports that wait for somebody: sends them, and cancels those that cannot be sent.
    pub(super) async fn end_imports(&mut self) {
        for id in self.imports.clone() {
            self.decide(&id, false).await;
            if self.acme.get(&format!("/imports/{id}")).await.ok()["status"] == "ready" {
                self.decide(&id, true).await;
            }
        }
    }
}
