//! A statement with its parameters, ready for a batch.
//!
//! The statements of one batch share one set of [`Parameters`]; each takes from it what its text names.

use std::rc::Rc;

use crate::domain::{AnyId, Id, SAFE_INTEGER};
use crate::sql::{Prepared, Sql};

/// A value for a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// A text.
    Text(String),
    /// An integer within +-(2^53 - 1).
    Integer(i64),
}

/// What a text parameter takes.
pub trait Textual {
    /// As what it is taken.
    type Text: Into<String>;

    /// The text that it is.
    fn text(self) -> Self::Text;
}

/// Texts, which are what they are.
macro_rules! texts {
    ($($type:ty),+) => {
        $(impl Textual for $type {
            type Text = Self;

            fn text(self) -> Self {
                self
            }
        })+
    };
}
texts!(&str, &String, String);

impl<'a, K> Textual for &'a Id<K> {
    type Text = &'a String;

    fn text(self) -> &'a String {
        Id::text(self)
    }
}

impl<K> Textual for Id<K> {
    type Text = String;

    fn text(self) -> String {
        self.into()
    }
}

impl<'a> Textual for AnyId<'a> {
    type Text = &'a str;

    fn text(self) -> &'a str {
        self.as_str()
    }
}

/// Named values for the statements of one batch.
#[derive(Debug, Default, Clone)]
pub struct Parameters {
    values: Vec<(&'static str, Value)>,
}

impl Parameters {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A text or an id.
    #[must_use]
    pub fn text(self, name: &'static str, value: impl Textual) -> Self {
        self.with_text(name, value.text())
    }

    /// A text or an id, or NULL.
    #[must_use]
    pub fn optional_text(self, name: &'static str, value: Option<impl Textual>) -> Self {
        self.with_optional_text(name, value.map(Textual::text))
    }

    // What ids of all kinds have in common with texts: one function for all of them.
    fn with_text(self, name: &'static str, value: impl Into<String>) -> Self {
        self.with(name, Value::Text(value.into()))
    }

    fn with_optional_text(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        let value = value.map_or(Value::Null, |value| Value::Text(value.into()));
        self.with(name, value)
    }

    /// An integer.
    #[must_use]
    pub fn integer(self, name: &'static str, value: i64) -> Self {
        self.with(name, Value::Integer(value))
    }

    /// An integer, or NULL.
    #[must_use]
    pub fn optional_integer(self, name: &'static str, value: Option<i64>) -> Self {
        let value = value.map_or(Value::Null, Value::Integer);
        self.with(name, value)
    }

    /// 1 for true, 0 for false.
    #[must_use]
    pub fn flag(self, name: &'static str, value: bool) -> Self {
        self.with(name, Value::Integer(i64::from(value)))
    }

    /// This set over another one: a name that is in both means what it means here.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let mut values = below.values;
        values.extend(self.values);
        Self { values }
    }

    fn with(mut self, name: &'static str, value: Value) -> Self {
        self.values.push((name, value));
        self
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.values
            .iter()
            .rev()
            .find_map(|(known, value)| (*known == name).then_some(value))
    }

    /// Statements over this set, one for each text.
    #[must_use]
    pub fn batch(self, texts: impl AsRef<[&'static Sql]>) -> Vec<Statement> {
        self.statements(texts.as_ref())
    }

    fn statements(self, texts: &[&'static Sql]) -> Vec<Statement> {
        let parameters = Rc::new(self);
        texts
            .iter()
            .map(|sql| Statement {
                sql,
                verdict: None,
                parameters: Rc::clone(&parameters),
            })
            .collect()
    }
}

/// What is wrong with a statement of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faulty(pub String);

/// A text with values for its parameters.
#[derive(Debug, Clone)]
pub struct Statement {
    sql: &'static Sql,
    verdict: Option<Rc<Prepared>>,
    parameters: Rc<Parameters>,
}

impl Statement {
    /// Which one it is.
    #[must_use]
    pub fn sql(&self) -> &'static Sql {
        self.sql
    }

    /// Its text, with the parameters that it names.
    #[must_use]
    pub fn prepared(&self) -> &Prepared {
        self.verdict
            .as_deref()
            .unwrap_or_else(|| self.sql.prepared())
    }

    /// The verdict on the permit that this is, over the same values.
    #[must_use]
    pub fn verdict(&self) -> Self {
        Self {
            verdict: Some(Rc::new(self.sql.verdict())),
            ..self.clone()
        }
    }

    /// Whether it is such a verdict.
    #[must_use]
    pub fn is_verdict(&self) -> bool {
        self.verdict.is_some()
    }

    /// The values in the order of the text's numbered parameters.
    ///
    /// # Errors
    /// [`Faulty`] for a parameter that was not given, is of the other kind, or is an integer that
    /// JavaScript would round.
    pub fn values(&self) -> Result<Vec<&Value>, Faulty> {
        let faulty =
            |name: &str, what: &str| Faulty(format!("{}: parameter {name} {what}", self.sql));
        self.prepared()
            .parameters
            .iter()
            .map(|parameter| {
                let value = self
                    .parameters
                    .get(parameter.name)
                    .ok_or_else(|| faulty(parameter.name, "was not given"))?;
                match value {
                    Value::Integer(_) if !parameter.integer => {
                        Err(faulty(parameter.name, "is an integer and needs #"))
                    }
                    Value::Text(_) if parameter.integer => {
                        Err(faulty(parameter.name, "is a text and needs :"))
                    }
                    Value::Integer(integer) if integer.abs() > SAFE_INTEGER => {
                        Err(faulty(parameter.name, "is beyond 2^53 - 1"))
                    }
                    value => Ok(value),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::alone;

    alone!(TWO = "SELECT :a, #b");

    fn values(parameters: Parameters) -> Result<usize, Faulty> {
        let batch = parameters.batch([&TWO]);
        batch[0].values().map(|values| values.len())
    }

    #[test]
    fn a_statement_takes_what_its_text_names() {
        let parameters = Parameters::new()
            .text("unused", "x")
            .text("a", "y")
            .integer("b", 1);
        assert_eq!(values(parameters), Ok(2));
    }

    #[test]
    fn a_name_in_two_sets_means_what_the_upper_one_says() {
        let below = Parameters::new().text("a", "below").integer("b", 1);
        let batch = Parameters::new()
            .text("a", "above")
            .over(below)
            .batch([&TWO]);
        let values = batch[0].values().unwrap();
        assert_eq!(
            values,
            [&Value::Text("above".to_owned()), &Value::Integer(1)]
        );
    }

    #[test]
    fn a_missing_mistyped_or_unsafe_parameter_is_faulty() {
        for parameters in [
            Parameters::new().text("a", "y"),
            Parameters::new().integer("a", 1).integer("b", 1),
            Parameters::new().text("a", "y").text("b", "1"),
            Parameters::new()
                .text("a", "y")
                .integer("b", SAFE_INTEGER + 1),
        ] {
            assert!(values(parameters).is_err());
        }
    }
}
