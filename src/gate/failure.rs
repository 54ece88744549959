//! Why a request failed: a fixed set of sentences (contract section 5.3). None holds the value of a header, nor what tells a
//! caller how an upstream could not be reached: that is for the log.

use std::fmt::{self, Display, Formatter};

use crate::domain::quoted;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The version has no upstream.
    NoUpstream,
    /// The upstream's address is not allowed any more: the rule.
    Address(String),
    /// A header cannot be made: what is wrong with which variable.
    Header(String),
    /// The upstream could not be reached.
    NotReached,
    /// It answered with this status, which is no success.
    Status(u16),
    /// The output is structured, and the answer is no JSON.
    NotJson,
    /// A list of so many was sent, and the answer is no list of that length.
    NotThatLong(usize),
    /// The answer is longer than one may be.
    TooLong,
    /// A line of its stream is longer than one may be.
    LineTooLong,
    /// It took longer than so many seconds.
    TimedOut(i64),
    /// It was silent for so many seconds after its first byte.
    Silent(i64),
    /// The answer broke off.
    BrokeOff,
    /// What is left of credits or quota does not pay for more.
    CreditsUsedUp,
    /// The caller hung up.
    HungUp,
    /// Its result comes later, which only what has waited for its turn may be told: then it has not failed.
    Later,
    /// It was ended elsewhere: what its record says.
    Recorded(String),
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUpstream => formatter.write_str(
                "the version has no upstream, so nothing can answer its requests; name one with PUT .../upstream",
            ),
            Self::Address(rule) => write!(formatter, "the upstream's address is not allowed: {rule}"),
            Self::Header(what) => write!(formatter, "a header for the upstream cannot be made: {what}"),
            Self::NotReached => formatter.write_str("the upstream could not be reached"),
            Self::Status(status) => write!(formatter, "the upstream answered {status}"),
            Self::NotJson => formatter.write_str(
                "the upstream's answer is not JSON, and the output of the deployment is structured",
            ),
            Self::NotThatLong(items) => {
                write!(formatter, "the upstream's answer is not a list of {items}, as many as were sent")
            }
            Self::TooLong => formatter.write_str("the upstream's answer is longer than 8 MiB"),
            Self::LineTooLong => formatter.write_str("a line of the upstream's stream is longer than 1 MiB"),
            Self::TimedOut(seconds) => {
                write!(formatter, "the upstream took longer than the timeout of {seconds} seconds")
            }
            Self::Silent(seconds) => {
                write!(formatter, "the upstream was silent for {seconds} seconds in the middle of its answer")
            }
            Self::BrokeOff => formatter.write_str("the upstream's answer broke off"),
            Self::CreditsUsedUp => {
                formatter.write_str("the credits or the quota that pay for the request are used up")
            }
            Self::HungUp => formatter.write_str("the caller hung up"),
            Self::Later => formatter.write_str("the upstream sends the result later"),
            Self::Recorded(sentence) => formatter.write_str(sentence),
        }
    }
}

impl Failure {
    /// A variable that a header needs is not set.
    #[must_use]
    pub fn missing_variable(name: &str) -> Self {
        Self::Header(format!("the variable {} is not set", quoted(name)))
    }
}
