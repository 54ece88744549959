//! From a raw path to its routes: split, decoded segment by segment, looked up in a tree of all patterns.

use std::sync::OnceLock;

use ::http::Method;

use super::service::NOT_SERVED;
use super::{Route, table, unserved};
use crate::domain::RawPath;
use crate::domain::path::Segments;
use crate::error::Error;
use crate::http::cors::Class;
use crate::http::surface::Surface;

/// A path that there is, and what stands in its braces; or one below a project at which there is nothing, since a page
/// must be able to read its 404 (contract section 1).
pub struct Found {
    routes: &'static [&'static Route],
    /// What follows the project's name where there is nothing.
    below_project: Segments,
    /// How it takes part in CORS.
    pub class: Class,
    /// Its parameters, percent-decoded.
    pub parameters: Vec<(&'static str, String)>,
}

impl Found {
    /// The route of this method. HEAD is GET without a body (RFC 9110 section 9.3.2).
    #[must_use]
    pub fn route(&self, method: &Method) -> Option<&'static Route> {
        let wanted = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        self.routes
            .iter()
            .copied()
            .find(|route| route.method == *wanted)
    }

    /// The refusal of a method that the path does not have.
    #[must_use]
    pub fn refusal(&self, method: &Method) -> Error {
        if self.routes.is_empty() {
            let below: Vec<&str> = self.below_project.iter().collect();
            return unserved::reason(method, &below).map_or_else(nothing, Error::not_found);
        }
        let is_this = |(not_served, path): &(Method, &str)| {
            not_served == method && self.routes.iter().any(|route| route.path == *path)
        };
        if NOT_SERVED.iter().any(is_this) {
            return Error::not_found("nobody signs up here; the operator makes accounts");
        }
        Error::method_not_allowed(method.as_str(), self.methods())
    }

    /// The methods of the path, as `Allow` lists them.
    #[must_use]
    pub fn methods(&self) -> String {
        let mut methods = Vec::new();
        for route in self.routes {
            methods.push(route.method.as_str());
            if route.method == Method::GET {
                methods.push("HEAD");
            }
        }
        methods.push("OPTIONS");
        methods.join(", ")
    }

    /// What stands in the braces of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The refusal of a path at which there is nothing.
pub fn nothing() -> Error {
    Error::not_found("there is nothing at this path")
}

/// Stands for an empty segment where paths are matched: no parameter matches nothing, and no segment holds a NUL.
const EMPTY: char = '\0';

struct Path {
    pattern: &'static str,
    class: Class,
    routes: Vec<&'static Route>,
}

struct Router {
    index: matchit::Router<usize>,
    paths: Vec<Path>,
}

/// Looks a raw path up: split, decoded segment by segment, doubled slashes collapsed (contract section 1). On the
/// ModelArts-compatible surface an empty segment is an empty id.
#[must_use]
pub fn find(raw_path: &str) -> Option<Found> {
    in_table(raw_path).or_else(|| below_project(raw_path))
}

fn in_table(raw_path: &str) -> Option<Found> {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    let router = ROUTER.get_or_init(build);
    let segments = match Surface::of(raw_path) {
        Surface::Sentences => RawPath::parse(raw_path),
        Surface::ModelArts => RawPath::parse_with_empty(raw_path),
    };
    let segments = segments.ok()?;
    let mut path = segments.joined();
    while let Some(at) = path.find("//") {
        path.insert(at + 1, EMPTY);
    }
    if path.len() > 1 && path.ends_with('/') {
        path.push(EMPTY);
    }
    if segments.get(0) == Some("v2") {
        path.replace_range(1..3, "v2.1");
    }
    let matched = router.index.at(&path).ok()?;
    let path = router.paths.get(*matched.value)?;
    let parameters = names(path.pattern)
        .zip(matched.params.iter())
        .map(|(name, (_, value))| (name, value.trim_matches(EMPTY).to_owned()))
        .collect();
    Some(Found {
        routes: &path.routes,
        below_project: Segments::default(),
        class: path.class,
        parameters,
    })
}

/// A path below a project at which there is nothing, whatever its other segments hold.
fn below_project(raw_path: &str) -> Option<Found> {
    let mut rest = raw_path.split('/').filter(|segment| !segment.is_empty());
    let above: Vec<&str> = rest.by_ref().take(3).collect();
    let above = RawPath::parse(&above.join("/")).ok()?;
    let below: Vec<&str> = rest.collect();
    match (above.get(0), above.get(1), above.get(2)) {
        (Some("v2.1" | "v2"), Some("projects"), Some(project)) if !below.is_empty() => {
            let below = RawPath::parse(&below.join("/")).unwrap_or_default();
            Some(Found {
                routes: &[],
                class: class_below_project(&below.joined()),
                below_project: below,
                parameters: vec![("project_name", project.to_owned())],
            })
        }
        _ => None,
    }
}

fn build() -> Router {
    let mut router = Router {
        index: matchit::Router::new(),
        paths: Vec::new(),
    };
    for route in table() {
        let known = router
            .paths
            .iter()
            .position(|path| path.pattern == route.path);
        let number = known.unwrap_or_else(|| {
            router.paths.push(Path {
                pattern: route.path,
                class: class(route.path),
                routes: Vec::new(),
            });
            router.paths.len() - 1
        });
        if known.is_none() {
            // Two patterns that cannot stand side by side are found by a test of the table.
            let _ = router.index.insert(route.path, number);
        }
        if let Some(path) = router.paths.get_mut(number) {
            path.routes.push(route);
        }
    }
    router
}

