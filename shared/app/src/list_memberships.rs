//! List: pages of an organisation's memberships, or the one with an address.

use jiff::{SignedDuration, Timestamp};
use usher_domain::{EmailAddress, Membership, MembershipId, OrganisationId, Status};
use usher_runtime::Clock;
use usher_store::{ListFilter, Page, Store, StoreError};

/// How long a page may have taken when it reads on. A round takes milliseconds, but 20 seconds if its connections die and
/// it is tried again, and the whole request has less than 25.
const PATIENCE: SignedDuration = SignedDuration::from_secs(3);

/// One page of the memberships that pass the filter; it may be short, and still have a next one. With an address, the page
/// has at most that person.
pub async fn list_memberships(
    store: &Store,
    organisation: OrganisationId,
    filter: &ListFilter,
    email: Option<&EmailAddress>,
    limit: usize,
    from: Option<&str>,
    clock: &Clock,
) -> Result<Page<Membership>, StoreError> {
    let now = clock.now();
    let Some(email) = email else {
        let is_late = || clock.now().duration_since(now) > PATIENCE;
        return store.list_memberships(organisation, filter, limit, from, now, is_late).await;
    };
    // The id follows from the address, so one read finds the person.
    let found = store.membership(organisation, MembershipId::of(organisation, email)).await?;
    let found = found.map(|found| found.membership).filter(|found| passes(filter, found, now));
    Ok(Page { items: found.into_iter().collect(), next: None })
}

fn passes(filter: &ListFilter, membership: &Membership, now: Timestamp) -> bool {
    let status = match membership.status(now) {
        Status::Held => "held",
        Status::Pending => "pending",
        Status::Expired => "expired",
        Status::Revoked => "revoked",
        Status::Active => "active",
        Status::Deactivated => "deactivated",
    };
    (filter.statuses.is_empty() || filter.statuses.contains(&status))
        && filter.team.as_ref().is_none_or(|team| membership.entitlements.team.as_deref() == Some(team.as_str()))
        && filter.import.is_none_or(|import| membership.import == Some(import))
}
