//! Audit trails: of a project, of an organization, of the whole installation.

use serde::Serialize;

use crate::api::{Call, Context, OnOrganization, OnProject, OnTarget};
use crate::domain::{AuditId, Invalid, RequestId, SAFE_INTEGER, Timestamp, quoted};
use crate::error::Error;
use crate::store::rows::JsonText;
use crate::store::trail::{self, Filter, Page, Trail};
use crate::web::response::Response;

/// A change that a request made (UbiOps spec 3.7), with the request that made it.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct AuditEvent {
    /// Id of the change.
    pub id: String,
    /// When the change was made.
    pub date: String,
    /// Kind of change: `create`, `update`, `delete` or `info`.
    pub action: String,
    /// E-mail address of the user who made the change; `operator` for the operator.
    pub user: String,
    /// Description of the change in words.
    pub event: String,
    /// Kind of object that was changed.
    pub object_type: String,
    /// Name of the object at the time of the change.
    pub object_name: String,
    /// Id of the request that made the change, as in its `X-Request-Id`.
    pub request_id: String,
    /// State of the object before the change; shown to organization admins and the operator only. States that are
    /// longer than 64 KiB together are replaced by `{"truncated": true, "keys": [...]}`, where `keys` are the keys that
    /// were changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Option<serde_json::Value>")
    )]
    pub before: Option<JsonText>,
    /// State of the object, or its changed fields, after the change; shown to organization admins and the operator
    /// only, and truncated like `before`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Option<serde_json::Value>")
    )]
    pub after: Option<JsonText>,
}

/// The action that a trail is narrowed to.
fn parse_action(text: &str) -> Result<String, Invalid> {
    match text {
        "create" | "update" | "delete" | "info" => Ok(text.to_owned()),
        _ => Err(Invalid::new(format!(
            "{} is not an action; an action is create, update, delete or info",
            quoted(text)
        ))),
    }
}

/// So many rows of a trail are skipped at most: each is read, and who goes further back does so by `before`.
const MAX_OFFSET: i64 = 10_000;

/// The part of a trail that the query asks for (UbiOps spec 3.7: the default limit is 50).
fn page(call: &Context<'_>) -> Result<Page, Error> {
    let query = &call.query;
    let offset = query.integer("offset", 0..=SAFE_INTEGER, 0)?;
    if offset > MAX_OFFSET {
        return Err(Error::invalid(format!(
            "offset: {offset} is beyond {MAX_OFFSET}; what is older is listed with before=<id of the last change seen>"
        )));
    }
    let text = |name: &str| query.text(name).map(str::to_owned);
    Ok(Page {
        action: query.parsed("action", parse_action)?,
        before: query.parsed("before", AuditId::parse)?,
        limit: query.integer("limit", 1..=100, 50)?,
        offset,
        filter: Filter {
            user: query.text("user").map(str::to_lowercase),
            object_type: text("object_type"),
            object_name: text("object_name"),
            event: text("event"),
            request_id: query.parsed("request_id", RequestId::parse)?,
            from: query.parsed("from", Timestamp::parse)?,
            to: query.parsed("to", Timestamp::parse)?,
        },
        shows_states: call.is_organization_admin || call.authority.principal().is_operator(),
    })
}

async fn respond(call: &Context<'_>, trail: Trail<'_>) -> Result<Response, Error> {
    let rows = trail::list(call.connection, trail, &page(call)?).await?;
    let events = rows.into_iter().map(|row| AuditEvent {
        id: row.id.into(),
        date: row.date.0.to_offset_string(),
        action: row.action,
        user: row.actor,
        event: row.event,
        object_type: row.object_type,
        object_name: row.object_name,
        request_id: row.request_id.into(),
        before: row.before,
        after: row.after,
    });
    Response::list(events)
}

/// `GET /projects/{p}/audit`.
pub(crate) async fn list_of_project(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    respond(call, Trail::Project(&call.project().project_id)).await
}

/// `GET .../deployments/{d}/audit` and `GET .../pipelines/{l}/audit`.
pub(crate) async fn list_of_target(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    respond(call, Trail::Target(&call.target().id)).await
}

/// `GET /organizations/{o}/audit`.
pub(crate) async fn list_of_organization(
    call: &mut Call<'_, OnOrganization>,
) -> Result<Response, Error> {
    let organization = &call.organization().organization_id;
    respond(call, Trail::Organization(organization)).await
}

/// `GET /operator/v1/audit`.
pub(crate) async fn list_for_operator(call: &mut Call<'_>) -> Result<Response, Error> {
    let organization = call.query.text("organization");
    let trail = organization.map_or(Trail::Everything, Trail::OrganizationNamed);
    respond(call, trail).await
}
