//! The contents of the report of an import.

use askama::Template;
use jiff::Timestamp;
use usher_domain::text::{is_invisible, spelled_out};
use usher_store::{Import, ImportStatus};

use crate::compose::Rendered;

/// Mails that still wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// About how many mails.
    pub(crate) mails: u64,
    /// About until when.
    pub(crate) until: Timestamp,
}

/// The mail.
#[derive(Debug)]
pub(crate) struct ImportReportMail<'a> {
    /// The admin's name, if known.
    pub(crate) name: Option<String>,
    /// The organisation's name.
    pub(crate) organisation: &'a str,
    /// The import.
    pub(crate) import: &'a Import,
    /// Mails that still wait, if any.
    pub(crate) waiting: Option<Waiting>,
    /// Where `results.csv` is, if there is one.
    pub(crate) results: Option<String>,
    /// Where `failed.csv` is, if there are rows to correct.
    pub(crate) failed: Option<String>,
}

type Pairs<'a, T> = &'a [(&'static str, T)];

#[derive(Template)]
#[template(path = "en/import_report/subject.txt")]
struct Subject<'a> {
    headline: &'a str,
}

#[derive(Template)]
#[template(path = "en/import_report/body.txt")]
struct Text<'a> {
    headline: &'a str,
    name: Option<&'a str>,
    filename: &'a str,
    organisation: &'a str,
    problem: Option<&'a str>,
    counts: Pairs<'a, u64>,
    waiting: Option<&'a str>,
    links: Pairs<'a, String>,
}

#[derive(Template)]
#[template(path = "en/import_report/body.html")]
struct Html<'a> {
    headline: &'a str,
    name: Option<&'a str>,
    filename: &'a str,
    organisation: &'a str,
    problem: Option<&'a str>,
    counts: Pairs<'a, u64>,
    waiting: Option<&'a str>,
    links: Pairs<'a, String>,
}

impl ImportReportMail<'_> {
    /// The parts.
    pub(crate) fn render(&self) -> Result<Rendered, askama::Error> {
        let headline = match self.import.status {
            ImportStatus::Cancelled => "Your import was cancelled",
            ImportStatus::Failed => "Your import failed",
            _ => "Your import is complete",
        };
        let (name, organisation) = (self.name.as_deref(), self.organisation);
        let filename = visible(&self.import.filename);
        let problem = self.import.problem.as_ref().map(|problem| visible(&problem.detail));
        let waiting = self.waiting.map(|Waiting { mails, until }| {
            format!(
                "About {mails} invitation emails are still waiting to be sent. At the current rate, the last one goes out \
                 around {}.",
                spelled_out(until)
            )
        });
        let (problem, waiting) = (problem.as_deref(), waiting.as_deref());
        let (counts, links) = (self.counts(), self.links());
        let (filename, counts, links) = (filename.as_str(), counts.as_slice(), links.as_slice());
        Ok(Rendered {
            subject: Subject { headline }.render()?,
            text: Text { headline, name, filename, organisation, problem, counts, waiting, links }.render()?,
            html: Html { headline, name, filename, organisation, problem, counts, waiting, links }.render()?,
        })
    }

    fn counts(&self) -> Vec<(&'static str, u64)> {
        let Some(plan) = &self.import.plan else { return Vec::new() };
        let (planned, made) = (&plan.counts, &self.import.outcome);
        // An import that was never sent has no outcomes: all its valid rows were cancelled, or refused with the file.
        let unsent = if self.import.started_at.is_none() { planned.valid } else { 0 };
        let all = [
            ("Rows", planned.rows()),
            ("Invited", made.created),
            ("Already invited", planned.already_invited),
            ("Already members", planned.already_member),
            ("Deactivated members", planned.deactivated_member),
            ("Invited or joined since the plan", made.already_exists),
            ("Duplicate rows", planned.ignored_duplicates),
            ("Rejected", planned.rejected),
            ("Changed since the plan", made.drifted),
            ("Not processed", made.cancelled + unsent),
        ];
        let always = 2;
        all.into_iter()
            .enumerate()
            .filter(|(at, (_, count))| *at < always || *count > 0)
            .map(|(_, pair)| pair)
            .collect()
    }

    fn links(&self) -> Vec<(&'static str, String)> {
        let results = self.results.clone().map(|link| ("All rows with their outcome", link));
        let failed = self.failed.clone().map(|link| ("Rows to fix", link));
        results.into_iter().chain(failed).collect()
    }
}

/// A text on one line, without invisible characters: a file name may contain anything.
fn visible(text: &str) -> String {
    text.chars().filter(|character| !is_invisible(*character)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::{ImportId, OrganisationId};
    use usher_store::{ImportCounts, ImportFailure, ImportPlan, PartOutcome};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn import(filename: &str) -> Import {
        let (organisation, id) = (OrganisationId::from_parts(1, 1), ImportId::from_parts(1, 1));
        let counts = ImportCounts { valid: 1_200, rejected: 3, already_invited: 7, ..ImportCounts::default() };
        Import {
            status: ImportStatus::Completed,
            plan: Some(ImportPlan { counts, ..ImportPlan::default() }),
            started_at: Some(at("2026-03-02T09:00:00Z")),
            outcome: PartOutcome { rows: 1_200, created: 1_198, drifted: 2, ..PartOutcome::default() },
            ..Import::announced(organisation, id, filename.to_owned(), at("2026-03-02T08:59:00Z"))
        }
    }

    fn mail(import: &Import) -> ImportReportMail<'_> {
        ImportReportMail {
            name: Some("Ada Admin".to_owned()),
            organisation: "Acme",
            import,
            waiting: Some(Waiting { mails: 900, until: at("2026-03-02T09:20:00Z") }),
            results: Some("https://api.example/results.csv".to_owned()),
            failed: Some("https://api.example/failed.csv".to_owned()),
        }
    }

    #[test]
    fn it_says_what_came_of_the_file_and_where_to_read_it() {
        let Rendered { subject, text, html } = mail(&import("people.csv")).render().expect("it renders");
        insta::assert_snapshot!("import_report_subject", subject);
        insta::assert_snapshot!("import_report_text", text);
        insta::assert_snapshot!("import_report_html", html);
    }

    #[test]
    fn a_file_that_was_refused_has_a_reason() {
        let detail = "The file is empty.".to_owned();
        let refused = Import {
            status: ImportStatus::Failed,
            plan: None,
            problem: Some(ImportFailure { code: "file_empty".to_owned(), detail }),
            ..import("people.csv")
        };
        let mail = ImportReportMail { name: None, waiting: None, results: None, failed: None, ..mail(&refused) };
        insta::assert_snapshot!("import_report_refused_text", mail.render().expect("it renders").text);
    }

    #[test]
    fn the_name_of_a_file_is_data_in_every_part() {
        let hostile = import("<img src=x onerror=alert(1)>{{subject}}\r\nBcc: all\u{202e}.csv");
        let Rendered { subject, text, html } = mail(&hostile).render().expect("it renders");
        assert_eq!(subject, "Your import is complete");
        assert!(!html.contains("<img") && html.contains("&#60;img"), "{html}");
        assert!(!text.contains("\nBcc") && !text.contains('\u{202e}') && !html.contains('\u{202e}'), "{text}");
    }
}
