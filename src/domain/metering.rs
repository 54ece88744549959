//! What run time costs, and how much of it a number of credits buys (contract section 5.4).
//!
//! Credits are those of [`Credits`], in millionths; run time is in milliseconds. Both cross D1, so they end at 2^53 - 1.
//! A lease costs what its run time costs, rounded as the run itself will be, so a run within its lease never costs more
//! than was leased.

use super::{Credits, SAFE_INTEGER};

/// Longest run time that is leased at once.
pub const LEASE: i64 = 300_000;

/// A lease is extended from this long before its end on.
pub const EXTENDED_BEFORE: i64 = 120_000;

/// The run time that must be affordable for a request to begin.
pub const LEAST_RUN_TIME: i64 = 10_000;

/// Milliseconds in the hour that a price is for.
const HOUR: i128 = 3_600_000;

/// A part of what is free, set aside for a request under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// For how long, in milliseconds.
    pub run_time: i64,
    /// What that costs, in millionths; 0 without a price.
    pub credits: i64,
}

impl Lease {
    /// As long as the timeout, a lease and what is free allow. `free` is in millionths and below 0 where a limit was
    /// lowered; `None` is no limit, and no price is no lease of credits.
    #[must_use]
    pub fn new(timeout: i64, free: Option<i64>, price: Option<Credits>) -> Self {
        let wanted = timeout.clamp(0, LEASE);
        let Some(price) = price else {
            return Self {
                run_time: wanted,
                credits: 0,
            };
        };
        let run_time = free.map_or(wanted, |free| wanted.min(run_time_for(free, price)));
        Self {
            run_time,
            credits: credits_for(run_time, price),
        }
    }
}

/// What a run time costs, in millionths, rounded half up.
#[must_use]
pub fn credits_for(run_time: i64, price: Credits) -> i64 {
    let run_time = i128::from(run_time.max(0));
    let exact = run_time * i128::from(price.as_millionths());
    saturated((exact + HOUR / 2) / HOUR)
}

/// The longest run time that costs no more than so many millionths.
#[must_use]
pub fn run_time_for(credits: i64, price: Credits) -> i64 {
    if credits < 0 {
        return 0;
    }
    match i128::from(price.as_millionths()) {
        0 => SAFE_INTEGER,
        price => {
            // Rounded half up it is not above the credits while it is below half a millionth more.
            let below = (i128::from(credits) + 1) * HOUR - HOUR / 2;
            saturated((below - 1) / price)
        }
    }
}

/// Below how many millionths no request begins: with less left, the credits are used up; with less free, those under way
/// hold them.
#[must_use]
pub fn least_credits(price: Credits) -> i64 {
    credits_for(LEAST_RUN_TIME, price)
}

