//! What a request sends, against the input of its deployment (contract section 5.3).
//!
//! The deployment's type of input decides what a body is, never its `Content-Type`: browsers, Dart and curl declare JSON
//! as anything. What goes upstream is the caller's own bytes, at most without the byte order mark before JSON; what is
//! checked here is read once, without keeping it, so the cost is bounded by the length of the body.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::de::StrRead;
use serde_json::value::RawValue;

use super::fields::Field;
use super::invalid::legible;
use super::numbered::Numbered;
use super::{DataType, Fields, Invalid, IoType};

/// Most objects of a list.
pub const MAX_ITEMS: usize = 250;

/// What some programs write before a text to say that it is UTF-8; a parser may skip it (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A body that fits the input of its deployment, as it is sent upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestInput<'a> {
    /// What it is sent as.
    pub content_type: Cow<'a, str>,
    /// What is sent: the caller's bytes, without the byte order mark before JSON.
    pub body: &'a [u8],
    /// How many objects a list has, which is how many the answer must have; `None` for what is no list of objects.
    pub items: Option<usize>,
}

impl<'a> RequestInput<'a> {
    /// Checks a body. Without request format it is passed on as it is.
    ///
    /// # Errors
    /// A sentence with the field, after its index in a list: `[3].x: it is null; 'int' is a whole number`.
    pub fn check(
        io_type: IoType,
        fields: &Fields,
        supports_request_format: bool,
        content_type: Option<&'a str>,
        body: &'a [u8],
    ) -> Result<Self, Invalid> {
        if !supports_request_format {
            return Ok(Self {
                content_type: Cow::Borrowed(content_type.unwrap_or("application/octet-stream")),
                body,
                items: None,
            });
        }
        match io_type {
            IoType::Structured => Self::structured(fields, body),
            IoType::Plain => Self::plain(body),
        }
    }

    fn structured(fields: &Fields, body: &'a [u8]) -> Result<Self, Invalid> {
        let json = without_mark(body);
        let items = items_of(fields, text_of(json)?)?;
        Ok(Self::json(json, items))
    }

    fn plain(body: &'a [u8]) -> Result<Self, Invalid> {
        let json = without_mark(body);
        if serde_json::from_str::<IgnoredAny>(text_of(json)?).is_ok() {
            return Ok(Self::json(json, None));
        }
        Ok(Self {
            content_type: Cow::Borrowed("text/plain"),
            body,
            items: None,
        })
    }

    fn json(body: &'a [u8], items: Option<usize>) -> Self {
        Self {
            content_type: Cow::Borrowed("application/json"),
            body,
            items,
        }
    }
}

/// A request of a batch, as it is sent upstream.
#[derive(Debug, PartialEq, Eq)]
pub struct BatchItem<'a> {
    /// What it is sent as.
    pub content_type: &'static str,
    /// What is sent.
    pub text: Cow<'a, str>,
}

/// The requests of a batch: the items of a list, or the one that is no list. Of a plain input a text is what it says, and
/// sent as JSON where it is some.
///
/// # Errors
/// A sentence with the item and its field, as [`RequestInput::check`] has it.
pub fn batch_items<'a>(
    io_type: IoType,
    fields: &Fields,
    body: &'a [u8],
) -> Result<Vec<BatchItem<'a>>, Invalid> {
    let text = text_of(without_mark(body))?;
    if io_type == IoType::Structured {
        items_of(fields, text)?;
    }
    let items = match serde_json::from_str::<Few<'a>>(text) {
        Ok(few) if (1..=MAX_ITEMS).contains(&few.count) => few.items,
        Ok(few) => {
            return Err(Invalid::new(format!(
                "the list has {} requests; 1 to {MAX_ITEMS} are allowed",
                few.count
            )));
        }
        Err(_) => match serde_json::from_str(text) {
            Ok(item) => vec![item],
            // As a direct request takes it, what is no JSON is a text.
            Err(_) => return Ok(vec![plain_item(Cow::Borrowed(text))]),
        },
    };
    let items = items.into_iter().map(RawValue::get);
    let item = |item: &'a str| match serde_json::from_str::<String>(item) {
        Ok(text) => plain_item(Cow::Owned(text)),
        Err(_) => BatchItem {
            content_type: "application/json",
            text: Cow::Borrowed(item),
        },
    };
    Ok(items.map(item).collect())
}

