//! From a raw path to its routes: split, decoded segment by segment, looked up in a tree of all patterns.

use std::sync::OnceLock;

use http::Method;
use percent_encoding::percent_decode_str;

use super::family::Family;
use super::service::NOT_SERVED;
use super::{Route, TABLES, table, unserved};
use crate::domain::RawPath;
use crate::domain::path::Segments;
use crate::domain::service_call::service_path;
use crate::error::Error;
use crate::web::cors::Class;
use crate::web::surface::Surface;

/// A path that there is, and what stands in its braces; or one below a project at which there is nothing, since a page
/// must be able to read its 404 (contract section 1).
pub struct Found {
    routes: &'static [&'static Route],
    /// What follows the project's name where there is nothing.
    below_project: Segments,
    /// How errors look there.
    pub surface: Surface,
    /// How it takes part in CORS.
    pub class: Class,
    /// Its parameters, percent-decoded.
    pub parameters: Vec<(&'static str, String)>,
}

impl Found {
    /// The route of this method. HEAD is GET without a body (RFC 9110 section 9.3.2).
    #[must_use]
    pub fn route(&self, method: &Method) -> Option<&'static Route> {
        // A service takes every method there is, but for those that are about the way to it.
        let is_passed = !matches!(*method, Method::TRACE | Method::CONNECT);
        let service = self.parameter("service_id").filter(|_| is_passed);
        let any = service.map(|_| Method::POST);
        self.route_of(method)
            .or_else(|| self.route_of(any.as_ref()?))
    }

    fn route_of(&self, method: &Method) -> Option<&'static Route> {
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
        let path = self.routes.first().map_or("", |route| route.path);
        if let Some(below) = path.strip_prefix("/v2.1/projects/{project_name}/") {
            let below: Vec<&str> = below.split('/').collect();
            if let Some(reason) = unserved::reason(method, &below) {
                return Error::not_found(reason);
            }
        }
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

/// The same, with what there is instead of it at the one path of UbiOps that is below no project.
pub fn nothing_at(method: &Method, raw_path: &str) -> Error {
    let segments: Vec<&str> = raw_path
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let below: &[&str] = match segments[..] {
        ["v2.1" | "v2", word @ "template-deployments"] => &[word],
        _ => &[],
    };
    unserved::reason(method, below).map_or_else(nothing, Error::not_found)
}

/// Stands for an empty segment where paths are matched: no parameter matches nothing, and no segment holds a NUL.
const EMPTY: char = '\0';

struct Path {
    pattern: &'static str,
    family: &'static Family,
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
    if let Some((id, _)) = service_path(raw_path) {
        // What follows is the service's, which reads it as it likes.
        let mut found = in_table("/services/x/x")?;
        found.parameters = vec![("service_id", id.into_owned())];
        return Some(found);
    }
    if is_page_of_console(raw_path) {
        return in_table("/console");
    }
    in_table(raw_path).or_else(|| below_project(raw_path))
}

/// Whether a path is below that of the console and none of its files: the console's own script knows what pages there are.
fn is_page_of_console(raw_path: &str) -> bool {
    let page = raw_path.strip_prefix("/console/");
    page.is_some_and(|page| page != "assets" && !page.starts_with("assets/"))
}

