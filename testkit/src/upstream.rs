//! Servers behind the gate: what they answer is planned, and what they were sent is kept.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures::FutureExt;
use http::StatusCode;
use serde_json::Value as Json;

use tenantry::platform::{
    CallFault, Incoming, IncomingBody, Local, Outgoing, Presence, Upload, Upstream,
};
use tenantry::web::request::Body as _;

use crate::call::Chunks;
use crate::clock::{SetClock, Sleep};

/// All servers that there are. Clones are the same ones.
#[derive(Clone)]
pub struct Upstreams(Rc<Inner>);

struct Inner {
    clock: SetClock,
    plan: RefCell<Plan>,
    calls: RefCell<Vec<Called>>,
}

type Answering = Rc<dyn Fn(&Outgoing) -> Reply>;

#[derive(Clone, Default)]
struct Plan {
    next: VecDeque<Reply>,
    at: Vec<(String, Reply)>,
    answering: Option<Answering>,
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// What was sent.
    pub outgoing: Outgoing,
    /// How it ended.
    pub end: End,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It has not.
    UnderWay,
    /// Its answer has been read to the end.
    Whole,
    /// It failed, or broke off.
    Fault(CallFault),
    /// Who made it gave it up.
    Dropped,
}

/// What a server answers to a call: a status, headers, and a body in chunks, each step in the order in which it is named.
#[derive(Clone)]
pub struct Reply {
    steps: VecDeque<Step>,
}

#[derive(Clone)]
enum Step {
    Headers(u16, Vec<(String, String)>),
    Chunk(Vec<u8>),
    Pause(i64),
    Silence,
    Fault(CallFault),
    Meanwhile(Rc<dyn Fn()>),
}

impl Reply {
    fn of(step: Step) -> Self {
        Self {
            steps: VecDeque::from([step]),
        }
    }

    /// An answer of this status, without headers and body.
    pub fn new(status: u16) -> Self {
        assert!(StatusCode::from_u16(status).is_ok());
        Self::of(Step::Headers(status, Vec::new()))
    }

    /// 200 with this JSON.
    pub fn json(body: &Json) -> Self {
        Self::new(200)
            .header("content-type", "application/json")
            .chunk(body.to_string())
    }

    /// 200 with these events of a `text/event-stream`, a chunk each.
    pub fn events<'a>(events: impl IntoIterator<Item = &'a str>) -> Self {
        let reply = Self::new(200).header("content-type", "text/event-stream");
        let event = |reply: Self, event: &str| reply.chunk(format!("data: {event}\n\n"));
        events.into_iter().fold(reply, event)
    }

    /// No answer: the call fails in this way.
    pub fn failing(fault: CallFault) -> Self {
        Self::of(Step::Fault(fault))
    }

    /// No answer, ever.
    pub fn silent() -> Self {
        Self::of(Step::Silence)
    }

    /// The same, but so many milliseconds later.
    pub fn late(self, milliseconds: i64) -> Self {
        self.first(Step::Pause(milliseconds))
    }

    /// The same, but something happens before.
    pub fn after(self, happens: impl Fn() + 'static) -> Self {
        self.first(Step::Meanwhile(Rc::new(happens)))
    }

    /// With a header; its name in lower case.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        let headers = self.steps.iter_mut().find_map(|step| match step {
            Step::Headers(_, headers) => Some(headers),
            _ => None,
        });
        let headers = headers.expect("what never answers has no headers");
        headers.push((name.to_owned(), value.into()));
        self
    }

    /// Then these bytes come.
    pub fn chunk(self, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        assert!(!bytes.is_empty(), "no chunk is empty");
        self.then(Step::Chunk(bytes))
    }

    /// Then nothing comes for so many milliseconds.
    pub fn pause(self, milliseconds: i64) -> Self {
        self.then(Step::Pause(milliseconds))
    }

    /// Then nothing comes any more, and it does not end.
    pub fn silence(self) -> Self {
        self.then(Step::Silence)
    }

    /// Then it breaks off.
    pub fn fault(self, fault: CallFault) -> Self {
        self.then(Step::Fault(fault))
    }

    /// Then something happens.
    pub fn meanwhile(self, happens: impl Fn() + 'static) -> Self {
        self.then(Step::Meanwhile(Rc::new(happens)))
    }

    fn first(mut self, step: Step) -> Self {
        self.steps.push_front(step);
        self
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push_back(step);
        self
    }
}

