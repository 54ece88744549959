//! `/projects/{p}[/deployments/{d}[/versions/{v}]]/environment-variables`: what is put into the headers of upstreams
//! (contract section 5.2). One handler serves all three places; the path says which it is.

use crate::domain::json::object;
use serde::Serialize;

use crate::api::call::Placed;
use crate::api::{Call, Context};
use crate::domain::{EnvironmentVariableId, Hosts, ObjectName, VariableName, VariableValue};
use crate::error::Error;
use crate::store::environment_variables::{
    self, Inherited, NewVariable, Place, Source, Variable, VariableChanges,
};
use crate::store::first_trip::Rider;
use crate::store::rows::{Answers, JsonText};
use crate::web::patch::Patch;
use crate::web::response::Response;

object! {
    /// The environment variable to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct EnvironmentVariableCreate {
        /// Name of the variable, unique in its project, deployment or version.
        pub name: VariableName,
        /// Value of the variable.
        pub value: VariableValue,
        /// Whether the value is a secret, which is stored encrypted and never shown again.
        pub secret: Patch<bool>,
        /// Hosts that the variable may be sent to. Without hosts, a secret may be sent to the hosts of the upstreams
        /// that name it at present.
        pub hosts: Patch<Hosts>,
    }
}

object! {
    /// Changes to an environment variable; absent fields stay as they are.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct EnvironmentVariableUpdate {
        /// Name of the variable. The name of a secret can be changed only together with its value.
        pub name: Patch<VariableName>,
        /// Value of the variable.
        pub value: Patch<VariableValue>,
        /// Whether the value is a secret. Changing this requires sending the value again.
        pub secret: Patch<bool>,
        /// Hosts that the variable may be sent to; null stands for the hosts of the upstreams that name the variable at
        /// present.
        pub hosts: Patch<Hosts>,
    }
}

/// An environment variable.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct EnvironmentVariableList {
    /// Unique id of the variable.
    pub id: String,
    /// Name of the variable.
    pub name: String,
    /// Value of the variable; null for a secret.
    pub value: Option<String>,
    /// Whether the value is a secret.
    pub secret: bool,
    /// Hosts that the variable may be sent to; null where the variable is not a secret and no hosts were given.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<Hosts>"))]
    pub hosts: Option<JsonText>,
}

/// An environment variable that applies to a deployment or a version: its own, or an inherited one.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct InheritedEnvironmentVariableList {
    /// Unique id of the variable.
    pub id: String,
    /// Name of the variable.
    pub name: String,
    /// Value of the variable; null for a secret, and where the value is empty.
    pub value: Option<String>,
    /// Whether the value is a secret.
    pub secret: bool,
    /// Hosts that the variable may be sent to; null where the variable is not a secret and no hosts were given.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Option<Hosts>"))]
    pub hosts: Option<JsonText>,
    /// Where the variable is inherited from: `project` or `deployment`, if it is inherited.
    pub inheritance_type: Option<String>,
    /// Name of the project or deployment that the variable is inherited from.
    pub inheritance_name: Option<String>,
}

object! {
    /// Where environment variables are copied from.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct EnvironmentVariableCopy {
        /// Name of the deployment of the project whose variables are copied.
        pub source_deployment: ObjectName,
        /// Name of a version of the source deployment; if given, the version's own variables are copied instead.
        pub source_version: Patch<ObjectName>,
    }
}

impl From<Variable> for EnvironmentVariableList {
    fn from(variable: Variable) -> Self {
        Self {
            id: variable.id.into(),
            name: variable.name,
            value: variable.value,
            secret: variable.secret.0,
            hosts: variable.hosts,
        }
    }
}

impl From<(Variable, Inherited)> for InheritedEnvironmentVariableList {
    fn from((variable, inherited): (Variable, Inherited)) -> Self {
        Self {
            id: variable.id.into(),
            name: variable.name,
            // 3.16.1 raises on an empty text here, and takes null (docs/deployments.md).
            value: variable.value.filter(|value| !value.is_empty()),
            secret: variable.secret.0,
            hosts: variable.hosts,
            inheritance_type: inherited.inheritance_type,
            inheritance_name: inherited.inheritance_name,
        }
    }
}

/// What rides along with each of these calls: the version and the variable of the path, where it names them.
pub(crate) fn riding(call: &Context<'_>) -> Result<Rider, Error> {
    let id: EnvironmentVariableId = call.id("variable_id");
    Ok(environment_variables::riding(
        call.parameter("version"),
        &id,
    ))
}

