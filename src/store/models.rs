//! The versions that are open to OpenAI's clients: those of their deployments that the caller may make requests to.

use crate::auth::access::Authority;
use crate::auth::permissions::DEPLOYMENTS_REQUESTS_CREATE;
use crate::domain::ProjectId;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::rows::{Flag, Millis, row};
use crate::store::slices::fits;
use crate::store::texts::statements;
use crate::web::response::LONGEST_BODY;

/// No model is listed in fewer bytes than this.
const SHORTEST: usize = 100;
/// So many versions are looked at: of more no answer could be made.
const MOST: i64 = (LONGEST_BODY / SHORTEST) as i64 + 1;

macro_rules! names {
    () => {
        "v.labels ->> '$.\"openai-model-names\"'"
    };
}

/// Versions whose label opens them. The permission counts on the project and on the deployment.
macro_rules! open_versions {
    () => {
        "FROM deployments d CROSS JOIN deployment_versions v ON v.deployment_id = d.id
         WHERE d.project_id = :project_id
           AND lower(trim(v.labels ->> '$.\"openai-compatible\"')) = 'true'
           AND (#holds_all = 1 OR EXISTS (
             SELECT 1 FROM role_assignments a JOIN role_permissions h ON h.role_id = a.role_id
             WHERE a.project_id = :project_id AND a.assignee_id = :principal_id AND h.permission = :permission
               AND (a.resource_type = 'project'
                    OR (a.resource_type = 'deployment' AND a.resource_id = d.id)))) "
    };
}

macro_rules! list_fits {
    () => {
        fits!(
            concat!("octet_length(coalesce(", names!(), ", '')) + 100"),
            concat!(open_versions!(), "LIMIT #limit")
        )
    };
}

statements! {
    /// They, by deployment and name.
    LIST = concat!(
        "SELECT d.name AS deployment, v.version, ", names!(), " AS names, v.creation_date ", open_versions!(), "AND ",
        list_fits!(), " ORDER BY d.name, v.version");
    /// Whether they fit an answer.
    FITS = concat!("SELECT ", list_fits!(), " AS fits");
}

row! {
    /// A version that is open to OpenAI's clients.
    #[derive(Debug)]
    pub struct OpenVersion {
        /// The name of its deployment.
        pub deployment: String,
        /// Its name.
        pub version: String,
        /// The label that names its models.
        pub names: Option<String>,
        /// When it was made.
        pub creation_date: Millis,
    }
}

row! {
    struct Fits {
        fits: Flag,
    }
}

/// The versions of a project that the caller may ask; an admin of its organization and the operator may ask all.
///
/// # Errors
/// 400 where they are too many; 503 when the database fails.
pub async fn list(
    connection: &Connection,
    authority: &Authority,
    holds_all: bool,
    project_id: &ProjectId,
) -> Result<Vec<OpenVersion>, Error> {
    let statements = Parameters::new()
        .text("project_id", project_id)
        .flag("holds_all", holds_all)
        .optional_text("principal_id", authority.principal().id())
        .text("permission", DEPLOYMENTS_REQUESTS_CREATE.name())
        .integer("limit", MOST)
        .batch([&LIST, &FITS]);
    let answers = connection.read(statements).await?;
    let Fits { fits } = answers.only(&FITS)?;
    match fits.0 {
        true => answers.all(&LIST),
        false => Err(too_many()),
    }
}

/// The refusal of a list that is longer than an answer may be: its clients ask for the whole (contract section 4).
#[must_use]
pub fn too_many() -> Error {
    Error::invalid(
        "the list of the models that you may ask would be longer than 8 MiB; it is shorter for who has the right to make \
         requests on fewer deployments",
    )
}
