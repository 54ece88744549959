//! Where a request's origin is listed: in its project, by its caller, by any service user of the project.

use crate::domain::{ProjectId, ServiceUserId};
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::rows::{Flag, row};
use crate::store::texts::statements;
use crate::web::cors::Listed;

macro_rules! origin_columns {
    () => {
        "EXISTS (SELECT 1 FROM project_origins o WHERE o.project_id = p.id AND o.origin = :origin) AS listed_by_project,
         EXISTS (SELECT 1 FROM service_user_origins o
                 WHERE o.project_id = p.id AND o.origin = :origin) AS listed_by_any_service_user"
    };
}
pub(crate) use origin_columns;

/// The same, and whether the caller `service_users s` lists it.
macro_rules! listed_columns {
    () => {
        concat!(
            $crate::store::first_trip::origin::origin_columns!(),
            ",
             EXISTS (SELECT 1 FROM service_user_origins o
                     WHERE o.project_id = p.id AND o.origin = :origin AND o.service_user_id = s.id) AS listed_by_caller"
        )
    };
}
pub(crate) use listed_columns;

statements! {
    /// Where an origin is listed, as a call by this service user would find it.
    ORIGIN_OF_SERVICE_USER = concat!(
        "SELECT ", listed_columns!(), ", :service_user IS NULL OR s.id IS NOT NULL AS found
         FROM projects p LEFT JOIN service_users s ON s.id = :service_user AND s.project_id = p.id WHERE p.id = :project_id");
    /// Where an origin is listed in the project of this name, for a request that shows no valid credential.
    ORIGIN_IN_PROJECT = concat!("SELECT ", origin_columns!(), " FROM projects p WHERE p.name = :project");
}

row! {
    /// Where an origin is listed, as a row says it.
    #[derive(Debug, Default)]
    pub struct ListedRow {
        listed_by_project: Option<Flag>,
        listed_by_caller: Option<Flag>,
        listed_by_any_service_user: Option<Flag>,
    }
}

impl From<&ListedRow> for Listed {
    fn from(row: &ListedRow) -> Self {
        let is = |flag: Option<Flag>| flag.unwrap_or_default().0;
        Self {
            by_project: is(row.listed_by_project),
            by_caller: is(row.listed_by_caller),
            by_any_service_user: is(row.listed_by_any_service_user),
        }
    }
}

/// Where an origin is listed in a project, as a call by this service user would find it; nothing, if there is no such service
/// user.
///
/// # Errors
/// 503 when the database fails.
pub async fn of_service_user(
    connection: &Connection,
    project_id: &ProjectId,
    service_user: Option<&ServiceUserId>,
    origin: &str,
) -> Result<Option<Listed>, Error> {
    row! {
        struct Found {
            found: Flag,
        }
    }
    let parameters = Parameters::new()
        .text("project_id", project_id)
        .optional_text("service_user", service_user)
        .text("origin", origin);
    let answers = connection
        .read(parameters.batch([&ORIGIN_OF_SERVICE_USER]))
        .await?;
    let (Found { found }, row): (_, ListedRow) = answers.only(&ORIGIN_OF_SERVICE_USER)?;
    Ok(found.0.then(|| Listed::from(&row)))
}

/// Where an origin is listed in the project of this name; nowhere, if there is no such project.
///
/// # Errors
/// 503 when the database fails.
pub async fn in_project(
    connection: &Connection,
    project: &str,
    origin: &str,
) -> Result<Listed, Error> {
    let parameters = Parameters::new()
        .text("project", project)
        .text("origin", origin);
    let row: Option<ListedRow> = connection
        .read(parameters.batch([&ORIGIN_IN_PROJECT]))
        .await?
        .first(&ORIGIN_IN_PROJECT)?;
    Ok(row.as_ref().map(Listed::from).unwrap_or_default())
}
