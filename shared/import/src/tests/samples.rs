//! The five files this program grew from, and the samples it gives out itself.

use super::*;

macro_rules! sample {
    ($test:ident, $file:literal) => {
        #[test]
        fn $test() {
            let bytes = include_bytes!(concat!("../../../../tests/fixtures/samples/", $file));
            insta::assert_snapshot!(shown(&plan(bytes).expect("a plan")));
        }
    };
}

sample!(standard, "standard.csv");
sample!(extended, "extended.csv");
sample!(addresses, "addresses.txt");
sample!(names, "names.csv");
sample!(messy_windows_1252, "messy-windows1252.csv");

#[test]
fn what_failed_is_given_back_in_the_encoding_it_came_in() {
    let bytes = include_bytes!("../../../../tests/fixtures/samples/messy-windows1252.csv");
    let plan = plan(bytes).expect("a plan");
    let failed = rejected_csv(&plan.report, true, rejections(&plan));
    let (text, encoding, lossy) = encoding_rs::WINDOWS_1252.decode(&failed);
    assert_eq!((encoding.name(), lossy), ("windows-1252", false));
    insta::assert_snapshot!(text.replace("\r\n", "\n"));
}

pub(crate) fn rejections(plan: &Plan) -> Vec<&Rejection> {
    let rejection = |row| match row {
        &Row { outcome: Outcome::Rejected(ref rejection), .. } => Some(rejection),
        _ => None,
    };
    plan.rows.iter().filter_map(rejection).collect()
}

#[test]
fn every_row_of_the_samples_given_out_is_good() {
    for name in ["standard", "extended", "addresses", "names"] {
        let format: SampleFormat = name.parse().expect("a format");
        let text = format.write(&acme().catalogue);
        let plan = plan(text.as_bytes()).expect("a plan");
        assert_eq!((plan.counts.rows, plan.counts.valid), (3, 3), "{name}");
    }
    insta::assert_snapshot!(SampleFormat::Extended.write(&acme().catalogue).replace("\r\n", "\n"));
    assert!("mops".parse::<SampleFormat>().is_err());
    for format in [SampleFormat::Standard, SampleFormat::Extended] {
        assert!(!format.write(&Catalogue::default()).is_empty(), "an organisation without anything gets a sample too");
    }
}
