//! Everything that can be wrong, or worth a look, with one person's details: codes that clients may rely on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether an issue stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nobody is invited by this row.
    #[default]
    Error,
    /// Worth a look; the row counts as it stands.
    Warning,
}

macro_rules! issue_codes {
    ($($severity:ident { $($(#[doc = $meaning:literal])+ $code:ident = $name:literal,)+ })+) => {
        /// What is wrong with a field or a row, or worth a look.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum IssueCode {
            $($($(#[doc = $meaning])+ #[serde(rename = $name)] $code,)+)+
        }

        impl IssueCode {
            /// All codes.
            pub const ALL: &[Self] = &[$($(Self::$code,)+)+];

            /// The code as clients see it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $($(Self::$code => $name,)+)+ }
            }

            /// Whether it stands in the way.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $($(Self::$code)|+ => Severity::$severity,)+ }
            }
        }
    };
}

issue_codes! {
    Error {
        /// The address is blank.
        EmailMissing = "email_missing",
        /// There is no `@`, or nothing behind it.
        EmailWithoutDomain = "email_without_domain",
        /// There is a blank inside the address.
        EmailWithSpace = "email_with_space",
        /// There is a character in the address that cannot be seen.
        EmailWithInvisibleCharacter = "email_with_invisible_character",
        /// What stands before the `@` has letters the mail service does not deliver to.
        EmailLocalPartNotAscii = "email_local_part_not_ascii",
        /// The address is not spelled as one.
        EmailInvalid = "email_invalid",
        /// The address is longer than addresses can be.
        EmailTooLong = "email_too_long",
        /// A name or title is too long.
        TextTooLong = "text_too_long",
        /// A name or title has a line break or a character that cannot be seen.
        TextWithInvisibleCharacter = "text_with_invisible_character",
        /// A name or title has something that mail programs would make a link of.
        TextWithLink = "text_with_link",
        /// A name or title has angle brackets.
        TextWithMarkup = "text_with_markup",
        /// The name is given whole and in parts.
        NameTwice = "name_twice",
        /// No role is named, and none is usual.
        RoleMissing = "role_missing",
        /// There is no such role.
        RoleUnknown = "role_unknown",
        /// The role is above that of whoever invites.
        RoleAboveOwn = "role_above_own",
        /// There is no such team.
        TeamUnknown = "team_unknown",
        /// There is no such product.
        ProductUnknown = "product_unknown",
        /// A product's column says neither yes nor no.
        ProductFlagUnknown = "product_flag_unknown",
        /// There is no such course.
        CourseUnknown = "course_unknown",
        /// The same person with other details stands on an earlier line.
        ConflictingDuplicate = "conflicting_duplicate",
        /// The file holds more people than one file may.
        TooManyPeople = "too_many_people",
        /// A quote is opened and not closed.
        QuoteUnclosed = "quote_unclosed",
        /// The row is too long to be about a person.
        RowTooLong = "row_too_long",
        /// The row has more cells than the header has columns.
        TooManyCells = "too_many_cells",
        /// A byte, or a character lost earlier, that stands for no letter.
        Undecodable = "undecodable",
        /// The dialect asked for is none that files are read with.
        DialectUnknown = "dialect_unknown",
        /// Whoever started the import does not administer the organisation any more.
        NotAnAdmin = "not_an_admin",
        /// What the row names is called otherwise since the plan was made.
        ChangedSincePlan = "changed_since_plan",
    }
    Warning {
        /// The domain looks like a slip in a well-known one.
        EmailDomainTypo = "email_domain_typo",
        /// The address can be mistaken for another one of the file.
        EmailLookAlike = "email_look_alike",
        /// The address is another one of the file, but for a tag behind a plus sign.
        EmailPlusTagTwin = "email_plus_tag_twin",
        /// An address of a free mail service in a list of a company's people.
        EmailFreeMail = "email_free_mail",
        /// The person's open invitation says otherwise; it is left as it is.
        InvitationDiffers = "invitation_differs",
    }
}

impl fmt::Display for IssueCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
