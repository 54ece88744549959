//! The first round trip of a call on an organization: what the caller is in it.

use super::who::{HolderRow, digests};
use super::{FirstTrip, Rider, ask as ask_first, first_trip};
use crate::domain::Digests;
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::store::connection::Connection;
use crate::store::organizations::{Organization, organization_columns, plan_of_organization};
use crate::store::rows::{Columns, Flag, Row, row};
use crate::store::texts::statements;

statements! {
    /// Who is calling, and what they are in the organization of this name.
    CALLER_AND_ORGANIZATION = first_trip! {
        who: anybody,
        reads: concat!(
            organization_columns!(), ",
             n.id IS NOT NULL AS organization_exists, m.user_id IS NOT NULL AS is_member,
             coalesce(m.admin, 0) AS is_admin, m.joined = 0 AS is_to_join"),
        joins: concat!(
            " LEFT JOIN organizations n ON n.name = :organization
             LEFT", plan_of_organization!(), "
             LEFT JOIN organization_users m ON m.organization_id = n.id AND m.user_id = u.id")
    };
}

/// What the first round trip says about a call on an organization.
#[derive(Debug)]
pub struct CallerAndOrganization {
    /// Who is calling.
    pub caller: HolderRow,
    /// The organization, if there is one of this name.
    pub organization: Option<Organization>,
    /// What the caller is in the organization.
    pub standing: OrganizationStanding,
}

row! {
    /// What a caller is in an organization: a part of a row.
    #[derive(Debug)]
    pub struct OrganizationStanding {
        organization_exists: Flag,
        /// Whether they are a member of it.
        pub is_member: Flag,
        /// Whether they are an admin of it.
        pub is_admin: Flag,
        /// Whether they are a member who has not joined yet.
        pub is_to_join: Flag,
    }
}

impl Row for CallerAndOrganization {
    fn read(columns: &mut Columns<'_>) -> Self {
        let standing = OrganizationStanding::read(columns);
        let organization_exists = standing.organization_exists.0;
        Self {
            caller: HolderRow::read(columns),
            organization: organization_exists.then(|| Organization::read(columns)),
            standing,
        }
    }
}

/// Who has the token of these digests, and what they are in the organization of this name. What rides along has
/// `:organization` and `#now` besides the digests.
///
/// # Errors
/// 503 when the database fails.
pub async fn ask(
    connection: &Connection,
    of: Option<&Digests>,
    organization: &str,
    now: Timestamp,
    rider: Option<Rider>,
) -> Result<FirstTrip<CallerAndOrganization>, Error> {
    let parameters = digests(of)
        .text("organization", organization)
        .integer("now", now.as_millis());
    let sql = &CALLER_AND_ORGANIZATION;
    ask_first(connection, sql, parameters, rider).await?.only()
}
