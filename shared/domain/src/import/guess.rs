//! What a file seems to be: text in which encoding, or something else altogether.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::decode::Confidence;
use super::error::FileError;

/// From this many bytes beyond ASCII on, the detector's word for an older encoding is worth more than a guess.
const AMPLE_EVIDENCE: usize = 100;

/// Tells encodings apart. UTF-8 wins if nothing speaks against it, and also if single bytes do: letters of an older
/// encoding hardly ever form one valid sequence, let alone more valid ones than broken ones.
pub(super) fn encoding(window: &[u8], last: bool) -> (&'static Encoding, Confidence) {
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
    (detector.guess(None, Utf8Detection::Deny), confidence)
}

/// What begins like text.
pub(super) enum Content {
    /// Text that spells ASCII as ASCII does.
    Ascii,
    /// UTF-16 without a mark.
    Utf16(&'static Encoding),
}

/// Tells text from other things by its beginning.
pub(super) fn content(opening: &[u8]) -> Result<Content, FileError> {
    if let Some((seems, remedy)) = something_else(opening) {
        return Err(FileError::NotText { seems, remedy });
    }
    // In UTF-16 half of every Western character is zero, always the same half.
    let zeros = |half: usize| opening.iter().skip(half).step_by(2).filter(|byte| **byte == 0).count();
    let most = opening.len() * 2 / 5;
    match (zeros(0), zeros(1)) {
        (0, 0) => Ok(Content::Ascii),
        (0, odd) if odd >= most => Ok(Content::Utf16(UTF_16LE)),
        (even, 0) if even >= most => Ok(Content::Utf16(UTF_16BE)),
        _ => Err(FileError::NotText { seems: "a binary file", remedy: EXPORT }),
    }
}

const EXPORT: &str = "open it in the program it comes from and save or export it as CSV (UTF-8)";
const SPREADSHEET: &str =
    "open it and save it as CSV UTF-8: in Excel under File, Save As; in Google Sheets under File, Download";
const UNPACK: &str = "unpack it and upload the CSV file inside";

/// What a file is that begins like this, if it is something well known, and what to do about it.
fn something_else(opening: &[u8]) -> Option<(&'static str, &'static str)> {
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
    let known: [(&[u8], _, _); 9] = [
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", SPREADSHEET),
        (b"%PDF-", "a PDF document", EXPORT),
        (b"\x1f\x8b", "a gzip archive", UNPACK),
        (b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
        (b"\x89PNG", "a picture (PNG)", EXPORT),
        (b"\xff\xd8\xff", "a picture (JPEG)", EXPORT),
        (b"GIF8", "a picture (GIF)", EXPORT),
        (b"{\\rtf", "a formatted text (.rtf)", EXPORT),
        (b"PAR1", "a Parquet file", EXPORT),
    ];
    if let Some((_, seems, remedy)) = known.iter().find(|(magic, ..)| begins(magic)) {
        return Some((seems, remedy));
    }
    let head = opening.trim_ascii_start();
    let begins_tag = |tag: &[u8]| head.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
    if begins_tag(b"<!doctype html") || begins_tag(b"<html") {
        return Some(("a web page (HTML)", EXPORT));
    }
    (begins_tag(b"<?xml")).then_some(("an XML file", EXPORT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_things_are_refused_by_name() {
        let refused = |bytes: &[u8]| {
            let error = content(bytes).map(drop).expect_err("refused");
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
