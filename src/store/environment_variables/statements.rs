//! The SQL of environment variables: each rule once, for the variables of a project, a deployment and a version.
//!
//! A place is named by `:place_id`, and by `:deployment_id` and `:version_id`, which are null where it is above them.

use crate::sql::rules;
use crate::store::audit::{permit, permitted};
use crate::store::first_trip::rider::caller_is_known;
use crate::store::rights::{caller_may_on_target, caller_still};
use crate::store::texts::statements;

/// What shows a variable, from `environment_variables v`: of a secret never its value.
macro_rules! shown_columns {
    () => {
        "v.id, v.name, v.secret, iif(v.secret = 1, NULL, v.value) AS value, v.hosts"
    };
}

macro_rules! place_exists {
    () => {
        "CASE WHEN :version_id IS NOT NULL THEN EXISTS (SELECT 1 FROM deployment_versions WHERE id = :version_id)
              WHEN :deployment_id IS NOT NULL THEN EXISTS (SELECT 1 FROM deployments WHERE id = :deployment_id)
              ELSE EXISTS (SELECT 1 FROM projects WHERE id = :project_id) END"
    };
}

macro_rules! variable_exists {
    () => {
        "EXISTS (SELECT 1 FROM environment_variables WHERE id = :object_id AND place_id = :place_id)"
    };
}

macro_rules! name_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM environment_variables
                     WHERE place_id = :place_id AND name = :name AND id <> :object_id)"
    };
}

macro_rules! has_room {
    () => {
        "(SELECT count(*) FROM environment_variables WHERE place_id = :place_id) < #max_variables"
    };
}

/// The host of an address in its serialised form. What has user information or another mark of its own comes out as a name
/// that no upstream has, so that a secret rather stays than goes.
macro_rules! host_of {
    ($url:literal) => {
        concat!(
            "iif(substr(",
            $url,
            ", instr(",
            $url,
            ", '://') + 3, 1) = '[',
                 substr(",
            $url,
            ", instr(",
            $url,
            ", '://') + 3, instr(",
            $url,
            ", ']') - instr(",
            $url,
            ", '://') - 2),
                 substr(",
            $url,
            ", instr(",
            $url,
            ", '://') + 3, length(",
            $url,
            ") - instr(",
            $url,
            ", '://') - 2
                   - length(ltrim(substr(",
            $url,
            ", instr(",
            $url,
            ", '://') + 3),
                                  'abcdefghijklmnopqrstuvwxyz0123456789.-_'))))"
        )
    };
}

/// The hosts of the upstreams that name the variable and find it at this place, a hundred at most, as a JSON array.
macro_rules! named_by_hosts {
    ($name:literal) => {
        concat!(
            "(SELECT json_group_array(host) FROM (
                SELECT DISTINCT ", host_of!("url.value"), " AS host
                FROM upstreams u JOIN deployment_versions w ON w.id = u.version_id
                JOIN json_each(json_array(u.upstream_url, u.base_url)) url
                WHERE u.version_id IN (
                    SELECT :version_id WHERE :version_id IS NOT NULL
                    UNION ALL SELECT id FROM deployment_versions
                              WHERE deployment_id = :deployment_id AND :version_id IS NULL
                    UNION ALL SELECT version_id FROM upstreams WHERE project_id = :project_id AND :deployment_id IS NULL)
                  AND EXISTS (SELECT 1 FROM json_each(u.variables) WHERE value = ", $name, ")
                  AND NOT EXISTS (SELECT 1 FROM environment_variables n
                                  WHERE n.place_id = u.version_id AND n.name = ", $name, " AND :version_id IS NULL)
                  AND NOT EXISTS (SELECT 1 FROM environment_variables n
                                  WHERE n.place_id = w.deployment_id AND n.name = ", $name, " AND :deployment_id IS NULL)
                  AND url.value IS NOT NULL
                ORDER BY host LIMIT 100))"
        )
    };
}

/// Whether the change leaves the hosts to the writer's word.
macro_rules! new_hosts_given {
    () => {
        "iif(#sets_hosts = 1, :hosts IS NOT NULL, hosts_given)"
    };
}

/// The hosts with the change: what the writer says, or has said; else those that name the secret, looked for when it is set
/// and when the writer takes back their word.
macro_rules! new_hosts {
    () => {
        concat!(
            "CASE WHEN #sets_hosts = 1 AND :hosts IS NOT NULL THEN :hosts
                  WHEN #sets_hosts = 0 AND hosts_given = 1 THEN hosts
                  WHEN #secret = 0 THEN NULL
                  WHEN #sets_hosts = 1 OR :value IS NOT NULL THEN ",
            named_by_hosts!(":name"),
            " ELSE hosts END"
        )
    };
}

