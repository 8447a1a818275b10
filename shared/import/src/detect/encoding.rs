//! What a file seems to be: text in which encoding, or something else altogether.

use std::collections::BTreeMap;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, ISO_8859_15, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::read::decode::Confidence;
use crate::read::error::FileError;

/// From this many bytes beyond ASCII on, the detector's word for an older encoding is worth more than a guess.
const AMPLE_EVIDENCE: usize = 100;

/// Tells encodings apart. UTF-8 wins if nothing speaks against it, and also if single bytes do: letters of an older
/// encoding hardly ever form one valid sequence, let alone more valid ones than broken ones.
pub(crate) fn encoding(window: &[u8], last: bool) -> (&'static Encoding, Confidence) {
    let (mut whole, mut broken) = (0_usize, 0_usize);
    let mut chunks = window.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        whole += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        let cut_off = chunks.peek().is_none() && !last;
        broken += usize::from(!chunk.invalid().is_empty() && !cut_off);
    }
    if broken == 0 {
        return (UTF_8, Confidence::High);
    }
    if whole > broken {
        return (UTF_8, Confidence::Low);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(window, last);
    let evidence = window.iter().filter(|byte| !byte.is_ascii()).count();
    let confidence = if evidence >= AMPLE_EVIDENCE { Confidence::High } else { Confidence::Low };
    let guess = detector.guess(country(window).as_ref().map(|country| &country[..]), Utf8Detection::Deny);
    match guess {
        guess if guess == WINDOWS_1252 && has_late_latin(window) => (ISO_8859_15, Confidence::Low),
        // The newer of the two reads whatever the older one does, and writes every letter back.
        older if older == GBK => (GB18030, confidence),
        // Where it makes no difference, the most usual one.
        other if other.decode_without_bom_handling(window) == WINDOWS_1252.decode_without_bom_handling(window) => {
            (WINDOWS_1252, confidence)
        }
        other => (other, confidence),
    }
}

