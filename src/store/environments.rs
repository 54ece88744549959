//! The environments that versions name: nothing is built here, so an environment is a name, and a tag of it another.
//!
//! A version names its environment in one of two settings, as its client knows them. An index over each is gone through
//! name by name, so the work is that of what is shown, however many versions share a name.

use crate::domain::quoted;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::projects::Project;
use crate::store::rows::{Flag, row};
use crate::store::slices::{Listing, Slice};
use crate::store::texts::statements;

/// The environment of a version that names none (contract section 5.1): every project has it.
pub const EXTERNAL: &str = "external";
/// The tag of an environment of which no version names one.
pub const LATEST: &str = "latest";

/// The next name behind another, `$than` it or from it on, of one of the two settings.
macro_rules! next_of {
    ($setting:literal, $behind:expr) => {
        concat!(
            "(SELECT min(settings ->> '$.",
            $setting,
            "') FROM deployment_versions
              WHERE project_id = :project_id AND settings ->> '$.",
            $setting,
            "' > ",
            $behind,
            ")"
        )
    };
}

/// The next name behind another: null where there is none. `external` is one of them.
macro_rules! next {
    ($behind:expr) => {
        concat!(
            "(SELECT min(name) FROM (SELECT ",
            next_of!("environment", $behind),
            " AS name UNION ALL SELECT ",
            next_of!("environment_name", $behind),
            " UNION ALL SELECT 'external' WHERE 'external' > ",
            $behind,
            "))"
        )
    };
}

/// Whether a version names it, or the tag of it that is given.
macro_rules! is_named {
    ($name:expr $(, $tag:expr)?) => {
        concat!(
            "(EXISTS (SELECT 1 FROM deployment_versions WHERE project_id = :project_id
                      AND settings ->> '$.environment' = ", $name,
            $(" AND settings ->> '$.environment_tag' = ", $tag,)? ")
              OR EXISTS (SELECT 1 FROM deployment_versions WHERE project_id = :project_id
                         AND settings ->> '$.environment_name' = ", $name,
            $(" AND settings ->> '$.environment_tag' = ", $tag,)? "))"
        )
    };
}

/// The first tag that a version names with it in one of the two settings.
macro_rules! first_tag {
    ($setting:literal) => {
        concat!(
            "(SELECT min(settings ->> '$.environment_tag') FROM deployment_versions
              WHERE project_id = :project_id AND settings ->> '$.",
            $setting,
            "' = :name)"
        )
    };
}

statements! {
    /// The names, in their order.
    LIST = concat!(
        "WITH RECURSIVE names (name) AS (
           SELECT ", next!("coalesce(:after, '')"), "
           UNION ALL SELECT ", next!("names.name"), " FROM names WHERE names.name IS NOT NULL LIMIT #limit)
         SELECT name FROM names WHERE name IS NOT NULL");
    /// Whether there is one of the name behind which the list is to go on.
    KNOWS = concat!("SELECT (:after = 'external' OR ", is_named!(":after"), ") AS known");
    /// Whether there is one of this name, and the first of the tags that versions name with it.
    GET = concat!(
        "SELECT (:name = 'external' OR ", is_named!(":name"), ") AS known,
                coalesce(", first_tag!("environment"), ", ", first_tag!("environment_name"), ", 'latest') AS tag,
                ", is_named!(":name", ":tag"), " AS names_tag");
}

/// The names of the project's environments, in their order.
///
/// # Errors
/// 400 for a slice behind what is not in the list; 503 when the database fails.
pub async fn list(
    connection: &Connection,
    project: &Project,
    slice: &Slice,
) -> Result<Vec<String>, Error> {
    row! {
        struct Row {
            name: String,
        }
    }
    let listing = Listing::new(&LIST, &KNOWS);
    let parameters = Parameters::new().text("project_id", &project.project_id);
    let rows: Vec<Row> = slice.read(connection, listing, parameters).await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// The tag of an environment: the one that is asked for, else the one that is listed.
///
/// # Errors
/// 404 for an environment or a tag that no version names; 503 when the database fails.
pub async fn tag(
    connection: &Connection,
    project: &Project,
    name: &str,
    tag: Option<&str>,
) -> Result<String, Error> {
    row! {
        struct Row {
            known: Flag,
            tag: String,
            names_tag: Flag,
        }
    }
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .text("name", name)
        .optional_text("tag", tag);
    let found: Row = connection
        .read(parameters.batch([&GET]))
        .await?
        .only(&GET)?;
    if !found.known.0 {
        return Err(Error::not_found(format!(
            "no version in this project names the environment {}",
            quoted(name)
        )));
    }
    match tag {
        None => Ok(found.tag),
        Some(tag) if found.names_tag.0 || tag == LATEST => Ok(tag.to_owned()),
        Some(tag) => Err(Error::not_found(format!(
            "no version in this project names the tag {} of the environment {}",
            quoted(tag),
            quoted(name)
        ))),
    }
}
