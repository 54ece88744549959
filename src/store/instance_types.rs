//! The price list: what an hour on each instance type costs.

use crate::domain::AnyId;
use crate::domain::credits::Credits;
use crate::domain::instance_type::InstanceTypeName;
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::connection::Connection;
use crate::store::rows::row;
use crate::store::texts::statements;

row! {
    /// An instance type with its price.
    #[derive(Debug, Clone)]
    pub struct InstanceType {
        /// Its name.
        pub name: String,
        /// What an hour costs, in millionths of a credit.
        pub credits_per_hour: i64,
    }
}

statements! {
    /// The price list, by name.
    LIST = "SELECT name, credits_per_hour FROM instance_types WHERE name > '' ORDER BY name";
    /// The permit for a price that is new or changes.
    PERMIT_PUT = permit!(":object_id",
        "(SELECT json_object('credits_per_hour', credits_per_hour / 1000000.0) FROM instance_types
          WHERE name = :object_name)",
        "#operator = 1 AND NOT EXISTS (SELECT 1 FROM instance_types
                                       WHERE name = :object_name AND credits_per_hour = #credits_per_hour)");
    /// The price.
    PUT = concat!(
        "INSERT INTO instance_types (name, credits_per_hour)
         SELECT :object_name, #credits_per_hour WHERE ", permitted!(), "
         ON CONFLICT (name) DO UPDATE SET credits_per_hour = excluded.credits_per_hour");
}

/// The price list, by name.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(connection: &Connection) -> Result<Vec<InstanceType>, Error> {
    connection
        .read(Parameters::new().batch([&LIST]))
        .await?
        .all(&LIST)
}

/// Sets a price. One that stands already is no change.
///
/// # Errors
/// 503 when the database fails.
pub async fn put(
    context: &ChangeContext<'_>,
    name: &InstanceTypeName,
    credits_per_hour: Credits,
) -> Result<(), Error> {
    let change = Change {
        action: Action::Update,
        object_type: "instance_type",
        object_id: AnyId::told(name.as_str()),
        object_name: name.as_str(),
        organization_id: None,
        project_id: None,
        after: Some(serde_json::json!({ "credits_per_hour": credits_per_hour })),
    };
    let parameters = change
        .parameters(context)
        .integer("credits_per_hour", credits_per_hour.as_millionths());
    context
        .connection
        .write(parameters.batch([&PERMIT_PUT, &PUT]))
        .await?;
    Ok(())
}
