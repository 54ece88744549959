//! The first round trip of a call on a deployment or pipeline: the project's, and what the caller may on the target
//! that the path names. [`project::ask`](super::project::ask) makes it.

use super::project::caller_and_project;
use crate::store::texts::statements;

macro_rules! caller_and_target {
    { who: $who:ident } => {
        caller_and_project! {
            who: $who,
            target: "coalesce(e.id, l.id)",
            counts: "(a.resource_type = 'deployment' AND a.resource_id = e.id)
              OR (a.resource_type = 'pipeline' AND a.resource_id = l.id)",
            joins: " LEFT JOIN deployments e ON e.project_id = p.id AND e.name = :deployment
              LEFT JOIN pipelines l ON l.project_id = p.id AND l.name = :pipeline"
        }
    };
}

statements! {
    /// Who is calling, and what they may in the project, or on the deployment or pipeline in it that the path names.
    CALLER_AND_TARGET = caller_and_target! { who: token };
    /// The same, and where the request's origin is listed.
    CALLER_AND_TARGET_AND_ORIGIN = caller_and_target! { who: token_at_origin };
}
