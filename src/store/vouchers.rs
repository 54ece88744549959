//! Vouchers, as the operator makes and removes them. `organizations::create` redeems them.
//!
//! The trail names a voucher by its id, and no error repeats its code: a code is as good as what it gives.

use crate::domain::VoucherId;
use crate::domain::credits::Credits;
use crate::domain::integer::AtLeast;
use crate::domain::text::Description;
use crate::domain::time::Timestamp;
use crate::domain::voucher_code::VoucherCode;
use crate::error::Error;
use crate::sql::rules;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::connection::Connection;
use crate::store::rows::{Millis, row};
use crate::store::texts::statements;
use crate::store::users::not_the_operator;

row! {
    /// A voucher.
    #[derive(Debug)]
    pub struct Voucher {
        /// Its id.
        pub id: VoucherId,
        /// Its code.
        pub code: String,
        /// What it is for.
        pub description: String,
        /// The plan that it gives, if it gives one.
        pub subscription: Option<String>,
        /// The credits that it gives, in millionths.
        pub credits: Option<i64>,
        /// When it stops; none is never.
        pub expiry_date: Option<Millis>,
        /// How often it can be redeemed; none is without limit.
        pub max_redemptions: Option<i64>,
        /// How often it was.
        pub redemptions: i64,
        /// When it was made.
        pub creation_date: Millis,
    }
}

macro_rules! select_voucher {
    () => {
        "SELECT id, code, description, subscription, credits, expiry_date, max_redemptions, redemptions, creation_date
         FROM vouchers "
    };
}

macro_rules! code_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM vouchers WHERE code = :code)"
    };
}

macro_rules! plan_exists {
    () => {
        "(:subscription IS NULL OR EXISTS (SELECT 1 FROM subscriptions WHERE name = :subscription))"
    };
}

macro_rules! voucher_before {
    () => {
        "(SELECT json_object('description', description, 'subscription', subscription,
                             'credits', credits / 1000000.0, 'expiry_date', expiry_date,
                             'max_redemptions', max_redemptions, 'redemptions', redemptions)
          FROM vouchers WHERE code = :code)"
    };
}

statements! {
    /// The permit for a new voucher.
    PERMIT_CREATE = permit!(":object_id", "NULL", rules! {
        may: "#operator = 1",
        code_is_free: code_is_free!(),
        plan_exists: plan_exists!(),
    });
    /// The voucher itself.
    INSERT = concat!(
        "INSERT INTO vouchers (code, id, description, subscription, credits, expiry_date, max_redemptions,
                               creation_date)
         SELECT :code, :object_id, :description, :subscription, #credits, #expiry_date, #max_redemptions, #now
         WHERE ", permitted!());
    /// One voucher.
    GET = concat!(select_voucher!(), "WHERE code = :code");
    /// A page of vouchers, by code.
    LIST = concat!(select_voucher!(), "WHERE code > '' ORDER BY code LIMIT #limit OFFSET #offset");
    /// The permit to delete a voucher.
    PERMIT_DELETE = permit!(":object_id", voucher_before!(), rules! {
        may: "#operator = 1",
        found: "EXISTS (SELECT 1 FROM vouchers WHERE code = :code AND id = :object_id)",
    });
    /// The voucher; what it gave stays.
    DELETE = concat!("DELETE FROM vouchers WHERE code = :code AND ", permitted!());
}

/// The 404 of a voucher.
#[must_use]
pub fn not_found() -> Error {
    Error::not_found("there is no voucher of this code")
}

/// What is asked for on creation.
pub struct NewVoucher<'a> {
    /// Its id.
    pub id: &'a VoucherId,
    /// Its code.
    pub code: &'a VoucherCode,
    /// What it is for.
    pub description: &'a Description,
    /// The plan that it is to give.
    pub subscription: Option<&'a str>,
    /// The credits that it is to give.
    pub credits: Option<Credits>,
    /// When it is to stop.
    pub expiry_date: Option<Timestamp>,
    /// How often it can be redeemed; none is without limit.
    pub max_redemptions: Option<AtLeast<1>>,
}

/// Makes a voucher.
///
/// # Errors
/// 400 for a taken code or an unknown plan; 503 when the database fails.
pub async fn create(context: &ChangeContext<'_>, new: NewVoucher<'_>) -> Result<Voucher, Error> {
    let expiry_date = new.expiry_date.map(Timestamp::as_millis);
    let change = Change {
        after: Some(serde_json::json!({
            "description": new.description,
            "subscription": new.subscription,
            "credits": new.credits,
            "expiry_date": expiry_date,
            "max_redemptions": new.max_redemptions,
        })),
        ..change_of(new.id, Action::Create)
    };
    let statements = change
        .parameters(context)
        .text("code", new.code.as_str())
        .text("description", new.description.as_str())
        .optional_text("subscription", new.subscription)
        .optional_integer("credits", new.credits.map(Credits::as_millionths))
        .optional_integer("expiry_date", expiry_date)
        .optional_integer("max_redemptions", new.max_redemptions.map(AtLeast::get))
        .batch([&PERMIT_CREATE, &INSERT, &GET]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("may", &not_the_operator),
        ("code_is_free", &|| {
            Error::invalid("code: a voucher of this code exists already")
        }),
        ("plan_exists", &|| {
            Error::invalid("subscription: there is no plan of this name")
        }),
    ])?;
    answers.only(&GET)
}

/// A page of vouchers, by code.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(connection: &Connection, limit: i64, offset: i64) -> Result<Vec<Voucher>, Error> {
    let parameters = Parameters::new()
        .integer("limit", limit)
        .integer("offset", offset);
    connection.read(parameters.batch([&LIST])).await?.all(&LIST)
}

/// The voucher of a code, whatever the code looks like: no row has a malformed one.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn get(connection: &Connection, code: &str) -> Result<Voucher, Error> {
    let parameters = Parameters::new().text("code", code);
    let found = connection
        .read(parameters.batch([&GET]))
        .await?
        .first(&GET)?;
    found.ok_or_else(not_found)
}

/// Deletes a voucher; what it gave stays.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn delete(context: &ChangeContext<'_>, voucher: &Voucher) -> Result<(), Error> {
    let statements = change_of(&voucher.id, Action::Delete)
        .parameters(context)
        .text("code", &voucher.code)
        .batch([&PERMIT_DELETE, &DELETE]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[("may", &not_the_operator), ("found", &not_found)])
}

/// The trail's name of a voucher is its id: never its code.
fn change_of(id: &VoucherId, action: Action) -> Change<'_> {
    Change {
        action,
        object_type: "voucher",
        object_id: id.any(),
        object_name: id.as_str(),
        organization_id: None,
        project_id: None,
        after: None,
    }
}
