//! What is written is read: random tables in every dialect, against the writer here and against the `csv` crate.

use proptest::prelude::*;

use super::super::cells::{Split, split};
use super::super::dialect::Dialect;
use super::*;

fn dialects() -> impl Strategy<Value = (char, &'static str)> {
    (prop::sample::select(vec![',', ';', '\t', '|']), prop::sample::select(vec!["\n", "\r\n", "\r"]))
}

/// Names without anything the catalogue refuses, but with all a dialect can trip over.
const NAME: &str = "[A-Zäé][a-zß\"',;|]{0,8}( [A-Z\"][a-z,;|\"]{1,6})?";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_plan_of_a_written_table_is_the_table(
        names in prop::collection::vec(NAME, 1..20),
        (delimiter, newline) in dialects(),
        encoding in prop::sample::select(vec!["UTF-8", "UTF-8 with mark", "UTF-16LE", "UTF-16BE", "windows-1252"]),
        quote_all: bool,
    ) {
        let style = if quote_all { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter as u8).quote_style(style).from_writer(Vec::new());
        writer.write_record(["E-Mail", "Full name", "Role"]).expect("written");
        for (index, name) in names.iter().enumerate() {
            writer.write_record([&format!("p{index}@example.com"), name, "manager"]).expect("written");
        }
        let text = String::from_utf8(writer.into_inner().expect("written")).expect("UTF-8").replace('\n', newline);
        let marked = format!("\u{feff}{text}");
        let bytes = match encoding {
            "UTF-8" => text.into_bytes(),
            "UTF-8 with mark" => marked.into_bytes(),
            "UTF-16LE" => marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "UTF-16BE" => marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            _ => encoding_rs::WINDOWS_1252.encode(&text).0.into_owned(),
        };
        // From a handful of bytes one older encoding cannot be told from another; what is certain must be right.
        let plan = plan(&bytes).expect("a plan");
        prop_assume!(plan.report.confidence != Confidence::Low || plan.report.encoding == "windows-1252");
        prop_assert_eq!(plan.report.delimiter, Some(delimiter));
        prop_assert_eq!(plan.rows.len(), names.len());
        for (index, (row, name)) in plan.rows.iter().zip(&names).enumerate() {
            let Outcome::Good(draft) = &row.outcome else {
                return Err(TestCaseError::fail(format!("{name:?}: {}", shown(&plan))));
            };
            prop_assert_eq!(row.line as usize, index + 2);
            prop_assert_eq!(draft.email.as_typed(), format!("p{index}@example.com"));
            prop_assert_eq!(draft.name.display(), Some(name.clone()));
        }
    }

    #[test]
    fn well_formed_records_are_read_as_the_csv_crate_reads_them(
        cells in prop::collection::vec("[ab\", ;\t'\\r\\n\\\\é]{0,6}", 1..5),
        (delimiter, newline) in dialects(),
    ) {
        let dialect = Dialect { delimiter: delimiter as u8, ..Dialect::COMMA };
        let mut text = String::new();
        dialect.write(cells.iter().map(String::as_str), &mut text);
        text.push_str(newline);
        let mut found = Vec::new();
        let Split::Record { length, .. } = split(&text, dialect, true, &mut found) else {
            return Err(TestCaseError::fail(text));
        };
        prop_assert_eq!(length, text.len());
        let ours: Vec<_> = found.iter().map(|cell| cell.text(&text, dialect).into_owned()).collect();
        prop_assert_eq!(&ours, &cells);
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter as u8).from_reader(text.as_bytes());
        if let Some(theirs) = reader.records().next() {
            let theirs = theirs.expect("a record");
            prop_assert_eq!(theirs.iter().collect::<Vec<_>>(), ours);
        }
    }

    #[test]
    fn failed_rows_fail_again_as_they_did(
        rows in prop::collection::vec(prop::collection::vec("[=+@'\"a,é -]{0,5}", 3..5), 1..8),
        (delimiter, newline) in dialects(),
    ) {
        let dialect = Dialect { delimiter: delimiter as u8, ..Dialect::COMMA };
        let mut text = format!("email{delimiter}name{delimiter}role{newline}");
        for row in &rows {
            dialect.write(row.iter().map(String::as_str), &mut text);
            text.push_str(newline);
        }
        let first = plan(text.as_bytes()).expect("a plan");
        let failed = failed_rows(&first.report, true, samples::rejections(&first));
        let second = plan(&failed).expect("a plan");
        prop_assert_eq!(second.counts.rejected, first.counts.rejected);
        prop_assert_eq!(second.counts.rows, second.counts.rejected, "only rows that failed are given back");
        let again = failed_rows(&second.report, true, samples::rejections(&second));
        prop_assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&failed));
    }

    #[test]
    fn no_bytes_make_the_planner_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), prefix in "(email[,;]name\r?\n)?") {
        let bytes = [prefix.as_bytes(), &bytes].concat();
        let _ = plan(&bytes);
    }

    #[test]
    fn no_text_makes_the_planner_panic(text in "[email,;@<>\"' \r\n\t=a.]{0,200}") {
        let _ = plan(format!("email,name\n{text}").as_bytes());
        let _ = plan(text.as_bytes());
    }
}