/// How a path takes part in CORS (contract section 4).
#[must_use]
pub fn class(pattern: &str) -> Class {
    pattern
        .split_once("/projects/{project_name}")
        .map_or(Class::Closed, |(_, below)| class_below_project(below))
}

/// The same of what follows a project's name, with a slash in front. Request endpoints are those of UbiOps spec 4.1 below
/// a deployment or a pipeline, and the ones for the clients of OpenAI; the list of a project's requests is none.
fn class_below_project(below: &str) -> Class {
    let words: Vec<&str> = below.split('/').skip(1).collect();
    match words.as_slice() {
        ["deployments" | "pipelines", _, "requests", ..]
        | [
            "deployments" | "pipelines",
            _,
            "versions",
            _,
            "requests",
            ..,
        ]
        | ["openai-compatible", "v1", ..] => Class::Requests,
        _ => Class::Project,
    }
}

fn names(pattern: &'static str) -> impl Iterator<Item = &'static str> {
    pattern
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_path_of_the_table_is_found_with_its_parameters() {
        for route in table() {
            let path = route.path.replace('{', "%7B").replace('}', "%7D");
            let found = find(&path).unwrap_or_else(|| panic!("{} is not found", route.path));
            let same = found.route(&route.method).map(|found| found.path);
            assert_eq!(same, Some(route.path));
            for name in names(route.path) {
                assert_eq!(found.parameter(name), Some(format!("{{{name}}}").as_str()));
            }
        }
    }

    #[test]
    fn no_two_routes_have_the_same_operation_or_the_same_method_and_path() {
        let mut operations = HashSet::new();
        let mut calls = HashSet::new();
        for route in table() {
            assert!(
                operations.insert(route.operation),
                "{} twice",
                route.operation
            );
            assert!(
                calls.insert((&route.method, route.path)),
                "{} twice",
                route.path
            );
        }
    }

    #[test]
    fn both_versions_and_doubled_slashes_lead_to_the_same_place() {
        for path in [
            "/v2.1/status",
            "/v2/status",
            "/v2.1//status",
            "//v2///status/",
            "/v2.1/%73tatus",
        ] {
            assert!(find(path).is_some(), "{path}");
        }
        assert!(find("/v2x/status").is_none());
        assert!(find("/v2.1/sta%2Ftus").is_none());
    }

    #[test]
    fn an_empty_segment_is_an_empty_id_for_modelarts_clients() {
        for path in ["/v1/p/workspaces//quotas", "/v1/p/workspaces/"] {
            let found = find(path).unwrap();
            assert_eq!(found.parameter("workspace_id"), Some(""), "{path}");
        }
        let found = find("/v1//workspaces").unwrap();
        assert_eq!(found.parameter("project_id"), Some(""));
        for path in [
            "/v1",
            "/v1/",
            "//v1/p/workspaces",
            "/v1/p//workspaces",
            "/v1/p/workspaces/a%2Fb",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_path_that_names_a_project_takes_part_in_cors() {
        assert_eq!(class("/v2.1/projects"), Class::Closed);
        assert_eq!(
            class("/v2.1/organizations/{organization_name}"),
            Class::Closed
        );
        assert_eq!(
            class("/v2.1/projects/{project_name}/requests"),
            Class::Project
        );
        assert_eq!(
            class("/v2.1/projects/{project_name}/service-users"),
            Class::Project
        );
        for below in [
            "/pipelines/{pipeline_name}/requests/{request_id}",
            "/deployments/{deployment_name}/versions/{version}/requests",
            "/openai-compatible/v1/chat/completions",
        ] {
            let path = format!("/v2.1/projects/{{project_name}}{below}");
            assert_eq!(class(&path), Class::Requests, "{path}");
        }
        for below in [
            "/deployments/requests",
            "/deployments/{deployment_name}/requests-x",
        ] {
            let path = format!("/v2.1/projects/{{project_name}}{below}");
            assert_eq!(class(&path), Class::Project, "{path}");
        }
    }

    #[test]
    fn a_path_below_a_project_at_which_there_is_nothing_is_still_the_projects() {
        for (path, project) in [
            ("/v2.1/projects/p/nothing", "p"),
            ("/v2//projects/p%20q//buckets/b/", "p q"),
            ("/v2.1/projects/p/service-users/a%2Fb", "p"),
            ("/v2.1/projects/p/%FF", "p"),
        ] {
            let found = find(path).unwrap();
            assert_eq!(found.parameter("project_name"), Some(project), "{path}");
            assert_eq!(
                (found.class, found.methods().as_str()),
                (Class::Project, "OPTIONS")
            );
            assert!(found.route(&Method::GET).is_none());
            let refusal = found.refusal(&Method::PUT);
            assert_eq!(crate::http::failure::status(&refusal), 404);
        }
        for path in [
            "/v2.1/projects/p%2Fq/nothing",
            "/v2.1/organizations/o/nothing",
            "/v3/projects/p/nothing",
            "/v1/projects/p/nothing",
            "/projects/p/nothing",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
