//! What a write came to.
//!
//! The last statement of a write's batch answers one row: `done`, whether the permit was given, and a flag for each rule
//! of the permit, 1 where it holds. So a store function lists the rules with their refusals, in the order in which a
//! caller is to hear of them:
//!
//! ```ignore
//! let answers = connection.write(statements).await?;
//! answers.done_or(&[
//!     ("found", &|| not_found(id)),
//!     ("may", &|| projects::lacks(authority)),
//!     (OTHERWISE, &|| Error::invalid("this person is in the project already")),
//! ])?;
//! answers.only(2)
//! ```

use super::{Answers, Columns, Flag, Row, inconsistent};
use crate::error::Error;

/// A rule, by the column that says whether it holds, and the refusal of what breaks it.
pub type Refusal<'a> = (&'static str, &'a dyn Refuse);

/// What makes a refusal: any closure that answers an error. The table of functions of a `dyn Fn` has three beside the one,
/// and there are hundreds of refusals.
pub trait Refuse {
    /// The refusal.
    fn refusal(&self) -> Error;
}

impl<F: Fn() -> Error> Refuse for F {
    fn refusal(&self) -> Error {
        self()
    }
}

/// Stands for the rule that is broken when all others hold and yet nothing was done. It has no column.
pub const OTHERWISE: &str = "";

impl Answers {
    /// The only row of the last statement, which tells what the write came to and may tell more.
    ///
    /// # Errors
    /// As [`Answers::only`].
    pub fn verdict<T: Row>(&self) -> Result<T, Error> {
        self.only(self.last_statement())
    }

    fn last_statement(&self) -> usize {
        self.0.rows.len().saturating_sub(1)
    }

    /// Nothing, if the write was done; else the refusal of the first rule that does not hold.
    ///
    /// # Errors
    /// That refusal; or an inconsistency, logged as a bug: a rule without a column, or a permit that was not given
    /// although all rules hold.
    pub fn done_or(&self, refusals: &[Refusal<'_>]) -> Result<(), Error> {
        self.judged(refusals, false)
    }

    /// The same of a change that may come to nothing: its permit is given only where something changes, which the column
    /// `changes` says. Where no rule is broken and nothing changes, nothing was written and all is well: the caller is
    /// shown what there is (contract section 4, *What one caller can cost*).
    ///
    /// # Errors
    /// As [`Answers::done_or`].
    pub fn done_or_unchanged(&self, refusals: &[Refusal<'_>]) -> Result<(), Error> {
        self.judged(refusals, true)
    }

    fn judged(&self, refusals: &[Refusal<'_>], may_be_unchanged: bool) -> Result<(), Error> {
        let last = self.last_statement();
        let (mut is_done, mut refusal, mut changes) = (None, None, Flag(true));
        self.each(last, 1, &mut |columns: &mut Columns<'_>| {
            is_done = Some(columns.get("done"));
            if may_be_unchanged {
                changes = columns.get("changes");
            }
            for (rule, refuse) in refusals {
                let Flag(holds) = match *rule {
                    OTHERWISE => Flag(!changes.0),
                    rule => columns.get(rule),
                };
                if !holds && refusal.is_none() {
                    refusal = Some(refuse);
                }
            }
        })?;
        match (is_done, refusal) {
            (None, _) => Err(inconsistent(last, &"there is none")),
            (Some(Flag(true)), _) => Ok(()),
            (_, Some(refuse)) => Err(refuse.refusal()),
            (_, None) if !changes.0 => Ok(()),
            (_, None) => Err(inconsistent(last, &"it was refused for no reason")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::store::rows::tests::answers;

    fn verdict(row: &str) -> Result<(), Error> {
        answers(&format!("[{row}]")).done_or(&[
            ("found", &|| Error::not_found("")),
            ("may", &|| Error::forbidden("")),
        ])
    }

    fn refusal(row: &str) -> Kind {
        verdict(row).unwrap_err().kind().clone()
    }

    #[test]
    fn the_first_rule_that_does_not_hold_refuses() {
        assert_eq!(refusal(r#"{"done":0,"found":0,"may":0}"#), Kind::NotFound);
        assert_eq!(
            refusal(r#"{"done":0,"found":1,"may":null}"#),
            Kind::Forbidden
        );
    }

    #[test]
    fn what_is_done_is_not_refused_whatever_holds_afterwards() {
        assert_eq!(verdict(r#"{"done":1,"found":0,"may":1}"#), Ok(()));
    }

    #[test]
    fn a_refusal_without_a_reason_is_a_bug_unless_there_is_one_for_all_else() {
        let row = r#"{"done":0,"found":1,"may":1}"#;
        assert_eq!(refusal(row), Kind::Inconsistent);
        let otherwise: &[Refusal<'_>] = &[
            ("may", &|| Error::forbidden("")),
            (OTHERWISE, &|| Error::invalid("")),
        ];
        let refused = answers(&format!("[{row}]")).done_or(otherwise);
        assert_eq!(refused.unwrap_err().kind(), &Kind::Invalid);
    }

    #[test]
    fn a_change_that_comes_to_nothing_is_well_where_no_rule_is_broken() {
        let verdict = |row: &str| {
            answers(&format!("[{row}]")).done_or_unchanged(&[
                ("may", &|| Error::forbidden("")),
                (OTHERWISE, &|| Error::invalid("")),
            ])
        };
        let kind = |row: &str| verdict(row).unwrap_err().kind().clone();
        assert_eq!(verdict(r#"{"done":0,"may":1,"changes":0}"#), Ok(()));
        assert_eq!(verdict(r#"{"done":1,"may":0,"changes":0}"#), Ok(()));
        assert_eq!(kind(r#"{"done":0,"may":0,"changes":0}"#), Kind::Forbidden);
        assert_eq!(kind(r#"{"done":0,"may":1,"changes":1}"#), Kind::Invalid);
        assert_eq!(kind(r#"{"done":0,"may":1}"#), Kind::Inconsistent);
    }

    #[test]
    fn a_rule_without_a_column_is_a_bug_even_where_the_write_was_done() {
        assert_eq!(refusal(r#"{"done":1,"found":1}"#), Kind::Inconsistent);
        assert!(answers("[]").done_or(&[]).is_err());
    }
}
