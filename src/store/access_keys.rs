//! Access keys of service users: what requests on the ModelArts-compatible surface are signed with.
//!
//! A row is the key's id and the generation of its secret, which is derived and never stored. Making one hands out
//! what the service user can do, so it asks that the caller can do all of it, and at most five can be there: both in the
//! permit. That a key does not outlive its maker needs no rule there: only people make any, and they have no expiry date.
//! A key ends with its row, and with its service user's.

use crate::domain::invalid::quoted;
use crate::domain::time::Timestamp;
use crate::domain::{AccessKeyId, ServiceUserId};
use crate::error::Error;
use crate::sql::rules;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::connection::Connection;
use crate::store::projects::{self, Project};
use crate::store::rights::caller_may;
use crate::store::rows::{Flag, Millis, row};
use crate::store::service_users;
use crate::store::service_users::statements::{
    caller_enters_what_it_enters, caller_holds_what_it_holds, service_user_exists,
    service_user_lives,
};
use crate::store::subscriptions::{self, subscription_runs};
use crate::store::texts::statements;

/// The generation of a secret that is new.
pub const FIRST_GENERATION: i64 = 1;

row! {
    /// An access key.
    #[derive(Debug, Clone)]
    pub struct AccessKey {
        /// Its id.
        pub access_key: AccessKeyId,
        /// When it was made.
        pub creation_date: Millis,
    }
}

/// At most five, counted where nothing can come between (contract section 6).
macro_rules! has_room {
    () => {
        "(SELECT count(*) FROM access_keys WHERE service_user_id = :object_id) < 5"
    };
}

macro_rules! access_key_exists {
    () => {
        "EXISTS (SELECT 1 FROM access_keys k JOIN service_users s ON s.id = k.service_user_id
                 WHERE k.id = :access_key AND s.id = :object_id AND s.project_id = :project_id)"
    };
}

statements! {
    /// The access keys of a service user, oldest first.
    LIST = "SELECT k.id AS access_key, k.creation_date FROM service_users s JOIN access_keys k ON k.service_user_id = s.id
            WHERE s.id = :object_id AND s.project_id = :project_id ORDER BY k.creation_date, k.id";
    /// Whether there is the service user whose keys are listed.
    FOUND = concat!("SELECT ", service_user_exists!(), " AS found");
    /// The permit for an access key.
    PERMIT_CREATE = permit!(":object_id", "NULL", rules! {
        may: caller_may!(),
        lives: service_user_lives!(),
        covers: caller_holds_what_it_holds!(),
        enters: caller_enters_what_it_enters!(),
        subscription_runs: subscription_runs!(),
        has_room: has_room!();
        found: service_user_exists!(),
    });
    /// The access key itself.
    INSERT = concat!(
        "INSERT INTO access_keys (id, organization_id, service_user_id, generation, creation_date)
         SELECT :access_key, :organization_id, :object_id, #generation, #now WHERE ", permitted!());
    /// The permit to delete an access key.
    PERMIT_DELETE = permit!(":object_id", "json_object('access_key', :access_key)", rules! {
        may: caller_may!(),
        key_found: access_key_exists!();
        found: service_user_exists!(),
    });
    /// The access key.
    DELETE = concat!("DELETE FROM access_keys WHERE id = :access_key AND ", permitted!());
}

/// The access keys of a service user, oldest first.
///
/// # Errors
/// 404; 503 when the database fails.
pub async fn list(
    connection: &Connection,
    project: &Project,
    service_user: &ServiceUserId,
) -> Result<Vec<AccessKey>, Error> {
    row! {
        struct Found {
            found: Flag,
        }
    }
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .text("object_id", service_user);
    let answers = connection.read(parameters.batch([&LIST, &FOUND])).await?;
    let found: Found = answers.only(&FOUND)?;
    if !found.found.0 {
        return Err(service_users::not_found(service_user));
    }
    answers.all(&LIST)
}

/// Makes an access key; answers when.
///
/// # Errors
/// 400 for the sixth, and for a service user that has expired; 403 when the caller cannot do all that it can, under a
/// subscription that has ended, or for a right lost meanwhile; 404; 503 when the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    project: &Project,
    service_user: &ServiceUserId,
    access_key: &AccessKeyId,
) -> Result<Timestamp, Error> {
    let change = Change {
        after: Some(serde_json::json!({ "access_key": access_key.as_str() })),
        ..change_of(project, service_user, access_key, Action::Create)
    };
    let statements = change
        .parameters(context)
        .text("access_key", access_key)
        .integer("generation", FIRST_GENERATION)
        .batch([&PERMIT_CREATE, &INSERT]);
    context.connection.write(statements).await?.done_or(&[
        ("found", &|| service_users::not_found(service_user)),
        ("may", &|| projects::lacks(context.authority)),
        ("lives", &|| service_users::expired("given an access key")),
        ("covers", &service_users::not_held),
        ("enters", &service_users::not_entered),
        ("subscription_runs", &subscriptions::ended),
        ("has_room", &|| {
            Error::invalid("access_key: a service user has at most 5 access keys; delete one first")
        }),
    ])?;
    Ok(context.now)
}

/// Deletes an access key; what is signed with it is 401 from the next request on.
///
/// # Errors
/// 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    project: &Project,
    service_user: &ServiceUserId,
    access_key: &AccessKeyId,
) -> Result<(), Error> {
    let statements = change_of(project, service_user, access_key, Action::Delete)
        .parameters(context)
        .text("access_key", access_key)
        .batch([&PERMIT_DELETE, &DELETE]);
    context.connection.write(statements).await?.done_or(&[
        ("found", &|| service_users::not_found(service_user)),
        ("may", &|| projects::lacks(context.authority)),
        ("key_found", &|| {
            let key = quoted(access_key.as_str());
            Error::not_found(format!("this service user has no access key {key}"))
        }),
    ])
}

fn change_of<'a>(
    project: &'a Project,
    service_user: &'a ServiceUserId,
    access_key: &'a AccessKeyId,
    action: Action,
) -> Change<'a> {
    let object_type = "service_user_access_key";
    project.change(action, object_type, service_user.any(), access_key.as_str())
}
