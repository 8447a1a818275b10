//! What the columns of a file mean.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::failed::{FAILED_CODE, FAILED_MESSAGE};
use crate::catalogue::Catalogue;

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The address.
    Email,
    /// The full name.
    Name,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// The role.
    Role,
    /// The team.
    Team,
    /// What the person does.
    JobTitle,
    /// Slugs of courses, separated by commas.
    Courses,
}

impl Field {
    /// How the API names the field.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Name => "name",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::Role => "role",
            Self::Team => "team",
            Self::JobTitle => "job_title",
            Self::Courses => "courses",
        }
    }

    /// The field that a column of this name holds. Names are compared as [`key`] spells them.
    fn named(key: &str) -> Option<Self> {
        Some(match key {
            "email" | "emails" | "emailaddress" | "emailid" | "mail" | "mailaddress" | "workemail"
            | "workemailaddress" | "businessemail" | "companyemail" | "primaryemail" | "useremail"
            | "userprincipalname" => Self::Email,
            "name" | "fullname" | "displayname" | "employeename" | "username" => Self::Name,
            "firstname" | "first" | "givenname" | "forename" => Self::FirstName,
            "lastname" | "last" | "surname" | "familyname" => Self::LastName,
            "role" | "rolename" | "userrole" | "permission" | "permissions" => Self::Role,
            "team" | "teamname" => Self::Team,
            "jobtitle" | "job" | "position" => Self::JobTitle,
            "course" | "courses" | "courseenrollments" | "courseenrolments" | "courseslug" | "courseslugs"
            | "enrollments" | "enrolments" | "program" | "programs" => Self::Courses,
            _ => return None,
        })
    }
}

/// A name as columns are compared by: only letters and digits, without accents, in lower case.
fn key(name: &str) -> String {
    name.nfd().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The columns of a table, and which of them are used for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// Every column as it is called in the file.
    pub(super) names: Vec<String>,
    pub(super) email: Option<usize>,
    /// The other fields, each at most once.
    pub(super) fields: Vec<(Field, usize)>,
    /// Columns that say whether a person gets a product, by the id of it.
    pub(super) products: Vec<(String, usize)>,
    /// Columns this program added itself to rows it gave back.
    pub(super) own: Vec<usize>,
}

impl Header {
    /// Finds out what each column holds. Of two columns for one thing the first is used, and of a full name and its
    /// parts the parts are; what is not used is ignored, and reported.
    pub(super) fn read(names: impl Iterator<Item = impl AsRef<str>>, catalogue: &Catalogue) -> Self {
        let names: Vec<String> = names.map(|name| name.as_ref().trim().to_owned()).collect();
        let mut header = Self { names, email: None, fields: Vec::new(), products: Vec::new(), own: Vec::new() };
        for column in 0..header.names.len() {
            let name = &header.names[column];
            if name == FAILED_CODE || name == FAILED_MESSAGE {
                header.own.push(column);
                continue;
            }
            match Field::named(&key(name)) {
                Some(Field::Email) => header.email = header.email.or(Some(column)),
                Some(field) if header.column(field).is_none() => header.fields.push((field, column)),
                Some(_) => {}
                None => {
                    if let Some(product) = catalogue.product(name)
                        && header.products.iter().all(|(id, _)| *id != product.id)
                        && !name.is_empty()
                    {
                        header.products.push((product.id.clone(), column));
                    }
                }
            }
        }
        if header.column(Field::FirstName).or(header.column(Field::LastName)).is_some() {
            header.fields.retain(|(field, _)| *field != Field::Name);
        }
        header
    }

    pub(super) fn column(&self, field: Field) -> Option<usize> {
        if field == Field::Email {
            return self.email;
        }
        self.fields.iter().find(|(other, _)| *other == field).map(|(_, column)| *column)
    }

    /// What the file calls the column of this field.
    pub(super) fn name_of(&self, field: &str) -> Option<&str> {
        let fields = self.fields.iter().copied().chain(self.email.map(|column| (Field::Email, column)));
        let column = fields.into_iter().find(|(other, _)| other.as_str() == field).map(|(_, column)| column)?;
        self.names.get(column).map(String::as_str)
    }

    /// How many columns are used, or were added by this program.
    pub(super) fn known(&self) -> usize {
        usize::from(self.email.is_some()) + self.fields.len() + self.products.len() + self.own.len()
    }
}

/// Whether a cell of a product's column says yes. Blank is no.
pub(super) fn flag(text: &str) -> Option<bool> {
    const YES: [&str; 7] = ["true", "yes", "1", "x", "y", "t", "on"];
    const NO: [&str; 8] = ["", "false", "no", "0", "n", "f", "off", "-"];
    let is = |word: &&str| word.eq_ignore_ascii_case(text);
    if YES.iter().any(is) {
        return Some(true);
    }
    NO.iter().any(is).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Product;

    fn read(line: &str) -> Header {
        let product = |id: &str, name: &str| Product { id: id.into(), name: name.parse().expect("a text") };
        let products = vec![product("mos_enable", "mOS Enable"), product("p2", "Opportunity")];
        Header::read(line.split(','), &Catalogue { products, ..Catalogue::default() })
    }

    #[test]
    fn columns_are_known_however_they_are_spelled() {
        let header = read("E-Mail Address, FIRST_NAME,last-name*,Rôle,Team name,Job Title,Course_Enrollments,user_id");
        let fields: Vec<_> = header.fields.iter().map(|(field, column)| (field.as_str(), *column)).collect();
        assert_eq!(header.email, Some(0));
        let expected =
            [("first_name", 1), ("last_name", 2), ("role", 3), ("team", 4), ("job_title", 5), ("courses", 6)];
        assert_eq!(fields, expected);
        assert_eq!(header.known(), 7);
    }

    #[test]
    fn products_are_columns_by_id_or_name() {
        let header = read("email,MOS Enable,opportunity,mos-enable,,usher_code,usher_message");
        assert_eq!(header.products, [("mos_enable".to_owned(), 1), ("p2".to_owned(), 2)]);
        assert_eq!(header.own, [5, 6]);
    }

    #[test]
    fn of_two_columns_for_one_thing_the_first_counts() {
        assert_eq!(read("Email,email,Role,role").fields, [(Field::Role, 2)]);
        assert_eq!(read("Full name,Email,First name").fields, [(Field::FirstName, 2)]);
    }

    #[test]
    fn flags_say_yes_or_no_or_nothing_known() {
        assert_eq!(["TRUE", "Yes", "1", "X"].map(flag), [Some(true); 4]);
        assert_eq!(["false", "NO", "0", ""].map(flag), [Some(false); 4]);
        assert_eq!(flag("maybe"), None);
    }
}