/// The first values of a list, and how many it has: what is too long is not kept.
struct Few<'a> {
    items: Vec<&'a RawValue>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Few<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FewVisitor;

        impl<'de> Visitor<'de> for FewVisitor {
            type Value = Few<'de>;

            fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Few<'de>, A::Error> {
                let (mut items, mut count) = (Vec::new(), 0);
                while count < MAX_ITEMS
                    && let Some(item) = list.next_element()?
                {
                    items.push(item);
                    count += 1;
                }
                while list.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Few { items, count })
            }
        }

        deserializer.deserialize_seq(FewVisitor)
    }
}

fn plain_item(text: Cow<'_, str>) -> BatchItem<'_> {
    let is_json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
    BatchItem {
        content_type: match is_json {
            true => "application/json",
            false => "text/plain",
        },
        text,
    }
}

fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body)
}

fn text_of(body: &[u8]) -> Result<&str, Invalid> {
    std::str::from_utf8(body).map_err(|_| Invalid::new("the body is not UTF-8 text"))
}

/// Checks structured input and answers how many objects a list has.
fn items_of(fields: &Fields, json: &str) -> Result<Option<usize>, Invalid> {
    let mut expected = Expected {
        names: Numbered::default(),
        fields: fields.iter().collect(),
    };
    // The names differ, so each has the number of its field's position.
    for field in fields.iter() {
        expected.names.number(field.name.as_str());
    }
    let mut deserializer = serde_json::Deserializer::new(StrRead::new(json));
    let found = Body(&expected)
        .deserialize(&mut deserializer)
        .and_then(|found| deserializer.end().map(|()| found))
        .map_err(|error| malformed(&error))?;
    match found {
        Item::Object(None) => Ok(None),
        Item::Object(Some(problem)) => Err(problem.at(None)),
        Item::List(0, _) => Err(Invalid::new(format!(
            "the list is empty; 1 to {MAX_ITEMS} objects are allowed"
        ))),
        Item::List(count, _) if count > MAX_ITEMS => Err(Invalid::new(format!(
            "the list has {count} objects; 1 to {MAX_ITEMS} are allowed"
        ))),
        Item::List(_, Some((index, problem))) => Err(problem.at(Some(index))),
        Item::List(count, None) => Ok(Some(count)),
        Item::Other(found) => Err(Invalid::new(format!(
            "the body is {found}; an object of fields or a list of such objects is allowed"
        ))),
    }
}

fn malformed(error: &serde_json::Error) -> Invalid {
    let sentence = error.to_string();
    if sentence.starts_with("recursion limit exceeded") {
        // What is nested deeper, few programs behind the gate would read.
        return Invalid::new("the body is nested too deep; 127 levels are allowed");
    }
    Invalid::new(format!(
        "the body is not valid JSON: {}",
        legible(&sentence)
    ))
}

/// The fields, and the positions of their names.
struct Expected<'a> {
    names: Numbered<'a>,
    fields: Vec<&'a Field>,
}

impl<'a> Expected<'a> {
    /// The first field, in their order, that has not been seen.
    fn missing(&self, seen: &[bool]) -> Option<&'a Field> {
        let position = seen.iter().position(|seen| !seen)?;
        self.fields.get(position).copied()
    }
}

/// What is wrong with an object.
enum Problem {
    /// A field, or an item of it.
    Field {
        place: String,
        is: Cow<'static, str>,
    },
    /// It is no object at all.
    NoObject(Found),
}

impl Problem {
    fn at(self, index: Option<usize>) -> Invalid {
        let index = index.map(|index| format!("[{index}]"));
        Invalid::new(match (self, index) {
            (Self::Field { place, is }, None) => format!("{place}: it {is}"),
            (Self::Field { place, is }, Some(index)) => format!("{index}.{place}: it {is}"),
            (Self::NoObject(found), index) => format!(
                "{}: it is {found}; each item is an object of fields",
                index.unwrap_or_default()
            ),
        })
    }

