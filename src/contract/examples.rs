//! One example of each body: a morning in the life of Ada, her organization `acme` and its project `vision`.
//!
//! All of them tell the same story with the same ids, so a reader can follow an object from one call to the next. The
//! tests hold each against its schema, and parse those of requests as the handlers do.

use serde_json::{Value, json};

use super::story::{
    ACCESS_KEY, AUDIT_ID, CHANGING_REQUEST_ID, DEPLOYMENT, INSTANCE_TYPE, ORGANIZATION, PROJECT,
    PROJECT_ID, ROLE_ASSIGNMENT_ID, SERVICE_USER_ID, SESSION_ID, USER_ID, VOUCHER_CODE,
    WORKSPACE_ID,
};
use super::{Example, give_examples};
use crate::api;

const ORGANIZATION_ID: &str = "2f6c1d52-9d0f-4c55-8d1b-51f8f7a3f0c4";
const DEPLOYMENT_ID: &str = "4326da55-06ca-4664-badb-03156355451a";
const VERSION_ID: &str = "8b2d3f0e-31a4-4c65-9d8c-3a4c8f0a9b11";
const ROLE_ID: &str = "00000000-0000-4000-8000-000000000001";
const SERVICE_USER_EMAIL: &str =
    "13a9ba27-6888-4528-826e-8e1002eab13d.vision@serviceuser.tenantry.invalid";
const APP: &str = "https://app.example.com";
const MORNING: &str = "2026-11-22T09:00:00.000+00:00";
/// The same moment in the form of people, organizations and projects.
const MORNING_Z: &str = "2026-11-22T09:00:00.000000Z";
/// Where the word of a secret would stand: no example may look like one that works.
const LINK_SECRET: &str = "<40 hexadecimal characters behind #link=>";
const TOKEN: &str = "<40 hexadecimal characters, shown this once>";