/// The country most addresses are of, which tells encodings apart that share their bytes.
fn country(window: &[u8]) -> Option<[u8; 2]> {
    let mut counts: BTreeMap<[u8; 2], usize> = BTreeMap::new();
    for (at, _) in window.iter().enumerate().filter(|(_, byte)| **byte == b'@') {
        let domain =
            window[at + 1..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        let domain: Vec<u8> = domain.map(u8::to_ascii_lowercase).collect();
        // The detector takes letters, and stops at anything else.
        if let [.., b'.', first @ b'a'..=b'z', second @ b'a'..=b'z'] = domain[..] {
            *counts.entry([first, second]).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(country, _)| country)
}

/// Whether bytes stand inside words that are letters in ISO-8859-15, and fractions and the like in windows-1252, whose own
/// letters and signs in turn are not there. No detector offers this encoding: the two differ in eight bytes.
fn has_late_latin(window: &[u8]) -> bool {
    let is_letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte >= 0xc0);
    // Š, š, ž, Œ, œ and Ÿ; but not Ž, whose byte many type as an apostrophe.
    let is_late = |byte: &u8| matches!(byte, 0xa6 | 0xa8 | 0xb8 | 0xbc | 0xbd | 0xbe);
    let inside = |at: usize| is_letter(window.get(at + 1)) || (at > 0 && is_letter(window.get(at - 1)));
    !window.iter().any(|byte| (0x80..0xa0).contains(byte))
        && window.iter().enumerate().any(|(at, byte)| is_late(byte) && inside(at))
}

/// What begins like text.
pub(crate) enum Content {
    /// Text that spells ASCII as ASCII does.
    Ascii,
    /// UTF-16 without a mark.
    Utf16(&'static Encoding),
}

/// Tells text from other things by its beginning.
pub(crate) fn content(opening: &[u8]) -> Result<Content, FileError> {
    // In UTF-16 half of every Western character is zero, always the same half; of others hardly any is.
    let zeros = |half: usize| opening.iter().skip(half).step_by(2).filter(|byte| **byte == 0).count();
    let many = opening.len() * 3 / 20;
    match (zeros(0), zeros(1)) {
        (0, 0) => Ok(Content::Ascii),
        (even, odd) if odd >= many && even * 10 <= odd => Ok(Content::Utf16(UTF_16LE)),
        (even, odd) if even >= many && odd * 10 <= even => Ok(Content::Utf16(UTF_16BE)),
        _ => Err(FileError::NotText { seems: "a binary file", remedy: EXPORT }),
    }
}

const EXPORT: &str = "open it in the program it comes from and save or export it as CSV (UTF-8)";
const SPREADSHEET: &str =
    "open it and save it as CSV UTF-8: in Excel under File, Save As; in Google Sheets under File, Download";
const UNPACK: &str = "unpack it and upload the CSV file inside";

/// Refuses what begins like something well known that is no list of people, and says what to do about it.
pub(crate) fn something_else(opening: &[u8]) -> Result<(), FileError> {
    match known(opening) {
        Some((seems, remedy)) => Err(FileError::NotText { seems, remedy }),
        None => Ok(()),
    }
}

fn known(opening: &[u8]) -> Option<(&'static str, &'static str)> {
    let contains = |needle: &[u8]| opening.windows(needle.len()).any(|window| window == needle);
    let begins = |magic: &[u8]| opening.starts_with(magic);
    if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") {
        return Some(if contains(b"xl/") || contains(b"[Content_Types].xml") {
            ("an Excel workbook (.xlsx)", SPREADSHEET)
        } else if contains(b"opendocument.spreadsheet") {
            ("an OpenDocument spreadsheet (.ods)", SPREADSHEET)
        } else {
            ("a ZIP archive", UNPACK)
        });
    }
    let known: [(&[u8], _, _); 14] = [
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", SPREADSHEET),
        (b"%PDF-", "a PDF document", EXPORT),
        (b"\x1f\x8b", "a gzip archive", UNPACK),
        (b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
        (b"\x89PNG", "a picture (PNG)", EXPORT),
        (b"\xff\xd8\xff", "a picture (JPEG)", EXPORT),
        (b"GIF8", "a picture (GIF)", EXPORT),
        (b"{\\rtf", "a formatted text (.rtf)", EXPORT),
        (b"\xff\xfe\0\0", "a text in UTF-32", EXPORT),
        (b"\0\0\xfe\xff", "a text in UTF-32", EXPORT),
        (b"PAR1", "a Parquet file", EXPORT),
        (b"BZh", "a bzip2 archive", UNPACK),
        (b"Rar!", "a RAR archive", UNPACK),
        (b"RIFF", "a picture (WebP)", EXPORT),
    ];
    if let Some((_, seems, remedy)) = known.iter().find(|(magic, ..)| begins(magic)) {
        return Some((seems, remedy));
    }
    // The same in UTF-16, whose every other byte is zero here.
    let narrow: Vec<u8> = opening.iter().copied().filter(|byte| *byte != 0).collect();
    let marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
    let head = marks.iter().find_map(|mark| narrow.strip_prefix(*mark)).unwrap_or(&narrow).trim_ascii_start();
    let begins_tag = |tag: &[u8]| head.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
    if begins_tag(b"<!doctype html") || begins_tag(b"<html") || begins_tag(b"<table") {
        return Some(("a web page (HTML)", EXPORT));
    }
    if begins_tag(b"<?xml") {
        return Some(("an XML file", EXPORT));
    }
    if begins_tag(b"begin:vcard") {
        return Some(("a card file (.vcf)", EXPORT));
    }
    let of_mail: [&[u8]; 6] =
        [b"from: ", b"return-path:", b"received:", b"delivered-to:", b"mime-version:", b"message-id:"];
    if of_mail.iter().any(|field| begins_tag(field)) {
        return Some(("a mail (.eml)", EXPORT));
    }
    if begins_tag(b"insert into ") || begins_tag(b"create table ") {
        return Some(("an SQL script", EXPORT));
    }
    let follows =
        |open: u8| (head.first() == Some(&open)).then(|| head[1..].trim_ascii_start().first().copied()).flatten();
    let is_json = matches!(follows(b'['), Some(b'{' | b'[')) || follows(b'{') == Some(b'"');
    is_json.then_some(("a JSON file", EXPORT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_things_are_refused_by_name() {
        let refused = |bytes: &[u8]| {
            let error = something_else(bytes).and_then(|()| content(bytes).map(drop)).expect_err("refused");
            assert_eq!(error.code(), "file_not_text");
            error.to_string()
        };
        assert!(refused(b"PK\x03\x04\x14\0\x06\0[Content_Types].xml").contains(".xlsx"));
        assert!(refused(b"PK\x03\x04\x14\0\x06\0people.csv").contains("ZIP"));
        assert!(refused(b"%PDF-1.7\n%\xe2").contains("PDF"));
        assert!(refused(b"  <!DOCTYPE html><html>").contains("HTML"));
        assert!(refused(b"email\0\0\x01\x02,name").contains("binary"));
    }
}
