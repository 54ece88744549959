//! Environment variables of projects, deployments and versions (contract section 5.2): of one name the nearest counts.
//!
//! A secret is sealed for the row, the place and the name that it has, so that whatever moves it has to seal it anew: a
//! change that would, brings the value along, and a copy opens and seals. A secret goes to its hosts alone: those that its
//! writer says, or else those of the upstreams that named it when they last set it.

pub mod statements;

use serde::Serialize;
use serde_json::{Value, json};

use crate::auth::permissions::{self, Permission};
use crate::auth::sealed::{self, Sealed};
use crate::domain::json;
use crate::domain::{
    AnyId, EnvironmentVariableId, Hosts, MAX_VARIABLES, ObjectName, PlaceId, SealingKeyId,
    TargetId, TargetKind, VariableName, VariableValue, VersionId, quoted,
};
use crate::error::Error;
use crate::platform::{Config, Platform};
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, given};
use crate::store::connection::Connection;
use crate::store::first_trip::Rider;
use crate::store::projects::{self, Project};
use crate::store::rows::{Answers, Flag, JsonText, row};
use crate::store::slices::{Listing, Slice};
use crate::store::targets::Target;
use crate::web::patch::Patch;

/// The table, as what is sealed in it names it.
const TABLE: &str = "environment_variables";

row! {
    /// A variable, as it is shown.
    #[derive(Debug, Clone)]
    pub struct Variable {
        /// Its id.
        pub id: EnvironmentVariableId,
        /// Its name, unique at its place.
        pub name: String,
        /// Whether its value is a secret.
        pub secret: Flag,
        /// Its value; none of a secret.
        pub value: Option<String>,
        /// The hosts that it may be sent to; none of what is no secret where nobody said any.
        pub hosts: Option<JsonText>,
    }
}

row! {
    /// A variable in a list of what counts at a place.
    #[derive(Debug, Clone)]
    pub struct Inherited {
        /// What it is inherited from: `project` or `deployment`; none of the place's own.
        pub inheritance_type: Option<String>,
        /// The name of that.
        pub inheritance_name: Option<String>,
    }
}

row! {
    /// A variable, as it is stored: what [`open`] reads.
    pub struct Stored {
        /// Its id.
        pub id: EnvironmentVariableId,
        /// The id of the project, deployment or version that it belongs to.
        pub place_id: PlaceId,
        /// Its name.
        pub name: String,
        /// Its value, sealed if it is a secret.
        pub value: String,
        /// Whether it is.
        pub secret: Flag,
        /// Under which key it is sealed.
        pub key_id: Option<SealingKeyId>,
    }
}

/// The value of a stored variable.
///
/// # Errors
/// As [`sealed::open`].
pub async fn open(
    platform: &Platform,
    config: &Config,
    stored: &Stored,
) -> Result<VariableValue, Error> {
    let broken = |what: &str| Error::inconsistent(format!("{TABLE} {}: {what}", stored.id));
    let text = match &stored.key_id {
        None => stored.value.clone(),
        Some(key_id) => {
            let sealed = Sealed {
                text: stored.value.clone(),
                key_id: key_id.clone(),
            };
            let place = sealed_place(&stored.id, stored.place_id.any(), &stored.name);
            let plain = sealed::open(platform, config, place, &sealed).await?;
            String::from_utf8(plain).map_err(|_| broken("not UTF-8"))?
        }
    };
    VariableValue::parse(&text).map_err(|invalid| broken(invalid.as_str()))
}

fn sealed_place<'a>(
    id: &'a EnvironmentVariableId,
    place: AnyId<'a>,
    name: &'a str,
) -> sealed::Place<'a> {
    sealed::Place {
        table: TABLE,
        row: id.any(),
        place,
        name,
    }
}

/// A project, a deployment or a version: what variables belong to.
pub struct Place<'a> {
    project: &'a Project,
    deployment: Option<&'a Target>,
    /// The id and the name of a version of that.
    version: Option<(VersionId, &'a str)>,
}

row! {
    struct VersionRow {
        id: VersionId,
    }
}

row! {
    struct At {
        place_id: PlaceId,
    }
}

