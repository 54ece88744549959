//! A request to a pipeline: its objects in the order of their dependencies, what is independent at once, each with a record
//! and a lease of its own (contract section 5.7).
//!
//! One loop runs all of it, pipelines in the pipeline included, so that what is at once has one bound. A pipeline in it
//! is a frame: it opens when its input is there, has its objects beside those of all others, and closes when they have
//! run. The first failure ends the rest: what is under way is let go of and settled, and so is every frame.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use super::forward::Sending;
use super::memory::Held;
use super::settle::{self, Kept};
use super::{Failure, Outcome, Output, Passage};
use crate::domain::pipeline_data::{self, Taken};
use crate::domain::{Content, RecordId, Timestamp, quoted};
use crate::error::{Error, Kind};
use crate::platform::{Either, Local, race};
use crate::store::admissions::{Admission, Admitted};
use crate::store::pipeline_requests::{ObjectRequest, Plan, PlannedObject, PlannedSource};
use crate::store::settlements::KeyEnding;

/// So many objects are under way at once in a request whose caller waits (contract section 5.7).
pub const AT_ONCE: usize = 4;
/// The outputs of its objects have so many bytes together at most: they are held until it ends.
const MOST_OUTPUT: usize = 32 << 20;
/// What clears by itself is tried again after so many milliseconds.
const AGAIN: u32 = 1_000;

/// A request that was made of an object.
#[derive(Debug, Clone)]
pub struct Made {
    /// The id of its record.
    pub id: RecordId,
    /// As the how manieth it was begun.
    pub sequence: i64,
    /// The name of the object.
    pub object: String,
    /// Whether that is a pipeline; else it is a deployment.
    pub is_pipeline: bool,
    /// The name of what it refers to.
    pub reference: String,
    /// The name of the version of that.
    pub version: String,
    /// Why it failed.
    pub failure: Option<String>,
    /// When it was begun.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Bytes that were sent.
    pub input_volume: usize,
    /// Bytes that were answered.
    pub output_volume: usize,
}

/// What a request to a pipeline came to.
pub struct Run {
    /// What it came to itself.
    pub outcome: Outcome,
    /// What it made of its own objects, not of those of pipelines in it.
    pub made: Vec<Made>,
    /// How long something was under way at its upstreams, in milliseconds.
    pub upstream_time: i64,
    /// What has to be tried again behind the answer.
    pub later: Vec<Local<'static, ()>>,
}

impl Passage {
    /// Runs a pipeline, so many of its objects at once.
    pub async fn run_pipeline(
        &self,
        plan: &Plan,
        input: Content,
        deployment_timeout: Option<i64>,
        at_once: usize,
    ) -> Run {
        let begun = self.now();
        let input_volume = input.text().len();
        let running = Running {
            root: self,
            plan,
            deployment_timeout,
            at_once,
            has_failed: Cell::new(false),
            sequence: Cell::new(0),
            output_volume: Cell::new(0),
            called: Cell::default(),
            made: RefCell::default(),
            later: RefCell::default(),
        };
        let result = running.run(input).await;
        Run {
            outcome: self.ran_pipeline(result, begun, input_volume),
            upstream_time: running.called.get().time,
            made: running.made.into_inner(),
            later: running.later.into_inner(),
        }
    }

    /// What a pipeline came to, and ends now: its volumes are those of what went in and what came out.
    fn ran_pipeline(
        &self,
        result: Result<Output, Failure>,
        begun: Timestamp,
        input_volume: usize,
    ) -> Outcome {
        let output_volume = match &result {
            Ok(Some(output)) => output.text().len(),
            _ => 0,
        };
        self.ran(result, begun, input_volume, output_volume)
    }

    /// The passage of a request that is made of an object.
    fn of_object(&self, object: &PlannedObject, id: RecordId, admitted: Admitted) -> Self {
        Self {
            platform: Rc::clone(&self.platform),
            config: Rc::clone(&self.config),
            connection: self.connection.clone(),
            notes: self.notes.clone(),
            presence: Rc::clone(&self.presence),
            record_id: id,
            key: None,
            project: self.project.clone(),
            deployment: object.reference.clone(),
            caller_kind: self.caller_kind,
            host: self.host.clone(),
            trace: self.trace.clone(),
            admission: self.now(),
            // What it reads counts while it is read; what is kept of it then counts for the whole.
            held: Held::try_new(0),
            timeout: admitted.timeout,
            has_waited: false,
            lease_end: Cell::new(admitted.lease_end.0),
            is_left: Cell::new(false),
            work: self.work.clone(),
            admitted,
        }
    }
}

