//! Every key of the table, under the access pattern that needs it.
//!
//! | to | read | with |
//! | --- | --- | --- |
//! | load an organisation with all that every request needs | `ORG#{org}` | begins with `ORG` |
//! | load its settings, capacity, a team, a course | `ORG#{org}` | `ORG`, `ORG#CAPACITY`, `ORG#TEAM#{id}`, `ORG#COURSE#{slug}` |
//! | load one person | `ORG#{org}#{shard}` | `MEMBER#{id}` |
//! | list people | `ORG#{org}#{shard}`, all shards at once | begins with `MEMBER#` |
//! | load, list imports | `ORG#{org}` | `IMPORT#{id}` |
//! | see which parts of an import are complete | `ORG#{org}` | begins with `PART#{import}#` |
//! | know what a part needs without its file | `ORG#{org}` | `PART_PLAN#{folder}#{part}` |
//! | apply a part of an import alone | `ORG#{org}` | `LEASE#{import}#{part}` |
//! | find a reservation that was not committed | `ORG#{org}` | `RESERVATION#{id}` |
//! | check the delivery of an hour's mails | `ORG#{org}` | `DELIVERY_CHECK#{hour}` |
//! | claim a batch of mail | `MAIL#{batch}` | `MAIL` |
//! | repeat the answer to a request | `IDEM#{hash}` | `IDEM` |
//! | find the invitations that expire | index `due`: `DUE#{date}#{shard}`, 32 shards | up to a time |
//! | find what else is due | index `due`: `DUTY#{date}#{shard}`, 4 shards | up to a time |
//! | know how far the sweeper got | `SWEEP` | `SWEEP` |

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use usher_domain::{ImportId, MembershipId, OrganisationId, ReservationId};

/// The index of what is due.
pub const DUE_INDEX: &str = "due";
/// Sort key of an organisation's settings. That of everything which is loaded with them begins so.
pub const ORGANISATION: &str = "ORG";
/// Sort key of an organisation's capacity.
pub const CAPACITY: &str = "ORG#CAPACITY";
/// Sort keys of teams begin so.
pub const TEAM_PREFIX: &str = "ORG#TEAM#";
/// Sort keys of courses begin so.
pub const COURSE_PREFIX: &str = "ORG#COURSE#";
/// Sort keys of memberships begin so.
pub const MEMBER_PREFIX: &str = "MEMBER#";
/// Sort keys of imports begin so.
pub const IMPORT_PREFIX: &str = "IMPORT#";
/// Sort keys of reservations begin so.
pub const RESERVATION_PREFIX: &str = "RESERVATION#";
/// Sort keys of delivery checks begin so.
pub const DELIVERY_CHECK_PREFIX: &str = "DELIVERY_CHECK#";

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }
}

/// The partition of an organisation's own items.
#[must_use]
pub fn organisation_partition(organisation: OrganisationId) -> String {
    format!("ORG#{organisation}")
}

/// One of the partitions that hold an organisation's people.
#[must_use]
pub fn member_partition(organisation: OrganisationId, shard: u8) -> String {
    format!("ORG#{organisation}#{shard}")
}

/// An organisation's settings.
#[must_use]
pub fn organisation(organisation: OrganisationId) -> Key {
    Key::new(organisation_partition(organisation), ORGANISATION)
}

/// An organisation's capacity.
#[must_use]
pub fn capacity(organisation: OrganisationId) -> Key {
    Key::new(organisation_partition(organisation), CAPACITY)
}

/// A team.
#[must_use]
pub fn team(organisation: OrganisationId, id: &str) -> Key {
    Key::new(organisation_partition(organisation), format!("{TEAM_PREFIX}{id}"))
}

/// A course; slugs ignore case.
#[must_use]
pub fn course(organisation: OrganisationId, slug: &str) -> Key {
    Key::new(organisation_partition(organisation), format!("{COURSE_PREFIX}{}", slug.to_lowercase()))
}

/// A membership.
#[must_use]
pub fn membership(organisation: OrganisationId, id: MembershipId) -> Key {
    Key::new(member_partition(organisation, id.shard()), format!("{MEMBER_PREFIX}{id}"))
}

