//! The people of a part: insert, and look only where somebody is there already.

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use usher_domain::invitation::asks_for_more;
use usher_domain::membership::Origin;
use usher_domain::{Decision, Membership, MembershipId, decide};
use usher_import::RowIssue;
use usher_import_files::{PlannedRow, RowOutcome, invitation_differs};
use usher_store::{Import, Inserted, Store, StoreError, Versioned};

use crate::judge::Judge;
use crate::{ApplyError, ImportApply};

/// How often those who met somebody else's write are looked at again.
const ROUNDS: usize = 6;
/// How many updates are under way at once.
const CONCURRENT_UPDATES: usize = 8;

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) id: MembershipId,
    pub(crate) outcome: RowOutcome,
    /// Why it drifted, or what is worth a look.
    pub(crate) issues: Vec<RowIssue>,
}

fn ids(import: &Import, rows: &[PlannedRow]) -> Vec<MembershipId> {
    rows.iter().map(|row| MembershipId::of(import.organisation, &row.spec.email)).collect()
}

/// Whether an earlier delivery of the same part made this. Whatever happened to the person since, they took their place
/// from this import.
fn is_ours(import: &Import, stored: &Versioned) -> bool {
    stored.membership.came_with(import.id)
}

/// What earlier deliveries made of a part that is not to be made any more.
pub(crate) async fn found(apply: &ImportApply, import: &Import, rows: &[PlannedRow]) -> Result<Vec<Made>, ApplyError> {
    let ids = ids(import, rows);
    let existing = apply.store.memberships(import.organisation, &ids).await?;
    let made = ids.into_iter().map(|id| {
        let ours = existing.get(&id).is_some_and(|stored| is_ours(import, stored));
        let outcome = if ours { RowOutcome::Created } else { RowOutcome::Cancelled };
        Made { id, outcome, issues: Vec::new() }
    });
    Ok(made.collect())
}

/// What to write in one round.
#[derive(Default)]
struct Round {
    new: Vec<(usize, Membership)>,
    again: Vec<(usize, Versioned, Membership)>,
    /// Invitations past their time that nobody recorded as such.
    over: Vec<Versioned>,
    /// Rows to look at once more.
    open: Vec<usize>,
}

/// Makes these rows. In the first round they are taken to be new, as the plan found them, and only what can be kept to is
/// written. Whoever turns out to be there is looked up in the next one, and decided about by how they stand.
pub(crate) async fn make(
    apply: &ImportApply,
    import: &Import,
    judge: &Judge<'_>,
    rows: &[PlannedRow],
) -> Result<Vec<Made>, ApplyError> {
    let (store, organisation, now) = (&apply.store, import.organisation, apply.clock.now());
    // First the watch, so that no mail is ever due unwatched.
    store.schedule_delivery_check(organisation, now).await?;
    let ids = ids(import, rows);
    let drift: Vec<Vec<RowIssue>> = rows.iter().map(|row| judge.drift(row)).collect();
    let mut outcomes: Vec<Option<Decided>> = vec![None; rows.len()];
    let mut open: Vec<usize> = (0..rows.len()).collect();
    for round in 0..ROUNDS {
        if open.is_empty() {
            break;
        }
        let doubtful = open.iter().filter(|row| round > 0 || !drift[**row].is_empty());
        let doubtful: Vec<_> = doubtful.map(|row| ids[*row]).collect();
        let existing = store.memberships(organisation, &doubtful).await?;
        let mut writes = Round::default();
        for row in open {
            let standing = existing.get(&ids[row]);
            outcomes[row] = Deciding { import, judge, now }.sort(row, &rows[row], &drift[row], standing, &mut writes);
        }
        open = carry_out(store, judge, writes, &mut outcomes, now).await?;
    }
    let made = ids.into_iter().zip(outcomes).map(|(id, decided)| {
        let (outcome, issues) = decided.ok_or(StoreError::Contention)?;
        Ok(Made { id, outcome, issues })
    });
    made.collect()
}

