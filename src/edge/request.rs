//! A request of the runtime behind the app's traits.

use std::rc::Rc;

use ::http::Method;
use futures_util::StreamExt;
use js_sys::Uint8Array;
use js_sys::futures::JsFuture;
use worker::web_sys;

use super::caller::Caller;
use crate::http::request::{Body, BodyError, Headers, Request};
use crate::platform::Local;

pub(super) fn from_web(request: web_sys::Request) -> Request {
    Request {
        method: Method::from_bytes(request.method().as_bytes()).unwrap_or(Method::GET),
        target: target(&request.url()),
        headers: Box::new(WebHeaders(request.headers())),
        presence: Rc::new(Caller(request.signal())),
        body: Box::new(WebBody(request)),
    }
}

/// What stands behind the authority of an absolute URL.
fn target(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?'])
        .and_then(|at| rest.get(at..))
        .unwrap_or("/")
        .to_owned()
}

struct WebHeaders(web_sys::Headers);

impl Headers for WebHeaders {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).ok().flatten()
    }
}

struct WebBody(web_sys::Request);

impl WebBody {
    async fn read_whole(&self, limit: usize) -> Result<Vec<u8>, BodyError> {
        let interrupted = |_| BodyError::Interrupted;
        let buffer = self.0.array_buffer().map_err(interrupted)?;
        let buffer = JsFuture::from(buffer).await.map_err(interrupted)?;
        let bytes = Uint8Array::new(&buffer).to_vec();
        if bytes.len() > limit {
            Err(BodyError::TooLarge)
        } else {
            Ok(bytes)
        }
    }

    async fn read_counting(&self, limit: usize) -> Result<Vec<u8>, BodyError> {
        let mut stream = chunks(&self.0).map_err(|_| BodyError::Interrupted)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| BodyError::Interrupted)?;
            if bytes.len() + chunk.len() > limit {
                // When the stream is dropped, the runtime closes the connection.
                discard(stream, limit).await;
                return Err(BodyError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// The body of a request as it comes. The handle is cloned and not the request: of a JavaScript clone the other half would
/// have to be kept.
fn chunks(request: &web_sys::Request) -> worker::Result<worker::ByteStream> {
    worker::Request::from(Clone::clone(request)).stream()
}

/// What a refused call has left of its body, which is read all the same, though to no use: where much of a body is left,
/// the runtime closes the connection behind the answer, and a client that still sends may be told of the closing before
/// it has read the answer (RFC 9112, section 9.6).
pub(super) struct Rest(web_sys::Request);

impl Rest {
    /// More is not read: twice as much as any call takes (contract section 4).
    const LIMIT: usize = 16 << 20;

    pub(super) fn of(request: web_sys::Request) -> Self {
        Self(request)
    }

    /// Reads it, unless it says that there is too much of it.
    pub(super) async fn discard(self) {
        let is_at_hand = self.0.body().is_some_and(|body| !body.locked());
        if !is_at_hand || length(&self.0).is_some_and(|length| length > Self::LIMIT) {
            return;
        }
        if let Ok(stream) = chunks(&self.0) {
            discard(stream, 0).await;
        }
    }
}

/// Reads the rest of a stream of which so many bytes have been read.
async fn discard(mut stream: worker::ByteStream, mut read: usize) {
    while let Some(Ok(chunk)) = stream.next().await {
        read += chunk.len();
        if read > Rest::LIMIT {
            return;
        }
    }
}

/// The length that a request says its body has.
fn length(request: &web_sys::Request) -> Option<usize> {
    let length = request.headers().get("content-length").ok().flatten();
    length.and_then(|length| length.parse().ok())
}

impl Body for WebBody {
    fn read(&mut self, limit: usize) -> Local<'_, Result<Vec<u8>, BodyError>> {
        Box::pin(async move {
            if self.0.body().is_none() {
                return Ok(Vec::new());
            }
            match length(&self.0) {
                Some(length) if length > limit => Err(BodyError::TooLarge),
                Some(_) => self.read_whole(limit).await,
                None => self.read_counting(limit).await,
            }
        })
    }
}
