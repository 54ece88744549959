//! `.../requests`: what is recorded of the requests to a version, and of those of a project (docs/requests.md).

use crate::domain::json::object;
use std::rc::Rc;

use crate::api::requests::shapes::{
    RequestsChanged, RequestsOverview, Shown, in_detail, in_list, media_type,
};
use crate::api::{Call, Context, OnProject, OnTarget};
use crate::auth::permissions as p;
use crate::domain::requests::{Statuses, first_id_at};
use crate::domain::{
    Invalid, RecordId, RequestStatus, SAFE_INTEGER, TargetKind, Timestamp, quoted,
};
use crate::error::Error;
use crate::store::requests::payloads::{self, Part};
use crate::store::requests::records::{self, Payloads, Place, Read, Wanted};
use crate::web::response::{Body, Response};

/// So many requests are read, deleted or cancelled by one call (UbiOps spec 4.5).
const MOST_IDS: usize = 250;
/// So many are listed at once.
const MOST_LISTED: i64 = 1_000;
/// So many are skipped: each is read, and who goes further back does so by date.
const MOST_SKIPPED: i64 = 10_000;

object! {
    /// Changes to a request; all other fields are ignored.
    #[derive(Debug)]
    #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
    pub struct RequestUpdate {
        /// New status: `cancelled`; no other status can be set.
        pub status: RequestStatus,
    }
}

fn place<'a>(call: &'a Call<'_, OnTarget>) -> Place<'a> {
    let version = call.parameter("version");
    Place {
        project: call.project(),
        target: call.target(),
        version: (!version.is_empty()).then_some(version),
    }
}

/// Which records a list shows, as its query says.
fn wanted(
    call: &Context<'_>,
    parse: impl FnOnce(&str) -> Result<Statuses, Invalid>,
) -> Result<Wanted, Error> {
    let query = &call.query;
    let statuses = query.parsed("status", parse)?;
    let offset = query.integer("offset", 0..=SAFE_INTEGER, 0)?;
    if offset > MOST_SKIPPED {
        return Err(Error::invalid(format!(
            "offset: {offset} is beyond {MOST_SKIPPED}; what is older is listed with end_date=<time_created of the last \
             request seen>"
        )));
    }
    let start = query.parsed("start_date", Timestamp::parse)?;
    let end = query.parsed("end_date", Timestamp::parse)?;
    if start.is_some_and(|start| end.is_some_and(|end| start > end)) {
        return Err(Error::invalid("start_date: it is after end_date"));
    }
    let mut wanted = Wanted {
        statuses: statuses.unwrap_or_else(Statuses::default_of_lists),
        from: start.map(first_id_at).unwrap_or_default(),
        // No id begins with this letter.
        until: end.map_or("g".to_owned(), |end| first_id_at(end.plus_millis(1))),
        search_id: query.text("search_id").map(str::to_ascii_lowercase),
        request_schedule: query.text("request_schedule").map(str::to_owned),
        limit: query.integer("limit", 1..=MOST_LISTED, 50)?,
        offset,
    };
    // A whole id is found wherever it is.
    if let Some(Ok(id)) = wanted.search_id.as_deref().map(RecordId::parse) {
        let id = id.to_string();
        wanted.until = wanted.until.min(format!("{id}-"));
        wanted.from = wanted.from.max(id);
        wanted.search_id = None;
    }
    Ok(wanted)
}

/// `GET .../requests`.
pub(crate) async fn list(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let wanted = wanted(call, Statuses::parse)?;
    let (version, found) = records::list(call.connection, place(call), &wanted).await?;
    let target = call.target();
    Response::ok(&in_list(target.kind, &target.name, &version, found))
}

/// `GET /projects/{p}/requests`.
pub(crate) async fn list_of_project(call: &mut Call<'_, OnProject>) -> Result<Response, Error> {
    let kind = call.query.text("object_type").ok_or_else(|| {
        Error::invalid("object_type: it is missing; it is deployment or pipeline")
    })?;
    let kind = TargetKind::parse(kind).map_err(|invalid| Error::field("object_type", &invalid))?;
    let permission = match kind {
        TargetKind::Deployment => p::DEPLOYMENTS_REQUESTS_LIST,
        TargetKind::Pipeline => p::PIPELINES_REQUESTS_LIST,
    };
    let wanted = wanted(call, Statuses::parse_ended)?;
    let about = (call.project(), kind, permission);
    let (connection, authority) = (call.connection, &call.authority);
    let found = records::list_of_project(connection, authority, call.now, about, &wanted).await?;
    let shown = found
        .into_iter()
        .map(|record| RequestsOverview::of(kind, record));
    Response::list(shown)
}

/// The id in the path; what is none of a request is not there.
fn id_in_path(call: &Context<'_>) -> Result<RecordId, Error> {
    let id = call.parameter("request_id");
    RecordId::parse(id)
        .map_err(|_| Error::not_found(format!("there is no request {} here", quoted(id))))
}

