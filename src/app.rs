//! An exchange: a request on its way to its answer.
//!
//! 1. It gets an id, which its answer, its log line and its audit rows carry.
//! 2. Its path is decoded and looked up in the table of routes; a preflight is answered from there.
//! 3. Its credential is read. A malformed or forged one ends here, without a look at the database.
//! 4. The first round trip says who is calling, what about, and whether they may; the route's access is checked.
//! 5. The handler runs with the [`Authority`] that the check gave out, and makes the second round trip if it needs one.
//! 6. The answer, an error as well as a success, gets its CORS headers, and one log line is written; that of an answer that
//!    is still being written, when it has ended.
//! 7. After the answer, the token's last use and the caller's joining are noted where that is due.

mod admission;
mod log;
mod misconfigured;
mod origins;
mod services;
mod workspaces;

pub use misconfigured::handle_misconfigured;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use http::{Method, StatusCode};

use crate::api::call::{Anything, Handler};
use crate::api::{Call, Context};
use crate::auth::access::Authority;
use crate::domain::{RequestId, Timestamp};
use crate::error::Error;
use crate::platform::{Config, Local, Platform, Work};
use crate::routes;
use crate::routes::family::RateLimit;
use crate::sql::statement::Statement;
use crate::store::connection::Connection;
use crate::web::cors::{Class, Listed};
use crate::web::notes::Notes;
use crate::web::query::Query;
use crate::web::rate::Rate;
use crate::web::request::Request;
use crate::web::response::{Body, Response};
use crate::web::surface::Surface;
use crate::web::{failure, modelarts, openai_errors, request_errors, sentences};

/// What an exchange comes to.
pub struct Answered {
    /// The answer.
    pub response: Response,
    /// What the handler has left to be done; of a streamed answer, what writes it.
    pub work: Vec<Local<'static, ()>>,
    /// What is to be noted when the answer is out; its failure changes nothing.
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
    pub(crate) service: Option<String>,
    pub(crate) listed: Option<Listed>,
    pub(crate) principal: Option<String>,
    pub(crate) error: Option<Error>,
    shows_token: bool,
    shows_session: bool,
    afterwards: Vec<Statement>,
}

/// Answers a request.
pub async fn handle(
    mut request: Request,
    platform: &Rc<Platform>,
    config: &Rc<Config>,
) -> Answered {
    services::by_host(&mut request, config);
    let started = platform.clock.now();
    let connection = Connection::new(Rc::clone(platform));
    let mut random = [0; 16];
    let entropy = platform.entropy.fill(&mut random);
    let exchange = Exchange {
        platform,
        config,
        connection,
        now: started,
        request_id: RequestId::from_random(random),
        origin: request.header("origin"),
        progress: RefCell::new(Progress {
            surface: routes::surface(request.path()),
            ..Progress::default()
        }),
        notes: Notes::default(),
        rate: Cell::default(),
        work: Work::new(),
    };
    let method = request.method.clone();
    let answer = match entropy {
        Ok(()) => exchange.answer(&mut request).await,
        Err(cause) => Err(Error::unavailable(cause)),
    };
    let mut response = match answer {
        Ok(response) => response,
        Err(error) => exchange.refuse(error, &request).await,
    };
    let mut progress = exchange.progress.take();
    if method != Method::OPTIONS {
        exchange.answer_origin(&mut response, &progress);
    }
    if let Some(rate) = exchange.rate.get() {
        rate.tell(&mut response);
    }
    on_every_answer(&mut response, &exchange.request_id);
    // Of a file only the platform knows the headers: it is told to fetch those alone, and says who may keep them.
    if !matches!(response.body, Body::File(_)) {
        if method == Method::HEAD {
            response.body = Body::Empty;
        }
        // What a token may read is for its holder alone, and some answers hold a token.
        if !is_streamed(&response) {
            response.header("cache-control", "no-store");
        }
    }
    let mut afterwards = Vec::new();
    if !progress.afterwards.is_empty() {
        afterwards.push(write(
            Rc::clone(platform),
            std::mem::take(&mut progress.afterwards),
        ));
    }
    let line = log::Line {
        platform: Rc::clone(platform),
        connection: exchange.connection,
        time: started,
        request_id: exchange.request_id,
        method,
        status: response.status,
        progress,
        notes: exchange.notes,
    };
    if config.server_timing {
        response.header("server-timing", line.server_timing());
    }
    let work = exchange.work.take();
    let work = if is_streamed(&response) {
        line.write_behind(work)
    } else {
        line.write();
        work
    };
    Answered {
        response,
        work,
        afterwards,
    }
}

