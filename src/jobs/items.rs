//! Requests that have waited, when their turn has come: claimed, forwarded and settled like any other (contract section 5.7).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use super::{Line, webhooks};
use crate::domain::{ClaimId, Timestamp};
use crate::error::Error;
use crate::gate::forward::Sending;
use crate::gate::memory::Held;
use crate::gate::settle::{self, Kept};
use crate::gate::{Failure, Outcome, Passage};
use crate::platform::{Config, Local, Nobody, Platform, Work, all};
use crate::store::connection::Connection;
use crate::store::items::{Claim, Claimed, Item};
use crate::store::pipeline_requests::Plan;
use crate::store::requests::payloads;
use crate::store::settlements::KeyEnding;
use crate::store::webhook_deliveries::WEBHOOKS;
use crate::web::notes::Notes;

/// So many run at once in an invocation: as many as a queue delivers, so that none waits behind another's that hangs.
const AT_ONCE: usize = 5;
/// An invocation lasts so many milliseconds: a minute less than the platform gives it.
const INVOCATION: i64 = 840_000;
/// What would have less time than so many milliseconds is left for another invocation.
const LEAST_TIME: i64 = 10_000;

/// What became of a request whose turn had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// There is nothing more to do.
    Done,
    /// It waits on.
    Waits,
    /// It was not come to.
    NotBegun,
}

/// Runs requests, a few at once, in an invocation that began then; those that come after `until` wait on.
pub(super) async fn run(
    platform: &Rc<Platform>,
    config: &Rc<Config>,
    items: Vec<Item>,
    (began, until): (Timestamp, Timestamp),
) -> Vec<Turn> {
    let turns = RefCell::new(vec![Turn::NotBegun; items.len()]);
    let waiting: RefCell<VecDeque<_>> = RefCell::new(items.into_iter().enumerate().collect());
    let next = || waiting.borrow_mut().pop_front();
    let lanes = (0..AT_ONCE).map(|_| -> Local<'_, ()> {
        Box::pin(async {
            while let Some((place, item)) = next() {
                if platform.clock.now() >= until {
                    break;
                }
                let turn = run_one(platform, config, &item, began).await;
                if let Some(noted) = turns.borrow_mut().get_mut(place) {
                    *noted = turn;
                }
            }
        })
    });
    all(lanes.collect()).await;
    turns.into_inner()
}

async fn run_one(
    platform: &Rc<Platform>,
    config: &Rc<Config>,
    item: &Item,
    began: Timestamp,
) -> Turn {
    if item.project_id.as_str() == WEBHOOKS {
        return webhooks::run(platform, config, &item.id).await;
    }
    let run = Run {
        platform,
        config,
        item,
        connection: Connection::new(Rc::clone(platform)),
        notes: Notes::default(),
        began: platform.clock.now(),
    };
    let left = INVOCATION - (run.began.as_millis() - began.as_millis());
    if left < LEAST_TIME {
        return Turn::NotBegun;
    }
    let ran = run.claim(left).await;
    let (turn, error) = match ran {
        Ok(turn) => (turn, None),
        Err(error) => (Turn::Waits, Some(error)),
    };
    run.log(error.as_ref());
    turn
}

/// A request whose turn has come.
struct Run<'a> {
    platform: &'a Rc<Platform>,
    config: &'a Rc<Config>,
    item: &'a Item,
    connection: Connection,
    notes: Notes,
    began: Timestamp,
}

