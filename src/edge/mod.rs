//! The only layer that knows Cloudflare: entry points, D1, clock and random source behind the traits of `platform`.
//!
//! Each look at a JavaScript object is a crossing that costs about as much as parsing a small body, so this layer makes
//! few: a header is fetched when it is asked for, a batch comes back as one JSON text, a body in one piece, and a file
//! goes from its binding to the client without coming in.

mod asset;
mod caller;
mod clock;
mod crypto;
mod d1;
mod handover;
mod host;
mod lower_case;
mod nfc;
mod payloads;
mod queue;
mod request;
mod response;
mod shield;
mod stream;
mod upstream;
mod web_url;

use std::cell::OnceCell;
use std::rc::Rc;

use http::Method;
use js_sys::futures::future_to_promise;
use js_sys::{Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::web_sys;
use worker::{Context, Env, ScheduleContext, ScheduledEvent, event};

use crate::app;
use crate::domain;
use crate::domain::service_call::{service_of_host, service_path};
use crate::jobs;
use crate::platform::{self, Config, Entropy, Log, Platform};
use crate::routes;
use crate::web::cors::Class;
use crate::web::request::Request;

/// How long the rest of a refused call's body may take to arrive, in milliseconds.
const REST_DEADLINE: u32 = 5_000;

thread_local! {
    /// The settings of this version of the worker: they do not change while an isolate lives.
    static CONFIG: OnceCell<Rc<Config>> = const { OnceCell::new() };
}

/// Answers a request. What is left to be done when the answer is out is the runtime's to finish.
///
/// When a client goes away, the runtime leaves what answers it where it stands, for ever: it neither goes on nor is dropped.
/// A request that is forwarded has to be accounted for all the same, so it is handled in work that the runtime finishes.
#[event(fetch)]
async fn fetch(
    web: web_sys::Request,
    env: Env,
    context: Context,
) -> worker::Result<web_sys::Response> {
    let request = request::from_web(Clone::clone(&web));
    if !is_forwarded(&request, &env) {
        return answer(web, request, env, &context).await;
    }
    let (giver, response) = handover::place();
    let context = Rc::new(context);
    let until = Rc::clone(&context);
    context.wait_until(async move {
        giver.give(answer(web, request, env, &until).await);
    });
    response.await
}

/// Whether a server behind the gate may have to answer it.
fn is_forwarded(request: &Request, env: &Env) -> bool {
    let is_of_service = |domain: &str| {
        let host = request.header("host").unwrap_or_default();
        service_of_host(&host, domain).is_some()
    };
    if request.method == Method::OPTIONS {
        return false;
    }
    service_path(request.path()).is_some()
        || config(env).is_ok_and(|config| {
            let domain = config.upstream_rules.services_domain();
            domain.is_some_and(is_of_service)
        })
        || (request.method == Method::POST
            && routes::find(request.path()).is_some_and(|found| found.class == Class::Requests))
}

/// What the clock asks for, once a minute.
#[event(scheduled)]
async fn scheduled(_: ScheduledEvent, env: Env, _: ScheduleContext) {
    match config(&env) {
        Ok(config) => jobs::every_minute(&platform_of(&env), &config).await,
        Err(missing) => worker::console_error!("{missing}"),
    }
}

/// What the queue delivers.
#[wasm_bindgen(js_name = queue)]
pub fn queue(batch: queue::MessageBatch, env: Env, _: JsValue) -> Promise {
    // Whatever becomes of the messages, the consumer has not failed.
    future_to_promise(async move {
        consume(&batch, &env).await;
        Ok(JsValue::UNDEFINED)
    })
}

async fn consume(batch: &queue::MessageBatch, env: &Env) {
    let messages: Vec<queue::Message> = batch
        .messages()
        .iter()
        .map(JsCast::unchecked_into)
        .collect();
    let told = |message: &queue::Message| {
        let body = message.body().as_string().unwrap_or_default();
        (body, message.attempts())
    };
    let told: Vec<(String, u32)> = messages.iter().map(told).collect();
    let turns = match config(env) {
        Ok(config) => jobs::delivered(&platform_of(env), &config, &told).await,
        Err(missing) => {
            worker::console_error!("{missing}");
            vec![Some(60); messages.len()]
        }
    };
    for (message, turn) in messages.iter().zip(turns) {
        match turn {
            None => message.ack(),
            Some(seconds) => message.retry(&queue::again(seconds)),
        }
    }
}

fn platform_of(env: &Env) -> Rc<Platform> {
    Rc::new(Platform {
        database: Box::new(d1::D1::new(env)),
        clock: Box::new(clock::SystemClock),
        entropy: Box::new(SystemEntropy),
        crypto: Box::new(crypto::WebCrypto),
        payloads: payloads::Kv::bound(env),
        queue: queue::Sender::bound(env),
        upstream: Box::new(upstream::Fetch),
        shield: Box::new(shield::Binding::new(env)),
        streams: Box::new(stream::IdentityStreams),
        log: Box::new(Console),
    })
}

async fn answer(
    web: web_sys::Request,
    request: Request,
    env: Env,
    context: &Context,
) -> worker::Result<web_sys::Response> {
    let platform = platform_of(&env);
    let unread = request::Rest::of(web);
    let answered = match config(&env) {
        Ok(config) => app::handle(request, &platform, &config).await,
        Err(missing) => app::handle_misconfigured(&request, &platform, &missing),
    };
    for work in answered.work.into_iter().chain(answered.afterwards) {
        context.wait_until(work);
    }
    if answered.response.status.is_client_error() {
        platform::within(platform.clock.as_ref(), REST_DEADLINE, unread.discard()).await;
    }
    response::to_web(answered.response, &env).await
}

fn config(env: &Env) -> Result<Rc<Config>, String> {
    CONFIG.with(|cell| {
        if let Some(config) = cell.get() {
            return Ok(Rc::clone(config));
        }
        domain::host::use_parser(host::parse);
        domain::web_url::use_parser(web_url::parse);
        domain::nfc::use_normaliser(nfc::normalise);
        domain::lower_case::use_lowerer(lower_case::lower_case);
        let setting = |name: &str| Reflect::get(env, &name.into()).ok()?.as_string();
        let config = Rc::new(Config::from_settings(setting)?);
        Ok(Rc::clone(cell.get_or_init(|| config)))
    })
}

/// The console, which is the log of a Worker.
struct Console;

impl Log for Console {
    fn write(&self, line: &str) {
        worker::console_log!("{line}");
    }
}

/// The runtime's CSPRNG.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), String> {
        getrandom::fill(buffer).map_err(|error| error.to_string())
    }
}