/// Finds the version and the variable of the path, where it names them, on the first trip.
#[must_use]
pub fn riding(version: &str, variable: &EnvironmentVariableId) -> Rider {
    let parameters = Parameters::new()
        .text("version", version)
        .text("variable_id", variable);
    match version {
        "" => Rider::reading([&statements::VARIABLE_RIDING], parameters),
        _ => Rider::reading(
            [&statements::VARIABLE_RIDING, &statements::VERSION_RIDING],
            parameters,
        ),
    }
}

impl<'a> Place<'a> {
    /// The place that a path names, whose version, if it names one, has ridden along.
    ///
    /// # Errors
    /// 404 when there is no such version.
    pub fn ridden(
        project: &'a Project,
        deployment: Option<&'a Target>,
        version: &'a str,
        answers: &Answers,
    ) -> Result<Self, Error> {
        let version = match (deployment, version) {
            (None, _) | (_, "") => None,
            (Some(deployment), version) => {
                let found: Option<VersionRow> = answers.first(&statements::VERSION_RIDING)?;
                let found = found.ok_or_else(|| deployment.version_not_found(version))?;
                Some((found.id, version))
            }
        };
        Ok(Self {
            project,
            deployment,
            version,
        })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> AnyId<'_> {
        match (&self.version, self.deployment) {
            (Some((id, _)), _) => id.any(),
            (None, Some(deployment)) => deployment.id.any(),
            (None, None) => self.project.project_id.any(),
        }
    }

    /// The variable of the path, if it stands here.
    ///
    /// # Errors
    /// 404.
    pub fn variable(&self, answers: &Answers, id: &str) -> Result<Variable, Error> {
        let found: Option<(At, Variable)> = answers.first(&statements::VARIABLE_RIDING)?;
        match found {
            Some((at, variable)) if at.place_id.any() == self.id() => Ok(variable),
            _ => Err(self.has_no(id)),
        }
    }

    /// Seals a value for a row, a name and this place, if it is to be a secret: what is stored, and the key's id.
    async fn stored(
        &self,
        platform: &Platform,
        config: &Config,
        (id, name): (&EnvironmentVariableId, &str),
        value: &VariableValue,
        is_secret: bool,
    ) -> Result<(String, Option<SealingKeyId>), Error> {
        if !is_secret {
            return Ok((value.reveal().to_owned(), None));
        }
        let place = sealed_place(id, self.id(), name);
        let sealed = sealed::seal(platform, config, place, value.reveal().as_bytes()).await?;
        Ok((sealed.text, Some(sealed.key_id)))
    }

    /// How the trail names what is here: `API_KEY`, `classifier/API_KEY`, `classifier/v1/API_KEY`.
    fn label(&self, name: &str) -> String {
        let deployment = self.deployment.map(|deployment| deployment.name.as_str());
        let version = self.version.as_ref().map(|(_, version)| *version);
        let above = deployment.into_iter().chain(version);
        above.chain([name]).collect::<Vec<_>>().join("/")
    }

    fn parameters(&self, parameters: Parameters) -> Parameters {
        let (resource_type, resource_id) = match self.deployment {
            Some(deployment) => (deployment.kind.name(), deployment.id.any()),
            None => ("project", self.project.project_id.any()),
        };
        parameters
            .text("place_id", self.id())
            .text("project_id", &self.project.project_id)
            .text("project_name", &self.project.project_name)
            .optional_text(
                "deployment_id",
                self.deployment.map(|deployment| &deployment.id),
            )
            .optional_text(
                "deployment_name",
                self.deployment.map(|deployment| deployment.name.as_str()),
            )
            .optional_text("version_id", self.version.as_ref().map(|(id, _)| id))
            .text("resource_type", resource_type)
            .text("resource_id", resource_id)
            .integer("max_variables", MAX_VARIABLES)
    }

