"""Deployments, pipelines and their versions through one of the real clients.

Plan: `host`, `person_token` (an organization admin), `project`, `organization`.
"""

import ubiops
from transcript import Transcript, configuration, core_api, knows, read_plan

# What a version can be given beyond what all generations know, with a value each.
SETTINGS = {
    "environment": "python3-12",
    "environment_name": "python3-12",
    "instance_type": "512mb",
    "instance_type_group_name": "512 MB + 0.125 vCPU",
    "maximum_instances": 2,
    "minimum_instances": 1,
    "maximum_idle_time": 600,
    "description": "the first",
    "labels": {"stage": "test"},
    "request_retention_time": 3600,
    "request_retention_mode": "metadata",
    "monitoring": "group-1",
    "default_notification_group": "group-2",
    "maximum_queue_size_express": 50,
    "maximum_queue_size_batch": 500,
    "maximum_queue_size": 60,
    "static_ip": True,
    "restart_request_interruption": True,
    "ports": [{"public_port": 8080, "deployment_port": 8080, "protocol": "tcp"}],
    "scaling_strategy": "moderate",
    "instance_processes": 2,
    "health_check": {"interval": 10, "port": 8080, "path": "/health"},
    "command": ["python", "-m", "app"],
    "args": ["--fast"],
}


def main():
    plan = read_plan()
    with Transcript() as record:
        run(plan, record)


def run(plan, record):
    """The steps, in order."""
    owner = core_api(configuration(plan["host"], plan["person_token"]))
    literal = core_api(configuration(plan["host"], plan["person_token"], client_side_validation=False))
    project = plan["project"]
    deployments(record, owner, project)
    versions(record, owner, literal, project)
    pipelines(record, owner, project)
    pipeline_versions(record, owner, literal, project)
    counts(record, owner, plan)
    deletions(record, owner, project)


def deployments(record, owner, project):
    """Structured with fields and a widget, and plain."""
    record.call("create", owner, "deployments_create", project, ubiops.DeploymentCreate(
        name="deployment-1", description="tells apples from pears", input_type="structured", output_type="structured",
        input_fields=[
            ubiops.DeploymentInputFieldCreate(name="x", data_type="double"),
            ubiops.DeploymentInputFieldCreate(name="n", data_type="int", widget=ubiops.InputFieldWidgetCreate(
                type="slider", configuration={"min": "0", "max": "10"})),
        ],
        output_fields=[ubiops.DeploymentOutputFieldCreate(name="y", data_type="double")],
        labels={"team": "vision"}))
    record.call("create_plain", owner, "deployments_create", project, {
        "name": "plain-1", "input_type": "plain", "output_type": "plain"})
    record.call("create_taken", owner, "deployments_create", project, {
        "name": "deployment-1", "input_type": "plain", "output_type": "plain"})
    record.call("list", owner, "deployments_list", project)
    record.call("list_by_label", owner, "deployments_list", project, labels="team:vision,team:sound")
    record.call("get", owner, "deployments_get", project, "deployment-1")
    record.call("get_missing", owner, "deployments_get", project, "none")
    record.call("update", owner, "deployments_update", project, "plain-1",
                ubiops.DeploymentUpdate(description="changed", labels={}))


def versions(record, owner, literal, project):
    """With every setting that the generation knows, and with none."""
    known = {name: value for name, value in SETTINGS.items() if knows("DeploymentVersionCreate", name)}
    record.note("known_settings", known)
    at = (project, "deployment-1")
    record.call("version_create", owner, "deployment_versions_create", *at,
                ubiops.DeploymentVersionCreate(version="v1", **known))
    record.call("version_create_bare", owner, "deployment_versions_create", *at, {"version": "v2"})
    record.call("version_create_taken", owner, "deployment_versions_create", *at, {"version": "v2"})
    record.call("version_list", owner, "deployment_versions_list", *at)
    record.call("version_get", owner, "deployment_versions_get", *at, "v1")
    record.call("version_update", owner, "deployment_versions_update", *at, "v1",
                ubiops.DeploymentVersionUpdate(maximum_instances=4))
    record.call("version_null", literal, "deployment_versions_update", *at, "v1", {"maximum_instances": None})
    record.call("version_rename", owner, "deployment_versions_update", *at, "v2", {"version": "v3"})
    record.call("default", owner, "deployments_update", *at, ubiops.DeploymentUpdate(default_version="v3"))
    record.call("default_missing", owner, "deployments_update", *at, {"default_version": "v9"})
    record.call("request", owner, "deployment_requests_create", *at, data={"x": 1.5, "n": 1})


