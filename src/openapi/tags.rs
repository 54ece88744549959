//! The resource that a path is about, as the document groups operations: the first word of the path that is not
//! a collection above it.

use serde_json::{Value, json};

/// Every tag, in the order in which the document shows them.
const TAGS: &[(&str, &str)] = &[
    (
        "service",
        "Whether it is up, who is calling, and this document.",
    ),
    ("organizations", "Who pays, and whose projects they are."),
    ("projects", "Where service users, roles and origins live."),
    (
        "service-users",
        "Accounts that scripts and pages call with, each with a token of its own.",
    ),
    ("roles", "Named sets of permissions."),
    ("role-assignments", "Who holds which role on what."),
    (
        "users",
        "Who belongs to an organization or a project, and who administers it.",
    ),
    (
        "permissions",
        "The catalogue that roles are made of, and who may what.",
    ),
    ("deployments", "Models, as records."),
    ("environments", "What versions run in, elsewhere."),
    ("pipelines", "Deployments in a row, as records."),
    (
        "environment-variables",
        "What is put into the headers of the servers behind deployments.",
    ),
    ("schedules", "Requests that the clock makes."),
    (
        "requests",
        "What is recorded of requests, across a project.",
    ),
    ("results", "What upstreams send later than their answer."),
    (
        "openai-compatible",
        "Models behind deployments, as OpenAI's clients ask them.",
    ),
    (
        "services",
        "How any HTTP call reaches the server behind a deployment.",
    ),
    ("vouchers", "Codes that give a plan or credits."),
    (
        "workspaces",
        "Workspaces and their quotas, for the clients of ModelArts.",
    ),
    ("usage", "What was used, in credits and bytes."),
    ("time-series", "What requests came to, step by step."),
    ("instance-types", "What versions can run on."),
    ("logs", "What runs elsewhere has its logs there."),
    ("resources", "What is in use."),
    ("quotas", "What may be in use."),
    ("audit", "Who changed what, and when."),
    ("operator", "What the operator of this installation does."),
];

/// The tags that the document uses.
#[derive(Default)]
pub(super) struct Tags {
    used: Vec<&'static str>,
}

impl Tags {
    /// The tag of a path.
    pub(super) fn of(&mut self, path: &str) -> Result<&'static str, String> {
        let word = word(path);
        let known = TAGS.iter().find(|(name, _)| *name == word);
        let (name, _) = known.ok_or_else(|| format!("{path}: the tag {word} is not in tags.rs"))?;
        if !self.used.contains(name) {
            self.used.push(name);
        }
        Ok(name)
    }

    /// As OpenAPI has them.
    pub(super) fn to_openapi(&self) -> Value {
        let used = TAGS.iter().filter(|(name, _)| self.used.contains(name));
        used.map(|(name, description)| json!({ "name": name, "description": description }))
            .collect()
    }
}

fn word(path: &str) -> &str {
    let mut words = path.split('/').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    match first {
        "operator" => "operator",
        "services" => "services",
        "v1" => "workspaces",
        "v2.1" => {
            let mut words = words.filter(|word| !word.starts_with('{'));
            match (words.next(), words.next()) {
                (Some("status" | "user"), _) => "service",
                (Some("organizations" | "projects"), Some(below)) => below,
                (Some(word), _) => word,
                (None, _) => first,
            }
        }
        _ => "service",
    }
}
