//! What a pipeline's version consists of: objects, and the attachments between them.
//!
//! Objects have rows of their own and refer to deployments and pipelines by id, so renames keep them and a deletion can
//! ask who uses what goes; attachments speak of names within the version, so they are one JSON list. That both hold
//! together is a condition of the permit ([`pipeline_checks`](crate::store::pipeline_checks)).

use serde_json::Value;

use crate::domain::json;
use crate::domain::{PipelineObjectId, TargetId};
use crate::sql::statement::Parameters;
use crate::store::rows::{JsonText, row};

row! {
    /// An object of a version, with what it refers to as that is now.
    #[derive(Debug, Clone)]
    pub struct ObjectRow {
        /// Its id.
        pub id: PipelineObjectId,
        /// Its name.
        pub name: String,
        /// `deployment`, `pipeline` or `operator`.
        pub reference_type: String,
        /// The id of what it refers to, where the reader may see that.
        pub seen: Option<TargetId>,
        /// The name of what it refers to, where the reader may see that; an operator's always.
        pub reference_name: Option<String>,
        /// The version of that; none is the default version.
        pub version: Option<String>,
        /// Whether what it refers to takes fields.
        pub input_type: Option<String>,
        /// Whether what it refers to gives fields.
        pub output_type: Option<String>,
        /// Its settings.
        pub configuration: JsonText,
        /// Texts about it.
        pub metadata: JsonText,
    }
}

row! {
    /// The fields of what objects of a version refer to, without their widgets.
    #[derive(Debug, Clone, Default)]
    pub struct FieldsRow {
        /// The id of that.
        pub object_id: TargetId,
        /// The fields that it takes.
        pub input_fields: JsonText,
        /// The fields that it gives.
        pub output_fields: JsonText,
    }
}

/// The objects of a version, and the fields of what they refer to, each of these once.
#[derive(Debug, Default)]
pub struct Objects {
    /// The objects, in their order.
    pub objects: Vec<ObjectRow>,
    /// The fields, by the id of what has them.
    pub fields: Vec<FieldsRow>,
}

/// What a version is to consist of, each part whole and each thing in it with its id; a part that is absent stays.
#[derive(Debug, Default)]
pub struct Graph {
    /// The objects.
    pub objects: Option<Value>,
    /// What goes from where to where.
    pub attachments: Option<Value>,
}

impl Graph {
    /// Adds the parameters that the statements of pipelines' versions name. They are no harm to those of deployments'.
    pub(super) fn parameters(&self, parameters: Parameters) -> Parameters {
        let list = |part: Option<&Value>| part.map_or_else(|| "[]".to_owned(), json::text);
        parameters
            .flag("sets_objects", self.objects.is_some())
            .text("objects", list(self.objects.as_ref()))
            .flag("sets_attachments", self.attachments.is_some())
            .text("attachments", list(self.attachments.as_ref()))
    }
}
