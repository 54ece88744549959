//! The resource that a path is about, as the document groups operations: the first word of the path that is not
//! a collection above it.

use serde_json::{Value, json};

/// Every tag, in the order in which the document shows them.
const TAGS: &[(&str, &str)] = &[
    (
        "service",
        "Whether this service is up, who is calling, and this API document.",
    ),
    (
        "session",
        "How people sign in on a page, their sessions, and their own token.",
    ),
    (
        "organizations",
        "Organizations, which own projects and pay for them.",
    ),
    (
        "projects",
        "Projects, which contain service users, roles and origins.",
    ),
    (
        "service-users",
        "Accounts for scripts and pages, each with a token of its own.",
    ),
    ("roles", "Named sets of permissions."),
    (
        "role-assignments",
        "Which person or service user holds which role on which object.",
    ),
    (
        "users",
        "The people who belong to an organization or a project, and who administers it.",
    ),
    (
        "permissions",
        "The catalogue of permissions that roles consist of, and checks of who has which permission.",
    ),
    (
        "deployments",
        "Records of models, with their versions and upstreams.",
    ),
    (
        "environments",
        "Names of the environments that versions run in; the environments themselves are elsewhere.",
    ),
    (
        "pipelines",
        "Records of pipelines, which connect deployments.",
    ),
    (
        "environment-variables",
        "Variables that are put into the headers of requests to the upstreams of deployments.",
    ),
    ("schedules", "Schedules that make requests at set times."),
    (
        "webhooks",
        "Webhooks, which are sent what becomes of requests.",
    ),
    ("webhooks-tests", "Single trials of webhooks."),
    ("requests", "Records of the requests of a whole project."),
    (
        "results",
        "Results of requests that upstreams send later than their answer.",
    ),
    (
        "openai-compatible",
        "Models behind deployments, for OpenAI's clients.",
    ),
    (
        "services",
        "Services, which pass any HTTP call on to the upstream of a deployment.",
    ),
    (
        "vouchers",
        "Codes that give a new organization a plan or credits.",
    ),
    (
        "workspaces",
        "Workspaces and their quotas, for the clients of ModelArts.",
    ),
    ("usage", "Reports of usage, in credits and bytes."),
    (
        "time-series",
        "Metrics of requests over time, step by step.",
    ),
    ("instance-types", "Instance types that versions can run on."),
    (
        "logs",
        "Logs, always empty: what runs elsewhere has its logs there.",
    ),
    (
        "resources",
        "Numbers of objects that an organization or project has in use.",
    ),
    (
        "limits",
        "Maximum numbers of objects that an organization may have in use.",
    ),
    (
        "quotas",
        "Maximum numbers of objects that a project may have in use.",
    ),
    (
        "origins",
        "Checks of what pages of an origin may do in a project.",
    ),
    ("audit", "Audit trail: who changed what, and when."),
    (
        "operator",
        "Operations for the operator of this installation.",
    ),
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
        "session" => "session",
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
