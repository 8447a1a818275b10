//! The membership that a path names.

use usher_domain::MembershipId;
use usher_http::Problem;

/// The id. A malformed one is treated like one that does not exist.
pub(crate) fn membership_id(text: &str) -> Result<MembershipId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}