    fn change<'b>(
        &'b self,
        action: Action,
        id: &'b EnvironmentVariableId,
        label: &'b str,
    ) -> Change<'b> {
        self.project
            .change(action, "environment_variable", id.any(), label)
    }

    fn not_found(&self) -> Error {
        match (&self.version, self.deployment) {
            (Some((_, version)), Some(deployment)) => deployment.version_not_found(version),
            (None, Some(deployment)) => deployment.not_found(),
            (_, None) => projects::not_found(&self.project.project_name),
        }
    }

    fn name(&self) -> &'static str {
        match (&self.version, self.deployment) {
            (Some(_), _) => "version",
            (None, Some(_)) => "deployment",
            (None, None) => "project",
        }
    }

    fn has_no(&self, id: &str) -> Error {
        Error::not_found(format!(
            "this {} has no environment variable {} of its own",
            self.name(),
            quoted(id)
        ))
    }

    fn has_already(&self, name: &str) -> Error {
        Error::invalid(format!(
            "name: this {} has an environment variable '{name}' already",
            self.name()
        ))
    }

    fn is_full(&self) -> Error {
        Error::invalid(format!(
            "this {} would have more than {MAX_VARIABLES} environment variables, which is the most that are allowed",
            self.name()
        ))
    }
}

/// What counts at a place, by name: its own variables, and those that it inherits.
///
/// # Errors
/// 400 for a slice behind what is not in the list; 503 when the database fails.
pub async fn list(
    connection: &Connection,
    place: &Place<'_>,
    slice: &Slice,
) -> Result<Vec<(Variable, Inherited)>, Error> {
    let listing = Listing::new(&statements::LIST, &statements::KNOWS);
    let parameters = place.parameters(Parameters::new());
    slice.read(connection, listing, parameters).await
}

/// What is asked for on creation.
pub struct NewVariable {
    /// Its id.
    pub id: EnvironmentVariableId,
    /// Its name.
    pub name: VariableName,
    /// Its value.
    pub value: VariableValue,
    /// Whether that is a secret.
    pub secret: bool,
    /// Where it may be sent, if its writer says.
    pub hosts: Option<Hosts>,
}

/// Creates a variable.
///
/// # Errors
/// 400 for a taken name, or one variable too many; 403 for a right lost meanwhile; 404 when the place has gone; 503 when
/// the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    (platform, config): (&Platform, &Config),
    place: &Place<'_>,
    new: &NewVariable,
) -> Result<Variable, Error> {
    let (id, name) = (&new.id, new.name.as_str());
    let (value, key_id) = place
        .stored(platform, config, (id, name), &new.value, new.secret)
        .await?;
    let label = place.label(name);
    let change = Change {
        after: Some(given(vec![
            ("name", Some(json!(name))),
            ("value", (!new.secret).then(|| json!(new.value.reveal()))),
            ("secret", Some(json!(new.secret))),
            ("hosts", new.hosts.as_ref().map(json::tree)),
        ])),
        ..place.change(Action::Create, id, &label)
    };
    let statements = place
        .parameters(change.parameters(context))
        .text("name", name)
        .text("value", value)
        .flag("secret", new.secret)
        .optional_text("key_id", key_id)
        .optional_text("hosts", new.hosts.as_ref().map(Hosts::to_json))
        .batch([
            &statements::PERMIT_CREATE,
            &statements::INSERT,
            &statements::GET,
        ]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| place.not_found()),
        ("may", &|| projects::lacks(context.authority)),
        ("name_is_free", &|| place.has_already(name)),
        ("has_room", &|| place.is_full()),
    ])?;
    answers.only(&statements::GET)
}

/// What a PATCH changes; what is absent stays.
#[derive(Debug, Default)]
pub struct VariableChanges {
    /// Its name.
    pub name: Option<VariableName>,
    /// Its value.
    pub value: Option<VariableValue>,
    /// Whether that is a secret.
    pub secret: Option<bool>,
    /// Where it may be sent; null leaves that to the upstreams that name it.
    pub hosts: Patch<Hosts>,
}

