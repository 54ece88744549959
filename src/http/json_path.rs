//! Where in a JSON text an error is: the path of the field, from the place that the parser names.
//!
//! A tracking deserialiser would know the path as well, but stands in the module once more for each type of body,
//! 165 KB in all. The parser's errors already say where they are, so only that place is read back.

/// What the place is in.
enum Level<'a> {
    /// An object, and its field whose value is being read.
    Object(Option<&'a str>),
    /// An array, and the index of the item that is being read.
    Array(usize),
}

/// The path of what ends at this place, as in `input_fields[1].name`; empty for the text as a whole.
///
/// The parser gives an error that knows no place, such as a refusal by one of our own types, the place behind the object
/// that it is in, once that is closed. Only a missing field is the fault of the object as a whole.
pub(super) fn path_of(text: &str, error: &serde_json::Error) -> String {
    let is_about_whole = error.to_string().starts_with("missing field");
    path_at(text, error.line(), error.column(), is_about_whole)
}

/// `line` and `column` count from 1, columns in bytes, as `serde_json::Error` has them.
fn path_at(text: &str, line: usize, column: usize, is_about_whole: bool) -> String {
    let before = before(text, line, column);
    // A list or an object of which the parser has not read a sign is at fault as a whole, where it stands.
    let is_unread = text
        .get(before.len()..)
        .is_some_and(|rest| rest.trim_start().starts_with(['[', '{']));
    let before = before.trim_end();
    let before = match before.strip_suffix('}') {
        Some(open) if !is_about_whole => open,
        _ => before,
    };
    // A bracket that has only just been opened is the value at fault, not something in it.
    let before = match before.strip_suffix(['[', '{']) {
        Some(open) if !is_unread => open,
        _ => before,
    };
    let mut levels = Vec::new();
    let mut rest = before;
    let mut text_before: Option<&str> = None;
    while let Some(first) = rest.chars().next() {
        let (_, after) = rest.split_at(first.len_utf8());
        rest = after;
        match first {
            '"' => {
                let end = end_of_text(after);
                let (content, after) = after.split_at(end);
                text_before = Some(content);
                rest = after.strip_prefix('"').unwrap_or_default();
                // Where the text breaks off behind a name, the field of that name is at fault.
                if rest.is_empty()
                    && let Some(Level::Object(field @ None)) = levels.last_mut()
                {
                    *field = text_before;
                }
            }
            ':' => {
                if let Some(Level::Object(field)) = levels.last_mut() {
                    *field = text_before;
                }
            }
            ',' => match levels.last_mut() {
                Some(Level::Array(index)) => *index += 1,
                Some(Level::Object(field)) => *field = None,
                None => {}
            },
            '{' => levels.push(Level::Object(None)),
            '[' => levels.push(Level::Array(0)),
            '}' | ']' => drop(levels.pop()),
            _ => {}
        }
    }
    written(&levels)
}

/// The text up to this place.
fn before(text: &str, line: usize, column: usize) -> &str {
    let earlier: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let mut end = (earlier + column).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// How long the content of a quoted text is, its opening quote taken off.
fn end_of_text(after_quote: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in after_quote.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    after_quote.len()
}

fn written(levels: &[Level<'_>]) -> String {
    let mut path = String::new();
    for level in levels {
        match level {
            Level::Object(Some(field)) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(field);
            }
            Level::Object(None) => {}
            Level::Array(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its parsing matters here")]
    struct Body {
        name: Option<String>,
        list: Option<Vec<u8>>,
        nested: Option<Vec<Nested>>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its parsing matters here")]
    struct Nested {
        deep: u8,
    }

    fn path(text: &str) -> String {
        let error = serde_json::from_str::<Body>(text).unwrap_err();
        path_of(text, &error)
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named() {
        for (text, expected) in [
            (r#"{"name": 5}"#, "name"),
            (r#"{"name": {"a": 1}}"#, "name"),
            (r#"{"name": [1, 2]}"#, "name"),
            (r#"{"name": true, "list": []}"#, "name"),
            (r#"{"list": "x"}"#, "list"),
            (r#"{"list": [1, 2, "x"]}"#, "list[2]"),
            (r#"{"list": [1, -1]}"#, "list[1]"),
            (r#"{"list": [ [1]]}"#, "list[0]"),
            (r#"{"list": [{"a": 1}]}"#, "list[0]"),
            (r#"{"list": [1, [2], 3]}"#, "list[1]"),
            (
                r#"{"nested": [{"deep": 1}, {"deep": "x"}]}"#,
                "nested[1].deep",
            ),
            ("{\n \"list\": [1,\n  \"ü\"]}", "list[1]"),
            (r#"{"a\"b:,[": 1, "name": 5}"#, "name"),
            (
                r#"{"other": {"name": [1, {"x": "]}"}]}, "list": [1, null]}"#,
                "list[1]",
            ),
        ] {
            assert_eq!(path(text), expected, "{text}");
        }
    }

    #[test]
    fn what_our_own_types_refuse_is_named_though_the_parser_knows_no_place() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only its parsing matters here")]
        struct Priced {
            price: Option<crate::domain::Credits>,
        }
        for (text, expected) in [
            (r#"{"price": {"a": 1}}"#, "price"),
            (r#"{"price": "x", "other": 1}"#, "price"),
            (r#"{"price": -1 }"#, "price"),
            (r#"{"other": [{"a": 1}], "price": []}"#, "price"),
        ] {
            let error = serde_json::from_str::<Priced>(text).unwrap_err();
            assert_eq!(path_of(text, &error), expected, "{text}");
        }
    }

    #[test]
    fn a_missing_field_is_told_of_its_object() {
        assert_eq!(path(r#"{"nested": [{"deep": 1}, {}]}"#), "nested[1]");
    }

    #[test]
    fn a_field_that_stands_twice_is_named() {
        assert_eq!(path(r#"{"name": "x", "name": "y"}"#), "name");
    }

    proptest! {
        #[test]
        fn no_text_and_no_place_is_too_odd(text: String, line in 0_usize..10, column in 0_usize..300) {
            path_at(&text, line, column, false);
        }
    }
}
