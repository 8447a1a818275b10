//! Organisations: their settings and catalogue, and the one read that every admin's request begins with.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use usher_domain::id::ReservationId;
use usher_domain::{Capacity, Catalogue, Course, MembershipId, Organisation, OrganisationId, Team};

use crate::capacity::{read_capacity, write_capacity};
use crate::item::{Reader, keyed, n, read_membership, s, update_expression};
use crate::keys;
use crate::membership::Versioned;
use crate::transact::{TRANSACTION_ITEMS, Transacted};
use crate::{Item, Store, StoreError};

/// The most teams and courses that an organisation can be created with: all of it is one transaction.
pub const CREATED_AT_ONCE: usize = TRANSACTION_ITEMS - 2;

/// The attributes that hold an organisation's settings.
const SETTINGS: &[&str] = &["name", "invitation_seconds", "roles", "products", "dashboard_url", "default_role"];

/// The attribute that names the request which created an organisation.
const FINGERPRINT: &str = "fingerprint";

/// The outcome of creating an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateOrganisation {
    /// It was created.
    Created,
    /// It existed already, from the same request.
    AlreadyExists,
    /// It existed already, from another request with the same key. Nothing was written.
    OtherRequest,
}

/// An organisation with its capacity and one of its memberships, as they were loaded.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Settings and catalogue.
    pub organisation: Organisation,
    /// Its capacity.
    pub capacity: Capacity,
    /// The membership asked for, if it exists.
    pub member: Option<Versioned>,
}

fn write_organisation(organisation: &Organisation) -> Result<Item, StoreError> {
    let json = |value: serde_json::Result<String>| {
        value.map(s).map_err(|error| StoreError::damaged(keys::ORGANISATION, error.to_string()))
    };
    let mut item = keyed(&keys::organisation(organisation.id));
    item.insert("kind".to_owned(), s("organisation"));
    item.insert("name".to_owned(), s(organisation.name.as_str()));
    item.insert("invitation_seconds".to_owned(), n(organisation.invitation_seconds));
    item.insert("roles".to_owned(), json(serde_json::to_string(&organisation.catalogue.roles))?);
    item.insert("products".to_owned(), json(serde_json::to_string(&organisation.catalogue.products))?);
    if let Some(url) = &organisation.dashboard_url {
        item.insert("dashboard_url".to_owned(), s(url));
    }
    if let Some(role) = &organisation.default_role {
        item.insert("default_role".to_owned(), s(role));
    }
    Ok(item)
}

fn read_organisation(item: &Item, teams: Vec<Team>, courses: Vec<Course>) -> Result<Organisation, StoreError> {
    let reader = Reader::new(item);
    Ok(Organisation {
        id: keys::organisation_of(reader.text("pk")?).ok_or_else(|| reader.damaged("pk"))?,
        name: reader.optional("name")?.ok_or_else(|| reader.damaged("name"))?,
        invitation_seconds: reader.number("invitation_seconds")?,
        dashboard_url: reader.optional_text("dashboard_url")?.map(str::to_owned),
        default_role: reader.optional_text("default_role")?.map(str::to_owned),
        catalogue: Catalogue { roles: reader.json("roles")?, products: reader.json("products")?, teams, courses },
    })
}

/// The item with this sort key.
fn item_of<'a>(items: &'a [Item], sk: &str) -> Option<&'a Item> {
    items.iter().find(|item| sort_key(item) == sk)
}

/// The items whose sort keys begin so.
fn items_under<'a>(items: &'a [Item], prefix: &str) -> impl Iterator<Item = &'a Item> {
    items.iter().filter(move |item| sort_key(item).starts_with(prefix))
}

fn sort_key(item: &Item) -> &str {
    item.get("sk").and_then(|value| value.as_s().ok()).map(String::as_str).unwrap_or_default()
}