/// Whether name and secrecy are still those that a new value was sealed for.
macro_rules! is_as_read {
    () => {
        "EXISTS (SELECT 1 FROM environment_variables WHERE id = :object_id AND place_id = :place_id
                 AND name = :read_name AND secret = #read_secret)"
    };
}

/// Whether the change comes to something. A secret that is set is: what it was is not looked at.
macro_rules! changes_something {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM environment_variables WHERE id = :object_id AND (
               name <> :name OR secret <> #secret OR (:value IS NOT NULL AND (#secret = 1 OR value <> :value))
               OR hosts_given <> ", new_hosts_given!(), " OR hosts IS NOT ", new_hosts!(), "))"
        )
    };
}

/// The state before a change, for the trail: never the value of what is or becomes a secret.
macro_rules! variable_before {
    ($becomes_secret:literal) => {
        concat!(
            "(SELECT json_object('name', name, 'value', iif(secret = 1 OR ", $becomes_secret, ", NULL, value),
                                 'secret', json(iif(secret = 1, 'true', 'false')), 'hosts', json(hosts))
              FROM environment_variables WHERE id = :object_id)"
        )
    };
}

/// The deployment that a copy is made from.
macro_rules! source_deployment {
    () => {
        "(SELECT id FROM deployments WHERE project_id = :project_id AND name = :source_deployment)"
    };
}

/// The version of it that a copy is made from; none where the deployment itself is the source.
macro_rules! source_version {
    () => {
        concat!(
            "(SELECT id FROM deployment_versions WHERE deployment_id = ",
            source_deployment!(),
            " AND version = :source_version)"
        )
    };
}

macro_rules! source_place {
    () => {
        concat!(
            "iif(:source_version IS NULL, ",
            source_deployment!(),
            ", ",
            source_version!(),
            ")"
        )
    };
}

/// Whether the caller may read the variables that a copy is made from.
macro_rules! caller_may_read_source {
    () => {
        caller_still!(concat!(
            "EXISTS (SELECT 1 FROM held_permissions WHERE principal_id = :principal_id
                     AND project_id = :project_id AND permission = :source_permission
                     AND (resource_type = 'project' OR (resource_type = 'deployment' AND resource_id = ",
            source_deployment!(), ")))"
        ))
    };
}

/// Whether what is copied is there still, as far as it was sealed for its new place.
macro_rules! source_is_as_read {
    () => {
        "(SELECT count(*) FROM json_each(:copied) c JOIN environment_variables s ON s.id = c.value ->> 'source_id'
          WHERE s.place_id = :source_id AND s.name = c.value ->> 'name'
            AND s.secret = (c.value ->> 'key_id' IS NOT NULL)) = json_array_length(:copied)"
    };
}

macro_rules! has_room_for_copies {
    () => {
        "((SELECT count(*) FROM environment_variables WHERE place_id = :place_id
             AND name NOT IN (SELECT value ->> 'name' FROM json_each(:copied)))
          + json_array_length(:copied) <= #max_variables)"
    };
}

