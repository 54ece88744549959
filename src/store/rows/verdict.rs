//! What a write came to.
//!
//! A permit gives a row when it is given. When it is not, its verdict has a flag for each of its rules, 1 where it holds
//! ([`rules!`](crate::sql::rules)). So a store function says what the refusal of each rule is, in the order in which a caller is to
//! hear of them:
//!
//! ```ignore
//! let answers = connection.write(statements).await?;
//! answers.done_or(&[
//!     ("found", &|| not_found(id)),
//!     ("may", &|| projects::lacks(authority)),
//!     ("is_new", &|| Error::invalid("this person is in the project already")),
//! ])?;
//! answers.only(&GET)
//! ```
//!
//! Functions that share a list may name rules that only some of their permits have. A rule that a list forgets does not
//! pass any test: each write of a build with assertions compares the two.

use super::{Answers, Columns, Flag, Row, each_of, inconsistent};
use crate::error::Error;
use crate::sql::{CHANGES, Sql};

/// A rule, by its name, and the refusal of what breaks it.
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

/// What a verdict is called where it is not as it should be.
const VERDICT: &str = "a verdict";

impl Answers {
    /// Whether a statement of the batch answered any row.
    pub(in crate::store) fn has_rows(&self, statement: &'static Sql) -> bool {
        self.rows_of(statement)
            .is_some_and(|rows| rows.get() != "[]")
    }

    /// These answers, the last of which is the verdict on the permit of the batch: it counts if that was not given.
    pub(in crate::store) fn judged(mut self) -> Self {
        let verdict = self.rows.pop();
        let permit = self.statements.pop();
        if permit.is_some_and(|permit| !self.has_rows(permit)) {
            self.refused = verdict;
        }
        self
    }

    /// What the verdict on the permit tells besides its rules.
    ///
    /// # Errors
    /// As [`Answers::only`].
    pub fn told<T: Row>(&self) -> Result<T, Error> {
        let mut told = None;
        if let Some(rows) = &self.refused {
            each_of(rows, &VERDICT, 1, &mut told)?;
        }
        told.ok_or_else(|| inconsistent(&VERDICT, &"there is none"))
    }

    /// Nothing, if the permit was given, or was not because the change comes to nothing, which its rule `changes` says: then
    /// nothing was written and all is well, the caller is shown what there is (contract section 4, *What one caller can
    /// cost*). Else the refusal of the first rule that does not hold.
    ///
    /// # Errors
    /// That refusal; or an inconsistency, logged as a bug: a rule that is broken and has no refusal.
    pub fn done_or(&self, refusals: &[Refusal<'_>]) -> Result<(), Error> {
        debug_assert_eq!(self.without_refusal(refusals), [""; 0]);
        let Some(rows) = &self.refused else {
            return Ok(());
        };
        let rules = self.rules();
        let (mut refusal, mut changes) = (None, None);
        each_of(rows, &VERDICT, 1, &mut |columns: &mut Columns<'_>| {
            // Each rule has a column; of what a list names besides, some have.
            let mut holds = |rule: &str| {
                (!rules.contains(&rule) && !columns.has(rule)) || columns.get::<Flag>(rule).0
            };
            changes = Some(!rules.contains(&CHANGES) || holds(CHANGES));
            refusal = refusals.iter().find(|(rule, _)| !holds(rule));
        })?;
        match refusal {
            Some((_, refuse)) => Err(refuse.refusal()),
            None if changes == Some(false) => Ok(()),
            None => Err(inconsistent(&VERDICT, &"it was refused for no reason")),
        }
    }

