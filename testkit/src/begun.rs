//! A call that is under way, one round trip at a time.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use futures::future::join_all;

use tenantry::app::{self, Answered};
use tenantry::platform::{Batch, Config, Database, DatabaseError, Local, Platform};
use tenantry::sql::statement::Statement;

use crate::call::{Answer, Call};
use crate::database::{Fault, Sqlite, Trips};
use crate::run;
use crate::wire::Wire;
use crate::world::World;

/// A call that has begun and stands before a round trip, unless it is over. Any number of them can stand in one world:
/// whoever holds them says which goes on next.
///
/// What a test plans for the next call of the world (`World::fail`, `World::before_trip`) is not for this one.
pub struct Begun {
    world: World,
    line: String,
    gate: Rc<Gate>,
    wire: Wire,
    work: Option<Local<'static, Answered>>,
    next: Option<Step>,
}

/// How far a call has come.
#[derive(Debug)]
pub enum Step {
    /// It stands before the round trip of this number, counted from 1.
    Before(usize),
    /// It is over.
    Answered(Answer),
}

/// What a call stands before: opened once for each round trip.
#[derive(Default)]
struct Gate {
    trips: Trips,
    is_open: Cell<bool>,
    /// A round trip stands before it.
    is_stood_before: Cell<bool>,
    /// The call is over: what it leaves to be noted waits for nobody.
    is_off: Cell<bool>,
    fault: Cell<Option<Fault>>,
}

impl Begun {
    pub(crate) fn new(world: &World, call: Call) -> Self {
        let gate = Rc::new(Gate::default());
        let gated = Gated {
            database: world.database.clone(),
            gate: Rc::clone(&gate),
        };
        let wire = Wire::new(&world.clock, call.hang_up);
        let platform = world.platform(gated, &wire);
        let config = Rc::clone(&world.config);
        let line = call.to_line();
        let request = call.into_request(&wire);
        let mut begun = Self {
            world: world.clone(),
            line,
            gate,
            wire,
            work: Some(Box::pin(async move {
                let mut answered = app::handle(request, &platform, &config).await;
                join_all(std::mem::take(&mut answered.work)).await;
                answered
            })),
            next: None,
        };
        begun.run();
        begun
    }

    /// The round trip that it stands before; nothing once it is over.
    pub fn stands_before(&self) -> Option<usize> {
        match self.next {
            Some(Step::Before(trip)) => Some(trip),
            _ => None,
        }
    }

    /// Lets it make its next round trip and go on to the one after it; answers how far it has come. A call that is over
    /// stays so and gives its answer once.
    pub fn step(&mut self) -> Option<Step> {
        if let Some(Step::Before(_)) = self.next {
            self.gate.is_open.set(true);
            self.run();
        }
        match &self.next {
            Some(Step::Before(trip)) => Some(Step::Before(*trip)),
            _ => self.next.take(),
        }
    }

    /// The same, but the round trip fails in this way.
    pub fn step_failing(&mut self, fault: Fault) -> Option<Step> {
        self.gate.fault.set(Some(fault));
        self.step()
    }

    /// Lets it go on to its end.
    pub fn finish(mut self) -> Answer {
        loop {
            match self.step() {
                Some(Step::Before(_)) => {}
                Some(Step::Answered(answer)) => return answer,
                None => panic!("{} has been answered before", self.line),
            }
        }
    }

    fn run(&mut self) {
        let Some(work) = &mut self.work else { return };
        let Poll::Ready(mut answered) = up_to_a_trip(&self.world, &self.gate, work, &self.line)
        else {
            let trip = self.gate.trips.all() + 1;
            self.next = Some(Step::Before(trip));
            return;
        };
        self.work = None;
        let trips = self.gate.trips.clone();
        self.gate.is_off.set(true);
        self.world.note(std::mem::take(&mut answered.afterwards));
        let line = std::mem::take(&mut self.line);
        let answer = self.world.answered(line, answered, &self.wire, &trips);
        self.next = Some(Step::Answered(answer));
    }
}

/// Lets work go on until it is done, or stands before its next round trip.
fn up_to_a_trip<T>(
    world: &World,
    gate: &Gate,
    work: &mut Local<'static, T>,
    line: &str,
) -> Poll<T> {
    world.database.reset();
    loop {
        gate.is_stood_before.set(false);
        match run::advance(work) {
            Poll::Ready(done) => return Poll::Ready(done),
            Poll::Pending if gate.is_stood_before.get() => return Poll::Pending,
            Poll::Pending if world.clock.jump() => {}
            Poll::Pending => panic!("{line} waits for something that never comes"),
        }
    }
}

/// Work that nobody called for and that is under way, one round trip at a time: the scheduled run, or a consumer.
///
/// What it leaves when it is dropped is what a run leaves whose isolate dies.
pub struct Errand {
    world: World,
    line: &'static str,
    gate: Rc<Gate>,
    work: Option<Local<'static, Vec<Option<u32>>>>,
}

impl Errand {
    fn new(
        world: &World,
        line: &'static str,
        begins: impl FnOnce(Rc<Platform>, Rc<Config>) -> Local<'static, Vec<Option<u32>>>,
    ) -> Self {
        let gate = Rc::new(Gate::default());
        let gated = Gated {
            database: world.database.clone(),
            gate: Rc::clone(&gate),
        };
        let platform = world.platform(gated, &Wire::new(&world.clock, None));
        let work = begins(platform, Rc::clone(&world.config));
        Self {
            world: world.clone(),
            line,
            gate,
            work: Some(work),
        }
    }

    /// Lets it make its next round trip, if it stands before one, and go on to the one after it. When it is over, answers
    /// after how many seconds each message is to be delivered again; the scheduled run has none.
    pub fn step(&mut self) -> Option<Vec<Option<u32>>> {
        let work = self.work.as_mut()?;
        self.gate.is_open.set(true);
        let step = up_to_a_trip(&self.world, &self.gate, work, self.line);
        self.gate.is_open.set(false);
        match step {
            Poll::Ready(turns) => {
                self.work = None;
                Some(turns)
            }
            Poll::Pending => None,
        }
    }

    /// The same, but the round trip fails in this way.
    pub fn step_failing(&mut self, fault: Fault) -> Option<Vec<Option<u32>>> {
        self.gate.fault.set(Some(fault));
        self.step()
    }
}

impl World {
    /// Begins what the clock asks for each minute.
    pub fn begin_minute(&self) -> Errand {
        Errand::new(self, "the scheduled run", |platform, config| {
            Box::pin(async move {
                tenantry::jobs::every_minute(&platform, &config).await;
                Vec::new()
            })
        })
    }

    /// Begins the delivery of messages, each with how often it has been delivered.
    pub fn begin_delivery(&self, messages: Vec<(String, u32)>) -> Errand {
        Errand::new(self, "a consumer", |platform, config| {
            Box::pin(async move { tenantry::jobs::delivered(&platform, &config, &messages).await })
        })
    }
}

/// The database as one call sees it.
struct Gated {
    database: Sqlite,
    gate: Rc<Gate>,
}

impl Database for Gated {
    fn batch<'a>(&'a self, statements: &'a [Statement]) -> Local<'a, Result<Batch, DatabaseError>> {
        Box::pin(async move {
            poll_fn(|_| {
                if self.gate.is_off.get() || self.gate.is_open.take() {
                    return Poll::Ready(());
                }
                self.gate.is_stood_before.set(true);
                Poll::Pending
            })
            .await;
            self.gate.trips.count(statements);
            match self.gate.fault.take() {
                Some(fault) => self.database.fail_now(fault, statements).await,
                None => self.database.run(statements),
            }
        })
    }
}