def pipelines(record, owner, project):
    """A pipeline, and a change of its types."""
    record.call("pipeline_create", owner, "pipelines_create", project, ubiops.PipelineCreate(
        name="pipeline-1", input_type="structured", output_type="structured",
        input_fields=[{"name": "in", "data_type": "double"}, {"name": "count", "data_type": "int"}],
        output_fields=[{"name": "out", "data_type": "double"}]))
    record.call("pipeline_create_plain", owner, "pipelines_create", project, {
        "name": "pipeline-2", "input_type": "plain", "output_type": "plain"})
    record.call("pipeline_update", owner, "pipelines_update", project, "pipeline-2", {
        "input_type": "structured", "input_fields": [{"name": "in", "data_type": "array_double"}]})
    record.call("pipeline_list", owner, "pipelines_list", project)
    record.call("pipeline_get", owner, "pipelines_get", project, "pipeline-1")


def line():
    """`pipeline_start` to one deployment to `pipeline_end`, as the clients' documents show it."""
    return {
        "objects": [
            {"name": "object-1", "reference_name": "deployment-1", "reference_type": "deployment", "version": "v1"},
        ],
        "attachments": [
            {"destination_name": "object-1", "sources": [{"source_name": "pipeline_start", "mapping": [
                {"source_field_name": "in", "destination_field_name": "x"},
                {"source_field_name": "count", "destination_field_name": "n"},
            ]}]},
            {"destination_name": "pipeline_end", "sources": [{"source_name": "object-1", "mapping": [
                {"source_field_name": "y", "destination_field_name": "out"},
            ]}]},
        ],
    }


def pipeline_versions(record, owner, literal, project):
    """A version that holds together, and some that do not."""
    at = (project, "pipeline-1")
    record.call("pipeline_version_create", owner, "pipeline_versions_create", *at,
                ubiops.PipelineVersionCreate(version="v1", request_retention_mode="full", **line()))
    record.call("pipeline_version_bare", owner, "pipeline_versions_create", *at, {"version": "v2"})
    unmapped = line()
    unmapped["attachments"][0]["sources"][0]["mapping"].pop()
    record.call("pipeline_version_unmapped", owner, "pipeline_versions_create", *at, {"version": "v3", **unmapped})
    unknown = line()
    unknown["objects"][0]["reference_name"] = "none"
    record.call("pipeline_version_unknown", owner, "pipeline_versions_create", *at, {"version": "v3", **unknown})
    record.call("pipeline_version_list", owner, "pipeline_versions_list", *at)
    record.call("pipeline_version_get", owner, "pipeline_versions_get", *at, "v1")
    record.call("pipeline_version_update", owner, "pipeline_versions_update", *at, "v2",
                ubiops.PipelineVersionUpdate(description="filled later", **line()))
    record.call("pipeline_version_emptied", literal, "pipeline_versions_update", *at, "v2",
                {"objects": None, "attachments": None})


def counts(record, owner, plan):
    """What is in use, and what the plan allows."""
    record.call("resources", owner, "projects_resource_usage", plan["project"])
    record.call("organization_resources", owner, "organizations_resource_usage", plan["organization"])
    record.call("quotas", owner, "quotas_list", plan["project"])


def deletions(record, owner, project):
    """What is in use stays; the rest goes with what belongs to it."""
    record.call("delete_used", owner, "deployments_delete", project, "deployment-1")
    record.call("delete_used_version", owner, "deployment_versions_delete", project, "deployment-1", "v1")
    record.call("delete_pipeline_version", owner, "pipeline_versions_delete", project, "pipeline-1", "v2")
    record.call("delete_pipeline", owner, "pipelines_delete", project, "pipeline-1")
    record.call("delete_version", owner, "deployment_versions_delete", project, "deployment-1", "v1")
    record.call("delete", owner, "deployments_delete", project, "deployment-1")
    record.call("get_deleted", owner, "deployments_get", project, "deployment-1")


if __name__ == "__main__":
    main()
