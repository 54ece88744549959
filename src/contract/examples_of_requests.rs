//! Examples of the records of requests: what Ada's page has asked its deployment.

use serde_json::{Value, json};

use super::story::{DEPLOYMENT, PIPELINE, PROJECT, REQUEST_ID};
use super::{Example, give_examples};
use crate::api::requests::{made, records, shapes};
use crate::api::{request_schedules, results, webhooks};
use crate::domain::RecordId;

const MADE: &str = "2026-11-22T09:00:00.000+00:00";
const STARTED: &str = "2026-11-22T09:00:00.120+00:00";
const ENDED: &str = "2026-11-22T09:00:01.480+00:00";

give_examples! {
    RecordId = REQUEST_ID;
    made::OpenAiRequest = {
        "model": "ubiops-deployment/classifier/v1/llama3:8b", "stream": true,
        "messages": [{ "role": "user", "content": "Which fruit is red?" }],
    };
    made::OpenAiModels = {
        "object": "list",
        "data": [{
            "id": "ubiops-deployment/classifier/v1/llama3:8b", "object": "model", "created": 1_795_338_000,
            "owned_by": PROJECT,
        }],
    };
    request_schedules::ScheduleCreate = {
        "name": "each-morning", "object_type": "deployment", "object_name": DEPLOYMENT, "schedule": "0 6 * * 1-5",
        "request_data": { "photo": "ubiops-file://default/apple.jpg" }, "timeout": 600,
    };
    request_schedules::ScheduleUpdate = { "schedule": "30 5 * * 1-5", "enabled": true };
    request_schedules::ScheduleList = {
        "id": "b4a06aed-f7ab-48b3-b579-b12b62db8058", "name": "each-morning", "object_type": "deployment",
        "object_name": DEPLOYMENT, "version": null, "schedule": "0 6 * * 1-5",
        "request_data": { "photo": "ubiops-file://default/apple.jpg" }, "timeout": 600, "enabled": true,
        "creation_date": "2026-11-22T09:00:00.000000Z", "description": "", "labels": {},
    };
    webhooks::WebhookCreate = {
        "name": "tell-the-shop", "object_type": "deployment", "object_name": DEPLOYMENT,
        "url": "https://shop.acme.com/told", "event": "deployment_request_completed", "include_result": true,
        "headers": [{ "key": "Authorization", "value": "<what the shop asks for>", "protected": true }],
    };
    webhooks::WebhookUpdate = { "event": "deployment_request_failed", "timeout": 20 };
    webhooks::WebhookDetail = {
        "id": "3f6e2a51-6f0c-4c3e-9d7a-5b1f0e8d2c44", "name": "tell-the-shop", "object_type": "deployment",
        "object_name": DEPLOYMENT, "version": null, "url": "https://shop.acme.com/told",
        "headers": [{ "key": "Authorization", "value": null, "protected": true }],
        "event": "deployment_request_completed", "creation_date": "2026-11-22T09:00:00.000000Z",
        "last_updated": "2026-11-22T09:00:00.000000Z", "description": "", "labels": {}, "timeout": 10, "enabled": true,
        "retry": true, "include_result": true, "last_status": "failed", "last_error": "it answered 500",
        "last_delivery_date": "2026-11-22T09:00:02.000000Z", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
    };
    webhooks::WebhookTestCreate = {
        "object_type": "deployment", "object_name": DEPLOYMENT, "url": "https://shop.acme.com/told",
        "event": "deployment_request_completed",
    };
    webhooks::WebhookTestDetail = {
        "id": "0b6e3b1c-90de-4b5a-8a5e-2f6f1b7c9d10", "status": "completed", "error_message": null,
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
    };
    records::RequestUpdate = { "status": "cancelled" };
    shapes::RequestsChanged = { "success": true };
    results::ResultTaken = { "success": true, "error_message": null };
    shapes::DeploymentRequestList = {
        "id": REQUEST_ID, "deployment": DEPLOYMENT, "version": "v1", "status": "completed", "success": true,
        "time_created": MADE, "time_started": STARTED, "time_completed": ENDED, "input_size": 41, "output_size": 17,
    };
    shapes::DeploymentRequestDetail = {
        "id": REQUEST_ID, "deployment": DEPLOYMENT, "version": "v1", "status": "completed", "success": true,
        "time_created": MADE, "time_started": STARTED, "time_completed": ENDED, "timeout": 300,
        "request_data": { "photo": "ubiops-file://default/apple.jpg" }, "result": { "fruit": "apple" },
        "error_message": null, "origin": { "created_by": "ada@example.com" }, "input_size": 41, "output_size": 17,
        "additional_data": null, "retries": 0, "prompt_tokens": null, "completion_tokens": null, "total_tokens": null,
        "notification_group": null,
    };
    shapes::PipelineRequestList = {
        "id": REQUEST_ID, "pipeline": PIPELINE, "version": "v1", "status": "completed", "success": true,
        "time_created": MADE, "time_started": STARTED, "time_completed": ENDED, "input_size": 41, "output_size": 17,
    };
    shapes::PipelineRequestDetail = {
        "id": REQUEST_ID, "pipeline": PIPELINE, "version": "v1", "status": "completed", "success": true,
        "time_created": MADE, "time_started": STARTED, "time_completed": ENDED, "pipeline_timeout": 3600,
        "deployment_timeout": null, "request_data": { "photo": "ubiops-file://default/apple.jpg" },
        "result": { "fruit": "apple" }, "error_message": null, "origin": { "created_by": "ada@example.com" },
        "input_size": 41, "output_size": 17, "notification_group": null, "deployment_requests": [],
        "operator_requests": [], "pipeline_requests": [],
    };
    shapes::RequestsOverview = {
        "id": REQUEST_ID, "deployment": DEPLOYMENT, "pipeline": null, "version": "v1", "status": "completed",
        "success": true, "time_created": MADE, "time_started": STARTED, "time_completed": ENDED, "input_size": 41,
        "output_size": 17,
    };
}
