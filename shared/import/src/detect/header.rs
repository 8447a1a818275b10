//! What the columns of a file mean.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::report::rejected_csv::{FAILED_CODE, FAILED_MESSAGE};
use usher_domain::validator::InvitationValidator;

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

    /// The field that a column of this name holds.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let key = key(name);
        ALIASES.iter().find(|(_, names)| names.split(' ').any(|name| name == key)).map(|(field, _)| *field)
    }

    /// The same without what stands in brackets behind the name, where that says nothing else: `Email Address [Required]`,
    /// `First name [givenName]`, but not `Email (manager)`.
    fn named_with_remark(name: &str) -> Option<Self> {
        let (before, rest) = name.split_at(name.find(['(', '[', '*'])?);
        let field = Self::named(before)?;
        let remark = rest.trim_matches(|c: char| !c.is_alphanumeric());
        let says_nothing = REMARKS.split(' ').any(|known| known == key(remark));
        let says_the_same = || rest.split([')', ']']).next().and_then(Self::named) == Some(field);
        (says_nothing || says_the_same()).then_some(field)
    }
}

/// What stands in brackets behind the name of a column and makes it no other.
const REMARKS: &str = " required optional mandatory work business primary official pflichtfeld pflicht erforderlich \
     geschaftlich dienstlich obligatoire requis professionnel facultatif obligatorio requerido trabajo opcional";

/// What columns are called, in English, German, French and Spanish, as [`key`] spells it.
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

/// Names of sign-in addresses, which are mail addresses where no column says so in so many words.
const SIGN_IN_NAMES: [&str; 2] = ["userprincipalname", "upn"];

/// A name as columns are compared by: only letters and digits, without accents, in lower case.
fn key(name: &str) -> String {
    name.nfkd().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The columns of a table, and which of them are used for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// Every column as it is called in the file.
    pub(crate) names: Vec<String>,
    pub(crate) email: Option<usize>,
    /// The other fields, each at most once.
    pub(crate) fields: Vec<(Field, usize)>,
    /// Columns that say whether a person gets a product, by the id of it.
    pub(crate) products: Vec<(String, usize)>,
    /// Columns this program added itself to rows it gave back.
    pub(crate) own: Vec<usize>,
    /// Whether the column of the addresses is called something that says nothing about them.
    pub(crate) unnamed_email: bool,
}

impl Header {
    /// Finds out what each column holds. Of two columns for one thing the first is used, and of a full name and its
    /// parts the parts are; what is not used is ignored, and reported.
    pub(crate) fn read(names: &[String], validator: &InvitationValidator<'_>) -> Self {
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let mut header = Self {
            names,
            email: None,
            fields: Vec::new(),
            products: Vec::new(),
            own: Vec::new(),
            unnamed_email: false,
        };
        for column in 0..header.names.len() {
            let name = &header.names[column];
            if name == FAILED_CODE || name == FAILED_MESSAGE {
                header.own.push(column);
                continue;
            }
            match Field::named(name) {
                Some(field) => header.take(field, column),
                None => {
                    if let Some(product) = validator.product(name)
                        && header.products.iter().all(|(id, _)| *id != product.id)
                        && !name.is_empty()
                    {
                        header.products.push((product.id.clone(), column));
                    }
                }
            }
        }
        // What is called by its plain name goes before what needs a closer look.
        for column in 0..header.names.len() {
            if let Some(field) = Field::named_with_remark(&header.names[column]) {
                header.take(field, column);
            }
        }
        let inside = |name: &str| name.split_once('[').and_then(|(_, rest)| rest.split(']').next()).map(key);
        let signs_in = |name: &String| {
            let names = [Some(key(name)), inside(name)];
            names.into_iter().flatten().any(|name| SIGN_IN_NAMES.contains(&name.as_str()))
        };
        header.email = header.email.or_else(|| header.names.iter().position(signs_in));
        header.divide_names();
        header
    }

    /// Uses a column for a field that none is used for yet.
    fn take(&mut self, field: Field, column: usize) {
        if field == Field::Email {
            self.email = self.email.or(Some(column));
        } else if self.column(field).is_none() {
            self.fields.push((field, column));
        }
    }

