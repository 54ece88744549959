"""Custom roles, roles on objects, and the people of a project, through one of the real clients.

Plan: `host`, `person_token` and `person_id` (an organization admin), `project` (with advanced permissions and the
deployment `deployment-1`), `plain_project` (without), `robot_id` and `robot_token` (a service user without a role).
"""

import ubiops
from transcript import Transcript, configuration, core_api, read_plan


def main():
    plan = read_plan()
    with Transcript() as record:
        run(plan, record)


def run(plan, record):
    """The steps, in order."""
    owner = core_api(configuration(plan["host"], plan["person_token"]))
    robot = core_api(configuration(plan["host"], plan["robot_token"]))
    custom_roles(record, owner, plan)
    on_an_object(record, owner, robot, plan)
    role_ends(record, owner, robot, plan)
    people(record, owner, plan)


def custom_roles(record, owner, plan):
    """Made, read, changed; what cannot be."""
    project = plan["project"]
    record.call("permissions", owner, "permissions_list")
    record.call("create", owner, "roles_create", project, ubiops.RoleCreate(
        name="reader", permissions=["deployments.list", "deployments.get", "deployments.delete"]))
    record.call("create_taken", owner, "roles_create", project, {"name": "reader", "permissions": []})
    record.call("create_as_default", owner, "roles_create", project, {"name": "project-viewer", "permissions": []})
    record.call("create_unknown", owner, "roles_create", project, {"name": "odd", "permissions": ["deployments.fly"]})
    record.call("create_plain", owner, "roles_create", plan["plain_project"], {"name": "reader", "permissions": []})
    record.call("get", owner, "roles_get", project, "reader")
    record.call("list", owner, "roles_list", project)
    record.call("update", owner, "roles_update", project, "reader",
                ubiops.RoleUpdate(permissions=["deployments.versions.list", "deployments.get"]))
    record.call("update_default", owner, "roles_update", project, "project-viewer", {"permissions": []})
    record.call("delete_default", owner, "roles_delete", project, "project-viewer")


def on_an_object(record, owner, robot, plan):
    """A role on a deployment opens that deployment."""
    project, robot_id = plan["project"], plan["robot_id"]
    record.call("robot_before", robot, "deployments_get", project, "deployment-1")
    given = record.call("assign", owner, "role_assignments_create", project, ubiops.RoleAssignmentCreate(
        role="reader", assignee=robot_id, assignee_type="user", resource="deployment-1", resource_type="deployment"))
    record.call("assign_missing", owner, "role_assignments_create", project, {
        "role": "reader", "assignee": robot_id, "resource": "none", "resource_type": "deployment"})
    record.call("robot_get", robot, "deployments_get", project, "deployment-1")
    record.call("robot_versions", robot, "deployment_versions_list", project, "deployment-1")
    record.call("robot_list", robot, "deployments_list", project)
    record.call("assignments", owner, "role_assignments_per_object_list", project,
                resource="deployment-1", resource_type="deployment")
    record.call("assignments_of", owner, "role_assignments_per_object_list", project, assignee=robot_id)
    record.call("assignment", owner, "role_assignments_get", project, given.id)


def role_ends(record, owner, robot, plan):
    """With the role its assignments end."""
    project = plan["project"]
    record.call("delete", owner, "roles_delete", project, "reader")
    record.call("get_deleted", owner, "roles_get", project, "reader")
    record.call("assignments_afterwards", owner, "role_assignments_per_object_list", project,
                assignee=plan["robot_id"])
    record.call("robot_afterwards", robot, "deployments_get", project, "deployment-1")


def people(record, owner, plan):
    """The owner is in the project by their role; they can be let in, and be taken out."""
    project, person = plan["project"], plan["person_id"]
    record.call("users", owner, "project_users_list", project)
    record.call("users_service", owner, "project_users_list", project, user_type="service")
    record.call("user_create", owner, "project_users_create", project, ubiops.ProjectUserCreate(user_id=person))
    record.call("user_create_again", owner, "project_users_create", project, {"user_id": person})
    record.call("user_get", owner, "project_users_get", project, person)
    record.call("user_create_robot", owner, "project_users_create", project, {"user_id": plan["robot_id"]})
    record.call("user_delete", owner, "project_users_delete", project, person)
    record.call("user_gone", owner, "project_users_get", project, person)
    record.call("roles_gone", owner, "role_assignments_per_object_list", project, assignee=person)


if __name__ == "__main__":
    main()
