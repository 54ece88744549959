//! What deployments and pipelines are alike in: how they are shown, and the half of a handler that is behind its body.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::Call;
use crate::api::labels::{label_filter, with_any_label};
use crate::domain::{DataType, Fields, IoType};
use crate::http::error::Error;
use crate::http::response::Response;
use crate::store::objects::ObjectType;
use crate::store::objects::records::{
    self, NewRecord, PLAIN_INPUT, PLAIN_OUTPUT, Record, RecordChanges,
};

/// A field, as it is shown.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct FieldDetail {
    /// Name.
    pub name: String,
    /// What it holds.
    pub data_type: DataType,
    /// How it is shown to people; empty where nothing was said.
    pub widget: Map<String, Value>,
}

/// How a kind is shown: `detail!(DeploymentDetail, ...)`, with the fields that only this kind has and where each is
/// taken from.
macro_rules! detail {
    (
        $(#[$doc:meta])* $name:ident
        $(, $(#[$own_doc:meta])* $own:ident: $type:ty = $of_record:expr)?
    ) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
        pub struct $name {
            /// Unique id.
            pub id: String,
            /// Name.
            pub name: String,
            /// The name of the project.
            pub project: String,
            /// Description.
            pub description: String,
            /// `structured` or `plain`.
            pub input_type: String,
            /// `structured` or `plain`.
            pub output_type: String,
            /// What goes in.
            #[cfg_attr(
                not(target_arch = "wasm32"),
                schemars(with = "Vec<crate::api::objects::FieldDetail>")
            )]
            pub input_fields: $crate::store::rows::JsonText,
            /// What comes out.
            #[cfg_attr(
                not(target_arch = "wasm32"),
                schemars(with = "Vec<crate::api::objects::FieldDetail>")
            )]
            pub output_fields: $crate::store::rows::JsonText,
            $($(#[$own_doc])* pub $own: $type,)?
            /// Labels.
            #[cfg_attr(
                not(target_arch = "wasm32"),
                schemars(with = "crate::domain::Labels")
            )]
            pub labels: $crate::store::rows::JsonText,
            /// When it was created.
            pub creation_date: String,
            /// When it was last changed.
            pub last_updated: String,
            /// The version that requests without one go to.
            pub default_version: Option<String>,
        }

        impl $name {
            fn of(project: &str, record: $crate::store::objects::records::Record) -> Self {
                Self {
                    $($own: $of_record(&record),)?
                    id: record.id,
                    name: record.name,
                    project: project.to_owned(),
                    description: record.description,
                    input_type: record.input_type,
                    output_type: record.output_type,
                    input_fields: record.input_fields,
                    output_fields: record.output_fields,
                    labels: record.labels,
                    creation_date: record.creation_date.0.to_zulu_string(),
                    last_updated: record.last_updated.0.to_zulu_string(),
                    default_version: record.default_version,
                }
            }
        }
    };
}
pub(super) use detail;

/// Creates what a body has asked for.
pub(super) async fn create(call: &Call<'_>, new: &NewRecord) -> Result<Record, Error> {
    refuse_plain_fields(new.input_type, &new.input_fields, PLAIN_INPUT)?;
    refuse_plain_fields(new.output_type, &new.output_fields, PLAIN_OUTPUT)?;
    records::create(
        call.session,
        &call.authority,
        &call.occasion()?,
        call.project()?,
        new,
    )
    .await
}

/// Refuses fields on a plain side of something new.
fn refuse_plain_fields(side: IoType, fields: &Fields, sentence: &'static str) -> Result<(), Error> {
    if side == IoType::Plain && !fields.is_empty() {
        return Err(Error::invalid(sentence));
    }
    Ok(())
}

/// Those of the project that have one of the labels that the query asks for.
pub(super) async fn list(call: &Call<'_>, kind: ObjectType) -> Result<Vec<Record>, Error> {
    let wanted = label_filter(&call.query)?;
    let listed = records::list(call.session, call.project()?, kind).await?;
    with_any_label(listed, &wanted, |record| &record.labels)
}

/// The one in the path.
pub(super) async fn get(call: &Call<'_>) -> Result<Record, Error> {
    records::get(call.session, call.object()?).await
}

/// Makes the changes that a body has asked for; answers what there is, if it has asked for none.
pub(super) async fn update(call: &Call<'_>, changes: &RecordChanges) -> Result<Record, Error> {
    if changes.is_empty() {
        return get(call).await;
    }
    records::update(
        call.session,
        &call.authority,
        &call.occasion()?,
        call.project()?,
        call.object()?,
        changes,
    )
    .await
}

/// `DELETE .../deployments/{deployment_name}` and `DELETE .../pipelines/{pipeline_name}`.
pub(crate) async fn delete(call: &mut Call<'_>) -> Result<Response, Error> {
    records::delete(
        call.session,
        &call.authority,
        &call.occasion()?,
        call.project()?,
        call.object()?,
    )
    .await?;
    Ok(Response::no_content())
}
