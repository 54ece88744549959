//! Answers that are written bit by bit, through the runtime's identity stream.
//!
//! Of the streams there are it alone tells of a client who has gone (workerd #6832), and a write to it completes when the
//! client's side has taken the bytes, so a slow reader holds the writer back.

use js_sys::Uint8Array;
use js_sys::futures::{JsFuture, spawn_local};
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{ReadableStream, WritableStream, WritableStreamDefaultWriter};

use crate::platform::{Gone, Local, Sink, Stream, Streams};

#[wasm_bindgen]
extern "C" {
    type IdentityTransformStream;
    #[wasm_bindgen(constructor)]
    fn new() -> IdentityTransformStream;
    #[wasm_bindgen(method, getter)]
    fn readable(this: &IdentityTransformStream) -> ReadableStream;
    #[wasm_bindgen(method, getter)]
    fn writable(this: &IdentityTransformStream) -> WritableStream;

    /// The same of so many bytes: the client is told how many, and sees where there are fewer.
    type FixedLengthStream;
    #[wasm_bindgen(constructor)]
    fn of_length(bytes: f64) -> FixedLengthStream;
    #[wasm_bindgen(method, getter)]
    fn readable(this: &FixedLengthStream) -> ReadableStream;
    #[wasm_bindgen(method, getter)]
    fn writable(this: &FixedLengthStream) -> WritableStream;

    /// What a read comes to, of any stream.
    pub(super) type ReadResult;
    #[wasm_bindgen(method, getter)]
    pub(super) fn done(this: &ReadResult) -> bool;
    #[wasm_bindgen(method, getter)]
    pub(super) fn value(this: &ReadResult) -> Option<Uint8Array>;
}

pub(super) struct IdentityStreams;

impl Streams for IdentityStreams {
    fn open(&self) -> (Box<dyn Sink>, Stream) {
        opened(pipe(None))
    }

    fn open_of_length(&self, bytes: usize) -> (Box<dyn Sink>, Stream) {
        opened(pipe(Some(bytes)))
    }
}

/// Both ends of a stream, of so many bytes where that is known.
pub(super) fn pipe(bytes: Option<usize>) -> (WritableStream, ReadableStream) {
    match bytes {
        None => {
            let identity = IdentityTransformStream::new();
            (identity.writable(), identity.readable())
        }
        Some(bytes) => {
            let fixed = FixedLengthStream::of_length(bytes as f64);
            (fixed.writable(), fixed.readable())
        }
    }
}

fn opened((writable, readable): (WritableStream, ReadableStream)) -> (Box<dyn Sink>, Stream) {
    // A stream that is new has no writer yet, so it gives one.
    let writer = writable.get_writer().ok();
    (
        Box::new(Writer(writer)),
        Stream(Box::new(Readable(Some(readable)))),
    )
}

/// What is written to; nothing once it has ended.
struct Writer(Option<WritableStreamDefaultWriter>);

impl Sink for Writer {
    fn write(&mut self, bytes: Vec<u8>) -> Local<'_, Result<(), Gone>> {
        Box::pin(async move {
            let writer = self.0.as_ref().ok_or(Gone)?;
            let chunk = Uint8Array::from(bytes.as_slice());
            drop(bytes);
            let taken = JsFuture::from(writer.write_with_chunk(&chunk)).await;
            taken.map(|_| ()).map_err(|_| {
                self.0 = None;
                Gone
            })
        })
    }

    fn close(&mut self) -> Local<'_, Result<(), Gone>> {
        Box::pin(async move {
            let writer = self.0.take().ok_or(Gone)?;
            let closed = JsFuture::from(writer.close()).await;
            closed.map(|_| ()).map_err(|_| Gone)
        })
    }
}

impl Drop for Writer {
    /// Breaks it off where it has not ended: what is merely let go of would keep the client waiting.
    fn drop(&mut self) {
        if let Some(writer) = self.0.take() {
            forget(writer.abort());
        }
    }
}

/// What a response has for its body. Without one nobody takes what is written.
pub(super) struct Readable(Option<ReadableStream>);

impl Readable {
    pub(super) fn take(mut self) -> Option<ReadableStream> {
        self.0.take()
    }
}

impl Drop for Readable {
    fn drop(&mut self) {
        if let Some(readable) = self.0.take() {
            forget(readable.cancel());
        }
    }
}

/// Lets a promise be, whatever becomes of it: one that is rejected without anybody looking would be logged.
pub(super) fn forget(promise: js_sys::Promise) {
    spawn_local(async move {
        let _ = JsFuture::from(promise).await;
    });
}
