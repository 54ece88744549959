//! `GET /projects/{p}/permissions/check`: whether somebody may do something, and by what, or what is missing.

use serde::Serialize;

use crate::api::role_assignments::{RoleAssignmentList, object_of};
use crate::api::{Call, OnProject};
use crate::auth::permissions;
use crate::domain::{AnyId, PrincipalId, json, quoted};
use crate::error::Error;
use crate::store::permission_checks::{self, Question, Standing};
use crate::store::role_assignments::{self, RoleAssignment};
use crate::store::rows::JsonText;
use crate::web::response::Response;

/// The result of a permission check.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PermissionCheck {
    /// Whether the assignee has the permission.
    pub allowed: bool,
    /// Permission that was checked.
    pub permission: String,
    /// Who was checked: the id of a person or of a service user.
    pub assignee: String,
    /// Name of the object that the permission was checked on.
    pub resource: String,
    /// Kind of object that the permission was checked on.
    pub resource_type: String,
    /// What gives the permission: `organization admin`, or the role and the object that the role is assigned on; null
    /// if the permission is missing.
    pub by: Option<String>,
    /// Role assignment that gives the permission, if there is one.
    pub assignment: Option<RoleAssignmentList>,
    /// Why the permission is missing; null if it is not missing.
    pub missing: Option<String>,
}

/// By what somebody may, or what is missing.
fn decide(
    question: &Question<'_>,
    standing: &Standing,
    assignment: Option<&RoleAssignment>,
) -> Result<String, String> {
    let name = question.permission.name();
    if standing.is_admin.0 {
        return Ok("organization admin".to_owned());
    }
    if standing.has_expired.0 {
        return Err("this service user has expired".to_owned());
    }
    if standing.is_service_user.0 && !question.permission.suits_service_users() {
        return Err(format!(
            "no service user may {name}, whatever its roles say"
        ));
    }
    match assignment {
        Some(given) => Ok(format!(
            "the role {} on the {} {}",
            given.role, given.resource_type, given.resource
        )),
        None => Err(format!(
            "no role with {name} on the project{}",
            match question.resource_type {
                "project" => String::new(),
                kind => format!(", or on the {kind} {}", question.resource),
            }
        )),
    }
}

/// `GET .../permissions/check`.
pub(crate) async fn check(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let permission = call
        .query
        .parsed("permission", permissions::parse)?
        .ok_or_else(|| {
            Error::invalid("permission: it is missing; GET /permissions lists the names")
        })?;
    let given = call.query.text("assignee");
    let assignee = given
        .or_else(|| call.authority.principal().id().map(AnyId::as_str))
        .ok_or_else(|| {
            Error::invalid("assignee: needed by the operator, who holds no role themselves")
        })?;
    let assignee = PrincipalId::named(assignee);
    let project = call.project();
    let (resource, kind) = (
        call.query.text("resource"),
        call.query.text("resource_type"),
    );
    let (resource_type, resource) = object_of(project, resource, kind)?;
    let question = Question {
        permission,
        assignee: assignee.any(),
        resource_type,
        resource,
    };
    let (standing, assignment) =
        permission_checks::look_up(call.connection, project, &question, call.now).await?;
    if !(standing.is_member.0 || standing.is_service_user.0) {
        return Err(Error::not_found(format!(
            "assignee: {} is neither a member of the organization nor a service user of this project",
            quoted(assignee.as_str())
        )));
    }
    if !standing.object_exists.0 {
        return Err(role_assignments::object_not_found(resource_type, resource));
    }
    let verdict = decide(&question, &standing, assignment.as_ref());
    Response::ok(&PermissionCheck {
        allowed: verdict.is_ok(),
        permission: permission.name().to_owned(),
        resource: resource.to_owned(),
        resource_type: resource_type.to_owned(),
        assignment: assignment
            .filter(|_| verdict.is_ok() && !standing.is_admin.0)
            .map(RoleAssignmentList::from),
        by: verdict.as_ref().ok().cloned(),
        missing: verdict.err(),
        assignee: assignee.into(),
    })
}

/// What the caller may do in a project.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PermissionsMine {
    /// Permissions on the whole project.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<String>"))]
    pub project: JsonText,
    /// Permissions on single objects in it, besides those on the project; by at most 500 role assignments.
    pub objects: Vec<PermissionsOnObject>,
    /// Whether the caller is an admin of the organization, or the operator, and so has every permission.
    pub administers: bool,
}

/// What the caller may do on one object of a project.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PermissionsOnObject {
    /// Kind of object: `deployment` or `pipeline`.
    pub resource_type: String,
    /// Name of the object.
    pub resource: String,
    /// Permissions on the object.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<String>"))]
    pub permissions: JsonText,
}

/// `GET .../permissions/mine`: in one call what else would be a check for each permission.
pub(crate) async fn mine(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let caller = call.authority.principal().id().unwrap_or_default();
    let administers = call.is_organization_admin;
    let mut project = JsonText("[]".to_owned());
    let mut objects = Vec::new();
    if administers {
        let all: Vec<&str> = permissions::CATALOGUE
            .iter()
            .map(|one| one.name())
            .collect();
        project = JsonText(json::text(&all));
    } else {
        for held in permission_checks::held(call.connection, call.project(), caller).await? {
            match held.resource_type.as_str() {
                "project" => project = held.permissions,
                _ => objects.push(PermissionsOnObject {
                    resource_type: held.resource_type,
                    resource: held.resource,
                    permissions: held.permissions,
                }),
            }
        }
    }
    Response::ok(&PermissionsMine {
        project,
        objects,
        administers,
    })
}
