//! Who is calling, and whether they may: steps 3 and 4 of an exchange. [`workspaces`](super::workspaces) has those
//! of the ModelArts-compatible surface.
//!
//! What cannot be a credential ends without a look at the database. Else the first round trip tells everything that
//! decides, and only what is decided here makes an [`Authority`].

use super::Exchange;
use crate::api::{Context, OnOrganization, OnProject, OnTarget, requests};
use crate::auth::access::{Access, Authority, CredentialId};
use crate::auth::credential::{self, Credential};
use crate::auth::principal::Principal;
use crate::domain::{AnyId, Digests, OrganizationId, RecognisedToken, TargetId, TargetKind};
use crate::error::{Error, Kind};
use crate::gate::settle;
use crate::store::admissions::{minute_of, to_next_minute};
use crate::store::first_trip::who::{self, Caller, HolderRow};
use crate::store::first_trip::{organization, project};
use crate::store::organization_users;
use crate::store::projects::{self, Project};
use crate::store::targets::Target;
use crate::store::tokens;
use crate::web::rate::Rate;
use crate::web::request::Request;

impl Exchange<'_> {
    /// Step 3: the token that the caller shows; the operator shows none.
    fn token(&self, request: &Request, access: Access) -> Result<Option<RecognisedToken>, Error> {
        // No request endpoint takes a session: what pages send through the gate bears a token (contract section 8).
        let takes_session =
            access != Access::Operator && !self.progress.borrow().is_request_endpoint;
        let shown = match credential::read(request, self.config, takes_session) {
            Credential::Missing => Err(Error::unauthenticated(credential::MISSING)),
            Credential::Refused(why) => Err(Error::unauthenticated(why)),
            Credential::Operator => Ok(None),
            Credential::Token(token) => Ok(Some(token)),
            Credential::Session(secret) => {
                self.progress.borrow_mut().shows_session = true;
                Ok(Some(secret))
            }
        };
        self.progress.borrow_mut().shows_token = shown.is_ok();
        shown
    }

    /// Steps 3 and 4, of a call that is about nothing that is looked up.
    pub(super) async fn authorise(
        &self,
        call: &mut Context<'_>,
        access: Access,
    ) -> Result<(), Error> {
        if access == Access::Public {
            return Ok(());
        }
        let token = self.token(call.request, access)?;
        let digests = token.as_ref().map(|token| &token.digests);
        let row = match (digests, call.rider()?) {
            (None, None) => None,
            (_, rider) => {
                let trip = who::ask(&self.connection, digests, rider).await?;
                call.ridden = trip.ridden;
                Some(trip.row)
            }
        };
        self.admit(call, access, digests, row)?;
        match (access, call.authority.principal()) {
            (Access::Session, _) if call.authority.session_since().is_none() => {
                Err(Error::unauthenticated(
                    "this is about a session on a page; sign in at /console. Whose a token is says GET /v2.1/user",
                ))
            }
            (_, Principal::Operator)
            | (Access::Anyone | Access::Session, _)
            | (Access::Person, Principal::User(_)) => Ok(()),
            (Access::Person, _) => Err(Error::forbidden("no service user may do this")),
            _ => Err(Error::forbidden("only the operator may do this")),
        }
    }

    pub(super) async fn authorise_on_organization(
        &self,
        call: &mut Context<'_>,
        access: Access,
    ) -> Result<OnOrganization, Error> {
        let token = self.token(call.request, access)?;
        let digests = token.as_ref().map(|token| &token.digests);
        let name = call.parameter("organization_name").to_owned();
        let rider = call.rider()?;
        let trip = organization::ask(&self.connection, digests, &name, self.now, rider).await?;
        call.ridden = trip.ridden;
        let row = trip.row;
        let (is_member, is_admin) = (row.standing.is_member.0, row.standing.is_admin.0);
        self.admit(call, access, digests, Some(row.caller))?;
        let is_operator = call.authority.principal().is_operator();
        call.is_organization_admin = is_operator || is_admin;
        let organization = row
            .organization
            .filter(|_| is_operator || is_member)
            .ok_or_else(|| projects::organization_not_found(&name))?;
        let is_to_join = row.standing.is_to_join.0;
        self.note_joining(&call.authority, is_to_join, &organization.organization_id);
        let needs_admin = match access {
            Access::OrganizationMember => false,
            Access::OrganizationAdminOrOneself => !is_about_oneself(call),
            _ => true,
        };
        if needs_admin && !call.is_organization_admin {
            return Err(projects::lacks(&call.authority));
        }
        Ok(OnOrganization::new(organization))
    }

    pub(super) async fn authorise_on_project(
        &self,
        call: &mut Context<'_>,
        access: Access,
    ) -> Result<OnProject, Error> {
        let token = self.token(call.request, access)?;
        let (project, _) = self.project_and_target(call, access, token, None).await?;
        Ok(OnProject::new(project))
    }

    pub(super) async fn authorise_on_target(
        &self,
        call: &mut Context<'_>,
        access: Access,
        kind: TargetKind,
    ) -> Result<OnTarget, Error> {
        if matches!(access, Access::Service(_)) {
            return self.authorise_on_service(call, access).await;
        }
        let token = self.token(call.request, access)?;
        call.read_body_first().await?;
        if matches!(access, Access::Model(_)) {
            requests::openai::read_model(call)?;
        }
        let name = call.parameter(kind.parameter()).to_owned();
        let wanted = Some((kind, name.as_str()));
        let (project, id) = self.project_and_target(call, access, token, wanted).await?;
        let id = id.ok_or_else(|| kind.not_found(&name))?;
        Ok(OnTarget::new(project, Target { kind, id, name }))
    }

    /// The project in the path and the id of the wanted target in it, once the caller may do on them what the route
    /// asks.
    async fn project_and_target(
        &self,
        call: &mut Context<'_>,
        access: Access,
        token: Option<RecognisedToken>,
        wanted: Option<(TargetKind, &str)>,
    ) -> Result<(Project, Option<TargetId>), Error> {
        let digests = token.as_ref().map(|token| &token.digests);
        let name = call.parameter("project_name").to_owned();
        let permission = access.permission();
        let limit = call.per_minute;
        let asked = project::Asked {
            digests,
            origin: self.origin.as_deref(),
            project: &name,
            target: wanted,
            permission,
            shown_at: access.shows_project().then_some(call.now),
            minute: limit.map(|_| minute_of(call.now)),
        };
        let trip = project::ask(&self.connection, &asked, call.rider()?).await?;
        call.ridden = trip.ridden;
        let row = trip.row;
        let listed = row.listed;
        self.progress.borrow_mut().listed = Some(listed);
        let has_part = row.standing.has_part.0;
        let is_admin = row.standing.is_admin.0;
        let holds = row.standing.holds_permission.0;
        self.admit(call, access, digests, Some(row.caller))?;
        self.rate.set(limit.map(|limit| Rate {
            limit,
            made: row.made,
            reset: to_next_minute(call.now),
        }));
        let principal = call.authority.principal();
        let is_operator = principal.is_operator();
        let project = row
            .project
            .filter(|_| is_operator || has_part)
            .ok_or_else(|| projects::not_found(&name))?;
        self.refuse_foreign_origin(call.request, listed)?;
        let is_to_join = row.standing.is_to_join.0;
        self.note_joining(&call.authority, is_to_join, &project.organization_id);
        call.is_organization_admin = is_operator || is_admin;
        let suits = permission.is_none_or(|permission| {
            !principal.is_service_user() || permission.suits_service_users()
        });
        if permission.is_some() && !(is_operator || (holds && suits)) {
            return Err(projects::lacks(&call.authority));
        }
        if matches!(access, Access::PersonOfProject(_)) && principal.is_service_user() {
            return Err(Error::forbidden("no service user may do this"));
        }
        let needs_admin = match access {
            Access::ProjectAdminOrOneself => !is_about_oneself(call),
            Access::ProjectPart => false,
            _ => permission.is_none(),
        };
        if needs_admin && !call.is_organization_admin {
            return Err(projects::lacks(&call.authority));
        }
        Ok((project, row.standing.object_id))
    }

    /// Takes away the record of a request that was admitted, or may have been, by a first trip that came to nothing all
    /// the same: its outcome is unknown, or the caller's time ran out on the way. It was sent nowhere (contract section 5.4).
    pub(super) fn withdraw(&self, call: &mut Context<'_>, error: &Error) {
        let is_unknown = *error.kind() == Kind::OutcomeUnknown;
        let may_be_there = call.takes_body_first && (is_unknown || call.ridden.is_some());
        let withdrawal = match call.path.starts_with("/services/") {
            true => requests::service::withdrawal(call),
            false => requests::withdrawal(call),
        };
        if let (true, Ok(statements)) = (may_be_there, withdrawal) {
            self.work.push(settle::repeated(
                &self.connection,
                self.platform,
                statements,
            ));
        }
    }

    /// Makes the caller known to the call, or refuses a token that is unknown or has ended.
    pub(super) fn admit(
        &self,
        call: &mut Context<'_>,
        access: Access,
        digests: Option<&Digests>,
        row: Option<HolderRow>,
    ) -> Result<(), Error> {
        let shows_session = self.progress.borrow().shows_session;
        let invalid = || {
            Error::unauthenticated(match shows_session {
                true => credential::ENDED,
                false => credential::INVALID,
            })
        };
        let (principal, credential, session_since) = match (digests, row) {
            (None, _) => (Principal::Operator, None, None),
            (Some(digests), Some(row)) => {
                let caller = row.caller(self.platform.clock.now())?.ok_or_else(invalid)?;
                self.note_use(&caller, digests);
                let token = caller.token;
                (
                    caller.principal,
                    Some(CredentialId::Token(token.id)),
                    token.session_since,
                )
            }
            (Some(_), None) => return Err(invalid()),
        };
        let label = principal.id().map_or("operator", AnyId::as_str).to_owned();
        self.progress.borrow_mut().principal = Some(label);
        call.authority =
            Authority::granted(principal, credential, access).in_session(session_since);
        Ok(())
    }

    /// That the caller has joined the organization is to be written when the answer is out, once: a person by their
    /// first call on it, or on one of its projects in which they have a part (contract section 2).
    pub(super) fn note_joining(
        &self,
        authority: &Authority,
        is_to_join: bool,
        organization_id: &OrganizationId,
    ) {
        if let (true, Principal::User(user)) = (is_to_join, authority.principal()) {
            let mut progress = self.progress.borrow_mut();
            let join = organization_users::join(organization_id, &user.id, self.now);
            progress.afterwards.extend(join);
        }
    }

    /// What is to be written about the token when the answer is out.
    fn note_use(&self, caller: &Caller, digests: &Digests) {
        let mut progress = self.progress.borrow_mut();
        let due = caller
            .token
            .last_used
            .is_none_or(|last_used| last_used.plus_millis(tokens::LAST_USED_INTERVAL) <= self.now);
        if due {
            progress
                .afterwards
                .extend(tokens::touch(&caller.token.id, self.now));
        }
        if caller.token.key_id != *digests.current.key_id() {
            progress
                .afterwards
                .extend(tokens::redigest(&caller.token.id, &digests.current));
        }
    }
}

/// Whether the person in the path is the caller.
fn is_about_oneself(call: &Context<'_>) -> bool {
    match call.authority.principal() {
        Principal::User(user) => call.id("user_id") == user.id,
        _ => false,
    }
}
