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
use crate::platform::Batch;
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

/// The place of a verdict in what is logged of a row that is not as it should be.
const VERDICT: usize = usize::MAX;

impl Answers {
    /// Whether a statement of the batch answered any row.
    pub(in crate::store) fn has_rows(&self, statement: &'static Sql) -> bool {
        let place = super::Place::among(statement, &self.statements);
        self.rows.get(place).is_some_and(|rows| rows.get() != "[]")
    }

    /// These answers with the verdict on their permit; nothing, if by then all of its rules hold.
    ///
    /// # Errors
    /// As [`Answers::all`].
    pub(in crate::store) fn refused(
        mut self,
        permit: &'static Sql,
        verdict: Batch,
    ) -> Result<Option<Self>, Error> {
        let rows = verdict.rows.into_iter().next();
        let rows = rows.ok_or_else(|| inconsistent(VERDICT, &"there is none"))?;
        let mut rules_hold = None;
        each_of(&rows, VERDICT, 1, &mut |columns: &mut Columns<'_>| {
            let mut holds = |rule: &&str| columns.get::<Flag>(rule).0;
            rules_hold = Some(permit.rules().iter().filter(|rule| !holds(rule)).count() == 0);
        })?;
        self.refused = Some(rows);
        match rules_hold {
            Some(true) => Ok(None),
            Some(false) => Ok(Some(self)),
            None => Err(inconsistent(VERDICT, &"there is none")),
        }
    }

    /// What the verdict on the permit tells besides its rules.
    ///
    /// # Errors
    /// As [`Answers::only`].
    pub fn told<T: Row>(&self) -> Result<T, Error> {
        let mut told = None;
        if let Some(rows) = &self.refused {
            each_of(rows, VERDICT, 1, &mut told)?;
        }
        told.ok_or_else(|| inconsistent(VERDICT, &"there is none"))
    }

    /// Nothing, if the permit was given, or was not because the change comes to nothing, which its rule `changes` says: then
    /// nothing was written and all is well, the caller is shown what there is (contract section 4, *What one caller can
    /// cost*). Else the refusal of the first rule that does not hold.
    ///
    /// # Errors
    /// That refusal; or an inconsistency, logged as a bug: a rule that is broken and has no refusal.
    pub fn done_or(&self, refusals: &[Refusal<'_>]) -> Result<(), Error> {
        if !self.statements.iter().any(|sql| sql.prepared().has_rules) {
            return self.judged(refusals, false);
        }
        debug_assert_eq!(self.without_refusal(refusals), [""; 0]);
        let Some(rows) = &self.refused else {
            return Ok(());
        };
        let (mut refusal, mut changes) = (None, true);
        each_of(rows, VERDICT, 1, &mut |columns: &mut Columns<'_>| {
            let mut holds = |rule| !columns.has(rule) || columns.get::<Flag>(rule).0;
            changes = holds(CHANGES);
            refusal = refusals.iter().find(|(rule, _)| !holds(rule));
        })?;
        match refusal {
            Some((_, refuse)) => Err(refuse.refusal()),
            None if !changes => Ok(()),
            None => Err(inconsistent(VERDICT, &"it was refused for no reason")),
        }
    }

    /// The rules of the permits of this batch that a list of refusals forgets.
    fn without_refusal(&self, refusals: &[Refusal<'_>]) -> Vec<&'static str> {
        let rules = self
            .statements
            .iter()
            .flat_map(|statement| statement.rules());
        let is_forgotten =
            |rule: &&str| *rule != CHANGES && refusals.iter().all(|(named, _)| named != rule);
        rules.filter(is_forgotten).collect()
    }
}

pub const OTHERWISE: &str = "";

impl Answers {
    pub fn verdict<T: Row>(&self) -> Result<T, Error> {
        self.only(self.last_statement())
    }

    fn last_statement(&self) -> usize {
        self.rows.len().saturating_sub(1)
    }

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

    fn refused(row: &str) -> Option<Answers> {
        permit("[]")
            .refused(&PERMIT, batch(&format!("[{row}]")))
            .unwrap()
    }

    fn done(answers: &Answers) -> Result<(), Error> {
        answers.done_or(&[
            ("found", &|| Error::not_found("")),
            ("may", &|| Error::forbidden("")),
            ("of_another_permit", &|| Error::invalid("")),
        ])
    }

    fn refusal(row: &str) -> Kind {
        done(&refused(row).unwrap()).unwrap_err().kind().clone()
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
        let answers = refused(r#"{"found":1,"may":1,"changes":0,"limit":5}"#).unwrap();
        assert_eq!(done(&answers), Ok(()));
    }

    #[test]
    fn a_permit_whose_rules_all_hold_by_now_is_no_refusal() {
        assert!(refused(r#"{"found":1,"may":1,"changes":1,"limit":null}"#).is_none());
    }

    #[test]
    fn a_verdict_tells_more_than_its_rules() {
        row! {
            struct Told {
                limit: i64,
            }
        }
        let answers = refused(r#"{"found":1,"may":0,"changes":1,"limit":5}"#).unwrap();
        assert_eq!(answers.told::<Told>().unwrap().limit, 5);
        assert!(permit("[]").told::<Told>().is_err());
    }

    #[test]
    fn a_verdict_without_a_rule_is_a_bug() {
        for rows in ["[]", "[5]", r#"[{"found":1,"may":1}]"#] {
            assert!(
                permit("[]").refused(&PERMIT, batch(rows)).is_err(),
                "{rows}"
            );
        }
    }

    #[test]
    #[should_panic(expected = "may")]
    fn a_list_that_forgets_a_rule_is_noticed_though_the_permit_was_given() {
        let answers = permit(r#"[{"done":1}]"#);
        _ = answers.done_or(&[("found", &|| Error::not_found(""))]);
    }
}
