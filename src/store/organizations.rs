//! Organizations: who pays, and whose people and projects belong together.
//!
//! This file reads them; [`create`] makes one, with a plan or a voucher, and [`update`] renames one and changes its
//! subscription. What is shown of a subscription is what is in force at the time of the request.

pub mod create;
pub mod update;

use crate::auth::principal::Principal;
use crate::domain::OrganizationId;
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::rows::{Flag, Millis, row};
use crate::store::slices::{Listing, Slice};
use crate::store::texts::statements;

row! {
    /// An organization with its plan.
    #[derive(Debug, Clone)]
    pub struct Organization {
        /// Its id.
        pub organization_id: OrganizationId,
        /// Its name, unique in the installation.
        pub organization_name: String,
        /// When it was created.
        pub organization_creation_date: Millis,
        /// The plan it is on.
        pub organization_subscription: String,
        /// When that plan started: the periods of its credits are anchored to this day.
        pub organization_subscription_start_date: Millis,
        /// When that plan ends, if it does.
        pub organization_subscription_end_date: Option<Millis>,
        /// Whether anybody may choose that plan.
        pub organization_subscription_self_service: Flag,
        /// The plan that it goes over to on a day to come.
        pub organization_next_subscription: Option<String>,
        /// That day.
        pub organization_next_subscription_start_date: Option<Millis>,
        /// When that plan will end, if it does.
        pub organization_next_subscription_end_date: Option<Millis>,
        /// Its budget of the current period in millionths of a credit, vouchers included; none is no limit.
        pub organization_credits: Option<i64>,
    }
}

impl Organization {
    /// Whether its subscription has not ended.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.organization_subscription_end_date
            .is_none_or(|end| end.0 > now)
    }
}

/// The credits of `organizations n` under the plan `subscriptions c` in the period of `#now`, vouchers included and at most
/// the greatest number there is; null is no limit.
macro_rules! credits_of_organization {
    () => {
        "min(9007199254740991,
             c.monthly_credits + coalesce((SELECT sum(r.credits) FROM voucher_redemptions r
                                           WHERE r.organization_id = n.id AND r.period_end > #now), 0))"
    };
}
pub(crate) use credits_of_organization;

/// The columns of [`Organization`] at `#now`, from `organizations n` and `subscriptions c`, joined by
/// [`plan_of_organization`].
macro_rules! organization_columns {
    () => {
        concat!(
            "n.id AS organization_id, n.name AS organization_name, n.creation_date AS organization_creation_date, ",
            $crate::store::subscriptions::in_force!("subscription"),
            " AS organization_subscription, ",
            $crate::store::subscriptions::in_force!("subscription_start_date"),
            " AS organization_subscription_start_date, ",
            $crate::store::subscriptions::in_force!("subscription_end_date"),
            " AS organization_subscription_end_date,
             c.self_service AS organization_subscription_self_service,
             iif(n.next_subscription_start_date > #now, n.next_subscription, NULL) AS organization_next_subscription,
             iif(n.next_subscription_start_date > #now, n.next_subscription_start_date, NULL)
               AS organization_next_subscription_start_date,
             iif(n.next_subscription_start_date > #now, n.next_subscription_end_date, NULL)
               AS organization_next_subscription_end_date,
             ",
            $crate::store::organizations::credits_of_organization!(),
            " AS organization_credits"
        )
    };
}
pub(crate) use organization_columns;

/// The plan in force at `#now` of `organizations n`, as `c`.
macro_rules! plan_of_organization {
    () => {
        concat!(
            " JOIN subscriptions c ON c.name = ",
            $crate::store::subscriptions::in_force!("subscription"),
            " "
        )
    };
}
pub(crate) use plan_of_organization;

statements! {
    /// The organizations that somebody is a member of.
    LIST_OF_MEMBER = concat!(
        "SELECT ", organization_columns!(), "
         FROM organization_users m JOIN organizations n ON n.id = m.organization_id ", plan_of_organization!(), "
         WHERE m.user_id = :principal_id AND n.name > coalesce(:after, '') ORDER BY n.name LIMIT #limit");
    /// Whether one of the name behind which the list is to go on is among them.
    KNOWS_OF_MEMBER = "SELECT EXISTS (SELECT 1 FROM organization_users m JOIN organizations n ON n.id = m.organization_id
                                      WHERE m.user_id = :principal_id AND n.name = :after) AS known";
    /// All organizations, for the operator.
    LIST_EVERYTHING = concat!(
        "SELECT ", organization_columns!(), " FROM organizations n ", plan_of_organization!(), "
         WHERE n.name > coalesce(:after, '') ORDER BY n.name LIMIT #limit");
    /// Whether there is one of the name behind which the list is to go on.
    KNOWS_OF_EVERYTHING = "SELECT EXISTS (SELECT 1 FROM organizations WHERE name = :after) AS known";
    /// One organization, by its id.
    GET_BY_ID = concat!(
        "SELECT ", organization_columns!(), " FROM organizations n ", plan_of_organization!(), "WHERE n.id = :object_id");
}

/// The 400 of a name that another organization has.
fn name_is_taken(name: &str) -> Error {
    Error::invalid(format!("name: an organization '{name}' exists already"))
}

/// The 400 of a plan that is not in the catalogue.
fn no_such_plan() -> Error {
    Error::invalid("subscription: there is no plan of this name")
}

/// The 400 of an end date on the plan that has none (contract section 4).
fn free_has_no_end() -> Error {
    Error::invalid(
        "subscription_end_date: the plan free renews itself each year and takes no end date",
    )
}

/// The 400 of a plan without an end date that needs one (contract section 4).
fn needs_an_end() -> Error {
    Error::invalid("subscription_end_date: a plan other than free needs an end date")
}

/// The organizations that a caller is a member of; the operator's list shows all.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(
    connection: &Connection,
    caller: &Principal,
    now: Timestamp,
    slice: &Slice,
) -> Result<Vec<Organization>, Error> {
    let parameters = Parameters::new()
        .integer("now", now.as_millis())
        .optional_text("principal_id", caller.id());
    let (list, knows) = if caller.is_operator() {
        (&LIST_EVERYTHING, &KNOWS_OF_EVERYTHING)
    } else {
        (&LIST_OF_MEMBER, &KNOWS_OF_MEMBER)
    };
    let listing = Listing::new(list, knows);
    slice.read(connection, listing, parameters).await
}
