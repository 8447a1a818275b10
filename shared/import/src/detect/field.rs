//! The fields that a column can hold, and the names of their columns in several languages.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// A field that a column can hold.
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
    /// The job title.
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

    /// The field of a column with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let key = key(name);
        ALIASES.iter().find(|(_, names)| names.split(' ').any(|name| name == key)).map(|(field, _)| *field)
    }

    /// The same, ignoring a remark in brackets that names no other field: `Email Address [Required]` and
    /// `First name [givenName]`, but not `Email (manager)`.
    pub(crate) fn named_with_remark(name: &str) -> Option<Self> {
        let (before, rest) = name.split_at(name.find(['(', '[', '*'])?);
        let field = Self::named(before)?;
        let remark = rest.trim_matches(|c: char| !c.is_alphanumeric());
        let is_neutral = REMARKS.split(' ').any(|known| known == key(remark));
        let repeats_the_field = || rest.split([')', ']']).next().and_then(Self::named) == Some(field);
        (is_neutral || repeats_the_field()).then_some(field)
    }
}

/// Remarks in brackets that do not change the meaning of a column.
const REMARKS: &str = " required optional mandatory work business primary official pflichtfeld pflicht erforderlich \
     geschaftlich dienstlich obligatoire requis professionnel facultatif obligatorio requerido trabajo opcional";

/// The names of columns in English, German, French and Spanish, as [`key`] spells them.
const ALIASES: [(Field, &str); 8] = [
    (
        Field::Email,
        "email emails emailaddress emailaddresses emailid mail mailaddress workemail workemailaddress businessemail \
         companyemail corporateemail primaryemail useremail officeemail emailwork workmail emailprimarywork smtpaddress \
         primarysmtpaddress contactemail employeeemail learneremail studentemail email1 email1value \
         emailadresse emailadressen mailadresse emailaddresse geschaftlicheemail emailgeschaftlich firmenemail \
         dienstlicheemail \
         adresseemail adressemail adressedemessagerie adresseelectronique courriel courrielprofessionnel \
         emailprofessionnel adressecourriel mel \
         correo correos correoelectronico direcciondecorreo direcciondecorreoelectronico direcciondeemail \
         correodetrabajo correoempresarial emailcorporativo",
    ),
    (
        Field::Name,
        "name fullname displayname employeename personname completename legalname \
         vollstandigername vollername anzeigename vorundnachname \
         nom nomcomplet nometprenom prenometnom nomaffiche \
         nombre nombrecompleto nombreyapellidos nombreyapellido",
    ),
    (
        Field::FirstName,
        "firstname first givenname forename preferredname preferredfirstname legalfirstname \
         vorname rufname \
         prenom prenomusuel \
         nombredepila primernombre nombres",
    ),
    (
        Field::LastName,
        "lastname last surname familyname legallastname \
         nachname familienname zuname \
         nomdefamille nomusuel \
         apellido apellidos primerapellido",
    ),
    (
        Field::Role,
        "role rolename userrole permission permissions accesslevel accountrole \
         rolle benutzerrolle berechtigung \
         roleutilisateur permissionutilisateur droits \
         rol roldeusuario permiso permisos",
    ),
    (Field::Team, "team teamname teams squad mannschaft teambezeichnung equipe nomdelequipe equipo nombredelequipo"),
    (
        Field::JobTitle,
        "jobtitle job position businesstitle jobrole jobposition \
         stelle stellenbezeichnung berufsbezeichnung jobtitel funktion \
         poste fonction intituledeposte intituleduposte \
         puesto cargo puestodetrabajo",
    ),
    (
        Field::Courses,
        "course courses courseenrollments courseenrolments courseslug courseslugs enrollments enrolments \
         enrolledcourses program programs trainings \
         kurs kurse schulung schulungen \
         cours formation formations coursinscrits \
         curso cursos formaciones",
    ),
];

/// The form in which names of columns are compared: letters and digits only, without accents, in lower case.
pub(crate) fn key(name: &str) -> String {
    name.nfkd().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