    /// What is wrong with the value of a field.
    fn of(field: &Field, found: &Found) -> Option<Self> {
        let name = legible(field.name.as_str());
        let data_type = field.data_type;
        if found.fits(data_type) || (*found == Found::Null && field.may_be_null()) {
            return None;
        }
        let (place, found) = match (found, item_type(data_type)) {
            (Found::List(items), Some(item_type)) => {
                let (index, item) = items.first_unlike(item_type)?;
                (format!("{name}[{index}]"), item.to_string())
            }
            _ => (name, found.to_string()),
        };
        Some(Self::Field {
            place,
            is: format!("is {found}; {}", allowed(data_type)).into(),
        })
    }
}

/// What a type allows, for a sentence.
fn allowed(data_type: DataType) -> String {
    let allowed = match data_type {
        DataType::Int => "a whole number",
        DataType::String => "a text",
        DataType::Double => "a number",
        DataType::Bool => "true or false",
        DataType::Dict => "an object",
        DataType::ArrayInt => "a list of whole numbers",
        DataType::ArrayDouble => "a list of numbers",
        DataType::ArrayString => "a list of texts",
        DataType::Blob | DataType::File => "a text, the path of a file",
        DataType::ArrayFile => "a list of texts, the paths of files",
    };
    format!("'{data_type}' is {allowed}")
}

/// What the items of a list of this type are.
fn item_type(data_type: DataType) -> Option<ItemType> {
    match data_type {
        DataType::ArrayInt => Some(ItemType::Whole),
        DataType::ArrayDouble => Some(ItemType::Number),
        DataType::ArrayString | DataType::ArrayFile => Some(ItemType::Text),
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum ItemType {
    Whole,
    Number,
    Text,
}

/// What a value was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    Null,
    Bool,
    Whole,
    Fraction,
    Text,
    List(Box<Items>),
    Object,
}

impl Found {
    fn fits(&self, data_type: DataType) -> bool {
        match data_type {
            DataType::Int => *self == Self::Whole,
            DataType::Double => self.is_like(ItemType::Number),
            DataType::String | DataType::Blob | DataType::File => *self == Self::Text,
            DataType::Bool => *self == Self::Bool,
            DataType::Dict => *self == Self::Object,
            DataType::ArrayInt
            | DataType::ArrayDouble
            | DataType::ArrayString
            | DataType::ArrayFile => match (self, item_type(data_type)) {
                (Self::List(items), Some(item_type)) => items.first_unlike(item_type).is_none(),
                _ => false,
            },
        }
    }

    fn is_like(&self, item_type: ItemType) -> bool {
        match item_type {
            ItemType::Whole => matches!(self, Self::Whole),
            ItemType::Number => matches!(self, Self::Whole | Self::Fraction),
            ItemType::Text => matches!(self, Self::Text),
        }
    }
}

impl Display for Found {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Whole => "a whole number",
            Self::Fraction => "a number with a fraction",
            Self::Text => "a text",
            Self::List(_) => "a list",
            Self::Object => "an object",
        })
    }
}

/// Of a list, the first item that is unlike each type of item; so it need not be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Items {
    not_whole: Option<(usize, Found)>,
    not_number: Option<(usize, Found)>,
    not_text: Option<(usize, Found)>,
}

impl Items {
    fn first_unlike(&self, item_type: ItemType) -> Option<&(usize, Found)> {
        match item_type {
            ItemType::Whole => self.not_whole.as_ref(),
            ItemType::Number => self.not_number.as_ref(),
            ItemType::Text => self.not_text.as_ref(),
        }
    }

