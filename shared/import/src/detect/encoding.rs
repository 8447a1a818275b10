//! Detects the encoding of a text.

use std::collections::BTreeMap;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, ISO_8859_15, UTF_8, WINDOWS_1252};

use crate::read::decode::Confidence;

/// With so many bytes beyond ASCII, the detector is reliable.
const AMPLE_EVIDENCE: usize = 100;

/// Detects the encoding. UTF-8 wins if all of it is valid, and also if more sequences are valid than broken: letters of an older
/// encoding hardly ever form a valid sequence by chance.
pub(crate) fn detect_encoding(window: &[u8], last: bool) -> (&'static Encoding, Confidence) {
    let (mut valid, mut broken) = (0_usize, 0_usize);
    let mut chunks = window.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        valid += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        let cut_off = chunks.peek().is_none() && !last;
        broken += usize::from(!chunk.invalid().is_empty() && !cut_off);
    }
    if broken == 0 {
        return (UTF_8, Confidence::High);
    }
    if valid > broken {
        return (UTF_8, Confidence::Low);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(window, last);
    let evidence = window.iter().filter(|byte| !byte.is_ascii()).count();
    let confidence = if evidence >= AMPLE_EVIDENCE { Confidence::High } else { Confidence::Low };
    let guess = detector.guess(country(window).as_ref().map(|country| &country[..]), Utf8Detection::Deny);
    match guess {
        guess if guess == WINDOWS_1252 && has_late_latin(window) => (ISO_8859_15, Confidence::Low),
        // GB18030 reads everything that GBK reads, and can write every letter back.
        older if older == GBK => (GB18030, confidence),
        // Where both decode to the same text, the more common one.
        other if other.decode_without_bom_handling(window) == WINDOWS_1252.decode_without_bom_handling(window) => {
            (WINDOWS_1252, confidence)
        }
        other => (other, confidence),
    }
}

/// The country code of most addresses. It tells apart encodings that use the same bytes.
fn country(window: &[u8]) -> Option<[u8; 2]> {
    let mut counts: BTreeMap<[u8; 2], usize> = BTreeMap::new();
    for (at, _) in window.iter().enumerate().filter(|(_, byte)| **byte == b'@') {
        let domain =
            window[at + 1..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        let domain: Vec<u8> = domain.map(u8::to_ascii_lowercase).collect();
        // The detector accepts only letters.
        if let [.., b'.', first @ b'a'..=b'z', second @ b'a'..=b'z'] = domain[..] {
            *counts.entry([first, second]).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(country, _)| country)
}

/// Whether words contain bytes that are letters in ISO-8859-15 but fractions and signs in windows-1252, while letters of only
/// windows-1252 are absent. The detector does not know ISO-8859-15: the two differ in eight bytes.
fn has_late_latin(window: &[u8]) -> bool {
    let is_letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte >= 0xc0);
    // Š, š, ž, Œ, œ and Ÿ; but not Ž, because many people type its byte as an apostrophe.
    let is_late = |byte: &u8| matches!(byte, 0xa6 | 0xa8 | 0xb8 | 0xbc | 0xbd | 0xbe);
    let inside = |at: usize| is_letter(window.get(at + 1)) || (at > 0 && is_letter(window.get(at - 1)));
    !window.iter().any(|byte| (0x80..0xa0).contains(byte))
        && window.iter().enumerate().any(|(at, byte)| is_late(byte) && inside(at))
}
