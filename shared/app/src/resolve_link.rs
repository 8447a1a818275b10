//! Resolve: loads what a valid link leads to. It writes nothing.

use jiff::Timestamp;
use usher_domain::link::Link;
use usher_domain::{LinkStatus, Membership, Organisation};
use usher_store::{Store, StoreError, Versioned};

/// What a valid link leads to.
#[derive(Debug, Clone)]
pub struct ResolvedLink {
    /// The link.
    pub link: Link,
    /// The organisation that invites, without its teams and courses.
    pub organisation: Organisation,
    /// The membership of the invited person.
    pub stored: Versioned,
}

impl ResolvedLink {
    /// The membership.
    #[must_use]
    pub fn membership(&self) -> &Membership {
        &self.stored.membership
    }

    /// What can be done with the link at this time.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> LinkStatus {
        LinkStatus::of(self.link, self.membership(), now)
    }
}

/// Loads a link's organisation and membership; `None` if one of them was deleted.
pub async fn resolve_link(store: &Store, link: Link) -> Result<Option<ResolvedLink>, StoreError> {
    let found = store.settings_and_membership(link.organisation, link.membership).await?;
    Ok(found.map(|(organisation, stored)| ResolvedLink { link, organisation, stored }))
}

/// The name of the inviter, if they still exist and have one.
pub async fn inviter_name(store: &Store, resolved: &ResolvedLink) -> Result<Option<String>, StoreError> {
    let Some(id) = resolved.membership().invited_by else { return Ok(None) };
    let inviter = store.membership(resolved.organisation.id, id).await?;
    Ok(inviter.and_then(|stored| stored.membership.name.display()))
}
