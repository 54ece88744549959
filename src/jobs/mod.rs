//! The second entry: what the clock asks for, once a minute, and what a queue delivers. It knows no HTTP.
//!
//! Each step is a batch of its own, bounded, and may be repeated: what one run does not come to, or fails at, the next one
//! finds again.

mod items;
mod webhooks;

use std::rc::Rc;

use serde::Serialize;

use items::Turn;

use crate::domain::json;
use crate::domain::{RequestId, Timestamp};
use crate::error::Error;
use crate::platform::{Config, Platform};
use crate::store::connection::{Account, Connection};
use crate::store::items::{Due, Item, message, offer, take_back, told};
use crate::store::request_schedules;
use crate::store::requests::purge;
use crate::store::sealing_keys;
use crate::store::settlements;
use crate::store::webhook_deliveries;

/// The scheduled run begins no request of a batch after so many milliseconds: the next run goes on.
const BEGINS: i64 = 50_000;
/// Nor does it begin another round of taking away after so many,
const PURGES: i64 = 10_000;
/// and no more of them than these: 10,000 records a minute, and, if each statement counts, a tenth of the 1,000 queries that an
/// invocation may make. Where 50 are allowed, a run that has so much to take away may end at that, and the next one goes on.
const PURGE_ROUNDS: usize = 20;
/// A consumer begins no request after so many.
const CONSUMER_BEGINS: i64 = 600_000;
/// What does not fit now is delivered again after so many seconds, and after twice as many each time,
const DELIVERED_AGAIN: u32 = 5;
/// but no more than these.
const MOST_DELIVERED_AGAIN: u32 = 600;

/// A line of the log, as [`logging.md`](../../docs/logging.md) has it.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    job: &'static str,
    record_id: Option<&'a str>,
    error: Option<&'a str>,
    cause: Option<&'a str>,
}

impl Line<'_> {
    fn write(self, platform: &Platform, connection: &Connection, began: Timestamp) {
        #[derive(Serialize)]
        struct Entry<'a> {
            time: String,
            level: &'static str,
            job: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            record_id: Option<&'a str>,
            milliseconds: i64,
            round_trips: u32,
            rows_read: u64,
            rows_written: u64,
            error: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            cause: Option<&'a str>,
        }
        let Account { round_trips, meta } = connection.account();
        let entry = Entry {
            time: began.to_offset_string(),
            level: if self.error.is_some() {
                "error"
            } else {
                "info"
            },
            job: self.job,
            record_id: self.record_id,
            milliseconds: platform.clock.now().as_millis() - began.as_millis(),
            round_trips,
            rows_read: meta.rows_read,
            rows_written: meta.rows_written,
            error: self.error,
            cause: self.cause,
        };
        // Texts, numbers and nulls always have a JSON form.
        platform.log.write(&json::text(&entry));
    }
}

/// Ends what nobody settled, seals anew what is under a key that is to go, makes the requests of schedules, offers what waits for
/// its turn and what webhooks are to be told, takes away what has been kept for long enough, and runs what it has to run itself.
pub async fn every_minute(platform: &Rc<Platform>, config: &Rc<Config>) {
    let began = platform.clock.now();
    let connection = Connection::new(Rc::clone(platform));
    let ended = settlements::tend(&connection, began).await;
    let sealed = sealing_keys::seal_anew(&connection, platform, config).await;
    let fired = request_schedules::fire(&connection, began).await;
    let offered = offer_to(platform, &connection, began).await;
    let (to_run, offered) = match offered {
        Ok(to_run) => (to_run, Ok(())),
        Err(error) => (Vec::new(), Err(error)),
    };
    let done = ended.and(sealed).and(fired);
    let told = offer_webhooks(platform, &connection, began).await;
    let (to_tell, told) = match told {
        Ok(to_tell) => (to_tell, Ok(())),
        Err(error) => (Vec::new(), Err(error)),
    };
    let purged = purge_in_rounds(platform, &connection, began).await;
    let error = done.and(offered).and(told).and(purged).err();
    let line = Line {
        job: "every_minute",
        record_id: None,
        error: error
            .as_ref()
            .map(|error| error.cause().unwrap_or_else(|| error.sentence())),
        cause: None,
    };
    line.write(platform, &connection, began);
    let due: Vec<Item> = to_run.into_iter().map(|due| due.item).collect();
    let due = in_turn(due, to_tell);
    let until = began.plus_millis(BEGINS);
    let turns = items::run(platform, config, due.clone(), (began, until)).await;
    let not_begun = due.into_iter().zip(turns);
    let not_begun = not_begun.filter(|(_, turn)| *turn == Turn::NotBegun);
    let not_begun: Vec<Item> = not_begun.map(|(item, _)| item).collect();
    if !not_begun.is_empty() {
        // What fails here is offered a little later.
        let _ = take_back(&connection, &not_begun, platform.clock.now()).await;
    }
}

