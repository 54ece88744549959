//! The request's own signal behind [`Presence`].
//!
//! It fires when the client resets the connection; a mere close shows only when something is written.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::AbortSignal;

use crate::platform::{Local, Presence};

const EVENT: &str = "abort";

pub(super) struct Caller(pub(super) AbortSignal);

impl Presence for Caller {
    fn is_gone(&self) -> bool {
        self.0.aborted()
    }

    fn gone(&self) -> Local<'static, ()> {
        Box::pin(Watch {
            signal: self.0.clone(),
            waiting: Rc::default(),
            listener: None,
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Completes when the signal fires.
struct Watch {
    signal: AbortSignal,
    waiting: Rc<Cell<Option<Waker>>>,
    listener: Option<Closure<dyn FnMut()>>,
}

impl Watch {
    fn listen(&mut self) {
        let waiting = Rc::clone(&self.waiting);
        let listener = Closure::wrap_assert_unwind_safe(Box::new(move || {
            if let Some(waiting) = waiting.take() {
                waiting.wake();
            }
        }) as Box<dyn FnMut()>);
        let function = listener.as_ref().unchecked_ref();
        // It fails for what is no function alone.
        let _ = self
            .signal
            .add_event_listener_with_callback(EVENT, function);
        self.listener = Some(listener);
    }
}

impl Future for Watch {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.signal.aborted() {
            return Poll::Ready(());
        }
        self.waiting.set(Some(context.waker().clone()));
        if self.listener.is_none() {
            self.listen();
        }
        Poll::Pending
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            let function = listener.as_ref().unchecked_ref();
            let _ = self
                .signal
                .remove_event_listener_with_callback(EVENT, function);
        }
    }
}
