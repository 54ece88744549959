//! The bodies of deployment versions, in the union of what the four client generations send and read.
//!
//! A setting that was never given, or was set to null, is shown with the default that the clients' documents name.

use crate::domain::json::{self, Fault, FromJson, Json, object, read_as};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::invalid::at_most;
use crate::domain::kept::check_length;
use crate::domain::{
    Description, Invalid, Labels, MAX_RETENTION_TIME, ObjectName, RETENTION_TIME, RetentionMode,
    Text, Within,
};
use crate::error::Error;
use crate::store::environments::EXTERNAL;
use crate::store::rows::{Flag, JsonText};
use crate::store::versions::{MAXIMUM_INSTANCES, Version};
use crate::web::patch::Patch;

/// How long an instance stays without work, in seconds.
const IDLE_TIME: i64 = 300;
/// The instance type of a version that names neither a type nor a group.
const INSTANCE_TYPE: &str = "2048mb";
/// How many express requests may wait.
const QUEUE_EXPRESS: i64 = 100;
/// How many batch requests may wait.
const QUEUE_BATCH: i64 = 100_000;

object! {
    /// A port of a version that serves more than requests.
    #[derive(Debug, Clone, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct Port {
        /// Port at which the version is reached.
        pub public_port: Within<1, 65_535>,
        /// Port on which the version listens.
        pub deployment_port: Within<1, 65_535>,
        /// Protocol, such as `tcp`.
        pub protocol: Text<1, 16>,
    }
}

/// List of at most 20 ports.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Ports(Vec<Port>);

read_as!(Ports, Vec<Port>);

impl TryFrom<Vec<Port>> for Ports {
    type Error = Invalid;

    fn try_from(ports: Vec<Port>) -> Result<Self, Invalid> {
        at_most(ports.len(), 20, "ports")?;
        Ok(Self(ports))
    }
}

object! {
    /// How it is checked whether an instance is healthy.
    #[derive(Debug, Clone, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct HealthCheck {
        /// Seconds between two checks.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub interval: Option<Within<1, 86_400>>,
        /// Seconds after which a check counts as failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub timeout: Option<Within<1, 86_400>>,
        /// Number of failures that make an instance unhealthy.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub failure_threshold: Option<Within<1, 1000>>,
        /// Port that the check calls.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub port: Option<Within<1, 65_535>>,
        /// Path that the check calls.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub path: Option<Text<1, 256>>,
    }
}

/// A command line: one text or a list of texts.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum CommandLine {
    /// The command line as one text.
    Text(Text<0, 4096>),
    /// The command line as a list of texts.
    Texts(Texts),
}

impl FromJson for CommandLine {
    fn from_json(json: Json<'_>) -> Result<Self, Fault> {
        if json.is_string() {
            return Text::from_json(json).map(Self::Text);
        }
        if json.is_list() {
            return Texts::from_json(json).map(Self::Texts);
        }
        Err(json.unexpected(
            &"a text of at most 4096 characters, or a list of such texts, at most 65536 bytes of JSON",
        ))
    }
}

/// List of texts, at most 65536 bytes of JSON.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Texts(Vec<Text<0, 4096>>);

read_as!(Texts, Vec<Text<0, 4096>>);

impl TryFrom<Vec<Text<0, 4096>>> for Texts {
    type Error = Invalid;

    fn try_from(texts: Vec<Text<0, 4096>>) -> Result<Self, Invalid> {
        check_length(&json::text(&texts))?;
        Ok(Self(texts))
    }
}

