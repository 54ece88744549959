//! `/session`: how people sign in on a page, and their own token (contract section 8).

use serde::Serialize;

use crate::api::{Call, Context, console};
use crate::auth::access::{Access, Authority, CredentialId, FRESH};
use crate::auth::principal::{Principal, User};
use crate::auth::{cookie, credential};
use crate::domain::json::object;
use crate::domain::{
    Opens, OrganizationId, RecognisedToken, Text, Timestamp, TokenId, UserId, Within,
};
use crate::error::Error;
use crate::store::first_trip::who;
use crate::store::sessions::{self, Link, Membership, NewLink, NewSession, Session};
use crate::web::response::Response;

object! {
    /// What a person signs in with: one of both.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct SessionCreate {
        /// Token of the person.
        pub token: Option<Text<1, 64>>,
        /// Secret of a sign-in link: what stands behind `#link=` in it.
        pub link: Option<Text<1, 64>>,
    }
}

object! {
    /// A sign-in link to look at.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct SignInLinkShown {
        /// Secret of the link: what stands behind `#link=` in it.
        pub link: Text<1, 64>,
    }
}

object! {
    /// The sign-in link to create.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct SignInLinkCreate {
        /// Number of hours for which the link can be used; 24 if absent.
        pub hours: Option<Within<1, 168>>,
    }
}

/// A session on a page.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SessionDetail {
    /// Unique id of the session.
    pub id: String,
    /// Person who is signed in.
    pub user: SessionUser,
    /// How they signed in: `token` or `link`.
    pub method: String,
    /// When they signed in.
    pub creation_date: String,
    /// When the session ends.
    pub expiry_date: String,
    /// Until when they may do what outlives the session, such as creating tokens, without signing in again.
    pub fresh_until: String,
    /// Organizations that they are a member of.
    pub organizations: Vec<SessionOrganization>,
}

/// A person who is signed in.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SessionUser {
    /// Unique id of the person.
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// First name.
    pub name: Option<String>,
    /// Family name.
    pub surname: Option<String>,
}

/// An organization of a person who is signed in.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SessionOrganization {
    /// Name of the organization.
    pub name: String,
    /// Whether the person is an admin of it.
    pub administers: bool,
}

/// A session in the list of those of a person.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SessionList {
    /// Unique id of the session.
    pub id: String,
    /// How the person signed in: `token` or `link`.
    pub method: String,
    /// When they signed in.
    pub creation_date: String,
    /// When the session ends.
    pub expiry_date: String,
    /// When the session was last used; written at most once a minute.
    pub last_used: Option<String>,
    /// What the browser called itself, in at most 120 characters.
    pub user_agent: String,
    /// Whether it is the session that asks.
    pub current: bool,
}

/// Ways to sign in.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SignInMethods {
    /// Whether a person's token opens a session.
    pub token: bool,
    /// Whether a sign-in link does.
    pub link: bool,
    /// Whether a passkey does.
    pub passkey: bool,
    /// Identity providers that do.
    pub oidc: Vec<String>,
}

/// A new sign-in link; it is shown only this once.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SignInLink {
    /// Link, which opens one session once; a new one for the same person replaces it.
    pub link: String,
    /// When the link expires.
    pub expiry_date: String,
}

/// Whom a sign-in link is for.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SignInLinkPreview {
    /// E-mail address of the person.
    pub email: String,
    /// When the link expires.
    pub expiry_date: String,
}

/// How long a link lasts that a person makes for themselves, in milliseconds (contract section 8).
const OWN_LINK: i64 = 10 * 60 * 1_000;
const HOUR: i64 = 60 * 60 * 1_000;
/// Hours for which a link of the operator lasts unless they say otherwise.
const LINK_HOURS: i64 = 24;
/// Characters of what a browser calls itself that are kept.
const USER_AGENT: usize = 120;

const LINK_ENDED: &str =
    "the sign-in link is not valid; it may be mistyped, used, replaced or expired";

/// The host of the console, of a call that a page on it makes: one of another site must not sign anybody in.
fn own_page(call: &Call<'_>) -> Result<String, Error> {
    console::host(call)?;
    cookie::host_of_own_page(call.request, call.config).ok_or_else(|| {
        Error::forbidden(
            "only a page of this host signs people in, and a browser says so in Sec-Fetch-Site and Origin",
        )
    })
}

