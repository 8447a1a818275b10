//! A membership: one person's standing in one organisation, from the invitation to the day they leave.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::email::EmailAddress;
use crate::id::{ImportId, MembershipId, OrganisationId, ReservationId};
use crate::mail::MailStatus;
use crate::spec::{Entitlements, InvitationSpec};
use crate::text::{PersonName, ShortText};

/// Where a membership stands, with what only that state has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Prepared, not sent: no link exists yet.
    Held,
    /// Sent, and open until a moment.
    Pending {
        /// The first moment at which it can no longer be accepted.
        expires_at: Timestamp,
    },
    /// Nobody accepted in time, and its places were given back.
    Expired {
        /// When its time ran out.
        expired_at: Timestamp,
    },
    /// Taken back by an admin, and its places with it.
    Revoked {
        /// When.
        revoked_at: Timestamp,
    },
    /// Accepted: the person is in.
    Active {
        /// When they accepted.
        joined_at: Timestamp,
    },
    /// In, but shut out for now.
    Deactivated {
        /// When they had accepted.
        joined_at: Timestamp,
        /// When they were shut out.
        deactivated_at: Timestamp,
    },
}

/// The state as people see it at a given moment: an invitation whose time is over is expired, recorded or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// [`State::Held`].
    Held,
    /// [`State::Pending`], and still open.
    Pending,
    /// [`State::Expired`], or [`State::Pending`] past its time.
    Expired,
    /// [`State::Revoked`].
    Revoked,
    /// [`State::Active`].
    Active,
    /// [`State::Deactivated`].
    Deactivated,
}

impl Status {
    /// The name in lists of invitations, where all who ever accepted are `accepted`.
    #[must_use]
    pub fn of_invitation(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Active | Self::Deactivated => "accepted",
        }
    }

    /// The name in lists of members; `None` for those who have not joined.
    #[must_use]
    pub fn of_member(self) -> Option<&'static str> {
        match self {
            Self::Active => Some("active"),
            Self::Deactivated => Some("deactivated"),
            Self::Held | Self::Pending | Self::Expired | Self::Revoked => None,
        }
    }
}

/// A step that the state does not allow. It carries what stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The person has accepted already.
    #[error("the invitation was accepted already")]
    AlreadyAccepted,
    /// The invitation has not been sent.
    #[error("the invitation is held back and was never sent")]
    Held,
    /// The invitation's time is over.
    #[error("the invitation has expired")]
    Expired,
    /// The invitation was taken back.
    #[error("the invitation was revoked")]
    Revoked,
    /// The person is a member, but shut out.
    #[error("the member is deactivated")]
    Deactivated,
    /// The person has not joined.
    #[error("the person has not accepted yet")]
    NotAMember,
}

/// How many earlier imports are remembered: long before there are more, the first of them has ended.
const EARLIER_IMPORTS: usize = 8;

/// What is true of a membership in every state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Whose standing it is, derived from organisation and address.
    pub id: MembershipId,
    /// Where.
    pub organisation: OrganisationId,
    /// The person's address.
    pub email: EmailAddress,
    /// What they are called.
    pub name: PersonName,
    /// Their telephone number, once they gave one.
    pub phone: Option<String>,
    /// What they do.
    pub job_title: Option<ShortText>,
    /// What they are given.
    pub entitlements: Entitlements,
    /// Where they stand.
    pub state: State,
    /// How often an invitation was sent; a link is good only for the newest. 0 while held.
    pub generation: u32,
    /// When they were first invited.
    pub created_at: Timestamp,
    /// When the newest mail left, if it has.
    pub sent_at: Option<Timestamp>,
    /// Who invited them; `None` for an operator.
    pub invited_by: Option<MembershipId>,
    /// The import they came with.
    pub import: Option<ImportId>,
    /// Imports they came with before, each of which took a place for them that was given back when that invitation ended.
    pub earlier_imports: BTreeSet<ImportId>,
    /// The reservation that the place was taken from.
    pub reservation: Option<ReservationId>,
    /// How far the newest mail has come; `None` while held.
    pub mail: Option<MailStatus>,
}

