//! Decodes bytes to text, and reports how certain the encoding is.
//!
//! Every encoding read here, except UTF-16, extends ASCII. So the encoding matters only from the first byte beyond ASCII on:
//! the decision waits for that byte, however late it comes, and is then made from what follows. One pass is enough, because
//! text that was handed out never changes.

use std::collections::VecDeque;
use std::ops::Range;

use encoding_rs::{DecoderResult, Encoding, UTF_8};
use serde::{Deserialize, Serialize};

use super::content::{TextKind, kind_of_text, refuse_other_formats};
use super::error::FileError;

/// How much of the beginning tells text from other formats.
const OPENING_BYTES: usize = 4 * 1024;
/// How much text, from just before the first byte beyond ASCII on, decides the encoding.
const WINDOW_BYTES: usize = 64 * 1024;
/// How much of it comes before that byte: a detector judges a letter by its neighbours.
const BEFORE_BYTES: usize = 64;

/// Decides the encoding of a text from a part of it; `last`: the part is the end of the file. It is passed in, because
/// detection builds on reading and not the other way round.
pub(crate) type DetectEncoding = fn(window: &[u8], last: bool) -> (&'static Encoding, Confidence);

/// How certain the encoding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The file declares it, or all of it is ASCII.
    Certain,
    /// Another encoding is very unlikely.
    High,
    /// A guess from few bytes: check the first line it matters on.
    Low,
}

/// What is known about the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) encoding: &'static Encoding,
    pub(crate) byte_order_mark: bool,
    pub(crate) confidence: Confidence,
    /// The position of the first letter beyond ASCII, in bytes of all text handed out, where the encoding was detected.
    pub(crate) first_letter: Option<u64>,
}

/// A byte that the encoding has no character for. The text has U+FFFD instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Undecodable {
    /// The position of the replacement, in bytes of all text handed out.
    pub(crate) text: u64,
    /// The position of the byte in the file.
    pub(crate) byte: u64,
}

enum Stage {
    /// Collecting the opening.
    Opening,
    /// Only ASCII so far.
    Ascii,
    /// Collecting what follows the first byte beyond ASCII.
    Deciding,
    Decoding(encoding_rs::Decoder),
}

/// A streaming decoder: chunks of bytes in, text out.
pub(crate) struct Decoder {
    stage: Stage,
    held: Vec<u8>,
    finding: Finding,
    undecodable: VecDeque<Undecodable>,
    /// Bytes decoded and text handed out so far.
    decoded: u64,
    emitted: u64,
    /// The encoding the uploader named.
    known: Option<&'static Encoding>,
    detect: DetectEncoding,
}

impl Decoder {
    /// `known`: the encoding, where the uploader names it.
    pub(crate) fn new(known: Option<&'static Encoding>, detect: DetectEncoding) -> Self {
        let finding =
            Finding { encoding: UTF_8, byte_order_mark: false, confidence: Confidence::Certain, first_letter: None };
        Self {
            stage: Stage::Opening,
            held: Vec::new(),
            finding,
            undecodable: VecDeque::new(),
            decoded: 0,
            emitted: 0,
            known,
            detect,
        }
    }

    pub(crate) fn finding(&self) -> Finding {
        self.finding
    }

    /// The first undecodable byte of this part of the text. Callers ask for parts in order.
    pub(crate) fn undecodable_in(&mut self, text: Range<u64>) -> Option<u64> {
        let mut first = None;
        while let Some(bad) = self.undecodable.pop_front_if(|bad| bad.text < text.end) {
            first = first.or((bad.text >= text.start).then_some(bad.byte));
        }
        first
    }

    /// Forgets undecodable bytes before this position of the text.
    pub(crate) fn forget_before(&mut self, text: u64) {
        while self.undecodable.pop_front_if(|bad| bad.text < text).is_some() {}
    }

