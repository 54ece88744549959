//! How the OpenAI-compatible paths name models (contract section 5.6): by deployment, version and a name of the version's
//! labels.

use std::fmt::{self, Display, Formatter};

use super::Labels;

/// What stands before the full form of an id.
const PREFIX: &str = "ubiops-deployment";

/// The label that opens a version to these paths.
const COMPATIBLE: &str = "openai-compatible";

/// The label that names its models, apart by semicolons.
const NAMES: &str = "openai-model-names";

/// A model as a caller names it: `ubiops-deployment/{deployment}/{version or empty}/{name}`, or the deployment alone, or
/// with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelId {
    /// The name of the deployment.
    pub deployment: String,
    /// The name of the version; `None` is the default version.
    pub version: Option<String>,
    /// The name of the model, which may hold slashes and colons; `None` is the version's first.
    pub name: Option<String>,
}

impl ModelId {
    /// Reads an id; `None` for what names no model.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(4, '/').collect();
        let (deployment, version, name) = match parts.as_slice() {
            [PREFIX, deployment, version, name] if !name.is_empty() => {
                (deployment, *version, Some(*name))
            }
            [deployment] => (deployment, "", None),
            [deployment, version] => (deployment, *version, None),
            _ => return None,
        };
        (!deployment.is_empty()).then(|| Self {
            deployment: (*deployment).to_owned(),
            version: Some(version)
                .filter(|version| !version.is_empty())
                .map(str::to_owned),
            name: name.map(str::to_owned),
        })
    }
}

/// The full form; without a name it has the deployment and the version.
impl Display for ModelId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let version = self.version.as_deref().unwrap_or_default();
        match &self.name {
            Some(name) => write!(formatter, "{PREFIX}/{}/{version}/{name}", self.deployment),
            None => write!(formatter, "{}/{version}", self.deployment),
        }
    }
}

/// The model that a body asks for.
#[derive(Clone, Debug)]
pub struct WantedModel {
    /// Which it is.
    pub id: ModelId,
    /// Whether its answer is to be streamed.
    pub is_stream: bool,
}

/// The models of a version, by its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Models {
    /// Any name is taken: no label names one.
    Any,
    /// These, of which there is at least one.
    Named(Vec<String>),
}

impl Models {
    /// Reads the labels of a version; `None` where it is not open to these paths.
    #[must_use]
    pub fn of(labels: &Labels) -> Option<Self> {
        let is_open = labels
            .get(COMPATIBLE)
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        is_open.then(|| Self::named(labels.get(NAMES)))
    }

    /// The same of a version that is open, by the label that names them.
    #[must_use]
    pub fn named(label: Option<&str>) -> Self {
        let names: Vec<String> = label
            .unwrap_or_default()
            .split(';')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if names.is_empty() {
            Self::Any
        } else {
            Self::Named(names)
        }
    }

