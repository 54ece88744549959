//! The bodies of pipeline versions, in the union of what the four client generations send and read.

use crate::domain::json::{self, object};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::pipeline_graph::Mapping;
use crate::domain::{
    Attachments, DataType, Description, Kept, Labels, MAX_RETENTION_TIME, ObjectName,
    PipelineObjects, RETENTION_TIME, RetentionMode, Text, Within,
};
use crate::error::Error;
use crate::store::rows::JsonText;
use crate::store::versions::graph::{FieldsRow, ObjectRow, Objects};
use crate::store::versions::{Version, Whole};
use crate::web::patch::Patch;

/// The bodies to create and to change a version: the same fields, but a name is needed on creation only.
macro_rules! body {
    ($(#[$doc:meta])* $name:ident, $(#[$version_doc:meta])* $version:ty) => {
        object! {
            $(#[$doc])*
            #[derive(Debug)]
            #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
            pub struct $name {
                $(#[$version_doc])*
                pub version: $version,
                /// Description of the version; null clears it.
                pub description: Patch<Description>,
                /// All labels of the version; null removes all labels.
                pub labels: Patch<Labels>,
                /// Seconds that requests are kept; 604800, a week, if never set.
                pub request_retention_time: Patch<Within<0, MAX_RETENTION_TIME>>,
                /// What is kept of requests; `full` if never set.
                pub request_retention_mode: Patch<RetentionMode>,
                /// Notification group for monitoring; it is stored, but nobody is notified.
                pub monitoring: Patch<Text<1, 256>>,
                /// Default notification group; it is stored, but nobody is notified.
                pub default_notification_group: Patch<Text<1, 256>>,
                /// Any metadata of the version, at most 65536 bytes of JSON; a change is merged into the present
                /// metadata.
                pub metadata: Patch<Kept>,
                /// All objects that the pipeline consists of; null removes all objects.
                pub objects: Patch<PipelineObjects>,
                /// All attachments of the pipeline, that is, which data flows from which object to which; null removes
                /// all attachments.
                pub attachments: Patch<Attachments>,
            }
        }

        impl $name {
            /// The settings that the body names, null where it says null.
            #[must_use]
            pub fn settings(&self) -> Map<String, Value> {
                let mut settings = Map::new();
                let mut put = |name: &str, present: bool, value: Value| {
                    if present {
                        settings.insert(name.to_owned(), value);
                    }
                };
                let time = &self.request_retention_time;
                put("request_retention_time", time.is_present(), json::tree(&time.value()));
                let mode = &self.request_retention_mode;
                put("request_retention_mode", mode.is_present(), json::tree(&mode.value()));
                let monitoring = &self.monitoring;
                put("monitoring", monitoring.is_present(), json::tree(&monitoring.value()));
                let group = &self.default_notification_group;
                put("default_notification_group", group.is_present(), json::tree(&group.value()));
                let metadata = &self.metadata;
                put("metadata", metadata.is_present(), json::tree(&metadata.value()));
                settings
            }
        }
    };
}

body!(
    /// The version to create.
    PipelineVersionCreate,
    /// Name of the version, unique in the pipeline.
    ObjectName
);
body!(
    /// Changes to a version; absent fields stay as they are, and null resets a setting to its default.
    PipelineVersionUpdate,
    /// New name of the version; pipelines that use the version keep using it.

    Patch<ObjectName>
);

/// A version of a pipeline, in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineVersionList {
    /// Unique id of the version.
    pub id: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// Name of the version.
    pub version: String,
    /// Whether requests that name no version go to this version.
    pub default: bool,
    /// Description of the version.
    pub description: String,
    /// Labels of the version.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Labels"))]
    pub labels: JsonText,
    /// When the version was created.
    pub creation_date: String,
    /// When the version was last changed.
    pub last_updated: String,
    /// The settings.
    #[serde(flatten)]
    pub settings: PipelineVersionSettings,
}

object! {
    default
    /// The settings of a version, each with its default where it was never given.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(default))]
    pub struct PipelineVersionSettings {
        /// Seconds that requests are kept.
        pub request_retention_time: i64,
        /// What is kept of requests: `none`, `metadata` or `full`.
        pub request_retention_mode: String,
        /// Notification group for monitoring; it is stored, but nobody is notified.
        pub monitoring: Option<String>,
        /// Default notification group; it is stored, but nobody is notified.
        pub default_notification_group: Option<String>,
        /// Any metadata of the version.
        pub metadata: Option<Map<String, Value>>,
    }
}

impl Default for PipelineVersionSettings {
    fn default() -> Self {
        Self {
            request_retention_time: RETENTION_TIME,
            request_retention_mode: RetentionMode::DEFAULT.name().to_owned(),
            monitoring: None,
            default_notification_group: None,
            metadata: None,
        }
    }
}

/// A version of a pipeline, with its objects and attachments.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineVersionDetail {
    /// All but what follows.
    #[serde(flatten)]
    pub version: PipelineVersionList,
    /// Objects that the pipeline consists of.
    pub objects: Vec<PipelineObjectDetail>,
    /// Attachments of the pipeline, that is, which data flows from which object to which, each with its id.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<AttachmentDetail>"))]
    pub attachments: JsonText,
}

/// What flows into one object, or out of the pipeline.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct AttachmentDetail {
    /// Unique id of the attachment.
    pub id: String,
    /// Name of the object that the data flows into, or `pipeline_end`.
    pub destination_name: String,
    /// Where the data comes from.
    pub sources: Vec<SourceDetail>,
}