/// Whether the answer is still being written when the handler has returned.
fn is_streamed(response: &Response) -> bool {
    matches!(response.body, Body::Stream(_))
}

/// Runs statements when the answer is out. They may fail without anybody's loss (contract section 4).
fn write(platform: Rc<Platform>, statements: Vec<Statement>) -> Local<'static, ()> {
    Box::pin(async move {
        let _ = platform.database.batch(&statements).await;
    })
}

/// What every answer carries: its id (contract section 1), and that no browser is to take it for anything but its media
/// type (contract section 5.10).
fn on_every_answer(response: &mut Response, request_id: &RequestId) {
    response.header("x-request-id", request_id.as_str());
    response.header("x-content-type-options", "nosniff");
}

/// An error in the form of the surface on which it happened.
fn to_response(error: &Error, progress: &Progress, request_id: &RequestId) -> Response {
    match progress.surface {
        Surface::ModelArts => modelarts::to_response(error, request_id.as_str()),
        Surface::OpenAi => openai_errors::to_response(error),
        Surface::Sentences if progress.is_request_endpoint => request_errors::to_response(error),
        Surface::Sentences => sentences::to_response(error),
    }
}

/// A request with all that is found out about it, until it is answered.
struct Exchange<'a> {
    platform: &'a Rc<Platform>,
    config: &'a Rc<Config>,
    connection: Connection,
    now: Timestamp,
    request_id: RequestId,
    origin: Option<String>,
    progress: RefCell<Progress>,
    notes: Notes,
    rate: Cell<Option<Rate>>,
    work: Work,
}

impl<'a> Exchange<'a> {
    async fn answer(&self, request: &mut Request) -> Result<Response, Error> {
        let found = routes::find(request.path());
        if request.method == Method::OPTIONS {
            return self.preflight(request, found.as_ref()).await;
        }
        let found = found.ok_or_else(|| routes::nothing_at(&request.method, request.path()))?;
        {
            let mut progress = self.progress.borrow_mut();
            progress.surface = found.surface;
            progress.class = Some(found.class);
            progress.is_request_endpoint = found.class == Class::Requests;
            progress.project = found.parameter("project_name").map(str::to_owned);
            progress.service = found.parameter("service_id").map(str::to_owned);
        }
        let route = found
            .route(&request.method)
            .ok_or_else(|| found.refusal(&request.method))?;
        self.progress.borrow_mut().route = Some(route.path);
        let mut call = Context {
            platform: self.platform,
            config: self.config,
            connection: &self.connection,
            now: self.now,
            request_id: &self.request_id,
            query: Query::parse(request.query()),
            path: route.path,
            parameters: found.parameters,
            authority: Authority::nobody(),
            is_organization_admin: false,
            body_limit: route.family.body_limit,
            per_minute: match route.family.rate_limit {
                RateLimit::None => None,
                RateLimit::Requests => self.config.requests_per_minute,
            },
            takes_any_type: route.family.cors == Class::Requests,
            rides: route.rides,
            ridden: None,
            takes_body_first: route.takes_body_first(),
            body_first: None,
            held: None,
            upload: None,
            terms: None,
            is_anonymous: false,
            model: None,
            notes: self.notes.clone(),
            rate: &self.rate,
            work: &self.work,
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
            Handler::OnTarget(kind, answer) => {
                let about = self.authorise_on_target(&mut call, access, kind).await;
                if let Err(error) = &about {
                    self.withdraw(&mut call, error);
                }
                answer(&mut Call::new(call, about?)).await
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

    /// The answer to a failed call.
    async fn refuse(&self, mut error: Error, request: &Request) -> Response {
        if failure::status(&error) != StatusCode::SERVICE_UNAVAILABLE
            && let Err(shielded) = self.look_for_origin(request).await
        {
            error = shielded;
        }
        let response = to_response(&error, &self.progress.borrow(), &self.request_id);
        self.progress.borrow_mut().error = Some(error);
        response
    }
}