fn saturated(number: i128) -> i64 {
    i64::try_from(number).map_or(SAFE_INTEGER, |number| number.min(SAFE_INTEGER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn price(millionths: i64) -> Credits {
        Credits::from_millionths(millionths).unwrap()
    }

    #[test]
    fn run_time_costs_its_part_of_an_hour_rounded_half_up() {
        let one = price(1_000_000);
        assert_eq!(credits_for(3_600_000, one), 1_000_000);
        assert_eq!(credits_for(3_600_000_000, one), 1_000_000_000);
        assert_eq!(credits_for(1_000, one), 278);
        // 1.8 s at a thousandth of a credit an hour are half a millionth.
        assert_eq!(credits_for(1_800, price(1_000)), 1);
        assert_eq!(credits_for(1_799, price(1_000)), 0);
        assert_eq!((credits_for(0, one), credits_for(-1, one)), (0, 0));
        let millionth_a_millisecond = price(3_600_000);
        assert_eq!(credits_for(0, millionth_a_millisecond), 0);
        assert_eq!(credits_for(1, millionth_a_millisecond), 1);
        assert_eq!(run_time_for(0, millionth_a_millisecond), 0);
        assert_eq!(run_time_for(-1, price(1)), 0);
    }

    #[test]
    fn what_is_beyond_all_bounds_ends_at_the_greatest_integer() {
        let most = price(Credits::MAX_MILLIONTHS);
        assert_eq!(credits_for(i64::MAX, most), SAFE_INTEGER);
        assert_eq!(run_time_for(i64::MAX, price(1)), SAFE_INTEGER);
        assert_eq!(run_time_for(3_000_000_000, price(1)), SAFE_INTEGER);
        assert_eq!(run_time_for(0, price(0)), SAFE_INTEGER);
    }

    #[test]
    fn a_lease_is_the_least_of_timeout_five_minutes_and_what_is_free() {
        let an_hour_a_credit = Some(price(1_000_000));
        let run_time = |timeout, free| Lease::new(timeout, free, an_hour_a_credit).run_time;
        assert_eq!(run_time(20_000, Some(1_000_000)), 20_000);
        assert_eq!(run_time(3_600_000, Some(1_000_000)), 300_000);
        assert_eq!(run_time(3_600_000, None), 300_000);
        // 10,000 millionths are 36 s, and a little less than half a millionth comes on top.
        assert_eq!(run_time(300_000, Some(10_000)), 36_001);
        assert_eq!((run_time(300_000, Some(-1)), run_time(-5, None)), (0, 0));
    }

    #[test]
    fn a_lease_of_five_minutes_is_extended_two_minutes_before_its_end() {
        assert_eq!((LEASE, EXTENDED_BEFORE), (300_000, 120_000));
    }

    #[test]
    fn without_a_price_nothing_is_leased_but_time() {
        let lease = Lease::new(3_600_000, Some(-5), None);
        assert_eq!((lease.run_time, lease.credits), (300_000, 0));
    }

    #[test]
    fn the_least_is_ten_seconds_of_the_price() {
        assert_eq!(least_credits(price(3_600_000)), 10_000);
        assert_eq!(least_credits(price(0)), 0);
    }

    fn any_price() -> impl Strategy<Value = Credits> {
        prop_oneof![0..=10_000_000_i64, 0..=Credits::MAX_MILLIONTHS].prop_map(price)
    }

    fn any_number() -> impl Strategy<Value = i64> {
        prop_oneof![-10..=10_000_000_i64, any::<i64>()]
    }

    proptest! {
        #[test]
        fn a_lease_and_every_run_within_it_cost_no_more_than_is_free(
            timeout in any_number(), free in any_number(), price in any_price(), part in 0..=1_000_i64
        ) {
            let lease = Lease::new(timeout, Some(free), Some(price));
            prop_assert!((0..=LEASE).contains(&lease.run_time) && lease.run_time <= timeout.max(0));
            prop_assert!(lease.credits <= free.max(0), "{:?}", lease);
            let run_time = lease.run_time * part / 1_000;
            prop_assert!(credits_for(run_time, price) <= lease.credits);
        }

        #[test]
        fn credits_buy_all_the_run_time_that_they_can(credits in 0..=SAFE_INTEGER - 1, price in any_price()) {
            let run_time = run_time_for(credits, price);
            prop_assert!(credits_for(run_time, price) <= credits);
            prop_assert!(run_time == SAFE_INTEGER || credits_for(run_time + 1, price) > credits);
        }

        #[test]
        fn more_costs_no_less(one in any_number(), other in any_number(), price in any_price()) {
            let (less, more) = (one.min(other), one.max(other));
            prop_assert!(credits_for(less, price) <= credits_for(more, price));
            prop_assert!(run_time_for(less, price) <= run_time_for(more, price));
        }

        #[test]
        fn who_has_the_least_gets_ten_seconds(timeout in 0..=LEASE, more in 0..1_000_i64, price in any_price()) {
            let lease = Lease::new(timeout, Some(least_credits(price) + more), Some(price));
            prop_assert!(lease.run_time >= timeout.min(LEAST_RUN_TIME));
        }

        #[test]
        fn the_cost_is_within_half_a_millionth(run_time in 0..=1_000_000_000_i64, amount in 0..=1_000_000_000_i64) {
            let twice_off = 2 * (i128::from(credits_for(run_time, price(amount))) * HOUR - i128::from(run_time) * i128::from(amount));
            prop_assert!(-HOUR < twice_off && twice_off <= HOUR);
        }
    }
}