fn in_table(raw_path: &str) -> Option<Found> {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    let router = ROUTER.get_or_init(build);
    let segments = match surface(raw_path) {
        Surface::Sentences | Surface::OpenAi => RawPath::parse(raw_path),
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
        surface: path.family.surface,
        class: path.family.cors,
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
            // Up to what cannot be read, the path says where it is all the same.
            let is_readable = |segment: &&str| RawPath::parse(segment).is_ok();
            let readable: Vec<&str> = below.into_iter().take_while(is_readable).collect();
            let below = RawPath::parse(&readable.join("/")).unwrap_or_default();
            Some(Found {
                routes: &[],
                surface: match (below.get(0), below.get(1)) {
                    (Some("openai-compatible"), Some("v1")) => Surface::OpenAi,
                    _ => Surface::Sentences,
                },
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
                family: route.family,
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

/// The surface of a raw path before it is looked up, and of one at which there is nothing: its first segment decides
/// (contract section 1). What is found may be of a surface of its own, see [`Found::surface`].
#[must_use]
pub fn surface(raw_path: &str) -> Surface {
    let first = raw_path.split('/').find(|segment| !segment.is_empty());
    let first = percent_decode_str(first.unwrap_or_default()).decode_utf8_lossy();
    let is_below = |route: &&Route| {
        let below = route.path.strip_prefix('/');
        let rest = below.and_then(|path| path.strip_prefix(first.as_ref()));
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    // The rows of a table are of one surface.
    let mut firsts = TABLES.iter().filter_map(|rows| rows.first());
    firsts
        .find(is_below)
        .map_or(Surface::default(), |route| route.family.surface)
}

/// How a path at which there is nothing takes part in CORS (contract section 4), by what follows the project's name,
/// with a slash in front: as what is beside it. Request endpoints are those of UbiOps spec 4.1 below a deployment or a
/// pipeline, and the ones for the clients of OpenAI; the list of a project's requests is none.
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
    use crate::auth::access::Access;
    use crate::routes::family::Credentials;
    use std::collections::HashSet;

    #[test]
    fn every_path_of_the_table_is_found_with_its_parameters() {
        for route in table() {
            let path = route.path.replace('{', "%7B").replace('}', "%7D");
            let found = find(&path).unwrap_or_else(|| panic!("{} is not found", route.path));
            let same = found.route(&route.method).map(|found| found.path);
            assert_eq!(same, Some(route.path));
            assert_eq!(found.class, route.family.cors, "{}", route.path);
            assert_eq!(found.surface, route.family.surface, "{}", route.path);
            for name in names(route.path).filter(|name| *name != "path") {
                assert_eq!(found.parameter(name), Some(format!("{{{name}}}").as_str()));
            }
        }
    }

    #[test]
    fn a_path_that_cannot_be_read_to_its_end_is_still_where_it_is() {
        let at = |path: &str| {
            let found = find(&format!("/v2.1/projects/p/{path}/a%2Fb")).unwrap();
            (found.routes.len(), found.surface, found.class)
        };
        let models = "openai-compatible/v1/models";
        assert_eq!(at(models), (0, Surface::OpenAi, Class::Requests));
        let requests = "deployments/d/requests";
        assert_eq!(at(requests), (0, Surface::Sentences, Class::Requests));
        assert_eq!(at("roles"), (0, Surface::Sentences, Class::Project));
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
        let class = |path: &str| find(path).map(|found| found.class);
        assert_eq!(class("/v2.1/projects"), Some(Class::Closed));
        assert_eq!(class("/v2.1/organizations/o"), Some(Class::Closed));
        assert_eq!(class("/v2.1/projects/p/requests"), Some(Class::Project));
        assert_eq!(
            class("/v2.1/projects/p/service-users"),
            Some(Class::Project)
        );
        for below in [
            "/pipelines/{pipeline_name}/requests/{request_id}",
            "/deployments/{deployment_name}/versions/{version}/requests",
            "/openai-compatible/v1/chat/completions",
        ] {
            let path = format!("/v2.1/projects/p{below}");
            assert_eq!(class(&path), Some(Class::Requests), "{path}");
        }
        for below in ["/deployments/requests", "/deployments/d/requests-x"] {
            let path = format!("/v2.1/projects/p{below}");
            assert_eq!(class(&path), Some(Class::Project), "{path}");
        }
    }

    #[test]
    fn what_is_nowhere_takes_part_in_cors_as_what_is_beside_it() {
        for route in table() {
            if let Some((_, below)) = route.path.split_once("/projects/{project_name}") {
                assert_eq!(
                    class_below_project(below),
                    route.family.cors,
                    "{}",
                    route.path
                );
            }
        }
    }

    #[test]
    fn the_first_segment_decides_about_the_surface() {
        for path in ["/v1", "/v1/x/workspaces", "//v1/x", "/%761/x"] {
            assert_eq!(surface(path), Surface::ModelArts, "{path}");
        }
        for path in ["/", "/v2.1/v1", "/v1x", "/operator/v1/users", "/V1", "/v"] {
            assert_eq!(surface(path), Surface::Sentences, "{path}");
        }
    }

    #[test]
    fn a_path_is_of_one_family_and_a_table_of_one_surface() {
        for route in table() {
            let mut beside = table().filter(|other| other.path == route.path);
            assert!(beside.all(|other| std::ptr::eq(other.family, route.family)));
        }
        for rows in TABLES {
            let of_first = rows.first().map(|route| route.family.surface);
            assert!(
                rows.iter()
                    .all(|route| Some(route.family.surface) == of_first)
            );
        }
    }

    #[test]
    fn a_family_says_which_credentials_the_accesses_of_its_routes_take() {
        for route in table() {
            let expected = match route.access {
                Access::Public if route.path.starts_with("/session") => Credentials::Session,
                Access::Session => Credentials::Session,
                Access::Public => Credentials::None,
                Access::Workspaces(_) | Access::Workspace(_) => Credentials::TokenOrSignature,
                _ => Credentials::Token,
            };
            assert_eq!(route.family.credentials, expected, "{}", route.path);
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
            assert_eq!(crate::web::failure::status(&refusal), 404);
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
