//! Tells text from other kinds of files by their beginning.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::error::FileError;

/// Two kinds of text.
pub(crate) enum TextKind {
    /// Text in an encoding that extends ASCII.
    Ascii,
    /// UTF-16 without a byte order mark.
    Utf16(&'static Encoding),
}

/// Tells the two kinds of text apart, and refuses binary files.
pub(crate) fn kind_of_text(opening: &[u8]) -> Result<TextKind, FileError> {
    // In UTF-16 one half of every Western character is zero, always the same half. Other encodings have hardly any zeros.
    let zeros = |half: usize| opening.iter().skip(half).step_by(2).filter(|byte| **byte == 0).count();
    let many = opening.len() * 3 / 20;
    match (zeros(0), zeros(1)) {
        (0, 0) => Ok(TextKind::Ascii),
        (even, odd) if odd >= many && even * 10 <= odd => Ok(TextKind::Utf16(UTF_16LE)),
        (even, odd) if even >= many && odd * 10 <= even => Ok(TextKind::Utf16(UTF_16BE)),
        _ => Err(FileError::NotText { seems: "a binary file", remedy: EXPORT }),
    }
}

const EXPORT: &str = "open it in the program it comes from and save or export it as CSV (UTF-8)";
const SPREADSHEET: &str =
    "open it and save it as CSV UTF-8: in Excel under File, Save As; in Google Sheets under File, Download";
const UNPACK: &str = "unpack it and upload the CSV file inside";

/// Refuses well-known formats that are not CSV, and says how to get a CSV file.
pub(crate) fn refuse_other_formats(opening: &[u8]) -> Result<(), FileError> {
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
    // Without zeros, UTF-16 reads like ASCII here.
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
    fn other_formats_are_refused_by_name() {
        let refused = |bytes: &[u8]| {
            let error = refuse_other_formats(bytes).and_then(|()| kind_of_text(bytes).map(drop)).expect_err("refused");
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
