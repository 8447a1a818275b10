//! A file of people that is never there as a whole.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

const CHUNK_BYTES: usize = 64 * 1024;

/// Makes the file chunk by chunk.
pub struct File {
    rows: u32,
    people: u32,
    next: u32,
    chunk: Vec<u8>,
    read: usize,
    /// How long making it took, which is no time of whoever reads it.
    pub spent: Duration,
}

impl File {
    /// A file of so many rows, about so many people: beyond them, the rows come again.
    pub fn new(rows: u32, people: u32) -> Self {
        let chunk = Vec::with_capacity(CHUNK_BYTES + 128);
        Self { rows, people, next: 0, chunk, read: 0, spent: Duration::ZERO }
    }

    /// The next part of it.
    pub fn chunk(&mut self) -> Option<&[u8]> {
        let begun = Instant::now();
        self.chunk.clear();
        if self.next == 0 {
            self.chunk.extend_from_slice(b"email,name,role,team\n");
        }
        while self.chunk.len() < CHUNK_BYTES && self.next < self.rows {
            let (n, chunk) = (self.next % self.people, &mut self.chunk);
            writeln!(chunk, "person.{n}@company{}.example,Person {n},sales_rep,SMB", n % 97).expect("memory");
            self.next += 1;
        }
        self.spent += begun.elapsed();
        (!self.chunk.is_empty()).then_some(&self.chunk)
    }

    /// All of it.
    pub fn bytes(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk() {
            bytes.extend_from_slice(chunk);
        }
        bytes
    }
}

impl Read for File {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.read == self.chunk.len() {
            self.read = 0;
            self.chunk();
        }
        let length = out.len().min(self.chunk.len() - self.read);
        out[..length].copy_from_slice(&self.chunk[self.read..self.read + length]);
        self.read += length;
        Ok(length)
    }
}
