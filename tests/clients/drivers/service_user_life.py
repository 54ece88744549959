"""The whole life of a service user, through one of the real clients.

Plan: `host`, `person_token` (an organization admin), `project`, `other_project` (which the person owns
and the service user has no part in), `forged_token` (40 hexadecimal characters that no server issued).

Steps run in the order of a life: made, read, changed, used, given a role, reset, deleted. A second one
expires meanwhile; the run waits for it at the end.
"""

import datetime
import time

import ubiops
from transcript import Transcript, configuration, core_api, knows, read_plan

# In how many seconds it expires that is to expire meanwhile: the first of these that can be said in time.
EXPIRY_SECONDS = (6, 12, 24, 48)


def main():
    plan = read_plan()
    with Transcript() as record:
        run(plan, record)


def run(plan, record):
    """The steps, in order."""
    record.note("knows", {
        "allowed_cors_origins": knows("ServiceUserCreate", "allowed_cors_origins"),
        "description": knows("ServiceUserCreate", "description"),
    })
    owner = core_api(configuration(plan["host"], plan["person_token"]))
    project = plan["project"]

    for seconds in EXPIRY_SECONDS:
        expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        short_lived = record.call(
            "create_short_lived", owner, "service_users_create", project,
            ubiops.ServiceUserCreate(name="short-lived", expiry_date=expires))
        if short_lived is not None:
            break

    user = create(record, owner, project)
    change(record, owner, plan, user)
    use(record, owner, plan, user.id, user.token)
    token = reset(record, owner, plan, user.id, user.token)
    delete(record, owner, plan, user.id, token)
    wrong_tokens(record, plan)

    time.sleep(max(0.0, (expires - datetime.datetime.now(datetime.timezone.utc)).total_seconds()) + 0.5)
    after_expiry(record, owner, plan, short_lived)


def create(record, owner, project):
    """Three ways to make one: everything the generation knows, nothing at all, and by `null`s."""
    fields = {
        "name": "service-user-1",
        "expiry_date": datetime.datetime(2090, 1, 1, 12, 30, 15, 250000, tzinfo=datetime.timezone.utc),
    }
    if knows("ServiceUserCreate", "allowed_cors_origins"):
        fields["allowed_cors_origins"] = ["https://test.com", "http://localhost:8080"]
    if knows("ServiceUserCreate", "description"):
        fields["description"] = "reads the weather"
    user = record.call("create", owner, "service_users_create", project, ubiops.ServiceUserCreate(**fields))
    record.call("create_empty", owner, "service_users_create", project, {})
    record.call("list", owner, "service_users_list", project)
    record.call("get", owner, "service_users_get", project, user.id)
    return user


def change(record, owner, plan, user):
    """Absent keeps, null clears, a list replaces; `{}` changes nothing."""
    project = plan["project"]
    record.call("rename", owner, "service_users_update", project, user.id,
                ubiops.ServiceUserCreate(name="renamed"))
    record.call("update_nothing", owner, "service_users_update", project, user.id, {})
    # A model drops None, so this is `{}` on the wire and must keep the date.
    record.call("none_in_a_model", owner, "service_users_update", project, user.id,
                ubiops.ServiceUserCreate(expiry_date=None))
    # Only without client-side validation does a dict go out as it is, null and unknown fields included.
    literal = core_api(configuration(plan["host"], plan["person_token"], client_side_validation=False))
    record.call("add_origins", literal, "service_users_update", project, user.id,
                {"allowed_cors_origins": ["https://one.example", "https://two.example"]})
    record.call("replace_origins", literal, "service_users_update", project, user.id,
                {"allowed_cors_origins": ["https://three.example"]})
    record.call("rename_keeps_origins", owner, "service_users_update", project, user.id,
                ubiops.ServiceUserCreate(name="renamed again"))
    record.call("clear_origins", literal, "service_users_update", project, user.id,
                {"allowed_cors_origins": []})
    record.call("null_expiry", literal, "service_users_update", project, user.id, {"expiry_date": None})
    record.call("get_after_update", owner, "service_users_get", project, user.id)
    record.call("bad_origin", literal, "service_users_update", project, user.id,
                {"allowed_cors_origins": ["https://test.com", "https://test.com/path"]})
    record.call("past_expiry", owner, "service_users_update", project, user.id,
                ubiops.ServiceUserCreate(expiry_date=datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)))
    record.call("get_missing", owner, "service_users_get", project, "13a9ba27-6888-4528-826e-8e1002eab13d")


