//! Run time of requests in the quotas of workspaces, in milliseconds, beside what is consumed in units of the resource.
//!
//! A workspace uses of a resource what was consumed and the units that the sum of its run time has begun: a thousand
//! requests of a second are 17 minutes and not a thousand (contract section 5.4). A request under way has leased some
//! more; so a consumption fits if it does beside all that is leased, and a lease if it does beside all that is consumed,
//! and the two of them never pass a quota. Leases are summed over the requests under way, at most 1,000 a project.
//!
//! Where there is no limit, as much is counted as a number holds. A resource whose unit is none of time has no run time.

/// How many milliseconds a unit of `quota_resources r` has; null where it is no unit of time.
macro_rules! unit_millis {
    () => {
        "CASE r.unit_en WHEN 'second' THEN 1000 WHEN 'minute' THEN 60000 WHEN 'hour' THEN 3600000 END"
    };
}
pub(crate) use unit_millis;

/// How many units of `quota_resources r` are begun by so many milliseconds, a fragment of SQL that is looked at only
/// where the unit is one of time.
macro_rules! units_begun {
    ($millis:expr) => {
        concat!(
            "iif(",
            $crate::store::run_time::unit_millis!(),
            " IS NULL, 0, (",
            $millis,
            " + ",
            $crate::store::run_time::unit_millis!(),
            " - 1) / ",
            $crate::store::run_time::unit_millis!(),
            ")"
        )
    };
}
pub(crate) use units_begun;

/// What is used of `quota_resources r`, with `workspace_quotas q` joined from the left.
macro_rules! used_of_quota {
    () => {
        concat!(
            "min(9007199254740991, coalesce(q.used, 0) + ",
            $crate::store::run_time::units_begun!("coalesce(q.run_time, 0)"),
            ")"
        )
    };
}
pub(crate) use used_of_quota;

/// The limit of a quota, with the joins of [`used_of_quota`].
macro_rules! limit_of_quota {
    () => {
        "CASE coalesce(q.quota, r.default_quota) WHEN -1 THEN 9007199254740991
              ELSE coalesce(q.quota, r.default_quota) END"
    };
}
pub(crate) use limit_of_quota;

