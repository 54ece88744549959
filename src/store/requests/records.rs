//! Reading, cancelling and deleting the records of requests.
//!
//! A request is no configuration, so none of this has an audit row (contract section 4); a change repeats in its own
//! condition what the caller may and what the records must be like, and a statement before it says what is in the way.

use crate::auth::access::Authority;
use crate::auth::permissions::Permission;
use crate::domain::json;
use crate::domain::requests::{MAX_STATUSES, Statuses};
use crate::domain::{RecordId, RequestStatus, TargetKind, Timestamp, quoted};
use crate::error::Error;
use crate::sql::Sql;
use crate::sql::statement::{Parameters, Statement};
use crate::store::connection::Connection;
use crate::store::projects::{self, Project};
use crate::store::requests::payloads::{Part, Payload};
use crate::store::requests::statements;
use crate::store::rows::{Answers, Flag, JsonText, Millis, row};
use crate::store::targets::Target;

/// A list that looks for a part of an id, and that of a project, goes through so many records: the newest of its range.
pub const SEARCHED: i64 = 10_000;

row! {
    /// A record, as lists show it.
    #[derive(Debug, Clone)]
    pub struct Summary {
        /// Its id.
        pub id: RecordId,
        /// What has become of it, by name.
        pub status: String,
        /// When it was made.
        pub time_created: Millis,
        /// When it was sent to its upstream.
        pub time_started: Option<Millis>,
        /// When it ended.
        pub time_completed: Option<Millis>,
        /// Bytes that were sent.
        pub input_size: i64,
        /// Bytes that were answered.
        pub output_size: Option<i64>,
    }
}

row! {
    /// What is shown of a record beside its summary.
    #[derive(Debug, Clone)]
    pub struct Details {
        /// Who made it, by e-mail address.
        pub caller: String,
        /// How long it may take, in seconds.
        pub timeout: i64,
        /// The number of its last attempt, from 1.
        pub attempt: i64,
        /// Why it failed.
        pub error_message: Option<String>,
        /// Of a request that was passed through: `path`, `method` and `status_code`.
        pub additional_data: Option<JsonText>,
        /// Of a request to a pipeline: how long each of its deployments may take, in seconds.
        pub deployment_timeout: Option<i64>,
        /// Tokens that went in, where its upstream counts them.
        pub prompt_tokens: Option<i64>,
        /// Tokens that came out.
        pub completion_tokens: Option<i64>,
        /// Both.
        pub total_tokens: Option<i64>,
    }
}

row! {
    /// What a request to a pipeline has made of an object.
    #[derive(Debug, Clone)]
    pub struct MadeOf {
        /// The id of the pipeline's record.
        pub parent_id: RecordId,
        /// As the how manieth it was begun.
        pub sequence: i64,
        /// The name of the object.
        pub pipeline_object: String,
        /// `deployment` or `pipeline`.
        pub object_type: String,
        /// The name of that; empty where it is gone.
        pub reference: String,
        /// The name of the version of that, likewise.
        pub version: String,
        /// Why it failed.
        pub error_message: Option<String>,
    }
}

row! {
    /// The version that records are of.
    #[derive(Debug, Clone)]
    pub struct Version {
        /// Its name.
        pub version: String,
    }
}

row! {
    /// Where a record of a project belongs.
    #[derive(Debug, Clone)]
    pub struct Whose {
        /// The name of its deployment or pipeline.
        pub object: String,
        /// The name of its version.
        pub version: String,
    }
}

/// A record.
pub type Record = (Summary, Details);

/// Records of a version, and what goes with them.
#[derive(Debug)]
pub struct Read {
    /// The version.
    pub version: Version,
    /// The records.
    pub records: Vec<Record>,
    /// What was sent and answered.
    pub payloads: Vec<Payload>,
    /// What those of a pipeline have made of its objects.
    pub made: Vec<(Summary, MadeOf)>,
}

/// Which payloads are read with records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payloads {
    /// None.
    Neither,
    /// One of them.
    One(Part),
    /// Both.
    Both,
}

/// The version in a path: the one that it names, or the default one.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The project.
    pub project: &'a Project,
    /// The deployment or pipeline.
    pub target: &'a Target,
    /// The name of the version, if the path has one.
    pub version: Option<&'a str>,
}

