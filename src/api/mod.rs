//! Handlers, one file per resource, named as in the URL; what deployments and pipelines have alike is in [`targets`] and
//! [`versions`].
//!
//! A handler is a sentence: parse, decide, store, answer. It runs after the route's access has been checked, and finds
//! in its [`Call`] who is calling and what about.

pub mod access_keys;
pub mod audit;
pub mod call;
pub mod console;
pub mod deployment_versions;
pub mod deployments;
pub mod docs;
pub mod environment_variables;
pub mod environments;
pub mod instance_types;
mod labels;
pub mod logs;
pub mod metrics;
pub mod operator;
pub mod organization_users;
pub mod organizations;
pub mod origin_checks;
pub mod permission_checks;
pub mod permissions;
pub mod pipeline_versions;
pub mod pipelines;
pub mod project_users;
pub mod projects;
pub mod quotas;
pub mod request_schedules;
pub mod requests;
pub mod resources;
pub mod results;
pub mod role_assignments;
pub mod roles;
pub mod service_users;
pub mod services;
pub mod sessions;
pub mod status;
pub mod targets;
pub mod time_series;
pub mod upstreams;
pub mod usage;
pub mod user;
pub mod versions;
pub mod vouchers;
pub mod webhooks;
pub mod workspaces;

use std::cell::Cell;
use std::rc::Rc;

pub(crate) use call::{Call, OnOrganization, OnProject, OnTarget, OnWorkspace};

use crate::auth::access::Authority;
use crate::domain::ids::Kind;
use crate::domain::json::FromJson;
use crate::domain::{AuditId, Email, Id, Opens, RequestId, Timestamp, TokenId, WantedModel};
use crate::error::Error;
use crate::gate::memory::Held;
use crate::platform::{Config, Local, Platform, SERVICE_USER_DOMAIN, Upload, Work};
use crate::store::audit::ChangeContext;
use crate::store::connection::Connection;
use crate::store::first_trip::Rider;
use crate::store::rows::Answers;
use crate::store::service_admissions::ServiceTerms;
use crate::store::sessions::not_fresh;
use crate::store::slices::{MAX_LIMIT, Slice};
use crate::store::tokens::FreshToken;
use crate::web::body::{self, Wanted};
use crate::web::notes::Notes;
use crate::web::query::Query;
use crate::web::rate::Rate;
use crate::web::request::Request;

/// Statements that a route lets ride on the first trip, before anybody knows whether the caller may make the call.
pub type Rides = for<'a, 'b> fn(&'a Context<'b>) -> Result<Rider, Error>;

/// What every call has, whatever it is about.
pub struct Context<'a> {
    pub(crate) platform: &'a Rc<Platform>,
    pub(crate) config: &'a Rc<Config>,
    pub(crate) connection: &'a Connection,
    pub(crate) request: &'a mut Request,
    pub(crate) request_id: &'a RequestId,
    pub(crate) now: Timestamp,
    pub(crate) query: Query,
    /// The path of its route, as the table has it.
    pub(crate) path: &'static str,
    pub(crate) parameters: Vec<(&'static str, String)>,
    pub(crate) authority: Authority,
    pub(crate) is_organization_admin: bool,
    pub(crate) body_limit: usize,
    /// So many requests a minute its caller may make to its project, where that is bounded and its route is counted.
    pub(crate) per_minute: Option<i64>,
    /// Whether a body need not be declared as JSON: on request endpoints (contract section 4).
    pub(crate) takes_any_type: bool,
    pub(crate) rides: Option<Rides>,
    pub(crate) ridden: Option<Answers>,
    /// Whether its first trip takes the body along, which is then read before it.
    pub(crate) takes_body_first: bool,
    /// The body, where that is so.
    pub(crate) body_first: Option<Vec<u8>>,
    /// What is held in memory for it.
    pub(crate) held: Option<Held>,
    /// The body, where it passes by.
    pub(crate) upload: Option<Upload>,
    /// What the service says by which it comes.
    pub(crate) terms: Option<ServiceTerms>,
    /// Whether it shows no token, where none is asked for.
    pub(crate) is_anonymous: bool,
    /// The model that it asks for, where that names what the call is about.
    pub(crate) model: Option<WantedModel>,
    /// What the log is told beside the answer; work that is left for later keeps a clone.
    pub notes: Notes,
    /// What its answer tells of the caller's minute.
    pub(crate) rate: &'a Cell<Option<Rate>>,
    pub(crate) work: &'a Work,
}