/// The place that the path names.
fn place<'a, About: Placed>(
    call: &'a Call<'_, About>,
    ridden: &Answers,
) -> Result<Place<'a>, Error> {
    let about = call.about();
    let version = call.parameter("version");
    Place::ridden(about.project(), about.target(), version, ridden)
}

/// The variable of the path, at that place.
fn variable<About: Placed>(
    call: &Call<'_, About>,
    place: &Place<'_>,
    ridden: &Answers,
) -> Result<Variable, Error> {
    place.variable(ridden, call.parameter("variable_id"))
}

/// `POST .../environment-variables`.
pub(crate) async fn create<About: Placed>(
    call: &mut Call<'_, About>,
    ridden: Answers,
) -> Result<Response, Error> {
    let body: EnvironmentVariableCreate = call.body().await?;
    let new = NewVariable {
        id: EnvironmentVariableId::from_random(call.random()?),
        name: body.name,
        value: body.value,
        secret: body.secret.or_default().unwrap_or_default(),
        hosts: body.hosts.value().cloned(),
    };
    let place = place(call, &ridden)?;
    let keys = (call.platform.as_ref(), call.config.as_ref());
    let created =
        environment_variables::create(&call.change_context()?, keys, &place, &new).await?;
    Response::created(&EnvironmentVariableList::from(created))
}

/// `GET .../environment-variables` of a project, which inherits nothing.
pub(crate) async fn list_of_project<About: Placed>(
    call: &mut Call<'_, About>,
    ridden: Answers,
) -> Result<Response, Error> {
    let listed = listed(call, &ridden).await?;
    let own = listed.into_iter().map(|(variable, _)| variable);
    Response::list(own.map(EnvironmentVariableList::from))
}

/// `GET .../environment-variables` of a deployment or a version.
pub(crate) async fn list<About: Placed>(
    call: &mut Call<'_, About>,
    ridden: Answers,
) -> Result<Response, Error> {
    let listed = listed(call, &ridden).await?;
    Response::ok(&shown(listed))
}

async fn listed<About: Placed>(
    call: &Call<'_, About>,
    ridden: &Answers,
) -> Result<Vec<(Variable, Inherited)>, Error> {
    let place = place(call, ridden)?;
    environment_variables::list(call.connection, &place, &call.slice()?).await
}

fn shown(variables: Vec<(Variable, Inherited)>) -> Vec<InheritedEnvironmentVariableList> {
    variables.into_iter().map(Into::into).collect()
}

/// `GET .../environment-variables/{id}`.
pub(crate) async fn get<About: Placed>(
    call: &mut Call<'_, About>,
    ridden: Answers,
) -> Result<Response, Error> {
    let place = place(call, &ridden)?;
    let found = variable(call, &place, &ridden)?;
    Response::ok(&EnvironmentVariableList::from(found))
}

/// `PATCH .../environment-variables/{id}`.
pub(crate) async fn update<About: Placed>(
    call: &mut Call<'_, About>,
    ridden: Answers,
) -> Result<Response, Error> {
    let body: EnvironmentVariableUpdate = call.body().await?;
    let changes = VariableChanges {
        name: body.name.or_keep("name")?,
        value: body.value.or_keep("value")?,
        secret: body.secret.or_keep("secret")?,
        hosts: body.hosts,
    };
    let place = place(call, &ridden)?;
    let read = variable(call, &place, &ridden)?;
    let keys = (call.platform.as_ref(), call.config.as_ref());
    let context = call.change_context()?;
    let updated = environment_variables::update(&context, keys, &place, &read, &changes).await?;
    Response::ok(&EnvironmentVariableList::from(updated))
}

/// `DELETE .../environment-variables/{id}`.
pub(crate) async fn delete<About: Placed>(
    call: &mut Call<'_, About>,
    ridden: Answers,
) -> Result<Response, Error> {
    let place = place(call, &ridden)?;
    let read = variable(call, &place, &ridden)?;
    environment_variables::delete(&call.change_context()?, &place, &read).await?;
    Ok(Response::no_content())
}

/// `POST .../copy-environment-variables`, of a deployment or a version.
pub(crate) async fn copy<About: Placed>(
    call: &mut Call<'_, About>,
    ridden: Answers,
) -> Result<Response, Error> {
    let body: EnvironmentVariableCopy = call.body().await?;
    let source = Source {
        deployment: &body.source_deployment,
        version: body.source_version.value(),
    };
    let place = place(call, &ridden)?;
    let keys = (call.platform.as_ref(), call.config.as_ref());
    let new_id = || call.random().map(EnvironmentVariableId::from_random);
    let copies =
        environment_variables::copy(&call.change_context()?, keys, &place, &source, new_id).await?;
    Response::created(&shown(copies))
}