impl Place<'_> {
    fn parameters(&self) -> Parameters {
        self.target
            .parameters(Parameters::new())
            .text("project_id", &self.project.project_id)
            .text("organization_id", &self.project.organization_id)
            .optional_text("version", self.version)
    }

    fn of_records(&self, ids: &[RecordId]) -> Result<Parameters, Error> {
        let ids =
            json::to_string(ids).map_err(|error| Error::inconsistent(format!("ids: {error}")))?;
        Ok(self.parameters().text("ids", ids))
    }

    fn version(&self, answers: &Answers) -> Result<Version, Error> {
        let found = answers.first(&statements::VERSION)?;
        found.ok_or_else(|| self.target.no_version(self.version))
    }

    /// The 404 of a record.
    fn not_found(&self, version: &Version, id: &RecordId) -> Error {
        Error::not_found(format!(
            "there is no request {} to the version {} of the {} {}",
            quoted(id.as_str()),
            quoted(&version.version),
            self.target.kind.name(),
            quoted(&self.target.name)
        ))
    }
}

/// Which records a list shows.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Those of these statuses.
    pub statuses: Statuses,
    /// Those whose ids are not before this text.
    pub from: String,
    /// Those whose ids are before this text.
    pub until: String,
    /// Those whose ids hold this text.
    pub search_id: Option<String>,
    /// Those that the schedule of this name has made.
    pub request_schedule: Option<String>,
    /// At most so many.
    pub limit: i64,
    /// After so many.
    pub offset: i64,
}

impl Wanted {
    fn parameters(&self, parameters: Parameters) -> Parameters {
        const NAMES: [&str; MAX_STATUSES] = ["status_1", "status_2", "status_3", "status_4"];
        let mut parameters = parameters;
        for (place, name) in NAMES.into_iter().enumerate() {
            parameters = parameters.optional_text(name, self.statuses.name_at(place));
        }
        parameters
            .text("from", &self.from)
            .text("until", &self.until)
            .optional_text("search_id", self.search_id.as_deref())
            .optional_text("request_schedule", self.request_schedule.as_deref())
            .integer("limit", self.limit)
            .integer("offset", self.offset)
    }
}

/// Records of a version, newest first.
///
/// # Errors
/// 404 without such a version; 503 when the database fails.
pub async fn list(
    connection: &Connection,
    place: Place<'_>,
    wanted: &Wanted,
) -> Result<(Version, Vec<Summary>), Error> {
    let most = match (&wanted.search_id, &wanted.request_schedule) {
        (None, None) => wanted.limit + wanted.offset,
        _ => SEARCHED,
    };
    let parameters = wanted.parameters(place.parameters()).integer("most", most);
    let statements = parameters.batch([&statements::VERSION, &statements::LIST]);
    let answers = connection.read(statements).await?;
    Ok((place.version(&answers)?, answers.all(&statements::LIST)?))
}

/// Records of a project, of objects of one kind, newest first, for whoever holds the permission on the whole project.
///
/// # Errors
/// 403; 503 when the database fails.
pub async fn list_of_project(
    connection: &Connection,
    authority: &Authority,
    now: Timestamp,
    (project, kind, permission): (&Project, TargetKind, Permission),
    wanted: &Wanted,
) -> Result<Vec<(Summary, Whose)>, Error> {
    let parameters = Parameters::new()
        .text("project_id", &project.project_id)
        .text("object_type", kind.name())
        .integer("most", SEARCHED);
    let parameters = asked_by(authority, now, wanted.parameters(parameters))
        .text("permission", permission.name());
    let statements = parameters.batch([
        &statements::MAY_LIST_OF_PROJECT,
        &statements::LIST_OF_PROJECT,
    ]);
    let answers = connection.read(statements).await?;
    let May { may } = answers.only(&statements::MAY_LIST_OF_PROJECT)?;
    if !may.0 {
        return Err(projects::lacks_permission(permission));
    }
    answers.all(&statements::LIST_OF_PROJECT)
}

row! {
    struct May {
        may: Flag,
    }
}

