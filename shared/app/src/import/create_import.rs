//! Announces an import: a file with this name will be uploaded, to be planned with these options.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::json;
use usher_domain::{Authority, ImportId, InvitationInput, Issue, IssueCode, MembershipId, Organisation, ReservationId};
use usher_import::{DialectOverride, ImportDefaults};
use usher_runtime::random;
use usher_store::{Import, ImportMode, OnIssues, Store, StoreError};

/// The admin who announces an import.
#[derive(Debug, Clone, Copy)]
pub struct Creator {
    /// Their membership.
    pub id: MembershipId,
    /// The highest rank they may give.
    pub rank: u32,
}

/// The options of an import.
#[derive(Debug)]
pub struct NewImport {
    /// The file's name.
    pub filename: String,
    /// Whether an admin reviews the plan.
    pub mode: ImportMode,
    /// What a rejected row does to the file.
    pub on_issues: OnIssues,
    /// What rows get that do not name a role or team.
    pub defaults: ImportDefaults,
    /// How the file is written, where the uploader knows it.
    pub dialect: DialectOverride,
}

/// Why an import was not announced.
#[derive(Debug, thiserror::Error)]
pub enum CreateImportError {
    /// Options are wrong.
    #[error("the import's options are wrong")]
    Invalid {
        /// Issues of the defaults.
        defaults: Vec<Issue>,
        /// Issues of the dialect.
        dialect: Vec<Issue>,
    },
    /// The same idempotency key announced an import with other options.
    #[error("the idempotency key was used for a different import")]
    KeyReused,
    /// The import was deleted while it was announced again.
    #[error("the import was deleted at the same time")]
    Vanished,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The id of a new import. With an idempotency key, a repetition within a day gets the same id.
#[must_use]
pub fn import_id(creator: MembershipId, idempotency_key: Option<&[u8]>, now: Timestamp) -> ImportId {
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
    let Some(key) = idempotency_key else { return ImportId::from_parts(milliseconds, random::bits()) };
    let day = milliseconds - milliseconds % 86_400_000;
    let parts = [b"import".as_slice(), &creator.to_bytes(), &day.to_be_bytes(), key];
    ImportId::from_parts(day, u128::from_be_bytes(ReservationId::derived(&parts).to_bytes()))
}

/// Announces an import with this id. A repetition returns the import that the first request announced.
pub async fn create_import(
    store: &Store,
    organisation: &Organisation,
    creator: Creator,
    id: ImportId,
    new: NewImport,
    now: Timestamp,
) -> Result<Import, CreateImportError> {
    check(organisation, creator, &new)?;
    let NewImport { filename, mode, on_issues, defaults, dialect } = new;
    let import = Import {
        mode,
        on_issues,
        defaults: json!(defaults),
        dialect: json!(dialect),
        created_by: Some(creator.id),
        ..Import::announced(organisation.id, id, filename, now)
    };
    if store.create_import(&import).await? {
        tracing::info!(import = %id, by = %creator.id, "announced an import");
        return Ok(import);
    }
    let known = store.import(organisation.id, id).await?.ok_or(CreateImportError::Vanished)?;
    let options = |import: &Import| {
        let Import { filename, mode, on_issues, defaults, dialect, .. } = import.clone();
        (filename, mode, on_issues, defaults, dialect)
    };
    if options(&known) == options(&import) { Ok(known) } else { Err(CreateImportError::KeyReused) }
}

/// Checks the defaults as a row with the same values would be checked, and the dialect.
fn check(organisation: &Organisation, creator: Creator, new: &NewImport) -> Result<(), CreateImportError> {
    let row = InvitationInput {
        email: "somebody@example.com".into(),
        role: new.defaults.role.as_deref().map(Cow::Borrowed),
        team: new.defaults.team.as_deref().map(Cow::Borrowed),
        ..InvitationInput::default()
    };
    let authority = Authority { rank: Some(creator.rank), default_role: None };
    let mut defaults = organisation.catalogue.validate(&row, authority).err().unwrap_or_default();
    // Rows may name their roles themselves.
    defaults.retain(|issue| issue.code != IssueCode::RoleMissing);
    let dialect: Vec<Issue> = new.dialect.check().into_iter().collect();
    if defaults.is_empty() && dialect.is_empty() {
        return Ok(());
    }
    Err(CreateImportError::Invalid { defaults, dialect })
}
