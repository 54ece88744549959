//! Which generation of the UbiOps client is calling.
//!
//! Both generations use the same paths, so only `User-Agent` tells them apart (UbiOps spec section 2). It decides the
//! shape of an answer and nothing else: no right depends on it.

use crate::web::request::Request;

/// The first version, major and minor, whose usage reports are objects; before it they were lists.
const USAGE_IS_AN_OBJECT: (u32, u32) = (4, 2);

/// Whether the caller is a Python client that reads usage reports as lists.
#[must_use]
pub fn reads_usage_as_a_list(request: &Request) -> bool {
    is_before(request, USAGE_IS_AN_OBJECT)
}

/// The first version that reads instance types as a page; before it they were a list.
const INSTANCE_TYPES_ARE_A_PAGE: (u32, u32) = (4, 5);

/// Whether the caller is a Python client that reads instance types as a list.
#[must_use]
pub fn reads_instance_types_as_a_list(request: &Request) -> bool {
    is_before(request, INSTANCE_TYPES_ARE_A_PAGE)
}

/// Whether the caller is a Python client of an earlier version than this one.
fn is_before(request: &Request, first: (u32, u32)) -> bool {
    let agent = request.header("user-agent").unwrap_or_default();
    version(&agent).is_some_and(|version| version < first)
}

/// Major and minor version in `UbiOps/python/4.15.0`, wherever it stands.
fn version(agent: &str) -> Option<(u32, u32)> {
    let (_, version) = agent.split_once("UbiOps/python/")?;
    let (major, rest) = version.split_once('.')?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    Some((major.parse().ok()?, rest.get(..end)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_stands_behind_the_clients_name() {
        for (agent, expected) in [
            ("UbiOps/python/3.16.1", Some((3, 16))),
            ("UbiOps/python/4.1.0", Some((4, 1))),
            ("UbiOps/python/4.15.0", Some((4, 15))),
            ("app/1.0 UbiOps/python/4.0.1-rc1 other", Some((4, 0))),
            ("UbiOps/cli/2.32.0", None),
            ("OpenAPI-Generator/2.1.0/python", None),
            ("python-requests/2.0", None),
            ("UbiOps/python/", None),
            ("UbiOps/python/4", None),
            ("UbiOps/python/x.1", None),
            ("UbiOps/python/99999999999.1", None),
            ("", None),
        ] {
            assert_eq!(version(agent), expected, "{agent}");
        }
    }
}
