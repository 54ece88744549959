//! Input and output of deployments and pipelines: structured with named fields, or plain (docs/deployments.md).

use super::invalid::at_most;
use super::kept::check_length;
use super::numbered::Numbered;
use super::wire::json_enum;
use super::{Invalid, Text, quoted};
use crate::domain::json::{self, object, read_as};
use serde::Serialize;
use serde_json::{Map, Value};

json_enum! {
    /// Whether the input or output of a deployment or pipeline has fields.
    IoType: "a type of input or output" {
        /// An object of fields.
        Structured = "structured",
        /// A single text.
        Plain = "plain",
    }
}

impl IoType {
    /// How the bodies of a batch are read by what has a side of this name: without a request format, each as a text.
    #[must_use]
    pub fn of_bodies(name: &str, supports_request_format: bool) -> Self {
        match name {
            "structured" if supports_request_format => Self::Structured,
            _ => Self::Plain,
        }
    }
}

json_enum! {
    /// Type of a field's value; the list is the one that the clients 3.16.1 and 4.0.0 check on both sides.
    DataType: "a type of data" {
        /// A whole number.
        Int = "int",
        /// A text.
        String = "string",
        /// A number.
        Double = "double",
        /// True or false.
        Bool = "bool",
        /// A JSON object.
        Dict = "dict",
        /// A list of whole numbers.
        ArrayInt = "array_int",
        /// A list of numbers.
        ArrayDouble = "array_double",
        /// A list of texts.
        ArrayString = "array_string",
        /// The older name for a file.
        Blob = "blob",
        /// The path of a file.
        File = "file",
        /// A list of paths of files.
        ArrayFile = "array_file",
    }
}

object! {
    /// How a field is shown to people; stored as it was sent.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct Widget {
        /// Kind of widget, such as `slider`.
        #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
        pub kind as "type": Option<Text<1, 64>>,
        /// Settings of the widget.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub configuration: Option<Map<String, Value>>,
    }
}

object! {
    /// A field of an input or output.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct Field {
        /// Name of the field, unique in its list.
        pub name: Text<1, 64>,
        /// Type of the field's value.
        pub data_type: DataType,
        /// How the field is shown to people.
        pub widget: Option<Widget>,
    }
}

impl Field {
    /// Whether a request may give null for it: where its widget says that it is not required (contract section 5.3).
    #[must_use]
    pub fn may_be_null(&self) -> bool {
        let configuration = self
            .widget
            .as_ref()
            .and_then(|widget| widget.configuration.as_ref());
        let required = configuration.and_then(|configuration| configuration.get("required"));
        required == Some(&Value::Bool(false))
    }
}

/// Fields of an input or output, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Fields(Vec<Field>);

impl Fields {
    /// Most fields of one side; keeps what a pipeline's check compares small.
    pub const MAX: usize = 100;

    /// Most bytes of JSON of the names and types of one side. A version of a pipeline shows those of what its hundred
    /// objects refer to, on both sides: below 8 MiB in all (contract section 4, *What one caller can cost*).
    pub const MAX_BARE: usize = 40_000;

    /// Them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields as a JSON list, each with a widget: `{}` where none was given, as the clients' documents show it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let fields = self.0.iter().map(|field| {
            serde_json::json!({
                "name": field.name,
                "data_type": field.data_type,
                "widget": field.widget.as_ref().map_or_else(|| Value::Object(Map::new()), |widget| serde_json::json!(widget)),
            })
        });
        json::text(&fields.collect::<Vec<Value>>())
    }
}

read_as!(Fields, Vec<Field>);

impl TryFrom<Vec<Field>> for Fields {
    type Error = Invalid;

