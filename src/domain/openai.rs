//! Bodies of the OpenAI-compatible paths (contract section 5.6): which model is asked for, what goes upstream, and the
//! tokens of an answer.
//!
//! A body goes on byte for byte, but for the name of the model and for `include_usage`, which is added so that streams
//! can be accounted for. So it is never written anew: the places of these two are found in the caller's own text. That
//! an upstream reads the same there is sure only where no key stands twice, so one that does is refused.

use std::ops::Range;

use serde_json::value::RawValue;

use super::invalid::legible;
use super::json::each_member;
use super::numbered::Numbered;
use super::wire::json_literal;
use super::{Invalid, SAFE_INTEGER, quoted};

/// Most keys of a body: ten times what is documented, and few enough to remember.
const MAX_KEYS: usize = 1_000;

/// A path that takes a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenAiPath {
    /// `/chat/completions`
    ChatCompletions,
    /// `/completions`
    Completions,
    /// `/embeddings`
    Embeddings,
    /// `/responses`
    Responses,
}

impl OpenAiPath {
    /// All of them.
    const ALL: [Self; 4] = [
        Self::ChatCompletions,
        Self::Completions,
        Self::Embeddings,
        Self::Responses,
    ];

    /// What a route's path ends with behind the version of OpenAI's interface; `None` for one that takes no body.
    #[must_use]
    pub fn of(route: &str) -> Option<Self> {
        let (_, below) = route.split_once("/openai-compatible/v1")?;
        Self::ALL.into_iter().find(|path| path.below() == below)
    }

    /// What it appends to an upstream's `base_url`.
    #[must_use]
    pub fn below(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/chat/completions",
            Self::Completions => "/completions",
            Self::Embeddings => "/embeddings",
            Self::Responses => "/responses",
        }
    }

    /// Whether a stream tells its usage only where the body asks for it; one of `/responses` always does.
    fn takes_include_usage(self) -> bool {
        matches!(self, Self::ChatCompletions | Self::Completions)
    }
}

/// A caller's body.
#[derive(Clone, Debug)]
pub struct OpenAiBody<'a> {
    text: &'a str,
    model: String,
    model_place: Range<usize>,
    is_stream: bool,
    /// What has to change for a stream to tell its usage.
    usage_edits: Vec<Edit>,
}

#[derive(Clone, Debug)]
struct Edit {
    place: Range<usize>,
    text: String,
}

impl<'a> OpenAiBody<'a> {
    /// Reads a body. A byte order mark in front is no part of it.
    ///
    /// # Errors
    /// A sentence with the field.
    pub fn parse(path: OpenAiPath, body: &'a [u8]) -> Result<Self, Invalid> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let text = std::str::from_utf8(body)
            .map_err(|_| Invalid::new("the body is not valid JSON: it is not UTF-8"))?;
        let members = Members::of_body(text)?;
        let model = members
            .model
            .ok_or_else(|| Invalid::new("model: it is missing; a text is expected"))?;
        let model_place = place(text, model.get());
        let model = serde_json::from_str(model.get())
            .map_err(|_| Invalid::new("model: it is not a text, as is expected"))?;
        let is_stream = members.stream.is_some_and(|stream| stream.get() == "true");
        let usage_edits = if is_stream && path.takes_include_usage() {
            usage_edits(text, members.stream_options)
        } else {
            Vec::new()
        };
        Ok(Self {
            text,
            model,
            model_place,
            is_stream,
            usage_edits,
        })
    }

    /// The model as it is asked for.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whether a stream is asked for.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.is_stream
    }

    /// Whether the usage is asked for by us alone, so that its chunk is kept from the caller.
    #[must_use]
    pub fn hides_usage(&self) -> bool {
        !self.usage_edits.is_empty()
    }

    /// What goes upstream, where the model has this name.
    #[must_use]
    pub fn for_upstream(&self, model: &str) -> Vec<u8> {
        let mut edits = self.usage_edits.clone();
        let place = self.model_place.clone();
        let is_before = |edit: &&Edit| edit.place.start < place.start;
        let edit = Edit {
            text: json_literal(model),
            place: place.clone(),
        };
        // They stand in the order of their places.
        edits.insert(edits.iter().take_while(is_before).count(), edit);
        let (mut body, mut done) = (String::new(), 0);
        for edit in edits {
            body.push_str(self.text.get(done..edit.place.start).unwrap_or_default());
            body.push_str(&edit.text);
            done = edit.place.end;
        }
        body.push_str(self.text.get(done..).unwrap_or_default());
        body.into_bytes()
    }
}

