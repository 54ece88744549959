//! Changing an organization: its name, and its subscription now or on a day to come.
//!
//! A new start makes a new subscription: one of today or before replaces what is in force, one to come is scheduled
//! beside it; both drop what was scheduled before. Dates without a plan move the plan that is in force (contract
//! section 3). An end date alone moves the end of what is in force, and leaves the schedule as it is.

use serde_json::{Value, json};

use super::{GET_BY_ID, Organization, free_has_no_end, name_is_taken, needs_an_end, no_such_plan};
use crate::domain::names::ObjectName;
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::sql::rules;
use crate::store::audit::{Action, Change, ChangeContext, given, permit, permitted};
use crate::store::projects::lacks;
use crate::store::rights::caller_administers;
use crate::store::subscriptions::{FREE, in_force};
use crate::store::texts::statements;
use crate::web::patch::Patch;

macro_rules! name_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM organizations WHERE name = :name AND id <> :object_id)"
    };
}

macro_rules! plan_exists {
    () => {
        "(:subscription IS NULL OR EXISTS (SELECT 1 FROM subscriptions WHERE name = :subscription))"
    };
}

/// The plan of the subscription that the change makes or moves, of `organizations n`.
macro_rules! changed_plan {
    () => {
        concat!("coalesce(:subscription, ", in_force!("subscription"), ")")
    };
}

/// Its start. One on the day that is shown is the start as it is, whatever its time of day.
macro_rules! changed_start {
    () => {
        concat!(
            "iif(#start_date / 86400000 <> ",
            in_force!("subscription_start_date"),
            " / 86400000, #start_date, ",
            in_force!("subscription_start_date"),
            ")"
        )
    };
}

macro_rules! changed_end {
    () => {
        concat!(
            "iif(#sets_end_date = 1, #end_date, ",
            in_force!("subscription_end_date"),
            ")"
        )
    };
}

/// `free` has no end date.
macro_rules! end_is_the_plans {
    () => {
        concat!(
            "(SELECT ",
            changed_plan!(),
            " <> 'free' OR ",
            changed_end!(),
            " IS NULL
              FROM organizations n WHERE n.id = :object_id)"
        )
    };
}

/// A subscription ends after it starts.
macro_rules! end_follows_start {
    () => {
        concat!(
            "(SELECT coalesce(",
            changed_end!(),
            ", 9007199254740991) > ",
            changed_start!(),
            "
              FROM organizations n WHERE n.id = :object_id)"
        )
    };
}

macro_rules! day {
    ($millis:expr) => {
        concat!("date(", $millis, " / 1000, 'unixepoch')")
    };
}