    /// Where a file has `Vorname` or `Prénom`, its `Name` or `Nom` is the last name; where it has `Apellidos`, its
    /// `Nombre` is the first. Otherwise a full name beside its parts says nothing new.
    fn divide_names(&mut self) {
        let called = |field: Field| self.column(field).map(|column| key(&self.names[column]));
        let (full, first, last) = (called(Field::Name), called(Field::FirstName), called(Field::LastName));
        let is_one_of =
            |name: &Option<String>, names: &[&str]| name.as_ref().is_some_and(|name| names.contains(&&**name));
        let part = if last.is_none() && is_one_of(&first, &["vorname", "rufname", "prenom", "prenomusuel"]) {
            is_one_of(&full, &["name", "nom"]).then_some(Field::LastName)
        } else if first.is_none() && last.is_some() {
            is_one_of(&full, &["nombre"]).then_some(Field::FirstName)
        } else {
            None
        };
        for (field, _) in &mut self.fields {
            if let (Field::Name, Some(part)) = (*field, part) {
                *field = part;
            }
        }
        if first.or(last).is_some() {
            self.fields.retain(|(field, _)| *field != Field::Name);
        }
    }

    pub(crate) fn column(&self, field: Field) -> Option<usize> {
        if field == Field::Email {
            return self.email;
        }
        self.fields.iter().find(|(other, _)| *other == field).map(|(_, column)| *column)
    }

    /// What the file calls the column of this field.
    pub(crate) fn name_of(&self, field: &str) -> Option<&str> {
        let fields = self.fields.iter().copied().chain(self.email.map(|column| (Field::Email, column)));
        let column = fields.into_iter().find(|(other, _)| other.as_str() == field).map(|(_, column)| column)?;
        self.names.get(column).map(String::as_str)
    }

    /// How many columns are used, or were added by this program.
    pub(crate) fn known(&self) -> usize {
        usize::from(self.email.is_some()) + self.fields.len() + self.products.len() + self.own.len()
    }
}

/// Whether a cell of a product's column says yes. Blank is no.
pub(crate) fn flag(text: &str) -> Option<bool> {
    const YES: &str = "true yes 1 x y t on ✓ ✔ ☑ ☒ wahr ja j vrai oui o verdadero sí si s";
    const NO: &str = "false no 0 n f off - – — ✗ ✘ ☐ falsch nein faux non falso";
    let is = |words: &str| {
        words
            .split(' ')
            .any(|word| word.eq_ignore_ascii_case(text) || (!text.is_ascii() && word == text.to_lowercase()))
    };
    if text.is_empty() {
        return Some(false);
    }
    if is(NO) {
        return Some(false);
    }
    is(YES).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::catalogue::{Catalogue, Product};
    use usher_domain::spec::Authority;

    fn read(line: &str) -> Header {
        let product = |id: &str, name: &str| Product { id: id.into(), name: name.parse().expect("a text") };
        let products = vec![product("mos_enable", "mOS Enable"), product("p2", "Opportunity")];
        let catalogue = Catalogue { products, ..Catalogue::default() };
        let names: Vec<String> = line.split(',').map(str::to_owned).collect();
        Header::read(&names, &InvitationValidator::new(&catalogue, Authority { rank: None, default_role: None }))
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
    fn four_languages_are_read() {
        let fields = |line: &str| {
            let header = read(line);
            let mut fields = header.fields.clone();
            fields.extend(header.email.map(|column| (Field::Email, column)));
            fields.sort_by_key(|(_, column)| *column);
            fields.into_iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(fields("Name,Vorname,E-Mail-Adresse,Rolle"), "last_name first_name email role");
        assert_eq!(fields("Nom,Prénom,Courriel,Équipe"), "last_name first_name email team");
        assert_eq!(fields("Nombre,Apellidos,Correo electrónico,Puesto"), "first_name last_name email job_title");
        assert_eq!(fields("Nombre,Correo"), "name email");
        assert_eq!(
            fields("First Name [Required],Last Name [Required],Email Address [Required]"),
            "first_name last_name email"
        );
        assert_eq!(fields("displayName,userPrincipalName"), "name email");
        assert_eq!(fields("userPrincipalName,mail"), "email");
        assert_eq!(read("userPrincipalName,mail").email, Some(1));
        assert_eq!(read("Email (manager),Name,Email").email, Some(2));
        assert_eq!(read("Manager [email],Name").email, None);
    }

    #[test]
    fn flags_say_yes_or_no_or_nothing_known() {
        assert_eq!(["TRUE", "Yes", "1", "X"].map(flag), [Some(true); 4]);
        assert_eq!(["false", "NO", "0", ""].map(flag), [Some(false); 4]);
        assert_eq!(["WAHR", "Ja", "VRAI", "oui", "Sí", "SÍ"].map(flag), [Some(true); 6]);
        assert_eq!(["FALSCH", "nein", "faux", "Non", "falso"].map(flag), [Some(false); 5]);
        assert_eq!(flag("maybe"), None);
    }
}