impl Store {
    /// Creates an organisation with its catalogue and capacity, or nothing. At most [`CREATED_AT_ONCE`] teams and courses.
    /// `fingerprint` tells the request from others with the same key, for as long as the organisation exists.
    pub async fn create_organisation(
        &self,
        organisation: &Organisation,
        capacity: &Capacity,
        fingerprint: &str,
    ) -> Result<CreateOrganisation, StoreError> {
        let mut settings = write_organisation(organisation)?;
        settings.insert(FINGERPRINT.to_owned(), s(fingerprint));
        let mut items = vec![settings, write_capacity(organisation.id, capacity)];
        for team in &organisation.catalogue.teams {
            let mut item = keyed(&keys::team(organisation.id, &team.id));
            item.insert("id".to_owned(), s(team.id.as_str()));
            item.insert("name".to_owned(), s(team.name.as_str()));
            items.push(item);
        }
        for course in &organisation.catalogue.courses {
            let mut item = keyed(&keys::course(organisation.id, &course.slug));
            item.insert("slug".to_owned(), s(&course.slug));
            item.insert("title".to_owned(), s(course.title.as_str()));
            items.push(item);
        }
        // Condition: a repeated request has the same id, and must not reset what was changed since.
        let puts = items.into_iter().map(|item| {
            let put = Put::builder().table_name(&self.table).set_item(Some(item));
            let put = put.condition_expression("attribute_not_exists(pk)").build();
            put.map(|put| TransactWriteItem::builder().put(put).build())
                .map_err(|error| StoreError::damaged(keys::ORGANISATION, error.to_string()))
        });
        let request = ReservationId::derived(&[b"create", &organisation.id.to_bytes(), fingerprint.as_bytes()]);
        if self.transact(request.to_bytes(), puts.collect::<Result<_, _>>()?).await? == Transacted::Written {
            return Ok(CreateOrganisation::Created);
        }
        let found = self.get(&keys::organisation(organisation.id)).await?;
        let found = found.ok_or_else(|| StoreError::damaged(keys::ORGANISATION, "is missing"))?;
        let is_same = Reader::new(&found).optional_text(FINGERPRINT)? == Some(fingerprint);
        Ok(if is_same { CreateOrganisation::AlreadyExists } else { CreateOrganisation::OtherRequest })
    }

    /// An organisation, its capacity and, if requested, one membership, read in parallel. `None` if it does not exist.
    pub async fn load_organisation(
        &self,
        id: OrganisationId,
        member: Option<MembershipId>,
    ) -> Result<Option<Snapshot>, StoreError> {
        let member = async {
            match member {
                Some(member) => self.membership(id, member).await,
                None => Ok(None),
            }
        };
        let (items, member) = futures::try_join!(self.organisation_items(id), member)?;
        let Some(organisation) = item_of(&items, keys::ORGANISATION) else { return Ok(None) };
        let teams = items_under(&items, keys::TEAM_PREFIX).map(|item| {
            let reader = Reader::new(item);
            let name = reader.optional("name")?.ok_or_else(|| reader.damaged("name"))?;
            Ok(Team { id: reader.text("id")?.into(), name })
        });
        let courses = items_under(&items, keys::COURSE_PREFIX).map(|item| {
            let reader = Reader::new(item);
            let title = reader.optional("title")?.ok_or_else(|| reader.damaged("title"))?;
            Ok(Course { slug: reader.text("slug")?.to_owned(), title })
        });
        let mut teams: Vec<Team> = teams.collect::<Result<_, StoreError>>()?;
        teams.sort_by(|a, b| a.name.cmp(&b.name));
        let organisation = read_organisation(organisation, teams, courses.collect::<Result<_, StoreError>>()?)?;
        let capacity =
            item_of(&items, keys::CAPACITY).ok_or_else(|| StoreError::damaged(keys::CAPACITY, "is missing"))?;
        Ok(Some(Snapshot { organisation, capacity: read_capacity(capacity)?, member }))
    }

    /// An organisation's settings, roles and products, without its teams and courses: one read.
    pub async fn settings(&self, id: OrganisationId) -> Result<Option<Organisation>, StoreError> {
        let item = self.get(&keys::organisation(id)).await?;
        item.as_ref().map(|item| read_organisation(item, Vec::new(), Vec::new())).transpose()
    }

    /// An organisation's settings, as above, and one of its memberships, in one request. `None` if one of them is missing.
    pub async fn settings_and_membership(
        &self,
        id: OrganisationId,
        member: MembershipId,
    ) -> Result<Option<(Organisation, Versioned)>, StoreError> {
        let member = keys::membership(id, member);
        let items = self.batch_get(vec![keys::organisation(id), member.clone()]).await?;
        let (Some(organisation), Some(member)) = (item_of(&items, keys::ORGANISATION), item_of(&items, &member.sk))
        else {
            return Ok(None);
        };
        Ok(Some((read_organisation(organisation, Vec::new(), Vec::new())?, read_membership(member)?)))
    }