/// Takes away what has been kept for long enough, by so many rows at once: calls come in between.
async fn purge_in_rounds(
    platform: &Platform,
    connection: &Connection,
    began: Timestamp,
) -> Result<(), Error> {
    for _ in 0..PURGE_ROUNDS {
        let is_left = purge::run(connection, began).await?;
        if !is_left || platform.clock.now() >= began.plus_millis(PURGES) {
            break;
        }
    }
    Ok(())
}

/// Offers what webhooks are to be told; answers what this run has to tell itself: all of it where there is no queue, or where
/// it takes nothing.
async fn offer_webhooks(
    platform: &Platform,
    connection: &Connection,
    now: Timestamp,
) -> Result<Vec<Item>, Error> {
    let has_queue = platform.queue.is_some();
    let due = webhook_deliveries::offer(connection, has_queue, now).await?;
    let messages = due.iter().map(|item| message(&item.project_id, &item.id));
    let messages: Vec<String> = messages.collect();
    match &platform.queue {
        Some(queue) if !due.is_empty() && queue.send(messages).await.is_ok() => Ok(Vec::new()),
        _ => Ok(due),
    }
}

/// One of the ones and one of the others in turn, so that neither keep the others waiting.
fn in_turn(ones: Vec<Item>, others: Vec<Item>) -> Vec<Item> {
    let (mut ones, mut others) = (ones.into_iter(), others.into_iter());
    let mut all = Vec::new();
    loop {
        let pair = (ones.next(), others.next());
        if pair == (None, None) {
            return all;
        }
        all.extend(pair.0);
        all.extend(pair.1);
    }
}

/// Offers what is due to the queue; answers what this run has to run itself: all of it where there is no queue, or where it
/// takes nothing, and what has waited too long, which a queue that delivers nothing would keep for ever.
async fn offer_to(
    platform: &Platform,
    connection: &Connection,
    now: Timestamp,
) -> Result<Vec<Due>, Error> {
    let mut random = [0; 16];
    let filled = platform.entropy.fill(&mut random);
    filled.map_err(Error::unavailable)?;
    let first = RequestId::from_random(random).to_string();
    let due = offer(connection, &first, now).await?;
    let Some(queue) = &platform.queue else {
        return Ok(due);
    };
    let (mut to_run, to_send): (Vec<_>, Vec<_>) = due.into_iter().partition(|due| due.is_stale);
    if to_send.is_empty() {
        return Ok(to_run);
    }
    let messages = to_send
        .iter()
        .map(|due| message(&due.item.project_id, &due.item.id));
    if queue.send(messages.collect()).await.is_err() {
        to_run.extend(to_send);
    }
    Ok(to_run)
}

/// Runs the requests that a queue's messages tell of, each with how often it has been delivered. Answers for each after how
/// many seconds it is to be delivered again; nothing where it has done its duty.
///
/// What does not fit beside its neighbours is tried again as long as some of them have made room; what does not fit then comes
/// again later each time, so that ten thousand that wait do not ask the database all the time.
pub async fn delivered(
    platform: &Rc<Platform>,
    config: &Rc<Config>,
    messages: &[(String, u32)],
) -> Vec<Option<u32>> {
    let began = platform.clock.now();
    let until = began.plus_millis(CONSUMER_BEGINS);
    let mut waiting: Vec<(usize, Item)> = Vec::new();
    for (place, (message, _)) in messages.iter().enumerate() {
        waiting.extend(told(message).map(|item| (place, item)));
    }
    loop {
        let before = waiting.len();
        let items = waiting.iter().map(|(_, item)| item.clone()).collect();
        let turns = items::run(platform, config, items, (began, until)).await;
        let ran = waiting.into_iter().zip(turns);
        let waits = ran.filter(|(_, turn)| *turn != Turn::Done);
        waiting = waits.map(|(item, _)| item).collect();
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    let again = |place: usize, deliveries: u32| {
        let waits = waiting.iter().any(|(waiting, _)| *waiting == place);
        let doubled = DELIVERED_AGAIN << deliveries.saturating_sub(1).min(10);
        waits.then(|| doubled.min(MOST_DELIVERED_AGAIN))
    };
    let places = messages.iter().enumerate();
    places
        .map(|(place, (_, deliveries))| again(place, *deliveries))
        .collect()
}
