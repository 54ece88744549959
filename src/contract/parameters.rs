//! The parameters of paths and queries: what each means, its format, and an example.
//!
//! A path parameter is known by its name in the braces, so one name means one thing in the whole API. A query
//! parameter is named in the `query [...]` of a row.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::story::{
    ACCESS_KEY, AUDIT_ID, CHANGING_REQUEST_ID, DEPLOYMENT, INSTANCE_TYPE, ORGANIZATION, PIPELINE,
    PROJECT, PROJECT_ID, REQUEST_ID, REVISION_ID, ROLE_ASSIGNMENT_ID, SERVICE_USER_ID, SESSION_ID,
    USER_ID, VARIABLE_ID, VOUCHER_CODE, WORKSPACE_ID,
};
use crate::domain::{
    AccessKeyId, AuditId, EnvironmentVariableId, InstanceTypeName, ObjectName, ProjectId,
    QuotaResourceName, RequestId, RevisionId, RoleAssignmentId, ServiceId, ServiceUserId,
    Timestamp, TokenId, UserId, VoucherCode, WebhookId,
};

/// A parameter of a path or of a query.
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub description: &'static str,
    /// Writes its schema.
    pub schema: fn(&mut SchemaGenerator) -> Value,
    /// A value that it may have.
    pub example: fn() -> Value,
}

impl Parameter {
    /// As OpenAPI has it; `place` is `path` or `query`.
    pub(crate) fn to_openapi(&self, place: &str, generator: &mut SchemaGenerator) -> Value {
        json!({
            "name": self.name,
            "in": place,
            "required": place == "path",
            "description": self.description,
            "schema": (self.schema)(generator),
            "example": (self.example)(),
        })
    }
}

/// The parameters of a path, in their order; the name of one that is not in [`PATH`] is the error.
pub(crate) fn of_path(path: &str) -> Result<Vec<&'static Parameter>, String> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            let known = PATH.iter().find(|parameter| parameter.name == name);
            known.ok_or_else(|| format!("{path}: the parameter {name} is not in parameters.rs"))
        })
        .collect()
}

macro_rules! parameters {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $description:literal, $schema:expr, $example:expr;)*) => {
        $($(#[$doc])* pub static $constant: Parameter = Parameter {
            name: $name,
            description: $description,
            schema: $schema,
            example: || json!($example),
        };)*
    };
}

fn text(_: &mut SchemaGenerator) -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn reference<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

fn integer(minimum: i64, maximum: i64, default: i64) -> Value {
    json!({ "type": "integer", "minimum": minimum, "maximum": maximum, "default": default })
}

