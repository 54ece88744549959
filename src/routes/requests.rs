//! The request endpoints (UbiOps spec 4.1): what an app calls with a service user's token.
//!
//! They are made one by one, streamed or queued; what is recorded of them is read, cancelled and deleted.

use super::{Route, p, route, routes};
use crate::api::requests::{batch, creating, pipelines, records};
#[cfg(not(target_arch = "wasm32"))]
use crate::api::requests::{made, shapes};
use crate::api::results;
#[cfg(not(target_arch = "wasm32"))]
use crate::domain::RecordId;

/// A row of the requests to a target: method, what follows `/requests`, name, permission, summary before and after the
/// target; then what answers it, and what it promises.
macro_rules! request {
    (
        [$access:ident $at:literal $operations:literal $target:literal]
        $method:ident $below:literal $operation:ident, $right:ident, $before:literal $($after:literal)?
        => $handler:path, [$($query:ident)*] [$($body:ty)?] $status:literal $answer:ty
    ) => {
        route!(
            REQUESTS, $method concat!("/v2.1/projects/{project_name}", $at, "/requests", $below),
            concat!($operations, "_", stringify!($operation)), $access(p::$right),
            concat!($before, " ", $target $(, " ", $after)?)
            => $handler, [$($query)*] [$($body)?] $status $answer
        )
    };
}

/// The three rows by which requests are made: what answers them, what rides on their first trip, what they take and give.
macro_rules! making {
    (
        [$access:ident $at:literal $operations:literal $target:literal]
        $below:literal $operation:ident, $right:ident, $before:literal $($after:literal)?
        => $handler:path, $rides:path, [$($timeout:ident)*] [$body:ty] $answer:ty
    ) => {
        route!(
            REQUESTS, POST concat!("/v2.1/projects/{project_name}", $at, "/requests", $below),
            concat!($operations, "_", stringify!($operation)), $access(p::$right),
            concat!($before, " ", $target $(, " ", $after)?)
            => $handler, rides $rides, [$($timeout)* PRIORITY] [$body] 200 $answer
        )
    };
}

/// The twelve rows of a target, which is an access, its path, the first words of the operations' names, and what it is;
/// then its permissions to list, get, update and delete, how its requests are shown, in a list and one by one, and the rows
/// by which one is made, is streamed, and by which several are queued.
macro_rules! requests_to {
    (
        $target:tt $list:ident $get:ident $update:ident $delete:ident $in_list:ty, $in_detail:ty,
        $made:expr, $streamed:expr, $queued:expr
    ) => {
        [
            $made,
            request!($target GET "" list, $list, "List requests to"
                => records::list, [REQUEST_STATUS REQUESTS_LIMIT REQUESTS_OFFSET MADE_FROM MADE_UNTIL SEARCH_ID
                                  REQUEST_SCHEDULE] [] 200 Vec<$in_list>),
            $queued,
            $streamed,
            request!($target POST "/collect" batch_get, $get, "Read several requests to"
                => records::collect, [] [Vec<RecordId>] 200 Vec<$in_detail>),
            request!($target POST "/delete" batch_delete, $delete, "Delete several requests to"
                => records::delete_several, [] [Vec<RecordId>] 200 shapes::RequestsChanged),
            request!($target POST "/cancel" batch_cancel, $update, "Cancel several requests to"
                => records::cancel, [CANCELLED_STATUS] [Vec<RecordId>] 200 shapes::RequestsChanged),
            request!($target GET "/{request_id}" get, $get, "Read a request to"
                => records::get, [METADATA_ONLY] [] 200 $in_detail),
            request!($target PATCH "/{request_id}" update, $update, "Cancel a request to"
                => records::update, [] [records::RequestUpdate] 200 $in_detail),
            request!($target DELETE "/{request_id}" delete, $delete, "Delete a request to"
                => records::delete, [] [] 204 Nothing),
            request!($target GET "/{request_id}/input" input, $get, "Read the input of a request to"
                => records::input, [] [] 200 File),
            request!($target GET "/{request_id}/output" output, $get, "Read the output of a request to"
                => records::output, [] [] 200 File),
        ]
    };
}