    /// Decodes one more chunk onto `out`. Only the opening can be refused.
    pub(crate) fn feed(&mut self, bytes: &[u8], last: bool, out: &mut String) -> Result<(), FileError> {
        match self.stage {
            Stage::Opening => {
                self.held.extend_from_slice(bytes);
                if self.held.len() < OPENING_BYTES && !last {
                    return Ok(());
                }
                let held = std::mem::take(&mut self.held);
                let opening = &held[..held.len().min(OPENING_BYTES)];
                let text = &held[self.open(opening)?..];
                match self.stage {
                    Stage::Decoding(_) => self.decode(text, last, out),
                    _ => self.pass_ascii(text, last, out),
                }
            }
            Stage::Ascii => self.pass_ascii(bytes, last, out),
            Stage::Deciding => self.decide(bytes, last, out),
            Stage::Decoding(_) => self.decode(bytes, last, out),
        }
        Ok(())
    }

    /// Examines the beginning, and returns how many bytes of it are a byte order mark.
    fn open(&mut self, opening: &[u8]) -> Result<usize, FileError> {
        refuse_other_formats(opening)?;
        let mark = Encoding::for_bom(opening).filter(|(encoding, _)| self.known.is_none_or(|known| known == *encoding));
        if let Some((encoding, length)) = mark {
            self.begin(encoding);
            self.finding.byte_order_mark = true;
            self.decoded = length as u64;
            return Ok(length);
        }
        if let Some(known) = self.known {
            self.begin(known);
            return Ok(0);
        }
        match kind_of_text(opening)? {
            TextKind::Ascii => self.stage = Stage::Ascii,
            TextKind::Utf16(encoding) => {
                self.begin(encoding);
                self.finding.confidence = Confidence::High;
            }
        }
        Ok(0)
    }

    fn begin(&mut self, encoding: &'static Encoding) {
        self.finding.encoding = encoding;
        self.stage = Stage::Decoding(encoding.new_decoder_without_bom_handling());
    }

    fn pass_ascii(&mut self, bytes: &[u8], last: bool, out: &mut String) {
        let mut held = std::mem::take(&mut self.held);
        let kept = if last { 0 } else { BEFORE_BYTES };
        if bytes.len() >= kept && bytes.is_ascii() {
            self.hand_on(&held, out);
            let (passed, rest) = bytes.split_at(bytes.len() - kept);
            self.hand_on(passed, out);
            held.clear();
            held.extend_from_slice(rest);
            self.held = held;
            return;
        }
        held.extend_from_slice(bytes);
        let ascii = Encoding::ascii_valid_up_to(&held);
        if ascii == held.len() {
            let passed = ascii.saturating_sub(kept);
            self.hand_on(&held[..passed], out);
            held.drain(..passed);
            self.held = held;
            return;
        }
        let before = ascii.saturating_sub(BEFORE_BYTES);
        self.hand_on(&held[..before], out);
        self.finding.first_letter = Some(self.emitted + (ascii - before) as u64);
        self.stage = Stage::Deciding;
        self.decide(&held[before..], last, out);
    }

    fn hand_on(&mut self, ascii: &[u8], out: &mut String) {
        self.decoded += ascii.len() as u64;
        self.emitted += ascii.len() as u64;
        out.push_str(str::from_utf8(ascii).unwrap_or_default());
    }

    fn decide(&mut self, bytes: &[u8], last: bool, out: &mut String) {
        self.held.extend_from_slice(bytes);
        if self.held.len() < WINDOW_BYTES && !last {
            return;
        }
        let held = std::mem::take(&mut self.held);
        // Always the same amount, so that the choice does not depend on how the file is chunked.
        let window = &held[..held.len().min(WINDOW_BYTES)];
        let (encoding, confidence) = (self.detect)(window, last && window.len() == held.len());
        self.begin(encoding);
        self.finding.confidence = confidence;
        self.decode(&held, last, out);
    }