/// These records of a version, all of them.
///
/// # Errors
/// 404 without the version, or one of the records; 400 for what is too long together; 503 when the database fails.
pub async fn read(
    connection: &Connection,
    place: Place<'_>,
    ids: &[RecordId],
    payloads: Payloads,
) -> Result<Read, Error> {
    row! {
        struct Fits {
            fits: Flag,
        }
    }
    let first = [
        &statements::VERSION,
        &statements::GET,
        &statements::PAYLOADS,
        &statements::PAYLOADS_FIT,
    ];
    let parameters = with_payloads(place.of_records(ids)?, payloads);
    let answers = connection
        .read(parameters.batch(with_made(place, first)))
        .await?;
    let read = read_from(&answers, place)?;
    let is_there = |id: &&RecordId| read.records.iter().any(|(one, _)| one.id == **id);
    if let Some(missing) = ids.iter().find(|id| !is_there(id)) {
        return Err(place.not_found(&read.version, missing));
    }
    let Fits { fits } = answers.only(&statements::PAYLOADS_FIT)?;
    if !fits.0 {
        return Err(Error::invalid(
            "what was sent and answered is longer than 8 MiB together; ask for fewer requests at once",
        ));
    }
    Ok(read)
}

fn with_payloads(parameters: Parameters, payloads: Payloads) -> Parameters {
    let part = match payloads {
        Payloads::One(part) => Some(part.name()),
        Payloads::Neither | Payloads::Both => None,
    };
    parameters
        .flag("shows_payloads", payloads != Payloads::Neither)
        .optional_text("part", part)
}

/// Statements, and behind them what reads what requests to a pipeline have made; those to a deployment have made nothing.
fn with_made(place: Place<'_>, first: impl AsRef<[&'static Sql]>) -> Vec<&'static Sql> {
    let mut all = first.as_ref().to_vec();
    if place.target.kind == TargetKind::Pipeline {
        all.push(&statements::MADE);
    }
    all
}

/// What the statements `VERSION`, `GET` and `PAYLOADS` answer, and `MADE`, if it is there.
fn read_from(answers: &Answers, place: Place<'_>) -> Result<Read, Error> {
    Ok(Read {
        version: place.version(answers)?,
        records: answers.all(&statements::GET)?,
        payloads: answers.all(&statements::PAYLOADS)?,
        made: match place.target.kind {
            TargetKind::Deployment => Vec::new(),
            TargetKind::Pipeline => answers.all(&statements::MADE)?,
        },
    })
}

/// Adds who asks, as `caller_still!` wants it.
fn asked_by(authority: &Authority, now: Timestamp, parameters: Parameters) -> Parameters {
    let principal = authority.principal();
    parameters
        .optional_text("principal_id", principal.id())
        .flag("operator", principal.is_operator())
        .optional_text("token_id", authority.credential_id())
        .optional_text("permission", authority.permission().map(Permission::name))
        .integer("now", now.as_millis())
}

row! {
    /// What is in the way of a change.
    struct Judgement {
        may: Flag,
        missing: Option<RecordId>,
        is_open: Flag,
        is_waited_for: Flag,
        has_ended: Flag,
    }
}

/// A change of these records: a batch with `VERSION` and, before anything changes, `JUDGE`.
async fn change(
    connection: &Connection,
    authority: &Authority,
    place: Place<'_>,
    batch: Vec<Statement>,
) -> Result<(Answers, Judgement), Error> {
    let answers = connection.write(batch).await?;
    let version = place.version(&answers)?;
    let judgement: Judgement = answers.only(&statements::JUDGE)?;
    if !judgement.may.0 {
        return Err(projects::lacks(authority));
    }
    if let Some(missing) = &judgement.missing {
        return Err(place.not_found(&version, missing));
    }
    Ok((answers, judgement))
}

/// Deletes records of a version, all or none; answers under which keys payloads of theirs are kept beside the database.
///
/// # Errors
/// 404 without the version, or one of the records; 403 for a right lost meanwhile; 400 while one of them waits or is under
/// way; 503 when the database fails.
pub async fn delete(
    connection: &Connection,
    authority: &Authority,
    now: Timestamp,
    place: Place<'_>,
    ids: &[RecordId],
) -> Result<Vec<String>, Error> {
    let parameters = asked_by(authority, now, place.of_records(ids)?);
    let batch = parameters.flag("deletes", true).batch([
        &statements::VERSION,
        &statements::JUDGE,
        &statements::KEYS,
        &statements::DELETE,
    ]);
    let (answers, judgement) = change(connection, authority, place, batch).await?;
    if judgement.is_open.0 {
        return Err(Error::invalid(
            "a request that is pending or under way cannot be deleted; cancel it, or wait until it has ended",
        ));
    }
    keys_from(&answers)
}

