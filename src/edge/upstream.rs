//! `fetch` behind [`Upstream`].
//!
//! One signal ends a call in each of three ways: the caller hangs up, its time is over, or what the call gave is dropped. The
//! runtime joins them, so nothing here waits for any of them; a pending `fetch` or read is rejected.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::futures::{JsFuture, spawn_local};
use js_sys::{Array, Reflect, Uint8Array, global};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    AbortController, AbortSignal, Headers, ReadableStream, ReadableStreamByobReader, RequestInit,
    RequestRedirect, Response, WorkerGlobalScope,
};

use super::caller::Caller;
use super::request::{Uploading, lines};
use super::stream::{ReadResult, pipe};
use crate::platform::{
    CallFault, Incoming, IncomingBody, Local, Outgoing, Presence, Upload, Upstream,
};

/// How much is read at once, in bytes. The default reader takes 4 KiB, at ten times the cost of a long body.
const READ: u32 = 64 << 10;

pub(super) struct Fetch;

impl Upstream for Fetch {
    fn call(
        &self,
        outgoing: Outgoing,
        caller: &dyn Presence,
    ) -> Local<'static, Result<Incoming, CallFault>> {
        let caller = caller.as_any().downcast_ref::<Caller>();
        let signal = caller.map(|caller| caller.0.clone());
        Box::pin(call(outgoing, None, signal))
    }

    fn upload(
        &self,
        outgoing: Outgoing,
        upload: Upload,
        caller: &dyn Presence,
    ) -> Local<'static, Result<Incoming, CallFault>> {
        let caller = caller.as_any().downcast_ref::<Caller>();
        let signal = caller.map(|caller| caller.0.clone());
        Box::pin(async move {
            let body = Rc::clone(&upload.body).downcast::<Cell<Option<Uploading>>>();
            let uploading = body.ok().and_then(|body| body.take());
            let (writable, readable) = pipe(upload.length);
            let writer = writable.get_writer();
            let writer = writer.map_err(|thrown| CallFault::Connection(words(&thrown)))?;
            if let Some(uploading) = uploading {
                // It goes on beside the answer, which may come before the body has gone.
                spawn_local(uploading.pump(writer, upload));
            }
            call(outgoing, Some(readable), signal).await
        })
    }
}

async fn call(
    outgoing: Outgoing,
    body: Option<ReadableStream>,
    caller: Option<AbortSignal>,
) -> Result<Incoming, CallFault> {
    let controller =
        AbortController::new().map_err(|thrown| CallFault::Connection(words(&thrown)))?;
    let line = Line {
        controller,
        caller,
        is_over: false,
    };
    let response = match line.send(&outgoing, body.as_ref()).await {
        Ok(response) => response,
        Err(thrown) => return Err(line.fault(&thrown)),
    };
    drop(outgoing);
    let reader = response
        .body()
        .map(|body| ReadableStreamByobReader::new(&body));
    let reader = reader.transpose().map_err(|thrown| line.fault(&thrown))?;
    let headers = response.headers();
    let all = headers.clone();
    Ok(Incoming {
        status: response.status(),
        lines: Box::new(move || lines(&all)),
        headers: Box::new(move |name| headers.get(name).ok().flatten()),
        body: Box::new(WebBody {
            reader,
            pending: None,
            view: None,
            line,
        }),
    })
}

/// A call that is under way. Dropping it ends it.
struct Line {
    controller: AbortController,
    caller: Option<AbortSignal>,
    is_over: bool,
}

impl Line {
    async fn send(
        &self,
        outgoing: &Outgoing,
        body: Option<&ReadableStream>,
    ) -> Result<Response, JsValue> {
        let headers = Headers::new()?;
        for (name, value) in &outgoing.headers {
            headers.append(name, value)?;
        }
        let signals = Array::of2(
            &self.controller.signal(),
            &AbortSignal::timeout_with_u32(outgoing.timeout),
        );
        if let Some(caller) = &self.caller {
            signals.push(caller);
        }
        let init = RequestInit::new();
        init.set_method(outgoing.method.as_str());
        init.set_headers(&headers);
        init.set_redirect(RequestRedirect::Manual);
        init.set_signal(Some(&AbortSignal::any(&signals)));
        if let Some(body) = body {
            init.set_body(body);
        } else if !outgoing.body.is_empty() {
            init.set_body(&Uint8Array::from(outgoing.body.as_slice()));
        }
        let scope = global().unchecked_into::<WorkerGlobalScope>();
        let response = JsFuture::from(scope.fetch_with_str_and_init(&outgoing.url, &init)).await?;
        Ok(response.unchecked_into())
    }

    /// Sorts what `fetch` and reads are rejected with. The caller's own signal rejects with another error in each place, so
    /// it is asked first.
    fn fault(&self, thrown: &JsValue) -> CallFault {
        if self.caller.as_ref().is_some_and(AbortSignal::aborted) {
            CallFault::CallerGone
        } else if text(thrown, "name").as_deref() == Some("TimeoutError") {
            CallFault::TimedOut
        } else {
            CallFault::Connection(words(thrown))
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.is_over {
            self.controller.abort();
        }
    }
}

struct WebBody {
    reader: Option<ReadableStreamByobReader>,
    /// A read that has begun; a stream takes no second one beside it.
    pending: Option<JsFuture>,
    /// What is read into: each read takes the buffer and gives it back.
    view: Option<Uint8Array>,
    line: Line,
}

impl WebBody {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, CallFault> {
        while let Some(reader) = &self.reader {
            let pending = self.pending.get_or_insert_with(|| {
                let view = self.view.take();
                let view = view.unwrap_or_else(|| Uint8Array::new_with_length(READ));
                JsFuture::from(reader.read_with_array_buffer_view(&view))
            });
            let read = pending.await;
            self.pending = None;
            let read = read.map_err(|thrown| self.line.fault(&thrown))?;
            let read = read.unchecked_into::<ReadResult>();
            if read.done() {
                break;
            }
            if let Some(chunk) = read.value() {
                self.view = Some(Uint8Array::new(&chunk.buffer()));
                if chunk.length() > 0 {
                    return Ok(Some(chunk.to_vec()));
                }
            }
        }
        self.reader = None;
        self.line.is_over = true;
        Ok(None)
    }
}

impl IncomingBody for WebBody {
    fn next(&mut self) -> Local<'_, Result<Option<Vec<u8>>, CallFault>> {
        Box::pin(self.read())
    }
}

/// What was thrown, in the platform's own words.
fn words(thrown: &JsValue) -> String {
    let name = text(thrown, "name").unwrap_or_default();
    let message = text(thrown, "message").unwrap_or_default();
    format!("{name}: {message}")
}

fn text(thrown: &JsValue, field: &str) -> Option<String> {
    Reflect::get(thrown, &field.into()).ok()?.as_string()
}
