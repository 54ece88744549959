//! A request of the runtime behind the app's traits.

use ::http::Method;
use futures_util::StreamExt;
use js_sys::Uint8Array;
use js_sys::futures::JsFuture;
use worker::web_sys;

use crate::http::request::{Body, BodyError, Headers, Request};
use crate::platform::Local;

pub(super) fn from_web(request: web_sys::Request) -> Request {
    Request {
        method: Method::from_bytes(request.method().as_bytes()).unwrap_or(Method::GET),
        target: target(&request.url()),
        headers: Box::new(WebHeaders(request.headers())),
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
        let request = self.0.clone().map_err(|_| BodyError::Interrupted)?;
        let mut stream = worker::Request::from(request)
            .stream()
            .map_err(|_| BodyError::Interrupted)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| BodyError::Interrupted)?;
            if bytes.len() + chunk.len() > limit {
                return Err(BodyError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

impl Body for WebBody {
    fn read(&mut self, limit: usize) -> Local<'_, Result<Vec<u8>, BodyError>> {
        Box::pin(async move {
            if self.0.body().is_none() {
                return Ok(Vec::new());
            }
            let length = self.0.headers().get("content-length").ok().flatten();
            match length.map(|length| length.parse::<usize>()) {
                Some(Ok(length)) if length > limit => Err(BodyError::TooLarge),
                Some(Ok(_)) => self.read_whole(limit).await,
                _ => self.read_counting(limit).await,
            }
        })
    }
}
