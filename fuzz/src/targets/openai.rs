//! Bodies for the OpenAI-compatible paths (contract section 5.6): what goes upstream is what was sent, but for the name of
//! the model and that the usage is told.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use tenantry::domain::{ModelId, OpenAiBody, OpenAiPath, TokenUsage};

use crate::{Verdict, is_sentence, text};

const PATHS: [OpenAiPath; 4] = [
    OpenAiPath::ChatCompletions,
    OpenAiPath::Completions,
    OpenAiPath::Embeddings,
    OpenAiPath::Responses,
];
/// A name that has to be escaped.
const MODEL: &str = "a/b:\"c\"\n";

type Members<'a> = BTreeMap<String, &'a RawValue>;

/// A byte that chooses the path, and a body.
pub fn look(input: &[u8]) -> Verdict {
    let (choice, body) = input.split_first().unwrap_or((&0, &[]));
    if let Some(usage) = TokenUsage::of_answer(body) {
        let counts = [
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.total_tokens,
        ];
        assert!(
            counts
                .into_iter()
                .flatten()
                .all(|count| (0..1 << 53).contains(&count))
        );
    }
    let path = PATHS[usize::from(*choice) % PATHS.len()];
    let read = match OpenAiBody::parse(path, body) {
        Ok(read) => read,
        Err(refusal) => return is_sentence(&refusal),
    };
    let given = text(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
    let before: Members = serde_json::from_str(&given).unwrap();
    let sent = String::from_utf8(read.for_upstream(MODEL)).unwrap();
    let after: Members =
        serde_json::from_str(&sent).unwrap_or_else(|error| panic!("{given:?}: {error}: {sent:?}"));
    let model: String = serde_json::from_str(before["model"].get()).unwrap();
    assert_eq!(read.model(), model);
    let named: String = serde_json::from_str(after["model"].get()).unwrap();
    assert_eq!(named, MODEL, "{given:?}");
    is_model(&model);
    let is_stream = before
        .get("stream")
        .is_some_and(|stream| stream.get() == "true");
    assert_eq!(read.is_stream(), is_stream);
    for (name, value) in &before {
        if !["model", "stream_options"].contains(&name.as_str()) {
            assert_eq!(after[name].get(), value.get(), "{given:?}: {name}");
        }
    }
    let tells_usage =
        is_stream && matches!(path, OpenAiPath::ChatCompletions | OpenAiPath::Completions);
    if tells_usage {
        usage_is_asked_for(&given, &before, &after, read.hides_usage());
    } else {
        let kept = sent.replacen(
            &serde_json::to_string(MODEL).unwrap(),
            before["model"].get(),
            1,
        );
        assert_eq!(kept, given, "more than the model has changed");
    }
    assert!(after.len() <= before.len() + 1, "{given:?}");
    Verdict::Accepted
}

/// Of the options of a stream everything stays but that the usage is told.
fn usage_is_asked_for(given: &str, before: &Members, after: &Members, is_asked_by_us: bool) {
    let members = |of: &Members| {
        let options = of
            .get("stream_options")
            .map_or("null", |options| options.get());
        let read: Option<Option<Vec<(String, String)>>> =
            serde_json::from_str::<Option<Members>>(options)
                .ok()
                .map(|options| {
                    options.map(|options| {
                        let others = options.iter().filter(|(name, _)| *name != "include_usage");
                        others
                            .map(|(name, value)| (name.clone(), value.get().to_owned()))
                            .collect()
                    })
                });
        let flag = serde_json::from_str::<Members>(options).ok();
        let flag = flag.and_then(|options| {
            options
                .get("include_usage")
                .map(|flag| flag.get().to_owned())
        });
        (read, flag)
    };
    let ((others, flag), (others_then, flag_then)) = (members(before), members(after));
    if others.is_none() {
        // No upstream takes such options, so they are left as they are.
        assert!(!is_asked_by_us, "{given:?}");
        return;
    }
    assert_eq!(flag_then.as_deref(), Some("true"), "{given:?}");
    assert_eq!(
        others.flatten().unwrap_or_default(),
        others_then.flatten().unwrap_or_default(),
        "{given:?}"
    );
    // A key that stands twice counts as its last one, which is what a reader takes too.
    assert_eq!(is_asked_by_us, flag.as_deref() != Some("true"), "{given:?}");
}

/// A model that is named in full is named so again.
fn is_model(name: &str) {
    if let Some(model) = ModelId::parse(name) {
        assert!(!model.deployment.is_empty());
        assert_eq!(ModelId::parse(&model.to_string()), Some(model), "{name:?}");
    }
}
