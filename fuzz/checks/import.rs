//! What must be true of the plan of any bytes: decoder, dialect, header and rows.
//!
//! The input is the file itself, so every fixture is a seed. Its bytes decide where it is cut into chunks. The fuzzer and
//! a story (`tests/tests/it/random_files.rs`) both run this.

use std::sync::LazyLock;

use usher_domain::Organisation;
use usher_import::{
    Counts, DialectOverride, DialectReport, FileError, ImportDefaults, Outcome, Planner, Rejection, Row, rejected_csv,
};

/// The organisation that the rows are validated against.
static ACME: LazyLock<Organisation> =
    LazyLock::new(|| serde_json::from_str(include_str!("organisation.json")).expect("an organisation"));

/// Longer than every window of the planner, so that the input comes after all of them.
const PREAMBLE_BYTES: usize = 140 * 1024;

struct Plan {
    rows: Vec<Row>,
    counts: Counts,
    report: DialectReport,
}

/// Sizes of chunks: a few bytes, up to all of a small file, in an order that depends on the file alone.
struct Chunks {
    state: u64,
}

impl Chunks {
    /// FNV-1a of the file, so that one more byte means other chunks.
    fn of(file: &[u8]) -> Self {
        let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self { state: file.iter().fold(0xcbf2_9ce4_8422_2325, hash) | 1 }
    }

    fn next(&mut self) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let most = [1, 4, 64, 5_000, 100_000][(self.state % 5) as usize];
        1 + (self.state >> 32) as usize % most
    }
}

fn plan(file: &[u8], mut chunk: impl FnMut() -> usize) -> Result<Plan, FileError> {
    let mut planner = Planner::new(&ACME, Some(30), ImportDefaults::default(), DialectOverride::default());
    let (mut rows, mut rest) = (Vec::new(), file);
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(chunk().min(rest.len()));
        rest = tail;
        planner.feed(piece)?;
        while let Some(row) = planner.next_row() {
            let _ = planner.cells();
            rows.push(row);
        }
    }
    planner.finish()?;
    rows.extend(std::iter::from_fn(|| planner.next_row()));
    Ok(Plan { rows, counts: planner.counts(), report: planner.report().expect("a plan without an error has a layout") })
}

fn rejections(plan: &Plan) -> impl Iterator<Item = &Rejection> {
    plan.rows.iter().filter_map(|row| match &row.outcome {
        Outcome::Rejected(rejection) => Some(rejection),
        Outcome::Valid(_) | Outcome::Duplicate { .. } => None,
    })
}

/// Plans the file whole and in chunks, and checks what the plan promises.
fn check_plan(file: &[u8]) {
    let mut chunks = Chunks::of(file);
    let (whole, pieces) = (plan(file, || file.len()), plan(file, || chunks.next()));
    let (whole, pieces) = match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => (whole, pieces),
        (Err(whole), Err(pieces)) => return assert_eq!(whole, pieces, "chunks change why the file is refused"),
        (whole, pieces) => panic!("chunks change whether the file is refused: {:?}, {:?}", whole.err(), pieces.err()),
    };
    assert_eq!(whole.report, pieces.report, "chunks change how the file is read");
    assert!(whole.rows == pieces.rows, "chunks change what is read");

    let Counts { rows, valid, rejected, ignored_duplicates } = whole.counts;
    assert_eq!(rows, valid + rejected + ignored_duplicates, "every row has one outcome");
    assert_eq!(rows as usize, whole.rows.len(), "every row is counted");
    assert_eq!(rejected as usize, rejections(&whole).count());
    assert!(whole.rows.iter().all(|row| row.line > 0));
    assert!(whole.rows.is_sorted_by_key(|row| row.line), "lines go back");
    assert!(rejections(&whole).all(|rejection| !rejection.issues.is_empty()), "rejected without a reason");

    let kept = rejections(&whole).any(|rejection| rejection.cells.iter().any(|cell| !cell.trim().is_empty()));
    if kept {
        let failed = rejected_csv(&whole.report, true, rejections(&whole));
        // The rejected rows alone may be read in another dialect than the whole file; but they can be read.
        let _ = plan(&failed, || failed.len());
    }
}

/// Checks a file; some files also behind so much plain text that it passes all windows.
pub(crate) fn check(file: &[u8]) {
    check_plan(file);
    if file.len() % 64 == 63 {
        let mut late = Vec::from("email,name\n");
        let mut number = 0_u32;
        while late.len() < PREAMBLE_BYTES {
            late.extend_from_slice(format!("person{number}@company.example,Somebody\n").as_bytes());
            number += 1;
        }
        late.extend_from_slice(file);
        check_plan(&late);
    }
}
