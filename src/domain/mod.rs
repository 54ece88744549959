//! The rules that need no I/O: names, texts, e-mail addresses, origins, instants, subscription periods, credits,
//! usage, whole numbers, voucher codes, tokens, paths and ids.
//!
//! Every type here is made by parsing and by nothing else, so a value that exists has been checked: an [`Origin`] is
//! normalised, an [`ObjectName`] fits a URL and a column, a [`PlainToken`] cannot be printed. Only of an [`Id`] all that is
//! sure is of what kind it is. Parsers answer [`Invalid`], one sentence that tells what was wrong and what is allowed; which
//! field it was is known one layer higher. Nothing here asks for the time or for randomness: both come in as arguments.
//!
//! Start with `names.rs`, the smallest complete example, and `wire.rs`, which takes these types through JSON.

pub mod access_key;
pub mod content;
pub mod credits;
pub mod cron;
pub mod email;
pub mod event_stream;
pub mod fields;
pub mod header_template;
pub mod hex;
pub mod host;
pub mod idempotency_key;
pub mod ids;
pub mod instance_type;
pub mod integer;
pub mod invalid;
pub mod json;
pub mod kept;
pub mod labels;
pub mod lower_case;
pub mod metering;
pub mod names;
pub mod nfc;
pub mod numbered;
pub mod openai;
pub mod openai_models;
pub mod openai_stream;
pub mod origin;
pub mod path;
pub mod pipeline_data;
pub mod pipeline_graph;
pub mod quota;
pub mod request_input;
pub mod requests;
pub mod retention;
pub mod service_call;
pub mod signing;
pub mod subscription_period;
pub mod target_kind;
pub mod text;
pub mod time;
pub mod time_series;
pub mod token;
pub mod upstream_url;
pub mod usage;
pub mod variable;
pub mod voucher_code;
pub mod web_url;
pub mod webhook_signature;
pub(crate) mod wire;
pub mod workspace;

pub use access_key::AccessKeyId;
pub use content::Content;
pub use credits::Credits;
pub use cron::Cron;
pub use email::Email;
pub use event_stream::EventStream;
pub use fields::{DataType, Fields, IoType};
pub use header_template::{HeaderTemplates, Unexpanded};
pub use idempotency_key::IdempotencyKey;
pub use ids::{
    AnyId, AttachmentId, AuditId, CallerId, ClaimId, EnvironmentVariableId, Id, OrganizationId,
    PipelineObjectId, PlaceId, PrincipalId, ProjectId, RecordId, RequestId, RevisionId,
    RoleAssignmentId, RoleId, ScheduleId, ServiceId, ServiceLimitId, ServiceUserId, SignInLinkId,
    TargetId, TokenId, UserId, VersionId, VoucherId, WebhookId, WorkspaceId,
};
pub use instance_type::InstanceTypeName;
pub use integer::{AtLeast, SAFE_INTEGER, Within};
pub use invalid::{Invalid, quoted};
pub use kept::{Kept, MAX_KEPT};
pub use labels::Labels;
pub use metering::Lease;
pub use names::ObjectName;
pub use openai::{OpenAiBody, OpenAiPath, TokenUsage};
pub use openai_models::{ModelId, Models, WantedModel};
pub use openai_stream::OpenAiStream;
pub use origin::{Origin, OriginList};
pub use path::{NoSuchPath, RawPath, Segments};
pub use pipeline_graph::{Attachments, PipelineObjects};
pub use quota::{QuotaBounds, QuotaResourceName};
pub use request_input::RequestInput;
pub use requests::RequestStatus;
pub use retention::{MAX_RETENTION_TIME, RETENTION_TIME, RetentionMode};
pub use signing::{DerivedSecret, Purpose, SealingKey, SealingKeyId, SigningKey, SigningKeys};
pub use subscription_period::period_containing;
pub use target_kind::TargetKind;
pub use text::{Description, PersonName, ServiceUserName, Text};
pub use time::{Date, Timestamp};
pub use token::{
    Digests, Opens, PlainToken, RecognisedToken, TokenDigest, TokenKey, TokenKeyId, TokenKeys,
    constant_time_eq,
};
pub use upstream_url::{UpstreamRules, UpstreamUrl};
pub use variable::{Hosts, MAX_VARIABLES, VariableName, VariableValue};
pub use voucher_code::VoucherCode;
pub use webhook_signature::{SignedCall, WebhookSecret, WebhookSecrets};
pub use workspace::{
    AuthType, EnterpriseProjectId, Grant, GrantType, WorkspaceDescription, WorkspaceName,
};
