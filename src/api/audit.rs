//! Audit trails: of a project, of an organization, of the whole installation.

use serde::Serialize;

use crate::api::Call;
use crate::domain::{Invalid, quoted};
use crate::http::error::Error;
use crate::http::response::Response;
use crate::store::audit::{self, Row};
use crate::store::rows::JsonText;

/// One change (UbiOps spec 3.7, and the request that made it).
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct AuditEvent {
    /// Its id.
    pub id: String,
    /// When.
    pub date: String,
    /// `create`, `update`, `delete` or `info`.
    pub action: String,
    /// Who, by e-mail address; `operator` for the operator.
    pub user: String,
    /// What, in words.
    pub event: String,
    /// The kind of object.
    pub object_type: String,
    /// The object's name at the time.
    pub object_name: String,
    /// The id of the request, as in its `X-Request-Id`.
    pub request_id: String,
    /// The state before; shown to organization admins and the operator only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Option<serde_json::Value>")
    )]
    pub before: Option<JsonText>,
    /// The state, or the changed fields, after; shown to organization admins and the operator only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Option<serde_json::Value>")
    )]
    pub after: Option<JsonText>,
}

/// The action that a trail is narrowed to.
pub(crate) fn parse_action(text: &str) -> Result<String, Invalid> {
    match text {
        "create" | "update" | "delete" | "info" => Ok(text.to_owned()),
        _ => Err(Invalid::new(format!(
            "{} is not an action; an action is create, update, delete or info",
            quoted(text)
        ))),
    }
}

fn respond(rows: Vec<Row>) -> Result<Response, Error> {
    let events = rows.into_iter().map(|row| AuditEvent {
        id: row.id,
        date: row.date.0.to_offset_string(),
        action: row.action,
        user: row.actor,
        event: row.event,
        object_type: row.object_type,
        object_name: row.object_name,
        request_id: row.request_id,
        before: row.before,
        after: row.after,
    });
    Response::ok(&events.collect::<Vec<_>>())
}

/// `GET /projects/{p}/audit`.
pub(crate) async fn list_of_project(call: &mut Call<'_>) -> Result<Response, Error> {
    let page = call.audit_page()?;
    let rows = audit::list_of_project(call.session, &call.project()?.project_id, &page).await?;
    respond(rows)
}

/// `GET /organizations/{o}/audit`.
pub(crate) async fn list_of_organization(call: &mut Call<'_>) -> Result<Response, Error> {
    let page = call.audit_page()?;
    let organization = &call.organization()?.organization_id;
    let rows = audit::list_of_organization(call.session, organization, &page).await?;
    respond(rows)
}

/// `GET /operator/v1/audit`.
pub(crate) async fn list_for_operator(call: &mut Call<'_>) -> Result<Response, Error> {
    let page = call.audit_page()?;
    let organization = call.query.text("organization");
    let rows = audit::list_for_operator(call.session, organization, &page).await?;
    respond(rows)
}
