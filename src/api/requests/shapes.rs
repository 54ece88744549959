//! How the records of requests are shown: what the clients of all four generations read (UbiOps spec 4.5).

use std::borrow::Cow;

use serde::Serialize;

use super::made::{MadeOfObject, sequence_id};
use crate::domain::{Content, RecordId, RequestStatus, TargetKind};
use crate::store::requests::payloads::{Part, Payload};
use crate::store::requests::records::{Details, MadeOf, Read, Record, Summary, Version, Whose};
use crate::store::rows::{JsonText, Millis};

/// Who made a request.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Origin {
    /// E-mail address of the person or service user who made the request; `operator` for the operator.
    pub created_by: String,
}

fn shown(date: Millis) -> String {
    date.0.to_offset_string()
}

fn is_success(status: &str) -> bool {
    status == RequestStatus::Completed.name()
}

/// Declares how a kind's records are shown: its name, that of the field that has the target's, what a list shows, what is
/// shown of one, and what only this kind has.
macro_rules! request_shapes {
    (
        $list:ident, $list_doc:literal, $detail:ident, $detail_doc:literal, $target:ident: $object_doc:literal,
        { $($(#[$attribute:meta])* $own:ident: $type:ty = $of:expr,)* }
    ) => {
        #[doc = $list_doc]
        #[derive(Debug, Serialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
        pub struct $list {
            /// Id of the request.
            pub id: String,
            #[doc = $object_doc]
            pub $target: String,
            /// Name of the version that the request went to.
            pub version: String,
            /// Status of the request: `pending`, `processing`, `completed`, `failed`, `cancelled_pending` or
            /// `cancelled`.
            pub status: String,
            /// Whether the request was answered.
            pub success: bool,
            /// When the request was created.
            pub time_created: String,
            /// When the request was sent on.
            pub time_started: Option<String>,
            /// When the request ended.
            pub time_completed: Option<String>,
            /// Size of the data that was sent, in bytes.
            pub input_size: i64,
            /// Size of the data that was answered, in bytes.
            pub output_size: Option<i64>,
        }

        impl $list {
            fn of(target: &str, version: &str, record: Summary) -> Self {
                Self {
                    id: record.id.into(),
                    $target: target.to_owned(),
                    version: version.to_owned(),
                    success: is_success(&record.status),
                    status: record.status,
                    time_created: shown(record.time_created),
                    time_started: record.time_started.map(shown),
                    time_completed: record.time_completed.map(shown),
                    input_size: record.input_size,
                    output_size: record.output_size,
                }
            }
        }

        #[doc = $detail_doc]
        #[derive(Debug, Serialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
        pub struct $detail {
            /// Id of the request.
            pub id: String,
            #[doc = $object_doc]
            pub $target: String,
            /// Name of the version that the request went to.
            pub version: String,
            /// Status of the request: `pending`, `processing`, `completed`, `failed`, `cancelled_pending` or
            /// `cancelled`.
            pub status: String,
            /// Whether the request was answered.
            pub success: bool,
            /// When the request was created.
            pub time_created: String,
            /// When the request was sent on.
            pub time_started: Option<String>,
            /// When the request ended.
            pub time_completed: Option<String>,
            /// Data that was sent, where it is kept.
            #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<serde_json::Value>"))]
            pub request_data: Option<Content>,
            /// Data that was answered, where it is kept: a JSON value where the output is structured, a text where it
            /// is plain.
            #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<serde_json::Value>"))]
            pub result: Option<Content>,
            /// Why the request failed.
            pub error_message: Option<String>,
            /// Who made the request.
            pub origin: Origin,
            /// Size of the data that was sent, in bytes.
            pub input_size: i64,
            /// Size of the data that was answered, in bytes.
            pub output_size: Option<i64>,
            /// Always null; older clients look for it.
            pub notification_group: Option<String>,
            $($(#[$attribute])* pub $own: $type,)*
        }

        impl $detail {
            fn of(
                target: &str,
                version: &str,
                (record, details): Record,
                [request_data, result]: [Option<Content>; 2],
                made: &[&(Summary, MadeOf)],
            ) -> Self {
                Self {
                    $($own: $of(&details, made),)*
                    id: record.id.into(),
                    $target: target.to_owned(),
                    version: version.to_owned(),
                    success: is_success(&record.status),
                    status: record.status,
                    time_created: shown(record.time_created),
                    time_started: record.time_started.map(shown),
                    time_completed: record.time_completed.map(shown),
                    request_data,
                    result,
                    error_message: details.error_message,
                    origin: Origin { created_by: details.caller },
                    input_size: record.input_size,
                    output_size: record.output_size,
                    notification_group: None,
                }
            }
        }
    };
}

request_shapes!(
    DeploymentRequestList, "A request to a deployment, in a list.",
    DeploymentRequestDetail, "A request to a deployment.",
    deployment: "Name of the deployment that the request went to.",
    {
        /// Maximum time that the request may take, in seconds.
        timeout: i64 = |details: &Details, _: &[&(Summary, MadeOf)]| details.timeout,
        /// Number of times that the request was tried again.
        retries: i64 = |details: &Details, _: &[&(Summary, MadeOf)]| details.attempt - 1,
        /// Details of a request that was passed through to the upstream: `path`, `method` and `status_code`.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<serde_json::Value>"))]
        additional_data: Option<JsonText> = |details: &Details, _: &[&(Summary, MadeOf)]| details.additional_data.clone(),
        /// Number of tokens in the input, where the upstream counts them.
        prompt_tokens: Option<i64> = |details: &Details, _: &[&(Summary, MadeOf)]| details.prompt_tokens,
        /// Number of tokens in the output, where the upstream counts them.
        completion_tokens: Option<i64> = |details: &Details, _: &[&(Summary, MadeOf)]| details.completion_tokens,
        /// Number of tokens in the input and the output together, where the upstream counts them.
        total_tokens: Option<i64> = |details: &Details, _: &[&(Summary, MadeOf)]| details.total_tokens,
    }
);
request_shapes!(
    PipelineRequestList, "A request to a pipeline, in a list.",
    PipelineRequestDetail, "A request to a pipeline.",
    pipeline: "Name of the pipeline that the request went to.",
    {
        /// Maximum time that the request may take, in seconds.
        pipeline_timeout: i64 = |details: &Details, _: &[&(Summary, MadeOf)]| details.timeout,
        /// Maximum time that each request to a deployment may take, in seconds; null means no limit but the pipeline's
        /// timeout.
        deployment_timeout: Option<i64> = |details: &Details, _: &[&(Summary, MadeOf)]| details.deployment_timeout,
        /// Requests to deployments that the pipeline made.
        deployment_requests: Vec<MadeOfObject<'static>> = |_: &Details, made: &[&(Summary, MadeOf)]| of_kind(made, TargetKind::Deployment),
        /// Requests to operators that the pipeline made; always empty.
        operator_requests: Vec<MadeOfObject<'static>> = |_: &Details, _: &[&(Summary, MadeOf)]| Vec::new(),
        /// Requests to other pipelines that the pipeline made.
        pipeline_requests: Vec<MadeOfObject<'static>> = |_: &Details, made: &[&(Summary, MadeOf)]| of_kind(made, TargetKind::Pipeline),
    }
);

/// What a request to a pipeline has made of its objects of a kind.
fn of_kind(made: &[&(Summary, MadeOf)], kind: TargetKind) -> Vec<MadeOfObject<'static>> {
    let is_of_kind = |(_, of): &&&(Summary, MadeOf)| of.object_type == kind.name();
    let as_shown = |(record, of): &&(Summary, MadeOf)| {
        let (record, of) = (record.clone(), of.clone());
        let reference = Some(Cow::Owned(of.reference));
        let (deployment, pipeline) = match kind {
            TargetKind::Deployment => (reference, None),
            TargetKind::Pipeline => (None, reference),
        };
        MadeOfObject {
            id: Cow::Owned(record.id.into()),
            sequence_id: sequence_id(of.sequence),
            pipeline_object: Cow::Owned(of.pipeline_object),
            deployment,
            pipeline,
            version: Cow::Owned(of.version),
            success: is_success(&record.status),
            status: Cow::Owned(record.status),
            error_message: of.error_message.map(Cow::Owned),
            input_size: record.input_size,
            output_size: record.output_size,
            time_created: shown(record.time_created),
            time_started: record.time_started.map(shown),
            time_completed: record.time_completed.map(shown),
        }
    };
    made.iter().filter(is_of_kind).map(as_shown).collect()
}

/// A request of a project, in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RequestsOverview {
    /// Id of the request.
    pub id: String,
    /// Name of the deployment that the request went to.
    pub deployment: Option<String>,
    /// Name of the pipeline that the request went to.
    pub pipeline: Option<String>,
    /// Name of the version that the request went to.
    pub version: String,
    /// Status of the request: `completed`, `failed` or `cancelled`.
    pub status: String,
    /// Whether the request was answered.
    pub success: bool,
    /// When the request was created.
    pub time_created: String,
    /// When the request was sent on.
    pub time_started: Option<String>,
    /// When the request ended.
    pub time_completed: Option<String>,
    /// Size of the data that was sent, in bytes.
    pub input_size: i64,
    /// Size of the data that was answered, in bytes.
    pub output_size: Option<i64>,
}

impl RequestsOverview {
    /// A record of a project.
    #[must_use]
    pub fn of(kind: TargetKind, (record, whose): (Summary, Whose)) -> Self {
        let (deployment, pipeline) = match kind {
            TargetKind::Deployment => (Some(whose.object), None),
            TargetKind::Pipeline => (None, Some(whose.object)),
        };
        Self {
            id: record.id.into(),
            deployment,
            pipeline,
            version: whose.version,
            success: is_success(&record.status),
            status: record.status,
            time_created: shown(record.time_created),
            time_started: record.time_started.map(shown),
            time_completed: record.time_completed.map(shown),
            input_size: record.input_size,
            output_size: record.output_size,
        }
    }
}

/// The confirmation that several requests were changed.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RequestsChanged {
    /// Always true; anything that prevents the change is an error.
    pub success: bool,
}

/// A record, as that of its kind is shown.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Shown {
    /// Of a deployment, in a list.
    DeploymentInList(DeploymentRequestList),
    /// Of a pipeline, in a list.
    PipelineInList(PipelineRequestList),
    /// Of a deployment.
    Deployment(Box<DeploymentRequestDetail>),
    /// Of a pipeline.
    Pipeline(Box<PipelineRequestDetail>),
}

/// Records of a version, as a list shows them.
#[must_use]
pub fn in_list(
    kind: TargetKind,
    target: &str,
    version: &Version,
    records: Vec<Summary>,
) -> Vec<Shown> {
    let version = &version.version;
    let shown = |record| match kind {
        TargetKind::Deployment => {
            Shown::DeploymentInList(DeploymentRequestList::of(target, version, record))
        }
        TargetKind::Pipeline => {
            Shown::PipelineInList(PipelineRequestList::of(target, version, record))
        }
    };
    records.into_iter().map(shown).collect()
}

/// Records of a version with what was sent and answered.
#[must_use]
pub fn in_detail(kind: TargetKind, target: &str, read: Read) -> Vec<Shown> {
    let Read {
        version,
        records,
        mut payloads,
        made,
    } = read;
    let name = &version.version;
    let shown = |record: Record| {
        let input = take(&mut payloads, &record.0.id, Part::Input);
        let output = take(&mut payloads, &record.0.id, Part::Output);
        let contents = [input.and_then(content), output.and_then(content)];
        match kind {
            TargetKind::Deployment => {
                let detail = DeploymentRequestDetail::of(target, name, record, contents, &[]);
                Shown::Deployment(Box::new(detail))
            }
            TargetKind::Pipeline => {
                let its_own = |(_, of): &&(Summary, MadeOf)| of.parent_id == record.0.id;
                let made: Vec<_> = made.iter().filter(its_own).collect();
                let detail = PipelineRequestDetail::of(target, name, record, contents, &made);
                Shown::Pipeline(Box::new(detail))
            }
        }
    };
    records.into_iter().map(shown).collect()
}

/// A payload as it was declared.
fn content(payload: Payload) -> Option<Content> {
    let is_json = is_json(&payload.content_type);
    Some(Content::of(payload.body?, is_json))
}

fn take(payloads: &mut Vec<Payload>, id: &RecordId, part: Part) -> Option<Payload> {
    let at = payloads
        .iter()
        .position(|one| one.request_id == *id && one.part == part.name())?;
    Some(payloads.swap_remove(at))
}

/// A media type without its parameters, in lower case.
fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Whether a media type says JSON (RFC 6839 section 3.1).
fn is_json(content_type: &str) -> bool {
    let essence = essence(content_type);
    essence == "application/json" || essence.ends_with("+json")
}

/// What the answer of an upstream is called when it is ours (contract section 5.10), and how its file ends: JSON and plain
/// text as such, everything else as bytes, so that no browser makes a page of it.
#[must_use]
pub fn media_type(content_type: &str) -> (&'static str, &'static str) {
    match essence(content_type).as_str() {
        _ if is_json(content_type) => ("application/json", "json"),
        "text/plain" => ("text/plain; charset=utf-8", "txt"),
        _ => ("application/octet-stream", "bin"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_and_plain_text_are_called_what_they_are() {
        for (sent, shown) in [
            ("application/json", "application/json"),
            ("Application/Problem+JSON; charset=x", "application/json"),
            ("text/plain;charset=latin1", "text/plain; charset=utf-8"),
            ("text/html", "application/octet-stream"),
            ("image/svg+xml", "application/octet-stream"),
            ("text/plain, text/html", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(media_type(sent).0, shown, "{sent}");
        }
    }
}
