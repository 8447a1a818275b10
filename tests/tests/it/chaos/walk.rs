//! A walk: who does what, in which order.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use fastrand::Rng;
use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_tests::World;
use usher_tests::world::Acme;

use super::faults::{self, Menu};
use super::truth;

/// The people whom a walk is about.
pub(super) const PEOPLE: u8 = 8;
/// The seats at the beginning: one too few for the people and the admin.
const SEATS: u32 = 8;
/// More rounds than any backlog needs, of [`ROUND`] each.
const MOST_ROUNDS: u32 = 40;
const ROUND: SignedDuration = SignedDuration::from_mins(20);

pub(super) struct Walk {
    pub(super) acme: Acme,
    pub(super) random: Rng,
    pub(super) menu: Menu,
    /// How often it was left open whether a mail went out.
    pub(super) doubts: Arc<AtomicUsize>,
    /// The highest limit that the organisation has had.
    pub(super) most_seats: u32,
    /// How many requests of people succeeded.
    pub(super) done: Cell<u32>,
    pub(super) imports: BTreeSet<String>,
    /// The keys of files that were uploaded, whose events are not delivered yet.
    pub(super) uploads: Vec<String>,
    /// Changes of the table that the relay has still to see, in order.
    pub(super) changes: Vec<Value>,
}

impl Walk {
    pub(super) async fn begin(seed: u64, menu: Menu) -> Self {
        let acme = World::new()
            .organisation(json!({
                "name": "Acme",
                "seats": SEATS,
                "products": {"mos_enable": {"limit": 4}, "mos_opportunity": {"limit": 3}},
                "courses": [{"slug": "go-live", "title": "Go Live", "limit": 3}],
                "dashboard_url": "https://app.example.com/acme",
                "admins": [{"email": usher_tests::world::ADMIN}],
            }))
            .await;
        acme.world.drain().await;
        let doubts = faults::begin(&acme.world.cloud, seed, menu);
        let random = Rng::with_seed(seed);
        let (done, imports, uploads, changes) = (Cell::new(0), BTreeSet::new(), Vec::new(), Vec::new());
        Self { acme, random, menu, doubts, most_seats: SEATS, done, imports, uploads, changes }
    }

    pub(super) async fn step(&mut self) {
        match self.random.u8(..20) {
            0..=5 => self.one_person_acts().await,
            6..=7 => self.two_people_act_at_once().await,
            8 => self.somebody_uploads().await,
            9..=10 => self.somebody_decides_on_an_import().await,
            11 => Box::pin(self.deliver_upload()).await,
            12..=13 => self.relay().await,
            14..=15 => Box::pin(self.deliver("mail")).await,
            16..=17 => Box::pin(self.deliver("apply")).await,
            18 => Box::pin(self.sweep()).await,
            _ => {
                let minutes = [1, 5, 20, 90, 60 * 24, 60 * 24 * 6];
                let minutes = minutes[self.random.usize(..minutes.len())];
                self.acme.world.advance(SignedDuration::from_mins(minutes));
            }
        }
    }

    /// Nothing fails any more, and everything that was begun ends.
    pub(super) async fn settle(&mut self) {
        self.acme.world.cloud.stop_failing();
        if self.menu == Menu::Gentle {
            // No message is lost, so nobody has to look for what was in it.
            for _ in 0..MOST_ROUNDS {
                Box::pin(self.work_off()).await;
                self.acme.world.advance(ROUND);
            }
            truth::assert_worked_off(self);
        }
        for round in 0..MOST_ROUNDS {
            Box::pin(self.work_off()).await;
            Box::pin(self.sweep()).await;
            if round == 1 {
                self.end_imports().await;
            }
            if round > 1 && truth::is_settled(self) {
                return;
            }
            self.acme.world.advance(ROUND);
        }
    }

    /// Delivers everything that waits.
    async fn work_off(&mut self) {
        while !self.uploads.is_empty() {
            Box::pin(self.deliver_upload()).await;
        }
        self.relay().await;
        for queue in ["mail", "apply"] {
            for message in self.acme.world.cloud.take_messages(queue) {
                Box::pin(self.hand_on(queue, message)).await;
            }
        }
    }
}
