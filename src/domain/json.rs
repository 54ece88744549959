//! Reads JSON into the types of bodies, and writes it: one reader and one writer for all of them.
//!
//! There are some sixty types of bodies and parts of bodies. If each brought a parser of its own, as a derived
//! `Deserialize` does, these would be an eighth of the module's code. So `serde_json` takes a text apart, one level at a
//! time, into values that it has checked and not yet read; a type says with [`object!`] which [`Members`] it takes:
//!
//! ```ignore
//! object! {
//!     pub struct RoleCreate {
//!         pub name: ObjectName,
//!         pub permissions: Option<RolePermissions>,
//!     }
//! }
//! let role: RoleCreate = json::from_str(text)?;
//! ```
//!
//! Who reads knows where they are, and so a refusal names its place: `input_fields[1].name`.

mod writer;

pub use writer::{List, text, to_string, to_vec, tree};

use super::Invalid;
use super::invalid::legible;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt::{self, Display, Formatter};

/// A value as it stands in a JSON text: syntax has been checked, but for what texts hold.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a>(&'a str);

/// A type that is read from a JSON value. [`object!`] implements it for structs.
pub trait FromJson: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    fn from_json(json: Json<'_>) -> Result<Self, Fault>;

    /// Whether the member need not be there; [`FromJson::absent`] stands for it then.
    const MAY_BE_ABSENT: bool = false;

    /// What it is if the member is not there; the error for that where it has to be.
    ///
    /// # Errors
    /// The member has to be there.
    fn absent(name: &str) -> Result<Self, Fault> {
        Err(Fault::new(format!("missing field `{name}`")))
    }
}

/// What is wrong with a value, and where in it.
///
/// `Display` gives the sentence for the caller, the place in front of it.
#[derive(Debug)]
pub struct Fault(Box<(String, String)>);

impl Fault {
    /// A fault of the value as a whole.
    fn new(sentence: String) -> Self {
        Self(Box::new((String::new(), sentence)))
    }

    /// The same, seen from the object whose member the value is.
    #[must_use]
    pub fn of_member(mut self, name: &str) -> Self {
        let path = &mut self.0.0;
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, name);
        self
    }

    /// The same, seen from the list whose item the value is.
    #[must_use]
    fn of_item(self, index: usize) -> Self {
        self.of_member(&format!("[{index}]"))
    }

    /// A fault that the parser found.
    fn of_parser(error: &serde_json::Error) -> Self {
        Self::new(format!("not valid JSON: {}", without_position(error)))
    }
}

impl Display for Fault {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let (path, sentence) = &*self.0;
        if !path.is_empty() {
            write!(formatter, "{}: ", legible(path))?;
        }
        formatter.write_str(&legible(sentence))
    }
}

impl From<Invalid> for Fault {
    fn from(invalid: Invalid) -> Self {
        Self::new(invalid.to_string())
    }
}

/// What the parser says, without ` at line 1 column 9`: within a value, it would only mislead.
fn without_position(error: &serde_json::Error) -> String {
    let mut sentence = error.to_string();
    if let Some(at) = sentence.rfind(" at line ") {
        sentence.truncate(at);
    }
    sentence
}

/// Reads a JSON text that may come from a caller.
///
/// # Errors
/// What is wrong with it, and where.
pub fn from_str<T: FromJson>(text: &str) -> Result<T, Fault> {
    T::from_json(Json::of(text)?)
}

impl<'a> Json<'a> {
    /// Checks a text, which must hold one value.
    ///
    /// # Errors
    /// What is no JSON, with line and column.
    pub fn of(text: &'a str) -> Result<Self, Fault> {
        match serde_json::from_str::<&RawValue>(text) {
            Ok(raw) => Ok(Self(raw.get())),
            Err(error) => Err(Fault::new(format!("the body is not valid JSON: {error}"))),
        }
    }

    /// The text of the value.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.0
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// Whether it is a text.
    #[must_use]
    pub fn is_string(self) -> bool {
        self.0.starts_with('"')
    }

    /// Whether it is a list.
    #[must_use]
    pub fn is_list(self) -> bool {
        self.0.starts_with('[')
    }