def use(record, owner, plan, user_id, token):
    """A token can do nothing until a role is assigned, and nothing again once it is taken away."""
    project = plan["project"]
    caller = core_api(configuration(plan["host"], token))
    record.call("own_status", caller, "service_status")
    record.call("own_projects", caller, "projects_list")
    record.call("project_without_role", caller, "projects_get", project)
    record.call("foreign_project", caller, "projects_get", plan["other_project"])
    record.call("permissions", owner, "permissions_list")
    record.call("roles", owner, "roles_list", project)
    assignment = record.call(
        "assign", owner, "role_assignments_create", project,
        ubiops.RoleAssignmentCreate(role="project-viewer", assignee=user_id, assignee_type="user"))
    record.call("project_with_role", caller, "projects_get", project)
    record.call("service_users_with_role", caller, "service_users_list", project)
    record.call("create_with_viewer_role", caller, "service_users_create", project, {})
    record.call("assign_by_service_user", caller, "role_assignments_create", project,
                ubiops.RoleAssignmentCreate(role="project-admin", assignee=user_id, assignee_type="user"))
    record.call("assignments", owner, "role_assignments_per_object_list", project,
                assignee=user_id, assignee_type="user")
    record.call("assignment", owner, "role_assignments_get", project, assignment.id)
    record.call("unassign", owner, "role_assignments_delete", project, assignment.id)
    record.call("assignment_gone", owner, "role_assignments_get", project, assignment.id)
    record.call("project_after_unassign", caller, "projects_get", project)


def reset(record, owner, plan, user_id, token):
    """The old token ends with the answer that carries the new one."""
    project = plan["project"]
    answer = record.call("reset", owner, "service_users_token", project, user_id)
    record.call("old_token", core_api(configuration(plan["host"], token)), "projects_list")
    record.call("new_token", core_api(configuration(plan["host"], answer.token)), "projects_list")
    # terraform sends `{}`, the models of all generations can.
    again = record.call("reset_with_body", owner, "service_users_token", project, user_id, data={})
    record.call("reset_token", core_api(configuration(plan["host"], answer.token)), "projects_list")
    return again.token


def delete(record, owner, plan, user_id, token):
    """Deleting the service user ends its token with it."""
    project = plan["project"]
    record.call("delete", owner, "service_users_delete", project, user_id)
    record.call("get_deleted", owner, "service_users_get", project, user_id)
    record.call("update_deleted", owner, "service_users_update", project, user_id, {})
    record.call("delete_deleted", owner, "service_users_delete", project, user_id)
    record.call("deleted_token", core_api(configuration(plan["host"], token)), "projects_list")


def wrong_tokens(record, plan):
    """What is not a token of this server is refused, whatever it looks like."""
    record.call("forged_token", core_api(configuration(plan["host"], plan["forged_token"])), "projects_list")
    record.call("malformed_token", core_api(configuration(plan["host"], "not-a-token")), "projects_list")
    record.call("no_token", core_api(configuration(plan["host"])), "projects_list")


def after_expiry(record, owner, plan, user):
    """An expired service user can be read and deleted, not changed, reset or used."""
    project = plan["project"]
    record.call("expired_update", owner, "service_users_update", project, user.id,
                ubiops.ServiceUserCreate(name="too-late"))
    record.call("expired_reset", owner, "service_users_token", project, user.id)
    record.call("expired_token", core_api(configuration(plan["host"], user.token)), "projects_list")
    record.call("expired_get", owner, "service_users_get", project, user.id)
    record.call("expired_delete", owner, "service_users_delete", project, user.id)
    record.call("expired_gone", owner, "service_users_get", project, user.id)


if __name__ == "__main__":
    main()
