//! `/projects/{p}/users`: the people of a project (UbiOps spec 3.7).

use crate::domain::json::object;
use serde::Serialize;

use crate::api::{Call, OnProject};
use crate::domain::{Invalid, UserId, quoted};
use crate::error::Error;
use crate::store::project_users::{self, ProjectUser};
use crate::web::response::Response;

object! {
    /// The person to add to the project.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct ProjectUserCreate {
        /// Id of a member of the organization.
        pub user_id: UserId,
    }
}

/// A person or a service user of a project.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct ProjectUserList {
    /// Unique id of the person or service user.
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// First name of a person, once they have joined the organization, or the name of a service user.
    pub name: Option<String>,
    /// Family name of a person, once they have joined the organization.
    pub surname: Option<String>,
}

impl From<ProjectUser> for ProjectUserList {
    fn from(user: ProjectUser) -> Self {
        Self {
            id: user.id.into(),
            email: user.email,
            name: user.name,
            surname: user.surname,
        }
    }
}

/// Whom a list shows. UbiOps does not say which values its clients may send; these are ours.
enum UserType {
    People,
    ServiceUsers,
}

fn parse_user_type(text: &str) -> Result<UserType, Invalid> {
    match text {
        "user" => Ok(UserType::People),
        "service" => Ok(UserType::ServiceUsers),
        _ => Err(Invalid::new(format!(
            "{} is not a type of user; it is user or service",
            quoted(text)
        ))),
    }
}

/// `POST .../users`.
pub(crate) async fn create(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let body: ProjectUserCreate = call.body().await?;
    let created =
        project_users::create(&call.change_context()?, call.project(), &body.user_id).await?;
    Response::created(&ProjectUserList::from(created))
}

/// `GET .../users`.
pub(crate) async fn list(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let (connection, project) = (call.connection, call.project());
    let wanted = call.query.parsed("user_type", parse_user_type)?;
    let slice = call.slice()?;
    let users = match wanted.unwrap_or(UserType::People) {
        UserType::People => project_users::list_people(connection, project, &slice).await?,
        UserType::ServiceUsers => {
            project_users::list_service_users(connection, project, &slice).await?
        }
    };
    let listed = users.into_iter().map(ProjectUserList::from);
    Response::list(listed)
}

/// `GET .../users/{user_id}`.
pub(crate) async fn get(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let id: UserId = call.id("user_id");
    let found = project_users::get(call.connection, call.project(), &id).await?;
    Response::ok(&ProjectUserList::from(found))
}

/// `DELETE .../users/{user_id}`.
pub(crate) async fn delete(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let id: UserId = call.id("user_id");
    project_users::delete(&call.change_context()?, call.project(), &id).await?;
    Ok(Response::no_content())
}