parameters! {
    /// Which of a trail's actions to show.
    ACTION = "action", "Kind of change to list.", |_| json!({ "enum": ["create", "update", "delete", "info"] }), "create";
    /// Whose changes to show.
    ACTOR = "user", "E-mail address of a person or service user, or `operator`; only what they changed is listed. Filters look at the newest 2,000 changes of each kind before `before` and `to`.", text, "ada@example.com";
    /// Changes of which kind of object to show.
    CHANGED_TYPE = "object_type", "Kind of object; only changes of that kind are listed.", text, "service_user";
    /// Changes of which object to show.
    CHANGED_NAME = "object_name", "Name of an object; only its changes are listed.", text, "web-app";
    /// What to find in the words of a change.
    CHANGE = "event", "Text that the description of a change contains, whatever its case.", text, "created";
    /// What a request changed.
    CHANGED_BY_REQUEST = "request_id", "Id of a request; only what it changed is listed.", reference::<RequestId>, CHANGING_REQUEST_ID;
    /// Where the changes to show begin.
    CHANGED_FROM = "from", "Only changes from then on are listed.", reference::<Timestamp>, "2026-11-22T00:00:00Z";
    /// Where they end.
    CHANGED_TO = "to", "Only changes until then are listed.", reference::<Timestamp>, "2099-12-31T00:00:00Z";
    /// How many changes of a trail to show.
    AUDIT_LIMIT = "limit", "Maximum number of items to return.", |_| integer(1, 100, 50), 50;
    /// Where a page of a trail begins.
    AUDIT_OFFSET = "offset", "Number of items to skip; to go further back, use `before`.", |_| integer(0, 10_000, 0), 0;
    /// Behind which change a page of a trail begins.
    BEFORE = "before", "Id of a change; only older changes are listed.", reference::<AuditId>, AUDIT_ID;
    /// How much of a long list to show.
    PAGE_LIMIT = "limit", "Maximum number of items to return.", |_| integer(1, 1_000, 100), 100;
    /// How much of a list that comes whole to show.
    LIMIT = "limit", "Maximum number of items to return; all of them if absent.", |_| json!({ "type": "integer", "minimum": 1, "maximum": 1_000 }), 100;
    /// Behind which item of a list by name to go on.
    AFTER_NAME = "after", "Name of an item; only the items after it are listed.", text, "a-name";
    /// Behind which item of another list to go on.
    AFTER_ID = "after", "Id of an item; only the items after it are listed.", reference::<UserId>, USER_ID;
    /// What to find in the words of a service user.
    SOUGHT = "q", "Text that the name, the description or the id contains, whatever its case; with `q`, `sort` or `attention` at most 100 are listed, and of a project with more than 20,000 service users none.", text, "web";
    /// In which order service users are listed.
    SERVICE_USERS_SORT = "sort", "Field to sort by, with `-` before it in descending order: `last_used` lists those that were never used first, `expiry_date` those that never expire last; in the order of their creation if absent.", |_| json!({ "enum": ["name", "-name", "last_used", "-last_used", "expiry_date", "-expiry_date"] }), "name";
    /// Whether only those are listed that somebody should look at.
    ATTENTION = "attention", "Whether to list only those that have expired or will within 14 days, were created 30 days ago and never used, or have a previous token that still works.", |_| json!({ "type": "boolean", "default": false }), true;
    /// Where a page begins.
    OFFSET = "offset", "Number of items to skip.", |_| integer(0, 1_000_000_000, 0), 0;
    /// The e-mail address to look for.
    EMAIL = "email", "E-mail address of the only person to list.", |_| json!({ "type": "string", "format": "email" }), "ada@example.com";
    /// The organization to narrow a list to.
    IN_ORGANIZATION = "organization", "Name of an organization; only items that belong to it are included.", text, ORGANIZATION;
    /// The labels to narrow a list to.
    LABELS = "labels", "Labels, as `key:value`, separated by commas; only objects with all of them are listed.", text, "team:vision";
    /// The labels to narrow a list of deployments, pipelines or versions to.
    ANY_LABELS = "labels", "Labels, as `key:value`, separated by commas; only objects with at least one of them are listed.", text, "team:vision";
    /// The versions to narrow a list of services to.
    VERSION_IDS = "deployment_version_ids", "Ids of deployment versions, separated by commas; only services that go to one of them are listed.", text, SERVICE_USER_ID;
    /// Whom a list of a project's users shows.
    USER_TYPE = "user_type", "Kind of users to list: `user` for people, `service` for service users.", |_| json!({ "enum": ["user", "service"], "default": "user" }), "user";
    /// The permission that a dry run asks for.
    PERMISSION = "permission", "Name of the permission to check.", text, "deployments.requests.create";
    /// The origin that a dry run is about.
    CHECKED_ORIGIN = "origin", "Origin to check, as `scheme://host[:port]`; required.", text, "https://app.example.com";
    /// The service user that a dry run is about.
    CHECKED_SERVICE_USER = "service_user", "Id of the service user whose token the page would have; nobody's if absent.", reference::<ServiceUserId>, SERVICE_USER_ID;
    /// Whom a dry run is about.
    CHECKED_ASSIGNEE = "assignee", "Id of the person or service user to check; the caller if absent.", text, SERVICE_USER_ID;
    /// The assignee to narrow a list to.
    ASSIGNEE = "assignee", "Id of a person or service user; only assignments to them are listed.", reference::<ServiceUserId>, SERVICE_USER_ID;
    /// The kind of assignee to narrow a list to.
    ASSIGNEE_TYPE = "assignee_type", "Kind of assignee; only assignments to that kind are listed: `user` for people and service users; `deployment` finds none.", |_| json!({ "enum": ["user", "deployment"] }), "user";
    /// The kind of object to narrow a list to.
    RESOURCE_TYPE = "resource_type", "Kind of object, `project`, `deployment` or `pipeline`; only what concerns objects of that kind.", |_| json!({ "enum": ["project", "deployment", "pipeline"] }), "project";
    /// The object to narrow a list to.
    RESOURCE = "resource", "Name of an object; only what concerns that object.", text, PROJECT;
    /// How long a token that is reset lives on.
    GRACE = "grace", "Seconds for which the old token keeps working; 0 ends it at once.", |_| integer(0, 604_800, 0), 3_600;
    /// Whether an upstream gets another secret.
    ROTATE_SECRET = "rotate_secret", "Create a new secret; the value is the number of seconds for which the present secret keeps signing, too.", |_| json!({ "type": "integer", "minimum": 0, "maximum": 604_800 }), 3_600;
    /// Whether a reset leaves the access keys.
    KEEP_ACCESS_KEYS = "keep_access_keys", "Whether to keep the access keys, which a reset without a grace period deletes.", |_| json!({ "type": "boolean", "default": false }), true;
    /// How many workspaces a page shows.
    WORKSPACES_LIMIT = "limit", "Maximum number of items per page.", |_| integer(1, 2_147_483_647, 1_000), 1_000;
    /// Which page of workspaces to show.
    WORKSPACES_PAGE = "offset", "Number of the page, counted from 0.", |_| integer(0, 2_147_483_647, 0), 0;
    /// What workspaces are sorted by.
    SORT_BY = "sort_by", "Field to sort the workspaces by.", |_| json!({ "enum": ["name", "update_time", "status"], "default": "name" }), "name";
    /// In which direction.
    ORDER = "order", "Sort order: ascending (`asc`) or descending (`desc`).", |_| json!({ "enum": ["asc", "desc"], "default": "desc" }), "asc";
    /// The enterprise project to narrow a list to.
    ENTERPRISE_PROJECT = "enterprise_project_id", "Id of an enterprise project; only its workspaces are listed.", text, "0";
    /// A part of the names to narrow a list to.
    WORKSPACE_NAME = "name", "Part of a name; only workspaces whose name contains it are listed.", text, "train";
    /// Whether to show only what is open to the caller.
    FILTER_ACCESSIBLE = "filter_accessible", "Whether to list only workspaces that are open to the caller.", |_| json!({ "type": "boolean", "default": false }), true;
    /// Where a usage report begins.
    START_DATE = "start_date", "Day on which the report begins; if absent, the start of the subscription period that contains the end of the report.", |_| json!({ "type": "string", "format": "date" }), "2026-11-01";
    /// Where a usage report ends.
    END_DATE = "end_date", "Midnight at which the report ends; a time of day means the next midnight. If absent, the report ends now; if both dates are absent, at the end of the present subscription period. The same day as `start_date` means that one day.", |_| json!({ "type": "string", "format": "date" }), "2026-12-01";
    /// What a series counts.
    METRIC = "metric", "Metric of the series: `deployments.requests`, `deployments.failed_requests`, `deployments.request_duration`, `deployments.input_volume`, `deployments.output_volume` or `deployments.credits`; all of them but `credits` also with `pipelines.`.", text, "deployments.requests";
    /// Where a series begins.
    SERIES_START = "start_date", "Start of the series, rounded down to a step; a day before the end if absent.", reference::<Timestamp>, "2026-11-22T09:00:00.000+00:00";
    /// Where a series ends.
    SERIES_END = "end_date", "End of the series, rounded up to a step; now if absent.", reference::<Timestamp>, "2026-11-23T09:00:00.000+00:00";
    /// The steps of a series.
    AGGREGATION_PERIOD = "aggregation_period", "Length of a step, in seconds; if absent, the shortest with which the series has at most 1,500 steps.", |_| json!({ "enum": [60, 300, 900, 3_600, 7_200, 21_600, 86_400] }), 3_600;
    /// For how long a series gives its rates.
    UNIT_PERIOD = "unit_period", "Period that rates refer to, in seconds; if it is the length of a step, the values are sums.", |_| json!({ "enum": [1, 60, 3_600, 86_400], "default": 1 }), 3_600;
    /// What a series is narrowed to.
    SERIES_LABELS = "labels", "Label that narrows the series to the requests to one version, `deployment_version_id:<id>`, or to one deployment, `deployment_id:<id>`; for pipelines likewise `pipeline_version_id:<id>` or `pipeline_id:<id>`.", text, "deployment_id:0b9a1f7e-32f5-4c2b-9a53-6f2f3b0f6d11";
    /// The step of a usage report.
    INTERVAL = "interval", "Length of the intervals of the report: days, or months counted from the start.", |_| json!({ "enum": ["day", "month"], "default": "month" }), "month";
    /// How long a request may take.
    TIMEOUT = "timeout", "Maximum time that the request may take, in seconds; default: 300, for a stream 3600.", |_| json!({ "type": "integer", "minimum": 10, "maximum": 3_600 }), 300;
    /// How long a request to a pipeline may take.
    PIPELINE_TIMEOUT = "timeout", "Maximum time that the request may take, in seconds; default: 3600, for a stream 7200. It may also be given as `pipeline_timeout`.", |_| json!({ "type": "integer", "minimum": 10, "maximum": 7_200 }), 3_600;
    /// How long each object of it may take.
    OBJECT_TIMEOUT = "deployment_timeout", "Maximum time that each deployment in the pipeline may take, in seconds; default: as long as the request.", |_| json!({ "type": "integer", "minimum": 10, "maximum": 3_600 }), 300;
    /// How long a request may take that waits for its turn.
    BATCH_TIMEOUT = "timeout", "Maximum time that each request may take once it has started, in seconds.", |_| json!({ "type": "integer", "minimum": 10, "maximum": 345_600, "default": 14_400 }), 14_400;
    /// How urgent a request is.
    PRIORITY = "priority", "Priority of the request, accepted but without effect: 0 is high, 1 is standard.", |_| integer(0, 1, 1), 1;
    /// The statuses to narrow a list of requests to.
    REQUEST_STATUS = "status", "Statuses of the requests to list, separated by commas; `pending` and `processing` can only be given alone.", |_| json!({ "type": "string", "minLength": 1, "default": "completed" }), "completed,failed";
    /// The same, of what has ended.
    ENDED_STATUS = "status", "Statuses of the requests to list, separated by commas: `completed`, `failed`, `cancelled`.", |_| json!({ "type": "string", "minLength": 1, "default": "completed" }), "completed,failed";
    /// The status of the requests to cancel.
    CANCELLED_STATUS = "status", "Status of the requests to cancel; with an empty list of ids, all requests of this status are cancelled.", |_| json!({ "enum": ["pending", "processing"] }), "pending";
    /// How many requests to show.
    REQUESTS_LIMIT = "limit", "Maximum number of items to return.", |_| integer(1, 1_000, 50), 50;
    /// Where a page of requests begins.
    REQUESTS_OFFSET = "offset", "Number of items to skip; to go further back, use `end_date`.", |_| integer(0, 10_000, 0), 0;
    /// Since when requests were made.
    MADE_FROM = "start_date", "Earliest creation time of the requests to list.", reference::<Timestamp>, "2026-11-22T09:00:00.000+00:00";
    /// Until when requests were made.
    MADE_UNTIL = "end_date", "Latest creation time of the requests to list.", reference::<Timestamp>, "2026-11-23T09:00:00.000+00:00";
    /// A part of the ids to narrow a list to.
    SEARCH_ID = "search_id", "Part of an id; only requests whose id contains it are listed, from the newest 10,000 of each status. A whole id is found among all requests.", text, "0192";
    /// The schedule whose requests to list.
    REQUEST_SCHEDULE = "request_schedule", "Name of a request schedule; only requests that it made are listed, from the newest 10,000 of each status.", text, "each-morning";
    /// Whether to leave out what was sent and answered.
    METADATA_ONLY = "metadata_only", "Whether to leave out the data that was sent and answered.", |_| json!({ "type": "boolean", "default": false }), true;
    /// The kind of object to list the requests of; it has to be given.
    OBJECT_TYPE = "object_type", "Kind of object whose requests are listed; required.", |_| json!({ "enum": ["deployment", "pipeline"] }), "deployment";
    /// The kind of object whose webhooks to list.
    WEBHOOKS_OF = "object_type", "Kind of object; only webhooks of objects of that kind are listed.", |_| json!({ "enum": ["deployment", "pipeline"] }), "deployment";
    /// What webhooks to list are told.
    WEBHOOKS_TOLD = "event", "Event; only webhooks that are sent that event are listed.", text, "deployment_request_completed";
    /// Whether all sessions end.
    EVERYWHERE = "everywhere", "Whether to end all sessions of the person, and a sign-in link, instead of this session alone.", |_| json!({ "type": "boolean", "default": false }), false;
    /// Whether to leave an organization without an admin.
    FORCE = "force", "Whether to delete the person even if an organization is left without an admin.", |_| json!({ "type": "boolean", "default": false }), false;
}