impl Context<'_> {
    /// Leaves work to be done when the handler has returned: what writes a streamed answer, and what nobody waits for.
    pub fn later(&self, work: Local<'static, ()>) {
        self.work.push(work);
    }

    /// Counts so many permits more that the caller has taken since the first trip, or fewer where they have some back.
    pub(crate) fn count_permits(&self, taken: i64) {
        let rate = self.rate.get();
        self.rate.set(rate.map(|rate| Rate {
            made: rate.made + taken,
            ..rate
        }));
    }

    /// What stands in the braces of this name in the route's path.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The id in the path, or the text as it stands there: no row has that.
    pub(crate) fn id<K: Kind>(&self, name: &str) -> Id<K> {
        Id::named(self.parameter(name))
    }

    /// What rides on the first trip of this call.
    pub(crate) fn rider(&self) -> Result<Option<Rider>, Error> {
        self.rides.map(|rides| rides(self)).transpose()
    }

    /// Reads the body, where the first trip takes it along: only a token that may be one of ours gets so far. The time of
    /// the call moves on with it.
    pub(crate) async fn read_body_first(&mut self) -> Result<(), Error> {
        if self.takes_body_first {
            self.read_body(false).await?;
        }
        Ok(())
    }

    /// The body as it comes, up to the longest of its route, with room in memory for it. The time of the call moves on with it.
    pub(crate) async fn held_body(&mut self) -> Result<Vec<u8>, Error> {
        self.read_body(false).await?;
        Ok(self.body_first.take().unwrap_or_default())
    }

    /// Reads the body whole; one that is coded only where that is passed on with it.
    pub(crate) async fn read_body(&mut self, keeps_coding: bool) -> Result<(), Error> {
        let clock = self.platform.clock.as_ref();
        // A body that does not say its length counts as the longest one, until it is there.
        let length = self.request.header("content-length");
        let length = length.and_then(|length| length.parse().ok());
        let room = length.unwrap_or(self.body_limit).min(self.body_limit);
        let room = Held::try_new(room).ok_or_else(full)?;
        let bytes = async {
            match keeps_coding {
                true => body::read(self.request, self.body_limit).await,
                false => body::bytes(self.request, self.body_limit).await,
            }
        };
        let bytes = body::in_time(clock, bytes).await?;
        drop(room);
        self.held = Some(Held::try_new(bytes.len()).ok_or_else(full)?);
        self.body_first = Some(bytes);
        self.now = clock.now();
        Ok(())
    }

    /// The answers to what rode along. A row of the table that names a rider hands them to its handler.
    pub(crate) fn ridden(&mut self) -> Result<Answers, Error> {
        self.ridden
            .take()
            .ok_or_else(|| Error::inconsistent("nothing rode along"))
    }

    /// The body, a JSON object.
    ///
    /// The time of the call moves on with it: who sends their body slowly is judged by what holds when it has come.
    pub(crate) async fn body<T: FromJson>(&mut self) -> Result<T, Error> {
        body::parse(&self.body_text(Wanted::Object).await?)
    }

    /// The body, a JSON array.
    pub(crate) async fn list<T: FromJson>(&mut self) -> Result<Vec<T>, Error> {
        body::parse(&self.body_text(Wanted::Array).await?)
    }

    async fn body_text(&mut self, wanted: Wanted) -> Result<Vec<u8>, Error> {
        let clock = self.platform.clock.as_ref();
        let text = body::text(self.request, self.body_limit, wanted, !self.takes_any_type);
        let body = body::in_time(clock, text).await;
        self.now = clock.now();
        body
    }

    /// The part of a list that the query asks for.
    pub(crate) fn slice(&self) -> Result<Slice, Error> {
        let limit = self.query.integer("limit", 1..=MAX_LIMIT, 0)?;
        Ok(Slice {
            limit: (limit > 0).then_some(limit),
            after: self.query.text("after").map(str::to_owned),
        })
    }

    /// 16 bytes of the platform's CSPRNG.
    pub(crate) fn random(&self) -> Result<[u8; 16], Error> {
        let mut bytes = [0; 16];
        self.platform
            .entropy
            .fill(&mut bytes)
            .map_err(Error::unavailable)?;
        Ok(bytes)
    }

    /// What a change is made with.
    pub(crate) fn change_context(&self) -> Result<ChangeContext<'_>, Error> {
        Ok(ChangeContext {
            connection: self.connection,
            authority: &self.authority,
            now: self.platform.clock.now(),
            request_id: self.request_id.clone(),
            audit_id: AuditId::from_random(self.random()?),
        })
    }

    /// Refuses a person's e-mail address in the domain of service users: who has the address of one is let into what is
    /// granted to it by address.
    pub(crate) fn check_person(&self, field: &str, email: &Email) -> Result<(), Error> {
        let configured = self.config.service_user_domain.as_str();
        // Addresses from before SERVICE_USER_DOMAIN was set stay, so the domain that it has unset is nobody else's either.
        match [configured, SERVICE_USER_DOMAIN]
            .into_iter()
            .find(|domain| email.is_in(domain))
        {
            Some(domain) => Err(Error::invalid(format!(
                "{field}: '{email}' is in '{domain}', where service users have their addresses; a person's is in \
                 another domain"
            ))),
            None => Ok(()),
        }
    }

    /// A new token, to be shown once. In a session it is made for a while only, since it outlives that.
    pub(crate) fn mint_token(&self) -> Result<FreshToken, Error> {
        self.needs_fresh()?;
        self.mint(Opens::Calls)
    }

    /// A new secret that opens this.
    pub(crate) fn mint(&self, opens: Opens<'_>) -> Result<FreshToken, Error> {
        let id = TokenId::from_random(self.random()?);
        let random = self.random()?;
        Ok(FreshToken::mint(&self.config.token_keys, opens, random, id))
    }

    /// Refuses what outlives a session in one that was not made a moment ago (contract section 8).
    ///
    /// # Errors
    /// 403.
    pub(crate) fn needs_fresh(&self) -> Result<(), Error> {
        match self.authority.is_fresh(self.now) {
            true => Ok(()),
            false => Err(not_fresh()),
        }
    }
}

/// The refusal of a body for which there is no room.
fn full() -> Error {
    Error::busy(
        "too many bytes of other requests are under way here; nothing was changed, try again",
    )
}

/// A date in a body that must lie in the future (contract section 4).
///
/// # Errors
/// 400 that names the field.
pub(crate) fn future(field: &str, date: Timestamp, now: Timestamp) -> Result<Timestamp, Error> {
    if date > now {
        return Ok(date);
    }
    Err(Error::invalid(format!(
        "{field}: {} has passed; a date in the future is needed",
        date.to_offset_string()
    )))
}
