//! The one door from errors to problems. Every match is exhaustive, so that a new error needs an answer here.

use http::StatusCode;
use usher_app::retry::Contention;
use usher_app::{
    AdminError, ChangeError, ChangeOrganisationError, CreateOrganisationError, DeactivateError, EditError,
};
use usher_domain::TransitionError;
use usher_store::{ReserveError, StoreError};

use crate::Problem;

/// Failures of a call to the table that pass by themselves.
const PASSING: [&str; 6] = [
    "timeout",
    "unreachable",
    "no answer",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
];

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            // Too many requests, here or on the way to the table: the same request may succeed in a moment.
            StoreError::Call { ref code, .. } if PASSING.contains(&code.as_str()) => {
                tracing::warn!(%error, "the table did not answer");
                let detail = "The table did not answer in time. Repeat the request with the same Idempotency-Key.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
            }
            StoreError::Contention => {
                tracing::warn!(%error, "gave up");
                let detail = "Too many changes met at once. Some of it may be done; repeat the request with the same Idempotency-Key.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
            }
            StoreError::Call { .. } | StoreError::Damaged { .. } => {
                // Logged here and nowhere else. The caller does not see the details.
                tracing::error!(%error, "the table failed");
                let detail = "Something failed on our side. Repeat the request with the same Idempotency-Key.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
            }
        }
    }
}

impl From<ReserveError> for Problem {
    fn from(error: ReserveError) -> Self {
        match error {
            ReserveError::CapacityExceeded(exceeded) => Self::capacity_exceeded(&exceeded),
            ReserveError::Store(error) => error.into(),
        }
    }
}

impl From<Contention> for Problem {
    fn from(_: Contention) -> Self {
        Self::changed_meanwhile()
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        let forbidden = |code, detail| Self::new(StatusCode::FORBIDDEN, code, detail);
        match error {
            AdminError::NotFound => Self::not_found(),
            AdminError::Deactivated => forbidden("deactivated", "Your membership is deactivated; ask another admin."),
            AdminError::NotAnAdmin => forbidden("not_an_admin", "Your role does not administer this organisation."),
            AdminError::Store(error) => error.into(),
        }
    }
}

impl From<TransitionError> for Problem {
    fn from(error: TransitionError) -> Self {
        let (code, detail) = match error {
            TransitionError::AlreadyAccepted => {
                ("already_accepted", "The person has accepted already; find them among the members.")
            }
            TransitionError::Held => ("held", "The invitation is held back; send it first."),
            TransitionError::Expired => ("expired", "The invitation has expired; resend it first."),
            TransitionError::Revoked => ("revoked", "The invitation was revoked; resend it first."),
            TransitionError::Deactivated => {
                ("deactivated_member", "The member is deactivated; reactivate them instead.")
            }
            TransitionError::NotAMember => ("not_a_member", "The person has not accepted an invitation yet."),
        };
        Self::new(StatusCode::CONFLICT, code, detail)
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotFound => Self::not_found(),
            ChangeError::StillCreating => {
                let detail =
                    "The invitation is still being created. Try again in a moment; it takes at most ten minutes.";
                Self::new(StatusCode::CONFLICT, "changed_meanwhile", detail)
            }
            ChangeError::RoleAboveOwn(_) => {
                let detail = "The person's role is above your own; ask somebody of that role.";
                Self::new(StatusCode::FORBIDDEN, "role_above_own", detail)
            }
            ChangeError::Transition(error) => error.into(),
            ChangeError::CapacityExceeded(exceeded) => Self::capacity_exceeded(&exceeded),
            ChangeError::Contention(error) => error.into(),
            ChangeError::Store(error) => error.into(),
        }
    }
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Invalid(issues) => Self::invalid(issues),
            EditError::Change(error) => error.into(),
        }
    }
}

impl From<DeactivateError> for Problem {
    fn from(error: DeactivateError) -> Self {
        match error {
            DeactivateError::OwnMembership => {
                let detail = "You cannot deactivate yourself; ask another admin.";
                Self::new(StatusCode::CONFLICT, "own_membership", detail)
            }
            DeactivateError::Change(error) => error.into(),
        }
    }
}

impl From<CreateOrganisationError> for Problem {
    fn from(error: CreateOrganisationError) -> Self {
        match error {
            CreateOrganisationError::Invalid(issues) => Self::invalid(issues),
            CreateOrganisationError::KeyReused => Self::key_reused(),
            CreateOrganisationError::Invite(error) => error.into(),
            CreateOrganisationError::Store(error) => error.into(),
        }
    }
}

impl From<ChangeOrganisationError> for Problem {
    fn from(error: ChangeOrganisationError) -> Self {
        match error {
            ChangeOrganisationError::NotAnOperator => {
                let detail = "Only operators change limits; ask them for more capacity.";
                Self::new(StatusCode::FORBIDDEN, "not_an_operator", detail)
            }
            ChangeOrganisationError::Invalid(issues) => Self::invalid(issues),
            ChangeOrganisationError::Contention(error) => error.into(),
            ChangeOrganisationError::Store(error) => error.into(),
        }
    }
}
