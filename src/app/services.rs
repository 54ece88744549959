//! Steps 3 and 4 of an exchange that passes through a service: who is calling, where that is asked for.

use super::Exchange;
use crate::api::{Context, OnTarget, requests};
use crate::auth::access::Access;
use crate::auth::credential::{self, Credential};
use crate::domain::service_call::service_of_host;
use crate::domain::{ServiceId, TargetKind};
use crate::error::Error;
use crate::platform::Config;
use crate::store::projects;
use crate::store::service_admissions::{self, ANONYMOUS, CallerAndService, ServiceTerms, Shown};
use crate::store::targets::Target;
use crate::web::request::Request;

/// Where a service has a host of its own, every path there is the service's: what the call asks for is what it would ask for
/// below `/services`.
pub(super) fn by_host(request: &mut Request, config: &Config) {
    let Some(domain) = config.upstream_rules.services_domain() else {
        return;
    };
    let host = request.header("host").unwrap_or_default();
    if let Some(id) = service_of_host(&host, domain) {
        request.target = format!("/services/{id}{}", request.target);
    }
}

impl Exchange<'_> {
    pub(super) async fn authorise_on_service(
        &self,
        call: &mut Context<'_>,
        access: Access,
    ) -> Result<OnTarget, Error> {
        let credential = credential::read(call.request, self.config, false);
        let shown = match &credential {
            Credential::Refused(why) => return Err(Error::unauthenticated(*why)),
            Credential::Missing | Credential::Session(_) => Shown::Nothing,
            Credential::Operator => Shown::Operator,
            Credential::Token(token) => Shown::Token(&token.digests),
        };
        let is_anonymous = matches!(shown, Shown::Nothing);
        self.progress.borrow_mut().shows_token = !is_anonymous;
        if is_anonymous && !self.shield_allows(call.request).await {
            return Err(Error::shielded());
        }
        call.is_anonymous = is_anonymous;
        requests::service::take_body(call).await?;
        let (rider, refusal) = match call.rider() {
            Ok(rider) => (rider, None),
            // Who shows no token where one is asked for hears that first.
            Err(refusal) if is_anonymous => (None, Some(refusal)),
            Err(refusal) => return Err(refusal),
        };
        let id: ServiceId = call.id("service_id");
        let origin = self.origin.as_deref();
        let trip = service_admissions::ask(&self.connection, shown, &id, origin, rider).await?;
        call.ridden = trip.ridden;
        let CallerAndService { caller: row, terms } = trip.row;
        let listed = row.listed;
        self.progress.borrow_mut().listed = Some(listed);
        let is_operator = matches!(shown, Shown::Operator);
        let standing = row.standing;
        if is_anonymous {
            // Whether there is such a service is for nobody who shows no token.
            if !terms.is_open.unwrap_or_default().0 {
                return Err(Error::unauthenticated(credential::MISSING));
            }
            self.progress.borrow_mut().principal = Some(ANONYMOUS.to_owned());
            if let Some(refusal) = refusal {
                return Err(refusal);
            }
        } else {
            let digests = match shown {
                Shown::Token(digests) => Some(digests),
                _ => None,
            };
            self.admit(call, access, digests, Some(row.caller))?;
        }
        let may_see = is_operator || is_anonymous || standing.has_part.0;
        let may_call = is_operator || is_anonymous || standing.holds_permission.0;
        // What the service says is for those who may call it.
        let unknown = ServiceTerms::default();
        let told = if may_see && may_call {
            &terms
        } else {
            &unknown
        };
        self.rate.set(requests::service::rate(call, told)?);
        let project = row.project.filter(|_| may_see);
        let (Some(project), Some(object_id)) = (project, standing.object_id) else {
            return Err(service_admissions::not_found(&id));
        };
        self.refuse_foreign_origin(call.request, listed)?;
        self.note_joining(
            &call.authority,
            standing.is_to_join.0,
            &project.organization_id,
        );
        if !may_call {
            return Err(projects::lacks(&call.authority));
        }
        let target = Target {
            kind: TargetKind::Deployment,
            id: object_id,
            name: terms.deployment.clone().unwrap_or_default(),
        };
        call.terms = Some(terms);
        Ok(OnTarget::new(project, target))
    }
}
