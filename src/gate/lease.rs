//! The lease of a request that runs: extended while it runs, and its end when it cannot be (contract section 5.4).

use std::future::pending;

use super::Passage;
use crate::store::settlements;

/// A lease is extended from so many milliseconds before its end.
const AHEAD: i64 = 120_000;
/// And no oftener than after so many milliseconds.
const STEP: i64 = 10_000;

impl Passage {
    /// Extends the lease for as long as it is polled; completes when the lease has ended and was not extended.
    pub(super) async fn hold_lease(&self) {
        let deadline = self.deadline();
        loop {
            let end = self.lease_end.get();
            if end >= deadline {
                return pending().await;
            }
            let left = end.as_millis() - self.now().as_millis();
            if left <= 0 {
                return;
            }
            let wait = (left - AHEAD).max(STEP).min(left);
            self.platform
                .clock
                .sleep(u32::try_from(wait).unwrap_or(0))
                .await;
            let now = self.now();
            // A database that fails extends nothing; the next round asks again.
            let extended = settlements::extend(
                &self.session,
                &self.admitted,
                &self.record_id,
                deadline,
                now,
            )
            .await;
            match extended {
                Ok(Some(end)) => self.lease_end.set(end),
                // Somebody else has ended it: its charge is what the record says.
                Ok(None) => return,
                Err(_) => {}
            }
        }
    }
}
