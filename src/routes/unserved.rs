//! Paths that UbiOps serves, most of them below a project, and Tenantry never will: 404, with why and what to do instead (contract
//! section 1). They are in no table, since nothing answers them whoever calls.

use http::Method;

/// Why there is nothing at this path, if it is one of UbiOps'; its segments below the project, decoded.
pub(super) fn reason(method: &Method, below_project: &[&str]) -> Option<&'static str> {
    // Each stands directly below the project or below a version, and whatever is below it goes with it.
    let word = match below_project {
        ["deployments", _, "versions", _, "revisions", _, "download"] => {
            return Some(
                "no code runs here, so none is kept that could be downloaded: it is on the server that you pointed the \
                 version at with PUT .../upstream",
            );
        }
        ["deployments" | "pipelines", _, "versions", _, word, ..] | [word, ..] => *word,
        [] => return None,
    };
    Some(match word {
        "revisions" if *method == Method::POST => {
            "no code runs here, so no code is uploaded: run it on a server of your own, and point the version at that \
             server with PUT .../upstream"
        }
        "instances" => {
            "no code runs here, so a version has no instances: look at the server that you pointed the version at with \
             PUT .../upstream"
        }
        "template-deployments" => {
            "no code runs here, so there are no templates of it: create a deployment with POST .../deployments, and \
             point its version at your server with PUT .../upstream"
        }
        "experiments" => {
            "no code runs here, so nothing is trained: run experiments on a server of your own, and point the version \
             of a deployment at that server with PUT .../upstream"
        }
        "buckets" | "blobs" => {
            "no files are kept here: keep them in a store of your own, and send their addresses or their content in \
             requests"
        }
        "imports" | "exports" => {
            "nothing is packed up here: read deployments, pipelines and their versions with GET, and create them \
             elsewhere with POST"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_this_kind_is_known_by_where_its_word_stands() {
        for below in [
            &["buckets"][..],
            &["buckets", "b", "files", "f"],
            &["blobs", "x"],
            &["imports"],
            &["exports", "x", "download"],
            &["instances"],
            &["template-deployments", "x"],
            &["experiments", "e", "runs"],
            &["deployments", "d", "versions", "v", "instances", "x"],
            &["deployments", "d", "versions", "v", "revisions"],
            &["deployments", "d", "versions", "v", "revisions", "x", "y"],
            &[
                "deployments",
                "d",
                "versions",
                "v",
                "revisions",
                "x",
                "download",
            ],
        ] {
            assert!(reason(&Method::POST, below).is_some(), "{below:?}");
        }
        for below in [
            &[][..],
            &["nothing"],
            &["deployments", "buckets"],
            &["deployments", "d", "versions", "buckets"],
            &["service-users", "x", "buckets"],
            &["download"],
            &["deployments", "d", "versions", "v", "download"],
            &["pipelines", "p", "versions", "v", "download"],
        ] {
            assert!(reason(&Method::POST, below).is_none(), "{below:?}");
        }
    }

    #[test]
    fn only_the_upload_of_a_revision_is_never_served() {
        let revisions = &["deployments", "d", "versions", "v", "revisions"];
        assert!(reason(&Method::GET, revisions).is_none());
    }
}
