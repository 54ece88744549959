//! A call and its answer, without a network between.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::pending;
use std::rc::Rc;

use http::Method;
use serde_json::Value as Json;

use tenantry::platform::{Local, Upload};
use tenantry::web::request::{Body, BodyError, Headers, Request};

use crate::cast::{CONSOLE, Caller};
use crate::wire::{HangUp, Wire};

/// A call in the making.
#[derive(Clone)]
pub struct Call {
    method: Method,
    target: String,
    headers: Vec<(String, String)>,
    chunks: Chunks,
    pub(crate) hang_up: Option<HangUp>,
}

/// A body as it comes in over the wire: piece by piece, perhaps broken off.
#[derive(Clone, Default)]
pub struct Chunks {
    pieces: VecDeque<Vec<u8>>,
    breaks_off: bool,
    stalls: bool,
    meanwhile: Option<Rc<dyn Fn()>>,
}

impl Chunks {
    /// A body in these pieces.
    pub fn of(pieces: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            pieces: pieces.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same, but something happens while it is on its way.
    pub fn while_it_comes(mut self, meanwhile: impl Fn() + 'static) -> Self {
        self.meanwhile = Some(Rc::new(meanwhile));
        self
    }

    /// The same, but its end never comes.
    pub fn stalling(mut self) -> Self {
        self.stalls = true;
        self
    }

    /// The same, but the connection ends before the body does.
    pub fn broken_off(mut self) -> Self {
        self.breaks_off = true;
        self
    }
}

impl Call {
    /// A call of this method and target (path and query), without credential and body.
    pub fn new(method: &str, target: impl Into<String>) -> Self {
        Self {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            target: target.into(),
            headers: Vec::new(),
            chunks: Chunks::default(),
            hang_up: None,
        }
    }

    /// The same call with another method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Method::from_bytes(method.as_bytes()).unwrap();
        self
    }

    /// The same call of another target.
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    /// With the caller's credential.
    pub fn by(self, caller: &Caller) -> Self {
        match &caller.token {
            Some(secret) if caller.is_in_session => self
                .on_console()
                .header("cookie", format!("a=b; __Host-Http-tenantry={secret}; c=d")),
            Some(token) => self.header("authorization", format!("Token {token}")),
            None => self,
        }
    }

    /// As a page of the console makes it.
    pub fn on_console(self) -> Self {
        let reads = matches!(self.method, Method::GET | Method::HEAD);
        let call = self
            .without("host")
            .without("sec-fetch-site")
            .header("host", CONSOLE)
            .header("sec-fetch-site", "same-origin");
        match reads {
            true => call,
            false => call
                .without("origin")
                .header("origin", format!("https://{CONSOLE}")),
        }
    }

    /// With a header; its name in lower case.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Without a header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// With a JSON body, declared as such.
    pub fn json(self, body: &Json) -> Self {
        self.body("application/json", body.to_string())
    }

    /// With a body of this media type.
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.without("content-type")
            .header("content-type", content_type)
            .chunks(Chunks::of([body.into()]))
    }

    /// With a body in pieces, of undeclared type.
    pub fn chunks(mut self, chunks: Chunks) -> Self {
        self.chunks = chunks;
        self
    }

    /// Whose caller hangs up.
    pub fn hanging_up(mut self, when: HangUp) -> Self {
        self.hang_up = Some(when);
        self
    }

    /// Its path and query.
    pub fn path_and_query(&self) -> &str {
        &self.target
    }

    /// Whether it has a body.
    pub fn has_body(&self) -> bool {
        !self.chunks.pieces.is_empty()
    }

    /// The JSON body that it has.
    pub fn json_body(&self) -> Json {
        let bytes: Vec<u8> = self.chunks.pieces.iter().flatten().copied().collect();
        serde_json::from_slice(&bytes).unwrap()
    }

    pub(crate) fn to_line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    pub(crate) fn into_request(self, wire: &Wire) -> Request {
        Request {
            method: self.method,
            target: self.target,
            headers: Box::new(Lines(self.headers)),
            body: Box::new(self.chunks),
            presence: Rc::new(wire.clone()),
        }
    }
}

struct Lines(Vec<(String, String)>);

impl Headers for Lines {
    fn get(&self, name: &str) -> Option<String> {
        let lines: Vec<&str> = self
            .0
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    fn all(&self) -> Vec<(String, String)> {
        self.0.clone()
    }
}

impl Body for Chunks {
    fn upload(&mut self, length: Option<usize>) -> Local<'_, Result<Option<Upload>, BodyError>> {
        let body = std::mem::take(self);
        Box::pin(async move {
            let has_body = !body.pieces.is_empty() || body.breaks_off || body.stalls;
            Ok(has_body.then(|| Upload::new(Rc::new(RefCell::new(body)), length)))
        })
    }

    fn read(&mut self, limit: usize) -> Local<'_, Result<Vec<u8>, BodyError>> {
        Box::pin(async move {
            let mut bytes = Vec::new();
            if let Some(meanwhile) = &self.meanwhile {
                meanwhile();
            }
            while let Some(piece) = self.pieces.pop_front() {
                if bytes.len() + piece.len() > limit {
                    return Err(BodyError::TooLarge);
                }
                bytes.extend(piece);
            }
            if self.stalls {
                return pending().await;
            }
            if self.breaks_off {
                return Err(BodyError::Interrupted);
            }
            Ok(bytes)
        })
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body; of a streamed answer, all that was written.
    pub body: Vec<u8>,
    /// The writes of a streamed answer.
    pub writes: Vec<Vec<u8>>,
    /// Whether a streamed answer came to its end.
    pub closed: bool,
    /// How long a streamed answer says it is.
    pub length: Option<usize>,
    /// Its line in the log; empty when what was to write it was left undone.
    pub log: String,
    /// Round trips that it took, those of what writes a streamed answer included.
    pub trips: usize,
    pub(crate) call: String,
}

impl Answer {
    /// The body, JSON.
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{self}: not JSON: {error}"))
    }

    /// A field of the body, a text.
    pub fn text(&self, field: &str) -> String {
        let body = self.json();
        let Some(text) = body[field].as_str() else {
            panic!("{self}: no text {field}");
        };
        text.to_owned()
    }

    /// The sentence of an error, on any surface: `detail`, where `error` has words that some client compares.
    pub fn error(&self) -> String {
        let body = self.json();
        let sentences = [
            &body["error_msg"],
            &body["detail"],
            &body["error"]["message"],
        ];
        let sentence = sentences.into_iter().find_map(Json::as_str);
        match sentence {
            Some(sentence) => sentence.to_owned(),
            None => self.text("error"),
        }
    }

    /// A header's value; no header stands twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.iter().filter(|(known, _)| *known == name);
        let value = lines.next().map(|(_, value)| value.as_str());
        assert!(lines.next().is_none(), "{self}: {name} stands twice");
        value
    }

    /// Demands a status, and goes on.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Demands a refusal whose sentence has these words.
    #[track_caller]
    pub fn refused(self, status: u16, words: &str) -> Self {
        let answer = self.expect(status);
        let sentence = answer.error();
        assert!(sentence.contains(words), "{answer}: no '{words}'");
        answer
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = String::from_utf8_lossy(&self.body)
            .chars()
            .take(600)
            .collect();
        write!(formatter, "{} -> {} {body}", self.call, self.status)
    }
}
