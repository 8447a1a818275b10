//! Imports: from a file in the bucket to invitations and `results.csv`.
//!
//! A file may be planned, and a part applied, any number of times, interrupted anywhere, and beside any other attempt.

mod apply;
mod apply_part;
mod applying;
mod cancel_import;
mod create_import;
mod finish_import;
mod part_rows;
mod plan;
mod plan_import;
mod planning;
mod receive_file;
mod recount;
mod recover_import;
mod results_csv;
mod send_at_once;
mod send_import;

pub use apply_part::apply_part;
pub use applying::{ApplyError, HandOn, ImportApplying};
pub use cancel_import::{CancelImportError, cancel_import};
pub use create_import::{CreateImportError, Creator, NewImport, create_import, import_id};
pub use planning::{ImportPlanning, PlanningError};
pub use receive_file::receive_file;
pub use recount::{RecountError, recount};
pub use recover_import::recover_import;
pub use send_at_once::CAPACITY_EXCEEDED;
pub use send_import::{SendImportError, send_import};
