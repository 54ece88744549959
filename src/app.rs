//! The life of a request.
//!
//! 1. It gets an id, which its answer, its log line and its audit rows carry.
//! 2. Its path is decoded and looked up in the table of routes; a preflight is answered from there.
//! 3. Its credential is read. A malformed or forged one ends here, without a look at the database.
//! 4. The first round trip says who is calling, what about, and whether they may; the route's access is checked.
//! 5. The handler runs with the [`Authority`] that the check gave out, and makes the second round trip if it needs one.
//! 6. The answer, an error as well as a success, gets its CORS headers, and one log line is written.
//! 7. After the answer, the token's last use and the caller's joining are noted where that is due.

mod log;
mod misconfigured;
mod workspaces;

pub use misconfigured::handle_misconfigured;

use std::cell::RefCell;
use std::rc::Rc;

use ::http::{Method, StatusCode};

use crate::api::call::{Anything, Handler};
use crate::api::{Call, Context, OnObject, OnOrganization, OnProject};
use crate::auth::access::{Access, Authority};
use crate::auth::credential::{self, Credential};
use crate::auth::principal::Principal;
use crate::domain::{Digests, ObjectType, RecognisedToken, RequestId, Timestamp, UserId};
use crate::error::Error;
use crate::http::cors::{self, Class, Listed};
use crate::http::query::Query;
use crate::http::request::Request;
use crate::http::response::{Body, Response};
use crate::http::surface::Surface;
use crate::http::{failure, modelarts, request_errors, sentences};
use crate::platform::{Config, Local, Platform};
use crate::routes::{self, Found};
use crate::sql::statement::Statement;
use crate::store::callers::{self, Caller, CallerRow};
use crate::store::objects::Object;
use crate::store::organization_users;
use crate::store::projects::{self, Project};
use crate::store::session::Session;
use crate::store::tokens;

/// What a request comes to.
pub struct Handled {
    /// The answer.
    pub response: Response,
    /// The line for the log: one JSON object.
    pub log: String,
    /// Work to do when the answer is out; its failure changes nothing.
    pub afterwards: Vec<Local<'static, ()>>,
}

/// What is known about a request so far; what an error's answer and the log need of it.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) surface: Surface,
    pub(crate) route: Option<&'static str>,
    pub(crate) is_request_endpoint: bool,
    pub(crate) class: Option<Class>,
    pub(crate) project: Option<String>,
    pub(crate) listed: Option<Listed>,
    pub(crate) principal: Option<String>,
    pub(crate) error: Option<Error>,
    afterwards: Vec<Statement>,
}

/// Answers a request.
pub async fn handle(mut request: Request, platform: &Rc<Platform>, config: &Rc<Config>) -> Handled {
    let started = platform.clock.now();
    let session = Session::new(Rc::clone(platform));
    let mut random = [0; 16];
    let entropy = platform.entropy.fill(&mut random);
    let life = Life {
        platform,
        config,
        session,
        now: started,
        request_id: RequestId::from_random(random).to_string(),
        origin: request.header("origin"),
        progress: RefCell::new(Progress {
            surface: routes::surface(request.path()),
            ..Progress::default()
        }),
    };
    let method = request.method.clone();
    let answer = match entropy {
        Ok(()) => life.answer(&mut request).await,
        Err(cause) => Err(Error::unavailable(cause)),
    };
    let mut response = match answer {
        Ok(response) => response,
        Err(error) => life.refuse(error).await,
    };
    let mut progress = life.progress.take();
    if method != Method::OPTIONS
        && let Some(class) = progress.class
    {
        let listed = progress.listed.unwrap_or_default();
        let allowed = match progress.principal {
            Some(_) => class.allows_caller(listed),
            None => class.allows_anybody(listed),
        };
        cors::answer_call(
            &mut response,
            class,
            life.origin.as_deref().filter(|_| allowed),
        );
    }
    if method == Method::HEAD {
        response.body = Body::Empty;
    }
    on_every_answer(&mut response, &life.request_id);
    if !matches!(response.body, Body::File(_)) {
        // What a token may read is for its holder alone, and some answers hold a token.
        response.header("cache-control", "no-store");
    }
    let line = log::Line {
        time: started,
        milliseconds: platform.clock.now().as_millis() - started.as_millis(),
        request_id: &life.request_id,
        method: &method,
        status: response.status,
        account: life.session.account(),
        progress: &progress,
    };
    if config.server_timing {
        response.header("server-timing", line.server_timing());
    }
    let log = line.to_json();
    let mut afterwards = Vec::new();
    if !progress.afterwards.is_empty() {
        afterwards.push(write(
            Rc::clone(platform),
            std::mem::take(&mut progress.afterwards),
        ));
    }
    Handled {
        log,
        response,
        afterwards,
    }
}