/// Who invites, by which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The admin; `None` for an operator.
    pub invited_by: Option<MembershipId>,
    /// The import, if it is one.
    pub import: Option<ImportId>,
    /// The reservation that pays for it.
    pub reservation: Option<ReservationId>,
}

impl Membership {
    /// A new invitation: pending if it is to be sent, otherwise held.
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
        if spec.send { held.sent_anew(duration, now) } else { held }
    }

    /// Where it stands for people at this moment.
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

    /// Whether places are kept for it. An invitation whose time is over keeps them until that is recorded.
    #[must_use]
    pub fn holds_capacity(&self) -> bool {
        match self.state {
            State::Held | State::Pending { .. } | State::Active { .. } | State::Deactivated { .. } => true,
            State::Expired { .. } | State::Revoked { .. } => false,
        }
    }

    /// When the newest invitation ends or ended.
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

    fn sent_anew(self, duration: SignedDuration, now: Timestamp) -> Self {
        Self {
            state: State::Pending { expires_at: now.saturating_add(duration).unwrap_or(Timestamp::MAX) },
            generation: self.generation + 1,
            sent_at: None,
            mail: Some(MailStatus::queued(now)),
            ..self
        }
    }

    /// Sends the invitation, for the first time or again. The clock starts anew and every earlier link ends.
    pub fn send(self, duration: SignedDuration, now: Timestamp) -> Result<Self, TransitionError> {
        match self.state {
            State::Held | State::Pending { .. } | State::Expired { .. } | State::Revoked { .. } => {
                Ok(self.sent_anew(duration, now))
            }
            State::Active { .. } => Err(TransitionError::AlreadyAccepted),
            State::Deactivated { .. } => Err(TransitionError::Deactivated),
        }
    }

    /// Invites somebody again whose earlier invitation ended, on new terms.
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
        // Whoever came with an import came with it, also when somebody invites them again by hand, or with another import: a
        // part of it that is delivered once more has to know that it took a place for them.
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

    /// Whether an import took a place for this person, now or for an invitation that ended.
    #[must_use]
    pub fn came_with(&self, import: ImportId) -> bool {
        self.import == Some(import) || self.earlier_imports.contains(&import)
    }

    /// Accepts the invitation. Refused by the clock alone, whatever is recorded.
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

    /// Takes the invitation back.
    pub fn revoke(self, now: Timestamp) -> Result<Self, TransitionError> {
        match self.state {
            State::Held | State::Pending { .. } | State::Expired { .. } => {
                Ok(Self { state: State::Revoked { revoked_at: now }, ..self })
            }
            State::Revoked { .. } => Ok(self),
            State::Active { .. } | State::Deactivated { .. } => Err(TransitionError::AlreadyAccepted),
        }
    }

    /// Records that the invitation's time is over; `None` if it is not, or if there is nothing to record.
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

    /// Changes what the invitation says to what a draft says, which only works until the person accepts. The address stays.
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

    /// Shuts a member out. Their places stay taken, so that they can come back.
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

    /// Lets a member in again.
    pub fn reactivate(self) -> Result<Self, TransitionError> {
        match self.state {
            State::Deactivated { joined_at, .. } => Ok(Self { state: State::Active { joined_at }, ..self }),
            State::Active { .. } => Ok(self),
            State::Held | State::Pending { .. } | State::Expired { .. } | State::Revoked { .. } => {
                Err(TransitionError::NotAMember)
            }
        }
    }

    /// Makes somebody answer for the invitation: whoever sends it again or changes what it gives has the right to, which
    /// the one who invited first may have lost since.
    #[must_use]
    pub fn with_inviter(self, admin: MembershipId) -> Self {
        Self { invited_by: Some(admin), ..self }
    }

    /// Takes over what the person said of themselves when they accepted.
    #[must_use]
    pub fn with_profile(self, first: Option<ShortText>, last: Option<ShortText>, phone: Option<String>) -> Self {
        let given = first.is_some() || last.is_some();
        let name = if given { PersonName { full: None, first, last } } else { self.name };
        Self { name, phone: phone.or(self.phone), ..self }
    }
}

#[cfg(test)]
mod tests;
