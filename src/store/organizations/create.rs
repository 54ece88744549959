//! Making an organization: its plan, its first admin, and the voucher that it may begin with.
//!
//! A voucher is redeemed in the permit's own transaction: that it exists, has not expired and is not used up stands in
//! the condition, so no race redeems it once too often. Its code enters neither the trail nor an error.

use super::{GET_BY_ID, Organization, free_has_no_end, name_is_taken, needs_an_end, no_such_plan};
use crate::auth::credential::INVALID;
use crate::domain::OrganizationId;
use crate::domain::email::Email;
use crate::domain::names::ObjectName;
use crate::domain::subscription_period::period_containing;
use crate::domain::time::Timestamp;
use crate::domain::voucher_code::VoucherCode;
use crate::error::Error;
use crate::sql::rules;
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::rights::caller_lives;
use crate::store::texts::statements;

/// So many organizations may one person create (contract section 3).
pub const MAX_ORGANIZATIONS_A_PERSON: i64 = 100;

/// Who becomes the first admin: the caller, or the person whom the operator names.
macro_rules! first_admin {
    () => {
        "iif(#operator = 1, (SELECT id FROM users WHERE email = :admin_email AND status = 'active'),
                            (SELECT id FROM users WHERE id = :principal_id))"
    };
}

/// Whether there is no voucher, or one that can be redeemed now.
macro_rules! voucher_is_good {
    () => {
        "(:voucher IS NULL OR EXISTS (
            SELECT 1 FROM vouchers
            WHERE code = :voucher AND coalesce(expiry_date, 9007199254740991) > #now
              AND redemptions < coalesce(max_redemptions, 9007199254740991)))"
    };
}

/// The plan that the voucher gives, if it gives one.
macro_rules! plan_of_voucher {
    () => {
        "(SELECT subscription FROM vouchers WHERE code = :voucher)"
    };
}

/// The plan of the new organization.
macro_rules! plan_of_new {
    () => {
        concat!("coalesce(", plan_of_voucher!(), ", :subscription, 'free')")
    };
}

/// Whether the plan that the caller names is the voucher's, where both say one.
macro_rules! plans_agree {
    () => {
        concat!("coalesce(:subscription = ", plan_of_voucher!(), ", 1)")
    };
}

macro_rules! plan_exists {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM subscriptions WHERE name = ",
            plan_of_new!(),
            ")"
        )
    };
}

/// Whether the caller may choose the plan, or the voucher chooses it.
macro_rules! plan_is_open {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM subscriptions WHERE name = ",
            plan_of_new!(),
            " AND (#operator = 1 OR self_service = 1 OR ",
            plan_of_voucher!(),
            " IS NOT NULL))"
        )
    };
}

/// `free` has no end date, and any other plan needs one, unless a voucher gives it (contract section 4).
macro_rules! end_date_suits {
    () => {
        concat!(
            "(CASE WHEN ",
            plan_of_new!(),
            " = 'free' THEN #end_date IS NULL
              ELSE #end_date IS NOT NULL OR ",
            plan_of_voucher!(),
            " IS NOT NULL END)"
        )
    };
}

macro_rules! name_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM organizations WHERE name = :object_name)"
    };
}

macro_rules! creator_is_within_limit {
    () => {
        "(#operator = 1 OR (SELECT count(*) FROM (SELECT 1 FROM organizations WHERE created_by = :principal_id
                            LIMIT #max_organizations)) < #max_organizations)"
    };
}

