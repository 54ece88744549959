//! A request of the runtime behind the app's traits.

use std::cell::Cell;
use std::rc::Rc;

use http::Method;
use js_sys::Uint8Array;
use js_sys::futures::JsFuture;
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use web_sys::{ReadableStreamByobReader, ReadableStreamDefaultReader, WritableStreamDefaultWriter};

use super::caller::Caller;
use super::stream::{ReadResult, forget};
use crate::platform::{Local, Upload};
use crate::web::request::{Body, BodyError, Headers, Request};

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

/// All lines of headers, which come over as one JSON text.
pub(super) fn lines(headers: &web_sys::Headers) -> Vec<(String, String)> {
    let text = js_sys::JSON::stringify(&js_sys::Array::from(headers));
    let text = text.ok().map(String::from);
    text.and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

struct WebHeaders(web_sys::Headers);

impl Headers for WebHeaders {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).ok().flatten()
    }

    fn all(&self) -> Vec<(String, String)> {
        lines(&self.0)
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
        let mut chunks = Chunks::of(&self.0).ok_or(BodyError::Interrupted)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = chunks.next().await? {
            if bytes.len() + chunk.len() > limit {
                // When they are dropped, the runtime closes the connection.
                chunks.discard(limit).await;
                return Err(BodyError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// The body of a request as it comes; nothing once it has ended. What is left of it when this is dropped is never read.
struct Chunks(Option<ReadableStreamDefaultReader>);

impl Chunks {
    /// Nothing for a request without a body, and for one whose body is being read.
    fn of(request: &web_sys::Request) -> Option<Self> {
        let reader = ReadableStreamDefaultReader::new(&request.body()?);
        reader.ok().map(|reader| Self(Some(reader)))
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        let Some(reader) = &self.0 else {
            return Ok(None);
        };
        let read = JsFuture::from(reader.read()).await;
        let read = read.map(JsCast::unchecked_into::<ReadResult>);
        match read {
            Ok(read) if !read.done() => {
                let chunk = read.value().map(|chunk| chunk.to_vec());
                Ok(Some(chunk.unwrap_or_default()))
            }
            ended => {
                self.0 = None;
                ended.map(|_| None).map_err(|_| BodyError::Interrupted)
            }
        }
    }

    /// Reads what is left, of which so many bytes have been read.
    async fn discard(mut self, mut read: usize) {
        while let Ok(Some(chunk)) = self.next().await {
            read += chunk.len();
            if read > Rest::LIMIT {
                return;
            }
        }
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        if let Some(reader) = self.0.take() {
            forget(reader.cancel());
        }
    }
}

/// A body that passes by, of which the first bytes have been read. They never come into the module.
pub(super) struct Uploading {
    reader: ReadableStreamByobReader,
    first: Option<Uint8Array>,
}

impl Uploading {
    /// So much is read at once, in bytes.
    const READ: u32 = 64 << 10;

    /// The next bytes, of which there is at least one; none when it has ended.
    async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let view = Uint8Array::new_with_length(Self::READ);
        loop {
            let read = JsFuture::from(self.reader.read_with_array_buffer_view(&view)).await?;
            let read = read.unchecked_into::<ReadResult>();
            if read.done() {
                return Ok(None);
            }
            if let Some(chunk) = read.value().filter(|chunk| chunk.length() > 0) {
                return Ok(Some(chunk));
            }
        }
    }

    /// Writes it all, and ends what it is written to; where it breaks off, breaks that off too.
    pub(super) async fn pump(mut self, to: WritableStreamDefaultWriter, upload: Upload) {
        let ended = loop {
            match self.next().await {
                Ok(Some(chunk)) => {
                    let bytes = chunk.length() as usize;
                    if JsFuture::from(to.write_with_chunk(&chunk)).await.is_err() {
                        break false;
                    }
                    upload.count(bytes);
                }
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        forget(match ended {
            true => to.close(),
            false => to.abort(),
        });
    }
}

impl Drop for Uploading {
    fn drop(&mut self) {
        forget(self.reader.cancel());
    }
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
        if let Some(chunks) = Chunks::of(&self.0) {
            chunks.discard(0).await;
        }
    }
}

/// The length that a request says its body has.
fn length(request: &web_sys::Request) -> Option<usize> {
    let length = request.headers().get("content-length").ok().flatten();
    length.and_then(|length| length.parse().ok())
}

impl Body for WebBody {
    fn upload(&mut self, length: Option<usize>) -> Local<'_, Result<Option<Upload>, BodyError>> {
        Box::pin(async move {
            let Some(body) = self.0.body() else {
                return Ok(None);
            };
            let reader = ReadableStreamByobReader::new(&body);
            let mut upload = Uploading {
                reader: reader.map_err(|_| BodyError::Interrupted)?,
                first: None,
            };
            // A body that is there may be empty, which only reading tells.
            upload.first = upload.next().await.map_err(|_| BodyError::Interrupted)?;
            let has_body = upload.first.is_some();
            Ok(has_body.then(|| Upload::new(Rc::new(Cell::new(Some(upload))), length)))
        })
    }

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