    fn decode(&mut self, bytes: &[u8], last: bool, out: &mut String) {
        let Stage::Decoding(decoder) = &mut self.stage else { return };
        let mut rest = bytes;
        loop {
            let before = out.len();
            out.reserve(decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(rest.len()));
            let (result, read) = decoder.decode_to_string_without_replacement(rest, out, last);
            self.decoded += read as u64;
            self.emitted += (out.len() - before) as u64;
            rest = &rest[read..];
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, after) => {
                    let byte = self.decoded.saturating_sub(u64::from(length) + u64::from(after));
                    self.undecodable.push_back(Undecodable { text: self.emitted, byte });
                    out.push(char::REPLACEMENT_CHARACTER);
                    self.emitted += char::REPLACEMENT_CHARACTER.len_utf8() as u64;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::encoding::detect_encoding;

    fn decode_in(bytes: &[u8], chunk: usize) -> (String, Decoder) {
        let (mut decoder, mut out) = (Decoder::new(None, detect_encoding), String::new());
        for piece in bytes.chunks(chunk) {
            decoder.feed(piece, false, &mut out).expect("text");
        }
        decoder.feed(&[], true, &mut out).expect("text");
        (out, decoder)
    }

    fn read(bytes: &[u8]) -> (String, &'static str, Confidence) {
        let (text, decoder) = decode_in(bytes, bytes.len().max(1));
        for chunk in [1, 7] {
            let (again, other) = decode_in(bytes, chunk);
            assert_eq!((&again, other.finding), (&text, decoder.finding), "chunks of {chunk} change nothing");
        }
        (text, decoder.finding.encoding.name(), decoder.finding.confidence)
    }

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn marks_and_ascii_are_certain() {
        assert_eq!(read(b"email\na@b.c"), ("email\na@b.c".into(), "UTF-8", Confidence::Certain));
        assert_eq!(read("\u{feff}Søren".as_bytes()), ("Søren".into(), "UTF-8", Confidence::Certain));
        for (little, name) in [(true, "UTF-16LE"), (false, "UTF-16BE")] {
            assert_eq!(read(&utf16("\u{feff}email,Søren", little)), ("email,Søren".into(), name, Confidence::Certain));
            assert_eq!(read(&utf16("email,Søren", little)), ("email,Søren".into(), name, Confidence::High));
        }
        assert_eq!(read(b"").0, "");
    }

    #[test]
    fn the_first_byte_beyond_ascii_may_come_late() {
        let mut bytes = "plain,line\r\n".repeat(20_000).into_bytes();
        let plain = bytes.len() as u64;
        bytes.extend_from_slice(b"Klara Wei\xdf,Luis Mu\xf1oz\r\n");
        let (text, decoder) = decode_in(&bytes, 10_000);
        assert!(text.ends_with("Klara Weiß,Luis Muñoz\r\n") && text.len() == bytes.len() + 2);
        assert_eq!(decoder.finding.encoding.name(), "windows-1252");
        assert_eq!(decoder.finding.first_letter, Some(plain + "Klara Wei".len() as u64));
        assert_eq!(decoder.finding.confidence, Confidence::Low);
    }

    #[test]
    fn a_broken_byte_in_utf_8_is_named_by_its_position() {
        let mut bytes = "Søren, Kjær, Åse\n".as_bytes().to_vec();
        let place = bytes.len() as u64 + 1;
        bytes.extend_from_slice(b"W\xdfx\n");
        let (text, mut decoder) = decode_in(&bytes, 3);
        assert_eq!(text, "Søren, Kjær, Åse\nW\u{fffd}x\n");
        assert_eq!(decoder.undecodable_in(0..u64::MAX), Some(place));
        assert_eq!(decoder.undecodable_in(0..u64::MAX), None);
    }

    #[test]
    fn other_encodings_are_detected() {
        let text = "山田太郎,東京都渋谷区,よろしくお願いします。".repeat(4);
        let (bytes, ..) = encoding_rs::SHIFT_JIS.encode(&text);
        assert_eq!(read(&bytes), (text, "Shift_JIS", Confidence::High));
        let text = "Zażółć gęślą jaźń, proszę bardzo; źdźbło\n".repeat(12);
        let (bytes, ..) = encoding_rs::WINDOWS_1250.encode(&text);
        assert_eq!(read(&bytes), (text, "windows-1250", Confidence::High));
    }
}
