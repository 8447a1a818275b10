//! The stored shape of a membership, and small readers of attributes.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use usher_domain::spec::Entitlements;
use usher_domain::text::ShortText;
use usher_domain::{MailState, MailStatus, Membership, MembershipId, OrganisationId, PersonName, State};

use crate::keys::{self, Key};
use crate::{Item, StoreError};

/// What every state-changing write of a membership sets or removes, besides its key, `kind` and `version`.
pub(crate) const STATE_ATTRIBUTES: &[&str] = &[
    "status",
    "generation",
    "email",
    "name",
    "first_name",
    "last_name",
    "phone",
    "role",
    "team",
    "job_title",
    "products",
    "courses",
    "created_at",
    "expires_at",
    "revoked_at",
    "joined_at",
    "deactivated_at",
    "invited_by",
    "import",
    "earlier_imports",
    "reservation",
    "due_pk",
    "due_sk",
];

/// What only a new generation resets. Between generations the mailer writes these.
pub(crate) const MAIL_ATTRIBUTES: &[&str] =
    &["sent_at", "mail_state", "mail_reason", "mail_at", "mail_attempt", "mail_unconfirmed_sends"];

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: impl ToString + Copy) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn time(at: Timestamp) -> AttributeValue {
    n(at.as_second())
}

/// An update expression that sets and removes.
pub(crate) fn update_expression(sets: &[String], removals: &[String]) -> String {
    let clause = |word: &str, parts: &[String]| {
        if parts.is_empty() { String::new() } else { format!("{word} {} ", parts.join(", ")) }
    };
    clause("SET", sets) + &clause("REMOVE", removals)
}

/// The item of a key, with nothing in it yet.
pub(crate) fn keyed(key: &Key) -> Item {
    Item::from([("pk".to_owned(), s(&key.pk)), ("sk".to_owned(), s(&key.sk))])
}

/// Puts an item into the index `due`, for the sweeper, at this time. `spread` is any number that differs between items.
pub(crate) fn set_due(item: &mut Item, at: Timestamp, spread: u8) {
    item.insert("due_pk".to_owned(), s(keys::duty_partition(keys::due_date(at), spread % keys::DUTY_SHARDS)));
    item.insert("due_sk".to_owned(), s(keys::due_sort(at)));
}

/// The same for an invitation, at the time it expires.
fn set_expiry(item: &mut Item, at: Timestamp, id: MembershipId) {
    // Not the bits that choose its partition of the table.
    let shard = id.to_bytes()[15] % keys::EXPIRY_SHARDS;
    item.insert("due_pk".to_owned(), s(keys::expiry_partition(keys::due_date(at), shard)));
    item.insert("due_sk".to_owned(), s(keys::due_sort(at)));
}