statements! {
    /// The permit for a new organization.
    PERMIT = permit!(":object_id", "NULL", rules! {
        name_is_free: name_is_free!(),
        voucher_is_good: voucher_is_good!(),
        plans_agree: plans_agree!(),
        plan_is_open: plan_is_open!(),
        end_date_suits: end_date_suits!(),
        within_limit: creator_is_within_limit!(),
        admin_exists: concat!(first_admin!(), " IS NOT NULL"),
        lives: concat!("#operator = 1 OR ", caller_lives!());
        plan_exists: plan_exists!(),
    });
    /// The organization itself.
    INSERT = concat!(
        "INSERT INTO organizations (id, name, creation_date, subscription, subscription_start_date,
                                    subscription_end_date, created_by)
         SELECT :object_id, :object_name, #now, ", plan_of_new!(), ", #now, #end_date, coalesce(:principal_id, :actor)
         WHERE ", permitted!());
    /// Its first admin, who has joined where they make it themselves (contract section 2).
    INSERT_FIRST_ADMIN = concat!(
        "INSERT INTO organization_users (organization_id, user_id, admin, join_date, joined)
         SELECT :object_id, ", first_admin!(), ", 1, #now, 1 - #operator WHERE ", permitted!());
    /// What its voucher gave.
    INSERT_REDEMPTION = concat!(
        "INSERT INTO voucher_redemptions (organization_id, voucher_id, credits, redemption_date, period_end)
         SELECT :object_id, id, coalesce(credits, 0), #now, #period_end FROM vouchers
         WHERE code = :voucher AND ", permitted!());
    /// That the voucher was redeemed once more.
    COUNT_REDEMPTION = concat!(
        "UPDATE vouchers SET redemptions = redemptions + 1 WHERE code = :voucher AND ", permitted!());
    /// The plan and the voucher, by its id, in the trail: only now are they known.
    COMPLETE_TRAIL = concat!(
        "UPDATE audit SET after = json_set(
           after,
           '$.subscription', (SELECT subscription FROM organizations WHERE id = :object_id),
           '$.voucher_id', (SELECT voucher_id FROM voucher_redemptions WHERE organization_id = :object_id),
           '$.voucher_credits', (SELECT credits / 1000000.0 FROM voucher_redemptions
                                 WHERE organization_id = :object_id))
         WHERE id = :audit_id AND ", permitted!());
}

/// What is asked for on creation.
pub struct NewOrganization<'a> {
    /// Its id.
    pub id: &'a OrganizationId,
    /// Its name.
    pub name: &'a ObjectName,
    /// The plan; none is the voucher's, or `free`.
    pub subscription: Option<&'a str>,
    /// The day on which the plan ends, if one was given.
    pub end_date: Option<Timestamp>,
    /// The voucher to redeem.
    pub voucher: Option<&'a VoucherCode>,
    /// The first admin, when the operator creates it.
    pub admin_email: Option<&'a Email>,
}

/// Creates an organization; the caller, or whom the operator names, becomes its admin.
///
/// # Errors
/// 400 for a taken name, an unknown plan, voucher or admin, an end date that the plan does not take or needs, or too
/// many organizations; 403 for a plan that is not open; 401 when the caller's token ended meanwhile; 503 when the
/// database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    new: NewOrganization<'_>,
) -> Result<Organization, Error> {
    let change = Change {
        action: Action::Create,
        object_type: "organization",
        object_id: new.id.any(),
        object_name: new.name.as_str(),
        organization_id: Some(new.id),
        project_id: None,
        after: Some(serde_json::json!({
            "name": new.name.as_str(),
            "subscription_end_date": new.end_date.map(Timestamp::to_date_string),
        })),
    };
    // A subscription starts with its organization, so the voucher's credits are for the first period.
    let (_, period_end) = period_containing(context.now, context.now);
    let statements = change
        .parameters(context)
        .optional_text("subscription", new.subscription)
        .optional_integer("end_date", new.end_date.map(Timestamp::as_millis))
        .optional_text("voucher", new.voucher.map(VoucherCode::as_str))
        .integer("period_end", period_end.as_millis())
        .optional_text("admin_email", new.admin_email.map(Email::as_str))
        .integer("max_organizations", MAX_ORGANIZATIONS_A_PERSON)
        .batch([
            &PERMIT,
            &INSERT,
            &INSERT_FIRST_ADMIN,
            &INSERT_REDEMPTION,
            &COUNT_REDEMPTION,
            &COMPLETE_TRAIL,
            &GET_BY_ID,
        ]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("name_is_free", &|| name_is_taken(new.name.as_str())),
        ("voucher_is_good", &|| {
            Error::invalid(
                "voucher: there is no voucher of this code, or it has expired or is used up",
            )
        }),
        ("plans_agree", &|| {
            Error::invalid("subscription: the voucher gives another plan; leave this field out")
        }),
        ("plan_exists", &no_such_plan),
        ("plan_is_open", &|| {
            Error::forbidden("subscription: only the operator can put an organization on this plan")
        }),
        (
            "end_date_suits",
            match new.end_date {
                Some(_) => &free_has_no_end,
                None => &needs_an_end,
            },
        ),
        ("within_limit", &|| {
            Error::invalid(format!(
                "a person can create at most {MAX_ORGANIZATIONS_A_PERSON} organizations"
            ))
        }),
        ("admin_exists", &|| match new.admin_email {
            Some(email) => Error::invalid(format!("admin_email: there is no person '{email}'")),
            None => Error::unauthenticated(INVALID),
        }),
        ("lives", &|| Error::unauthenticated(INVALID)),
    ])?;
    answers.only(&GET_BY_ID)
}