    fn try_from(fields: Vec<Field>) -> Result<Self, Invalid> {
        at_most(fields.len(), Self::MAX, "fields")?;
        let mut names = Numbered::default();
        for field in &fields {
            if !names.is_new(field.name.as_str()) {
                return Err(Invalid::new(format!(
                    "the name {} stands twice; a field's name is unique in its list",
                    quoted(field.name.as_str())
                )));
            }
        }
        let bare: Vec<Value> = fields
            .iter()
            .map(|field| serde_json::json!({ "name": field.name, "data_type": field.data_type }))
            .collect();
        let length = json::text(&bare).len();
        if length > Self::MAX_BARE {
            return Err(Invalid::new(format!(
                "names and types have {length} bytes of JSON; at most {} are allowed",
                Self::MAX_BARE
            )));
        }
        let fields = Self(fields);
        check_length(&fields.to_json())?;
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Result<Fields, String> {
        crate::domain::json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_field_without_a_widget_is_shown_with_an_empty_one() {
        let fields = fields(r#"[{"name":"x","data_type":"array_int"}]"#).unwrap();
        assert_eq!(
            fields.to_json(),
            r#"[{"data_type":"array_int","name":"x","widget":{}}]"#
        );
    }

    #[test]
    fn a_widget_is_kept_as_it_was_sent() {
        let json = r#"[{"data_type":"int","name":"x","widget":{"configuration":{"max":10,"min":0},"type":"slider"}}]"#;
        assert_eq!(fields(json).unwrap().to_json(), json);
    }

    #[test]
    fn two_fields_of_one_name_are_refused_with_the_name() {
        let twice = r#"[{"name":"x","data_type":"int"},{"name":"x","data_type":"bool"}]"#;
        assert!(fields(twice).unwrap_err().contains("'x' stands twice"));
    }

    #[test]
    fn a_data_type_is_one_of_the_clients_list() {
        let refusal = fields(r#"[{"name":"x","data_type":"timestamp"}]"#).unwrap_err();
        assert!(refusal.contains("array_string"), "{refusal}");
    }

    #[test]
    fn fields_are_short_widgets_and_all() {
        let with_widget = |length: usize| {
            let configuration = serde_json::json!({ "a": "x".repeat(length) });
            let field = serde_json::json!({
                "name": "x", "data_type": "int", "widget": {"type": "slider", "configuration": configuration},
            });
            fields(&serde_json::json!([field]).to_string())
        };
        assert!(with_widget(65_000).is_ok());
        assert!(with_widget(66_000).unwrap_err().contains("at most 65536"));
    }

    #[test]
    fn at_most_100_fields_are_taken() {
        let numbered = |count: usize| {
            let all: Vec<_> = (0..count)
                .map(|n| format!(r#"{{"name":"f{n}","data_type":"int"}}"#))
                .collect();
            fields(&format!("[{}]", all.join(",")))
        };
        assert!(numbered(100).is_ok());
        assert!(numbered(101).unwrap_err().contains("at most 100"));
    }

    #[test]
    fn a_name_and_a_widgets_type_have_1_to_64_characters() {
        let field = |name: &str, kind: &str| {
            let widget = serde_json::json!({"type": kind, "configuration": {}});
            fields(
                &serde_json::json!([{"name": name, "data_type": "int", "widget": widget}])
                    .to_string(),
            )
        };
        let (longest, longer) = ("x".repeat(64), "x".repeat(65));
        assert!(field("x", "x").is_ok() && field(&longest, &longest).is_ok());
        for wrong in ["", &longer] {
            assert!(field(wrong, "x").is_err() && field("x", wrong).is_err());
        }
    }

    #[test]
    fn names_and_types_have_40000_bytes_at_most() {
        let of_length = |length: usize| {
            let mut names: Vec<String> = (0..100).map(|n| format!("{n:02}")).collect();
            let json = |names: &[String]| {
                let field = |name: &String| serde_json::json!({"data_type": "int", "name": name});
                serde_json::json!(names.iter().map(field).collect::<Vec<_>>()).to_string()
            };
            // What cannot be seen has six bytes as JSON.
            let missing = length - json(&names).len();
            for (number, name) in names.iter_mut().enumerate() {
                let unseen = (missing / 6).saturating_sub(number * 62).min(62);
                name.push_str(&"\u{1}".repeat(unseen));
            }
            names[99].push_str(&"x".repeat(missing % 6));
            let json = json(&names);
            assert_eq!(json.len(), length);
            fields(&json)
        };
        assert!(of_length(40_000).is_ok());
        assert!(of_length(40_001).unwrap_err().contains("have 40001 bytes"));
    }

    #[test]
    fn names_and_types_are_short_however_they_are_escaped() {
        let hundred = |name: &str| {
            let all: Vec<_> = (0..100)
                .map(|n| serde_json::json!({ "name": format!("{name}{n}"), "data_type": "array_double" }))
                .collect();
            fields(&serde_json::json!(all).to_string())
        };
        assert!(hundred(&"\u{1f34e}".repeat(62)).is_ok());
        let refusal = hundred(&"\u{1}".repeat(62)).unwrap_err();
        assert!(refusal.contains("at most 40000"), "{refusal}");
    }
}
