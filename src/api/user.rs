//! `GET /user`: who the token stands for.

use serde::Serialize;

use crate::api::Call;
use crate::auth::principal::Principal;
use crate::domain::Timestamp;
use crate::error::Error;
use crate::web::response::Response;

/// The caller. Empty names are null: a client refuses `""` here (UbiOps spec 3.1).
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct UserDetail {
    /// Unique id of the caller; the operator has none.
    pub id: Option<String>,
    /// E-mail address of the caller; that of a service user is generated.
    pub email: String,
    /// First name of a person, or name of a service user.
    pub name: Option<String>,
    /// Family name of a person.
    pub surname: Option<String>,
    /// When the account was created.
    pub registration_date: Option<String>,
    /// How the caller authenticates: `ubiops` for people, `token` for service users, `operator` for the operator.
    pub authentication: &'static str,
}

/// `GET /user`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    Response::ok(&match call.authority.principal().clone() {
        Principal::Operator => UserDetail {
            id: None,
            email: "operator".to_owned(),
            name: None,
            surname: None,
            registration_date: None,
            authentication: "operator",
        },
        Principal::User(user) => UserDetail {
            id: Some(user.id.into()),
            email: user.email,
            name: user.name.filter(|name| !name.is_empty()),
            surname: user.surname.filter(|surname| !surname.is_empty()),
            registration_date: user.registration_date.map(Timestamp::to_zulu_string),
            authentication: "ubiops",
        },
        Principal::ServiceUser(service_user) => UserDetail {
            id: Some(service_user.id.into()),
            email: service_user.email,
            name: Some(service_user.name).filter(|name| !name.is_empty()),
            surname: None,
            registration_date: service_user.creation_date.map(Timestamp::to_zulu_string),
            authentication: "token",
        },
    })
}
