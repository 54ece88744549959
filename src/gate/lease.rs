//! The lease of a request that runs: extended while it runs, and its end when it cannot be (contract section 5.4).

use super::{Failure, Passage};
use crate::domain::metering::EXTENDED_BEFORE;
use crate::store::rows::Flag;
use crate::store::settlements;

/// A lease is extended no oftener than after so many milliseconds.
const STEP: i64 = 10_000;

impl Passage {
    /// Tells that it has started, and extends the lease for as long as it is polled; completes when the request may go on no longer, and says why: its
    /// lease has ended and was not extended, or all of its time is over, which an upstream that answers does not end while
    /// the caller reads nothing.
    pub(super) async fn hold_lease(&self) -> Failure {
        let deadline = self.deadline();
        // Beside the request: who is told that it has started, is not waited for.
        if self.admitted.tells_start == Some(Flag(true)) {
            self.offer_webhooks().await;
        }
        loop {
            let end = self.lease_end.get().min(deadline);
            let left = end.as_millis() - self.now().as_millis();
            if left <= 0 && end == deadline {
                return Failure::TimedOut(self.timeout);
            }
            if left <= 0 {
                return Failure::CreditsUsedUp;
            }
            if end == deadline {
                self.sleep(left).await;
                continue;
            }
            let wait = (left - EXTENDED_BEFORE).max(STEP).min(left);
            self.sleep(wait).await;
            let now = self.now();
            // A database that fails extends nothing; the next round asks again.
            let extended = settlements::extend(
                &self.connection,
                &self.admitted,
                &self.record_id,
                deadline,
                now,
            )
            .await;
            match extended {
                Ok(Some(end)) => self.lease_end.set(end),
                // Somebody else has ended it: its charge is what the record says.
                Ok(None) => return Failure::CreditsUsedUp,
                Err(_) => {}
            }
        }
    }

    async fn sleep(&self, milliseconds: i64) {
        let milliseconds = u32::try_from(milliseconds).unwrap_or(u32::MAX);
        self.platform.clock.sleep(milliseconds).await;
    }
}
