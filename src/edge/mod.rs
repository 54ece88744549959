//! The only room that knows Cloudflare: entry points, D1, clock and random source behind the traits of `platform`.
//!
//! Each look at a JavaScript object is a crossing that costs about as much as parsing a small body, so this room makes
//! few: a header is fetched when it is asked for, a batch comes back as one JSON text, a body in one piece, and a file
//! goes from its binding to the client without coming in.

mod asset;
mod clock;
mod crypto;
mod d1;
mod host;
mod nfc;
mod request;
mod response;
mod web_url;

use std::cell::OnceCell;
use std::rc::Rc;

use js_sys::Reflect;
use worker::web_sys;
use worker::{Context, Env, event};

use crate::app;
use crate::domain;
use crate::platform::{self, Config, Entropy, Platform};

/// How long the rest of a refused call's body may take to arrive, in milliseconds.
const REST_DEADLINE: u32 = 5_000;

thread_local! {
    /// The settings of this version of the worker: they do not change while an isolate lives.
    static CONFIG: OnceCell<Rc<Config>> = const { OnceCell::new() };
}

/// Answers a request. What is left to be done when the answer is out is the runtime's to finish.
#[event(fetch)]
async fn fetch(
    request: web_sys::Request,
    env: Env,
    context: Context,
) -> worker::Result<web_sys::Response> {
    let platform = Rc::new(Platform {
        database: Box::new(d1::D1::new(&env)),
        clock: Box::new(clock::SystemClock),
        entropy: Box::new(SystemEntropy),
        crypto: Box::new(crypto::WebCrypto),
    });
    let rest = request::Rest::of(&request);
    let request = request::from_web(request);
    let handled = match config(&env) {
        Ok(config) => app::handle(request, &platform, &config).await,
        Err(missing) => app::handle_misconfigured(&request, &platform, &missing),
    };
    worker::console_log!("{}", handled.log);
    for work in handled.afterwards {
        context.wait_until(work);
    }
    if handled.response.status.is_client_error() {
        platform::within(platform.clock.as_ref(), REST_DEADLINE, rest.discard()).await;
    }
    response::to_web(handled.response, &env).await
}

fn config(env: &Env) -> Result<Rc<Config>, String> {
    CONFIG.with(|cell| {
        if let Some(config) = cell.get() {
            return Ok(Rc::clone(config));
        }
        domain::host::use_parser(host::parse);
        domain::web_url::use_parser(web_url::parse);
        domain::nfc::use_normaliser(nfc::normalise);
        let setting = |name: &str| Reflect::get(env, &name.into()).ok()?.as_string();
        let config = Rc::new(Config::from_settings(setting)?);
        Ok(Rc::clone(cell.get_or_init(|| config)))
    })
}

/// The runtime's CSPRNG.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), String> {
        getrandom::fill(buffer).map_err(|error| error.to_string())
    }
}