macro_rules! organization_before {
    () => {
        concat!(
            "(SELECT json_object(
                'name', n.name, 'subscription', ", in_force!("subscription"), ",
                'subscription_start_date', ", day!(in_force!("subscription_start_date")), ",
                'subscription_end_date', ", day!(in_force!("subscription_end_date")), ",
                'next_subscription', iif(n.next_subscription_start_date > #now, n.next_subscription, NULL),
                'next_subscription_start_date', iif(n.next_subscription_start_date > #now, ",
            day!("n.next_subscription_start_date"), ", NULL))
              FROM organizations n WHERE n.id = :object_id)"
        )
    };
}

/// Whether the name, the subscription in force or the scheduled one would be shown otherwise than now.
macro_rules! changes_something {
    () => {
        concat!(
            "(SELECT coalesce(:name <> n.name, 0) OR iif(#start_date > #now,
                n.next_subscription_start_date IS NOT #start_date OR n.next_subscription IS NOT ", changed_plan!(), "
                  OR n.next_subscription_end_date IS NOT ", changed_end!(), ",
                ", changed_plan!(), " <> ", in_force!("subscription"), "
                  OR ", changed_start!(), " <> ", in_force!("subscription_start_date"), "
                  OR ", changed_end!(), " IS NOT ", in_force!("subscription_end_date"), "
                  OR (#start_date IS NOT NULL AND coalesce(n.next_subscription_start_date > #now, 0)))
              FROM organizations n WHERE n.id = :object_id)"
        )
    };
}

statements! {
    /// The permit to change an organization.
    PERMIT = permit!(":object_id", organization_before!(), rules! {
        may: caller_administers!(),
        name_is_free: name_is_free!(),
        plan_exists: plan_exists!(),
        end_is_the_plans: end_is_the_plans!(),
        end_follows_start: end_follows_start!(),
        changes: changes_something!(),
    });
    /// The change. Every right-hand side sees the row as it was.
    UPDATE = concat!(
        "UPDATE organizations AS n SET
           name = coalesce(:name, n.name),
           subscription = iif(#start_date <= #now, ", changed_plan!(), ", ", in_force!("subscription"), "),
           subscription_start_date = iif(#start_date <= #now, ", changed_start!(), ", ", in_force!("subscription_start_date"), "),
           subscription_end_date = iif(#start_date > #now, ", in_force!("subscription_end_date"), ", ", changed_end!(), "),
           next_subscription = CASE
             WHEN #start_date > #now THEN ", changed_plan!(), "
             WHEN #start_date IS NULL AND n.next_subscription_start_date > #now THEN n.next_subscription END,
           next_subscription_start_date = CASE
             WHEN #start_date > #now THEN #start_date
             WHEN #start_date IS NULL AND n.next_subscription_start_date > #now THEN n.next_subscription_start_date END,
           next_subscription_end_date = CASE
             WHEN #start_date > #now THEN ", changed_end!(), "
             WHEN #start_date IS NULL AND n.next_subscription_start_date > #now THEN n.next_subscription_end_date END
         WHERE n.id = :object_id AND ", permitted!());
}

/// What a PATCH changes; what is absent stays.
#[derive(Debug, Default)]
pub struct OrganizationChanges {
    /// Its name.
    pub name: Option<ObjectName>,
    /// The plan of a new subscription; needs a start date, and unless it is `free` an end date or null.
    pub subscription: Option<String>,
    /// The day on which the subscription starts.
    pub start_date: Option<Timestamp>,
    /// The day on which the subscription ends; null is never.
    pub end_date: Patch<Timestamp>,
}

impl OrganizationChanges {
    /// Whether a subscription is asked for that is not the one that the organization shows.
    fn changes_subscription(&self, of: &Organization) -> bool {
        let day = |date: Timestamp| date.to_date_string();
        let start = day(of.organization_subscription_start_date.0);
        let end = of.organization_subscription_end_date.map(|end| day(end.0));
        let asked_end = self.end_date.value().copied().map(day);
        self.subscription
            .as_ref()
            .is_some_and(|plan| *plan != of.organization_subscription)
            || self.start_date.is_some_and(|date| day(date) != start)
            || (self.end_date.is_present() && asked_end != end)
    }

    /// Refuses a plan without the dates that it needs.
    fn check_dates(&self) -> Result<(), Error> {
        let Some(plan) = &self.subscription else {
            return Ok(());
        };
        if self.start_date.is_none() {
            return Err(Error::invalid(
                "subscription_start_date: a change of plan needs the day on which the new one starts",
            ));
        }
        if plan != FREE && !self.end_date.is_present() {
            return Err(needs_an_end());
        }
        Ok(())
    }

    /// Whether an end date is written: a change to `free` takes the old one away.
    fn sets_end_date(&self) -> bool {
        self.end_date.is_present() || self.subscription.as_deref() == Some(FREE)
    }

    fn to_json(&self) -> Value {
        let day = |date: Timestamp| json!(date.to_date_string());
        let end = self.end_date.value().copied().map(day);
        given(vec![
            ("name", self.name.as_ref().map(|name| json!(name))),
            (
                "subscription",
                self.subscription.as_ref().map(|plan| json!(plan)),
            ),
            ("subscription_start_date", self.start_date.map(day)),
            (
                "subscription_end_date",
                self.sets_end_date().then(|| json!(end)),
            ),
        ])
    }
}

/// Changes an organization, or shows it where nothing changes.
///
/// # Errors
/// 400 for a taken name, an unknown plan, or dates that do not fit it; 403 for a change of the subscription by anybody
/// but the operator, or for a right lost meanwhile; 503 when the database fails.
pub async fn update(
    context: &ChangeContext<'_>,
    organization: &Organization,
    changes: &OrganizationChanges,
) -> Result<Organization, Error> {
    let name_alone = OrganizationChanges {
        name: changes.name.clone(),
        ..OrganizationChanges::default()
    };
    // Who sends back what they were shown changes nothing of the subscription; nothing of it is written for them, so it may
    // have been changed since.
    let changes = match context.authority.principal().is_operator() {
        true => changes,
        false if changes.changes_subscription(organization) => {
            return Err(Error::forbidden(
                "subscription, subscription_start_date, subscription_end_date: only the operator changes a subscription",
            ));
        }
        false => &name_alone,
    };
    changes.check_dates()?;
    let change = Change {
        action: Action::Update,
        object_type: "organization",
        object_id: organization.organization_id.any(),
        object_name: &organization.organization_name,
        organization_id: Some(&organization.organization_id),
        project_id: None,
        after: Some(changes.to_json()),
    };
    let name = changes.name.as_ref().map(ObjectName::as_str);
    let end_date = changes.end_date.value().map(|end| end.as_millis());
    let statements = change
        .parameters(context)
        .optional_text("name", name)
        .optional_text("subscription", changes.subscription.as_deref())
        .optional_integer("start_date", changes.start_date.map(Timestamp::as_millis))
        .flag("sets_end_date", changes.sets_end_date())
        .optional_integer("end_date", end_date)
        .batch([&PERMIT, &UPDATE, &GET_BY_ID]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("may", &|| lacks(context.authority)),
        ("name_is_free", &|| name_is_taken(name.unwrap_or_default())),
        ("plan_exists", &no_such_plan),
        ("end_is_the_plans", &free_has_no_end),
        ("end_follows_start", &|| {
            Error::invalid(
                "subscription_end_date: a subscription must end after the day on which it starts",
            )
        }),
    ])?;
    answers.only(&GET_BY_ID)
}
