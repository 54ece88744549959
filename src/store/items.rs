//! Requests that wait for their turn, when it comes: offered, claimed, and ended where they cannot be run (contract section
//! 5.7).
//!
//! A claim is an admission like any other, for whoever made the request, as they are then. It has an id of its own, so that of
//! two who claim one request at once each knows whose it is, and one whose outcome got lost can be taken back.

use crate::domain::json;
use crate::domain::{ClaimId, ProjectId, RecordId, Timestamp};
use crate::error::{Error, Kind};
use crate::sql::statement::{Parameters, Statement};
use crate::store::admissions::{Admitted, Why, asked, cost, facts, judged, limits};
use crate::store::connection::Connection;
use crate::store::pipeline_requests::{Plan, read_item, reading_item};
use crate::store::requests::payloads::Payload;
use crate::store::rows::{Flag, row};
use crate::store::run_time::{projects_that_wait, stops_now};
use crate::store::settlements::FORGET_INPUT;
use crate::store::texts::statements;

/// The scheduled run offers so many requests at most,
const OFFERED: i64 = 500;
/// and so many of each project.
const OFFERED_OF_PROJECT: i64 = 20;
/// It looks at so many projects.
const PROJECTS: i64 = 1_000;
/// What has waited for so many milliseconds is not begun any more: a day.
const STALE: i64 = 86_400_000;

/// The request, while it waits.
macro_rules! waiting {
    ($table:literal) => {
        concat!(
            $table,
            "project_id = :project_id AND ",
            $table,
            "id = :record_id AND ",
            $table,
            "status = 'pending'"
        )
    };
}

/// The request, once this claim has it.
macro_rules! claimed {
    ($table:literal) => {
        concat!(
            $table,
            "project_id = :project_id AND ",
            $table,
            "id = :record_id AND ",
            $table,
            "claim_id = :claim_id AND ",
            $table,
            "status IN ('processing', 'cancelled_pending')"
        )
    };
}

/// What a request that waits asks for, in the name of whoever made it.
macro_rules! asked_by_item {
    () => {
        asked! {
            object: "w.object_id", version: "w.version_id", settings: "coalesce(v.settings, y.settings)",
            permission: "w.object_type || 's.requests.create'",
            caller: "w.caller_id", "w.caller",
            lives: "w.caller_id = 'operator' OR u.id IS NOT NULL OR (s.id IS NOT NULL AND coalesce(s.expiry_date > #now, 1))",
            origin: "1",
            operator: "w.caller_id = 'operator'",
            timeout: "min(w.timeout * 1000, #most_time)",
            stale: "w.time_created <= #stale",
            from: "requests w
               JOIN projects p ON p.id = w.project_id
               LEFT JOIN deployment_versions v ON v.id = w.version_id
               LEFT JOIN pipeline_versions y ON y.id = w.version_id
               LEFT JOIN users u ON u.id = w.caller_id
               LEFT JOIN service_users s ON s.id = w.caller_id AND s.project_id = w.project_id",
            where: concat!(waiting!("w."), " AND coalesce(v.id, y.id) IS NOT NULL")
        }
    };
}

