//! Every key of the bucket.

use usher_domain::{ImportId, OrganisationId};

/// An uploaded object, by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// The file of an import that was announced.
    Announced {
        /// The organisation.
        organisation: OrganisationId,
        /// The import.
        import: ImportId,
    },
    /// A file that nobody announced.
    Dropped {
        /// The organisation.
        organisation: OrganisationId,
        /// The file's name.
        filename: String,
    },
}

impl Arrival {
    /// Reads a key; `None` for one that is neither. A key that ends in `/` is a folder some tool made.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let (door, rest) = key.split_once('/')?;
        let (organisation, rest) = rest.split_once('/')?;
        let organisation = organisation.parse().ok()?;
        if rest.is_empty() || rest.ends_with('/') {
            return None;
        }
        match door {
            "uploads" => {
                let (import, _) = rest.split_once('/')?;
                Some(Self::Announced { organisation, import: import.parse().ok()? })
            }
            "inbox" => Some(Self::Dropped { organisation, filename: rest.to_owned() }),
            _ => None,
        }
    }
}

/// The key of an announced file. Characters of its name that need an escape somewhere become `-`.
#[must_use]
pub fn upload_key(organisation: OrganisationId, import: ImportId, filename: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' };
    let filename: String = filename.chars().map(plain).collect();
    format!("uploads/{organisation}/{import}/{filename}")
}

/// The files of one attempt at planning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFiles {
    folder: String,
}

impl PlanFiles {
    /// The folder of one attempt; `run` tells attempts apart.
    #[must_use]
    pub fn of_run(organisation: OrganisationId, import: ImportId, run: u128) -> Self {
        Self { folder: format!("plans/{organisation}/{import}/{run:032x}") }
    }

    /// The folder that a plan names.
    #[must_use]
    pub fn in_folder(folder: impl Into<String>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The valid rows of a part, counted from 1.
    #[must_use]
    pub fn part(&self, part: u32) -> String {
        format!("{}/part-{part:06}.jsonl", self.folder)
    }

    /// The rows that need no invitation.
    #[must_use]
    pub fn skipped(&self) -> String {
        format!("{}/skipped.jsonl", self.folder)
    }

    /// The rows with issues.
    #[must_use]
    pub fn issues(&self) -> String {
        format!("{}/issues.jsonl", self.folder)
    }

    /// The rejected rows, to correct.
    #[must_use]
    pub fn failed(&self) -> String {
        format!("{}/failed.csv", self.folder)
    }

    /// What became of the first rows of a part before the time was over.
    #[must_use]
    pub fn checkpoint(&self, part: u32, rows: u32) -> String {
        format!("{}/checkpoint-{part:06}-{rows:05}.jsonl", self.folder)
    }

    /// What became of the rows of a part in one delivery.
    #[must_use]
    pub fn result(&self, part: u32, delivery: &str) -> String {
        format!("{}/result-{part:06}-{delivery}.jsonl", self.folder)
    }

    /// The drifted rows of a part, to correct.
    #[must_use]
    pub fn drifted(&self, part: u32, delivery: &str) -> String {
        format!("{}/drifted-{part:06}-{delivery}.csv", self.folder)
    }

    /// The rejected and the drifted rows, to correct.
    #[must_use]
    pub fn failed_and_drifted(&self) -> String {
        format!("{}/failed-and-drifted.csv", self.folder)
    }

    /// How far the results are written: so many pieces.
    #[must_use]
    pub fn results_checkpoint(&self, pieces: u32) -> String {
        format!("{}/results-{pieces:05}.json", self.folder)
    }

    /// Every row and its outcome.
    #[must_use]
    pub fn results(&self) -> String {
        format!("{}/results.csv", self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_whose_file_it_is() {
        let (organisation, import) = (OrganisationId::from_parts(1, 1), ImportId::from_parts(2, 2));
        let key = upload_key(organisation, import, "Leute & Co (2).csv");
        assert!(key.ends_with("/Leute---Co--2-.csv"), "{key}");
        assert_eq!(Arrival::of_key(&key), Some(Arrival::Announced { organisation, import }));
        let dropped = Arrival::of_key(&format!("inbox/{organisation}/people & co.csv"));
        assert_eq!(dropped, Some(Arrival::Dropped { organisation, filename: "people & co.csv".to_owned() }));
    }

    #[test]
    fn other_keys_are_nobodys() {
        let organisation = OrganisationId::from_parts(1, 1);
        for key in [
            String::new(),
            "inbox/people.csv".to_owned(),
            "inbox/acme/people.csv".to_owned(),
            format!("inbox/{organisation}/"),
            format!("inbox/{organisation}/folder/"),
            format!("uploads/{organisation}/people.csv"),
            format!("uploads/{organisation}/x/people.csv"),
            format!("plans/{organisation}/x/people.csv"),
        ] {
            assert_eq!(Arrival::of_key(&key), None, "{key}");
        }
    }
}