/// Which object of which frame.
#[derive(Debug, Clone, Copy)]
struct At {
    frame: usize,
    object: usize,
}

/// A request that is made of an object.
#[derive(Clone, Copy)]
struct Own<'a> {
    at: At,
    object: &'a PlannedObject,
    sequence: i64,
    begun: Timestamp,
}

/// A pipeline that is under way.
struct Frame<'a> {
    /// Its version in the plan.
    version: usize,
    /// Which object it is, with its own passage; the request itself is none.
    inner: Option<(Own<'a>, Rc<Passage>)>,
    /// Its input.
    input: Content,
    states: Vec<State>,
    is_open: bool,
}

/// How far an object has come.
enum State {
    Waits,
    Begun,
    Ran(Output),
}

/// What comes next.
enum Step<'a> {
    /// An object has run.
    Ran(At, Result<Output, Failure>),
    /// A pipeline has its record, and its input fits.
    Opened(Own<'a>, Rc<Passage>, Content),
    /// A pipeline may go on no longer, or nobody wants it to.
    LeaseEnded(Failure),
}

/// How many upstreams are being called, since when there is one, and for how long there was one before, in milliseconds.
#[derive(Default, Clone, Copy)]
struct Called {
    now: usize,
    since: i64,
    time: i64,
}

struct Running<'a> {
    root: &'a Passage,
    plan: &'a Plan,
    deployment_timeout: Option<i64>,
    at_once: usize,
    has_failed: Cell<bool>,
    sequence: Cell<i64>,
    output_volume: Cell<usize>,
    called: Cell<Called>,
    made: RefCell<Vec<Made>>,
    later: RefCell<Vec<Local<'static, ()>>>,
}

impl<'a> Running<'a> {
    async fn run(&self, input: Content) -> Result<Output, Failure> {
        let mut frames = vec![self.frame(0, None, input)];
        let mut ready = VecDeque::new();
        self.make_ready(&mut frames, 0, &mut ready);
        let mut works: Vec<Local<'_, Step<'a>>> = Vec::new();
        let mut leases: Vec<(usize, Local<'_, Step<'a>>)> =
            vec![(0, held(self.root)), (0, left(self.root))];
        let failure = loop {
            // What has nothing left to run closes: the request itself, or a pipeline in it, from the inside out.
            if let Some(frame) = frames.iter().rposition(|frame| self.is_done(frame)) {
                let output = self.output(&frames, frame);
                leases.retain(|(of, _)| *of != frame);
                let Some(closed) = frames.get_mut(frame) else {
                    break Failure::BrokeOff;
                };
                closed.is_open = false;
                let Some((own, passage)) = closed.inner.clone() else {
                    return output;
                };
                let input = closed.input.clone();
                works.push(Box::pin(async move {
                    let result = self.close(&passage, own, &input, output).await;
                    Step::Ran(own.at, result)
                }));
            }
            while works.len() < self.at_once
                && let Some(at) = ready.pop_front()
            {
                if let Some(work) = self.begin(&frames, at) {
                    works.push(work);
                }
            }
            match next(&mut works, &mut leases).await {
                Step::Ran(at, Ok(output)) => {
                    if !self.holds(output.as_ref()) {
                        break Failure::Recorded(
                            "the outputs of the objects of the pipeline are longer than 32 MiB together".to_owned(),
                        );
                    }
                    let frame = frames.get_mut(at.frame);
                    if let Some(state) = frame.and_then(|frame| frame.states.get_mut(at.object)) {
                        *state = State::Ran(output);
                    }
                    self.make_ready(&mut frames, at.frame, &mut ready);
                }
                Step::Opened(own, passage, input) => {
                    let Some(version) = self.plan.place_of(&own.object.version_id) else {
                        break Failure::BrokeOff;
                    };
                    let frame = frames.len();
                    leases.push((frame, held_by(Rc::clone(&passage))));
                    frames.push(self.frame(version, Some((own, passage)), input));
                    self.make_ready(&mut frames, frame, &mut ready);
                }
                Step::Ran(at, Err(failure)) => break self.named(&frames, at, failure),
                Step::LeaseEnded(failure) => break failure,
            }
        };
        // The rest is let go of, and settled.
        self.has_failed.set(true);
        leases.clear();
        while !works.is_empty() {
            if let Step::Opened(own, passage, input) = next(&mut works, &mut leases).await {
                frames.push(self.frame(0, Some((own, passage)), input));
            }
        }
        for frame in frames.into_iter().rev().filter(|frame| frame.is_open) {
            if let Some((own, passage)) = frame.inner {
                let ended = match failure {
                    Failure::HungUp => Failure::HungUp,
                    _ => stopped(),
                };
                let _ = self.close(&passage, own, &frame.input, Err(ended)).await;
            }
        }
        Err(failure)
    }

