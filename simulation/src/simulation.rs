//! A world with callers under way in it, and what is known of them: the state of a run.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use tenantry::domain::Timestamp;
use testkit::signed::AccessKey;
use testkit::{Answer, Begun, Call, Caller, Errand, Fault, Step, World};

use crate::base::Base;
use crate::choices::Choices;
use crate::facts::{Facts, Tables, made, texts};
use crate::invariants::{INVARIANTS, Moment};
use crate::rights::Catalogue;

/// What somebody can call with.
#[derive(Debug, Clone)]
pub struct Credential {
    /// What it is called in what is printed.
    pub name: String,
    /// What it sends.
    pub caller: Caller,
    /// The access key, where it is one.
    pub key: Option<AccessKey>,
    /// What it is.
    pub kind: Kind,
    /// The project of a service user.
    pub project: String,
    /// The step whose commit made it.
    pub made: usize,
    /// When it ends by itself, by what was answered.
    pub ends_at: Option<Timestamp>,
    /// Since which step it has ended, and by what.
    pub ended: Option<(usize, String)>,
}

/// What a credential is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The operator's, or none.
    Fixed,
    /// A token of a person or a service user.
    Token,
    /// An access key.
    Key,
    /// A session of this id, opened with the token of this number, or by a link.
    Session(String, Option<usize>),
}

/// What an answered call has put an end to.
#[derive(Debug, Clone)]
pub enum Scope {
    /// The tokens of somebody, with the sessions opened with them, and the access keys where it says so.
    Tokens {
        /// Who holds them.
        holder: String,
        /// Whether access keys end, too.
        keys: bool,
    },
    /// Everything that somebody has.
    Holder(String),
    /// Everything that the service users of a project have.
    Project(String),
    /// An access key.
    Key(String),
    /// A session.
    Session(String),
    /// All sessions of somebody.
    Sessions(String),
}

impl Landed<'_> {
    /// The token that this call has made, as what its caller calls with; `what` it is, in what is printed.
    pub fn token(&self, what: &str, caller: Caller, project: String) -> Credential {
        Credential {
            name: format!("{what} of #{}", self.number),
            caller,
            key: None,
            kind: Kind::Token,
            project,
            made: self.committed,
            ends_at: None,
            ended: None,
        }
    }
}

impl Scope {
    fn covers(&self, credential: &Credential) -> bool {
        let Credential { caller, kind, .. } = credential;
        match self {
            Self::Tokens { holder, keys } => {
                caller.id == *holder
                    && match kind {
                        Kind::Token => true,
                        Kind::Key => *keys,
                        _ => false,
                    }
            }
            Self::Holder(holder) => caller.id == *holder,
            Self::Project(project) => credential.project == *project,
            Self::Key(id) => credential.key.as_ref().is_some_and(|key| key.id == *id),
            Self::Session(id) => matches!(kind, Kind::Session(session, _) if session == id),
            Self::Sessions(holder) => caller.id == *holder && matches!(kind, Kind::Session(..)),
        }
    }
}

#[derive(Debug, Clone)]
struct Ending {
    scope: Scope,
    committed: usize,
    answered: usize,
    why: String,
}

/// What a call came to.
pub struct Landed<'a> {
    /// The number of the call.
    pub number: usize,
    /// Its answer.
    pub answer: &'a Answer,
    /// The step whose round trip changed the configuration.
    pub committed: usize,
    /// When that was.
    pub at: Timestamp,
}