/// What the statement `KEYS` answers.
fn keys_from(answers: &Answers) -> Result<Vec<String>, Error> {
    row! {
        struct Kept {
            kv_key: String,
        }
    }
    let kept: Vec<Kept> = answers.all(&statements::KEYS)?;
    Ok(kept.into_iter().map(|kept| kept.kv_key).collect())
}

/// Cancels records of a version, all or none; those that have ended stay as they are. Answers under which keys there is
/// something of them beside the database that is not kept any more.
///
/// # Errors
/// 404 without the version, or one of the records; 403 for a right lost meanwhile; 400 for one whose answer somebody waits
/// for; 503 when the database fails.
pub async fn cancel(
    connection: &Connection,
    authority: &Authority,
    now: Timestamp,
    place: Place<'_>,
    ids: &[RecordId],
) -> Result<Vec<String>, Error> {
    let parameters = asked_by(authority, now, place.of_records(ids)?);
    let batch = parameters.flag("deletes", false).batch([
        &statements::VERSION,
        &statements::JUDGE,
        &statements::KEYS,
        &statements::CANCEL,
        &statements::FORGET_PAYLOADS,
        &statements::FORGET,
    ]);
    let (answers, judgement) = change(connection, authority, place, batch).await?;
    refuse_what_is_waited_for(&judgement)?;
    keys_from(&answers)
}

/// Cancels one record of a version, and answers it as it then is, and under which keys there is something of it beside the
/// database that is not kept any more.
///
/// # Errors
/// Those of [`cancel`], and 400 for one that has been answered or has failed.
pub async fn cancel_one(
    connection: &Connection,
    authority: &Authority,
    now: Timestamp,
    place: Place<'_>,
    id: RecordId,
) -> Result<(Read, Vec<String>), Error> {
    let parameters = asked_by(authority, now, place.of_records(&[id])?).flag("deletes", false);
    // It is shown before it goes, where nothing of it is kept.
    let statements = [
        &statements::VERSION,
        &statements::JUDGE,
        &statements::KEYS,
        &statements::CANCEL,
        &statements::GET,
        &statements::PAYLOADS,
        &statements::FORGET_PAYLOADS,
        &statements::FORGET,
    ];
    let batch = with_payloads(parameters, Payloads::Both).batch(with_made(place, statements));
    let (answers, judgement) = change(connection, authority, place, batch).await?;
    if judgement.has_ended.0 {
        return Err(Error::invalid(
            "status: the request has ended; only one that is pending or under way can be cancelled",
        ));
    }
    refuse_what_is_waited_for(&judgement)?;
    Ok((read_from(&answers, place)?, keys_from(&answers)?))
}

fn refuse_what_is_waited_for(judgement: &Judgement) -> Result<(), Error> {
    match judgement.is_waited_for.0 {
        true => Err(Error::invalid(
            "a direct or streamed request cannot be cancelled here while it runs: whoever waits for its answer ends it \
             by hanging up",
        )),
        false => Ok(()),
    }
}

/// Cancels all records of a version that wait, or all that run and can be cancelled.
///
/// # Errors
/// 404 without the version; 403 for a right lost meanwhile; 503 when the database fails.
pub async fn cancel_all(
    connection: &Connection,
    authority: &Authority,
    now: Timestamp,
    place: Place<'_>,
    status: RequestStatus,
) -> Result<(), Error> {
    let parameters = asked_by(authority, now, place.parameters()).text("status", status.name());
    let batch: [&'static Sql; 5] = [
        &statements::VERSION,
        &statements::MAY_CANCEL,
        &statements::FORGET_ALL,
        &statements::FORGET_ALL_PAYLOADS,
        &statements::CANCEL_ALL,
    ];
    let answers = connection.write(parameters.batch(batch)).await?;
    place.version(&answers)?;
    let May { may } = answers.only(&statements::MAY_CANCEL)?;
    match may.0 {
        true => Ok(()),
        false => Err(projects::lacks(authority)),
    }
}