    /// The refusal of a value of another type than what is expected.
    #[must_use]
    pub fn unexpected(self, expected: &dyn Display) -> Fault {
        /// Most characters of a text that are repeated.
        const SHOWN: usize = 80;
        let text = self.0;
        let found = match text.as_bytes().first() {
            Some(b'n') => "null".to_owned(),
            Some(b't' | b'f') => format!("boolean `{text}`"),
            Some(b'[') => "array".to_owned(),
            Some(b'{') => "object".to_owned(),
            Some(b'"') => match text.char_indices().nth(SHOWN) {
                Some((end, _)) => format!("string {}...\"", text.get(..end).unwrap_or_default()),
                None => format!("string {text}"),
            },
            _ if is_whole(text) => format!("integer `{text}`"),
            _ => format!("floating point `{text}`"),
        };
        Fault::new(format!("invalid type: {found}, expected {expected}"))
    }

    /// The text that the value is, parsed.
    ///
    /// # Errors
    /// Another type, told what is expected; what the parser refuses.
    pub fn parsed<T>(
        self,
        expected: &dyn Display,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Result<T, Fault> {
        Ok(parse(&self.string(expected)?)?)
    }

    /// The text that the value is.
    ///
    /// # Errors
    /// Another type, told what is expected; half a surrogate pair.
    pub fn string(self, expected: &dyn Display) -> Result<String, Fault> {
        if !self.is_string() {
            return Err(self.unexpected(expected));
        }
        self.tree()
    }

    /// The whole number that the value is; the least or the greatest one for what has more digits than can be held.
    ///
    /// # Errors
    /// Another type, told what is expected.
    pub fn integer(self, expected: &dyn Display) -> Result<i64, Fault> {
        if !is_whole(self.0) {
            return Err(self.unexpected(expected));
        }
        Ok(self.0.parse().unwrap_or(match self.0.starts_with('-') {
            true => i64::MIN,
            false => i64::MAX,
        }))
    }

    /// Hands over each item of the list that the value is, of the first so many. Answers how many there are.
    ///
    /// # Errors
    /// Another type, told what is expected; those of `take`, with the index.
    pub fn each(
        self,
        expected: &dyn Display,
        most: usize,
        take: &mut dyn FnMut(Json<'a>) -> Result<(), Fault>,
    ) -> Result<usize, Fault> {
        if !self.is_list() {
            return Err(self.unexpected(expected));
        }
        let items: Vec<&RawValue> = self.tree()?;
        for (index, item) in items.iter().take(most).enumerate() {
            take(Json(item.get())).map_err(|fault| fault.of_item(index))?;
        }
        Ok(items.len())
    }

    /// The names and values of the object that the value is, in their order.
    ///
    /// # Errors
    /// Another type, told what is expected.
    pub fn pairs(self, expected: &dyn Display) -> Result<Vec<(String, Json<'a>)>, Fault> {
        if !self.0.starts_with('{') {
            return Err(self.unexpected(expected));
        }
        let mut pairs = Vec::new();
        each_member(self.0, &mut |name, raw| {
            pairs.push((name, Json(raw.get())));
        })
        .map_err(|error| Fault::of_parser(&error))?;
        Ok(pairs)
    }

    /// The value as the parser has it.
    fn tree<T: Deserialize<'a>>(self) -> Result<T, Fault> {
        serde_json::from_str(self.0).map_err(|error| Fault::of_parser(&error))
    }
}

/// Whether a number is written without a fraction and an exponent.
fn is_whole(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    digits.bytes().all(|byte| byte.is_ascii_digit()) && number != "-0"
}

/// Hands over the name and the text of each member of a JSON object.
///
/// # Errors
/// What is no JSON, or no object.
pub fn each_member<'a>(
    text: &'a str,
    take: &mut dyn FnMut(String, &'a RawValue),
) -> serde_json::Result<()> {
    struct Each<'a, 'c>(&'c mut dyn FnMut(String, &'a RawValue));

    impl<'a> Visitor<'a> for Each<'a, '_> {
        type Value = ();

        fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
            while let Some((name, value)) = members.next_entry::<String, &RawValue>()? {
                (self.0)(name, value);
            }
            Ok(())
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(Each(take))?;
    deserializer.end()
}

/// The members of an object; those that nobody takes are ignored (contract section 4).
#[derive(Debug)]
pub struct Members<'a>(Vec<(String, Json<'a>)>);

impl<'a> Members<'a> {
    /// The members of a value.
    ///
    /// # Errors
    /// The value is no object.
    pub fn of(json: Json<'a>) -> Result<Self, Fault> {
        json.pairs(&"an object").map(Self)
    }

    /// The value of the member of this name.
    fn find(&self, name: &str) -> Result<Option<Json<'a>>, Fault> {
        let mut found = self.0.iter().filter(|(member, _)| member == name);
        let first = found.next();
        match found.next() {
            None => Ok(first.map(|(_, json)| *json)),
            Some(_) => Err(Fault::new(format!("duplicate field `{name}`")).of_member(name)),
        }
    }

    /// Reads the member of this name.
    ///
    /// # Errors
    /// It is wrong, stands twice, or is missing where it has to be.
    pub fn take<T: FromJson>(&self, name: &str) -> Result<T, Fault> {
        match self.find(name)? {
            Some(json) => T::from_json(json).map_err(|fault| fault.of_member(name)),
            None => T::absent(name),
        }
    }

    /// The first half of reading a struct: the members that have to be there. Those that need not be are absent until the
    /// second half, which reads them in their places: what is undone at an error is the struct then, at each the same,
    /// and no longer what has been read until there, at each another. That halves the code.
    ///
    /// # Errors
    /// As [`Members::take`].
    #[inline(always)]
    pub fn begin<T: FromJson>(&self, name: &str) -> Result<T, Fault> {
        match T::MAY_BE_ABSENT {
            true => T::absent(name),
            false => self.take(name),
        }
    }

    /// The second half.
    ///
    /// # Errors
    /// As [`Members::replace`].
    #[inline(always)]
    pub fn end<T: FromJson>(&self, name: &str, value: &mut T) -> Result<(), Fault> {
        match T::MAY_BE_ABSENT {
            true => self.replace(name, value),
            false => Ok(()),
        }
    }

    /// Reads the member of this name over what stands for it if it is missing.
    ///
    /// # Errors
    /// It is wrong or stands twice.
    pub fn replace<T: FromJson>(&self, name: &str, value: &mut T) -> Result<(), Fault> {
        if let Some(json) = self.find(name)? {
            *value = T::from_json(json).map_err(|fault| fault.of_member(name))?;
        }
        Ok(())
    }
}