give_examples! {
    api::status::Status = { "status": "ok" };
    api::status::Health = { "status": "ok", "degraded": ["a webhook has been due for 5 minutes"] };
    api::user::UserDetail = {
        "id": USER_ID, "email": "ada@example.com", "name": "Ada", "surname": "Lovelace",
        "registration_date": MORNING_Z, "authentication": "ubiops",
    };
    api::permissions::PermissionList = { "name": "deployments.requests.create" };

    api::operator::users::OperatorUserCreate = { "email": "ada@example.com", "name": "Ada", "surname": "Lovelace" };
    api::operator::users::OperatorUser = {
        "id": USER_ID, "email": "ada@example.com", "name": "Ada", "surname": "Lovelace", "status": "active",
        "registration_date": MORNING_Z, "token": TOKEN,
    };
    api::operator::users::UserToken = { "token": TOKEN };
    api::sessions::SessionCreate = { "link": LINK_SECRET };
    api::sessions::SessionDetail = {
        "id": SESSION_ID,
        "user": { "id": USER_ID, "email": "ada@example.com", "name": "Ada", "surname": "Lovelace" },
        "method": "link", "creation_date": MORNING, "expiry_date": "2026-11-22T21:00:00.000+00:00",
        "fresh_until": "2026-11-22T09:15:00.000+00:00", "organizations": [{ "name": ORGANIZATION, "administers": true }],
    };
    api::sessions::SessionList = {
        "id": SESSION_ID, "method": "link", "creation_date": MORNING, "expiry_date": "2026-11-22T21:00:00.000+00:00",
        "last_used": MORNING, "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
        "current": true,
    };
    api::sessions::SignInMethods = { "token": true, "link": true, "passkey": false, "oidc": [] };
    api::sessions::SignInLinkCreate = { "hours": 24 };
    api::sessions::SignInLink = {
        "link": "https://console.example.com/console/sign-in#link=<40 hexadecimal characters, shown this once>",
        "expiry_date": MORNING,
    };
    api::sessions::SignInLinkShown = { "link": LINK_SECRET };
    api::sessions::SignInLinkPreview = { "email": "ada@example.com", "expiry_date": MORNING };
    api::operator::vouchers::VoucherCreate = {
        "code": VOUCHER_CODE, "description": "Voucher for a workshop", "subscription": "premium", "credits": 100,
        "expiry_date": "2099-12-31T00:00:00Z", "max_redemptions": 20,
    };
    api::operator::vouchers::OperatorVoucher = {
        "id": "4e0c1c5e-8f4b-4f0a-9d55-3b1c2a7d9e60", "code": VOUCHER_CODE, "description": "Voucher for a workshop",
        "subscription": "premium", "credits": 100, "expiry_date": "2099-12-31T00:00:00.000000Z", "max_redemptions": 20,
        "redemptions": 3, "creation_date": MORNING_Z,
    };
    api::operator::subscriptions::SubscriptionPut = {
        "description": "For small teams", "self_service": true, "monthly_credits": 600,
        "limits": { "projects": 5, "users": 10 },
    };
    api::operator::subscriptions::SubscriptionDetail = {
        "name": "premium", "description": "For small teams", "self_service": true, "monthly_credits": 600, "limits": {
            "projects": 5, "users": 10, "deployments": null, "deployment_versions": null, "pipelines": null,
            "pipeline_versions": null,
        },
    };

    api::operator::instance_types::InstanceTypePut = { "credits_per_hour": 0.5 };
    api::operator::instance_types::InstanceTypeDetail = { "name": INSTANCE_TYPE, "credits_per_hour": 0.5 };
    api::instance_types::InstanceTypePage = { "next": null, "previous": null, "results": [{
        "id": INSTANCE_TYPE, "name": INSTANCE_TYPE, "display_name": INSTANCE_TYPE, "credit_rate": 0.5,
        "dedicated_node": false,
    }] };
    api::logs::LogLine = { "log": "there is none" };
    api::time_series::TimeSeriesData<'static> = {
        "metric": "deployments.requests", "metric_type": "delta", "unit": "requests",
        "start_date": "2026-11-22T09:00:00.000+00:00", "end_date": "2026-11-22T10:00:00.000+00:00",
        "aggregation_period": 3600, "labels": {}, "data_points": [{
            "start_date": "2026-11-22T09:00:00.000+00:00", "end_date": "2026-11-22T10:00:00.000+00:00", "value": 0.25,
        }],
    };
    api::operator::keys::SealingKeys = { "keys": [
        { "id": "9f2c1b7e5a3d4860", "current": true, "rows": 12 }, { "id": "03d4b1f6c8a92e57", "current": false, "rows": 0 },
    ] };
    api::operator::usage_events::UsageEvent = {
        "id": "meter-7/000123", "project": PROJECT, "object_type": "deployment_version", "object_name": DEPLOYMENT,
        "version": "v1", "metric": "credits", "value": 12.5, "timestamp": "2026-11-22T09:00:00Z",
    };
    api::operator::usage_events::UsageEventsCounted = { "accepted": 1, "duplicates": 0 };

    api::usage::OrganizationUsageReport<'static> = {
        "interval": "month",
        "data_organization": [november(600.0)],
        "data_projects": [{ "project_id": PROJECT_ID, "project_name": PROJECT, "data": [november(500.0)] }],
        "data_deleted_projects": [november(100.0)],
    };
    api::usage::ProjectUsageReport<'static> = {
        "interval": "month",
        "data_project": [november(500.0)],
        "data_deployments": [{
            "deployment_id": DEPLOYMENT_ID, "deployment_name": DEPLOYMENT, "version_id": VERSION_ID, "version": "v1",
            "data": [november(300.0)],
        }],
        "data_deleted_deployments": [november(200.0)],
    };

    api::organizations::OrganizationCreate = { "name": ORGANIZATION, "subscription": "free" };
    api::organizations::OrganizationDetail = {
        "id": ORGANIZATION_ID, "name": ORGANIZATION, "creation_date": MORNING_Z, "status": "active",
        "subscription": "premium", "subscription_start_date": "2026-11-22", "subscription_end_date": "2027-11-22",
        "subscription_self_service": true, "scheduled_subscription": {
            "subscription": "free", "subscription_start_date": "2027-11-22", "subscription_end_date": null,
        },
        "credits": 600, "two_factor_authentication_forced": false, "overage_usage": false,
        "credits_used": 12.5, "period_start": "2026-11-22T00:00:00.000000Z", "period_end": "2026-12-22T00:00:00.000000Z",
        "administers": true,
    };
    api::organizations::OrganizationUpdate = {
        "subscription": "premium", "subscription_start_date": "2026-11-22", "subscription_end_date": "2027-11-22",
    };
    api::organization_users::OrganizationUserCreate = { "email": "grace@example.com", "admin": false };
    api::organization_users::OrganizationUserUpdate = { "admin": true };
    api::organization_users::OrganizationUserDetail = {
        "id": USER_ID, "email": "grace@example.com", "name": "Grace", "surname": "Hopper", "status": "active",
        "admin": true, "join_date": "2026-11-22",
    };
    api::vouchers::VoucherDetail = { "description": "Voucher for a workshop" };

    api::projects::ProjectCreate = {
        "name": PROJECT, "organization_name": ORGANIZATION, "cors_origins": [APP], "labels": { "team": "vision" },
    };
    api::projects::ProjectUpdate = { "credits": 600, "cors_origins": [APP, "http://localhost:5173"] };
    api::projects::ProjectList = {
        "id": PROJECT_ID, "name": PROJECT, "creation_date": MORNING_Z, "advanced_permissions": false,
        "organization_name": ORGANIZATION, "credits": 600, "cors_origins": [APP], "labels": { "team": "vision" },
    };
    api::projects::ProjectDetail = {
        "id": PROJECT_ID, "name": PROJECT, "creation_date": MORNING_Z, "advanced_permissions": false,
        "organization_name": ORGANIZATION, "credits": 600, "credits_used": 12.5, "period_start": "2026-11-22T00:00:00.000000Z",
        "period_end": "2026-12-22T00:00:00.000000Z", "suspended": false, "suspended_reason": null, "cors_origins": [APP], "labels": { "team": "vision" },
    };

    api::service_users::ServiceUserCreate = {
        "name": "web-app", "description": "The page on app.example.com", "expiry_date": "2099-12-31T00:00:00Z",
        "allowed_cors_origins": [APP],
    };
    api::service_users::ServiceUserUpdate = {
        "name": "web-app", "description": "The page on app.example.com", "expiry_date": "2099-12-31T00:00:00Z",
        "allowed_cors_origins": [APP],
    };
    api::service_users::ServiceUserList = {
        "id": SERVICE_USER_ID, "email": SERVICE_USER_EMAIL, "token": TOKEN, "name": "web-app",
        "description": "The page on app.example.com", "creation_date": MORNING,
        "expiry_date": "2099-12-31T00:00:00.000+00:00", "allowed_cors_origins": [APP], "token_last_used": null,
        "previous_token_expiry": null,
    };
    api::service_users::ServiceUserTokenList = { "token": TOKEN };

    api::roles::RoleList = { "id": ROLE_ID, "name": "project-viewer", "default": true };
    api::roles::RoleDetailList = {
        "id": ROLE_ID, "name": "project-viewer", "default": true, "permissions": ["projects.get", "deployments.list"],
    };
    api::roles::RoleCreate = { "name": "reader", "permissions": ["projects.get", "deployments.list"] };
    api::roles::RoleUpdate = { "permissions": ["projects.get"] };
    api::operator::subscriptions::SubscriptionLimits = {
        "projects": 5, "users": 10, "deployments": null, "deployment_versions": null, "pipelines": null,
        "pipeline_versions": null,
    };
    api::origin_checks::OriginCheck = {
        "origin": APP, "preflight": true, "call": true, "listed_by": "service_user",
        "sentence": "This service user lists this origin: its pages may make requests with the token of this service user.",
    };
    api::permission_checks::PermissionsMine = {
        "project": ["deployments.list", "projects.get"],
        "objects": [{
            "resource_type": "deployment", "resource": DEPLOYMENT, "permissions": ["deployments.requests.create"],
        }],
        "administers": false,
    };
    api::permission_checks::PermissionCheck = {
        "allowed": true, "permission": "deployments.requests.create", "assignee": SERVICE_USER_ID,
        "resource": DEPLOYMENT, "resource_type": "deployment",
        "by": "the role deployment-request-user on the deployment classifier",
        "assignment": {
            "id": ROLE_ASSIGNMENT_ID, "assignee": SERVICE_USER_ID, "assignee_type": "user",
            "role": "deployment-request-user", "resource": DEPLOYMENT, "resource_type": "deployment",
        },
        "missing": null,
    };
    api::project_users::ProjectUserCreate = { "user_id": USER_ID };
    api::project_users::ProjectUserList = {
        "id": USER_ID, "email": "ada@example.com", "name": "Ada", "surname": "Lovelace",
    };
    api::resources::ResourceUsage = {
        "projects": 1, "users": 3, "deployments": 2, "deployment_versions": 5, "pipelines": 1, "pipeline_versions": 1,
        "buckets": 0, "environments": 0,
    };
    api::resources::ProjectResourceUsage = {
        "deployments": 2, "deployment_versions": 5, "pipelines": 1, "pipeline_versions": 1, "buckets": 0,
        "environments": 0,
    };
    api::resources::QuotaDetail = { "resource": "deployments", "quota": 20 };
    api::role_assignments::RoleAssignmentCreate = {
        "role": "project-viewer", "assignee": SERVICE_USER_ID, "assignee_type": "user",
    };
    api::role_assignments::RoleAssignmentList = {
        "id": ROLE_ASSIGNMENT_ID, "assignee": SERVICE_USER_ID, "assignee_type": "user", "role": "project-viewer",
        "resource": PROJECT, "resource_type": "project",
    };

    api::audit::AuditEvent = {
        "id": AUDIT_ID, "date": MORNING, "action": "create", "user": "ada@example.com",
        "event": "Service user 'web-app' was created", "object_type": "service_user", "object_name": "web-app",
        "request_id": CHANGING_REQUEST_ID, "before": null, "after": { "name": "web-app" },
    };

    api::access_keys::AccessKeyCreated = {
        "access_key": ACCESS_KEY, "secret_key": "<64 hexadecimal characters, shown this once>", "creation_date": MORNING,
    };
    api::access_keys::AccessKeyDetail = { "access_key": ACCESS_KEY, "creation_date": MORNING };

    api::workspaces::CreateWorkspaceReq = {
        "name": "training", "description": "Where models are trained", "auth_type": "INTERNAL",
        "grants": [{ "user_id": SERVICE_USER_ID }],
    };
    api::workspaces::UpdateWorkspaceReq = { "description": "Where models are trained at night" };
    api::workspaces::WorkspaceResponse = {
        "id": WORKSPACE_ID, "name": "training", "description": "Where models are trained", "owner": "ada@example.com",
        "create_time": 1_795_338_000_000_i64, "update_time": 1_795_338_000_000_i64, "auth_type": "INTERNAL",
        "enterprise_project_id": "0", "enterprise_project_name": "default", "status": "NORMAL", "status_info": "",
        "grants": [{ "user_id": SERVICE_USER_ID, "user_type": "IAM" }],
    };
    api::workspaces::ListWorkspaceResponse = {
        "total_count": 1, "count": 1, "workspaces": [{
            "id": "0", "name": "default", "description": "", "owner": "", "create_time": 1_795_338_000_000_i64,
            "update_time": 1_795_338_000_000_i64, "auth_type": "public", "enterprise_project_id": "0",
            "enterprise_project_name": "default", "status": "NORMAL", "status_info": "",
        }],
    };
    api::workspaces::WorkspaceChanged = { "workspace_id": WORKSPACE_ID };
    api::quotas::UpdateWorkspaceQuotasReq = {
        "quotas": [{ "resource": "exemlProject.gpu_duration", "quota": 10 }],
    };
    api::quotas::UpdateWorkspaceQuotasResponse = { "quotas": [{
        "resource": "exemlProject.gpu_duration", "name_en": "ExeML training duration", "name_cn": "自动学习训练时长",
        "quota": 10, "min_quota": -1, "max_quota": 60_000, "unit_en": "minute", "unit_cn": "分钟",
        "update_time": 1_795_338_000_000_i64,
    }] };
    api::quotas::ShowWorkspaceQuotasResponse = { "quotas": [{
        "resource": "exemlProject.gpu_duration", "name_en": "ExeML training duration", "name_cn": "自动学习训练时长",
        "quota": 10, "min_quota": -1, "max_quota": 60_000, "unit_en": "minute", "unit_cn": "分钟",
        "update_time": 1_795_338_000_000_i64, "used_quota": 5,
    }] };
    api::quotas::ConsumptionReq = {
        "id": "run-2026-11-22-1", "resource": "exemlProject.gpu_duration", "amount": 5,
    };
    api::quotas::WorkspaceQuotaInUse = {
        "resource": "exemlProject.gpu_duration", "name_en": "ExeML training duration", "name_cn": "自动学习训练时长",
        "quota": 10, "min_quota": -1, "max_quota": 60_000, "unit_en": "minute", "unit_cn": "分钟",
        "update_time": 1_795_338_000_000_i64, "used_quota": 5,
    };
    api::operator::quota_resources::QuotaResourceSet = {
        "name_en": "Notebook duration on GPUs", "name_cn": "Notebook GPU时长", "unit_en": "minute", "unit_cn": "分钟",
        "min_quota": -1, "max_quota": 60_000, "default_quota": 600,
    };
    api::operator::quota_resources::QuotaResourceDetail = {
        "resource": "notebook.gpu_duration", "name_en": "Notebook duration on GPUs", "name_cn": "Notebook GPU时长",
        "unit_en": "minute", "unit_cn": "分钟", "min_quota": -1, "max_quota": 60_000, "default_quota": 600,
    };
}

/// What was used in a month, as a report has it.
fn november(value: f64) -> Value {
    json!({ "start_date": "2026-11-01T00:00:00Z", "end_date": "2026-12-01T00:00:00Z", "value": value })
}