/// A reservation.
#[must_use]
pub fn reservation(organisation: OrganisationId, id: ReservationId) -> Key {
    Key::new(organisation_partition(organisation), format!("{RESERVATION_PREFIX}{id}"))
}

/// An import.
#[must_use]
pub fn import(organisation: OrganisationId, id: ImportId) -> Key {
    Key::new(organisation_partition(organisation), format!("{IMPORT_PREFIX}{id}"))
}

/// The outcome of one part of an import. Not under `IMPORT#`, so that a list of imports does not read them.
#[must_use]
pub fn import_part(organisation: OrganisationId, import: ImportId, part: u32) -> Key {
    Key::new(organisation_partition(organisation), format!("PART#{import}#{part:06}"))
}

/// What one part of a plan needs; `folder` is that of the plan's files.
#[must_use]
pub fn part_plan(organisation: OrganisationId, folder: &str, part: u32) -> Key {
    Key::new(organisation_partition(organisation), format!("PART_PLAN#{folder}#{part:06}"))
}

/// The lease on one part of an import.
#[must_use]
pub fn part_lease(organisation: OrganisationId, import: ImportId, part: u32) -> Key {
    Key::new(organisation_partition(organisation), format!("LEASE#{import}#{part:06}"))
}

/// How the sort keys of an import's parts begin.
#[must_use]
pub fn import_part_prefix(import: ImportId) -> String {
    format!("PART#{import}#")
}

/// The delivery check of the mails that an organisation queued in one hour (hours since the epoch).
#[must_use]
pub fn delivery_check(organisation: OrganisationId, hour: i64) -> Key {
    Key::new(organisation_partition(organisation), format!("{DELIVERY_CHECK_PREFIX}{hour:08}"))
}

/// The claim on one batch of mail.
#[must_use]
pub fn mail_batch(batch: &str) -> Key {
    Key::new(format!("MAIL#{batch}"), "MAIL")
}

/// The record of one request with an idempotency key.
#[must_use]
pub fn idempotency(hash: &str) -> Key {
    Key::new(format!("IDEM#{hash}"), "IDEM")
}

/// How far the sweeper got.
#[must_use]
pub fn sweep() -> Key {
    Key::new("SWEEP".to_owned(), "SWEEP")
}

/// How many index partitions the invitations that expire on one day are spread over, of all organisations together.
///
/// A partition takes 1,000 writes a second. One organisation writes at most 8,000 people a second, because they are in eight
/// partitions of the table, so it leaves the others three quarters of each of these. A sweep of two days asks all of them, and
/// those of its other duties, in 72 queries of half a read unit.
pub const EXPIRY_SHARDS: u8 = 32;
/// The same for everything else that is due: two writes for each request that reserves capacity.
pub const DUTY_SHARDS: u8 = 4;

/// The index partition of invitations that expire on a day (UTC).
#[must_use]
pub fn expiry_partition(date: Date, shard: u8) -> String {
    format!("DUE#{date}#{shard}")
}

/// The index partition of everything else that is due on a day (UTC). Apart from the invitations, because a reservation must
/// not wait until a million of them were read.
#[must_use]
pub fn duty_partition(date: Date, shard: u8) -> String {
    format!("DUTY#{date}#{shard}")
}

/// The day (UTC) of a time.
#[must_use]
pub fn due_date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The index sort key of a time: whole seconds since the epoch, padded so that it sorts by time.
#[must_use]
pub fn due_sort(at: Timestamp) -> String {
    format!("{:012}", at.as_second())
}

/// The organisation that a partition key belongs to.
#[must_use]
pub fn organisation_of(pk: &str) -> Option<OrganisationId> {
    pk.strip_prefix("ORG#")?.split('#').next()?.parse().ok()
}

/// The membership that a sort key names.
#[must_use]
pub fn membership_of(sk: &str) -> Option<MembershipId> {
    sk.strip_prefix(MEMBER_PREFIX)?.parse().ok()
}

/// The import that a sort key names.
#[must_use]
pub fn import_of(sk: &str) -> Option<ImportId> {
    sk.strip_prefix(IMPORT_PREFIX)?.parse().ok()
}

/// The reservation that a sort key names.
#[must_use]
pub fn reservation_of(sk: &str) -> Option<ReservationId> {
    sk.strip_prefix(RESERVATION_PREFIX)?.parse().ok()
}
