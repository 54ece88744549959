//! `/projects/{p}/role-assignments`: who holds which role on which object.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::{Call, OnProject};
use crate::domain::{Invalid, ObjectName, PrincipalId, RoleAssignmentId, Text, quoted};
use crate::error::Error;
use crate::store::projects::Project;
use crate::store::role_assignments::{self, Filter, NewAssignment, RoleAssignment};
use crate::web::response::Response;

object! {
    /// The role to assign.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct RoleAssignmentCreate {
        /// Name of the role.
        pub role: ObjectName,
        /// Id of a member of the organization or of a service user of the project.
        pub assignee: Text<1, 64>,
        /// Kind of assignee: `user`, for people and service users alike; may be absent.
        pub assignee_type: Option<Text<1, 64>>,
        /// Name of the object that the role is assigned on; the project if absent. Must be given together with
        /// `resource_type`.
        pub resource: Option<Text<1, 64>>,
        /// Kind of object that the role is assigned on: `project`, `deployment` or `pipeline`.
        pub resource_type: Option<Text<1, 64>>,
    }
}

/// A role assignment.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct RoleAssignmentList {
    /// Unique id of the role assignment.
    pub id: String,
    /// Who holds the role: the id of a person or of a service user.
    pub assignee: String,
    /// Kind of assignee: always `user`, for people and service users alike.
    pub assignee_type: &'static str,
    /// Name of the role.
    pub role: String,
    /// Name of the object that the role is assigned on.
    pub resource: String,
    /// Kind of object that the role is assigned on.
    pub resource_type: String,
}

impl From<RoleAssignment> for RoleAssignmentList {
    fn from(assignment: RoleAssignment) -> Self {
        Self {
            id: assignment.id.into(),
            assignee: assignment.assignee.into(),
            assignee_type: "user",
            role: assignment.role,
            resource: assignment.resource,
            resource_type: assignment.resource_type,
        }
    }
}

/// The kind and the name of an object: both are given, or neither, which means the project (UbiOps spec 3.8).
pub(crate) fn object_of<'a>(
    project: &'a Project,
    resource: Option<&'a str>,
    resource_type: Option<&'a str>,
) -> Result<(&'a str, &'a str), Error> {
    match (resource, resource_type) {
        (None, None) => Ok(("project", &project.project_name)),
        (None, Some(_)) => Err(Error::invalid(
            "resource: needed together with resource_type",
        )),
        (Some(_), None) => Err(Error::invalid(
            "resource_type: needed together with resource",
        )),
        (Some(name), Some("project")) if name == project.project_name => Ok(("project", name)),
        (Some(name), Some(kind @ ("deployment" | "pipeline"))) => Ok((kind, name)),
        (Some(name), Some(kind @ ("project" | "bucket"))) => {
            Err(role_assignments::object_not_found(kind, name))
        }
        (Some(_), Some(kind)) => Err(Error::field("resource_type", &unknown_resource_type(kind))),
    }
}

fn unknown_resource_type(kind: &str) -> Invalid {
    Invalid::new(format!(
        "{} is not a kind of object; it is project, deployment or pipeline",
        quoted(kind)
    ))
}

fn unknown_assignee_type(kind: &str) -> Invalid {
    Invalid::new(format!(
        "{} is not a kind of assignee; it is user",
        quoted(kind)
    ))
}

/// `POST .../role-assignments`.
pub(crate) async fn create(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: RoleAssignmentCreate = call.body().await?;
    match body.assignee_type.as_ref().map(|kind| kind.as_str()) {
        None | Some("user") => {}
        Some("deployment") => {
            return Err(Error::invalid(
                "assignee_type: a deployment's own roles are about buckets, and there are none here",
            ));
        }
        Some(other) => {
            return Err(Error::field("assignee_type", &unknown_assignee_type(other)));
        }
    }
    let project = call.project();
    let (resource, kind) = (body.resource.as_ref(), body.resource_type.as_ref());
    let (resource_type, resource) = object_of(
        project,
        resource.map(|name| name.as_str()),
        kind.map(|kind| kind.as_str()),
    )?;
    let id = RoleAssignmentId::from_random(call.random()?);
    let assignee = PrincipalId::named(body.assignee.as_str());
    let created = role_assignments::create(
        &call.change_context()?,
        project,
        NewAssignment {
            id: &id,
            role: body.role.as_str(),
            assignee: &assignee,
            resource_type,
            resource,
        },
    )
    .await?;
    Response::created(&RoleAssignmentList::from(created))
}

/// `GET .../role-assignments`. UbiOps knows buckets, and roles on them that deployments hold; a list of those is empty.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let query = &call.query;
    let resource_type = query.parsed("resource_type", |kind| match kind {
        "project" | "deployment" | "pipeline" | "bucket" => Ok(kind.to_owned()),
        other => Err(unknown_resource_type(other)),
    })?;
    let by_deployments = query.parsed("assignee_type", |kind| match kind {
        "user" => Ok(false),
        "deployment" => Ok(true),
        other => Err(unknown_assignee_type(other)),
    })?;
    if by_deployments.unwrap_or_default() {
        return Response::ok(&[(); 0]);
    }
    let assignee = query.parsed("assignee", PrincipalId::parse)?;
    let filter = Filter {
        assignee: assignee.as_ref(),
        resource_type: resource_type.as_deref(),
        resource: query.text("resource"),
    };
    let slice = call.slice()?;
    let all = role_assignments::list(call.connection, call.project(), &filter, &slice).await?;
    Response::list(all.into_iter().map(RoleAssignmentList::from))
}

/// `GET .../role-assignments/{assignment_id}`.
pub(crate) async fn get(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let id: RoleAssignmentId = call.id("assignment_id");
    let found = role_assignments::get(call.connection, call.project(), &id).await?;
    Response::ok(&RoleAssignmentList::from(found))
}

/// `DELETE .../role-assignments/{assignment_id}`.
pub(crate) async fn delete(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let id: RoleAssignmentId = call.id("assignment_id");
    let project = call.project();
    role_assignments::delete(&call.change_context()?, project, &id).await?;
    Ok(Response::no_content())
}
