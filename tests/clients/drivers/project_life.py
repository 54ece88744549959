"""Organizations and projects through one of the real clients.

Plan: `host`, `person_token`, `organization` and `project` (names that are free), `email` of the person.
"""

import ubiops
from transcript import Transcript, configuration, core_api, knows, read_plan


def main():
    plan = read_plan()
    with Transcript() as record:
        run(plan, record)


def run(plan, record):
    """The steps, in order."""
    known = {field: knows("ProjectCreate", field) for field in ("cors_origins", "labels")}
    record.note("knows", known)
    owner = core_api(configuration(plan["host"], plan["person_token"]))
    literal = core_api(configuration(plan["host"], plan["person_token"], client_side_validation=False))

    organizations(record, owner, plan)
    create(record, owner, plan, known)
    change(record, owner, literal, plan, known)
    record.call("audit", owner, "project_audit_events_list", plan["project"])
    record.call("audit_of_creations", owner, "project_audit_events_list", plan["project"],
                action="create", limit=1, offset=0)
    rename_and_delete(record, owner, plan)


def organizations(record, owner, plan):
    """The creator of an organization is its admin, and sees it."""
    record.call("organization_create", owner, "organizations_create",
                ubiops.OrganizationCreate(name=plan["organization"], subscription="free"))
    record.call("organization_taken", owner, "organizations_create",
                ubiops.OrganizationCreate(name=plan["organization"], subscription="free"))
    record.call("organization_list", owner, "organizations_list")
    record.call("organization_get", owner, "organizations_get", plan["organization"])
    record.call("organization_missing", owner, "organizations_get", plan["organization"] + "-not-there")


def create(record, owner, plan, known):
    """With every field that the generation knows, and with none but the required ones."""
    fields = {
        "name": plan["project"],
        "organization_name": plan["organization"],
        "advanced_permissions": True,
        "credits": 10.5,
    }
    if known["cors_origins"]:
        fields["cors_origins"] = ["https://app.example", "http://localhost:3000"]
    if known["labels"]:
        fields["labels"] = {"team": "weather", "stage": "test"}
    record.call("create", owner, "projects_create", ubiops.ProjectCreate(**fields))
    record.call("create_bare", owner, "projects_create", ubiops.ProjectCreate(
        name=plan["project"] + "-bare", organization_name=plan["organization"]))
    record.call("create_taken", owner, "projects_create", ubiops.ProjectCreate(
        name=plan["project"], organization_name=plan["organization"]))
    record.call("list", owner, "projects_list")
    record.call("list_of_organization", owner, "projects_list", organization=plan["organization"])
    if known["labels"]:
        record.call("list_by_label", owner, "projects_list", labels="team:weather")
        record.call("list_by_other_label", owner, "projects_list", labels="team:nobody")
    record.call("get", owner, "projects_get", plan["project"])


def change(record, owner, literal, plan, known):
    """Absent keeps, null clears, a list or an object replaces."""
    project = plan["project"]
    record.call("suspend", owner, "projects_update", project, ubiops.ProjectUpdate(suspend=True))
    record.call("resume", owner, "projects_update", project, ubiops.ProjectUpdate(suspend=False))
    record.call("credits", owner, "projects_update", project, ubiops.ProjectUpdate(credits=250.25))
    record.call("plain_permissions", owner, "projects_update", project,
                ubiops.ProjectUpdate(advanced_permissions=False))
    record.call("none_in_a_model", owner, "projects_update", project, ubiops.ProjectUpdate(credits=None))
    record.call("null_credits", literal, "projects_update", project, {"credits": None})
    if known["cors_origins"]:
        record.call("replace_origins", owner, "projects_update", project,
                    ubiops.ProjectUpdate(cors_origins=["https://other.example"]))
        record.call("clear_origins", owner, "projects_update", project, ubiops.ProjectUpdate(cors_origins=[]))
    if known["labels"]:
        record.call("clear_labels", owner, "projects_update", project, ubiops.ProjectUpdate(labels={}))


def rename_and_delete(record, owner, plan):
    """A new name, the same project; the old name is gone at once."""
    project = plan["project"]
    renamed = project + "-renamed"
    record.call("rename", owner, "projects_update", project, ubiops.ProjectUpdate(name=renamed))
    record.call("get_old_name", owner, "projects_get", project)
    record.call("get_new_name", owner, "projects_get", renamed)
    record.call("delete", owner, "projects_delete", renamed)
    record.call("get_deleted", owner, "projects_get", renamed)
    record.call("delete_deleted", owner, "projects_delete", renamed)


if __name__ == "__main__":
    main()