    /// Whether there is a team of this id.
    pub async fn has_team(&self, id: OrganisationId, team: &str) -> Result<bool, StoreError> {
        Ok(self.get(&keys::team(id, team)).await?.is_some())
    }

    /// The organisation's settings, capacity, teams and courses, in the order of their keys.
    async fn organisation_items(&self, id: OrganisationId) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":pk", s(keys::organisation_partition(id)))
                .expression_attribute_values(":prefix", s(keys::ORGANISATION))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::call("Query", &error))?;
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// Changes an organisation's settings and limits in one transaction. `false` if settings or capacity changed since they
    /// were loaded: of two people who change them at once, the second one loads again.
    pub async fn change_organisation(
        &self,
        before: &Organisation,
        organisation: &Organisation,
        seen: &Capacity,
        changed: &Capacity,
    ) -> Result<bool, StoreError> {
        let mut items = vec![self.settings_update(before, organisation)?];
        if seen != changed {
            items.push(self.limits_update(organisation.id, seen, changed)?);
        }
        let random = fastrand::u128(..).to_be_bytes();
        Ok(self.transact(random, items).await? == Transacted::Written)
    }

    /// Condition: every setting is as it was loaded.
    fn settings_update(&self, seen: &Organisation, changed: &Organisation) -> Result<TransactWriteItem, StoreError> {
        let (mut before, mut after) = (write_organisation(seen)?, write_organisation(changed)?);
        let key = keys::organisation(changed.id);
        let mut update = Update::builder().table_name(&self.table).key("pk", s(key.pk)).key("sk", s(key.sk));
        let (mut sets, mut removals, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
        for (index, attribute) in SETTINGS.iter().enumerate() {
            update = update.expression_attribute_names(format!("#s{index}"), *attribute);
            match after.remove(*attribute) {
                Some(value) => {
                    sets.push(format!("#s{index} = :s{index}"));
                    update = update.expression_attribute_values(format!(":s{index}"), value);
                }
                None => removals.push(format!("#s{index}")),
            }
            match before.remove(*attribute) {
                Some(value) => {
                    conditions.push(format!("#s{index} = :b{index}"));
                    update = update.expression_attribute_values(format!(":b{index}"), value);
                }
                None => conditions.push(format!("attribute_not_exists(#s{index})")),
            }
        }
        let update = update
            .update_expression(update_expression(&sets, &removals))
            .condition_expression(conditions.join(" AND "))
            .build();
        update
            .map(|update| TransactWriteItem::builder().update(update).build())
            .map_err(|error| StoreError::damaged(keys::ORGANISATION, error.to_string()))
    }

    /// Condition: the use of each changed resource is as it was loaded, since `free` is computed from it.
    fn limits_update(
        &self,
        organisation: OrganisationId,
        seen: &Capacity,
        changed: &Capacity,
    ) -> Result<TransactWriteItem, StoreError> {
        let (before, mut after) = (write_capacity(organisation, seen), write_capacity(organisation, changed));
        let key = keys::capacity(organisation);
        let mut update = Update::builder().table_name(&self.table).key("pk", s(key.pk)).key("sk", s(key.sk));
        let (mut sets, mut removals, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
        let mut index = 0;
        for (resource, allowance) in &changed.0 {
            if seen.allowance(resource) == *allowance {
                continue;
            }
            for kind in ["limit", "free"] {
                let attribute = format!("{kind}#{}", crate::capacity::resource_key(resource));
                update = update.expression_attribute_names(format!("#a{index}"), &attribute);
                match after.remove(&attribute) {
                    Some(value) => {
                        sets.push(format!("#a{index} = :a{index}"));
                        update = update.expression_attribute_values(format!(":a{index}"), value);
                    }
                    None => removals.push(format!("#a{index}")),
                }
                index += 1;
            }
            let used = format!("used#{}", crate::capacity::resource_key(resource));
            update = update.expression_attribute_names(format!("#a{index}"), &used);
            match before.get(&used) {
                Some(value) => {
                    conditions.push(format!("#a{index} = :a{index}"));
                    update = update.expression_attribute_values(format!(":a{index}"), value.clone());
                }
                None => conditions.push(format!("attribute_not_exists(#a{index})")),
            }
            index += 1;
        }
        let update = update
            .update_expression(update_expression(&sets, &removals))
            .condition_expression(conditions.join(" AND "))
            .build();
        update
            .map(|update| TransactWriteItem::builder().update(update).build())
            .map_err(|error| StoreError::damaged(keys::CAPACITY, error.to_string()))
    }
}
