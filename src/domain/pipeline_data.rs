//! What goes into an object of a pipeline, and out of the pipeline: fields of what went in before, put together (contract
//! section 5.7).
//!
//! Values are passed on as they came, digit for digit. A list is mapped element by element, so all lists that come
//! together have one length.

use serde_json::value::RawValue;

use super::json::each_member;
use super::numbered::Numbered;
use super::pipeline_graph::Mapping;
use super::{Content, Invalid};

/// What a source gave, and which of its fields are taken.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    /// What it gave.
    pub content: &'a Content,
    /// Field by field; none between plain sides.
    pub mapping: &'a [Mapping],
}

/// What is put together is no longer than a body may be, in bytes (contract section 5.3): one field may go into many, so what
/// came in says little about it.
pub const LONGEST: usize = 8 << 20;

/// What a source gave: an object, of which only the fields that are taken are kept, or a list of them.
struct Given<'a> {
    names: Numbered<'a>,
    /// The number of each field that is taken, and the name that it gets.
    taken: Vec<(usize, &'a str)>,
    values: Values<'a>,
}

enum Values<'a> {
    One(Fields<'a>),
    /// Each is taken apart when its turn comes: a list of millions of empty objects is no longer than a body may be, and room
    /// for the fields of all of them would be more than there is.
    Many(Vec<&'a RawValue>),
}

/// The values of an object by the numbers of their fields' names.
type Fields<'a> = Vec<Option<&'a str>>;

/// Puts together what a plain side gets: all that its first source gave.
#[must_use]
pub fn plain(sources: &[Taken<'_>]) -> Option<Content> {
    sources.first().map(|source| source.content.clone())
}

/// Puts together what a structured side gets: an object with the mapped fields, or a list of them. A field that a source did
/// not give is left out.
///
/// # Errors
/// What a source gave is no object or list of objects, lists have different lengths, or it would be too long.
pub fn structured(sources: &[Taken<'_>]) -> Result<Content, Invalid> {
    let mut given = Vec::with_capacity(sources.len());
    // A plain source gives no fields: it only has to come first.
    for source in sources.iter().filter(|source| !source.mapping.is_empty()) {
        given.push(read(source)?);
    }
    let mut length = None;
    for given in &given {
        if let Values::Many(list) = &given.values {
            match length {
                None => length = Some(list.len()),
                Some(length) if length == list.len() => {}
                Some(length) => {
                    return Err(Invalid::new(format!(
                        "lists of {length} and of {} come together; they are mapped element by element",
                        list.len()
                    )));
                }
            }
        }
    }
    let mut json = String::new();
    match length {
        None => write(&mut json, &given, 0)?,
        Some(length) => {
            json.push('[');
            for place in 0..length {
                if place > 0 {
                    json.push(',');
                }
                write(&mut json, &given, place)?;
            }
            json.push(']');
        }
    }
    Content::value(json).ok_or_else(|| Invalid::new("what was mapped is no JSON".to_owned()))
}

fn read<'a>(source: &Taken<'a>) -> Result<Given<'a>, Invalid> {
    let mut names = Numbered::default();
    let mut taken = Vec::with_capacity(source.mapping.len());
    for pair in source.mapping {
        let number = names.number(pair.source_field_name.as_str());
        taken.push((number, pair.destination_field_name.as_str()));
    }
    let text = source.content.text();
    let values = match text.trim_start().starts_with('[') {
        true => serde_json::from_str(text).map(Values::Many),
        false => fields(text, &names).map(Values::One),
    };
    let values = values.map_err(|_| no_object())?;
    Ok(Given {
        names,
        taken,
        values,
    })
}

fn no_object() -> Invalid {
    Invalid::new("fields are mapped of what is neither a JSON object nor a list of objects")
}

fn fields<'a>(text: &'a str, names: &Numbered<'_>) -> serde_json::Result<Fields<'a>> {
    let mut fields = vec![None; names.len()];
    each_member(text, &mut |name, value| {
        let place = names.get(&name).and_then(|number| fields.get_mut(number));
        if let Some(place) = place {
            *place = Some(value.get());
        }
    })?;
    Ok(fields)
}

/// Writes one object: of lists their elements at this place.
fn write(json: &mut String, given: &[Given<'_>], place: usize) -> Result<(), Invalid> {
    json.push('{');
    let mut is_first = true;
    for given in given {
        let of_item;
        let fields = match &given.values {
            Values::One(fields) => fields,
            Values::Many(list) => {
                let item = list.get(place).map_or("{}", |item| item.get());
                of_item = fields(item, &given.names).map_err(|_| no_object())?;
                &of_item
            }
        };
        for (number, name) in &given.taken {
            let Some(Some(value)) = fields.get(*number) else {
                continue;
            };
            if json.len() + value.len() > LONGEST {
                return Err(Invalid::new(
                    "what is mapped is longer than 8 MiB together".to_owned(),
                ));
            }
            if !is_first {
                json.push(',');
            }
            is_first = false;
            json.push_str(&super::wire::json_literal(name));
            json.push(':');
            json.push_str(value);
        }
    }
    json.push('}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn mapping(pairs: &[(&str, &str)]) -> Vec<Mapping> {
        let pair = |(from, to): &(&str, &str)| {
            let pair = serde_json::json!({"source_field_name": from, "destination_field_name": to});
            crate::domain::json::from_str(&pair.to_string()).unwrap()
        };
        pairs.iter().map(pair).collect()
    }

    fn put_together(sources: &[(&str, &[(&str, &str)])]) -> Result<String, String> {
        let sources: Vec<(Content, Vec<Mapping>)> = sources
            .iter()
            .map(|(json, pairs)| (Content::of((*json).to_owned(), true), mapping(pairs)))
            .collect();
        let taken: Vec<Taken<'_>> = sources
            .iter()
            .map(|(content, mapping)| Taken { content, mapping })
            .collect();
        structured(&taken)
            .map(|content| content.text().to_owned())
            .map_err(|invalid| invalid.to_string())
    }

    #[test]
    fn fields_of_several_sources_become_one_object_with_their_digits_as_they_came() {
        let both = put_together(&[
            (r#"{"y": 1.50, "z": 2}"#, &[("y", "l")]),
            (r#"{"in": 123456789012345678901234567890}"#, &[("in", "r")]),
        ]);
        assert_eq!(
            both.as_deref(),
            Ok(r#"{"l":1.50,"r":123456789012345678901234567890}"#)
        );
    }

    #[test]
    fn a_list_is_mapped_element_by_element_and_a_single_object_goes_with_each() {
        let list = put_together(&[
            (r#"[{"y":1},{"y":2}]"#, &[("y", "a")]),
            (r#"{"k":"x"}"#, &[("k", "b")]),
        ]);
        assert_eq!(list.as_deref(), Ok(r#"[{"a":1,"b":"x"},{"a":2,"b":"x"}]"#));
        let odd = put_together(&[
            (r#"[{"y":1}]"#, &[("y", "a")]),
            (r#"[{"k":1},{"k":2}]"#, &[("k", "b")]),
        ]);
        assert!(odd.unwrap_err().contains("lists of 1 and of 2"));
    }

    #[test]
    fn one_field_may_go_into_two_and_what_was_not_given_is_left_out() {
        let twice = put_together(&[(r#"{"y":[1]}"#, &[("y", "a"), ("y", "b"), ("none", "c")])]);
        assert_eq!(twice.as_deref(), Ok(r#"{"a":[1],"b":[1]}"#));
    }

    #[test]
    fn a_long_field_that_goes_into_many_is_refused_before_it_is_long() {
        let json = format!(r#"{{"y":"{}"}}"#, "x".repeat(LONGEST / 4));
        let names: Vec<String> = (0..1_000).map(|n| format!("f{n}")).collect();
        let pairs: Vec<(&str, &str)> = names.iter().map(|to| ("y", to.as_str())).collect();
        assert!(put_together(&[(&json, &pairs[..3])]).is_ok());
        let refusal = put_together(&[(&json, &pairs)]).unwrap_err();
        assert!(refusal.contains("longer than 8 MiB"), "{refusal}");
    }

    #[test]
    fn what_is_mapped_has_8_mib_at_most_before_its_last_braces() {
        let of = |length: usize| {
            // The quotes of the text, and the brace in front of the field.
            let json = format!(r#"{{"y":"{}"}}"#, "x".repeat(length - 3));
            put_together(&[(&json, &[("y", "a")])])
        };
        assert!(of(8 << 20).is_ok());
        assert!(of((8 << 20) + 1).is_err());
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        for json in [
            "5",
            "\"x\"",
            "null",
            "[1]",
            "[[]]",
            r#"[{"y":1},5]"#,
            "not JSON",
        ] {
            assert!(put_together(&[(json, &[("y", "a")])]).is_err(), "{json}");
            assert_eq!(put_together(&[(json, &[])]).as_deref(), Ok("{}"), "{json}");
        }
    }

    #[test]
    fn a_plain_side_gets_all_of_its_first_source() {
        let text = Content::Text("as it is".to_owned());
        let taken = Taken {
            content: &text,
            mapping: &[],
        };
        assert_eq!(plain(&[taken]), Some(text.clone()));
        assert_eq!(plain(&[]), None);
    }

    proptest! {
        #[test]
        fn whatever_is_mapped_comes_out_under_its_new_name(
            values in proptest::collection::btree_map("[a-z\"\\\\é]{1,6}", any::<i64>(), 1..8)
        ) {
            let json = serde_json::to_string(&values).unwrap();
            let names: Vec<(String, String)> =
                values.keys().map(|name| (name.clone(), format!("{name}!"))).collect();
            let pairs: Vec<(&str, &str)> =
                names.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
            let out = put_together(&[(&json, &pairs)]).unwrap();
            let out: BTreeMap<String, i64> = serde_json::from_str(&out).unwrap();
            let expected: BTreeMap<String, i64> =
                values.into_iter().map(|(name, value)| (format!("{name}!"), value)).collect();
            prop_assert_eq!(out, expected);
        }
    }
}
