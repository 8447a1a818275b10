//! What a crowd in one organisation costs: lists of its people, and all of them expiring at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use usher_domain::id::ReservationId;
use usher_domain::{CapacityRequest, MailState, MailStatus, Membership, Resource};
use usher_store::Reservation;
use usher_tests::World;
use usher_tests::cloud::{Cloud, Fault};
use usher_tests::world::{ADMIN, Acme};

const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);
const BETWEEN_TICKS: SignedDuration = SignedDuration::from_mins(5);
/// How many requests take a second of the clock that stands for the real one: ten milliseconds each.
const REQUESTS_A_SECOND: u64 = 100;

/// What one list cost, up to so many pages.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct List {
    pub path: String,
    pub pages: u32,
    pub items: usize,
    /// The dearest page.
    pub read_units: f64,
    pub queries: usize,
    pub at_once: usize,
}

fn queries(cloud: &Cloud) -> usize {
    cloud.take_calls().iter().filter(|call| call.ends_with(".Query")).count()
}

/// Lists over a crowd: one in a thousand is deactivated, a tenth is pending.
pub async fn lists(people: u32) -> Vec<List> {
    let acme = World::in_cloud(Cloud::large()).acme(10).await;
    let (cloud, now) = (&acme.world.cloud, acme.world.now());
    let member = |n: u32, person: Membership| match n % 1_000 {
        7 => person.accept(now).and_then(|member| member.deactivate(now)).expect("open"),
        n if n.is_multiple_of(10) => person,
        _ => person.accept(now).expect("open"),
    };
    acme.add_crowd(0..people, member).await;
    cloud.meter();
    let mut found = Vec::new();
    for (list, most_pages) in [
        ("/members?limit=50", 20),
        ("/members?limit=500", 20),
        ("/members?status=deactivated&limit=500", u32::MAX),
        ("/invitations?status=pending&limit=500", 20),
        ("/invitations?status=revoked", u32::MAX),
    ] {
        let mut of_list = List { path: list.to_owned(), ..List::default() };
        let mut next = String::new();
        while of_list.pages < most_pages {
            let (before, _) = (cloud.read_units(), (queries(cloud), cloud.take_most_at_once()));
            let page = acme.get(&format!("{list}{next}")).await.ok();
            of_list.pages += 1;
            of_list.items += page["items"].as_array().expect("a list").len();
            of_list.read_units = of_list.read_units.max(cloud.read_units() - before);
            of_list.queries = of_list.queries.max(queries(cloud));
            of_list.at_once = of_list.at_once.max(cloud.take_most_at_once());
            let Some(cursor) = page["next"].as_str() else { break };
            next = format!("&next={cursor}");
        }
        found.push(of_list);
    }
    found
}

/// What a wave of expiry cost, and what others waited.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Wave {
    pub people: u32,
    pub ticks: u32,
    /// From the first tick's begin to the last one's end, by the clock that stands for the real one.
    pub seconds: i64,
    pub longest_tick_seconds: i64,
    pub requests: u64,
    /// In how many of the ticks another organisation's reservation, import, mail or expiry was not looked after.
    pub others_waited: u32,
}

/// Another organisation: in each tick it has a reservation that nobody committed, a lost mail and somebody who expires.
struct Other {
    acme: Acme,
    /// The seats that are in use when all of that was looked after.
    settled: u64,
}

impl Other {
    async fn new(world: &World) -> Self {
        let acme = world.organisation(json!({"name": "Other", "seats": 1_000, "admins": [{"email": ADMIN}]})).await;
        let planned = acme.plan_import("people.csv", b"email,role\nq@x.example,admin\n".to_vec(), Value::Null).await;
        let _ = acme.send_import_for_parts(&planned).await;
        let (_, used, _) = acme.seats().await;
        Self { acme, settled: used }
    }

    async fn neglect(&self, tick: u32) {
        let (store, organisation, now) = (&self.acme.world.store, self.acme.id, self.acme.world.now());
        // Each time in another hour, whose check is due at once.
        let earlier = now - SignedDuration::from_hours(2 + i64::from(tick));
        let needed: CapacityRequest = [(Resource::Seat, 1)].into_iter().collect();
        let id = ReservationId::derived(&[b"cut off", &tick.to_be_bytes()]);
        store.reserve(organisation, &Reservation { id, needed, members: Vec::new() }, earlier).await.expect("free");
        let queued = |person: Membership| Membership { mail: Some(MailStatus::queued(earlier)), ..person };
        self.acme.add_crowd(2 * tick..2 * tick + 1, |_, person| queued(person)).await;
        let hour = earlier.as_second().div_euclid(3_600);
        store.schedule_delivery_check(organisation, hour, now, now).await.expect("the table");
        let expired = |person: Membership| expiring(person, now);
        self.acme.take_seats(1).await;
        self.acme.add_crowd(2 * tick + 1..2 * tick + 2, |_, person| expired(person)).await;
    }
}

/// A person whose mail was sent, and whose time is over.
fn expiring(person: Membership, at: Timestamp) -> Membership {
    let mail = person.mail.clone().map(|mail| MailStatus { state: MailState::Sent, ..mail });
    let state = usher_domain::State::Pending { expires_at: at };
    Membership { mail, state, ..person }
}

/// As many people as this expire at the same moment.
pub async fn wave(people: u32) -> Wave {
    let world = World::in_cloud(Cloud::large());
    let acme = world.acme(people + 1).await;
    let other = Other::new(&world).await;
    let over = world.now() + WEEK;
    acme.add_crowd(0..people, |_, person| expiring(person, over)).await;
    acme.take_seats(people).await;
    world.advance(WEEK);
    let begun = world.now();
    let requests = Arc::new(AtomicU64::new(0));
    let mut wave = Wave { people, ..Wave::default() };
    while acme.seats().await.1 > 1 {
        other.neglect(wave.ticks).await;
        let (tick_begun, sweeper) = (world.now(), acme.sweeper());
        let (clock, count) = (world.clock.clone(), requests.clone());
        world.cloud.fail(move |_| {
            if count.fetch_add(1, Ordering::SeqCst).is_multiple_of(REQUESTS_A_SECOND) {
                clock.advance(SignedDuration::from_secs(1));
            }
            (clock.now() >= sweeper.deadline).then_some(Fault::Killed)
        });
        let swept = world.cloud.run(Box::pin(sweeper::handle(&acme.sweeper()))).await;
        world.cloud.stop_failing();
        let swept = swept.expect("an end before its time is over").expect("a sweep");
        wave.ticks += 1;
        wave.seconds = world.now().duration_since(begun).as_secs();
        let tick = world.now().duration_since(tick_begun);
        wave.longest_tick_seconds = wave.longest_tick_seconds.max(tick.as_secs());
        let looked_after = swept.committed == 1
            && swept.requeued >= 1
            && (wave.ticks > 1 || swept.parts == 1)
            && other.acme.seats().await.1 == other.settled;
        wave.others_waited += u32::from(!looked_after);
        let _ = (world.cloud.take_calls(), world.cloud.stream());
        world.advance(BETWEEN_TICKS - tick);
    }
    wave.requests = requests.load(Ordering::SeqCst);
    wave
}