static PATH: &[Parameter] = &[
    Parameter {
        name: "project_name",
        description: "Name of the project.",
        schema: reference::<ObjectName>,
        example: || json!(PROJECT),
    },
    Parameter {
        name: "organization_name",
        description: "Name of the organization.",
        schema: reference::<ObjectName>,
        example: || json!(ORGANIZATION),
    },
    Parameter {
        name: "role_name",
        description: "Name of the role.",
        schema: reference::<ObjectName>,
        example: || json!("project-viewer"),
    },
    Parameter {
        name: "deployment_name",
        description: "Name of the deployment.",
        schema: reference::<ObjectName>,
        example: || json!(DEPLOYMENT),
    },
    Parameter {
        name: "pipeline_name",
        description: "Name of the pipeline.",
        schema: reference::<ObjectName>,
        example: || json!(PIPELINE),
    },
    Parameter {
        name: "schedule_name",
        description: "Name of the request schedule.",
        schema: reference::<ObjectName>,
        example: || json!("each-morning"),
    },
    Parameter {
        name: "webhook_name",
        description: "Name of the webhook.",
        schema: reference::<ObjectName>,
        example: || json!("tell-the-shop"),
    },
    Parameter {
        name: "test_id",
        description: "Id of the test.",
        schema: reference::<WebhookId>,
        example: || json!("0b6e3b1c-90de-4b5a-8a5e-2f6f1b7c9d10"),
    },
    Parameter {
        name: "service_id",
        description: "Id of the service.",
        schema: reference::<ServiceId>,
        example: || json!(SERVICE_USER_ID),
    },
    Parameter {
        name: "path",
        description: "Path below the `base_url` of the upstream; it may contain slashes.",
        schema: text,
        example: || json!("v1/transcriptions"),
    },
    Parameter {
        name: "service_name",
        description: "Name of the service.",
        schema: reference::<ObjectName>,
        example: || json!("speech"),
    },
    Parameter {
        name: "user_id",
        description: "Id of the person.",
        schema: reference::<UserId>,
        example: || json!(USER_ID),
    },
    Parameter {
        name: "code",
        description: "Code of the voucher.",
        schema: reference::<VoucherCode>,
        example: || json!(VOUCHER_CODE),
    },
    Parameter {
        name: "subscription_name",
        description: "Name of the plan.",
        schema: reference::<ObjectName>,
        example: || json!("premium"),
    },
    Parameter {
        name: "session_id",
        description: "Id of the session.",
        schema: reference::<TokenId>,
        example: || json!(SESSION_ID),
    },
    Parameter {
        name: "service_user_id",
        description: "Id of the service user.",
        schema: reference::<ServiceUserId>,
        example: || json!(SERVICE_USER_ID),
    },
    Parameter {
        name: "assignment_id",
        description: "Id of the role assignment.",
        schema: reference::<RoleAssignmentId>,
        example: || json!(ROLE_ASSIGNMENT_ID),
    },
    Parameter {
        name: "instance_type",
        description: "Name of the instance type.",
        schema: reference::<InstanceTypeName>,
        example: || json!(INSTANCE_TYPE),
    },
    Parameter {
        name: "version",
        description: "Name of the version.",
        schema: text,
        example: || json!("v1"),
    },
    Parameter {
        name: "variable_id",
        description: "Id of the environment variable.",
        schema: reference::<EnvironmentVariableId>,
        example: || json!(VARIABLE_ID),
    },
    Parameter {
        name: "environment_name",
        description: "Name of the environment.",
        schema: text,
        example: || json!("external"),
    },
    Parameter {
        name: "tag",
        description: "Tag of the environment.",
        schema: text,
        example: || json!("latest"),
    },
    Parameter {
        name: "revision_id",
        description: "Id of the revision.",
        schema: reference::<RevisionId>,
        example: || json!(REVISION_ID),
    },
    Parameter {
        name: "request_id",
        description: "Id of the request.",
        schema: text,
        example: || json!(REQUEST_ID),
    },
    Parameter {
        name: "file",
        description: "Name of a file that the documentation page needs.",
        schema: text,
        example: || json!("start.js"),
    },
    Parameter {
        name: "access_key",
        description: "Id of the access key.",
        schema: reference::<AccessKeyId>,
        example: || json!(ACCESS_KEY),
    },
    Parameter {
        name: "project_id",
        description: "Id of the project, with or without dashes.",
        schema: reference::<ProjectId>,
        example: || json!(PROJECT_ID),
    },
    Parameter {
        name: "workspace_id",
        description: "Id of the workspace; `0` is the default workspace of every project.",
        schema: |_| json!({ "type": "string", "pattern": "^(0|[0-9a-f]{32})$" }),
        example: || json!(WORKSPACE_ID),
    },
    Parameter {
        name: "resource",
        description: "Id of the quota resource.",
        schema: reference::<QuotaResourceName>,
        example: || json!("exemlProject.gpu_duration"),
    },
];