impl Run<'_> {
    fn now(&self) -> Timestamp {
        self.platform.clock.now()
    }

    async fn claim(&self, left: i64) -> Result<Turn, Error> {
        let mut random = [0; 16];
        let filled = self.platform.entropy.fill(&mut random);
        filled.map_err(Error::unavailable)?;
        let claim_id = ClaimId::from_random(random);
        let (connection, now) = (&self.connection, self.began);
        let claim = self.item.claim(connection, &claim_id, left, now).await;
        let claimed = match claim {
            Ok(Claim::Claimed(claimed)) => *claimed,
            Ok(Claim::Gone) => return Ok(Turn::Done),
            Ok(Claim::Waits) => return Ok(Turn::Waits),
            Ok(Claim::Refused(reason)) => {
                return self.end(Some(reason.sentence())).await;
            }
            Ok(Claim::Orphaned) => return self.end(None).await,
            Err(error) => {
                // Nobody knows whether it is claimed, so it is never sent under this claim.
                self.release(&claim_id).await;
                return Err(error);
            }
        };
        let input = claimed.input.as_ref();
        let kv_key = input.and_then(|input| input.kv_key.clone());
        let mut claimed = claimed;
        let runs = claimed.plan.take();
        let deployment_timeout = claimed.maker.deployment_timeout;
        let passage = match self.bring(claimed, left).await {
            Ok((passage, Some(sending))) => {
                match runs {
                    None => self.send(&passage, sending, &claim_id).await,
                    Some(plan) => {
                        self.run_pipeline(&passage, plan, &sending, deployment_timeout)
                            .await
                    }
                }
                passage
            }
            Ok((passage, None)) => {
                let gone = "what was to be sent is not kept any more";
                let outcome: Outcome = Outcome::unsent(Failure::Recorded(gone.to_owned()));
                self.settle(&passage, &outcome).await;
                passage
            }
            Err(error) => {
                self.release(&claim_id).await;
                return Err(error);
            }
        };
        if !passage.keeps() {
            payloads::forget(self.platform, kv_key.into_iter().collect()).await;
        }
        Ok(Turn::Done)
    }

    /// Ends it without having run it.
    async fn end(&self, reason: Option<&str>) -> Result<Turn, Error> {
        let forgotten = self.item.end(&self.connection, reason, self.began).await?;
        payloads::forget(self.platform, forgotten).await;
        Ok(Turn::Done)
    }

    /// Lets it wait again, and tries for a while.
    async fn release(&self, claim_id: &ClaimId) {
        let statements = self.item.release(claim_id, self.now());
        settle::repeated(&self.connection, self.platform, statements).await;
    }

    /// What is sent, with all that is needed to send it; nothing where it is not kept any more.
    async fn bring(
        &self,
        claimed: Claimed,
        left: i64,
    ) -> Result<(Passage, Option<Sending>), Error> {
        let Claimed {
            admitted,
            maker,
            mut input,
            plan: _,
        } = claimed;
        if let Some(input) = &mut input {
            let input = std::slice::from_mut(input);
            payloads::bring(self.platform, input, self.now()).await?;
        }
        let sending = input.and_then(|input| {
            Some(Sending {
                content_type: input.content_type,
                body: Rc::new(input.body?.into_bytes()),
                items: None,
            })
        });
        let length = sending.as_ref().map_or(0, |sending| sending.body.len());
        let held = Held::try_new(length);
        let held = held.ok_or_else(|| Error::busy("too many bytes are under way here"))?;
        let passage = Passage {
            platform: Rc::clone(self.platform),
            config: Rc::clone(self.config),
            connection: self.connection.clone(),
            notes: self.notes.clone(),
            presence: Rc::new(Nobody),
            record_id: self.item.id.clone(),
            key: None,
            project: maker.project,
            deployment: maker.object,
            caller_kind: match maker.caller_kind.as_str() {
                "operator" => "operator",
                "user" => "user",
                _ => "service_user",
            },
            host: None,
            trace: Vec::new(),
            held: Some(held),
            admission: self.began,
            // The platform ends the invocation, whatever its requests may take.
            timeout: admitted.timeout.min(left / 1_000),
            has_waited: true,
            lease_end: Cell::new(admitted.lease_end.0),
            is_left: Cell::new(false),
            work: Work::default(),
            admitted,
        };
        Ok((passage, sending))
    }

    async fn send(&self, passage: &Passage, sending: Sending, claim_id: &ClaimId) {
        let outcome = passage.forward(sending).await;
        match &outcome.result {
            // It goes on without us; where that cannot be noted, it is as if its run had been lost.
            Err(Failure::Later) => {
                let statements = self.item.goes_on(claim_id, self.now());
                settle::repeated(&self.connection, self.platform, statements).await;
            }
            _ => self.settle(passage, &outcome).await,
        }
    }

    /// Runs a pipeline, an object at a time: its neighbours have the rest of what an invocation may do at once.
    async fn run_pipeline(
        &self,
        passage: &Passage,
        plan: Result<Plan, Error>,
        sending: &Sending,
        deployment_timeout: Option<i64>,
    ) {
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                let failure = Failure::Recorded(error.sentence().to_owned());
                return self.settle(passage, &Outcome::unsent(failure)).await;
            }
        };
        let run = passage.run_pipeline(&plan, sending.content(), deployment_timeout, 1);
        let run = run.await;
        self.settle(passage, &run.outcome).await;
        all(run.later).await;
    }

    async fn settle(&self, passage: &Passage, outcome: &Outcome) {
        let output = outcome.content();
        let kept = Kept {
            output: output.map(|output| (output.media_type(), output.text())),
            ..Kept::default()
        };
        if let Err(unsettled) = passage.settle(outcome, KeyEnding::None, kept).await {
            self.notes.error(unsettled.error);
            unsettled.work.await;
        }
    }

    fn log(&self, error: Option<&Error>) {
        let noted = self.notes.take();
        let error = error.or(noted.error.as_ref());
        let line = Line {
            job: "request",
            record_id: Some(self.item.id.as_str()),
            error: error.map(|error| error.cause().unwrap_or_else(|| error.sentence())),
            cause: noted.cause.as_deref(),
        };
        line.write(self.platform, &self.connection, self.began);
    }
}