fn caller(call: &Call<'_>) -> Result<User, Error> {
    match call.authority.principal() {
        Principal::User(user) => Ok(user.clone()),
        _ => Err(Error::inconsistent("a session that is nobody's")),
    }
}

fn date(date: Timestamp) -> String {
    date.to_offset_string()
}

fn detail(user: User, session: Session, memberships: Vec<Membership>) -> SessionDetail {
    let organizations = memberships
        .into_iter()
        .map(|membership| SessionOrganization {
            name: membership.name,
            administers: membership.administers.0,
        });
    SessionDetail {
        id: session.id.into(),
        user: SessionUser {
            id: user.id.into(),
            email: user.email,
            name: user.name,
            surname: user.surname,
        },
        method: session.session_method,
        creation_date: date(session.creation_date.0),
        expiry_date: date(session.grace_end.0),
        fresh_until: date(session.creation_date.0.plus_millis(FRESH)),
        organizations: organizations.collect(),
    }
}

/// `GET /session/methods`.
pub(crate) async fn methods(call: &mut Call<'_>) -> Result<Response, Error> {
    console::host(call)?;
    Response::ok(&SignInMethods {
        token: true,
        link: true,
        passkey: false,
        oidc: Vec::new(),
    })
}

/// `POST /session`.
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Response, Error> {
    let host = own_page(call)?;
    let body: SessionCreate = call.body().await?;
    let (user, link_id) = match (body.token, body.link) {
        (Some(token), None) => (by_token(call, token.as_str().trim()).await?, None),
        (None, Some(link)) => {
            let link = find_link(call, link.as_str()).await?;
            let user = User {
                id: link.user_id,
                email: link.email,
                name: link.name,
                surname: link.surname,
                registration_date: None,
            };
            call.authority =
                Authority::granted(Principal::User(user.clone()), None, Access::Public);
            (user, Some(link.link_id))
        }
        _ => {
            return Err(Error::invalid(
                "sign in with one of both, a token or a link",
            ));
        }
    };
    let secret = call.mint(Opens::SessionAt(&host))?;
    let seconds = call.config.session_hours * 60 * 60;
    let user_agent = call.request.header("user-agent").unwrap_or_default();
    let user_agent: String = user_agent.chars().take(USER_AGENT).collect();
    let new = NewSession {
        secret: &secret,
        method: if link_id.is_some() { "link" } else { "token" },
        link_id: link_id.as_ref(),
        end: call.now.plus_millis(seconds * 1_000),
        user_agent: &user_agent,
    };
    let (session, memberships) = sessions::create(&call.change_context()?, &new).await?;
    let mut response = Response::created(&detail(user, session, memberships))?;
    response.header("set-cookie", cookie::give(secret.plain.reveal(), seconds));
    Ok(response)
}

/// Makes the holder of a token the caller, if it is a person.
async fn by_token(call: &mut Call<'_>, token: &str) -> Result<User, Error> {
    if credential::is_operator(token, call.config) {
        return Err(Error::invalid(
            "token: the operator's token opens no session; it goes with calls, as Authorization: Token <token>",
        ));
    }
    let invalid = || Error::unauthenticated(credential::INVALID);
    let shown = call.config.token_keys.recognise(Opens::Calls, token);
    let shown = shown.ok_or_else(invalid)?;
    let trip = who::ask(call.connection, Some(&shown.digests), None).await?;
    let caller = trip.row.caller(call.now)?.ok_or_else(invalid)?;
    let Principal::User(user) = caller.principal else {
        return Err(Error::invalid(
            "token: a service user's token opens no session; it goes with calls, as Authorization: Token <token>",
        ));
    };
    let principal = Principal::User(user.clone());
    call.authority = Authority::granted(
        principal,
        Some(CredentialId::Token(caller.token.id)),
        Access::Public,
    );
    Ok(user)
}

async fn find_link(call: &Call<'_>, secret: &str) -> Result<Link, Error> {
    let invalid = || Error::unauthenticated(LINK_ENDED);
    let shown: Option<RecognisedToken> = call
        .config
        .token_keys
        .recognise(Opens::SignIn, secret.trim());
    let digests = shown.ok_or_else(invalid)?.digests;
    let link = sessions::link(call.connection, &digests, call.now).await?;
    link.ok_or_else(invalid)
}