/// Changes a variable that was read on the first trip; what changes nothing writes nothing and shows what there is.
///
/// # Errors
/// 400 for a taken name, or for a change that needs the value and does not bring it; 403 for a right lost meanwhile; 404;
/// 503 when somebody else has changed it meanwhile, or the database fails.
pub async fn update(
    context: &ChangeContext<'_>,
    (platform, config): (&Platform, &Config),
    place: &Place<'_>,
    read: &Variable,
    changes: &VariableChanges,
) -> Result<Variable, Error> {
    let Flag(was_secret) = read.secret;
    let is_secret = changes.secret.unwrap_or(was_secret);
    let name = changes
        .name
        .as_ref()
        .map_or(read.name.as_str(), VariableName::as_str);
    let (value, key_id) = match &changes.value {
        Some(value) => {
            let sealed = place.stored(platform, config, (&read.id, name), value, is_secret);
            let (value, key_id) = sealed.await?;
            (Some(value), key_id)
        }
        None if is_secret != was_secret => {
            return Err(Error::invalid(
                "value: a change of secret needs the value again",
            ));
        }
        None if is_secret && name != read.name => {
            return Err(Error::invalid(
                "value: a secret is sealed for its name, so a new name needs the value again",
            ));
        }
        None => (None, None),
    };
    let label = place.label(&read.name);
    let change = Change {
        after: Some(changes.to_json(is_secret)),
        ..place.change(Action::Update, &read.id, &label)
    };
    let statements = place
        .parameters(change.parameters(context))
        .text("name", name)
        .optional_text("value", value)
        .flag("secret", is_secret)
        .optional_text("key_id", key_id)
        .flag("sets_hosts", changes.hosts.is_present())
        .optional_text("hosts", changes.hosts.value().map(Hosts::to_json))
        .text("read_name", &read.name)
        .flag("read_secret", was_secret)
        .batch([
            &statements::PERMIT_UPDATE,
            &statements::UPDATE,
            &statements::GET,
        ]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[
        ("found", &|| place.has_no(read.id.as_str())),
        ("may", &|| projects::lacks(context.authority)),
        ("is_as_read", &changed_meanwhile),
        ("name_is_free", &|| place.has_already(name)),
    ])?;
    answers.only(&statements::GET)
}

impl VariableChanges {
    fn to_json(&self, is_secret: bool) -> Value {
        let value = self.value.as_ref().filter(|_| !is_secret);
        let hosts = &self.hosts;
        given(vec![
            ("name", self.name.as_ref().map(|name| json!(name))),
            ("value", value.map(|value| json!(value.reveal()))),
            ("secret", self.secret.map(Value::Bool)),
            (
                "hosts",
                hosts.is_present().then(|| json::tree(&hosts.value())),
            ),
        ])
    }
}

/// The refusal of what was sealed for a row that is another by now: rare, nothing is written, and a repetition does it.
fn changed_meanwhile() -> Error {
    Error::unavailable("an environment variable was changed by somebody else at the same moment")
}

/// Deletes a variable.
///
/// # Errors
/// 403 for a right lost meanwhile; 404; 503 when the database fails.
pub async fn delete(
    context: &ChangeContext<'_>,
    place: &Place<'_>,
    read: &Variable,
) -> Result<(), Error> {
    let label = place.label(&read.name);
    let change = place.change(Action::Delete, &read.id, &label);
    let statements = place
        .parameters(change.parameters(context))
        .batch([&statements::PERMIT_DELETE, &statements::DELETE]);
    context.connection.write(statements).await?.done_or(&[
        ("found", &|| place.has_no(read.id.as_str())),
        ("may", &|| projects::lacks(context.authority)),
    ])
}

/// What a copy is made from: a deployment, or a version of it.
pub struct Source<'a> {
    /// The deployment.
    pub deployment: &'a ObjectName,
    /// The version of it, if that is meant.
    pub version: Option<&'a ObjectName>,
}

/// One of the copies, as the statements read it. Of what is no secret the value stays in the database.
#[derive(Serialize)]
struct Copied {
    source_id: EnvironmentVariableId,
    id: EnvironmentVariableId,
    name: String,
    value: Option<String>,
    key_id: Option<SealingKeyId>,
}

row! {
    struct SourceRow {
        deployment_id: Option<TargetId>,
        place_id: Option<PlaceId>,
        may: Flag,
    }
}

