//! Vouchers.

use super::{Invariant, Moment, hold};
use crate::facts::made;

/// See its sentence.
pub const INVARIANT: Invariant = Invariant {
    name: "vouchers",
    sentence: "A voucher is redeemed as often as it says at most, not after its end, and each time is counted.",
    check,
};

fn check(moment: &Moment<'_>) -> Result<(), String> {
    for voucher in moment.after.rows("vouchers") {
        let id = voucher.text("id");
        let of_it = |row: &&crate::facts::Row| row.text("voucher_id") == id;
        let redeemed = moment
            .after
            .rows("voucher_redemptions")
            .filter(of_it)
            .count();
        let most = voucher.number("max_redemptions").unwrap_or(i64::MAX);
        hold(i64::try_from(redeemed).unwrap() <= most, || {
            format!("{redeemed} times: {}", voucher.shown())
        })?;
        hold(
            i64::try_from(redeemed).unwrap() == voucher.whole("redemptions"),
            || format!("{redeemed} redemptions are there: {}", voucher.shown()),
        )?;
        let new = made(moment.before, moment.after, "voucher_redemptions");
        let end = voucher.number("expiry_date").unwrap_or(i64::MAX);
        let late = new
            .iter()
            .find(|row| row.text("voucher_id") == id && row.whole("redemption_date") >= end);
        hold(late.is_none(), || {
            format!("after its end: {}", voucher.shown())
        })?;
    }
    Ok(())
}