/// Runs statements when the answer is out. They may fail without anybody's loss (contract section 4).
fn write(platform: Rc<Platform>, statements: Vec<Statement>) -> Local<'static, ()> {
    Box::pin(async move {
        let _ = platform.database.batch(&statements).await;
    })
}

/// What every answer carries: its id (contract section 1), and that no browser is to take it for anything but its media
/// type (contract section 5.10).
fn on_every_answer(response: &mut Response, request_id: &str) {
    response.header("x-request-id", request_id);
    response.header("x-content-type-options", "nosniff");
}

/// An error in the form of the surface on which it happened.
fn to_response(error: &Error, progress: &Progress, request_id: &str) -> Response {
    match progress.surface {
        Surface::ModelArts => modelarts::to_response(error, request_id),
        Surface::Sentences if progress.is_request_endpoint => request_errors::to_response(error),
        Surface::Sentences => sentences::to_response(error),
    }
}

/// Whether the person in the path is the caller.
fn is_about_oneself(call: &Context<'_>) -> bool {
    match call.authority.principal() {
        Principal::User(user) => call.id("user_id", UserId::parse) == user.id,
        _ => false,
    }
}

struct Life<'a> {
    platform: &'a Rc<Platform>,
    config: &'a Rc<Config>,
    session: Session,
    now: Timestamp,
    request_id: String,
    origin: Option<String>,
    progress: RefCell<Progress>,
}

impl<'a> Life<'a> {
    async fn answer(&self, request: &mut Request) -> Result<Response, Error> {
        let found = routes::find(request.path());
        if request.method == Method::OPTIONS {
            return self.preflight(request, found.as_ref()).await;
        }
        let found = found.ok_or_else(routes::nothing)?;
        {
            let mut progress = self.progress.borrow_mut();
            progress.class = Some(found.class);
            progress.is_request_endpoint = found.class == Class::Requests;
            progress.project = found.parameter("project_name").map(str::to_owned);
        }
        let route = found
            .route(&request.method)
            .ok_or_else(|| found.refusal(&request.method))?;
        self.progress.borrow_mut().route = Some(route.path);
        let mut call = Context {
            platform: self.platform,
            config: self.config,
            session: &self.session,
            now: self.now,
            request_id: &self.request_id,
            query: Query::parse(request.query()),
            parameters: found.parameters,
            authority: Authority::nobody(),
            is_organization_admin: false,
            body_limit: route.family.body_limit,
            request,
        };
        let access = route.access;
        match route.handler {
            Handler::Anything(answer) => {
                self.authorise(&mut call, access).await?;
                answer(&mut Call::new(call, Anything)).await
            }
            Handler::OnOrganization(answer) => {
                let about = self.authorise_on_organization(&mut call, access).await?;
                answer(&mut Call::new(call, about)).await
            }
            Handler::OnProject(answer) => {
                let about = self.authorise_on_project(&mut call, access).await?;
                answer(&mut Call::new(call, about)).await
            }
            Handler::OnObject(kind, answer) => {
                let about = self.authorise_on_object(&mut call, access, kind).await?;
                answer(&mut Call::new(call, about)).await
            }
            Handler::OnWorkspaces(answer) => {
                let about = self.authorise_on_workspaces(&mut call, access).await?;
                answer(&mut Call::new(call, about)).await
            }
            Handler::OnWorkspace(answer) => {
                let about = self.authorise_on_workspace(&mut call, access).await?;
                answer(&mut Call::new(call, about)).await
            }
        }
    }

    /// Answers OPTIONS: without a credential, and whatever exists (contract section 4).
    async fn preflight(&self, request: &Request, found: Option<&Found>) -> Result<Response, Error> {
        let mut response = Response::no_content();
        let Some(found) = found else {
            response.header("allow", "OPTIONS");
            return Ok(response);
        };
        let methods = found.methods();
        response.header("allow", methods.as_str());
        let listed = match (&self.origin, found.parameter("project_name")) {
            (Some(origin), Some(project)) => {
                callers::origin_in_project(&self.session, project, origin).await
            }
            _ => Ok(Listed::default()),
        };
        // A database that fails allows no origin, and the log says why; the answer stays a 204.
        let listed = listed.unwrap_or_else(|error| {
            self.progress.borrow_mut().error = Some(error);
            Listed::default()
        });
        let allowed = found.class.allows_anybody(listed);
        let origin = self.origin.as_deref().filter(|_| allowed);
        let asked = origin.and_then(|_| request.header("access-control-request-headers"));
        cors::answer_preflight(
            &mut response,
            found.class,
            origin,
            &methods,
            asked.as_deref(),
        );
        Ok(response)
    }