/// The bodies to create and to change a version: the same settings, but a name is needed on creation only.
macro_rules! body {
    ($(#[$doc:meta])* $name:ident, $(#[$version_doc:meta])* $version:ty, { $($(#[$setting_doc:meta])* $setting:ident: $type:ty,)* }) => {
        object! {
            $(#[$doc])*
            #[derive(Debug)]
            #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
            pub struct $name {
                $(#[$version_doc])*
                pub version: $version,
                /// Description of the version; null clears it.
                pub description: Patch<Description>,
                /// All labels of the version; null removes all labels.
                pub labels: Patch<Labels>,
                /// Older name of `environment`.
                pub language: Patch<Text<1, 256>>,
                $($(#[$setting_doc])* pub $setting: Patch<$type>,)*
            }
        }

        impl $name {
            /// The settings that the body names, null where it says null.
            #[must_use]
            pub fn settings(&self) -> Map<String, Value> {
                let mut settings = Map::new();
                $(if self.$setting.is_present() {
                    settings.insert(stringify!($setting).to_owned(), json::tree(&self.$setting.value()));
                })*
                if self.language.is_present() && !self.environment.is_present() {
                    settings.insert("environment".to_owned(), json::tree(&self.language.value()));
                }
                settings
            }
        }
    };
}

macro_rules! bodies {
    ($settings:tt) => {
        body!(
            /// The version to create.
            DeploymentVersionCreate,
            /// Name of the version, unique in the deployment.
            ObjectName,
            $settings
        );
        body!(
            /// Changes to a version; absent fields stay as they are, and null resets a setting to its default.
            DeploymentVersionUpdate,
            /// New name of the version; pipelines that use the version keep using it.

            Patch<ObjectName>,
            $settings
        );
    };
}

bodies!({
    /// Environment that the version runs in.
    environment: Text<1, 256>,
    /// Environment that the version runs in.
    environment_name: Text<1, 256>,
    /// Tag that selects one of the environments of that name.
    environment_tag: Text<1, 256>,
    /// Instance type of the version's instances, which is their size.
    instance_type: Text<1, 256>,
    /// Id of the instance type group of the version's instances.
    instance_type_group_id: Text<1, 256>,
    /// Name of the instance type group of the version's instances.
    instance_type_group_name: Text<1, 256>,
    /// Maximum number of instances; 5 if never set.
    maximum_instances: Within<1, 1000>,
    /// Minimum number of instances; 0 if never set.
    minimum_instances: Within<0, 1000>,
    /// Seconds that an instance stays up without work; 300 if never set.
    maximum_idle_time: Within<10, 3600>,
    /// Seconds that requests are kept; 604800, a week, if never set.
    request_retention_time: Within<0, MAX_RETENTION_TIME>,
    /// What is kept of requests; `full` if never set.
    request_retention_mode: RetentionMode,
    /// Maximum number of express requests that wait; 100 if never set.
    maximum_queue_size_express: Within<1, 10_000_000>,
    /// Maximum number of batch requests that wait; 100000 if never set.
    maximum_queue_size_batch: Within<1, 10_000_000>,
    /// Maximum number of requests that wait; 100000 if never set.
    maximum_queue_size: Within<1, 10_000_000>,
    /// Notification group for monitoring; it is stored, but nobody is notified.
    monitoring: Text<1, 256>,
    /// Default notification group; it is stored, but nobody is notified.
    default_notification_group: Text<1, 256>,
    /// Whether the version asks for an IP address of its own.
    static_ip: bool,
    /// Whether requests that were interrupted are started again.
    restart_request_interruption: bool,
    /// Ports of the version.
    ports: Ports,
    /// How instances are added; `default` if never set.
    scaling_strategy: Text<1, 64>,
    /// Number of processes in an instance; 1 if never set.
    instance_processes: Within<1, 1000>,
    /// How it is checked whether an instance is healthy; a change is merged into the present health check.
    health_check: HealthCheck,
    /// Command that an instance runs.
    command: CommandLine,
    /// Arguments that the command is run with.
    args: CommandLine,
});

/// A version of a deployment.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct DeploymentVersionDetail {
    /// Unique id of the version.
    pub id: String,
    /// Name of the deployment.
    pub deployment: String,
    /// Name of the version.
    pub version: String,
    /// Whether requests that name no version go to this version.
    pub default: bool,
    /// Description of the version.
    pub description: String,
    /// Labels of the version.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Labels"))]
    pub labels: JsonText,
    /// When the version was created.
    pub creation_date: String,
    /// When the version was last changed.
    pub last_updated: String,
    /// `available` while the version has an upstream, else `unavailable`.
    pub status: &'static str,
    /// Id of the newest revision of the version's upstream.
    pub active_revision: Option<String>,
    /// Id of the newest revision of the version's upstream.
    pub latest_revision: Option<String>,
    /// Always null: no files are kept.
    pub last_file_upload: Option<String>,
    /// Always false: no files are kept.
    pub has_request_method: bool,
    /// Always false: no files are kept.
    pub has_requests_method: bool,
    /// The settings.
    #[serde(flatten)]
    pub settings: DeploymentVersionSettings,
}

object! {
    default
    /// The settings of a version, each with its default where it was never given.
    #[derive(Debug, Serialize)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(default))]
    pub struct DeploymentVersionSettings {
        /// Environment that the version runs in; `external` where the version names none.
        pub environment: Option<String>,
        /// Name of the environment that the version runs in, for people.
        pub environment_display_name: Option<String>,
        /// Environment that the version runs in.
        pub environment_name: Option<String>,
        /// Tag that selects one of the environments of that name.
        pub environment_tag: Option<String>,
        /// Instance type of the version's instances, which is their size.
        pub instance_type: Option<String>,
        /// Id of the instance type group of the version's instances.
        pub instance_type_group_id: Option<String>,
        /// Name of the instance type group of the version's instances; the version's instance type where it names no
        /// group.
        pub instance_type_group_name: Option<String>,
        /// Maximum number of instances.
        pub maximum_instances: i64,
        /// Minimum number of instances.
        pub minimum_instances: i64,
        /// Seconds that an instance stays up without work.
        pub maximum_idle_time: i64,
        /// Seconds that requests are kept.
        pub request_retention_time: i64,
        /// What is kept of requests: `none`, `metadata` or `full`.
        pub request_retention_mode: String,
        /// Maximum number of express requests that wait.
        pub maximum_queue_size_express: i64,
        /// Maximum number of batch requests that wait.
        pub maximum_queue_size_batch: i64,
        /// Maximum number of requests that wait.
        pub maximum_queue_size: i64,
        /// Notification group for monitoring; it is stored, but nobody is notified.
        pub monitoring: Option<String>,
        /// Default notification group; it is stored, but nobody is notified.
        pub default_notification_group: Option<String>,
        /// Whether the version asks for an IP address of its own.
        pub static_ip: bool,
        /// Whether requests that were interrupted are started again.
        pub restart_request_interruption: bool,
        /// Ports of the version.
        pub ports: Vec<Port>,
        /// How instances are added.
        pub scaling_strategy: String,
        /// Number of processes in an instance.
        pub instance_processes: i64,
        /// How it is checked whether an instance is healthy.
        pub health_check: Option<HealthCheck>,
        /// Command that an instance runs.
        pub command: Option<CommandLine>,
        /// Arguments that the command is run with.
        pub args: Option<CommandLine>,
    }
}

impl Default for DeploymentVersionSettings {
    fn default() -> Self {
        Self {
            environment: None,
            environment_display_name: None,
            environment_name: None,
            environment_tag: None,
            instance_type: None,
            instance_type_group_id: None,
            instance_type_group_name: None,
            maximum_instances: MAXIMUM_INSTANCES,
            minimum_instances: 0,
            maximum_idle_time: IDLE_TIME,
            request_retention_time: RETENTION_TIME,
            request_retention_mode: RetentionMode::DEFAULT.name().to_owned(),
            maximum_queue_size_express: QUEUE_EXPRESS,
            maximum_queue_size_batch: QUEUE_BATCH,
            maximum_queue_size: QUEUE_BATCH,
            monitoring: None,
            default_notification_group: None,
            static_ip: false,
            restart_request_interruption: false,
            ports: Vec::new(),
            scaling_strategy: "default".to_owned(),
            instance_processes: 1,
            health_check: None,
            command: None,
            args: None,
        }
    }
}

impl DeploymentVersionSettings {
    /// Fills what one generation calls otherwise than another, and what Terraform's provider takes no null for.
    fn completed(mut self) -> Self {
        let named = self.environment.or_else(|| self.environment_name.clone());
        if named.is_none() {
            self.environment_tag = None;
        }
        let environment = Some(named.unwrap_or_else(|| EXTERNAL.to_owned()));
        self.environment_name = self.environment_name.or_else(|| environment.clone());
        self.environment_display_name = environment.clone();
        self.environment = environment;
        self.instance_type = self
            .instance_type
            .or_else(|| self.instance_type_group_name.clone())
            .or_else(|| Some(INSTANCE_TYPE.to_owned()));
        self.instance_type_group_name = self
            .instance_type_group_name
            .or_else(|| self.instance_type.clone());
        self
    }
}

impl TryFrom<Version> for DeploymentVersionDetail {
    type Error = Error;

    fn try_from(version: Version) -> Result<Self, Error> {
        Ok(Self {
            settings: version
                .settings
                .parse::<DeploymentVersionSettings>()?
                .completed(),
            id: version.id.into(),
            deployment: version.object,
            version: version.version,
            default: version.is_default.0,
            description: version.description,
            labels: version.labels,
            creation_date: version.creation_date.0.to_zulu_string(),
            last_updated: version.last_updated.0.to_zulu_string(),
            status: match version.has_upstream {
                Some(Flag(true)) => "available",
                _ => "unavailable",
            },
            active_revision: version.latest_revision.clone().map(String::from),
            latest_revision: version.latest_revision.map(String::from),
            last_file_upload: None,
            has_request_method: false,
            has_requests_method: false,
        })
    }
}