/// `POST /session/link/preview`.
pub(crate) async fn preview(call: &mut Call<'_>) -> Result<Response, Error> {
    own_page(call)?;
    let body: SignInLinkShown = call.body().await?;
    let link = find_link(call, body.link.as_str()).await?;
    Response::ok(&SignInLinkPreview {
        email: link.email,
        expiry_date: date(link.expires_at.0),
    })
}

/// `GET /session`.
pub(crate) async fn get(call: &mut Call<'_>) -> Result<Response, Error> {
    let user = caller(call)?;
    let id = call.authority.token_id().cloned().unwrap_or_default();
    let (session, memberships) = sessions::get(call.connection, &id, &user.id).await?;
    Response::ok(&detail(user, session, memberships))
}

/// `DELETE /session`.
pub(crate) async fn delete(call: &mut Call<'_>) -> Result<Response, Error> {
    let everywhere = call.query.flag("everywhere")?;
    let this = call.authority.token_id().filter(|_| !everywhere);
    end(call, this).await?;
    let mut response = Response::no_content();
    response.header("set-cookie", cookie::take_away());
    response.header("clear-site-data", "\"cache\"");
    Ok(response)
}

async fn end(call: &Call<'_>, session: Option<&TokenId>) -> Result<(), Error> {
    let user = caller(call)?;
    sessions::end(&call.change_context()?, (&user.id, &user.email), session).await
}

/// `GET /session/list`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let user = caller(call)?;
    answer_list(call, &user.id).await
}

/// The sessions of a person, as they and the operator see them.
pub(crate) async fn answer_list(call: &Call<'_>, user_id: &UserId) -> Result<Response, Error> {
    let sessions = sessions::list(call.connection, user_id, call.now).await?;
    let current = call.authority.token_id();
    Response::list(sessions.into_iter().map(|session| SessionList {
        current: current == Some(&session.id),
        id: session.id.into(),
        method: session.session_method,
        creation_date: date(session.creation_date.0),
        expiry_date: date(session.grace_end.0),
        last_used: session.last_used.map(|used| date(used.0)),
        user_agent: session.session_user_agent,
    }))
}

/// `DELETE /session/list/{session_id}`.
pub(crate) async fn delete_other(call: &mut Call<'_>) -> Result<Response, Error> {
    let session: TokenId = call.id("session_id");
    end(call, Some(&session)).await?;
    let mut response = Response::no_content();
    if call.authority.token_id() == Some(&session) {
        response.header("set-cookie", cookie::take_away());
    }
    Ok(response)
}

/// `POST /session/link`.
pub(crate) async fn create_link(call: &mut Call<'_>) -> Result<Response, Error> {
    let user = caller(call)?;
    make_link(call, &user.id, OWN_LINK, None).await
}

/// Makes a link for the person of this id, which lasts so many milliseconds; by an admin of this organization, if one is named.
pub(crate) async fn make_link(
    call: &Context<'_>,
    user_id: &UserId,
    lasts: i64,
    organization_id: Option<&OrganizationId>,
) -> Result<Response, Error> {
    call.needs_fresh()?;
    let secret = call.mint(Opens::SignIn)?;
    let end = call.now.plus_millis(lasts);
    let new = NewLink {
        secret: &secret,
        end,
        organization_id,
    };
    sessions::make_link(&call.change_context()?, user_id, &new).await?;
    let called = call.request.header("host").unwrap_or_default();
    let origin = cookie::origin_of(&called, call.config);
    Response::created(&SignInLink {
        link: format!("{origin}/console/sign-in#link={}", secret.plain.reveal()),
        expiry_date: date(end),
    })
}

/// So many hours as a body says, in milliseconds.
pub(crate) fn link_lasts(body: &SignInLinkCreate) -> i64 {
    body.hours.map_or(LINK_HOURS, Within::get) * HOUR
}

/// `PUT /session/token`.
pub(crate) async fn replace_token(call: &mut Call<'_>) -> Result<Response, Error> {
    let token = call.mint(Opens::Calls)?;
    sessions::replace_token(&call.change_context()?, &token).await?;
    Response::ok(&super::operator::users::UserToken {
        token: token.plain.reveal().to_owned(),
    })
}

/// `DELETE /session/token`.
pub(crate) async fn delete_token(call: &mut Call<'_>) -> Result<Response, Error> {
    // Else whoever may not replace it could delete it, and have the first one.
    call.needs_fresh()?;
    sessions::delete_token(&call.change_context()?).await?;
    Ok(Response::no_content())
}