impl Upstreams {
    /// Servers that answer nothing yet.
    pub fn new(clock: &SetClock) -> Self {
        Self(Rc::new(Inner {
            clock: clock.clone(),
            plan: RefCell::default(),
            calls: RefCell::default(),
        }))
    }

    /// The same plan under another clock; nothing has been sent there.
    pub(crate) fn copy(&self, clock: &SetClock) -> Self {
        let copy = Self::new(clock);
        copy.0.plan.replace(self.0.plan.borrow().clone());
        copy
    }

    /// Plans the answer to the next call that has none planned yet, wherever it goes.
    pub fn next(&self, reply: Reply) {
        self.0.plan.borrow_mut().next.push_back(reply);
    }

    /// Plans the answer to every call to this URL.
    pub fn at(&self, url: &str, reply: Reply) {
        let mut plan = self.0.plan.borrow_mut();
        plan.at.retain(|(known, _)| known != url);
        plan.at.push((url.to_owned(), reply));
    }

    /// Answers every call for which nothing else is planned.
    pub fn answering(&self, answering: impl Fn(&Outgoing) -> Reply + 'static) {
        self.0.plan.borrow_mut().answering = Some(Rc::new(answering));
    }

    /// Every call that was made, in order.
    pub fn calls(&self) -> Vec<Called> {
        self.0.calls.borrow().clone()
    }

    /// The call that was made, if it was one, and forgets it.
    #[track_caller]
    pub fn only_call(&self) -> Called {
        let calls = self.0.calls.take();
        let [call] = <[Called; 1]>::try_from(calls).expect("one call was to be made");
        call
    }

    fn reply(&self, outgoing: &Outgoing) -> Reply {
        let mut plan = self.0.plan.borrow_mut();
        if let Some(reply) = plan.next.pop_front() {
            return reply;
        }
        if let Some((_, reply)) = plan.at.iter().find(|(url, _)| *url == outgoing.url) {
            return reply.clone();
        }
        let Some(answering) = plan.answering.clone() else {
            panic!(
                "no answer is planned to {} {}",
                outgoing.method, outgoing.url
            );
        };
        drop(plan);
        answering(outgoing)
    }
}

impl Upstream for Upstreams {
    fn call(
        &self,
        outgoing: Outgoing,
        caller: &dyn Presence,
    ) -> Local<'static, Result<Incoming, CallFault>> {
        let for_header = |(name, _): &(String, String)| *name == name.to_lowercase();
        assert!(outgoing.headers.iter().all(for_header), "{outgoing:?}");
        let reply = self.reply(&outgoing);
        let mut calls = self.0.calls.borrow_mut();
        let mut course = Course {
            upstreams: self.clone(),
            number: calls.len(),
            gone: caller.gone(),
            time: self.0.clock.sleeping(outgoing.timeout.into()),
            steps: reply.steps,
            pause: None,
            end: None,
        };
        calls.push(Called {
            outgoing,
            end: End::UnderWay,
        });
        Box::pin(async move {
            match poll_fn(|context| course.poll_next(context)).await? {
                Some(Step::Headers(status, headers)) => Ok(Incoming {
                    status,
                    lines: Box::new({
                        let headers = headers.clone();
                        move || headers.clone()
                    }),
                    headers: Box::new(move |name| value(&headers, name)),
                    body: Box::new(course),
                }),
                _ => panic!("a body comes before its headers"),
            }
        })
    }

    fn upload(
        &self,
        mut outgoing: Outgoing,
        upload: Upload,
        caller: &dyn Presence,
    ) -> Local<'static, Result<Incoming, CallFault>> {
        // The bytes come while the call is under way; here it is made when they are there.
        let bytes = Self::taken(&upload).now_or_never();
        let bytes = bytes.unwrap_or(Err(CallFault::TimedOut));
        match bytes {
            Ok(bytes) => {
                outgoing.body = Rc::new(bytes);
                self.call(outgoing, caller)
            }
            Err(fault) => Box::pin(async { Err(fault) }),
        }
    }
}