    /// Whether there is room for one more output: all are held until the end.
    fn holds(&self, output: Option<&Content>) -> bool {
        let length = output.map_or(0, |output| output.text().len());
        if let Some(held) = &self.root.held {
            held.grow(length);
        }
        self.output_volume.set(self.output_volume.get() + length);
        self.output_volume.get() <= MOST_OUTPUT
    }

    fn frame(
        &self,
        version: usize,
        inner: Option<(Own<'a>, Rc<Passage>)>,
        input: Content,
    ) -> Frame<'a> {
        let objects = self
            .plan
            .versions
            .get(version)
            .map_or(0, |version| version.objects.len());
        Frame {
            version,
            inner,
            input,
            states: (0..objects).map(|_| State::Waits).collect(),
            is_open: true,
        }
    }

    fn object(&self, frames: &[Frame<'a>], at: At) -> Option<&'a PlannedObject> {
        let version = self.plan.versions.get(frames.get(at.frame)?.version)?;
        version.objects.get(at.object)
    }

    fn is_done(&self, frame: &Frame<'a>) -> bool {
        frame.is_open
            && frame
                .states
                .iter()
                .all(|state| matches!(state, State::Ran(_)))
    }

    /// What can be begun now, since all that it takes from has run.
    fn make_ready(&self, frames: &mut [Frame<'a>], frame: usize, ready: &mut VecDeque<At>) {
        let Some(of) = frames.get_mut(frame) else {
            return;
        };
        let Some(version) = self.plan.versions.get(of.version) else {
            return;
        };
        for (object, planned) in version.objects.iter().enumerate() {
            let has_run = |source: &PlannedSource| match source.object {
                None => true,
                Some(place) => matches!(of.states.get(place), Some(State::Ran(_))),
            };
            let is_ready = planned.sources.iter().all(has_run);
            if let Some(state @ State::Waits) = of.states.get_mut(object)
                && is_ready
            {
                *state = State::Begun;
                ready.push_back(At { frame, object });
            }
        }
    }

    /// What comes together at an object, or at the end of a pipeline.
    fn gathered(
        &self,
        frame: &Frame<'a>,
        sources: &[PlannedSource],
        is_structured: bool,
    ) -> Result<Output, Failure> {
        let mut taken = Vec::with_capacity(sources.len());
        for source in sources {
            let content = match source.object {
                None => Some(&frame.input),
                Some(place) => match frame.states.get(place) {
                    Some(State::Ran(output)) => output.as_ref(),
                    _ => None,
                },
            };
            if let Some(content) = content {
                taken.push(Taken {
                    content,
                    mapping: &source.mapping,
                });
            }
        }
        match is_structured {
            true => pipeline_data::structured(&taken)
                .map(Some)
                .map_err(|invalid| Failure::Recorded(invalid.to_string())),
            false => Ok(pipeline_data::plain(&taken)),
        }
    }

    fn output(&self, frames: &[Frame<'a>], frame: usize) -> Result<Output, Failure> {
        let Some(of) = frames.get(frame) else {
            return Ok(None);
        };
        let passage = of.inner.as_ref().map_or(self.root, |(_, passage)| passage);
        match self.plan.versions.get(of.version) {
            Some(version) if !version.output.is_empty() => {
                let is_structured = passage.admitted.output_type == "structured";
                self.gathered(of, &version.output, is_structured)
            }
            _ => Ok(None),
        }
    }

    /// A failure with the names of the objects that it comes from, from the outside in.
    fn named(&self, frames: &[Frame<'a>], at: At, failure: Failure) -> Failure {
        if matches!(failure, Failure::HungUp) {
            return failure;
        }
        let mut sentence = failure.to_string();
        let mut at = Some(at);
        while let Some(here) = at {
            if let Some(object) = self.object(frames, here) {
                sentence = format!("object {}: {sentence}", quoted(&object.name));
            }
            let frame = frames.get(here.frame);
            at = frame
                .and_then(|frame| frame.inner.as_ref())
                .map(|(own, _)| own.at);
        }
        Failure::Recorded(sentence)
    }

    /// Begins an object whose input is there.
    fn begin(&self, frames: &[Frame<'a>], at: At) -> Option<Local<'_, Step<'a>>> {
        let object = self.object(frames, at)?;
        let frame = frames.get(at.frame)?;
        let parent = frame.inner.as_ref().map(|(_, passage)| Rc::clone(passage));
        let input = self.gathered(frame, &object.sources, object.takes_fields);
        let sequence = self.sequence.get() + 1;
        self.sequence.set(sequence);
        Some(Box::pin(async move {
            let parent = parent.as_deref().unwrap_or(self.root);
            let input = match input {
                Ok(input) => input.unwrap_or_else(|| Content::Text(String::new())),
                Err(failure) => return Step::Ran(at, Err(failure)),
            };
            let passage = match self.admitted(parent, object, &input, sequence).await {
                Ok(passage) => passage,
                Err(failure) => return Step::Ran(at, Err(failure)),
            };
            let own = Own {
                at,
                object,
                sequence,
                begun: passage.now(),
            };
            let body = input.text().as_bytes().to_vec();
            let sending = Sending::of(&passage.admitted, Some(input.media_type()), body);
            let sending = match sending {
                Ok(sending) => sending,
                Err(error) => {
                    let failure = Failure::Recorded(error.sentence().to_owned());
                    let result = self
                        .settled(&passage, own, Outcome::unsent(failure), None)
                        .await;
                    return Step::Ran(at, result);
                }
            };
            if object.is_pipeline {
                return Step::Opened(own, Rc::new(passage), input);
            }
            let kept = passage.input(&sending);
            let length = sending.body.len();
            self.calls(true);
            let outcome = match race(passage.forward(sending), self.failed()).await {
                Either::First(outcome) => outcome,
                Either::Second(()) => passage.ran(Err(stopped()), own.begun, length, 0),
            };
            self.calls(false);
            let result = self.settled(&passage, own, outcome, kept.as_ref()).await;
            Step::Ran(at, result)
        }))
    }

    /// Notes that a call of an upstream begins, or has ended.
    fn calls(&self, begins: bool) {
        let now = self.root.now().as_millis();
        let mut called = self.called.get();
        match begins {
            true => {
                if called.now == 0 {
                    called.since = now;
                }
                called.now += 1;
            }
            false => {
                called.now = called.now.saturating_sub(1);
                if called.now == 0 {
                    called.time += now - called.since;
                }
            }
        }
        self.called.set(called);
    }

    /// Completes when another object has failed. All works are looked at together, so nobody has to be woken.
    async fn failed(&self) {
        poll_fn(|_| match self.has_failed.get() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    /// Admits an object; what clears by itself is waited for, as long as there is time.
    async fn admitted(
        &self,
        parent: &Passage,
        object: &PlannedObject,
        input: &Content,
        sequence: i64,
    ) -> Result<Passage, Failure> {
        let root = self.root;
        loop {
            let now = root.now();
            let left = (parent.deadline().as_millis() - now.as_millis()) / 1_000;
            if left <= 0 {
                return Err(Failure::TimedOut(parent.timeout));
            }
            if self.has_failed.get() {
                return Err(stopped());
            }
            if root.presence.is_gone() || root.is_left.get() {
                return Err(Failure::HungUp);
            }
            let mut random = [0; 10];
            if let Err(words) = root.platform.entropy.fill(&mut random) {
                return Err(self.unavailable(&Error::unavailable(words)));
            }
            let id = RecordId::at(now, &random);
            let bound = match object.is_pipeline {
                true => None,
                false => self.deployment_timeout,
            };
            let request = ObjectRequest {
                parent: &parent.admitted,
                parent_id: &parent.record_id,
                record_id: &id,
                object,
                sequence,
                timeout: bound.map_or(left, |bound| bound.min(left)),
                input_size: input.text().len(),
            };
            match request.admit(&root.connection, now).await {
                Ok(Admission::Admitted(admitted)) => {
                    return Ok(parent.of_object(object, id, *admitted));
                }
                Ok(Admission::Refused(error)) if matches!(error.kind(), Kind::TooMany { .. }) => {
                    race(root.platform.clock.sleep(AGAIN), self.failed()).await;
                }
                Ok(Admission::Refused(error)) => {
                    return Err(Failure::Recorded(error.sentence().to_owned()));
                }
                Ok(Admission::NoSuchVersion | Admission::Replayed(_)) => {
                    return Err(Failure::Recorded(
                        "it is not there any more, or the request to its pipeline has been ended"
                            .to_owned(),
                    ));
                }
                Err(error) => {
                    // Else the scheduled run would charge for what was sent nowhere.
                    let statements = request.voiding();
                    let work = settle::repeated(&root.connection, &root.platform, statements);
                    self.later.borrow_mut().push(work);
                    return Err(self.unavailable(&error));
                }
            }
        }
    }

    /// The failure of what the database, or we, are the reason of: details are for the log.
    fn unavailable(&self, error: &Error) -> Failure {
        self.root
            .notes
            .cause(error.cause().unwrap_or_else(|| error.sentence()));
        Failure::Recorded("it could not be accounted for, so it was not sent; try again".to_owned())
    }

    /// Settles the request that was made of an object, and notes it.
    async fn settled(
        &self,
        passage: &Passage,
        own: Own<'_>,
        outcome: Outcome,
        input: Option<&settle::Input>,
    ) -> Result<Output, Failure> {
        let output = outcome.content();
        let kept = Kept {
            input,
            output: output.map(|output| (output.media_type(), output.text())),
            ..Kept::default()
        };
        let failure = match passage.settle(&outcome, KeyEnding::None, kept).await {
            Ok(failure) => failure,
            Err(unsettled) => {
                self.later.borrow_mut().push(unsettled.work);
                Some(Failure::Recorded(unsettled.error.sentence().to_owned()))
            }
        };
        // Those of a pipeline in it are its own.
        let object = own.object;
        if own.at.frame == 0 {
            self.made.borrow_mut().push(Made {
                id: passage.record_id.clone(),
                sequence: own.sequence,
                object: object.name.clone(),
                is_pipeline: object.is_pipeline,
                reference: object.reference.clone(),
                version: object.version.clone(),
                failure: failure.as_ref().map(Failure::to_string),
                began: own.begun,
                ended: passage.now(),
                input_volume: outcome.input_volume,
                output_volume: outcome.output_volume,
            });
        }
        match failure {
            Some(failure) => Err(failure),
            None => outcome.result,
        }
    }

    /// Settles a pipeline in the pipeline.
    async fn close(
        &self,
        passage: &Passage,
        own: Own<'_>,
        input: &Content,
        result: Result<Output, Failure>,
    ) -> Result<Output, Failure> {
        let outcome = passage.ran_pipeline(result, own.begun, input.text().len());
        let kept = passage.keeps().then(|| settle::Input {
            content_type: input.media_type().to_owned(),
            body: Rc::new(input.text().as_bytes().to_vec()),
        });
        self.settled(passage, own, outcome, kept.as_ref()).await
    }
}

/// What an object that did not fail itself says of its end.
fn stopped() -> Failure {
    Failure::Recorded("another object of the pipeline failed, which ended this one".to_owned())
}

/// Holds the lease of a pipeline for as long as it is polled.
fn held<'a, 'b: 'a>(passage: &'a Passage) -> Local<'a, Step<'b>> {
    Box::pin(async { Step::LeaseEnded(passage.hold_lease().await) })
}

/// Completes when nobody reads its stream any more. Whoever notices that looks at all works again, so nobody has to be woken.
fn left<'a, 'b: 'a>(passage: &'a Passage) -> Local<'a, Step<'b>> {
    Box::pin(poll_fn(|_| match passage.is_left.get() {
        true => Poll::Ready(Step::LeaseEnded(Failure::HungUp)),
        false => Poll::Pending,
    }))
}

fn held_by<'a>(passage: Rc<Passage>) -> Local<'a, Step<'a>> {
    Box::pin(async move { Step::LeaseEnded(passage.hold_lease().await) })
}

/// The first step that comes.
async fn next<'a, 'b>(
    works: &mut Vec<Local<'b, Step<'a>>>,
    leases: &mut [(usize, Local<'b, Step<'a>>)],
) -> Step<'a> {
    poll_fn(|context| {
        let mut done = None;
        for (place, work) in works.iter_mut().enumerate() {
            if let Poll::Ready(step) = work.as_mut().poll(context) {
                done = Some((place, step));
                break;
            }
        }
        if let Some((place, step)) = done {
            drop(works.swap_remove(place));
            return Poll::Ready(step);
        }
        for (_, lease) in leases.iter_mut() {
            if let Poll::Ready(step) = lease.as_mut().poll(context) {
                return Poll::Ready(step);
            }
        }
        Poll::Pending
    })
    .await
}