    /// The answer to a failed call. Where the failure came before the first round trip, an origin still costs one: the
    /// app must be able to read its 401.
    async fn refuse(&self, error: Error) -> Response {
        let (class, project, listed) = {
            let progress = self.progress.borrow();
            (progress.class, progress.project.clone(), progress.listed)
        };
        let unavailable = failure::status(&error) == StatusCode::SERVICE_UNAVAILABLE;
        if let (Some(origin), Some(project), None, false) =
            (&self.origin, project, listed, unavailable)
            && class.is_some_and(|class| class != Class::Closed)
        {
            let listed = callers::origin_in_project(&self.session, &project, origin).await;
            self.progress.borrow_mut().listed = listed.ok();
        }
        let response = to_response(&error, &self.progress.borrow(), &self.request_id);
        self.progress.borrow_mut().error = Some(error);
        response
    }

    /// Step 3: the token that the caller shows; the operator shows none.
    fn token(&self, request: &Request) -> Result<Option<RecognisedToken>, Error> {
        match credential::read(request, self.config) {
            Credential::Missing => Err(Error::unauthenticated(credential::MISSING)),
            Credential::Refused(why) => Err(Error::unauthenticated(why)),
            Credential::Operator => Ok(None),
            Credential::Token(token) => Ok(Some(token)),
        }
    }

    /// Steps 3 and 4, of a call that is about nothing that is looked up.
    async fn authorise(&self, call: &mut Context<'_>, access: Access) -> Result<(), Error> {
        if access == Access::Public {
            return Ok(());
        }
        let token = self.token(call.request)?;
        let digests = token.as_ref().map(|token| &token.digests);
        let row = match digests {
            Some(_) => Some(callers::caller(&self.session, digests).await?),
            None => None,
        };
        self.admit(call, access, digests, row)?;
        match (access, call.authority.principal()) {
            (_, Principal::Operator)
            | (Access::Anyone, _)
            | (Access::Person, Principal::User(_)) => Ok(()),
            (Access::Person, _) => Err(Error::forbidden("no service user may do this")),
            _ => Err(Error::forbidden("only the operator may do this")),
        }
    }

    async fn authorise_on_organization(
        &self,
        call: &mut Context<'_>,
        access: Access,
    ) -> Result<OnOrganization, Error> {
        let token = self.token(call.request)?;
        let digests = token.as_ref().map(|token| &token.digests);
        let name = call.parameter("organization_name").to_owned();
        let row = callers::caller_and_organization(&self.session, digests, &name, self.now).await?;
        let (is_member, is_admin) = (row.standing.is_member.0, row.standing.is_admin.0);
        self.admit(call, access, digests, Some(row.caller))?;
        let is_operator = call.authority.principal().is_operator();
        call.is_organization_admin = is_operator || is_admin;
        let organization = row
            .organization
            .filter(|_| is_operator || is_member)
            .ok_or_else(|| projects::organization_not_found(&name))?;
        let is_to_join = row.standing.is_to_join.0;
        self.note_joining(&call.authority, is_to_join, &organization.organization_id);
        let needs_admin = match access {
            Access::OrganizationMember => false,
            Access::OrganizationAdminOrOneself => !is_about_oneself(call),
            _ => true,
        };
        if needs_admin && !call.is_organization_admin {
            return Err(projects::lacks(&call.authority));
        }
        Ok(OnOrganization::new(organization))
    }

    async fn authorise_on_project(
        &self,
        call: &mut Context<'_>,
        access: Access,
    ) -> Result<OnProject, Error> {
        let (project, _) = self.project_and_object(call, access, None).await?;
        Ok(OnProject::new(project))
    }

    async fn authorise_on_object(
        &self,
        call: &mut Context<'_>,
        access: Access,
        kind: ObjectType,
    ) -> Result<OnObject, Error> {
        let name = call.parameter(kind.parameter()).to_owned();
        let wanted = Some((kind, name.as_str()));
        let (project, id) = self.project_and_object(call, access, wanted).await?;
        let id = id.ok_or_else(|| kind.not_found(&name))?;
        Ok(OnObject::new(project, Object { kind, id, name }))
    }

