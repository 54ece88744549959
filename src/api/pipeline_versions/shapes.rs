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
use crate::http::patch::Patch;
use crate::store::rows::JsonText;
use crate::store::versions::graph::{FieldsRow, ObjectRow, Objects};
use crate::store::versions::{Version, Whole};

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
                /// Description; null clears it.
                pub description: Patch<Description>,
                /// Labels, all of them; null is none.
                pub labels: Patch<Labels>,
                /// Seconds that requests are kept; a week if never given.
                pub request_retention_time: Patch<Within<0, MAX_RETENTION_TIME>>,
                /// What is kept of requests; `full` if never given.
                pub request_retention_mode: Patch<RetentionMode>,
                /// Kept; nobody is notified.
                pub monitoring: Patch<Text<1, 256>>,
                /// Kept; nobody is notified.
                pub default_notification_group: Patch<Text<1, 256>>,
                /// Anything about it, at most 65536 bytes of JSON; a change merges into what there is.
                pub metadata: Patch<Kept>,
                /// What the pipeline consists of, all of it; null is nothing.
                pub objects: Patch<PipelineObjects>,
                /// What goes from where to where, all of it; null is nothing.
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
    /// Name, unique in the pipeline.
    ObjectName
);
body!(
    /// What to change of a version; what is absent stays, and null takes a setting back to its default.
    PipelineVersionUpdate,
    /// New name; pipelines that use the version keep it.

    Patch<ObjectName>
);

/// A version of a pipeline, in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineVersionList {
    /// Unique id.
    pub id: String,
    /// The name of the pipeline.
    pub pipeline: String,
    /// Name.
    pub version: String,
    /// Whether requests without a version go to it.
    pub default: bool,
    /// Description.
    pub description: String,
    /// Labels.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Labels"))]
    pub labels: JsonText,
    /// When it was created.
    pub creation_date: String,
    /// When it was last changed.
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
        /// Kept; nobody is notified.
        pub monitoring: Option<String>,
        /// Kept; nobody is notified.
        pub default_notification_group: Option<String>,
        /// Anything about it.
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

/// A version of a pipeline, whole.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineVersionDetail {
    /// All but what follows.
    #[serde(flatten)]
    pub version: PipelineVersionList,
    /// What the pipeline consists of.
    pub objects: Vec<PipelineObjectDetail>,
    /// What goes from where to where, each with its id.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<AttachmentDetail>"))]
    pub attachments: JsonText,
}

/// What goes into one object, or out of the pipeline.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct AttachmentDetail {
    /// Unique id.
    pub id: String,
    /// The name of an object, or `pipeline_end`.
    pub destination_name: String,
    /// Where it comes from.
    pub sources: Vec<SourceDetail>,
}

/// Where a destination gets something from.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SourceDetail {
    /// The name of an object, or `pipeline_start`.
    pub source_name: String,
    /// Field by field; none between plain sides.
    pub mapping: Vec<Mapping>,
}

/// An object of a pipeline version, with what it refers to as that is now.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PipelineObjectDetail {
    /// Unique id.
    pub id: String,
    /// Name.
    pub name: String,
    /// `deployment`, `pipeline` or `operator`.
    pub reference_type: String,
    /// The name of what it refers to; `(not visible)` where you may not read that.
    pub reference_name: String,
    /// The version of that; null is the default version, or one that you may not read.
    pub version: Option<String>,
    /// `structured` or `plain`; null for an operator, and where you may not read it.
    pub input_type: Option<String>,
    /// `structured` or `plain`; null for an operator, and where you may not read it.
    pub output_type: Option<String>,
    /// What it takes; nothing where you may not read it.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<PlainField>"))]
    pub input_fields: JsonText,
    /// What it gives; nothing where you may not read it.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<PlainField>"))]
    pub output_fields: JsonText,
    /// Its settings.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Map<String, serde_json::Value>")
    )]
    pub configuration: JsonText,
    /// Texts about it.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Map<String, serde_json::Value>")
    )]
    pub metadata: JsonText,
}

object! {
    /// A field without its widget: 3.16.1 and 4.0.0 raise on an empty widget in the objects of a pipeline version.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct PlainField {
        /// Name.
        pub name: String,
        /// What it holds.
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
            id: row.id,
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
            id: version.id,
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