/// What is read of a body.
#[derive(Default)]
struct Members<'a> {
    model: Option<&'a RawValue>,
    stream: Option<&'a RawValue>,
    stream_options: Option<&'a RawValue>,
}

impl<'a> Members<'a> {
    fn of_body(text: &'a str) -> Result<Self, Invalid> {
        let mut members = Self::default();
        let (mut names, mut is_too_long) = (Vec::new(), false);
        each_member(text, &mut |name, value| {
            match name.as_str() {
                "model" => members.model = Some(value),
                "stream" => members.stream = Some(value),
                "stream_options" => members.stream_options = Some(value),
                _ => {}
            }
            match names.len() < MAX_KEYS {
                true => names.push(name),
                false => is_too_long = true,
            }
        })
        .map_err(|error| {
            if error.is_data() {
                return Invalid::new("the body must be a JSON object");
            }
            let sentence = legible(&error.to_string());
            Invalid::new(format!("the body is not valid JSON: {sentence}"))
        })?;
        let mut known = Numbered::default();
        if let Some(twice) = names.iter().find(|name| !known.is_new(name)) {
            let name = quoted(twice);
            return Err(Invalid::new(format!(
                "the key {name} stands twice; each may stand once"
            )));
        }
        if is_too_long {
            return Err(Invalid::new(format!(
                "the body has more than {MAX_KEYS} keys, which is the most that are allowed"
            )));
        }
        Ok(members)
    }
}

/// What has to change for `stream_options.include_usage` to be true; nothing where it is, or where the options are none
/// that an upstream would take.
fn usage_edits(text: &str, options: Option<&RawValue>) -> Vec<Edit> {
    let Some(options) = options else {
        // There is a `model`, so a comma goes behind.
        let start = text.find('{').map_or(0, |brace| brace + 1);
        return vec![Edit {
            place: start..start,
            text: r#""stream_options":{"include_usage":true},"#.to_owned(),
        }];
    };
    let place_of_options = place(text, options.get());
    if options.get() == "null" {
        return vec![Edit {
            place: place_of_options,
            text: r#"{"include_usage":true}"#.to_owned(),
        }];
    }
    let (mut flags, mut is_empty) = (Vec::new(), true);
    let read = each_member(options.get(), &mut |name, value| {
        is_empty = false;
        if name == "include_usage" {
            flags.push(value);
        }
    });
    match flags.last() {
        _ if read.is_err() => Vec::new(),
        None => {
            let start = place_of_options.start + 1;
            let comma = if is_empty { "" } else { "," };
            vec![Edit {
                place: start..start,
                text: format!(r#""include_usage":true{comma}"#),
            }]
        }
        Some(flag) if flag.get() == "true" => Vec::new(),
        Some(_) => flags
            .iter()
            .map(|flag| Edit {
                place: place(text, flag.get()),
                text: "true".to_owned(),
            })
            .collect(),
    }
}

/// Where a part of a text stands in it.
fn place(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    start..start + part.len()
}

/// The text of a member of a JSON object.
pub(super) fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut found = None;
    let read = each_member(text, &mut |candidate, value| {
        if candidate == name {
            found = Some(value.get());
        }
    });
    read.ok().and(found)
}

/// The tokens of an answer, as far as it tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Of what was asked.
    pub prompt_tokens: Option<i64>,
    /// Of what was answered.
    pub completion_tokens: Option<i64>,
    /// Of both.
    pub total_tokens: Option<i64>,
}

impl TokenUsage {
    /// Reads them from the JSON of an answer, or of a chunk of a stream: its `usage`, or that of its `response`.
    #[must_use]
    pub fn of(json: &str) -> Option<Self> {
        let usage = member(json, "usage")
            .filter(|usage| usage.starts_with('{'))
            .or_else(|| member(member(json, "response")?, "usage"))?;
        let count = |names: [&str; 2]| {
            names
                .iter()
                .find_map(|name| member(usage, name)?.parse().ok())
                .filter(|count| (0..=SAFE_INTEGER).contains(count))
        };
        let found = Self {
            prompt_tokens: count(["prompt_tokens", "input_tokens"]),
            completion_tokens: count(["completion_tokens", "output_tokens"]),
            total_tokens: count(["total_tokens", "total_tokens"]),
        };
        (found != Self::default()).then_some(found)
    }

