//! What is kept of requests, and for how long.

use super::wire::json_enum;

/// How long requests are kept unless something else is asked for, in seconds: a week (UbiOps' documents of
/// `deployment_versions_create`).
pub const RETENTION_TIME: i64 = 604_800;
/// The longest that requests can be kept, in seconds: four weeks (UbiOps spec 4.5).
pub const MAX_RETENTION_TIME: i64 = 2_419_200;

json_enum! {
    /// What is kept of requests.
    RetentionMode: "a way to keep requests" {
        /// Nothing is kept.
        None = "none",
        /// Only when and how requests ended is kept.
        Metadata = "metadata",
        /// Input and output are kept, too.
        Full = "full",
    }
}

impl RetentionMode {
    /// What is kept unless something else is asked for.
    pub const DEFAULT: Self = Self::Full;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_kept_a_week_unless_asked_for_otherwise_and_four_weeks_at_most() {
        let day = 24 * 60 * 60;
        assert_eq!((RETENTION_TIME, MAX_RETENTION_TIME), (7 * day, 28 * day));
    }
}