    /// The rules of the permit of this batch.
    fn rules(&self) -> Vec<&'static str> {
        let rules = self.statements.iter().map(|statement| statement.rules());
        rules.flatten().collect()
    }

    /// Those of them that a list of refusals forgets.
    fn without_refusal(&self, refusals: &[Refusal<'_>]) -> Vec<&'static str> {
        let rules = self.rules().into_iter();
        let is_forgotten =
            |rule: &&str| *rule != CHANGES && refusals.iter().all(|(named, _)| named != rule);
        rules.filter(is_forgotten).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::platform::Batch;
    use crate::sql::statement::Parameters;
    use crate::sql::{alone, rules};
    use crate::store::rows::row;
    use serde_json::value::RawValue;

    alone!(
        PERMIT = concat!(
            "INSERT INTO t SELECT 1 WHERE ",
            rules! { found: "1", may: "1", changes: "1"; limit: "5" }
        )
    );

    fn batch(rows: &str) -> Batch {
        Batch {
            rows: vec![RawValue::from_string(rows.to_owned()).unwrap()],
            ..Batch::default()
        }
    }

    fn permit(rows: &str) -> Answers {
        Answers::new(&Parameters::new().batch([&PERMIT]), batch(rows))
    }

    /// A permit that was not given, or was, with this verdict behind it.
    fn judged(permit: &str, verdict: &str) -> Answers {
        let statement = Parameters::new().batch([&PERMIT]).remove(0);
        let rows = [permit, verdict].map(|rows| RawValue::from_string(rows.to_owned()).unwrap());
        let batch = Batch {
            rows: rows.into(),
            ..Batch::default()
        };
        Answers::new(&[statement.clone(), statement.verdict()], batch).judged()
    }

    fn refused(row: &str) -> Answers {
        judged("[]", &format!("[{row}]"))
    }

    fn done(answers: &Answers) -> Result<(), Error> {
        answers.done_or(&[
            ("found", &|| Error::not_found("")),
            ("may", &|| Error::forbidden("")),
            ("of_another_permit", &|| Error::invalid("")),
        ])
    }

    fn refusal(row: &str) -> Kind {
        done(&refused(row)).unwrap_err().kind().clone()
    }

    #[test]
    fn a_permit_that_was_given_refuses_nothing() {
        let answers = permit(r#"[{"done":1}]"#);
        assert!(answers.has_rows(&PERMIT));
        assert!(!permit("[]").has_rows(&PERMIT));
        assert_eq!(done(&answers), Ok(()));
    }

    #[test]
    fn the_first_rule_that_does_not_hold_refuses() {
        let row = r#"{"found":0,"may":0,"changes":0,"limit":5}"#;
        assert_eq!(refusal(row), Kind::NotFound);
        let row = r#"{"found":1,"may":null,"changes":0,"limit":5}"#;
        assert_eq!(refusal(row), Kind::Forbidden);
    }

    #[test]
    fn a_change_that_comes_to_nothing_is_well_where_no_other_rule_is_broken() {
        let answers = refused(r#"{"found":1,"may":1,"changes":0,"limit":5}"#);
        assert_eq!(done(&answers), Ok(()));
    }

    #[test]
    fn a_permit_that_is_given_the_second_time_refuses_nothing() {
        let row = r#"[{"found":0,"may":0,"changes":0,"limit":null}]"#;
        assert_eq!(done(&judged(r#"[{"done":1}]"#, row)), Ok(()));
    }

    #[test]
    fn a_verdict_tells_more_than_its_rules() {
        row! {
            struct Told {
                limit: i64,
            }
        }
        let answers = refused(r#"{"found":1,"may":0,"changes":1,"limit":5}"#);
        assert_eq!(answers.told::<Told>().unwrap().limit, 5);
        assert!(permit("[]").told::<Told>().is_err());
    }

    #[test]
    fn a_verdict_that_refuses_for_no_reason_is_a_bug() {
        for rows in [
            "[]",
            "[5]",
            r#"[{"found":1,"may":1,"changes":1,"limit":5}]"#,
            r#"[{"found":1,"changes":0,"limit":5}]"#,
        ] {
            let refused = done(&judged("[]", rows)).unwrap_err();
            assert_eq!(*refused.kind(), Kind::Inconsistent, "{rows}");
        }
    }

    #[test]
    #[should_panic(expected = "may")]
    fn a_list_that_forgets_a_rule_is_noticed_though_the_permit_was_given() {
        let answers = permit(r#"[{"done":1}]"#);
        _ = answers.done_or(&[("found", &|| Error::not_found(""))]);
    }
}
