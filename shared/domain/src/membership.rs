//! A membership: one person in one organisation, from the invitation on.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::email::EmailAddress;
use crate::id::{ImportId, MembershipId, OrganisationId, ReservationId};
use crate::mail::MailStatus;
pub use crate::membership_state::{State, Status, TransitionError};
use crate::spec::{Entitlements, InvitationSpec};
use crate::text::{PersonName, ShortText};

/// How many earlier imports are remembered. The first ones have ended long before there are more.
const EARLIER_IMPORTS: usize = 8;

/// What every membership has, in each state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Derived from organisation and address.
    pub id: MembershipId,
    /// The organisation.
    pub organisation: OrganisationId,
    /// The person's address.
    pub email: EmailAddress,
    /// The person's name.
    pub name: PersonName,
    /// Their phone number, once they entered one.
    pub phone: Option<String>,
    /// Their job title.
    pub job_title: Option<ShortText>,
    /// Role, team, products and courses.
    pub entitlements: Entitlements,
    /// The current state.
    pub state: State,
    /// How often an invitation was sent. Only the newest link works. 0 while held.
    pub generation: u32,
    /// When they were first invited.
    pub created_at: Timestamp,
    /// When the newest mail was sent.
    pub sent_at: Option<Timestamp>,
    /// The admin who invited them; `None` for an operator.
    pub invited_by: Option<MembershipId>,
    /// The import that invited them.
    pub import: Option<ImportId>,
    /// Imports that invited them before. Each reserved capacity for them, which was released when that invitation ended.
    pub earlier_imports: BTreeSet<ImportId>,
    /// The reservation that their capacity came from.
    pub reservation: Option<ReservationId>,
    /// The delivery of the newest mail; `None` while held.
    pub mail: Option<MailStatus>,
}

/// Who invites, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The admin; `None` for an operator.
    pub invited_by: Option<MembershipId>,
    /// The import, if the invitation comes from one.
    pub import: Option<ImportId>,
    /// The reservation that its capacity comes from.
    pub reservation: Option<ReservationId>,
}

impl Membership {
    /// A new invitation: pending if the mail is to be sent, otherwise held.
    #[must_use]
    pub fn invite(
        organisation: OrganisationId,
        spec: InvitationSpec,
        origin: Origin,
        duration: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let id = MembershipId::of(organisation, &spec.email);
        let held = Self {
            id,
            organisation,
            email: spec.email,
            name: spec.name,
            phone: None,
            job_title: spec.job_title,
            entitlements: Arc::unwrap_or_clone(spec.entitlements),
            state: State::Held,
            generation: 0,
            created_at: now,
            sent_at: None,
            invited_by: origin.invited_by,
            import: origin.import,
            earlier_imports: BTreeSet::new(),
            reservation: origin.reservation,
            mail: None,
        };
        if spec.send { held.sent(duration, now) } else { held }
    }

