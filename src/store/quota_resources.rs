//! The catalogue of quota resources, which belongs to the operator.
//!
//! A change of it shows at once in every workspace that has no quota of its own; a quota that somebody has set stays
//! as it is, even outside new bounds, until it is set again.

use serde_json::json;

use crate::domain::{AnyId, QuotaBounds, QuotaResourceName};
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::connection::Connection;
use crate::store::rows::row;
use crate::store::texts::statements;

row! {
    /// A resource that can be limited.
    #[derive(Debug, Clone)]
    pub struct QuotaResource {
        /// Its id.
        pub resource: String,
        /// Its name in English.
        pub name_en: String,
        /// Its name in Chinese.
        pub name_cn: String,
        /// Its unit in English.
        pub unit_en: String,
        /// Its unit in Chinese.
        pub unit_cn: String,
        /// The least that a quota of it may be.
        pub min_quota: i64,
        /// The most.
        pub max_quota: i64,
        /// What it is where nobody has set it.
        pub default_quota: i64,
    }
}

macro_rules! select_resource {
    () => {
        "SELECT resource, name_en, name_cn, unit_en, unit_cn, min_quota, max_quota, default_quota
         FROM quota_resources "
    };
}

macro_rules! changes_something {
    () => {
        "NOT EXISTS (
            SELECT 1 FROM quota_resources
            WHERE resource = :object_id AND name_en = :name_en AND name_cn = :name_cn AND unit_en = :unit_en
              AND unit_cn = :unit_cn AND min_quota = #min_quota AND max_quota = #max_quota
              AND default_quota = #default_quota)"
    };
}

statements! {
    /// The catalogue, in its order.
    LIST = concat!(select_resource!(), "WHERE position > 0 ORDER BY position");
    /// The permit for a resource that is new or changes: the operator's alone.
    PERMIT_SET = permit!(
        ":object_id",
        "(SELECT json_object('name_en', name_en, 'name_cn', name_cn, 'unit_en', unit_en, 'unit_cn', unit_cn,
                             'min_quota', min_quota, 'max_quota', max_quota, 'default_quota', default_quota)
          FROM quota_resources WHERE resource = :object_id)",
        concat!("#operator = 1 AND ", changes_something!()));
    /// The resource; a new one goes to the end.
    SET = concat!(
        "INSERT INTO quota_resources (resource, position, name_en, name_cn, unit_en, unit_cn, min_quota, max_quota,
                                      default_quota)
         SELECT :object_id, 1 + coalesce((SELECT max(position) FROM quota_resources), 0), :name_en, :name_cn, :unit_en,
                :unit_cn, #min_quota, #max_quota, #default_quota
         WHERE ", permitted!(), "
         ON CONFLICT (resource) DO UPDATE SET
           name_en = excluded.name_en, name_cn = excluded.name_cn, unit_en = excluded.unit_en,
           unit_cn = excluded.unit_cn, min_quota = excluded.min_quota, max_quota = excluded.max_quota,
           default_quota = excluded.default_quota");
    /// The resource as it is now.
    GET = concat!(select_resource!(), "WHERE resource = :object_id");
}

/// The catalogue, in its order.
///
/// # Errors
/// 503 when the database fails.
pub async fn list(connection: &Connection) -> Result<Vec<QuotaResource>, Error> {
    connection
        .read(Parameters::new().batch([&LIST]))
        .await?
        .all(&LIST)
}

/// The names and units of a resource.
pub struct Labels<'a> {
    /// Its name in English.
    pub name_en: &'a str,
    /// Its name in Chinese.
    pub name_cn: &'a str,
    /// Its unit in English.
    pub unit_en: &'a str,
    /// Its unit in Chinese.
    pub unit_cn: &'a str,
}

/// Sets a resource, all of it. One that stands already is no change.
///
/// # Errors
/// 503 when the database fails.
pub async fn set(
    context: &ChangeContext<'_>,
    resource: &QuotaResourceName,
    labels: &Labels<'_>,
    bounds: QuotaBounds,
) -> Result<QuotaResource, Error> {
    let change = Change {
        action: Action::Update,
        object_type: "quota_resource",
        object_id: AnyId::told(resource.as_str()),
        object_name: resource.as_str(),
        organization_id: None,
        project_id: None,
        after: Some(json!({
            "name_en": labels.name_en, "name_cn": labels.name_cn,
            "unit_en": labels.unit_en, "unit_cn": labels.unit_cn,
            "min_quota": bounds.min, "max_quota": bounds.max, "default_quota": bounds.default,
        })),
    };
    let statements = change
        .parameters(context)
        .text("name_en", labels.name_en)
        .text("name_cn", labels.name_cn)
        .text("unit_en", labels.unit_en)
        .text("unit_cn", labels.unit_cn)
        .integer("min_quota", bounds.min)
        .integer("max_quota", bounds.max)
        .integer("default_quota", bounds.default)
        .batch([&PERMIT_SET, &SET, &GET]);
    context.connection.write(statements).await?.only(&GET)
}