    /// The project in the path and the id of the wanted object in it, once the caller may do on them what the route
    /// asks.
    async fn project_and_object(
        &self,
        call: &mut Context<'_>,
        access: Access,
        wanted: Option<(ObjectType, &str)>,
    ) -> Result<(Project, Option<String>), Error> {
        let token = self.token(call.request)?;
        let digests = token.as_ref().map(|token| &token.digests);
        let name = call.parameter("project_name").to_owned();
        let permission = access.permission();
        let origin = self.origin.as_deref();
        let row = callers::caller_and_project(
            &self.session,
            digests,
            &name,
            wanted,
            permission,
            origin,
            access.shows_project(),
        )
        .await?;
        let listed = row.listed;
        self.progress.borrow_mut().listed = Some(listed);
        let has_part = row.standing.has_part.0;
        let is_admin = row.standing.is_admin.0;
        let holds = row.standing.holds_permission.0;
        self.admit(call, access, digests, Some(row.caller))?;
        let principal = call.authority.principal();
        let is_operator = principal.is_operator();
        let project = row
            .project
            .filter(|_| is_operator || has_part)
            .ok_or_else(|| projects::not_found(&name))?;
        self.refuse_foreign_origin(call.request, listed)?;
        let is_to_join = row.standing.is_to_join.0;
        self.note_joining(&call.authority, is_to_join, &project.organization_id);
        call.is_organization_admin = is_operator || is_admin;
        let suits = permission.is_none_or(|permission| {
            !principal.is_service_user() || permission.suits_service_users()
        });
        if permission.is_some() && !(is_operator || (holds && suits)) {
            return Err(projects::lacks(&call.authority));
        }
        if matches!(access, Access::PersonOfProject(_)) && principal.is_service_user() {
            return Err(Error::forbidden("no service user may do this"));
        }
        let needs_admin = match access {
            Access::ProjectAdminOrOneself => !is_about_oneself(call),
            Access::ProjectPart => false,
            _ => permission.is_none(),
        };
        if needs_admin && !call.is_organization_admin {
            return Err(projects::lacks(&call.authority));
        }
        Ok((project, row.standing.object_id))
    }

    /// On request endpoints, a call that a browser marks as another site's, from an origin that is not the caller's, is
    /// refused before anything runs. A server that happens to send `Origin` is not (contract section 4).
    fn refuse_foreign_origin(&self, request: &Request, listed: Listed) -> Result<(), Error> {
        let is_marked = self.origin.is_some()
            && self.progress.borrow().is_request_endpoint
            && cors::is_of_another_site(request);
        if is_marked && !Class::Requests.allows_caller(listed) {
            return Err(Error::forbidden(
                "this origin is in neither the project's cors_origins nor your allowed_cors_origins",
            ));
        }
        Ok(())
    }

    /// Makes the caller known to the call, or refuses a token that is unknown or has ended.
    fn admit(
        &self,
        call: &mut Context<'_>,
        access: Access,
        digests: Option<&Digests>,
        row: Option<CallerRow>,
    ) -> Result<(), Error> {
        let invalid = || Error::unauthenticated(credential::INVALID);
        let (principal, token_id) = match (digests, row) {
            (None, _) => (Principal::Operator, None),
            (Some(digests), Some(row)) => {
                let caller = row.caller(self.platform.clock.now())?.ok_or_else(invalid)?;
                self.note_use(&caller, digests);
                (caller.principal, Some(caller.token.id))
            }
            (Some(_), None) => return Err(invalid()),
        };
        let label = principal.id().unwrap_or("operator").to_owned();
        self.progress.borrow_mut().principal = Some(label);
        call.authority = Authority::granted(principal, token_id, access);
        Ok(())
    }

    /// That the caller has joined the organization is to be written when the answer is out, once: a person by their
    /// first call on it, or on one of its projects in which they have a part (contract section 2).
    fn note_joining(&self, authority: &Authority, is_to_join: bool, organization_id: &str) {
        if let (true, Principal::User(user)) = (is_to_join, authority.principal()) {
            let mut progress = self.progress.borrow_mut();
            let join = organization_users::join(organization_id, &user.id, self.now);
            progress.afterwards.extend(join);
        }
    }

    /// What is to be written about the token when the answer is out.
    fn note_use(&self, caller: &Caller, digests: &Digests) {
        let mut progress = self.progress.borrow_mut();
        let due = caller
            .token
            .last_used
            .is_none_or(|last_used| last_used.plus_millis(tokens::LAST_USED_INTERVAL) <= self.now);
        if due {
            progress
                .afterwards
                .extend(tokens::touch(&caller.token.id, self.now));
        }
        if caller.token.key_id != digests.current.key_id() {
            progress
                .afterwards
                .extend(tokens::redigest(&caller.token.id, &digests.current));
        }
    }
}