    /// The status that people see at this time.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        match self.state {
            State::Held => Status::Held,
            State::Pending { expires_at } if expires_at <= now => Status::Expired,
            State::Pending { .. } => Status::Pending,
            State::Expired { .. } => Status::Expired,
            State::Revoked { .. } => Status::Revoked,
            State::Active { .. } => Status::Active,
            State::Deactivated { .. } => Status::Deactivated,
        }
    }

    /// Whether it uses capacity. An invitation past its `expires_at` does, until its end is recorded.
    #[must_use]
    pub fn holds_capacity(&self) -> bool {
        match self.state {
            State::Held | State::Pending { .. } | State::Active { .. } | State::Deactivated { .. } => true,
            State::Expired { .. } | State::Revoked { .. } => false,
        }
    }

    /// When the newest invitation expires or expired.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Pending { expires_at } | State::Expired { expired_at: expires_at } => Some(expires_at),
            State::Held | State::Revoked { .. } | State::Active { .. } | State::Deactivated { .. } => None,
        }
    }

    /// When the person joined.
    #[must_use]
    pub fn joined_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Active { joined_at } | State::Deactivated { joined_at, .. } => Some(joined_at),
            State::Held | State::Pending { .. } | State::Expired { .. } | State::Revoked { .. } => None,
        }
    }

    fn sent(self, duration: SignedDuration, now: Timestamp) -> Self {
        Self {
            state: State::Pending { expires_at: now.saturating_add(duration).unwrap_or(Timestamp::MAX) },
            generation: self.generation + 1,
            sent_at: None,
            mail: Some(MailStatus::queued(now)),
            ..self
        }
    }

    /// Sends the invitation, for the first time or again. It gets the full duration, and earlier links stop working.
    pub fn send(self, duration: SignedDuration, now: Timestamp) -> Result<Self, TransitionError> {
        match self.state {
            State::Held | State::Pending { .. } | State::Expired { .. } | State::Revoked { .. } => {
                Ok(self.sent(duration, now))
            }
            State::Active { .. } => Err(TransitionError::AlreadyAccepted),
            State::Deactivated { .. } => Err(TransitionError::Deactivated),
        }
    }

    /// Invites a person again, with new details, after their earlier invitation ended.
    pub fn invite_again(
        self,
        spec: InvitationSpec,
        origin: Origin,
        duration: SignedDuration,
        now: Timestamp,
    ) -> Result<Self, TransitionError> {
        match self.state {
            State::Expired { .. } | State::Revoked { .. } => {}
            State::Held => return Err(TransitionError::Held),
            State::Pending { .. } | State::Active { .. } => return Err(TransitionError::AlreadyAccepted),
            State::Deactivated { .. } => return Err(TransitionError::Deactivated),
        }
        let Self { generation, created_at, import, mut earlier_imports, .. } = self;
        let mut again = Self::invite(self.organisation, spec, origin, duration, now);
        // The import is remembered when the person is invited again by hand or by another import: a part of it that is
        // delivered twice has to know that it reserved capacity for them.
        again.import = again.import.or(import);
        if let Some(import) = import.filter(|_| again.import != import) {
            if earlier_imports.len() >= EARLIER_IMPORTS {
                earlier_imports.pop_first();
            }
            earlier_imports.insert(import);
        }
        again.earlier_imports = earlier_imports;
        again.generation += generation;
        again.created_at = created_at;
        Ok(again)
    }

    /// Whether an import reserved capacity for this person, now or for an invitation that ended.
    #[must_use]
    pub fn came_with(&self, import: ImportId) -> bool {
        self.import == Some(import) || self.earlier_imports.contains(&import)
    }

    /// Accepts the invitation. The clock alone refuses an expired one, recorded or not.
    pub fn accept(self, now: Timestamp) -> Result<Self, TransitionError> {
        match self.state {
            State::Pending { expires_at } if now < expires_at => {
                Ok(Self { state: State::Active { joined_at: now }, ..self })
            }
            State::Pending { .. } | State::Expired { .. } => Err(TransitionError::Expired),
            State::Held => Err(TransitionError::Held),
            State::Revoked { .. } => Err(TransitionError::Revoked),
            State::Active { .. } => Err(TransitionError::AlreadyAccepted),
            State::Deactivated { .. } => Err(TransitionError::Deactivated),
        }
    }

    /// Withdraws the invitation.
    pub fn revoke(self, now: Timestamp) -> Result<Self, TransitionError> {
        match self.state {
            State::Held | State::Pending { .. } | State::Expired { .. } => {
                Ok(Self { state: State::Revoked { revoked_at: now }, ..self })
            }
            State::Revoked { .. } => Ok(self),
            State::Active { .. } | State::Deactivated { .. } => Err(TransitionError::AlreadyAccepted),
        }
    }

    /// Records that the invitation expired; `None` if it did not, or if that is recorded already.
    #[must_use]
    pub fn expire(self, now: Timestamp) -> Option<Self> {
        match self.state {
            State::Pending { expires_at } if expires_at <= now => {
                Some(Self { state: State::Expired { expired_at: expires_at }, ..self })
            }
            State::Held
            | State::Pending { .. }
            | State::Expired { .. }
            | State::Revoked { .. }
            | State::Active { .. }
            | State::Deactivated { .. } => None,
        }
    }

    /// Replaces the details of an open invitation. The address stays.
    pub fn edit(self, spec: InvitationSpec, now: Timestamp) -> Result<Self, TransitionError> {
        let InvitationSpec { email: _, name, job_title, entitlements, send: _ } = spec;
        match self.state {
            State::Pending { expires_at } if expires_at <= now => Err(TransitionError::Expired),
            State::Held | State::Pending { .. } => {
                Ok(Self { name, job_title, entitlements: Arc::unwrap_or_clone(entitlements), ..self })
            }
            State::Expired { .. } => Err(TransitionError::Expired),
            State::Revoked { .. } => Err(TransitionError::Revoked),
            State::Active { .. } | State::Deactivated { .. } => Err(TransitionError::AlreadyAccepted),
        }
    }

    /// Takes a member's access away. They keep using capacity, so that they can come back.
    pub fn deactivate(self, now: Timestamp) -> Result<Self, TransitionError> {
        match self.state {
            State::Active { joined_at } => {
                Ok(Self { state: State::Deactivated { joined_at, deactivated_at: now }, ..self })
            }
            State::Deactivated { .. } => Ok(self),
            State::Held | State::Pending { .. } | State::Expired { .. } | State::Revoked { .. } => {
                Err(TransitionError::NotAMember)
            }
        }
    }

    /// Gives a member their access back.
    pub fn reactivate(self) -> Result<Self, TransitionError> {
        match self.state {
            State::Deactivated { joined_at, .. } => Ok(Self { state: State::Active { joined_at }, ..self }),
            State::Active { .. } => Ok(self),
            State::Held | State::Pending { .. } | State::Expired { .. } | State::Revoked { .. } => {
                Err(TransitionError::NotAMember)
            }
        }
    }

    /// Names a new inviter. The admin who resends or edits an invitation has the right to invite, which the first inviter
    /// may have lost.
    #[must_use]
    pub fn with_inviter(self, admin: MembershipId) -> Self {
        Self { invited_by: Some(admin), ..self }
    }

    /// Adds what the person entered when they accepted.
    #[must_use]
    pub fn with_profile(self, first: Option<ShortText>, last: Option<ShortText>, phone: Option<String>) -> Self {
        let given = first.is_some() || last.is_some();
        let name = if given { PersonName { full: None, first, last } } else { self.name };
        Self { name, phone: phone.or(self.phone), ..self }
    }
}

#[cfg(test)]
mod tests;
