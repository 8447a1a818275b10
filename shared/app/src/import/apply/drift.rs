//! Drift: what a planned row gives may have been renamed or removed since, and its inviter may no longer give it. The
//! validator that planned the row checks exactly that again, so that both give the same reasons.

use usher_domain::spec::Authority;
use usher_domain::{InvitationValidator, Issue, IssueCode, Organisation};
use usher_import::{DialectReport, RowIssue};
use usher_import_files::PlannedRow;
use usher_store::{Import, Snapshot};

/// The organisation and the inviter as they are now.
pub(crate) struct DriftCheck<'a> {
    pub(crate) organisation: &'a Organisation,
    /// The validator with the inviter's authority; `None` if they are no longer an admin.
    validator: Option<InvitationValidator<'a>>,
    /// How the file names its columns.
    report: Option<DialectReport>,
}

impl<'a> DriftCheck<'a> {
    pub(crate) fn new(import: &Import, loaded: &'a Snapshot) -> Self {
        let organisation = &loaded.organisation;
        let rank = match (import.created_by, &loaded.member) {
            (None, _) => Ok(None),
            (Some(_), Some(inviter)) => organisation.admin_rank(&inviter.membership).map(Some).ok_or(()),
            (Some(_), None) => Err(()),
        };
        let report = import.plan.as_ref().and_then(|plan| serde_json::from_value(plan.dialect.clone()).ok());
        Self::of_rank(organisation, rank, report)
    }

    /// `rank` is the highest that the inviter may give; `Err` if they are no longer an admin.
    fn of_rank(organisation: &'a Organisation, rank: Result<Option<u32>, ()>, report: Option<DialectReport>) -> Self {
        let validator =
            |rank| InvitationValidator::new(&organisation.catalogue, Authority { rank, default_role: None });
        Self { organisation, validator: rank.ok().map(validator), report }
    }

    /// Why a row has drifted; empty if it has not.
    pub(crate) fn drift(&self, row: &PlannedRow) -> Vec<RowIssue> {
        let Some(validator) = &self.validator else {
            let message = "the admin who created the import is no longer an admin";
            return vec![RowIssue::of_row(row.line, IssueCode::NotAnAdmin, message)];
        };
        match validator.recheck(&row.spec.entitlements) {
            Ok(now) if now == *row.spec.entitlements => Vec::new(),
            Ok(_) => {
                let message = "the role, team, product or course has been renamed";
                vec![RowIssue::of_row(row.line, IssueCode::ChangedSincePlan, message)]
            }
            Err(issues) => issues.into_iter().map(|issue| self.row_issue(row.line, issue)).collect(),
        }
    }

    fn row_issue(&self, line: u32, issue: Issue) -> RowIssue {
        let column = self.report.as_ref().and_then(|report| {
            let column = report.columns.iter().find(|column| column.field == issue.field);
            column.map(|column| column.header.clone())
        });
        let column = column.unwrap_or_else(|| issue.field.clone().into_owned());
        let message = format!("{} (this changed after the file was checked)", issue.message);
        RowIssue::of_field(line, column, Issue { message, ..issue })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_domain::InvitationInput;
    use usher_domain::catalogue::{Product, Role, Team};
    use usher_domain::{Catalogue, OrganisationId};

    fn organisation() -> Organisation {
        let role = |name: &str, rank| Role { name: name.into(), rank, can_invite: rank > 10 };
        Organisation {
            id: OrganisationId::from_parts(1, 1),
            name: "Acme".parse().expect("a text"),
            invitation_seconds: 60,
            dashboard_url: None,
            default_role: None,
            catalogue: Catalogue {
                roles: vec![role("admin", 30), role("rep", 10)],
                teams: vec![Team { id: "t1".into(), name: "SMB".parse().expect("a text") }],
                products: vec![Product { id: "p".into(), name: "P".parse().expect("a text") }],
                courses: Vec::new(),
            },
        }
    }

    fn row(organisation: &Organisation) -> PlannedRow {
        let request = InvitationInput {
            email: "ada@example.com".into(),
            job_title: Some("VP".into()),
            role: Some("rep".into()),
            team: Some("SMB".into()),
            products: vec!["P".into()],
            ..InvitationInput::default()
        };
        let authority = Authority { rank: Some(30), default_role: None };
        let spec = organisation.catalogue.validate(&request, authority).expect("a valid row");
        PlannedRow { row: 1, line: 2, spec, cells: Vec::new() }
    }

    fn codes(organisation: &Organisation, rank: Result<Option<u32>, ()>, row: &PlannedRow) -> Vec<String> {
        let check = DriftCheck::of_rank(organisation, rank, None);
        check.drift(row).into_iter().map(|issue| issue.code.to_string()).collect()
    }

    #[test]
    fn a_row_has_not_drifted_while_everything_it_names_exists() {
        let organisation = organisation();
        assert!(codes(&organisation, Ok(Some(30)), &row(&organisation)).is_empty());
        assert!(codes(&organisation, Ok(None), &row(&organisation)).is_empty());
    }

    #[test]
    fn what_changed_is_named() {
        let before = organisation();
        let row = row(&before);
        let mut now = organisation();
        now.catalogue.teams.clear();
        now.catalogue.products.clear();
        assert_eq!(codes(&now, Ok(Some(30)), &row), ["team_unknown", "product_unknown"]);
        assert_eq!(codes(&before, Ok(Some(5)), &row), ["role_above_own"]);
        assert_eq!(codes(&before, Err(()), &row), ["not_an_admin"]);
        let mut renamed = organisation();
        renamed.catalogue.roles[1].name = "Rep".into();
        assert_eq!(codes(&renamed, Ok(None), &row), ["changed_since_plan"]);
    }
}