/// Reads attributes of one item, and names the item in every error.
pub(crate) struct Reader<'a> {
    item: &'a Item,
    key: &'a str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(item: &'a Item) -> Self {
        let key = item.get("sk").and_then(|value| value.as_s().ok()).map_or("?", String::as_str);
        Self { item, key }
    }

    pub(crate) fn damaged(&self, attribute: &str) -> StoreError {
        StoreError::damaged(self.key, format!("attribute {attribute}"))
    }

    pub(crate) fn optional_text(&self, attribute: &str) -> Result<Option<&'a str>, StoreError> {
        match self.item.get(attribute) {
            None => Ok(None),
            Some(value) => value.as_s().map(|text| Some(text.as_str())).map_err(|_| self.damaged(attribute)),
        }
    }

    pub(crate) fn text(&self, attribute: &str) -> Result<&'a str, StoreError> {
        self.optional_text(attribute)?.ok_or_else(|| self.damaged(attribute))
    }

    /// A text that is parsed into a type of the domain.
    pub(crate) fn optional<T: std::str::FromStr>(&self, attribute: &str) -> Result<Option<T>, StoreError> {
        self.optional_text(attribute)?.map(|text| text.parse().map_err(|_| self.damaged(attribute))).transpose()
    }

    pub(crate) fn optional_number<T: std::str::FromStr>(&self, attribute: &str) -> Result<Option<T>, StoreError> {
        let Some(value) = self.item.get(attribute) else { return Ok(None) };
        let number = value.as_n().ok().and_then(|text| text.parse().ok());
        number.map(Some).ok_or_else(|| self.damaged(attribute))
    }

    pub(crate) fn number<T: std::str::FromStr>(&self, attribute: &str) -> Result<T, StoreError> {
        self.optional_number(attribute)?.ok_or_else(|| self.damaged(attribute))
    }

    pub(crate) fn optional_time(&self, attribute: &str) -> Result<Option<Timestamp>, StoreError> {
        let Some(seconds) = self.optional_number::<i64>(attribute)? else { return Ok(None) };
        Timestamp::from_second(seconds).map(Some).map_err(|_| self.damaged(attribute))
    }

    pub(crate) fn time(&self, attribute: &str) -> Result<Timestamp, StoreError> {
        self.optional_time(attribute)?.ok_or_else(|| self.damaged(attribute))
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, attribute: &str) -> Result<T, StoreError> {
        serde_json::from_str(self.text(attribute)?).map_err(|_| self.damaged(attribute))
    }

    /// A set of texts that are each parsed into a type of the domain.
    pub(crate) fn parsed_texts<T: std::str::FromStr + Ord>(&self, attribute: &str) -> Result<BTreeSet<T>, StoreError> {
        self.texts(attribute)?.iter().map(|text| text.parse().map_err(|_| self.damaged(attribute))).collect()
    }

    fn texts(&self, attribute: &str) -> Result<BTreeSet<String>, StoreError> {
        match self.item.get(attribute) {
            None => Ok(BTreeSet::new()),
            Some(value) => {
                value.as_ss().map(|texts| texts.iter().cloned().collect()).map_err(|_| self.damaged(attribute))
            }
        }
    }
}

/// A membership as it was loaded, with its version: a write names the version it saw and fails on any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The membership.
    pub membership: Membership,
    pub(crate) version: u64,
}

impl Versioned {
    /// Whether a write of `membership` left this, apart from what the mailer may have added since.
    pub(crate) fn is_written_as(&self, membership: &Membership) -> bool {
        let ours = Membership { mail: None, sent_at: None, ..membership.clone() };
        Membership { mail: None, sent_at: None, ..self.membership.clone() } == ours
    }
}

fn set<T: ToString>(item: &mut Item, attribute: &str, value: Option<T>) {
    if let Some(value) = value {
        item.insert(attribute.to_owned(), s(value.to_string()));
    }
}

pub(crate) fn write_membership(membership: &Membership, version: u64) -> Item {
    let mut item = keyed(&keys::membership(membership.organisation, membership.id));
    item.insert("kind".to_owned(), s("member"));
    item.insert("version".to_owned(), n(version));
    item.insert("generation".to_owned(), n(membership.generation));
    item.insert("email".to_owned(), s(membership.email.as_typed()));
    item.insert("created_at".to_owned(), time(membership.created_at));
    item.insert("role".to_owned(), s(membership.entitlements.role.as_str()));
    set(&mut item, "name", membership.name.full.as_ref().map(ShortText::as_str));
    set(&mut item, "first_name", membership.name.first.as_ref().map(ShortText::as_str));
    set(&mut item, "last_name", membership.name.last.as_ref().map(ShortText::as_str));
    set(&mut item, "phone", membership.phone.as_ref());
    set(&mut item, "team", membership.entitlements.team.as_ref());
    set(&mut item, "job_title", membership.job_title.as_ref().map(ShortText::as_str));
    for (attribute, texts) in
        [("products", &membership.entitlements.products), ("courses", &membership.entitlements.courses)]
    {
        if !texts.is_empty() {
            item.insert(attribute.to_owned(), AttributeValue::Ss(texts.iter().cloned().collect()));
        }
    }
    set(&mut item, "invited_by", membership.invited_by);
    set(&mut item, "import", membership.import);
    if !membership.earlier_imports.is_empty() {
        let imports = membership.earlier_imports.iter().map(ToString::to_string).collect();
        item.insert("earlier_imports".to_owned(), AttributeValue::Ss(imports));
    }
    set(&mut item, "reservation", membership.reservation);
    let mut at = |attribute: &str, at: Timestamp| item.insert(attribute.to_owned(), time(at));
    let status = match membership.state {
        State::Held => "held",
        State::Pending { expires_at } => {
            at("expires_at", expires_at);
            set_expiry(&mut item, expires_at, membership.id);
            "pending"
        }
        State::Expired { expired_at } => {
            at("expires_at", expired_at);
            "expired"
        }
        State::Revoked { revoked_at } => {
            at("revoked_at", revoked_at);
            "revoked"
        }
        State::Active { joined_at } => {
            at("joined_at", joined_at);
            "active"
        }
        State::Deactivated { joined_at, deactivated_at } => {
            at("joined_at", joined_at);
            at("deactivated_at", deactivated_at);
            "deactivated"
        }
    };
    item.insert("status".to_owned(), s(status));
    if let Some(sent_at) = membership.sent_at {
        item.insert("sent_at".to_owned(), time(sent_at));
    }
    if let Some(mail) = &membership.mail {
        item.insert("mail_state".to_owned(), s(mail.state.as_str()));
        item.insert("mail_at".to_owned(), time(mail.at));
        set(&mut item, "mail_reason", mail.reason.as_ref());
        if mail.attempt > 0 {
            item.insert("mail_attempt".to_owned(), n(mail.attempt));
        }
        if mail.unconfirmed_sends > 0 {
            item.insert("mail_unconfirmed_sends".to_owned(), n(mail.unconfirmed_sends));
        }
    }
    item
}

