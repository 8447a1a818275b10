//! Many people at once, put straight into the table: what a story is about is how they are read.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use usher_domain::fixtures::spec;
use usher_domain::id::ReservationId;
use usher_domain::membership::Origin;
use usher_domain::{CapacityRequest, Membership, Resource};
use usher_store::{Inserted, Reservation};

use super::Acme;

/// How many are made at a time.
const AT_ONCE: usize = 10_000;
const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);

impl Acme {
    /// Adds the people `c0@crowd.example` and so on, invited for a week from now, and then as `change` leaves them. They
    /// take no seats.
    pub async fn add_crowd(&self, people: Range<u32>, change: impl Fn(u32, Membership) -> Membership) {
        let origin = Origin { invited_by: None, import: None, reservation: None };
        let person = |n: u32| {
            let spec = spec(&format!("c{n}@crowd.example"), "sales_rep");
            change(n, Membership::invite(self.id, spec, origin, WEEK, self.world.now()))
        };
        let people: Vec<u32> = people.collect();
        for some in people.chunks(AT_ONCE) {
            let members: Vec<Membership> = some.iter().map(|n| person(*n)).collect();
            let inserted = self.world.store.insert_memberships(&members).await.expect("the table");
            assert!(inserted.iter().all(|inserted| *inserted == Inserted::Created));
        }
    }

    /// Takes seats for a crowd.
    pub async fn take_seats(&self, seats: u32) {
        static TAKEN: AtomicU32 = AtomicU32::new(0);
        let id = ReservationId::derived(&[b"crowd", &TAKEN.fetch_add(1, Ordering::SeqCst).to_be_bytes()]);
        let needed = [(Resource::Seat, seats)].into_iter().collect();
        let reservation = Reservation { id, needed, members: Vec::new() };
        self.world.store.reserve(self.id, &reservation, self.world.now()).await.expect("seats");
        self.world.store.commit_reservation(self.id, id, &CapacityRequest::default()).await.expect("the table");
    }
}