/// An outcome, and what there is to say about it.
type Decided = (RowOutcome, Vec<RowIssue>);

/// What every row is decided by.
struct Deciding<'a> {
    import: &'a Import,
    judge: &'a Judge<'a>,
    now: Timestamp,
}

impl Deciding<'_> {
    /// Decides about one row: its outcome, or `None` and what is to be written for it.
    fn sort(
        &self,
        index: usize,
        row: &PlannedRow,
        drift: &[RowIssue],
        standing: Option<&Versioned>,
        writes: &mut Round,
    ) -> Option<Decided> {
        let without_issues = |outcome| Some((outcome, Vec::new()));
        let drifted = || Some((RowOutcome::Drifted, drift.to_vec()));
        if standing.is_some_and(|stored| is_ours(self.import, stored)) {
            return without_issues(RowOutcome::Created);
        }
        let over = standing.filter(|stored| stored.membership.clone().expire(self.now).is_some());
        let organisation = self.judge.organisation;
        let origin = Origin { invited_by: self.import.created_by, import: Some(self.import.id), reservation: None };
        let duration = organisation.invitation_duration();
        match decide(standing.map(|stored| stored.membership.clone())) {
            Decision::AlreadyInvited if over.is_some() && drift.is_empty() => {
                writes.over.extend(over.cloned());
                writes.open.push(index);
                None
            }
            Decision::AlreadyInvited if over.is_some() => drifted(),
            Decision::AlreadyInvited => {
                let differs = standing.is_some_and(|open| asks_for_more(&row.spec, &open.membership));
                let issues = if differs { vec![invitation_differs(row.line)] } else { Vec::new() };
                Some((RowOutcome::AlreadyInvited, issues))
            }
            Decision::AlreadyMember => without_issues(RowOutcome::AlreadyMember),
            Decision::DeactivatedMember => without_issues(RowOutcome::DeactivatedMember),
            Decision::Invite | Decision::InviteAgain(_) if !drift.is_empty() => drifted(),
            Decision::Invite => {
                let member = Membership::invite(organisation.id, row.spec.clone(), origin, duration, self.now);
                writes.new.push((index, member));
                None
            }
            Decision::InviteAgain(before) => {
                match (standing, before.invite_again(row.spec.clone(), origin, duration, self.now)) {
                    (Some(stored), Ok(after)) => writes.again.push((index, stored.clone(), after)),
                    _ => writes.open.push(index),
                }
                None
            }
        }
    }
}

/// Writes one round, and names the rows that met others' writes.
async fn carry_out(
    store: &Store,
    judge: &Judge<'_>,
    writes: Round,
    outcomes: &mut [Option<Decided>],
    now: Timestamp,
) -> Result<Vec<usize>, ApplyError> {
    let Round { new, again, over, mut open } = writes;
    if !over.is_empty() {
        // Their places go back first; this import has its own for them.
        store.expire(judge.organisation.id, over, now).await?;
    }
    let (rows, members): (Vec<usize>, Vec<Membership>) = new.into_iter().unzip();
    for (row, inserted) in rows.into_iter().zip(store.insert_memberships(&members).await?) {
        match inserted {
            Inserted::Created => outcomes[row] = Some((RowOutcome::Created, Vec::new())),
            Inserted::AlreadyExists => open.push(row),
        }
    }
    let updates = again.into_iter().map(|(row, before, after)| async move {
        store.update_membership(&before, &after).await.map(|written| (row, written))
    });
    let answers: Vec<(usize, bool)> = stream::iter(updates).buffer_unordered(CONCURRENT_UPDATES).try_collect().await?;
    for (row, written) in answers {
        if written {
            outcomes[row] = Some((RowOutcome::Created, Vec::new()));
        } else {
            open.push(row);
        }
    }
    Ok(open)
}
