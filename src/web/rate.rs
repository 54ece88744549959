//! How many requests a caller may make yet in this minute, as each answer of a request endpoint says it (contract section
//! 5.10).

use crate::web::response::Response;

/// What a caller has made of what they may make in a minute.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// So many a minute.
    pub limit: i64,
    /// So many have been made in this one.
    pub made: i64,
    /// Seconds to its end.
    pub reset: u32,
}

impl Rate {
    /// Tells it with an answer. A refusal that has said when to try again keeps that.
    pub fn tell(self, response: &mut Response) {
        const RESET: &str = "x-ratelimit-reset";
        response.header("x-ratelimit-limit", self.limit.to_string());
        let remaining = (self.limit - self.made).max(0);
        response.header("x-ratelimit-remaining", remaining.to_string());
        if response.headers.iter().all(|(name, _)| *name != RESET) {
            response.header(RESET, self.reset.to_string());
        }
    }
}