/// What is learnt from an answer.
pub type Then = Box<dyn FnOnce(&mut Simulation, &Landed<'_>)>;

/// A call that is about to begin.
pub struct Begin {
    /// The move that it is.
    pub name: &'static str,
    /// With which credential.
    pub by: usize,
    /// The call.
    pub call: Call,
    /// The same in words.
    pub words: String,
    /// What is learnt from its answer.
    pub then: Option<Then>,
    /// The `Idempotency-Key` of a request, and what else makes two requests the same.
    pub same_as: Option<String>,
    /// Whether it shows a link and not the credential.
    pub is_by_link: bool,
}

impl Begin {
    /// The same, but it shows a link and not the credential.
    pub fn by_link(mut self) -> Self {
        self.is_by_link = true;
        self
    }

    /// The same, but this is learnt from its answer.
    pub fn then(mut self, then: impl FnOnce(&mut Simulation, &Landed<'_>) + 'static) -> Self {
        self.then = Some(Box::new(then));
        self
    }
}

/// A call or a job that is under way.
pub struct UnderWay {
    /// Its number.
    pub number: usize,
    /// The move that it is.
    pub name: &'static str,
    /// With which credential; none of a job.
    pub by: Option<usize>,
    /// In words.
    pub words: String,
    /// Whether its credential had ended before it began, and by what.
    pub ended_before: Option<String>,
    /// Whether it shows a link and not the credential.
    pub is_by_link: bool,
    /// Whether a fault has met it.
    pub is_disturbed: bool,
    /// What makes two requests the same, and how many had been answered for it when it began.
    pub same_as: Option<String>,
    /// The id that had been answered for the same when it began.
    pub answered_before: Option<(String, Timestamp)>,
    began: Timestamp,
    committed: usize,
    committed_at: Timestamp,
    then: Option<Then>,
    task: Task,
}

enum Task {
    Call(Box<Begun>),
    Minute(Box<Errand>),
    Delivery(Box<Errand>, Vec<(String, u32)>),
    Gone,
}

/// What must hold and does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant.
    pub invariant: &'static str,
    /// What was found.
    pub found: String,
}

/// The state of a run.
pub struct Simulation {
    /// The world.
    pub world: World,
    /// What everybody can call with, the operator's first.
    pub credentials: Vec<Credential>,
    /// What the queue holds, and how often each has been delivered.
    pub messages: Vec<(String, u32)>,
    /// Links by which somebody can sign in: whose, and the secret.
    pub links: Vec<(Caller, String)>,
    /// Ids that requests with one idempotency key were answered with, and when.
    pub answered: BTreeMap<String, (String, Timestamp)>,
    /// The step.
    pub step: usize,
    choices: Rc<RefCell<Choices>>,
    tables: Tables,
    facts: Facts,
    /// What SQLite had written when the facts were read.
    written: u64,
    catalogue: Rc<Catalogue>,
    endings: Vec<Ending>,
    under_way: Vec<UnderWay>,
    begun: usize,
    notes: Notes,
}

/// What is kept of a run, whatever becomes of it.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// What happened, in words.
    pub told: Rc<RefCell<Vec<String>>>,
    /// How often each move was answered with which status.
    pub answers: Rc<RefCell<BTreeMap<(&'static str, u16), usize>>>,
    /// How many steps there were.
    pub steps: Rc<Cell<usize>>,
}

impl Simulation {
    /// A run in this world, which whoever begins it takes back ([`crate::run::run`]).
    pub fn over(base: &Base, choices: Rc<RefCell<Choices>>, notes: Notes) -> Self {
        let world = base.world.over_the_same_database();
        base.answering(&world, &choices);
        let written = world.database.connection().total_changes();
        Self {
            world,
            credentials: base.credentials.clone(),
            messages: Vec::new(),
            links: Vec::new(),
            answered: BTreeMap::new(),
            step: 0,
            choices,
            tables: base.tables.clone(),
            facts: base.facts.clone(),
            written,
            catalogue: Rc::clone(&base.catalogue),
            endings: Vec::new(),
            under_way: Vec::new(),
            begun: 0,
            notes,
        }
    }

    /// One of so many.
    pub fn below(&self, many: usize) -> usize {
        self.choices.borrow_mut().below(many)
    }

    /// One of these.
    pub fn one_of<'a, T>(&self, these: &'a [T]) -> &'a T {
        &these[self.below(these.len())]
    }

    /// One of the texts that a statement answers.
    pub fn pick(&self, sql: &str) -> Option<String> {
        let mut found = texts(self.world.database.connection(), sql);
        match found.len() {
            0 => None,
            many => Some(found.swap_remove(self.below(many))),
        }
    }

    /// What the database holds.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// How many are under way.
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// The place of the one of this number, if it is under way still.
    pub fn place_of(&self, number: usize) -> Option<usize> {
        self.under_way.iter().position(|one| one.number == number)
    }

    /// A call with a JSON body; `null` is no body.
    pub fn calling(&self, by: usize, method: &str, target: impl Into<String>, body: Json) -> Begin {
        let target = target.into();
        let credential = &self.credentials[by];
        let words = match &body {
            Json::Null => format!("{}: {method} {target}", credential.name),
            body => format!("{}: {method} {target} {body}", credential.name),
        };
        let call = match &credential.key {
            Some(key) => self.world.signed(key, method, &target, body),
            None => {
                let call = Call::new(method, target).by(&credential.caller);
                match body {
                    Json::Null => call,
                    body => call.json(&body),
                }
            }
        };
        Begin {
            name: "",
            by,
            call,
            words,
            then: None,
            same_as: None,
            is_by_link: false,
        }
    }

    /// Says what happens, for whoever reads how a run went.
    pub fn tell(&self, words: impl Into<String>) {
        self.notes.told.borrow_mut().push(words.into());
    }

    /// Notes a new credential; what has ended it already, if something has.
    pub fn learn(&mut self, mut credential: Credential) -> usize {
        for ending in &self.endings {
            if ending.committed > credential.made && ending.scope.covers(&credential) {
                credential.ended = Some((ending.answered, ending.why.clone()));
            }
        }
        self.credentials.push(credential);
        self.credentials.len() - 1
    }

    /// Notes that an answered call has ended what it says, as far as it was there when it was committed.
    pub fn end(&mut self, landed: &Landed<'_>, scope: Scope) {
        let ending = Ending {
            scope,
            committed: landed.committed,
            answered: self.step,
            why: format!("#{}", landed.number),
        };
        let covered: Vec<usize> = (0..self.credentials.len())
            .filter(|one| {
                let credential = &self.credentials[*one];
                credential.made < ending.committed && ending.scope.covers(credential)
            })
            .collect();
        for one in &covered {
            let credential = &mut self.credentials[*one];
            if credential.ended.is_none() {
                credential.ended = Some((ending.answered, ending.why.clone()));
            }
        }
        if matches!(ending.scope, Scope::Tokens { .. } | Scope::Holder(_)) {
            for credential in &mut self.credentials {
                let Kind::Session(_, Some(from)) = credential.kind else {
                    continue;
                };
                if covered.contains(&from) && credential.ended.is_none() {
                    credential.ended = Some((ending.answered, ending.why.clone()));
                }
            }
        }
        self.endings.push(ending);
    }

    /// Notes that a person's own token has ended, and the sessions that they opened with it but the one that ended it.
    pub fn end_own_token(&mut self, landed: &Landed<'_>, holder: &str) {
        for credential in &mut self.credentials {
            let is_it = credential.caller.id == holder && credential.kind == Kind::Token;
            if is_it && credential.made < landed.committed && credential.ended.is_none() {
                credential.ended = Some((self.step, format!("#{}", landed.number)));
            }
        }
    }

    /// Notes that the tokens of a service user that were there end with a grace, or with that of an earlier reset.
    pub fn end_by_grace(&mut self, landed: &Landed<'_>, holder: &str, seconds: i64) {
        // One that came before and whose answer got lost may have left a longer one.
        let tokens = self.facts.rows("tokens");
        let graces = tokens.filter(|row| row.text("service_user_id") == holder);
        let longest = graces.filter_map(|row| row.number("grace_end")).max();
        let end = landed.at.plus_millis(seconds * 1_000);
        let longer = longest.unwrap_or(0) - end.as_millis();
        let end = end.plus_millis(longer.max(0));
        for credential in &mut self.credentials {
            let is_it = credential.caller.id == holder && credential.kind == Kind::Token;
            if is_it && credential.made < landed.committed && credential.ends_at.is_none() {
                credential.ends_at = Some(end);
            }
        }
    }

    /// Notes that every token of a service user but the newest has ended.
    pub fn end_graces(&mut self, landed: &Landed<'_>, holder: &str) {
        let is_it = |one: &Credential| {
            one.caller.id == holder && one.kind == Kind::Token && one.made < landed.committed
        };
        for credential in &mut self.credentials {
            // A reset whose answer got lost may have made the newest; then the one with a grace is not the newest known.
            if is_it(credential) && credential.ends_at.is_some() && credential.ended.is_none() {
                credential.ended = Some((self.step, format!("#{}", landed.number)));
            }
        }
    }

    /// Whether a credential has ended by what was answered, and by what.
    pub fn has_ended(&self, credential: usize) -> Option<String> {
        let credential = &self.credentials[credential];
        let by_itself = credential.ends_at.filter(|end| *end <= self.world.now());
        match (&credential.ended, by_itself) {
            (Some((_, why)), _) => Some(why.clone()),
            (None, Some(end)) => Some(format!("its own end, {}", end.to_offset_string())),
            (None, None) => None,
        }
    }

    /// Begins a call.
    ///
    /// # Errors
    /// What does not hold.
    pub fn begin(&mut self, begin: Begin) -> Result<usize, Violation> {
        self.begun += 1;
        let number = self.begun;
        self.tell(format!("#{number} begins: {}", begin.words));
        let is_by_link = begin.is_by_link;
        let ended_before = self.has_ended(begin.by).filter(|_| !is_by_link);
        let same_as = begin.same_as;
        let answered_before = same_as
            .as_ref()
            .and_then(|key| self.answered.get(key).cloned());
        let task = Task::Call(Box::new(self.world.begin(begin.call)));
        self.add(UnderWay {
            number,
            name: begin.name,
            by: Some(begin.by),
            words: begin.words,
            ended_before,
            is_by_link,
            is_disturbed: false,
            same_as,
            answered_before,
            began: self.world.now(),
            committed: 0,
            committed_at: self.world.now(),
            then: begin.then,
            task,
        })
    }

    /// Begins the scheduled run.
    ///
    /// # Errors
    /// What does not hold.
    pub fn begin_minute(&mut self) -> Result<usize, Violation> {
        let task = Task::Minute(Box::new(self.world.begin_minute()));
        self.begin_job("the scheduled run".to_owned(), task)
    }

    /// Begins the delivery of messages, which the queue has no more unless they are to come again.
    ///
    /// # Errors
    /// What does not hold.
    pub fn begin_delivery(&mut self, messages: Vec<(String, u32)>) -> Result<usize, Violation> {
        let words = format!("a delivery of {} messages", messages.len());
        let task = Task::Delivery(
            Box::new(self.world.begin_delivery(messages.clone())),
            messages,
        );
        self.begin_job(words, task)
    }

    fn begin_job(&mut self, words: String, task: Task) -> Result<usize, Violation> {
        self.begun += 1;
        let number = self.begun;
        self.tell(format!("#{number} begins: {words}"));
        self.add(UnderWay {
            number,
            name: "",
            by: None,
            words,
            ended_before: None,
            is_by_link: false,
            is_disturbed: false,
            same_as: None,
            answered_before: None,
            began: self.world.now(),
            committed: 0,
            committed_at: self.world.now(),
            then: None,
            task,
        })
    }

    /// What has begun may be over at once: a forged token, say, needs no round trip.
    fn add(&mut self, mut begun: UnderWay) -> Result<usize, Violation> {
        let number = begun.number;
        let over = match &mut begun.task {
            Task::Call(call) if call.stands_before().is_none() => call.step(),
            _ => None,
        };
        if let Some(Step::Answered(answer)) = over {
            self.step += 1;
            self.tell(format!("#{number} is answered: {}", shown(&answer)));
            self.look(Some(&mut begun), Some(&answer), None)?;
            self.land(begun, &answer);
        } else {
            self.under_way.push(begun);
        }
        Ok(number)
    }

    /// Lets one that is under way make its next round trip, well or badly.
    ///
    /// # Errors
    /// What does not hold.
    pub fn go_on(&mut self, place: usize, fault: Option<Fault>) -> Result<(), Violation> {
        self.step += 1;
        let mut one = self.under_way.remove(place);
        one.is_disturbed |= fault.is_some();
        let ended = one.by.filter(|_| !one.is_by_link);
        // What ends by the clock ends for calls that begin then: a call has one time, that at which it began.
        let ended = ended.and_then(|by| self.credentials[by].ended.clone());
        let ended = ended.map(|(_, why)| why);
        let mut answer = None;
        let mut turns = None;
        let mut words = format!("#{} makes a round trip", one.number);
        if let Some(fault) = fault {
            words += &format!(", which fails ({fault:?})");
        }
        self.tell(words);
        match &mut one.task {
            Task::Gone => {}
            Task::Call(begun) => {
                let step = match fault {
                    None => begun.step(),
                    Some(fault) => begun.step_failing(fault),
                };
                if let Some(Step::Answered(answered)) = step {
                    answer = Some(answered);
                }
            }
            Task::Minute(errand) | Task::Delivery(errand, _) => {
                turns = match fault {
                    None => errand.step(),
                    Some(fault) => errand.step_failing(fault),
                };
            }
        }
        if let Some(answer) = &answer {
            self.tell(format!("#{} is answered: {}", one.number, shown(answer)));
        }
        self.look(Some(&mut one), answer.as_ref(), ended)?;
        match (answer, turns, &mut one.task) {
            (Some(answer), ..) => self.land(one, &answer),
            (None, Some(turns), task) => {
                if let Task::Delivery(_, messages) = task {
                    let again = std::mem::take(messages).into_iter().zip(turns);
                    let again = again.filter(|(_, turn)| turn.is_some());
                    let again = again.map(|((message, times), _)| (message, times + 1));
                    self.messages.extend(again);
                }
                self.tell(format!("#{} is over", one.number));
            }
            (None, None, _) => self.under_way.insert(place, one),
        }
        Ok(())
    }

    /// Lets one that is under way make all its round trips.
    ///
    /// # Errors
    /// What does not hold.
    pub fn finish(&mut self, number: usize) -> Result<(), Violation> {
        while let Some(place) = self.place_of(number) {
            self.go_on(place, None)?;
        }
        Ok(())
    }

    /// The isolate of one that is under way dies.
    ///
    /// # Errors
    /// What does not hold.
    pub fn let_die(&mut self, place: usize) -> Result<(), Violation> {
        self.step += 1;
        let mut one = self.under_way.remove(place);
        self.tell(format!("#{}'s isolate dies", one.number));
        one.task = Task::Gone;
        self.look(Some(&mut one), None, None)
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// What does not hold.
    pub fn pass(&mut self, milliseconds: i64) -> Result<(), Violation> {
        self.step += 1;
        self.tell(format!("{} s pass", milliseconds / 1_000));
        self.world.pass(milliseconds);
        self.look(None, None, None)
    }

    /// Holds everything against what has changed since it was looked at last.
    fn look(
        &mut self,
        mut one: Option<&mut UnderWay>,
        answer: Option<&Answer>,
        ended: Option<String>,
    ) -> Result<(), Violation> {
        self.notes.steps.set(self.step);
        let queue = self.world.queue.as_ref().expect("a queue");
        let messages = queue.take().into_iter();
        self.messages.extend(messages.map(|message| (message, 1)));
        let connection = self.world.database.connection();
        let written = connection.total_changes();
        let has_changed = written != self.written;
        self.written = written;
        if !has_changed && answer.is_none() {
            return Ok(());
        }
        let after = match has_changed {
            true => Facts::read(connection, &self.tables, Some(&self.facts)),
            false => self.facts.clone(),
        };
        let audited = made(&self.facts, &after, "audit");
        if let Some(one) = &mut one
            && !audited.is_empty()
        {
            (one.committed, one.committed_at) = (self.step, self.world.now());
        }
        let one = one.as_deref();
        let moment = Moment {
            before: &self.facts,
            after: &after,
            has_changed,
            audited,
            one,
            by: one.and_then(|one| one.by).map(|by| &self.credentials[by]),
            ended,
            answer,
            now: self.world.now(),
            world: &self.world,
            catalogue: &self.catalogue,
        };
        for invariant in INVARIANTS {
            (invariant.check)(&moment).map_err(|found| Violation {
                invariant: invariant.name,
                found,
            })?;
        }
        self.facts = after;
        Ok(())
    }

    fn land(&mut self, mut one: UnderWay, answer: &Answer) {
        let key = (one.name, answer.status);
        *self.notes.answers.borrow_mut().entry(key).or_default() += 1;
        if let Some(key) = one.same_as.take()
            && answer.status == 200
        {
            let id = answer.json()["id"].as_str().map(str::to_owned);
            if let Some(id) = id {
                self.answered.entry(key).or_insert((id, one.began));
            }
        }
        if let Some(then) = one.then.take() {
            let landed = Landed {
                number: one.number,
                answer,
                committed: one.committed,
                at: one.committed_at,
            };
            then(self, &landed);
        }
    }
}

fn shown(answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    let body: String = body.chars().take(160).collect();
    format!("{} {}", answer.status, body.replace('\n', " "))
}
