//! How failures of imports are written as problems.

use http::StatusCode;
use usher_app::import::{CancelImportError, CreateImportError, SendImportError};
use usher_import_files::BucketError;
use usher_store::ImportStatus;

use crate::Problem;

impl Problem {
    /// 409: the import's status does not allow the request.
    #[must_use]
    pub fn import_not_ready(status: ImportStatus) -> Self {
        let name = status.as_str();
        let detail = format!("The import is {}, so this cannot be done now.", name.replace('_', " "));
        Self::new(StatusCode::CONFLICT, "import_not_ready", detail).with("import_status", name)
    }
}

impl From<CreateImportError> for Problem {
    fn from(error: CreateImportError) -> Self {
        match error {
            CreateImportError::Invalid { defaults, dialect } => {
                let defaults = defaults.into_iter().map(|issue| issue.at("defaults."));
                let dialect = dialect.into_iter().map(|issue| issue.at("dialect."));
                Self::invalid(defaults.chain(dialect).collect())
            }
            CreateImportError::KeyReused => Self::key_reused(),
            CreateImportError::Vanished => Self::changed_meanwhile(),
            CreateImportError::Store(error) => error.into(),
        }
    }
}

impl From<SendImportError> for Problem {
    fn from(error: SendImportError) -> Self {
        match error {
            SendImportError::NotFound => Self::not_found(),
            SendImportError::NotReady(status) => Self::import_not_ready(status),
            SendImportError::DigestMismatch(digest) => {
                let detail = "The plan is not the one this digest stands for. Look at the import again, then send it.";
                Self::new(StatusCode::CONFLICT, "digest_mismatch", detail).with("digest", digest)
            }
            SendImportError::CapacityExceeded(exceeded) => Self::capacity_exceeded(&exceeded),
            SendImportError::FilesExpire(at) => {
                let detail = format!(
                    "The files of this import are deleted at {at}, before it can be sent to its end. Upload the file again."
                );
                Self::new(StatusCode::CONFLICT, "import_files_gone", detail)
            }
            SendImportError::Contention(_) => Self::changed_meanwhile(),
            SendImportError::Store(error) => error.into(),
            SendImportError::Bucket(error) => error.into(),
        }
    }
}

impl From<CancelImportError> for Problem {
    fn from(error: CancelImportError) -> Self {
        match error {
            CancelImportError::NotFound => Self::not_found(),
            CancelImportError::Finished(status) => {
                let detail =
                    "The import is at its end; there is nothing left to cancel. Revoke invitations one by one.";
                Self::new(StatusCode::CONFLICT, "import_finished", detail).with("import_status", status)
            }
            CancelImportError::Contention(_) => Self::changed_meanwhile(),
            CancelImportError::Store(error) => error.into(),
        }
    }
}

/// An import is remembered longer than its files, which hold personal data and are deleted when the deployment says.
impl From<BucketError> for Problem {
    fn from(error: BucketError) -> Self {
        match error {
            BucketError::Absent(_) => {
                let detail = "The files of this import are not kept any more. Upload the file again.";
                Self::new(StatusCode::CONFLICT, "import_files_gone", detail)
            }
            BucketError::Call { passing: true, .. } => {
                tracing::warn!(%error, "the bucket did not answer");
                let detail = "The files did not answer in time. Repeat the request in a moment.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
            }
            BucketError::Beyond | BucketError::Call { .. } | BucketError::Damaged { .. } => {
                // Logged only here; the caller does not see it.
                tracing::error!(%error, "the bucket failed");
                let detail = "Something failed on our side. Repeat the request in a moment.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
            }
        }
    }
}