/// A source from which a destination receives data.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SourceDetail {
    /// Name of the object that the data comes from, or `pipeline_start`.
    pub source_name: String,
    /// Which field goes into which field; empty where both sides are plain.
    pub mapping: Vec<Mapping>,
}

/// An object of a pipeline version, with the present state of what it refers to.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineObjectDetail {
    /// Unique id of the object.
    pub id: String,
    /// Name of the object.
    pub name: String,
    /// Kind of what the object refers to: `deployment`, `pipeline` or `operator`.
    pub reference_type: String,
    /// Name of what the object refers to; `(not visible)` where the caller may not read that.
    pub reference_name: String,
    /// Version that the object refers to; null means the default version, or one that the caller may not read.
    pub version: Option<String>,
    /// Type of the object's input: `structured` or `plain`; null for an operator, and where the caller may not read it.
    pub input_type: Option<String>,
    /// Type of the object's output: `structured` or `plain`; null for an operator, and where the caller may not read
    /// it.
    pub output_type: Option<String>,
    /// Fields of the object's input; empty where the caller may not read them.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<PlainField>"))]
    pub input_fields: JsonText,
    /// Fields of the object's output; empty where the caller may not read them.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<PlainField>"))]
    pub output_fields: JsonText,
    /// Settings of the object.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Map<String, serde_json::Value>")
    )]
    pub configuration: JsonText,
    /// Metadata of the object, as texts.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Map<String, serde_json::Value>")
    )]
    pub metadata: JsonText,
}

object! {
    /// A field without its widget: the clients 3.16.1 and 4.0.0 raise on an empty widget in the objects of a pipeline
    /// version.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct PlainField {
        /// Name of the field.
        pub name: String,
        /// Type of the field's value.
        pub data_type: DataType,
    }
}

/// What stands for the name of what the reader may not see. All four client generations refuse null and an empty text
/// there; no deployment or pipeline can have this name, so a copy of it refers to nothing.
const NOT_VISIBLE: &str = "(not visible)";

impl PipelineObjectDetail {
    fn of(row: ObjectRow, fields: &[FieldsRow]) -> Self {
        let fields = row
            .seen
            .and_then(|id| fields.iter().find(|of| of.object_id == id));
        let list = |of: Option<&JsonText>| of.cloned().unwrap_or_else(|| JsonText("[]".to_owned()));
        Self {
            id: row.id.into(),
            name: row.name,
            reference_type: row.reference_type,
            reference_name: row.reference_name.unwrap_or_else(|| NOT_VISIBLE.to_owned()),
            version: row.version,
            input_type: row.input_type,
            output_type: row.output_type,
            input_fields: list(fields.map(|of| &of.input_fields)),
            output_fields: list(fields.map(|of| &of.output_fields)),
            configuration: row.configuration,
            metadata: row.metadata,
        }
    }
}

impl TryFrom<Version> for PipelineVersionList {
    type Error = Error;

    fn try_from(version: Version) -> Result<Self, Error> {
        Ok(Self {
            settings: version.settings.parse()?,
            id: version.id.into(),
            pipeline: version.object,
            version: version.version,
            default: version.is_default.0,
            description: version.description,
            labels: version.labels,
            creation_date: version.creation_date.0.to_zulu_string(),
            last_updated: version.last_updated.0.to_zulu_string(),
        })
    }
}

impl TryFrom<Whole> for PipelineVersionDetail {
    type Error = Error;

    fn try_from((version, Objects { objects, fields }): Whole) -> Result<Self, Error> {
        Ok(Self {
            attachments: version.attachments.clone().unwrap_or_default(),
            objects: objects
                .into_iter()
                .map(|row| PipelineObjectDetail::of(row, &fields))
                .collect(),
            version: PipelineVersionList::try_from(version)?,
        })
    }
}
