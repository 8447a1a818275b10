//! The stable codes of issues, which clients may rely on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether an issue keeps a row from being invited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The row invites nobody.
    #[default]
    Error,
    /// The row deserves a look, and is valid as it is.
    Warning,
}

macro_rules! issue_codes {
    ($($codes:literal $group:ident: $severity:ident { $($(#[doc = $meaning:literal])+ $code:ident = $name:literal,)+ })+) => {
        /// What is wrong with a field or a row, or deserves a look.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum IssueCode {
            $($($(#[doc = $meaning])+ #[serde(rename = $name)] $code,)+)+
        }

        impl IssueCode {
            $(#[doc = $codes] pub const $group: &[Self] = &[$(Self::$code,)+];)+

            /// The code as clients see it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $($(Self::$code => $name,)+)+ }
            }

            /// Whether it keeps the row or request from being carried out.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $($(Self::$code)|+ => Severity::$severity,)+ }
            }
        }
    };
}

impl IssueCode {
    /// The codes that one person's details, and rows of a file, can have.
    pub fn of_rows() -> impl Iterator<Item = Self> {
        Self::ROW_ERRORS.iter().chain(Self::ROW_WARNINGS).copied()
    }
}

issue_codes! {
    "What keeps a person's details, or a row of a file, from being invited." ROW_ERRORS: Error {
        /// The address is blank.
        EmailMissing = "email_missing",
        /// The address has no `@`, or nothing after it.
        EmailWithoutDomain = "email_without_domain",
        /// The address contains a space.
        EmailWithSpace = "email_with_space",
        /// The address contains an invisible character.
        EmailWithInvisibleCharacter = "email_with_invisible_character",
        /// The part before the `@` has letters that the mail service cannot deliver to.
        EmailLocalPartNotAscii = "email_local_part_not_ascii",
        /// The address is not a valid email address.
        EmailInvalid = "email_invalid",
        /// The address is longer than addresses can be.
        EmailTooLong = "email_too_long",
        /// A name or title is too long.
        TextTooLong = "text_too_long",
        /// A name or title has a line break or an invisible character.
        TextWithInvisibleCharacter = "text_with_invisible_character",
        /// A name or title contains something that mail programs turn into a link.
        TextWithLink = "text_with_link",
        /// A name or title has angle brackets.
        TextWithMarkup = "text_with_markup",
        /// The full name is given together with a first or last name.
        NameTwice = "name_twice",
        /// No role is given, and there is no default role.
        RoleMissing = "role_missing",
        /// There is no such role.
        RoleUnknown = "role_unknown",
        /// The role is above the inviter's own.
        RoleAboveOwn = "role_above_own",
        /// There is no such team.
        TeamUnknown = "team_unknown",
        /// There is no such product.
        ProductUnknown = "product_unknown",
        /// A product's column says neither yes nor no.
        ProductFlagUnknown = "product_flag_unknown",
        /// There is no such course.
        CourseUnknown = "course_unknown",
        /// An earlier line has the same person with other details.
        ConflictingDuplicate = "conflicting_duplicate",
        /// The file holds more people than one file may.
        TooManyPeople = "too_many_people",
        /// A quote is opened and not closed.
        QuoteUnclosed = "quote_unclosed",
        /// The row is longer than rows may be.
        RowTooLong = "row_too_long",
        /// The row has more cells than the header has columns.
        TooManyCells = "too_many_cells",
        /// A byte could not be decoded, or a character was lost before the upload.
        Undecodable = "undecodable",
        /// The requested dialect is not supported.
        DialectUnknown = "dialect_unknown",
        /// The person who started the import no longer administers the organisation.
        NotAnAdmin = "not_an_admin",
        /// Something that the row names was renamed since the plan was made.
        ChangedSincePlan = "changed_since_plan",
    }
    "What deserves a look in a row of a file." ROW_WARNINGS: Warning {
        /// The domain looks like a typing error in a well-known one.
        EmailDomainTypo = "email_domain_typo",
        /// The address looks like another one in the file.
        EmailLookAlike = "email_look_alike",
        /// The address differs from another one in the file only by a tag after a plus sign.
        EmailPlusTagTwin = "email_plus_tag_twin",
        /// The address belongs to a free mail service, in a list of a company's people.
        EmailFreeMail = "email_free_mail",
        /// The person's open invitation has other details; it stays as it is.
        InvitationDiffers = "invitation_differs",
    }
    "What else can be wrong with a request." REQUESTS: Error {
        /// Exactly one of two fields has to be given.
        OneOf = "one_of",
        /// The field belongs elsewhere in the request.
        MisplacedField = "misplaced_field",
        /// The list is empty.
        EmptyList = "empty_list",
        /// The list is longer than it may be.
        TooMany = "too_many",
        /// The query parameters cannot be read.
        QueryInvalid = "query_invalid",
        /// The limit of a list is not a number, or too high.
        LimitInvalid = "limit_invalid",
        /// The cursor is not from this list.
        NextInvalid = "next_invalid",
        /// The list has no such status.
        StatusUnknown = "status_unknown",
        /// The text is not the id of an import.
        ImportInvalid = "import_invalid",
        /// There is no such severity.
        SeverityUnknown = "severity_unknown",
        /// There is no such sample file.
        FormatUnknown = "format_unknown",
        /// The filename is blank.
        FilenameMissing = "filename_missing",
        /// The filename is too long.
        FilenameTooLong = "filename_too_long",
        /// The filename cannot be used.
        FilenameWithControlCharacter = "filename_with_control_character",
        /// The filename cannot be used.
        FilenameWithPath = "filename_with_path",
        /// The text cannot be shown in mails and on pages.
        TextInvalid = "text_invalid",
        /// The name has characters that names in requests cannot have.
        NameInvalid = "name_invalid",
        /// The URL cannot be linked to.
        UrlInvalid = "url_invalid",
        /// The duration is too short or too long.
        DurationInvalid = "duration_invalid",
        /// No role may invite.
        NoAdminRole = "no_admin_role",
        /// The first admins need a role that may invite.
        RoleNotAdmin = "role_not_admin",
        /// The first admins need more capacity than there is.
        CapacityExceeded = "capacity_exceeded",
        /// The password is blank.
        PasswordMissing = "password_missing",
        /// The password does not meet the rules for passwords.
        PasswordRefused = "password_refused",
        /// The password is not the account's.
        WrongPassword = "wrong_password",
        /// Too many wrong passwords were tried.
        TooManyAttempts = "too_many_attempts",
        /// The phone number cannot be read.
        PhoneInvalid = "phone_invalid",
    }
}

impl fmt::Display for IssueCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
