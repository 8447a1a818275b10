//! Media types of the files.

/// The media type of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Its media type.
    pub content_type: String,
    /// The `Content-Disposition` header.
    pub disposition: Option<String>,
}

impl Media {
    /// JSON, a document a line.
    #[must_use]
    pub fn json_lines() -> Self {
        Self { content_type: "application/jsonl".to_owned(), disposition: None }
    }

    /// A table to be saved under this name, in this encoding.
    #[must_use]
    pub fn csv(filename: &str, encoding: &str) -> Self {
        Self {
            content_type: format!("text/csv; charset={}", encoding.to_lowercase()),
            disposition: Some(format!("attachment; filename=\"{filename}\"")),
        }
    }
}
