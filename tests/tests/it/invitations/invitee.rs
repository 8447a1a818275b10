//! A person who was invited and mailed, and what they do with the link.

use http::Method;
use usher_tests::World;
use usher_tests::world::{Acme, Reply};

pub(super) const PASSWORD: &str = "correct+horse+battery+staple";

pub(super) const FORM: &str =
    "password=correct%2Bhorse%2Bbattery%2Bstaple&first_name=Jo&last_name=Smith&phone=%2B441632960961";

pub(super) async fn invited() -> (Acme, String, String) {
    let acme = World::new().acme(10).await;
    let id = acme.invite_for_id("jo@x.example").await;
    acme.world.drain().await;
    let path = format!("/i/{}", acme.world.mail_to("jo@x.example").token());
    (acme, id, path)
}

pub(super) async fn open(acme: &Acme, path: &str) -> Reply {
    acme.world.visit(Method::GET, path, "").await
}

pub(super) async fn join(acme: &Acme, path: &str, form: &str) -> Reply {
    acme.world.visit(Method::POST, path, form).await
}

pub(super) async fn status(acme: &Acme, id: &str) -> String {
    acme.get(&format!("/invitations/{id}")).await.ok()["status"].as_str().expect("text").to_owned()
}