impl Source<'_> {
    /// What reading its variables needs.
    fn permission(&self) -> Permission {
        match self.version {
            None => permissions::DEPLOYMENTS_GET,
            Some(_) => permissions::DEPLOYMENTS_VERSIONS_GET,
        }
    }

    fn parameters(&self, parameters: Parameters) -> Parameters {
        parameters
            .text("source_deployment", self.deployment.as_str())
            .optional_text("source_version", self.version.map(ObjectName::as_str))
            .text("source_permission", self.permission().name())
    }

    fn lacks(&self) -> Error {
        let permission = self.permission().name();
        Error::forbidden(format!(
            "source_deployment: this needs the permission {permission} on it"
        ))
    }

    fn to_json(&self) -> Value {
        json!({ "source_deployment": self.deployment, "source_version": self.version })
    }
}

/// Copies the variables of a source and replaces those of the same name; answers the copies. They are read first, since a
/// secret has to be opened and sealed anew: at most a hundred.
///
/// # Errors
/// 400 for the place itself as its source, or too many variables; 403 without the right to read there, or for a right lost
/// meanwhile; 404; 503 when somebody else has changed the source meanwhile, or the database fails.
pub async fn copy(
    context: &ChangeContext<'_>,
    (platform, config): (&Platform, &Config),
    place: &Place<'_>,
    source: &Source<'_>,
    mut new_id: impl FnMut() -> Result<EnvironmentVariableId, Error>,
) -> Result<Vec<(Variable, Inherited)>, Error> {
    let label = place.label("");
    let label = label.trim_end_matches('/');
    let parameters = || {
        let change = Change {
            after: Some(source.to_json()),
            ..place
                .project
                .change(Action::Create, "environment_variables", place.id(), label)
        };
        source.parameters(place.parameters(change.parameters(context)))
    };
    let reading = parameters().batch([&statements::SOURCE, &statements::SOURCE_VARIABLES]);
    let answers = context.connection.read(reading).await?;
    let source_id = source_place(source, place, &answers)?;
    let mut copied = Vec::new();
    for stored in answers.all::<Stored>(&statements::SOURCE_VARIABLES)? {
        let id = new_id()?;
        let (mut value, mut key_id) = (None, None);
        if stored.secret.0 {
            let plain = open(platform, config, &stored).await?;
            let names = (&id, stored.name.as_str());
            let sealed = place.stored(platform, config, names, &plain, true).await?;
            (value, key_id) = (Some(sealed.0), sealed.1);
        }
        copied.push(Copied {
            source_id: stored.id,
            id,
            name: stored.name,
            value,
            key_id,
        });
    }
    if copied.is_empty() {
        return Ok(Vec::new());
    }
    let writing = parameters()
        .text("source_id", source_id)
        .text("copied", json::text(&copied))
        .batch([
            &statements::PERMIT_COPY,
            &statements::DELETE_REPLACED,
            &statements::INSERT_COPIES,
            &statements::COPIES,
        ]);
    let answers = context.connection.write(writing).await?;
    answers.done_or(&[
        ("found", &|| place.not_found()),
        ("may", &|| projects::lacks(context.authority)),
        ("may_read_source", &|| source.lacks()),
        ("source_is_as_read", &changed_meanwhile),
        ("has_room", &|| place.is_full()),
    ])?;
    answers.all(&statements::COPIES)
}

/// The id of the place that is copied, which the caller may read.
fn source_place(
    source: &Source<'_>,
    place: &Place<'_>,
    answers: &Answers,
) -> Result<PlaceId, Error> {
    let found: SourceRow = answers.only(&statements::SOURCE)?;
    let deployment = source.deployment.as_str();
    let kind = TargetKind::Deployment;
    if found.deployment_id.is_none() {
        return Err(kind.not_found(deployment));
    }
    if !found.may.0 {
        return Err(source.lacks());
    }
    match (found.place_id, source.version) {
        (Some(id), _) if id.any() == place.id() => Err(Error::invalid(
            "source_deployment: the source of a copy is another place than its target",
        )),
        (Some(id), _) => Ok(id),
        (None, version) => {
            let version = version.map(ObjectName::as_str).unwrap_or_default();
            Err(kind.version_not_found(deployment, version))
        }
    }
}