statements! {
    /// The version in the path, on the first trip.
    VERSION_RIDING = concat!(
        "SELECT v.id FROM projects p JOIN deployments d ON d.project_id = p.id AND d.name = :deployment
         JOIN deployment_versions v ON v.deployment_id = d.id AND v.version = :version
         WHERE p.name = :project AND ", caller_is_known!());
    /// The variable in the path, on the first trip, with the place where it stands.
    VARIABLE_RIDING = concat!(
        "SELECT v.place_id, ", shown_columns!(), " FROM environment_variables v
         WHERE v.id = :variable_id AND ", caller_is_known!());
    /// The variables of a place with those that it inherits, by name; of one name the nearest.
    LIST = concat!(
        "SELECT ", shown_columns!(), ",
                CASE v.place_id WHEN :place_id THEN NULL WHEN :project_id THEN 'project' ELSE 'deployment' END AS inheritance_type,
                CASE v.place_id WHEN :place_id THEN NULL WHEN :project_id THEN :project_name ELSE :deployment_name END
                  AS inheritance_name
         FROM environment_variables v
         WHERE v.place_id IN (:project_id, :deployment_id, :version_id) AND v.name > coalesce(:after, '')
           AND (v.place_id = :place_id OR NOT EXISTS (
                  SELECT 1 FROM environment_variables n WHERE n.place_id = :place_id AND n.name = v.name))
           AND (v.place_id <> :project_id OR NOT EXISTS (
                  SELECT 1 FROM environment_variables n WHERE n.place_id = :deployment_id AND n.name = v.name))
         ORDER BY v.name LIMIT #limit");
    /// Whether there is one of the name behind which the list is to go on.
    KNOWS = "SELECT EXISTS (SELECT 1 FROM environment_variables
                            WHERE place_id IN (:project_id, :deployment_id, :version_id) AND name = :after) AS known";
    /// One variable.
    GET = concat!("SELECT ", shown_columns!(), " FROM environment_variables v WHERE v.id = :object_id");
    /// The permit for a new variable.
    PERMIT_CREATE = permit!(":object_id", "NULL", rules! {
        found: place_exists!(),
        may: caller_may_on_target!(),
        name_is_free: name_is_free!(),
        has_room: has_room!(),
    });
    /// The variable itself.
    INSERT = concat!(
        "INSERT INTO environment_variables (place_id, name, id, organization_id, project_id, deployment_id, version_id, value,
                                            secret, key_id, hosts, hosts_given)
         SELECT :place_id, :name, :object_id, :organization_id, :project_id, :deployment_id, :version_id, :value, #secret,
                :key_id, CASE WHEN :hosts IS NOT NULL THEN :hosts WHEN #secret = 1 THEN ", named_by_hosts!(":name"), " END,
                :hosts IS NOT NULL
         WHERE ", permitted!());
    /// The permit to change a variable.
    PERMIT_UPDATE = permit!(":object_id", variable_before!("#secret = 1"), rules! {
        found: variable_exists!(),
        may: caller_may_on_target!(),
        is_as_read: is_as_read!(),
        name_is_free: name_is_free!(),
        changes: changes_something!(),
    });
    /// The change.
    UPDATE = concat!(
        "UPDATE environment_variables SET name = :name, value = coalesce(:value, value), secret = #secret,
           key_id = iif(:value IS NULL, key_id, :key_id), hosts = ", new_hosts!(), ", hosts_given = ", new_hosts_given!(), "
         WHERE id = :object_id AND ", permitted!());
    /// The permit to delete a variable.
    PERMIT_DELETE = permit!(":object_id", variable_before!("0"), rules! {
        found: variable_exists!(),
        may: caller_may_on_target!(),
    });
    /// The variable.
    DELETE = concat!("DELETE FROM environment_variables WHERE id = :object_id AND ", permitted!());
    /// What a copy is made from, and whether the caller may read it.
    SOURCE = concat!(
        "SELECT ", source_deployment!(), " AS deployment_id, ", source_place!(), " AS place_id, ",
        caller_may_read_source!(), " AS may");
    /// The variables there; of one that is no secret the value is copied where it stands.
    SOURCE_VARIABLES = concat!(
        "SELECT id, place_id, name, iif(secret = 1, value, '') AS value, secret, key_id FROM environment_variables
         WHERE place_id = ", source_place!(), " ORDER BY name");
    /// The permit for copies.
    PERMIT_COPY = permit!(":object_id",
        "(SELECT json_object('replaced', json_group_array(name)) FROM environment_variables
          WHERE place_id = :place_id AND name IN (SELECT value ->> 'name' FROM json_each(:copied)))",
        rules! {
            found: place_exists!(),
            may: caller_may_on_target!(),
            may_read_source: caller_may_read_source!(),
            source_is_as_read: source_is_as_read!(),
            has_room: has_room_for_copies!(),
        });
    /// What the copies replace.
    DELETE_REPLACED = concat!(
        "DELETE FROM environment_variables WHERE place_id = :place_id
           AND name IN (SELECT value ->> 'name' FROM json_each(:copied)) AND ", permitted!());
    /// The copies.
    INSERT_COPIES = concat!(
        "INSERT INTO environment_variables (place_id, name, id, organization_id, project_id, deployment_id, version_id, value,
                                            secret, key_id, hosts, hosts_given)
         SELECT :place_id, s.name, c.value ->> 'id', :organization_id, :project_id, :deployment_id, :version_id,
                coalesce(c.value ->> 'value', s.value), s.secret, c.value ->> 'key_id', s.hosts, s.hosts_given
         FROM json_each(:copied) c JOIN environment_variables s ON s.id = c.value ->> 'source_id'
         WHERE ", permitted!());
    /// The copies, by name.
    COPIES = concat!(
        "SELECT ", shown_columns!(), ", NULL AS inheritance_type, NULL AS inheritance_name
         FROM json_each(:copied) c JOIN environment_variables v ON v.id = c.value ->> 'id'
         ORDER BY v.name");
}