impl Upstreams {
    /// Takes a body in that passes by, as a server reads it.
    async fn taken(upload: &Upload) -> Result<Vec<u8>, CallFault> {
        let body = Rc::clone(&upload.body).downcast::<RefCell<Chunks>>();
        let body = body.expect("what passes by is a caller's").take();
        let bytes = { body }.read(usize::MAX).await;
        let bytes = bytes.map_err(|_| CallFault::Connection("the body broke off".to_owned()))?;
        upload.count(bytes.len());
        Ok(bytes)
    }
}

/// Several lines of a header are joined, as `fetch` has them.
fn value(headers: &[(String, String)], name: &str) -> Option<String> {
    let lines = headers.iter().filter(|(known, _)| known == name);
    let lines: Vec<&str> = lines.map(|(_, value)| value.as_str()).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// The course of a call.
struct Course {
    upstreams: Upstreams,
    number: usize,
    gone: Local<'static, ()>,
    time: Sleep,
    steps: VecDeque<Step>,
    pause: Option<Sleep>,
    end: Option<Result<(), CallFault>>,
}

impl Course {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Step>, CallFault>> {
        if let Some(end) = &self.end {
            return Poll::Ready(end.clone().map(|()| None));
        }
        loop {
            if self.gone.as_mut().poll(context).is_ready() {
                return self.end(Err(CallFault::CallerGone));
            }
            if Pin::new(&mut self.time).poll(context).is_ready() {
                return self.end(Err(CallFault::TimedOut));
            }
            if let Some(pause) = &mut self.pause {
                ready!(Pin::new(pause).poll(context));
                self.pause = None;
            }
            match self.steps.pop_front() {
                None => return self.end(Ok(())),
                Some(Step::Fault(fault)) => return self.end(Err(fault)),
                Some(Step::Pause(milliseconds)) => {
                    self.pause = Some(self.upstreams.0.clock.sleeping(milliseconds));
                }
                Some(Step::Meanwhile(happens)) => happens(),
                Some(Step::Silence) => {
                    self.steps.push_front(Step::Silence);
                    return Poll::Pending;
                }
                Some(step @ (Step::Headers(..) | Step::Chunk(_))) => {
                    return Poll::Ready(Ok(Some(step)));
                }
            }
        }
    }

    fn end(&mut self, end: Result<(), CallFault>) -> Poll<Result<Option<Step>, CallFault>> {
        self.end = Some(end.clone());
        self.note(match end.clone() {
            Ok(()) => End::Whole,
            Err(fault) => End::Fault(fault),
        });
        Poll::Ready(end.map(|()| None))
    }

    fn note(&self, end: End) {
        let mut calls = self.upstreams.0.calls.borrow_mut();
        // None when a test has taken it.
        if let Some(called) = calls.get_mut(self.number) {
            called.end = end;
        }
    }
}

impl IncomingBody for Course {
    fn next(&mut self) -> Local<'_, Result<Option<Vec<u8>>, CallFault>> {
        Box::pin(async move {
            match poll_fn(|context| self.poll_next(context)).await? {
                None => Ok(None),
                Some(Step::Chunk(bytes)) => Ok(Some(bytes)),
                Some(_) => panic!("headers come twice"),
            }
        })
    }
}

impl Drop for Course {
    fn drop(&mut self) {
        if self.end.is_none() {
            self.note(End::Dropped);
        }
    }
}