/// Declares a struct that is read from a JSON object: each field from the member of its name, or of the name behind `as`.
/// A member may be missing where its type allows that ([`FromJson::absent`]), or where `=` gives what stands for it; all
/// members of a struct may that is declared with `default`, whose `Default` stands for them.
macro_rules! object {
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $name:literal) => { $name };
    (@begin $members:ident, $name:expr) => { $members.begin($name)? };
    (@begin $members:ident, $name:expr, $absent:expr) => { $absent };
    (@end $members:ident, $name:expr, $value:expr) => { $members.end($name, $value)? };
    (@end $members:ident, $name:expr, $value:expr, $absent:expr) => { $members.replace($name, $value)? };
    (
        default
        $(#[$attribute:meta])*
        $access:vis struct $struct:ident {
            $($(#[$field_attribute:meta])* $field_access:vis $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$attribute])*
        $access struct $struct {
            $($(#[$field_attribute])* $field_access $field: $type,)*
        }

        impl $crate::domain::json::FromJson for $struct {
            fn from_json(json: $crate::domain::json::Json<'_>) -> Result<Self, $crate::domain::json::Fault> {
                let members = $crate::domain::json::Members::of(json)?;
                let mut read = Self::default();
                $(members.replace(stringify!($field), &mut read.$field)?;)*
                Ok(read)
            }
        }
    };
    (
        $(#[$attribute:meta])*
        $access:vis struct $struct:ident {
            $(
                $(#[$field_attribute:meta])*
                $field_access:vis $field:ident $(as $name:literal)?: $type:ty $(= $absent:expr)?,
            )*
        }
    ) => {
        $(#[$attribute])*
        $access struct $struct {
            $($(#[$field_attribute])* $field_access $field: $type,)*
        }

        impl $crate::domain::json::FromJson for $struct {
            fn from_json(json: $crate::domain::json::Json<'_>) -> Result<Self, $crate::domain::json::Fault> {
                let members = $crate::domain::json::Members::of(json)?;
                let mut read = Self {
                    $($field: $crate::domain::json::object!(@begin members, $crate::domain::json::object!(@name $field $($name)?) $(, $absent)?),)*
                };
                $($crate::domain::json::object!(@end members, $crate::domain::json::object!(@name $field $($name)?), &mut read.$field $(, $absent)?);)*
                Ok(read)
            }
        }
    };
}
pub(crate) use object;

/// Reads a type from the JSON of another, which it is made of by `TryFrom`.
macro_rules! read_as {
    ($type:ty, $from:ty) => {
        impl $crate::domain::json::FromJson for $type {
            fn from_json(
                json: $crate::domain::json::Json<'_>,
            ) -> Result<Self, $crate::domain::json::Fault> {
                let from = <$from as $crate::domain::json::FromJson>::from_json(json)?;
                Ok(Self::try_from(from)?)
            }
        }
    };
}
pub(crate) use read_as;

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        match json.is_null() {
            true => Ok(None),
            false => T::from_json(json).map(Some),
        }
    }

    const MAY_BE_ABSENT: bool = true;

    #[inline(always)]
    fn absent(_: &str) -> Result<Self, Fault> {
        Ok(None)
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        let mut list = Self::new();
        json.each(&"an array", usize::MAX, &mut |item| {
            list.push(T::from_json(item)?);
            Ok(())
        })?;
        Ok(list)
    }
}

impl FromJson for String {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        json.string(&"a string")
    }
}

impl FromJson for bool {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        match json.text() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(json.unexpected(&"true or false")),
        }
    }
}

impl FromJson for i64 {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        let number = json.integer(&"a whole number")?;
        match json.text().parse() {
            Ok(number) => Ok(number),
            Err(_) => Err(Fault::new(format!(
                "the number is out of range; the nearest that is allowed is {number}"
            ))),
        }
    }
}

impl FromJson for Value {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        json.tree()
    }
}

impl FromJson for Map<String, Value> {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        match json.text().starts_with('{') {
            true => json.tree(),
            false => Err(json.unexpected(&"an object")),
        }
    }
}

impl FromJson for Box<RawValue> {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        json.tree()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Credits;
    use proptest::prelude::*;

    object! {
        #[derive(Debug, Default, PartialEq)]
        struct Nested {
            deep: i64,
        }
    }

    object! {
        #[derive(Debug, Default, PartialEq)]
        struct Body {
            name: Option<String>,
            list: Option<Vec<i64>>,
            nested: Option<Vec<Nested>>,
            kind as "type": Option<bool>,
            price: Option<Credits>,
            count: i64 = 7,
        }
    }

    object! {
        default
        #[derive(Debug, Default, PartialEq)]
        struct Kept {
            number: i64,
            text: String,
        }
    }

    fn refusal<T: FromJson>(text: &str) -> String {
        match from_str::<T>(text) {
            Ok(_) => panic!("{text} was taken"),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn a_struct_is_read_from_an_object_alone() {
        let read =
            from_str::<Body>(r#" {"list": [1, -2], "name": null, "type": true, "other": {}} "#);
        let expected = Body {
            list: Some(vec![1, -2]),
            kind: Some(true),
            count: 7,
            ..Body::default()
        };
        assert_eq!(read.unwrap(), expected);
        let sentence = "invalid type: array, expected an object";
        assert_eq!(refusal::<Body>("[1, 2]"), sentence);
    }

    #[test]
    fn what_is_missing_is_what_stands_for_it() {
        assert_eq!(from_str::<Body>(r#"{"count": 3}"#).unwrap().count, 3);
        let kept = from_str::<Kept>(r#"{"number": 5, "more": 1}"#).unwrap();
        assert_eq!((kept.number, kept.text.as_str()), (5, ""));
    }

    #[test]
    fn the_place_of_a_fault_is_named() {
        for (text, place) in [
            (r#"{"name": 5}"#, "name"),
            (r#"{"name": {"a": 1}}"#, "name"),
            (r#"{"list": "x"}"#, "list"),
            (r#"{"list": [1, 2, "x"]}"#, "list[2]"),
            (r#"{"list": [{"a": 1}]}"#, "list[0]"),
            (
                r#"{"nested": [{"deep": 1}, {"deep": "x"}]}"#,
                "nested[1].deep",
            ),
            (r#"{"nested": [{"deep": 1}, {}]}"#, "nested[1]"),
            (r#"{"nested": [[1]]}"#, "nested[0]"),
            (r#"{"na\u006de": 5}"#, "name"),
            (r#"{"type": 1}"#, "type"),
            (r#"{"price": {"a": 1}}"#, "price"),
            (r#"{"price": -1 }"#, "price"),
            (r#"{"name": "x", "name": "y"}"#, "name"),
            (r#"{"count": null}"#, "count"),
            (r#"{"name": "\ud800"}"#, "name"),
        ] {
            let refusal = refusal::<Body>(text);
            assert_eq!(refusal.split_once(": ").unwrap().0, place, "{refusal}");
        }
        assert_eq!(
            refusal::<Vec<Nested>>(r#"[{"deep": 1}, {}]"#),
            "[1]: missing field `deep`"
        );
    }

    #[test]
    fn another_type_is_told_in_words_of_json() {
        for (text, words) in [
            (
                r#"{"list": [1.5]}"#,
                "list[0]: invalid type: floating point `1.5`, expected a whole number",
            ),
            (
                r#"{"list": [-0]}"#,
                "list[0]: invalid type: floating point `-0`, expected a whole number",
            ),
            (
                r#"{"type": {}}"#,
                "type: invalid type: object, expected true or false",
            ),
            (
                r#"{"list": true}"#,
                "list: invalid type: boolean `true`, expected an array",
            ),
            (
                r#"{"nested": [1]}"#,
                "nested[0]: invalid type: integer `1`, expected an object",
            ),
            (
                r#"{"name": []}"#,
                "name: invalid type: array, expected a string",
            ),
            (
                r#"{"count": null}"#,
                "count: invalid type: null, expected a whole number",
            ),
            (
                r#"{"count": "x"}"#,
                "count: invalid type: string \"x\", expected a whole number",
            ),
            (
                r#"{"count": 99999999999999999999}"#,
                "count: the number is out of range; the nearest that is allowed is 9223372036854775807",
            ),
        ] {
            assert_eq!(refusal::<Body>(text), words);
        }
        let long = refusal::<Body>(&format!(r#"{{"count": "{}"}}"#, "ü".repeat(5000)));
        assert!(long.ends_with("...\", expected a whole number"), "{long}");
        // Of a text so many characters are repeated, with the quotes around it.
        for (length, ends) in [(78, "x\", expected"), (79, "x...\", expected")] {
            let text = format!("\"{}\"", "x".repeat(length));
            let refusal = refusal::<Body>(&format!(r#"{{"count": {text}}}"#));
            let found = refusal.split("string ").nth(1).unwrap();
            assert_eq!(
                found.find(", ").unwrap(),
                if length == 78 { 80 } else { 84 }
            );
            assert!(found.contains(ends), "{refusal}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_its_position() {
        for text in ["", "{", "{\"name\":}", "{} {}", "nope", "{\"a\": 1,}"] {
            let refusal = refusal::<Body>(text);
            assert!(
                refusal.starts_with("the body is not valid JSON: "),
                "{refusal}"
            );
            assert!(refusal.contains(" at line 1 column "), "{refusal}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_through_beside_any_unknown_members(text: String, other: String) {
            prop_assume!(!["name", "list", "nested", "type", "price", "count"].contains(&other.as_str()));
            let json = serde_json::json!({ &other: 1, "name": text.clone() }).to_string();
            prop_assert_eq!(from_str::<Body>(&json).unwrap().name, Some(text));
        }

        #[test]
        fn nothing_is_too_odd(text: String) {
            let _ = from_str::<Body>(&text);
            let _ = from_str::<Body>(&format!(r#"{{"name": {text}}}"#));
        }
    }
}
