//! What is answered while a setting is missing without which nothing can be.

use std::rc::Rc;

use http::Method;

use super::{Answered, Progress, log, on_every_answer, to_response};
use crate::domain::RequestId;
use crate::error::Error;
use crate::platform::Platform;
use crate::routes;
use crate::store::connection::Connection;
use crate::web::notes::Notes;
use crate::web::request::Request;
use crate::web::response::Response;

/// Answers a request while a setting is missing: 503, and OPTIONS as ever.
pub fn handle_misconfigured(request: &Request, platform: &Rc<Platform>, missing: &str) -> Answered {
    let now = platform.clock.now();
    let mut random = [0; 16];
    // Without random bytes the id is all zeros; the answer is a failure either way.
    let _ = platform.entropy.fill(&mut random);
    let request_id = RequestId::from_random(random);
    let found = routes::find(request.path());
    let surface = found.as_ref().map(|found| found.surface);
    let mut progress = Progress {
        surface: surface.unwrap_or_else(|| routes::surface(request.path())),
        ..Progress::default()
    };
    let mut response = if request.method == Method::OPTIONS {
        let mut response = Response::no_content();
        let methods = found.map(|found| found.methods());
        response.header("allow", methods.unwrap_or_else(|| "OPTIONS".to_owned()));
        response
    } else {
        let error = Error::misconfigured(missing);
        let response = to_response(&error, &progress, &request_id);
        progress.error = Some(error);
        response
    };
    on_every_answer(&mut response, &request_id);
    let line = log::Line {
        platform: Rc::clone(platform),
        connection: Connection::new(Rc::clone(platform)),
        time: now,
        request_id,
        method: request.method.clone(),
        status: response.status,
        progress,
        notes: Notes::default(),
    };
    line.write();
    Answered {
        response,
        work: Vec::new(),
        afterwards: Vec::new(),
    }
}