fn read_state(reader: &Reader<'_>) -> Result<State, StoreError> {
    Ok(match reader.text("status")? {
        "held" => State::Held,
        "pending" => State::Pending { expires_at: reader.time("expires_at")? },
        "expired" => State::Expired { expired_at: reader.time("expires_at")? },
        "revoked" => State::Revoked { revoked_at: reader.time("revoked_at")? },
        "active" => State::Active { joined_at: reader.time("joined_at")? },
        "deactivated" => {
            State::Deactivated { joined_at: reader.time("joined_at")?, deactivated_at: reader.time("deactivated_at")? }
        }
        _ => return Err(reader.damaged("status")),
    })
}

fn read_mail(reader: &Reader<'_>) -> Result<Option<MailStatus>, StoreError> {
    let Some(state) = reader.optional_text("mail_state")? else { return Ok(None) };
    Ok(Some(MailStatus {
        state: MailState::parse(state).ok_or_else(|| reader.damaged("mail_state"))?,
        reason: reader.optional_text("mail_reason")?.map(str::to_owned),
        at: reader.time("mail_at")?,
        attempt: reader.optional_number("mail_attempt")?.unwrap_or(0),
        unconfirmed_sends: reader.optional_number("mail_unconfirmed_sends")?.unwrap_or(0),
    }))
}

pub(crate) fn read_membership(item: &Item) -> Result<Versioned, StoreError> {
    let reader = Reader::new(item);
    let organisation: OrganisationId = keys::organisation_of(reader.text("pk")?).ok_or_else(|| reader.damaged("pk"))?;
    let membership = Membership {
        id: keys::membership_of(reader.text("sk")?).ok_or_else(|| reader.damaged("sk"))?,
        organisation,
        email: reader.text("email")?.parse().map_err(|_| reader.damaged("email"))?,
        name: PersonName {
            full: reader.optional("name")?,
            first: reader.optional("first_name")?,
            last: reader.optional("last_name")?,
        },
        phone: reader.optional_text("phone")?.map(str::to_owned),
        job_title: reader.optional("job_title")?,
        entitlements: Entitlements {
            role: reader.text("role")?.into(),
            team: reader.optional_text("team")?.map(Into::into),
            products: reader.texts("products")?,
            courses: reader.texts("courses")?,
        },
        state: read_state(&reader)?,
        generation: reader.number("generation")?,
        created_at: reader.time("created_at")?,
        sent_at: reader.optional_time("sent_at")?,
        invited_by: reader.optional("invited_by")?,
        import: reader.optional("import")?,
        earlier_imports: reader.parsed_texts("earlier_imports")?,
        reservation: reader.optional("reservation")?,
        mail: read_mail(&reader)?,
    };
    Ok(Versioned { membership, version: reader.number("version")? })
}
