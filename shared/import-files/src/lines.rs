//! An object line by line, in as much memory as its longest line.

use serde::de::DeserializeOwned;

use crate::bucket::{Bucket, Object};
use crate::error::BucketError;

/// One line and where it begins in the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The offset of its first byte.
    pub offset: u64,
    /// Its bytes, without the end of the line.
    pub bytes: Vec<u8>,
}

/// The lines of an object.
#[derive(Debug)]
pub struct Lines {
    object: Object,
    splitter: Splitter,
}

impl Object {
    /// Its lines.
    #[must_use]
    pub fn lines(self) -> Lines {
        Lines::new(self, 0)
    }
}

impl Bucket {
    /// The lines of an object from an offset on.
    pub async fn lines_from(&self, key: &str, offset: u64) -> Result<Lines, BucketError> {
        let range = (offset > 0).then(|| format!("bytes={offset}-"));
        Ok(Lines::new(self.get(key, None, range).await?, offset))
    }
}

impl Lines {
    fn new(object: Object, offset: u64) -> Self {
        Self { object, splitter: Splitter { offset, ..Splitter::default() } }
    }

    /// Where the next line begins.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.splitter.offset
    }

    /// The next line; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Line>, BucketError> {
        loop {
            if let Some(line) = self.splitter.next() {
                return Ok(Some(line));
            }
            match self.object.chunk().await? {
                Some(chunk) => self.splitter.feed(&chunk),
                None => return Ok(self.splitter.rest()),
            }
        }
    }

    /// The next line, as JSON of a type.
    pub async fn next_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, BucketError> {
        let Some(line) = self.next().await? else { return Ok(None) };
        // The error of serde may quote the line, which is personal data.
        let damaged = |_| BucketError::damaged(&self.object.key, format!("the line at byte {}", line.offset));
        serde_json::from_slice(&line.bytes).map(Some).map_err(damaged)
    }
}

#[derive(Debug, Default)]
struct Splitter {
    held: Vec<u8>,
    start: usize,
    /// How far the search for a line end has come.
    searched: usize,
    offset: u64,
}

impl Splitter {
    fn feed(&mut self, chunk: &[u8]) {
        self.held.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.held.extend_from_slice(chunk);
    }

    fn next(&mut self) -> Option<Line> {
        let Some(length) = self.held[self.searched..].iter().position(|byte| *byte == b'\n') else {
            self.searched = self.held.len();
            return None;
        };
        let end = self.searched + length;
        Some(self.take(end, end + 1))
    }

    /// The rest after the last line end.
    fn rest(&mut self) -> Option<Line> {
        let end = self.held.len();
        (end > self.start).then(|| self.take(end, end))
    }

    fn take(&mut self, end: usize, next: usize) -> Line {
        let line = Line { offset: self.offset, bytes: self.held[self.start..end].to_vec() };
        self.offset += (next - self.start) as u64;
        (self.start, self.searched) = (next, next);
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_the_object_arrives() {
        let text = b"one\n\nthree\nlast";
        for chunk in 1..=text.len() {
            let (mut splitter, mut lines) = (Splitter::default(), Vec::new());
            for piece in text.chunks(chunk) {
                splitter.feed(piece);
                lines.extend(std::iter::from_fn(|| splitter.next()));
            }
            lines.extend(splitter.rest());
            let lines: Vec<_> = lines.into_iter().map(|line| (line.offset, line.bytes)).collect();
            let expected = [(0, b"one".to_vec()), (4, Vec::new()), (5, b"three".to_vec()), (11, b"last".to_vec())];
            assert_eq!(lines, expected, "chunks of {chunk}");
        }
    }
}
