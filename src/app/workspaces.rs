//! Who is calling on the ModelArts-compatible surface, and whether they may: steps 3 and 4 of an exchange there.
//!
//! A signed request is read whole before anything else, since its body is signed; what was checked is what the handler
//! gets. The access key is looked up together with everything else in the first round trip, and the signature is
//! compared with the secret that is derived from it. Then the rows of the decision table (ModelArts spec section 4):
//! credential, project, workspace, permission, in this order.

use super::Exchange;
use crate::api::{Context, OnProject, OnWorkspace};
use crate::auth::access::{Access, Authority, CredentialId};
use crate::auth::credential::{self, Credential, ModelArtsCredential};
use crate::auth::principal::Principal;
use crate::auth::signature::{self, Signature, Signed};
use crate::domain::{AccessKeyId, ProjectId, Purpose, RecognisedToken, WorkspaceId};
use crate::error::Error;
use crate::store::first_trip::who::HolderRow;
use crate::store::first_trip::workspace::{self, Asked, KnownKey, WorkspaceStanding};
use crate::store::projects::Project;
use crate::store::workspaces::{self, Workspace};
use crate::web::body;
use crate::web::request::{BODY_LIMIT, ReadBody, Request};

/// The one answer to a signature that is well formed and not right, so that nobody learns which access keys exist.
const NOT_SIGNED: &str = "verify aksk signature fail; the access key is unknown or has ended, or the request was not \
                          signed with its secret; an endpoint with capital letters cannot be verified, write it in \
                          lower case";

/// What the caller shows.
enum Shown {
    Operator,
    Token(RecognisedToken),
    Signature(Signature, AccessKeyId),
}

impl Exchange<'_> {
    pub(super) async fn authorise_on_workspaces(
        &self,
        call: &mut Context<'_>,
        access: Access,
    ) -> Result<OnProject, Error> {
        let (project, _, standing) = self.project_and_workspace(call, access, None).await?;
        refuse_without(standing.holds_permission.0, call)?;
        Ok(OnProject::new(project))
    }

    pub(super) async fn authorise_on_workspace(
        &self,
        call: &mut Context<'_>,
        access: Access,
    ) -> Result<OnWorkspace, Error> {
        let id: WorkspaceId = call.id("workspace_id");
        let wanted = Some(&id);
        let (project, workspace, standing) =
            self.project_and_workspace(call, access, wanted).await?;
        let workspace =
            workspace.ok_or_else(|| workspaces::not_found(call.parameter("workspace_id")))?;
        refuse_without(standing.holds_permission.0 && standing.is_open.0, call)?;
        Ok(OnWorkspace::new(project, workspace))
    }

    /// The project in the path, in which the caller has a part, and the wanted workspace in it.
    async fn project_and_workspace(
        &self,
        call: &mut Context<'_>,
        access: Access,
        workspace_id: Option<&WorkspaceId>,
    ) -> Result<(Project, Option<Workspace>, WorkspaceStanding), Error> {
        let shown = self.shown(call.request).await?;
        let project_id: ProjectId = call.id("project_id");
        let asked = Asked {
            digests: match &shown {
                Shown::Token(token) => Some(&token.digests),
                _ => None,
            },
            access_key: match &shown {
                Shown::Signature(_, access_key) => Some(access_key),
                _ => None,
            },
            project_id: &project_id,
            workspace_id,
            permission: access.permission(),
        };
        let trip = workspace::ask(&self.connection, &asked, call.rider()?).await?;
        call.ridden = trip.ridden;
        let row = trip.row;
        self.admit_shown(call, access, &shown, row.caller, row.access_key)?;
        let has_part = row.standing.has_part.0 || call.authority.principal().is_operator();
        let named = call.request.header("x-project-id");
        let named = named.is_none_or(|named| same_project(&named, call.parameter("project_id")));
        let project = row
            .project
            .filter(|_| has_part && named)
            .ok_or_else(workspaces::foreign_project)?;
        let is_to_join = row.standing.is_to_join.0;
        self.note_joining(&call.authority, is_to_join, &project.organization_id);
        Ok((project, row.workspace, row.standing))
    }

    /// Step 3: what the headers show. What cannot be valid ends here, without a look at the database.
    async fn shown(&self, request: &mut Request) -> Result<Shown, Error> {
        let authorization = match credential::read_for_modelarts(request, self.config) {
            ModelArtsCredential::Signature(authorization) => authorization,
            ModelArtsCredential::Plain(Credential::Operator) => return Ok(Shown::Operator),
            ModelArtsCredential::Plain(Credential::Token(token)) => return Ok(Shown::Token(token)),
            ModelArtsCredential::Plain(Credential::Refused(why)) => {
                return Err(Error::unauthenticated(why));
            }
            ModelArtsCredential::Plain(Credential::Missing | Credential::Session(_)) => {
                return Err(Error::unauthenticated(credential::MISSING_ON_MODELARTS));
            }
        };
        let body = body::read(request, BODY_LIMIT);
        let body = body::in_time(self.platform.clock.as_ref(), body).await?;
        let signed = Signed {
            method: request.method.as_str(),
            path: request.path(),
            query: request.query(),
            header: &|name| request.header(name),
            body: &body,
        };
        let signature =
            signature::read(&authorization, &signed, self.now).map_err(Error::unauthenticated)?;
        let access_key = AccessKeyId::parse(&signature.access_key)
            .map_err(|_| Error::unauthenticated(NOT_SIGNED))?;
        request.body = Box::new(ReadBody(body));
        Ok(Shown::Signature(signature, access_key))
    }

    /// Makes the caller known to the call, or refuses a credential that is unknown, wrong or has ended.
    fn admit_shown(
        &self,
        call: &mut Context<'_>,
        access: Access,
        shown: &Shown,
        caller: HolderRow,
        key: Option<KnownKey>,
    ) -> Result<(), Error> {
        let signature = match shown {
            Shown::Operator => return self.admit(call, access, None, None),
            Shown::Token(token) => {
                return self.admit(call, access, Some(&token.digests), Some(caller));
            }
            Shown::Signature(signature, _) => signature,
        };
        let not_signed = || Error::unauthenticated(NOT_SIGNED);
        let secrets = self.config.signing_keys.as_ref();
        let secrets =
            secrets.ok_or_else(|| Error::misconfigured("the secret SIGNING_KEY is not set"))?;
        let key = key.ok_or_else(not_signed)?;
        let signed = secrets
            .candidates(
                Purpose::AccessKey,
                key.access_key.as_str(),
                key.access_key_generation,
            )
            .any(|secret| signature.is_by(&secret));
        // The signed body may have been long on its way: what holds now decides.
        let holder = caller.key_holder(self.platform.clock.now())?;
        let principal: Principal = holder.filter(|_| signed).ok_or_else(not_signed)?;
        self.progress.borrow_mut().principal = principal.id().map(|id| id.as_str().to_owned());
        let credential = Some(CredentialId::AccessKey(key.access_key));
        call.authority = Authority::granted(principal, credential, access);
        Ok(())
    }
}

/// Refuses a caller who lacks what the route asks; the operator lacks nothing.
fn refuse_without(right: bool, call: &Context<'_>) -> Result<(), Error> {
    if right || call.authority.principal().is_operator() {
        return Ok(());
    }
    Err(workspaces::lacks(&call.authority))
}

/// Whether the header `X-Project-Id` names the project in the path, with or without dashes.
fn same_project(named: &str, in_path: &str) -> bool {
    match (ProjectId::parse(named), ProjectId::parse(in_path)) {
        (Ok(named), Ok(in_path)) => named == in_path,
        _ => named == in_path,
    }
}
