//! Examples of deployments and pipelines: what Ada's project consists of.

use serde_json::{Value, json};

use super::story::{
    DEPLOYMENT, INSTANCE_TYPE, PIPELINE, PROJECT, REVISION_ID, SERVICE_USER_ID, VARIABLE_ID,
};
use super::{Example, give_examples};
use crate::api::requests::made;
use crate::api::{
    deployment_versions, deployments, environment_variables, environments, pipeline_versions,
    pipelines, services, targets, upstreams,
};

const DEPLOYMENT_ID: &str = "4326da55-06ca-4664-badb-03156355451a";
const DEPLOYMENT_VERSION_ID: &str = "4ae7d14b-4803-4e16-b96d-3b18caa4b605";
const SERVICE_ID: &str = "4326da55-06ca-4664-badb-03156355451b";
const PIPELINE_ID: &str = "6b0cea21-2657-4fa3-a331-de646e3cfdc4";
const PIPELINE_VERSION_ID: &str = "b6f60ebf-48ef-4084-9fbb-9ac0f934093e";
const DATE: &str = "2026-11-22T09:00:00.000000Z";

give_examples! {
    deployments::DeploymentCreate = {
        "name": DEPLOYMENT, "description": "Tells apples from pears", "input_type": "structured",
        "output_type": "structured", "input_fields": [{ "name": "photo", "data_type": "file" }],
        "output_fields": [{ "name": "fruit", "data_type": "string" }], "labels": { "team": "vision" },
    };
    deployments::DeploymentUpdate = { "default_version": "v1", "labels": { "team": "orchard" } };
    targets::DeploymentDetail = {
        "id": DEPLOYMENT_ID, "name": DEPLOYMENT, "project": PROJECT, "description": "Tells apples from pears",
        "input_type": "structured", "output_type": "structured",
        "input_fields": [{ "name": "photo", "data_type": "file", "widget": {} }],
        "output_fields": [{ "name": "fruit", "data_type": "string", "widget": {} }], "supports_request_format": true,
        "labels": { "team": "vision" }, "creation_date": DATE, "last_updated": DATE, "default_version": "v1",
    };
    deployment_versions::shapes::DeploymentVersionCreate = {
        "version": "v1", "environment": "python3-12", "instance_type": "512mb", "maximum_instances": 2,
        "request_retention_mode": "metadata",
    };
    deployment_versions::shapes::DeploymentVersionUpdate = { "maximum_instances": 4, "environment": null };
    deployment_versions::shapes::DeploymentVersionDetail = {
        "id": DEPLOYMENT_VERSION_ID, "deployment": DEPLOYMENT, "version": "v1", "default": true, "description": "",
        "labels": {}, "creation_date": DATE, "last_updated": DATE, "status": "unavailable", "active_revision": null,
        "latest_revision": null, "last_file_upload": null, "has_request_method": false, "has_requests_method": false,
        "environment": "python3-12", "environment_display_name": "python3-12", "environment_name": "python3-12",
        "environment_tag": null, "instance_type": "512mb", "instance_type_group_id": null,
        "instance_type_group_name": "512mb", "maximum_instances": 2, "minimum_instances": 0, "maximum_idle_time": 300,
        "request_retention_time": 604_800, "request_retention_mode": "metadata", "maximum_queue_size_express": 100,
        "maximum_queue_size_batch": 100_000, "maximum_queue_size": 100_000, "monitoring": null,
        "default_notification_group": null, "static_ip": false, "restart_request_interruption": false, "ports": [],
        "scaling_strategy": "default", "instance_processes": 1, "health_check": null, "command": null, "args": null,
    };

    environment_variables::EnvironmentVariableCreate = {
        "name": "API_KEY", "value": "<what the server asks for>", "secret": true, "hosts": ["models.example.com"],
    };
    environment_variables::EnvironmentVariableUpdate = { "hosts": ["models.example.com", "models.example.org"] };
    environment_variables::EnvironmentVariableList = {
        "id": VARIABLE_ID, "name": "API_KEY", "value": null, "secret": true, "hosts": ["models.example.com"],
    };
    environment_variables::InheritedEnvironmentVariableList = {
        "id": VARIABLE_ID, "name": "API_KEY", "value": null, "secret": true, "hosts": ["models.example.com"],
        "inheritance_type": "project", "inheritance_name": PROJECT,
    };
    environment_variables::EnvironmentVariableCopy = { "source_deployment": DEPLOYMENT, "source_version": "v1" };
    services::ServiceFields = {
        "name": "speech", "deployment": DEPLOYMENT, "version": "v1", "port": 443, "rate_limit": 600,
    };
    services::ServiceDetail = {
        "id": SERVICE_ID, "name": "speech", "deployment": DEPLOYMENT, "version": "v1", "description": "", "labels": {},
        "time_created": DATE, "time_updated": DATE, "endpoint": "https://tenantry.example.com/services/4326da55-06ca-4664-badb-03156355451b",
        "port": 443, "authentication_required": true, "authentication_method_token_enabled": true,
        "authentication_header_pass_through": false, "request_logging_excluded_paths": null,
        "request_logging_excluded_extensions": null, "rate_limit": 600, "rate_limit_user_default": null,
        "concurrency_limit": null, "concurrency_limit_user_default": null, "type": "deployment",
        "cache_aware_llm_routing": false, "health_check": null, "imported_name": null, "imported_namespace": null,
        "imported_cluster_domain": null, "imported_scheme": null,
    };
    services::ServiceStatus = { "id": SERVICE_ID, "ready": true, "instances_ready": 1 };
    services::ServiceUserLimit = { "user_id": SERVICE_USER_ID, "limit": 60 };
    services::ServiceUserLimitList = {
        "id": "a3e1f0c2-5b0e-4e33-8a4d-2f0f8d1f9b22", "user_id": SERVICE_USER_ID,
        "user_email": "13a9ba27-6888-4528-826e-8e1002eab13d.vision@serviceuser.tenantry.invalid", "limit": 60,
    };
    made::RequestBatch = [{ "photo": "ubiops-file://default/apple.jpg" }, { "photo": "ubiops-file://default/pear.jpg" }];
    made::RequestBody = { "photo": "ubiops-file://default/apple.jpg" };
    made::DeploymentRequestCreateResponse<'_> = {
        "id": "0193c9a5-7d0e-7c3e-9b1a-2f1f4d0c8a11", "deployment": DEPLOYMENT, "version": "v1", "status": "completed",
        "success": true, "result": { "fruit": "apple" }, "error_message": null, "timeout": 300,
    };
    made::PipelineRequestCreateResponse<'_> = {
        "id": "0193c9a5-7d0e-7c3e-9b1a-2f1f4d0c8a10", "pipeline": PIPELINE, "version": "v1", "status": "completed",
        "success": true, "result": { "fruit": "apple" }, "error_message": null, "deployment_requests": [{
            "id": "0193c9a5-7d0e-7c3e-9b1a-2f1f4d0c8a11", "sequence_id": "001", "pipeline_object": "recognise",
            "deployment": DEPLOYMENT, "version": "v1", "status": "completed", "success": true, "error_message": null,
            "input_size": 41, "output_size": 17, "time_created": DATE, "time_started": DATE, "time_completed": DATE,
        }],
        "operator_requests": [], "pipeline_requests": [], "pipeline_timeout": 3600, "deployment_timeout": null,
    };
    made::DeploymentRequestBatchCreateResponse<'_> = {
        "id": "0193c9a5-7d0e-7c3e-9b1a-2f1f4d0c8a11", "deployment": DEPLOYMENT, "version": "v1", "status": "pending",
        "time_created": DATE,
    };
    made::PipelineRequestBatchCreateResponse<'_> = {
        "id": "0193c9a5-7d0e-7c3e-9b1a-2f1f4d0c8a10", "pipeline": PIPELINE, "version": "v1", "status": "pending",
        "time_created": DATE,
    };
    environments::EnvironmentDetail = {
        "id": "external", "name": "external", "display_name": "external", "project": PROJECT, "description": "",
        "labels": {}, "creation_date": DATE, "last_updated": DATE, "system": true, "base_environment": null,
        "base_environment_display_name": null, "status": "success", "gpu_required": false, "implicit": false,
        "hidden": false, "deprecated": false, "active_revision": null, "latest_revision": null, "active_build": null,
        "latest_build": null,
    };
    environments::EnvironmentTag = {
        "id": "external:latest", "name": "latest", "environment": "external", "creation_date": DATE, "status": "success",
        "built": true, "supports_request_format": true, "implicit": false, "deprecated": false, "size": 0,
        "error_message": null, "base_environment_name": null, "base_environment_tag": null,
    };
    upstreams::UpstreamPut = {
        "upstream_url": "https://fruit.acme.com/predict", "instance_type": INSTANCE_TYPE,
        "headers": { "authorization": "Bearer ${FRUIT_KEY}" }, "max_concurrency": 8, "retries": 1,
    };
    upstreams::UpstreamDetail = {
        "upstream_url": "https://fruit.acme.com/predict", "base_url": null, "instance_type": INSTANCE_TYPE,
        "workspace": null, "quota_resource": null, "headers": { "authorization": "Bearer ${FRUIT_KEY}" },
        "max_concurrency": 8, "idle_timeout": 60, "retries": 1, "revision": REVISION_ID,
        "upstream_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
    };
    upstreams::RevisionList = {
        "id": REVISION_ID, "version": "v1", "creation_date": DATE, "created_by": "ada@example.com", "status": "success",
        "error_message": null, "has_request_method": false, "has_requests_method": false, "empty": false,
    };
    upstreams::RevisionDetail = {
        "id": REVISION_ID, "version": "v1", "creation_date": DATE, "created_by": "ada@example.com", "status": "success",
        "error_message": null, "has_request_method": false, "has_requests_method": false, "empty": false,
        "upstream": {
            "upstream_url": "https://fruit.acme.com/predict", "base_url": null, "instance_type": INSTANCE_TYPE,
            "workspace": null, "quota_resource": null, "headers": { "authorization": "Bearer ${FRUIT_KEY}" },
            "max_concurrency": 8, "idle_timeout": 60, "retries": 1,
        },
    };

    pipelines::PipelineCreate = {
        "name": PIPELINE, "input_type": "structured", "input_fields": [{ "name": "photo", "data_type": "file" }],
        "output_type": "structured", "output_fields": [{ "name": "fruit", "data_type": "string" }],
    };
    pipelines::PipelineUpdate = { "description": "Sorts a crate" };
    targets::PipelineDetail = {
        "id": PIPELINE_ID, "name": PIPELINE, "project": PROJECT, "description": "Sorts a crate",
        "input_type": "structured", "output_type": "structured",
        "input_fields": [{ "name": "photo", "data_type": "file", "widget": {} }],
        "output_fields": [{ "name": "fruit", "data_type": "string", "widget": {} }], "labels": {},
        "creation_date": DATE, "last_updated": DATE, "default_version": "v1",
    };
    pipeline_versions::shapes::PipelineVersionCreate = {
        "version": "v1",
        "objects": [{
            "name": "sorter", "reference_name": DEPLOYMENT, "reference_type": "deployment", "version": "v1",
        }],
        "attachments": [
            { "destination_name": "sorter", "sources": [{
                "source_name": "pipeline_start",
                "mapping": [{ "source_field_name": "photo", "destination_field_name": "photo" }],
            }] },
            { "destination_name": "pipeline_end", "sources": [{
                "source_name": "sorter",
                "mapping": [{ "source_field_name": "fruit", "destination_field_name": "fruit" }],
            }] },
        ],
    };
    pipeline_versions::shapes::PipelineVersionUpdate = { "description": "The first line", "request_retention_time": 3600 };
    pipeline_versions::shapes::PipelineVersionList = {
        "id": PIPELINE_VERSION_ID, "pipeline": PIPELINE, "version": "v1", "default": true, "description": "",
        "labels": {}, "creation_date": DATE, "last_updated": DATE, "request_retention_time": 604_800,
        "request_retention_mode": "full", "monitoring": null, "default_notification_group": null, "metadata": null,
    };
    pipeline_versions::shapes::PipelineVersionDetail = {
        "id": PIPELINE_VERSION_ID, "pipeline": PIPELINE, "version": "v1", "default": true, "description": "",
        "labels": {}, "creation_date": DATE, "last_updated": DATE, "request_retention_time": 604_800,
        "request_retention_mode": "full", "monitoring": null, "default_notification_group": null, "metadata": null,
        "objects": [{
            "id": "38549ff5-5bf0-4803-8571-236077c77e62", "name": "sorter", "reference_type": "deployment",
            "reference_name": DEPLOYMENT, "version": "v1", "input_type": "structured", "output_type": "structured",
            "input_fields": [{ "name": "photo", "data_type": "file" }],
            "output_fields": [{ "name": "fruit", "data_type": "string" }], "configuration": {}, "metadata": {},
        }],
        "attachments": [{
            "id": "0d9c6a34-5f0e-4a6b-9a5c-3d8d7e2f1b60", "destination_name": "sorter",
            "sources": [{
                "source_name": "pipeline_start",
                "mapping": [{ "source_field_name": "photo", "destination_field_name": "photo" }],
            }],
        }],
    };
}