    /// Reads them from the body of an answer.
    #[must_use]
    pub fn of_answer(body: &[u8]) -> Option<Self> {
        Self::of(std::str::from_utf8(body).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn parse(body: &str) -> Result<OpenAiBody<'_>, String> {
        OpenAiBody::parse(OpenAiPath::ChatCompletions, body.as_bytes())
            .map_err(|refusal| refusal.to_string())
    }

    fn rewritten(body: &str) -> String {
        String::from_utf8(parse(body).unwrap().for_upstream("m")).unwrap()
    }

    #[test]
    fn only_the_model_changes_where_no_stream_is_asked_for() {
        let body = " {\"x\" : 1.10,\t\"model\": \"a\\u002fb\" , \"messages\":[{\"model\": \"x\"}], \"stream\": false}\n";
        assert_eq!(parse(body).unwrap().model(), "a/b");
        assert_eq!(rewritten(body), body.replace("\"a\\u002fb\"", "\"m\""));
        assert!(!parse(body).unwrap().is_stream() && !parse(body).unwrap().hides_usage());
    }

    #[test]
    fn a_stream_is_asked_for_its_usage() {
        for (options, expected) in [
            (
                r#""stream_options": null"#,
                r#""stream_options": {"include_usage":true}"#,
            ),
            (
                r#""stream_options": {}"#,
                r#""stream_options": {"include_usage":true}"#,
            ),
            (
                r#""stream_options": { "x": 1 }"#,
                r#""stream_options": {"include_usage":true, "x": 1 }"#,
            ),
            (
                r#""stream_options": {"x": 1, "include_usage": false}"#,
                r#""stream_options": {"x": 1, "include_usage": true}"#,
            ),
            (
                r#""stream_options": {"include_usage": null, "include_usage" : 0}"#,
                r#""stream_options": {"include_usage": true, "include_usage" : true}"#,
            ),
        ] {
            for body in [
                format!(r#"{{"stream": true, {options}, "model": "a"}}"#),
                format!(r#"{{"model": "a", {options}, "stream": true}}"#),
            ] {
                let wanted = body.replace("\"a\"", "\"m\"").replace(options, expected);
                assert_eq!(rewritten(&body), wanted);
                assert!(parse(&body).unwrap().hides_usage());
            }
        }
        assert_eq!(
            rewritten(r#" { "model":"a","stream":true}"#),
            r#" {"stream_options":{"include_usage":true}, "model":"m","stream":true}"#
        );
    }

    #[test]
    fn what_the_caller_asked_for_or_cannot_be_asked_for_stays() {
        for options in [r#"{"include_usage": true}"#, "5", "\"x\"", "[]"] {
            let body = format!(r#"{{"model":"m","stream":true,"stream_options":{options}}}"#);
            assert_eq!(rewritten(&body), body);
            assert!(!parse(&body).unwrap().hides_usage());
        }
        let body = r#"{"model":"m","stream":true}"#;
        for path in [OpenAiPath::Responses, OpenAiPath::Embeddings] {
            let parsed = OpenAiBody::parse(path, body.as_bytes()).unwrap();
            assert_eq!(parsed.for_upstream("m"), body.as_bytes());
        }
        let completions = OpenAiBody::parse(OpenAiPath::Completions, body.as_bytes()).unwrap();
        assert!(completions.hides_usage() && completions.is_stream());
    }

    #[test]
    fn a_key_may_not_stand_twice_however_it_is_written() {
        assert_eq!(
            parse(r#"{"model": "a", "\u006dodel": "b"}"#).unwrap_err(),
            "the key 'model' stands twice; each may stand once"
        );
        assert!(parse(r#"{"model": "a", "x": 1, "x": 1}"#).is_err());
        assert!(parse(r#"{"model": "a", "x": {"y": 1, "y": 1}}"#).is_ok());
    }

    #[test]
    fn what_is_no_body_is_told_why() {
        for (body, sentence) in [
            ("{}", "model: it is missing; a text is expected"),
            (r#"{"model": 5}"#, "model: it is not a text, as is expected"),
            ("[1]", "the body must be a JSON object"),
            ("\"x\"", "the body must be a JSON object"),
        ] {
            assert_eq!(parse(body).unwrap_err(), sentence);
        }
        for body in [
            "",
            "{",
            r#"{"model": "a"} x"#,
            r#"{"model": "a", "x": NaN}"#,
        ] {
            let refusal = parse(body).unwrap_err();
            assert!(
                refusal.starts_with("the body is not valid JSON: "),
                "{refusal}"
            );
        }
        assert!(OpenAiBody::parse(OpenAiPath::Responses, b"{\"model\": \"\xff\"}").is_err());
    }

    #[test]
    fn a_body_has_a_thousand_keys_at_most() {
        let body = |keys: usize| {
            let keys: String = (1..keys).map(|key| format!(r#","k{key}":0"#)).collect();
            parse(&format!(r#"{{"model":"a"{keys}}}"#)).map(|body| body.model().to_owned())
        };
        assert!(body(1_000).is_ok());
        assert!(body(1_001).unwrap_err().contains("more than 1000 keys"));
    }

    #[test]
    fn a_byte_order_mark_stays_here() {
        assert_eq!(rewritten("\u{feff}{\"model\":\"a\"}"), r#"{"model":"m"}"#);
    }

    #[test]
    fn tokens_are_read_from_each_shape_of_answer() {
        let usage = |prompt, completion, total| {
            Some(TokenUsage {
                prompt_tokens: prompt,
                completion_tokens: completion,
                total_tokens: total,
            })
        };
        for (answer, expected) in [
            (
                r#"{"usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "x": {}}}"#,
                usage(Some(1), Some(2), Some(3)),
            ),
            (
                r#"{"usage": {"prompt_tokens": 1, "total_tokens": 1}}"#,
                usage(Some(1), None, Some(1)),
            ),
            (
                r#"{"usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}}"#,
                usage(Some(1), Some(2), Some(3)),
            ),
            (
                r#"{"type": "response.completed", "response": {"usage": {"input_tokens": 7}}}"#,
                usage(Some(7), None, None),
            ),
            (
                r#"{"usage": {"prompt_tokens": -1, "completion_tokens": 1.5, "total_tokens": "3"}}"#,
                None,
            ),
            (
                r#"{"usage": {"prompt_tokens": 0, "completion_tokens": 9007199254740991, "total_tokens": 9007199254740992}}"#,
                usage(Some(0), Some(9_007_199_254_740_991), None),
            ),
            (r#"{"usage": null}"#, None),
            (r#"{"usage": {}}"#, None),
            ("[]", None),
            ("not JSON", None),
        ] {
            assert_eq!(
                TokenUsage::of_answer(answer.as_bytes()),
                expected,
                "{answer}"
            );
        }
    }

    fn members() -> impl Strategy<Value = Vec<(&'static str, String)>> {
        let value = prop_oneof![
            "[0-9]",
            Just("\"t€\\\"x\"".to_owned()),
            Just("{\"model\":[1]}".to_owned())
        ];
        let options = prop_oneof![
            Just("null".to_owned()),
            Just("{}".to_owned()),
            Just("{ \"a\": 1 }".to_owned()),
            Just("{\"include_usage\":false,\"a\":1}".to_owned()),
            Just("{\"include_usage\":true}".to_owned()),
        ];
        (
            proptest::option::of(value),
            proptest::option::of(options),
            proptest::option::of("true|false"),
        )
            .prop_map(|(value, options, stream)| {
                let mut members = vec![("model", "\"a/b\"".to_owned())];
                members.extend(value.map(|value| ("x", value)));
                members.extend(options.map(|options| ("stream_options", options)));
                members.extend(stream.map(|stream| ("stream", stream)));
                members
            })
            .prop_shuffle()
    }

    proptest! {
        #[test]
        fn a_rewritten_body_is_the_same_but_for_the_two(members in members(), space in "[ \n]{0,2}") {
            let text: Vec<String> = members.iter().map(|(name, value)| format!("{space}\"{name}\"{space}:{space}{value}{space}")).collect();
            let body = format!("{space}{{{}}}{space}", text.join(","));
            let mut expected: Value = serde_json::from_str(&body).unwrap();
            let options = expected["stream_options"].clone();
            expected["model"] = json!("m");
            if expected["stream"] == json!(true) {
                let mut options = options.as_object().cloned().unwrap_or_default();
                options.insert("include_usage".to_owned(), json!(true));
                expected["stream_options"] = json!(options);
            } else if options.is_null() && !body.contains("stream_options") {
                expected.as_object_mut().unwrap().remove("stream_options");
            }
            let rewritten: Value = serde_json::from_str(&rewritten(&body)).unwrap();
            if !body.contains("\"stream\"") {
                expected.as_object_mut().unwrap().remove("stream");
            }
            prop_assert_eq!(rewritten, expected);
        }

        #[test]
        fn no_text_panics(body in "\\PC{0,40}|\\{\"model\":\"a\"[,:{}\"a-z]{0,20}\\}") {
            let _ = parse(&body).map(|body| body.for_upstream("m"));
            let _ = TokenUsage::of(&body);
        }
    }
}
