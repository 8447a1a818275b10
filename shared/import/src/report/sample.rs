//! Sample files to start from, with the roles, teams, products and courses of the organisation.

use std::str::FromStr;

use crate::read::dialect::Dialect;
use usher_domain::catalogue::Catalogue;

/// The format of a sample file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleFormat {
    /// Address, name, role and team.
    Standard,
    /// Names, job title, a column for each product, and courses.
    Extended,
    /// Addresses only.
    Addresses,
    /// First name, last name and address.
    Names,
}

/// There is no sample format of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a sample format; use one of: standard, extended, addresses, names")]
pub struct UnknownSample(String);

impl FromStr for SampleFormat {
    type Err = UnknownSample;

    fn from_str(text: &str) -> Result<Self, UnknownSample> {
        match text {
            "standard" => Ok(Self::Standard),
            "extended" => Ok(Self::Extended),
            "addresses" => Ok(Self::Addresses),
            "names" => Ok(Self::Names),
            _ => Err(UnknownSample(text.to_owned())),
        }
    }
}

const PEOPLE: [(&str, &str, &str); 3] =
    [("Ada", "Lovelace", "Analyst"), ("Grace", "Hopper", "Team Lead"), ("Alan", "Turing", "Account Executive")];

fn address(first: &str, last: &str) -> String {
    format!("{first}.{last}@example.com").to_lowercase()
}

impl SampleFormat {
    /// The name of the file.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Standard => "people-standard.csv",
            Self::Extended => "people-extended.csv",
            Self::Addresses => "people-addresses.txt",
            Self::Names => "people-names.csv",
        }
    }

    /// The media type of the file.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Addresses => "text/plain; charset=utf-8",
            Self::Standard | Self::Extended | Self::Names => "text/csv; charset=utf-8",
        }
    }

    /// The content of the file. It can be uploaded as it is, and every row of it is valid.
    #[must_use]
    pub fn write(self, catalogue: &Catalogue) -> String {
        let mut rows: Vec<Vec<String>> = Vec::new();
        match self {
            Self::Standard => rows.push(["email", "name", "role", "team"].map(str::to_owned).to_vec()),
            Self::Extended => {
                let before = ["user_id", "first_name", "last_name", "email", "job_title"].map(str::to_owned);
                let products = catalogue.products.iter().map(|product| product.id.clone());
                rows.push(before.into_iter().chain(products).chain(["course_enrollments".to_owned()]).collect());
            }
            Self::Addresses => {}
            Self::Names => rows.push(["First name", "Last name", "Email"].map(str::to_owned).to_vec()),
        }
        for (index, (first, last, job)) in PEOPLE.into_iter().enumerate() {
            let email = address(first, last);
            rows.push(match self {
                Self::Standard => {
                    vec![email, format!("{first} {last}"), role(catalogue, index), team(catalogue, index)]
                }
                Self::Extended => {
                    let id = format!("EXT{:05}", index + 1);
                    let before = [id, first.to_owned(), last.to_owned(), email, job.to_owned()];
                    let flag = |product: usize| if product % 2 == index % 2 { "TRUE" } else { "FALSE" }.to_owned();
                    let flags = (0..catalogue.products.len()).map(flag);
                    before.into_iter().chain(flags).chain([courses(catalogue, index)]).collect()
                }
                Self::Addresses => vec![email],
                Self::Names => vec![first.to_owned(), last.to_owned(), email],
            });
        }
        let mut text = String::new();
        for row in &rows {
            Dialect::COMMA.write(row.iter().map(String::as_str), &mut text);
            text.push_str("\r\n");
        }
        text
    }
}

/// Roles from the lowest upwards, so that most admins may give most of them.
fn role(catalogue: &Catalogue, index: usize) -> String {
    let mut roles: Vec<_> = catalogue.roles.iter().collect();
    roles.sort_by_key(|role| role.rank);
    // The highest role is left out: nobody should give it by accident.
    let offered = roles.len().saturating_sub(1).max(1);
    roles.get(index % offered).map(|role| role.name.to_string()).unwrap_or_default()
}

fn team(catalogue: &Catalogue, index: usize) -> String {
    let teams = &catalogue.teams;
    teams.get(index % teams.len().max(1)).map(|team| team.name.as_str().to_owned()).unwrap_or_default()
}

/// Two courses for the first person, one for the second, none for the third.
fn courses(catalogue: &Catalogue, index: usize) -> String {
    let slugs: Vec<_> =
        catalogue.courses.iter().map(|course| course.slug.as_str()).take(2_usize.saturating_sub(index)).collect();
    slugs.join(",")
}
