//! What is written is read: random tables in every dialect, against the writer here and against the `csv` crate.

use proptest::prelude::*;

use super::*;
use crate::read::cells::{Split, split};
use crate::read::dialect::Dialect;

fn dialects() -> impl Strategy<Value = (char, &'static str)> {
    (prop::sample::select(vec![',', ';', '\t', '|']), prop::sample::select(vec!["\n", "\r\n", "\r"]))
}

/// Names without anything the catalogue refuses, but with all a dialect can trip over.
const NAME: &str = "[A-Z][a-z\"',;|^\\\\]{0,8}( [A-Z\"][a-z,;|\"]{1,6})?";

/// An encoding, and letters that only it and its kin have.
fn encodings() -> impl Strategy<Value = (&'static encoding_rs::Encoding, &'static str)> {
    prop::sample::select(vec![
        (encoding_rs::UTF_8, "Zoë Ørsted 王"),
        (encoding_rs::UTF_16LE, "Zoë Ørsted 王"),
        (encoding_rs::UTF_16BE, "Zoë Ørsted 王"),
        (encoding_rs::WINDOWS_1250, "Łukasz Żółć"),
        (encoding_rs::WINDOWS_1252, "Jürgen Weiß"),
        (encoding_rs::ISO_8859_15, "Lecœur Šimon"),
        (encoding_rs::SHIFT_JIS, "山田 太郎"),
        (encoding_rs::GB18030, "王 小明"),
    ])
}

fn encoded(text: &str, encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    match encoding {
        encoding if encoding == encoding_rs::UTF_16LE => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        encoding if encoding == encoding_rs::UTF_16BE => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        encoding => encoding.encode(text).0.into_owned(),
    }
}

/// A person of a random table.
#[derive(Debug, Clone)]
struct Somebody {
    name: String,
    role: &'static str,
    team: &'static str,
    product: bool,
    courses: &'static str,
}

fn somebody() -> impl Strategy<Value = Somebody> {
    let role = prop::sample::select(vec!["admin", "manager", "sales_rep"]);
    let team = prop::sample::select(vec!["Enterprise", "SMB", ""]);
    let courses =
        prop::sample::select(vec!["", "meddicc-value-program", "meddicc-value-program,value-pyramid-program"]);
    (NAME, role, team, any::<bool>(), courses).prop_map(|(name, role, team, product, courses)| Somebody {
        name,
        role,
        team,
        product,
        courses,
    })
}

impl Somebody {
    fn cells(&self, number: usize) -> [String; 6] {
        let Self { name, role, team, product, courses } = self;
        let flag = if *product { "TRUE" } else { "no" };
        [&format!("p{number}@example.com"), name.as_str(), role, team, flag, courses].map(str::to_owned)
    }

    fn is(&self, spec: &InvitationSpec) -> bool {
        let team = match self.team {
            "Enterprise" => Some("t-ent"),
            "SMB" => Some("t-smb"),
            _ => None,
        };
        let courses: Vec<&str> = self.courses.split(',').filter(|slug| !slug.is_empty()).collect();
        spec.name.display().as_deref() == Some(&self.name)
            && spec.entitlements.role == self.role
            && spec.entitlements.team.as_deref() == team
            && spec.entitlements.products.contains("mos_enable") == self.product
            && spec.entitlements.courses.iter().map(String::as_str).collect::<Vec<_>>() == courses
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The plan of a written table is the table: whatever people, in whatever dialect and encoding.
    #[test]
    fn a_plan_of_a_written_table_is_the_table(
        mut people in prop::collection::vec(somebody(), 1..20),
        delimiter in prop::sample::select(vec![',', ';', '\t', '|', '^']),
        newline in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        quote in prop::sample::select(vec!['"', '\'']),
        backslash: bool,
        (encoding, letters) in encodings(),
        marked: bool,
        names_encoding: bool,
        blank_lines: bool,
    ) {
        people[0].name = letters.to_owned();
        // The beginning of a name that only quotes keep whole, so that it can be told what they are.
        let divided = if delimiter == '\t' { ' ' } else { delimiter };
        people.push(Somebody { name: format!("Jo {quote}J{quote}{divided} Doe"), ..people[0].clone() });
        let dialect = Dialect { delimiter: delimiter as u8, quote: quote as u8, backslash };
        let mut text = String::new();
        if marked && encoding.name().starts_with("UTF") {
            text.push('\u{feff}');
        }
        let header = ["E-Mail", "Full name", "Role", "Team", "mOS Enable", "Courses"].map(str::to_owned);
        let rows = std::iter::once(header).chain(people.iter().enumerate().map(|(number, person)| person.cells(number)));
        for cells in rows {
            if quote == '"' {
                dialect.write(cells.iter().map(String::as_str), &mut text);
            } else {
                // Who writes apostrophes writes them around every cell, or nobody can tell.
                let escape = if backslash { "\\'" } else { "''" };
                let escaped = |cell: &String| {
                    let cell = if backslash { cell.replace('\\', "\\\\") } else { cell.clone() };
                    format!("'{}'", cell.replace('\'', escape))
                };
                text.push_str(&cells.iter().map(escaped).collect::<Vec<_>>().join(&String::from(delimiter)));
            }
            text.push_str(newline);
            if blank_lines {
                text.push_str(newline);
            }
        }
        let known = DialectOverride {
            encoding: names_encoding.then(|| encoding.name().to_owned()),
            ..DialectOverride::default()
        };
        let plan = plan_as(&encoded(&text, encoding), &known).expect("a plan");
        // From a handful of bytes one older encoding cannot be told from another; what is certain must be right.
        prop_assume!(names_encoding || plan.report.confidence != Confidence::Low || plan.report.encoding == encoding.name());
        prop_assert_eq!((plan.report.encoding.as_str(), plan.report.delimiter), (encoding.name(), Some(delimiter)));
        prop_assert_eq!(plan.report.quote, quote, "{}", text);
        prop_assert_eq!(plan.rows.len(), people.len(), "{}", text);
        for (index, (row, person)) in plan.rows.iter().zip(&people).enumerate() {
            let Outcome::Valid(spec) = &row.outcome else {
                return Err(TestCaseError::fail(format!("{person:?}: {}", shown(&plan))));
            };
            let line = if blank_lines { 2 * index + 3 } else { index + 2 };
            prop_assert_eq!(row.line as usize, line);
            prop_assert_eq!(spec.email.as_typed(), format!("p{index}@example.com"));
            prop_assert!(person.is(spec), "{:?} is not {}\n{}", person, shown(&plan), text);
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
        let ours: Vec<_> = found.iter().map(|cell| cell.text(&text, 0, dialect).into_owned()).collect();
        prop_assert_eq!(&ours, &cells);
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter as u8).from_reader(text.as_bytes());
        if let Some(theirs) = reader.records().next() {
            let theirs = theirs.expect("a record");
            prop_assert_eq!(theirs.iter().collect::<Vec<_>>(), ours);
        }
    }

    #[test]
    fn rejected_csv_fail_again_as_they_did(
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
        let failed = rejected_csv(&first.report, true, samples::rejections(&first));
        let second = plan(&failed).expect("a plan");
        prop_assert_eq!(second.counts.rejected, first.counts.rejected);
        prop_assert_eq!(second.counts.rows, second.counts.rejected, "only rows that failed are given back");
        let again = rejected_csv(&second.report, true, samples::rejections(&second));
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