macro_rules! requests_to_deployment {
    ($target:tt) => {
        requests_to!(
            $target DEPLOYMENTS_REQUESTS_LIST DEPLOYMENTS_REQUESTS_GET
            DEPLOYMENTS_REQUESTS_UPDATE DEPLOYMENTS_REQUESTS_DELETE
            shapes::DeploymentRequestList, shapes::DeploymentRequestDetail,
            making!($target "" create, DEPLOYMENTS_REQUESTS_CREATE, "Make a request to"
                => creating::create, creating::admits_direct, [TIMEOUT] [made::RequestBody]
                   made::DeploymentRequestCreateResponse<'static>),
            making!($target "/stream" stream, DEPLOYMENTS_REQUESTS_CREATE, "Make a request to" "and stream its answer"
                => creating::stream, creating::admits_stream, [TIMEOUT] [made::RequestBody] EventStream),
            making!($target "/batch" batch_create, DEPLOYMENTS_REQUESTS_CREATE, "Queue requests to"
                => batch::create, batch::reads_input, [BATCH_TIMEOUT] [made::RequestBatch]
                   Vec<made::DeploymentRequestBatchCreateResponse<'static>>)
        )
    };
}

macro_rules! requests_to_pipeline {
    ($target:tt) => {
        requests_to!(
            $target PIPELINES_REQUESTS_LIST PIPELINES_REQUESTS_GET
            PIPELINES_REQUESTS_UPDATE PIPELINES_REQUESTS_DELETE
            shapes::PipelineRequestList, shapes::PipelineRequestDetail,
            making!($target "" create, PIPELINES_REQUESTS_CREATE, "Make a request to"
                => pipelines::create, pipelines::admits_direct, [PIPELINE_TIMEOUT OBJECT_TIMEOUT] [made::RequestBody]
                   made::PipelineRequestCreateResponse<'static>),
            making!($target "/stream" stream, PIPELINES_REQUESTS_CREATE, "Make a request to" "and stream its answer"
                => pipelines::stream, pipelines::admits_stream, [PIPELINE_TIMEOUT OBJECT_TIMEOUT] [made::RequestBody]
                   EventStream),
            making!($target "/batch" batch_create, PIPELINES_REQUESTS_CREATE, "Queue requests to"
                => batch::create, batch::reads_input, [BATCH_TIMEOUT OBJECT_TIMEOUT] [made::RequestBatch]
                   Vec<made::PipelineRequestBatchCreateResponse<'static>>)
        )
    };
}

pub(super) static TO_DEPLOYMENTS: &[Route] = &requests_to_deployment!(
    [Deployment "/deployments/{deployment_name}" "deployment_requests" "a deployment"]
);

pub(super) static TO_DEPLOYMENT_VERSIONS: &[Route] = &requests_to_deployment!(
    [Deployment "/deployments/{deployment_name}/versions/{version}" "deployment_version_requests"
     "a version of a deployment"]
);

pub(super) static TO_PIPELINES: &[Route] = &requests_to_pipeline!(
    [Pipeline "/pipelines/{pipeline_name}" "pipeline_requests" "a pipeline"]
);

pub(super) static TO_PIPELINE_VERSIONS: &[Route] = &requests_to_pipeline!(
    [Pipeline "/pipelines/{pipeline_name}/versions/{version}" "pipeline_version_requests" "a version of a pipeline"]
);

pub(super) static OF_PROJECT: &[Route] = routes! {
    family IN_PROJECT;
    "/v2.1/projects/{project_name}/requests" {
        GET project_requests_list, ProjectPart,
            "List the requests of a project, with deployments.requests.list or pipelines.requests.list on it"
            => records::list_of_project,
               query [OBJECT_TYPE, ENDED_STATUS, REQUESTS_LIMIT, REQUESTS_OFFSET, MADE_FROM, MADE_UNTIL, SEARCH_ID, REQUEST_SCHEDULE],
               gives 200 Vec<shapes::RequestsOverview>;
    }
};

pub(super) static RESULTS: &[Route] = routes! {
    family RESULTS;
    "/v2.1/results/{request_id}" {
        POST deployment_requests_result_create, Public, "Send the result of a request that an upstream has taken on, signed like the requests to that upstream"
            => results::take, takes made::RequestBody, gives 200 results::ResultTaken;
    }
};