    /// What an upstream is told: the name that was asked for, if it is one of these, and without one the first. `version`
    /// is the name of the version, which stands for that of its model where no label does.
    #[must_use]
    pub fn choose<'a>(&'a self, asked: Option<&'a str>, version: &'a str) -> Option<&'a str> {
        match (self, asked) {
            (Self::Any, asked) => Some(asked.unwrap_or(version)),
            (Self::Named(names), None) => names.first().map(String::as_str),
            (Self::Named(names), Some(asked)) => {
                names.iter().any(|name| name == asked).then_some(asked)
            }
        }
    }

    /// The ids under which they are listed.
    #[must_use]
    pub fn ids(&self, deployment: &str, version: &str) -> Vec<String> {
        let id = |name: &str| {
            let id = ModelId {
                deployment: deployment.to_owned(),
                version: Some(version.to_owned()),
                name: Some(name.to_owned()),
            };
            id.to_string()
        };
        match self {
            Self::Any => vec![id(version)],
            Self::Named(names) => names.iter().map(|name| id(name)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(text: &str) -> Option<(String, Option<String>, Option<String>)> {
        ModelId::parse(text).map(|id| (id.deployment, id.version, id.name))
    }

    fn models(labels: &str) -> Option<Models> {
        Models::of(&crate::domain::json::from_str(labels).unwrap())
    }

    #[test]
    fn the_name_may_hold_slashes_and_colons_and_the_version_be_empty() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            id("ubiops-deployment/d/v/openai/gpt-oss:120b"),
            Some(("d".into(), some("v"), some("openai/gpt-oss:120b")))
        );
        assert_eq!(
            id("ubiops-deployment/d//chat-model"),
            Some(("d".into(), None, some("chat-model")))
        );
        assert_eq!(id("d"), Some(("d".into(), None, None)));
        assert_eq!(id("d/v"), Some(("d".into(), some("v"), None)));
        assert_eq!(id("d/"), Some(("d".into(), None, None)));
    }

    #[test]
    fn what_names_no_deployment_names_no_model() {
        for text in [
            "",
            "/v",
            "a/b/c",
            "a/b/c/d",
            "ubiops-deployment/d/v",
            "ubiops-deployment/d/v/",
            "ubiops-deployment//v/m",
            "vlam/ubiops-deployment/d/v/m",
        ] {
            assert_eq!(id(text), None, "{text}");
        }
    }

    #[test]
    fn a_version_is_open_by_its_label_alone() {
        for labels in [
            "{}",
            r#"{"openai-model-names": "a"}"#,
            r#"{"openai-compatible": "no"}"#,
            r#"{"openai-compatible": false}"#,
        ] {
            assert_eq!(models(labels), None, "{labels}");
        }
        for labels in [
            r#"{"openai-compatible": "true"}"#,
            r#"{"openai-compatible": true, "openai-model-names": " ; "}"#,
            r#"{"openai-compatible": "True"}"#,
        ] {
            assert_eq!(models(labels), Some(Models::Any), "{labels}");
        }
    }

    #[test]
    fn only_what_the_label_names_is_taken() {
        let named = models(r#"{"openai-compatible": true, "openai-model-names": "a/b; c:d;;"}"#);
        let named = named.unwrap();
        assert_eq!(named.choose(Some("c:d"), "v1"), Some("c:d"));
        assert_eq!(named.choose(None, "v1"), Some("a/b"));
        assert_eq!(named.choose(Some("v1"), "v1"), None);
        assert_eq!(
            named.ids("d", "v1"),
            ["ubiops-deployment/d/v1/a/b", "ubiops-deployment/d/v1/c:d"]
        );
    }

    #[test]
    fn without_that_label_any_name_is_taken_and_the_versions_is_the_first() {
        assert_eq!(Models::Any.choose(Some("x"), "v1"), Some("x"));
        assert_eq!(Models::Any.choose(None, "v1"), Some("v1"));
        assert_eq!(Models::Any.ids("d", "v1"), ["ubiops-deployment/d/v1/v1"]);
    }

    proptest! {
        #[test]
        fn what_is_listed_can_be_asked_for(
            deployment in "[a-z][a-z0-9-]{0,8}", version in "[a-z0-9][a-z0-9.-]{0,8}",
            names in proptest::collection::vec("[a-zA-Z0-9/:.-]{1,8}", 0..4),
        ) {
            let labels = serde_json::json!({ "openai-compatible": true, "openai-model-names": names.join(";") });
            let models = models(&labels.to_string()).unwrap();
            let ids = models.ids(&deployment, &version);
            prop_assert_eq!(ids.len(), names.len().max(1));
            for listed in ids {
                let id = ModelId::parse(&listed).unwrap();
                prop_assert_eq!(id.to_string(), listed);
                prop_assert_eq!((&id.deployment, id.version.as_ref()), (&deployment, Some(&version)));
                prop_assert_eq!(models.choose(id.name.as_deref(), &version), id.name.as_deref());
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = ModelId::parse(&text);
        }
    }
}
