//! Requests as they are recorded: their statuses, and what their ids say of time.

use super::wire::json_enum;
use super::{Invalid, Timestamp};

json_enum! {
    /// Status of a request.
    RequestStatus: "a status of a request" {
        /// The request waits for its turn.
        Pending = "pending",
        /// The request is being processed.
        Processing = "processing",
        /// The request was answered.
        Completed = "completed",
        /// The request failed; `error_message` says why.
        Failed = "failed",
        /// The request is still being processed, but was cancelled.
        CancelledPending = "cancelled_pending",
        /// The request ended without an answer because it was cancelled.
        Cancelled = "cancelled",
    }
}

impl RequestStatus {
    /// Whether it has not ended yet.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(
            self,
            Self::Pending | Self::Processing | Self::CancelledPending
        )
    }
}

/// So many statuses can stand beside each other in a list.
pub const MAX_STATUSES: usize = 4;

/// The statuses that a list is narrowed to, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuses(Vec<RequestStatus>);

impl Statuses {
    /// What a list shows unless something else is asked for (UbiOps spec 4.3).
    #[must_use]
    pub fn default_of_lists() -> Self {
        Self(vec![RequestStatus::Completed])
    }

    /// Reads names, separated by commas. What waits and what is under way is listed by itself (UbiOps spec 4.3).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut statuses = Vec::new();
        for name in text.split(',') {
            let status = RequestStatus::parse(name.trim())?;
            if !statuses.contains(&status) {
                statuses.push(status);
            }
        }
        let stands_alone =
            |status| matches!(status, RequestStatus::Pending | RequestStatus::Processing);
        if statuses.len() > 1 && statuses.iter().copied().any(stands_alone) {
            return Err(Invalid::new(
                "pending and processing are not combined with other statuses; ask for them one by one",
            ));
        }
        Ok(Self(statuses))
    }

    /// The same of what has ended.
    pub fn parse_ended(text: &str) -> Result<Self, Invalid> {
        let statuses = Self::parse(text)?;
        if statuses.0.iter().copied().any(RequestStatus::is_open) {
            return Err(Invalid::new(
                "this list shows what has ended: completed, failed and cancelled",
            ));
        }
        Ok(statuses)
    }

    /// The name of the one at this place, if there are so many.
    #[must_use]
    pub fn name_at(&self, place: usize) -> Option<&'static str> {
        self.0.get(place).map(|status| status.name())
    }
}

/// What is behind the id of every record that is made before this instant, and not behind any that is made at it or
/// later: an id is a UUID of version 7, whose first 48 bits are milliseconds since the epoch (RFC 9562 section 5.7).
#[must_use]
pub fn first_id_at(instant: Timestamp) -> String {
    let mut id = format!("{:012x}", instant.as_millis());
    id.insert(8, '-');
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Builder;

    fn id(millis: u64, random: [u8; 10]) -> String {
        let id = Builder::from_unix_timestamp_millis(millis, &random);
        id.into_uuid().hyphenated().to_string()
    }

    #[test]
    fn what_waits_or_runs_is_asked_for_by_itself() {
        for text in [
            "completed",
            "completed,failed, cancelled,cancelled_pending",
            "pending",
            "processing,processing",
        ] {
            assert!(Statuses::parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "done",
            "completed,",
            "Completed",
            "pending,processing",
            "failed,pending",
        ] {
            assert!(Statuses::parse(text).is_err(), "{text}");
        }
        assert!(Statuses::parse_ended("failed,cancelled").is_ok());
        for text in ["pending", "processing", "cancelled_pending,failed"] {
            assert!(Statuses::parse_ended(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_more_statuses_stand_beside_each_other_than_a_list_takes() {
        let together = RequestStatus::ALL
            .iter()
            .filter(|status| !matches!(status, RequestStatus::Pending | RequestStatus::Processing));
        assert_eq!(together.count(), MAX_STATUSES);
    }

    proptest! {
        #[test]
        fn ids_lie_on_the_side_of_an_instant_on_which_they_were_made(
            made in 0_u64..253_402_300_799_999, at in 0_i64..253_402_300_799_999, random in any::<[u8; 10]>()
        ) {
            let bound = first_id_at(Timestamp::from_millis(at));
            prop_assert_eq!(id(made, random) >= bound, made >= at.unsigned_abs());
            let same = first_id_at(Timestamp::from_millis(made.try_into().unwrap()));
            prop_assert!(id(made, random) >= same);
        }
    }
}