    fn note(&mut self, index: usize, item: &Found) {
        for (slot, item_type) in [
            (&mut self.not_whole, ItemType::Whole),
            (&mut self.not_number, ItemType::Number),
            (&mut self.not_text, ItemType::Text),
        ] {
            if slot.is_none() && !item.is_like(item_type) {
                // What a list within the list holds does not matter.
                let item = match item {
                    Found::List(_) => Found::List(Box::default()),
                    item => item.clone(),
                };
                *slot = Some((index, item));
            }
        }
    }
}

/// Reads any value and says what it is. It reads in the way in which depth is limited.
struct Value;

impl<'de> DeserializeSeed<'de> for Value {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = Found;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Found, E> {
        Ok(Found::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Found, E> {
        Ok(Found::Bool)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Found, E> {
        Ok(Found::Whole)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Found, E> {
        Ok(Found::Whole)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Found, E> {
        Ok(if number.fract() == 0.0 {
            Found::Whole
        } else {
            Found::Fraction
        })
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Found, E> {
        Ok(Found::Text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Found, A::Error> {
        let mut items = Items::default();
        let mut index = 0;
        while let Some(item) = list.next_element_seed(Value)? {
            items.note(index, &item);
            index += 1;
        }
        Ok(Found::List(Box::new(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Found, A::Error> {
        while members.next_key::<IgnoredAny>()?.is_some() {
            members.next_value_seed(Value)?;
        }
        Ok(Found::Object)
    }
}

/// What a body, or an item of it, was found to be.
enum Item {
    /// An object of fields, and what is wrong with it.
    Object(Option<Problem>),
    /// A list of so many items, and the first that is wrong.
    List(usize, Option<(usize, Problem)>),
    Other(Found),
}

/// Reads a body: an object of fields or a list of them.
struct Body<'a>(&'a Expected<'a>);

impl<'de> DeserializeSeed<'de> for Body<'_> {
    type Value = Item;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Item, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Body<'_> {
    type Value = Item;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list")
    }

    fn visit_unit<E: Error>(self) -> Result<Item, E> {
        Value.visit_unit().map(Item::Other)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Item, E> {
        Value.visit_bool(value).map(Item::Other)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Item, E> {
        Value.visit_i64(number).map(Item::Other)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Item, E> {
        Value.visit_u64(number).map(Item::Other)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Item, E> {
        Value.visit_f64(number).map(Item::Other)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Item, E> {
        Value.visit_str(text).map(Item::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Item, A::Error> {
        let (mut count, mut first) = (0, None);
        while let Some(item) = list.next_element_seed(Body(self.0))? {
            let problem = match item {
                Item::Object(problem) => problem,
                Item::List(..) => Some(Problem::NoObject(Found::List(Box::default()))),
                Item::Other(found) => Some(Problem::NoObject(found)),
            };
            first = first.or(problem.map(|problem| (count, problem)));
            count += 1;
        }
        Ok(Item::List(count, first))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Item, A::Error> {
        let mut seen = vec![false; self.0.fields.len()];
        let mut first = None;
        while let Some(known) = members.next_key_seed(Name(self.0))? {
            let found = members.next_value_seed(Value)?;
            // A name that is no field's may stand twice: nothing of it was checked.
            let Some((position, field)) = known else {
                continue;
            };
            let is_repeated = seen
                .get_mut(position)
                .is_some_and(|seen| std::mem::replace(seen, true));
            let problem = if is_repeated {
                // Which of the two an upstream takes is not known, so what was checked might not be what counts.
                Some(Problem::Field {
                    place: legible(field.name.as_str()),
                    is: "stands twice; a field stands once".into(),
                })
            } else {
                Problem::of(field, &found)
            };
            first = first.or(problem);
        }
        let missing = || {
            self.0.missing(&seen).map(|field| Problem::Field {
                place: legible(field.name.as_str()),
                is: format!("is missing; {}", allowed(field.data_type)).into(),
            })
        };
        Ok(Item::Object(first.or_else(missing)))
    }
}

/// Reads the name of a member and answers the field that it names.
struct Name<'a>(&'a Expected<'a>);

impl<'de, 'a> DeserializeSeed<'de> for Name<'a> {
    type Value = Option<(usize, &'a Field)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Name<'a> {
    type Value = Option<(usize, &'a Field)>;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        let position = self.0.names.get(name);
        Ok(position.and_then(|at| Some((at, *self.0.fields.get(at)?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    fn fields(definition: &Json) -> Fields {
        crate::domain::json::from_str(&definition.to_string()).unwrap()
    }

    /// Each type under its own name.
    fn all() -> Fields {
        let all: Vec<_> = DataType::ALL
            .iter()
            .map(|data_type| json!({ "name": data_type, "data_type": data_type }))
            .collect();
        fields(&json!(all))
    }

    /// A value of each type under its name.
    fn fitting() -> Json {
        json!({
            "int": 1, "string": "", "double": 0.5, "bool": true, "dict": {"a": [null]}, "array_int": [1, -2],
            "array_double": [1, 0.5], "array_string": ["a"], "blob": "b", "file": "ubiops-file://a/b", "array_file": [],
        })
    }

    fn x_of(data_type: &str) -> Fields {
        fields(&json!([{ "name": "x", "data_type": data_type }]))
    }

    fn check<'a>(fields: &Fields, body: &'a [u8]) -> Result<RequestInput<'a>, String> {
        RequestInput::check(IoType::Structured, fields, true, None, body)
            .map_err(|refusal| refusal.to_string())
    }

    fn refusal(fields: &Fields, body: &str) -> String {
        check(fields, body.as_bytes()).unwrap_err()
    }

    fn plain(body: &[u8]) -> Result<(String, &[u8]), String> {
        RequestInput::check(IoType::Plain, &x_of("int"), true, Some("image/png"), body)
            .map(|input| (input.content_type.into_owned(), input.body))
            .map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn an_object_with_every_field_in_its_type_is_taken_as_it_came() {
        let body = format!(" {} ", fitting());
        let input = check(&all(), body.as_bytes()).unwrap();
        assert_eq!(input.content_type, "application/json");
        assert_eq!((input.body, input.items), (body.as_bytes(), None));
    }

    #[test]
    fn a_list_tells_how_many_objects_it_has() {
        let items = |count: usize| {
            let body = json!(vec![json!({ "x": 1 }); count]).to_string();
            check(&x_of("int"), body.as_bytes()).map(|input| input.items)
        };
        assert_eq!((items(1), items(250)), (Ok(Some(1)), Ok(Some(250))));
        assert_eq!(
            items(0).unwrap_err(),
            "the list is empty; 1 to 250 objects are allowed"
        );
        assert_eq!(
            items(251).unwrap_err(),
            "the list has 251 objects; 1 to 250 are allowed"
        );
    }

    #[test]
    fn a_batch_has_1_to_250_items_whatever_they_are() {
        let of = |count: usize| {
            let body = format!("[{}]", vec!["1"; count].join(","));
            let items = batch_items(IoType::Plain, &Fields::default(), body.as_bytes());
            items
                .map(|items| items.len())
                .map_err(|refusal| refusal.to_string())
        };
        assert_eq!((of(1), of(250)), (Ok(1), Ok(250)));
        for count in [0, 251] {
            let wanted = format!("the list has {count} requests; 1 to 250 are allowed");
            assert_eq!(of(count).unwrap_err(), wanted);
        }
    }

    #[test]
    fn a_refusal_names_the_field_and_its_index() {
        for (data_type, body, sentence) in [
            (
                "int",
                r#"{"x": 1.5}"#,
                "x: it is a number with a fraction; 'int' is a whole number",
            ),
            (
                "int",
                r#"[{"x": 1}, {"x": "1"}]"#,
                "[1].x: it is a text; 'int' is a whole number",
            ),
            (
                "array_string",
                r#"[{"x": ["a", [1]]}]"#,
                "[0].x[1]: it is a list; 'array_string' is a list of texts",
            ),
            (
                "array_int",
                r#"{"x": 1}"#,
                "x: it is a whole number; 'array_int' is a list of whole numbers",
            ),
            (
                "bool",
                r#"{"X": true}"#,
                "x: it is missing; 'bool' is true or false",
            ),
            (
                "dict",
                r#"[{"x": {}}, {}]"#,
                "[1].x: it is missing; 'dict' is an object",
            ),
            (
                "file",
                r#"{"x": null}"#,
                "x: it is null; 'file' is a text, the path of a file",
            ),
            (
                "int",
                r#"[{"x": 1}, 5]"#,
                "[1]: it is a whole number; each item is an object of fields",
            ),
            (
                "int",
                r#"[[{"x": 1}]]"#,
                "[0]: it is a list; each item is an object of fields",
            ),
            (
                "int",
                "\"x\"",
                "the body is a text; an object of fields or a list of such objects is allowed",
            ),
        ] {
            assert_eq!(refusal(&x_of(data_type), body), sentence);
        }
    }

    #[test]
    fn of_several_faults_the_first_is_named_and_then_what_is_missing() {
        let both = fields(&json!([
            { "name": "b", "data_type": "int" }, { "name": "a", "data_type": "int" }, { "name": "c", "data_type": "int" },
        ]));
        assert!(refusal(&both, r#"{"c": "", "a": ""}"#).starts_with("c: it is a text"));
        assert!(refusal(&both, r#"{"c": 1}"#).starts_with("b: it is missing"));
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for number in ["0", "-0", "1.0", "1e3", "18446744073709551616", "-9e99"] {
            let body = format!(r#"{{"x": {number}}}"#);
            assert!(check(&x_of("int"), body.as_bytes()).is_ok(), "{number}");
            assert!(check(&x_of("double"), body.as_bytes()).is_ok(), "{number}");
        }
    }

    #[test]
    fn null_is_taken_only_where_the_field_says_that_it_is_not_required() {
        for (widget, is_taken) in [
            (json!({ "configuration": { "required": false } }), true),
            (json!({ "configuration": { "required": true } }), false),
            (json!({ "configuration": { "required": "false" } }), false),
            (json!({ "configuration": {} }), false),
            (json!({}), false),
        ] {
            let fields = fields(&json!([{ "name": "x", "data_type": "int", "widget": widget }]));
            assert_eq!(check(&fields, br#"{"x": null}"#).is_ok(), is_taken);
            assert!(check(&fields, b"{}").is_err());
        }
    }

    #[test]
    fn a_field_may_not_stand_twice_and_what_is_none_may() {
        assert_eq!(
            refusal(&x_of("int"), r#"{"x": 1, "\u0078": 2}"#),
            "x: it stands twice; a field stands once"
        );
        assert!(check(&x_of("int"), br#"{"x": 1, "y": 1, "y": 2}"#).is_ok());
        assert!(check(&x_of("dict"), br#"{"x": {"x": 1, "x": 2}}"#).is_ok());
    }

    #[test]
    fn what_is_not_json_is_told_where_it_ends_to_be() {
        for (body, part) in [
            ("", "the body is not valid JSON: EOF"),
            (r#"{"x": 1"#, "the body is not valid JSON: EOF"),
            (r#"{"x": 1} {}"#, "trailing characters"),
            (
                r#"{"x": NaN}"#,
                "the body is not valid JSON: expected value",
            ),
            ("x=1", "the body is not valid JSON: expected value"),
        ] {
            let refusal = refusal(&x_of("int"), body);
            assert!(refusal.contains(part), "{refusal}");
        }
        assert_eq!(
            check(&x_of("string"), b"{\"x\": \"\xff\"}").unwrap_err(),
            "the body is not UTF-8 text"
        );
    }

    #[test]
    fn depth_is_limited_in_fields_and_beside_them() {
        let nested = |name: &str, levels: usize| {
            let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
            format!(r#"{{"x": {{}}, "{name}": {open}{close}}}"#)
        };
        assert!(check(&x_of("dict"), nested("y", 127).as_bytes()).is_ok());
        for levels in [128, 1_000_000] {
            assert_eq!(
                refusal(&x_of("dict"), &nested("y", levels)),
                "the body is nested too deep; 127 levels are allowed"
            );
        }
    }

    #[test]
    fn a_byte_order_mark_before_json_stays_here() {
        let input = check(&x_of("int"), b"\xef\xbb\xbf{\"x\": 1}").unwrap();
        assert_eq!(input.body, b"{\"x\": 1}");
        let (content_type, body) = plain(b"\xef\xbb\xbf5").unwrap();
        assert_eq!(
            (content_type.as_str(), body),
            ("application/json", &b"5"[..])
        );
        let text = b"\xef\xbb\xbfhello";
        assert_eq!(plain(text).unwrap(), ("text/plain".to_owned(), &text[..]));
    }

    #[test]
    fn plain_input_is_json_or_text_whatever_it_is_declared_as() {
        for (body, content_type) in [
            (r#"{"prompt": "x", "prompt": 1}"#, "application/json"),
            ("\"text\"", "application/json"),
            ("hello", "text/plain"),
            ("{'a': 1}", "text/plain"),
            ("", "text/plain"),
        ] {
            let input = plain(body.as_bytes()).unwrap();
            assert_eq!(input, (content_type.to_owned(), body.as_bytes()));
        }
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        assert_eq!(plain(deep.as_bytes()).unwrap().0, "application/json");
        assert_eq!(plain(b"\xff").unwrap_err(), "the body is not UTF-8 text");
    }

    #[test]
    fn without_request_format_everything_is_passed_on() {
        let body = b"\xef\xbb\xbf\xff\0";
        for (declared, content_type) in [
            (Some("image/png"), "image/png"),
            (None, "application/octet-stream"),
        ] {
            let input =
                RequestInput::check(IoType::Structured, &all(), false, declared, body).unwrap();
            assert_eq!(input.content_type, content_type);
            assert_eq!((input.body, input.items), (&body[..], None));
        }
    }

    #[test]
    fn what_a_field_is_called_cannot_garble_the_sentence() {
        let fields = fields(&json!([{ "name": "a\n\u{202e}", "data_type": "int" }]));
        assert!(refusal(&fields, "{}").starts_with("a\\n\\u{202e}: it is missing"));
    }

    fn json_value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            "\\PC{0,6}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                proptest::collection::btree_map("[a-c]", inner, 0..3)
                    .prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The rule again, over a whole tree.
    fn fits(data_type: DataType, value: &Json) -> bool {
        let is_whole = |value: &Json| value.as_f64().is_some_and(|number| number.fract() == 0.0);
        let all = |check: &dyn Fn(&Json) -> bool| {
            value
                .as_array()
                .is_some_and(|items| items.iter().all(check))
        };
        match data_type {
            DataType::Int => is_whole(value),
            DataType::Double => value.is_number(),
            DataType::Bool => value.is_boolean(),
            DataType::Dict => value.is_object(),
            DataType::String | DataType::Blob | DataType::File => value.is_string(),
            DataType::ArrayInt => all(&is_whole),
            DataType::ArrayDouble => all(&Json::is_number),
            DataType::ArrayString | DataType::ArrayFile => all(&Json::is_string),
        }
    }

    proptest! {
        #[test]
        fn exactly_what_fits_is_taken(value in json_value(), choice in 0..DataType::ALL.len()) {
            let data_type = DataType::ALL[choice];
            let body = json!({ "y": value, "x": value }).to_string();
            let taken = check(&x_of(data_type.name()), body.as_bytes());
            prop_assert_eq!(taken.is_ok(), fits(data_type, &value), "{} {:?}", body, taken);
        }

        #[test]
        fn a_fault_in_a_list_is_named_with_its_index(count in 1..=250_usize, wrong in 0..250_usize) {
            let wrong = wrong % count;
            let items: Vec<_> = (0..count).map(|index| if index == wrong { json!({}) } else { json!({ "x": 1 }) }).collect();
            let refusal = refusal(&x_of("int"), &json!(items).to_string());
            let place = format!("[{wrong}].x: it is missing");
            prop_assert!(refusal.starts_with(&place), "{}", refusal);
        }

        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = check(&all(), &body);
            let _ = plain(&body);
        }
    }
}