/// The milliseconds that a workspace's quota of `quota_resources r` has left, with the joins of [`used_of_quota`]: 0 or
/// less where it is used up; null where there is no limit, no such resource, or its unit is none of time.
macro_rules! quota_left {
    () => {
        concat!(
            "(CASE coalesce(q.quota, r.default_quota) WHEN -1 THEN NULL
              ELSE min(max(",
            $crate::store::run_time::limit_of_quota!(),
            " - coalesce(q.used, 0), 0), 9007199254740991 / ",
            $crate::store::run_time::unit_millis!(),
            ") * ",
            $crate::store::run_time::unit_millis!(),
            " - coalesce(q.run_time, 0) END)"
        )
    };
}
pub(crate) use quota_left;

/// Whether a record is under way, as the index of these rows has it.
macro_rules! under_way {
    ($table:literal) => {
        concat!($table, "status IN ('processing', 'cancelled_pending')")
    };
    () => {
        "status IN ('processing', 'cancelled_pending')"
    };
}
pub(crate) use under_way;

/// Some of the projects that have requests which wait, in a round that begins at `:first`: `projects_that_wait!(<how many>)`.
macro_rules! projects_that_wait {
    ($most:literal) => {
        concat!(
            "projects_that_wait (id) AS (
           SELECT coalesce((SELECT min(project_id) FROM requests WHERE status = 'pending' AND project_id >= :first),
                           (SELECT min(project_id) FROM requests WHERE status = 'pending'))
           UNION SELECT coalesce(
               (SELECT min(r.project_id) FROM requests r WHERE r.status = 'pending' AND r.project_id > projects_that_wait.id),
               (SELECT min(r.project_id) FROM requests r WHERE r.status = 'pending'))
             FROM projects_that_wait WHERE id IS NOT NULL LIMIT ",
            $most,
            "
         )"
        )
    };
}
pub(crate) use projects_that_wait;

/// Whether a record under way goes on at its upstream alone, which sends its result later.
macro_rules! comes_later {
    ($table:literal) => {
        concat!(
            "(",
            $table,
            "claim_id IS NULL AND ",
            $table,
            "result_deadline IS NOT NULL)"
        )
    };
}
pub(crate) use comes_later;

/// What ends such a record of `requests` now, as far as its condition holds: nothing more is leased, and no result is taken
/// for it any more. The next scheduled run settles it.
macro_rules! stops_now {
    ($condition:expr) => {
        concat!(
            "lease_end = iif(",
            $condition,
            ", max(time_started, min(lease_end, #now)), lease_end),
             result_deadline = iif(",
            $condition,
            ", #now, result_deadline)"
        )
    };
}
pub(crate) use stops_now;

/// The milliseconds that requests under way have leased of a resource: `leased_time!(workspace, resource)`, each a
/// fragment of SQL.
macro_rules! leased_time {
    ($workspace:expr, $resource:expr) => {
        concat!(
            "(SELECT coalesce(sum(u.leased_time), 0) FROM requests u
              WHERE u.organization_id = :organization_id AND u.project_id = :project_id AND ",
            $crate::store::run_time::under_way!("u."),
            " AND u.workspace_id = ",
            $workspace,
            " AND u.quota_resource = ",
            $resource,
            ")"
        )
    };
}
pub(crate) use leased_time;

/// Whether `requests r` run in the same quota as what is named.
macro_rules! same_quota {
    ($as:literal) => {
        concat!(
            "r.project_id = ",
            $as,
            ".project_id AND r.workspace_id = ",
            $as,
            ".workspace_id AND r.quota_resource = ",
            $as,
            ".quota_resource"
        )
    };
}
pub(crate) use same_quota;

/// Adds what a set of requests ran to what their workspaces have used: `count_run_time!(<milliseconds>, <requests r>)`,
/// each a fragment of SQL. A workspace that was deleted meanwhile counts nothing and is in nobody's way.
macro_rules! count_run_time {
    ($milliseconds:expr, $of:expr) => {
        concat!(
            "INSERT INTO workspace_quotas (project_id, workspace_id, resource, organization_id, used, run_time)
             SELECT r.project_id, r.workspace_id, r.quota_resource, r.organization_id, 0, sum(",
            $milliseconds,
            ")
             FROM requests r JOIN workspaces w ON w.project_id = r.project_id AND w.id = r.workspace_id
             WHERE ",
            $of,
            " GROUP BY 1, 2, 3, 4
             ON CONFLICT (project_id, workspace_id, resource)
              DO UPDATE SET run_time = min(9007199254740991, run_time + excluded.run_time)"
        )
    };
}
pub(crate) use count_run_time;

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use rusqlite::types::Value;
    use testkit::schema;

    use crate::sql::{Sql, alone};

    const GPU: &str = "exemlProject.gpu_duration";
    const MOST: i64 = 9_007_199_254_740_991;

    alone!(
        LEFT = concat!(
            "SELECT (SELECT ",
            quota_left!(),
            " FROM quota_resources r LEFT JOIN workspace_quotas q ON q.project_id = :project_id
                AND q.workspace_id = :workspace_id AND q.resource = r.resource
              WHERE r.resource = :resource)"
        )
    );
    alone!(LEASED = concat!("SELECT ", leased_time!(":workspace_id", ":resource")));

    /// A project with its workspace '0'.
    fn world() -> Connection {
        let connection = schema::fresh();
        connection
            .execute_batch(
                "PRAGMA foreign_keys = OFF;
                 INSERT INTO projects (id, organization_id, name, creation_date, advanced_permissions, cors_origins, labels)
                 VALUES ('project', 'organization', 'x', 0, 0, '[]', '{}');
                 PRAGMA foreign_keys = ON",
            )
            .unwrap();
        connection
    }

    fn quota(connection: &Connection, quota: i64, used: i64, run_time: i64) {
        connection
            .execute(
                "INSERT OR REPLACE INTO workspace_quotas (project_id, workspace_id, resource, organization_id, quota, used,
                                                          run_time)
                 VALUES ('project', '0', ?1, 'organization', ?2, ?3, ?4)",
                (GPU, quota, used, run_time),
            )
            .unwrap();
    }

    fn values(sql: &Sql, resource: &str) -> Vec<Value> {
        let value = |name: &str| match name {
            "workspace_id" => "0".to_owned().into(),
            "resource" => resource.to_owned().into(),
            name => name.trim_end_matches("_id").to_owned().into(),
        };
        let parameters = sql.prepared().parameters.iter();
        parameters.map(|parameter| value(parameter.name)).collect()
    }

    fn asked(connection: &Connection, sql: &Sql, resource: &str) -> Option<i64> {
        let values = rusqlite::params_from_iter(values(sql, resource));
        connection
            .query_row(&sql.prepared().text, values, |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn what_is_left_is_the_limit_less_what_was_consumed_and_what_has_run() {
        let connection = world();
        for (limit, used, run_time, left) in [
            (10, 0, 0, 600_000),
            (10, 3, 1, 419_999),
            (10, 10, 0, 0),
            (10, 10, 1, -1),
            (10, MOST, 0, 0),
            (0, 0, 0, 0),
            (MOST, 0, 0, MOST / 60_000 * 60_000),
        ] {
            quota(&connection, limit, used, run_time);
            assert_eq!(asked(&connection, &LEFT, GPU), Some(left), "{limit} {used}");
        }
        quota(&connection, -1, 5, 1);
        assert_eq!(asked(&connection, &LEFT, GPU), None);
        // Nobody has set it: the catalogue's default, which is no limit.
        assert_eq!(asked(&connection, &LEFT, "trainJob.gpu_duration"), None);
        assert_eq!(asked(&connection, &LEFT, "service.instance_count"), None);
        assert_eq!(asked(&connection, &LEFT, "unknown"), None);
    }

    #[test]
    fn leases_are_read_from_the_index_of_what_is_under_way_alone() {
        let connection = world();
        let explain = format!("EXPLAIN QUERY PLAN {}", LEASED.prepared().text);
        let mut explain = connection.prepare(&explain).unwrap();
        let values = rusqlite::params_from_iter(values(&LEASED, GPU));
        let plan = explain.query_map(values, |row| row.get("detail")).unwrap();
        let plan: Vec<String> = plan.map(Result::unwrap).collect();
        let read =
            "SEARCH u USING COVERING INDEX requests_under_way (organization_id=? AND project_id=?)";
        assert!(plan.iter().any(|step| step == read), "{plan:?}");
    }
}