/// The requests that are due, of the projects in turn: those that wait longest of each.
macro_rules! due {
    ($columns:literal) => {
        concat!("WITH RECURSIVE ", projects_that_wait!("#projects"), "
         SELECT ", $columns, " FROM projects_that_wait g CROSS JOIN requests r
         WHERE r.project_id = g.id AND r.id IN (
           SELECT w.id FROM requests w WHERE w.project_id = g.id AND w.status = 'pending' AND w.due_at <= #now
           ORDER BY w.due_at LIMIT #of_project)
         LIMIT #offered")
    };
}

statements! {
    /// What is due.
    DUE = due!("r.project_id, r.id, r.time_created <= #stale AS is_stale");
    /// Offered, it is due again after 1, 2, 4 ... 60 minutes.
    OFFER = concat!(
        "UPDATE requests SET offers = offers + 1, due_at = #now + min(60, 1 << min(offers, 6)) * 60000
         WHERE status = 'pending' AND (project_id, id) IN (", due!("r.project_id, r.id"), ")");
    /// The request, if it fits now and its maker may.
    CLAIM = concat!(
        judged!(asked_by_item!()), "
         UPDATE requests AS r SET
           status = 'processing', claim_id = :claim_id, time_started = #now, lease_end = #now + judged.lease_time,
           leased = ", cost!("judged.lease_time", "judged.price"), ",
           leased_time = iif(judged.workspace_id IS NULL, 0, judged.lease_time), price = judged.price, day = #day,
           workspace_id = judged.workspace_id, quota_resource = judged.quota_resource,
           retention_mode = judged.retention_mode, retention_time = judged.retention_time,
           result_deadline = #now + r.timeout * 1000
         FROM judged WHERE ", waiting!("r."), " AND judged.refusal IS NULL");
    /// All that is needed to forward it.
    FACTS = facts!(deployment claimed!("r."));
    /// What is sent.
    INPUT = concat!(
        "SELECT p.request_id, p.part, p.content_type, p.body, p.kv_key, p.creation_date
         FROM requests r CROSS JOIN request_payloads p ON p.project_id = r.project_id AND p.request_id = r.id
         WHERE p.part = 'input' AND ", claimed!("r."));
    /// Who made it.
    MAKER = concat!(
        "SELECT p.name AS project, coalesce(e.name, l.name) AS object, l.id IS NOT NULL AS is_pipeline, r.deployment_timeout,
           CASE WHEN r.caller_id = 'operator' THEN 'operator'
                WHEN EXISTS (SELECT 1 FROM users u WHERE u.id = r.caller_id) THEN 'user' ELSE 'service_user' END AS caller_kind
         FROM requests r JOIN projects p ON p.id = r.project_id
         LEFT JOIN deployments e ON e.id = r.object_id LEFT JOIN pipelines l ON l.id = r.object_id
         WHERE ", claimed!("r."));
    /// What is against it.
    WHY = concat!(
        judged!(asked_by_item!()), "
         SELECT refusal, suspended_by, suspended_reason, project_credits, project_used, organization_credits,
           organization_used, max_concurrency, price, quota_resource, NULL AS same, NULL AS key_request_id,
           NULL AS key_status, NULL AS key_content_type, NULL AS key_body, 0 AS made
         FROM judged");
    /// Whether it waits for its turn, be it for something that is gone.
    WAITS = concat!("SELECT EXISTS (SELECT 1 FROM requests r WHERE ", waiting!("r."), ") AS waits");
    /// It waits again: it was claimed, and nothing was sent.
    RELEASE = concat!(
        "UPDATE requests AS r SET
           status = iif(status = 'cancelled_pending', 'cancelled', 'pending'),
           time_completed = iif(status = 'cancelled_pending', #now, NULL), claim_id = NULL, time_started = NULL,
           lease_end = NULL, leased = NULL, leased_time = NULL, price = NULL, day = NULL, result_deadline = NULL
         WHERE ", claimed!("r."));
    /// It goes on at its upstream alone, unless its result has come already; one that was cancelled meanwhile ends with it.
    LATER = concat!(
        "UPDATE requests AS r SET claim_id = NULL, ", stops_now!("status = 'cancelled_pending'"), " WHERE ", claimed!("r."));
    /// What is kept of it beside the database, and no longer than it waits.
    KEYS = concat!(
        "SELECT p.kv_key FROM requests r
         CROSS JOIN request_payloads p ON p.project_id = r.project_id AND p.request_id = r.id
         WHERE p.kv_key IS NOT NULL AND r.retention_mode <> 'full' AND ", waiting!("r."));
    /// Those that nobody came to count as not offered.
    TAKE_BACK = "UPDATE requests SET due_at = #now, offers = max(0, offers - 1)
         WHERE status = 'pending' AND (project_id, id) IN (
           SELECT value ->> 0, value ->> 1 FROM json_each(:items))";
    /// It has ended without having been run.
    END = concat!(
        "UPDATE requests AS r SET status = :status, error_message = :error_message, time_started = #now, time_completed = #now,
           output_size = 0, run_time = 0, credits = 0
         WHERE ", waiting!("r."));
    /// Its record goes, where none is kept.
    FORGET = "DELETE FROM requests WHERE project_id = :project_id AND id = :record_id AND retention_mode = 'none'
           AND status IN ('completed', 'failed', 'cancelled')";
}

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its project.
    pub project_id: ProjectId,
    /// The id of its record.
    pub id: RecordId,
}

row! {
    /// Where a claimed request goes, and who made it.
    #[derive(Debug, Clone)]
    pub struct Maker {
        /// The name of the project.
        pub project: String,
        /// The name of the deployment or pipeline.
        pub object: String,
        /// Whether it is a pipeline.
        pub is_pipeline: Flag,
        /// Of a pipeline: how long each of its deployments may take, in seconds.
        pub deployment_timeout: Option<i64>,
        /// `user`, `service_user` or `operator`.
        pub caller_kind: String,
    }
}

/// The first of each project, then the second of each, and so on: who has many hanging is in nobody's way. They come project
/// by project.
fn in_turn(all: impl Iterator<Item = Due>) -> Vec<Due> {
    let mut rounds: Vec<Vec<Due>> = Vec::new();
    let (mut last, mut round) = (ProjectId::default(), 0);
    for due in all {
        round = if due.item.project_id == last {
            round + 1
        } else {
            0
        };
        last.clone_from(&due.item.project_id);
        match rounds.get_mut(round) {
            Some(of_round) => of_round.push(due),
            None => rounds.push(vec![due]),
        }
    }
    rounds.into_iter().flatten().collect()
}

/// What a queue is told of a request that waits.
#[must_use]
pub fn message(project_id: &ProjectId, id: &RecordId) -> String {
    format!("{project_id}/{id}")
}

/// The request that a message tells of; nothing where it is none of ours.
#[must_use]
pub fn told(message: &str) -> Option<Item> {
    let (project_id, id) = message.split_once('/')?;
    Some(Item {
        project_id: ProjectId::kept(project_id.to_owned()),
        id: RecordId::kept(id.to_owned()),
    })
}

/// A request that is due.
#[derive(Debug)]
pub struct Due {
    /// Which.
    pub item: Item,
    /// Whether it has waited too long to be begun.
    pub is_stale: bool,
}

/// What became of a claim.
#[derive(Debug)]
pub enum Claim {
    /// It is this claim's to run.
    Claimed(Box<Claimed>),
    /// It does not wait any more: somebody else has it, or it has ended.
    Gone,
    /// It does not fit now.
    Waits,
    /// It may not be run; the sentence says why.
    Refused(Error),
    /// What it was made for is gone.
    Orphaned,
}

/// A request and all that is needed to run it.
#[derive(Debug)]
pub struct Claimed {
    /// Its record and what that needs.
    pub admitted: Admitted,
    /// Who made it.
    pub maker: Maker,
    /// What is sent; nothing where it is not there any more.
    pub input: Option<Payload>,
    /// Of a request to a pipeline: what it runs, or why that cannot be run.
    pub plan: Option<Result<Plan, Error>>,
}

impl Item {
    fn parameters(&self, now: Timestamp) -> Parameters {
        Parameters::new()
            .text("project_id", &self.project_id)
            .text("record_id", &self.id)
            .integer("now", now.as_millis())
    }

    /// Claims it; it may take at most so many milliseconds.
    ///
    /// # Errors
    /// 503 when the database fails: then [`Item::release`] takes the claim back, if there is one. An inconsistency.
    pub async fn claim(
        &self,
        connection: &Connection,
        claim_id: &ClaimId,
        most_time: i64,
        now: Timestamp,
    ) -> Result<Claim, Error> {
        row! {
            struct Waits {
                waits: Flag,
            }
        }
        let parameters = self
            .parameters(now)
            .over(limits(now))
            .text("claim_id", claim_id)
            .optional_text("key_digest", None::<String>)
            .optional_text("fingerprint", None::<String>)
            .flag("queues", false)
            .flag("is_claim", true)
            .integer("items", 0)
            .integer("input_size", 0)
            .integer("per_minute", crate::domain::SAFE_INTEGER)
            .integer("most_time", most_time)
            .integer("stale", now.as_millis() - STALE);
        let mut batch = parameters.batch([&CLAIM, &FACTS, &MAKER, &INPUT, &WAITS, &WHY]);
        // Asked only where it cannot be claimed.
        let why = batch.pop().into_iter().collect();
        let answers = connection.write(batch).await?;
        if let Some(maker) = answers.first::<Maker>(&MAKER)? {
            let (admitted, plan) = match maker.is_pipeline.0 {
                false => (answers.only(&FACTS)?, None),
                true => {
                    let reading = reading_item(&self.project_id, &self.id);
                    match read_item(&connection.read(reading).await?)? {
                        // It ends as one does whose pipeline itself may not be requested: as one that waits.
                        (_, Err(error)) if *error.kind() == Kind::Forbidden => {
                            connection.write(self.release(claim_id, now)).await?;
                            return Ok(Claim::Refused(error));
                        }
                        (admitted, plan) => (admitted, Some(plan)),
                    }
                }
            };
            let claimed = Claimed {
                admitted,
                maker,
                input: answers.first(&INPUT)?,
                plan,
            };
            return Ok(Claim::Claimed(Box::new(claimed)));
        }
        let Waits { waits } = answers.only(&WAITS)?;
        if !waits.0 {
            return Ok(Claim::Gone);
        }
        let Some(why) = connection.read(why).await?.first::<Why>(&WHY)? else {
            return Ok(Claim::Orphaned);
        };
        let Some(refusal) = why.refusal.clone() else {
            // It fits now.
            return Ok(Claim::Waits);
        };
        let error = why.error(&refusal, &self.id)?;
        Ok(match *error.kind() == Kind::Forbidden {
            true => Claim::Refused(error),
            false => Claim::Waits,
        })
    }

    /// What lets it wait again that this claim has, if it does; nothing was sent.
    #[must_use]
    pub fn release(&self, claim_id: &ClaimId, now: Timestamp) -> Vec<Statement> {
        let parameters = self.parameters(now).text("claim_id", claim_id);
        parameters.batch([&RELEASE, &FORGET_INPUT, &FORGET])
    }

    /// What lets it go on at its upstream alone, if this claim still has it.
    #[must_use]
    pub fn goes_on(&self, claim_id: &ClaimId, now: Timestamp) -> Vec<Statement> {
        let parameters = self.parameters(now).text("claim_id", claim_id);
        parameters.batch([&LATER])
    }

    /// Ends it, where it waits: as failed for this reason, or as cancelled. Answers under which keys there is something of
    /// it beside the database that is not kept any more.
    ///
    /// # Errors
    /// 503 when the database fails.
    pub async fn end(
        &self,
        connection: &Connection,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<String>, Error> {
        row! {
            struct Kept {
                kv_key: String,
            }
        }
        let status = match reason {
            Some(_) => "failed",
            None => "cancelled",
        };
        let parameters = self
            .parameters(now)
            .text("status", status)
            .optional_text("error_message", reason);
        let batch = parameters.batch([&KEYS, &END, &FORGET_INPUT, &FORGET]);
        let kept: Vec<Kept> = connection.write(batch).await?.all(&KEYS)?;
        Ok(kept.into_iter().map(|kept| kept.kv_key).collect())
    }
}

/// Takes back that these were offered: nobody came to them.
///
/// # Errors
/// 503 when the database fails.
pub async fn take_back(
    connection: &Connection,
    items: &[Item],
    now: Timestamp,
) -> Result<(), Error> {
    let ids: Vec<_> = items
        .iter()
        .map(|item| (&item.project_id, &item.id))
        .collect();
    let ids =
        json::to_string(&ids).map_err(|error| Error::inconsistent(format!("items: {error}")))?;
    let parameters = Parameters::new()
        .integer("now", now.as_millis())
        .text("items", ids);
    connection
        .write(parameters.batch([&TAKE_BACK]))
        .await
        .map(|_| ())
}

/// What is due: it counts as offered from now on. `first` is where the round of the projects begins.
///
/// # Errors
/// 503 when the database fails.
pub async fn offer(
    connection: &Connection,
    first: &str,
    now: Timestamp,
) -> Result<Vec<Due>, Error> {
    row! {
        struct Row {
            project_id: ProjectId,
            id: RecordId,
            is_stale: Flag,
        }
    }
    let batch = Parameters::new()
        .text("first", first)
        .integer("now", now.as_millis())
        .integer("projects", PROJECTS)
        .integer("of_project", OFFERED_OF_PROJECT)
        .integer("offered", OFFERED)
        .integer("stale", now.as_millis() - STALE)
        .batch([&DUE, &OFFER]);
    let rows: Vec<Row> = connection.write(batch).await?.all(&DUE)?;
    let due = |row: Row| Due {
        item: Item {
            project_id: row.project_id,
            id: row.id,
        },
        is_stale: row.is_stale.0,
    };
    Ok(in_turn(rows.into_iter().map(due)))
}