/// The ids in the body, each once.
async fn ids(call: &mut Context<'_>) -> Result<Vec<RecordId>, Error> {
    let mut ids: Vec<RecordId> = call.list().await?;
    if ids.len() > MOST_IDS {
        return Err(Error::invalid(format!(
            "the body has {} ids; at most {MOST_IDS} are taken at once",
            ids.len()
        )));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Records as they are shown, with what is kept of them elsewhere.
async fn shown(call: &Call<'_, OnTarget>, mut read: Read) -> Result<Vec<Shown>, Error> {
    payloads::bring(call.platform, &mut read.payloads, call.now).await?;
    let target = call.target();
    Ok(in_detail(target.kind, &target.name, read))
}

/// The only one that was read.
fn only(mut shown: Vec<Shown>) -> Result<Response, Error> {
    match shown.pop() {
        Some(shown) => Response::ok(&shown),
        None => Err(Error::inconsistent("a request that was read is not there")),
    }
}

/// `GET .../requests/{request_id}`.
pub(crate) async fn get(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let payloads = match call.query.flag("metadata_only")? {
        true => Payloads::Neither,
        false => Payloads::Both,
    };
    let id = id_in_path(call)?;
    let read = records::read(call.connection, place(call), &[id], payloads).await?;
    only(shown(call, read).await?)
}

/// `POST .../requests/collect`.
pub(crate) async fn collect(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let ids = ids(call).await?;
    let read = records::read(call.connection, place(call), &ids, Payloads::Both).await?;
    Response::ok(&shown(call, read).await?)
}

/// `GET .../requests/{request_id}/input`.
pub(crate) async fn input(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    file(call, Part::Input).await
}

/// `GET .../requests/{request_id}/output`.
pub(crate) async fn output(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    file(call, Part::Output).await
}

/// What was sent or answered, as a file to be kept.
async fn file(call: &Call<'_, OnTarget>, part: Part) -> Result<Response, Error> {
    let id = id_in_path(call)?;
    let ids = [id.clone()];
    let mut read = records::read(call.connection, place(call), &ids, Payloads::One(part)).await?;
    payloads::bring(call.platform, &mut read.payloads, call.now).await?;
    let payload = read.payloads.pop();
    let kept = payload.and_then(|payload| Some((payload.body?, payload.content_type)));
    let part = part.name();
    let (body, content_type) = kept.ok_or_else(|| {
        Error::not_found(format!(
            "the {part} of the request {id} is not kept, or not there yet"
        ))
    })?;
    let (media_type, ending) = media_type(&content_type);
    let mut response = Response::empty(http::StatusCode::OK);
    response.body = Body::Bytes(body.into_bytes());
    response.header("content-type", media_type);
    let name = format!("attachment; filename=\"{id}-{part}.{ending}\"");
    response.header("content-disposition", name);
    Ok(response)
}

/// `DELETE .../requests/{request_id}`.
pub(crate) async fn delete(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let id = id_in_path(call)?;
    delete_these(call, &[id]).await?;
    Ok(Response::no_content())
}

/// `POST .../requests/delete`.
pub(crate) async fn delete_several(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let ids = ids(call).await?;
    delete_these(call, &ids).await?;
    Response::ok(&RequestsChanged { success: true })
}

async fn delete_these(call: &Call<'_, OnTarget>, ids: &[RecordId]) -> Result<(), Error> {
    let (connection, authority) = (call.connection, &call.authority);
    let kept = records::delete(connection, authority, call.now, place(call), ids).await?;
    if !kept.is_empty() {
        let platform = Rc::clone(call.platform);
        call.later(Box::pin(
            async move { payloads::forget(&platform, kept).await },
        ));
    }
    Ok(())
}

/// Takes away what is kept beside the database under these keys, behind the answer.
pub(super) fn forget(call: &Context<'_>, keys: Vec<String>) {
    if !keys.is_empty() {
        let platform = Rc::clone(call.platform);
        call.later(Box::pin(
            async move { payloads::forget(&platform, keys).await },
        ));
    }
}

/// `PATCH .../requests/{request_id}`.
pub(crate) async fn update(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let body: RequestUpdate = call.body().await?;
    if body.status != RequestStatus::Cancelled {
        return Err(Error::invalid(format!(
            "status: '{}' is not set by callers; a request is cancelled with 'cancelled'",
            body.status
        )));
    }
    let id = id_in_path(call)?;
    let (connection, authority) = (call.connection, &call.authority);
    let cancelled = records::cancel_one(connection, authority, call.now, place(call), id);
    let (read, kept) = cancelled.await?;
    let shown = shown(call, read).await;
    forget(call, kept);
    only(shown?)
}

/// The status of all that `POST .../requests/cancel` is to end.
fn parse_cancelled(text: &str) -> Result<RequestStatus, Invalid> {
    match RequestStatus::parse(text) {
        Ok(status @ (RequestStatus::Pending | RequestStatus::Processing)) => Ok(status),
        _ => Err(Invalid::new(format!(
            "{} is not pending or processing: what has ended is not cancelled",
            quoted(text)
        ))),
    }
}

/// `POST .../requests/cancel`: those of the ids in the body, or all of a status with an empty list.
pub(crate) async fn cancel(call: &mut Call<'_, OnTarget>) -> Result<Response, Error> {
    let status = call.query.parsed("status", parse_cancelled)?;
    let ids = ids(call).await?;
    let (connection, authority, now) = (call.connection, &call.authority, call.now);
    match (status, ids.as_slice()) {
        (Some(status), []) => {
            records::cancel_all(connection, authority, now, place(call), status).await?;
        }
        (Some(_), _) => {
            return Err(Error::invalid(
                "status: it goes with an empty list of ids, and then cancels all of that status",
            ));
        }
        (None, []) => {
            return Err(Error::invalid(
                "the body has no ids; name 1 to 250, or say with status=pending or status=processing which to cancel",
            ));
        }
        (None, ids) => {
            let kept = records::cancel(connection, authority, now, place(call), ids).await?;
            forget(call, kept);
        }
    }
    Response::ok(&RequestsChanged { success: true })
}
