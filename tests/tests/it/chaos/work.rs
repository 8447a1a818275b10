//! What machines do: events and messages come late, twice and out of order, and again when a function failed.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::Value;
use usher_tests::cloud::Message;
use usher_tests::{template, world};

use super::faults::Menu;
use super::walk::Walk;

/// How long import-apply has for a message.
const TIME: SignedDuration = SignedDuration::from_mins(10);

impl Walk {
    pub(super) async fn deliver_upload(&mut self) {
        if self.uploads.is_empty() {
            return;
        }
        let chosen = self.random.usize(..self.uploads.len());
        let key = self.uploads[chosen].clone();
        let planning = self.acme.world.bulk_import();
        let plan = Box::pin(bulk_import::handle(&planning, world::upload_event(&key, "v1")));
        if matches!(self.acme.world.cloud.run(plan).await, Ok(Ok(()))) {
            self.uploads.remove(chosen);
        }
    }

    /// The stream keeps its order: what failed comes again before anything else.
    pub(super) async fn relay(&mut self) {
        let new = self.acme.world.cloud.stream().into_iter().filter(template::is_relayed);
        self.changes.extend(new);
        let event = serde_json::json!({"Records": self.changes});
        let relay = self.acme.world.relay();
        let event = serde_json::from_value(event).expect("a stream event");
        let Ok(Ok(answer)) = self.acme.world.cloud.run(relay::handle(&relay, event)).await else { return };
        match answer.batch_item_failures.first() {
            None => self.changes.clear(),
            Some(failed) => {
                let number = failed.item_identifier.clone().unwrap_or_default();
                let is_failed = |record: &Value| record["dynamodb"]["SequenceNumber"] == number.as_str();
                self.changes.drain(..self.changes.iter().position(is_failed).unwrap_or(0));
            }
        }
    }

    /// Delivers some message of a queue, and one in ten twice: once more later, or to two functions at once.
    pub(super) async fn deliver(&mut self, queue: &str) {
        let mut messages = self.acme.world.cloud.take_messages(queue);
        if messages.is_empty() {
            return;
        }
        let message = messages.swap_remove(self.random.usize(..messages.len()));
        self.acme.world.cloud.put_messages(queue, messages);
        match (self.random.u8(..10), self.menu) {
            // Who is killed there would take the other along.
            (0, Menu::Gentle) => {
                let [one, other] = [message.clone(), message].map(|message| Box::pin(self.hand_on(queue, message)));
                tokio::join!(one, other);
            }
            (0, Menu::Everything) => {
                Box::pin(self.hand_on(queue, message.clone())).await;
                self.acme.world.cloud.put_messages(queue, vec![message]);
            }
            _ => Box::pin(self.hand_on(queue, message)).await,
        }
    }

    /// Hands a message to its function, and puts it back if it failed.
    pub(super) async fn hand_on(&self, queue: &str, message: Message) {
        let world = &self.acme.world;
        let one = vec![message.clone()];
        let before = world.cloud.mails().len();
        let failed = match queue {
            "mail" => world.cloud.run(Box::pin(world.mail(one))).await,
            _ => world.cloud.run(Box::pin(world.apply_within(TIME, one))).await,
        };
        // A second copy may go out after a doubt, and never from the same delivery.
        let mut sent = BTreeSet::new();
        assert!(
            world.cloud.mails().split_off(before).iter().all(|mail| sent.insert(mail.token())),
            "mailed twice at once"
        );
        if failed.is_err() || failed.is_ok_and(|failed| !failed.is_empty()) {
            world.cloud.put_messages(queue, vec![message]);
        }
    }

    pub(super) async fn sweep(&self) {
        let sweeper = self.acme.sweeper();
        // What failed is due again.
        let _ = self.acme.world.cloud.run(Box::pin(sweeper::handle(&sweeper))).await;
    }
}
