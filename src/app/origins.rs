//! Origins: preflights, the origin that may read an answer, and calls from a page that is not the caller's (contract
//! section 4).
//!
//! Both look for the origin before anybody is known, which the shield allows so often from one address (contract section
//! 5.10).

use super::{Exchange, Progress};
use crate::domain::ServiceId;
use crate::error::Error;
use crate::routes::Found;
use crate::store::first_trip::origin;
use crate::store::service_admissions;
use crate::web::cors::{self, Class, Listed};
use crate::web::request::Request;
use crate::web::response::Response;

/// Whose lists of origins count.
enum Place<'a> {
    /// Those of the project of this name.
    Project(&'a str),
    /// Those of the project of the service of this id.
    Service(&'a str),
}

impl<'a> Place<'a> {
    fn of(project: Option<&'a str>, service: Option<&'a str>) -> Option<Self> {
        let service = service.map(Self::Service);
        project.map(Self::Project).or(service)
    }
}

impl Exchange<'_> {
    async fn listed_in(&self, place: Place<'_>, shown: &str) -> Result<Listed, Error> {
        match place {
            Place::Project(name) => origin::in_project(&self.connection, name, shown).await,
            Place::Service(id) => {
                let id = ServiceId::named(id);
                service_admissions::listed(&self.connection, &id, shown).await
            }
        }
    }

    /// Counts a look-up for somebody who shows no token; whether it is still allowed.
    pub(super) async fn shield_allows(&self, request: &Request) -> bool {
        let address = request.header("cf-connecting-ip").unwrap_or_default();
        self.platform.shield.allows(&address).await
    }

    /// Answers OPTIONS: without a credential, and whatever exists (contract section 4).
    pub(super) async fn preflight(
        &self,
        request: &Request,
        found: Option<&Found>,
    ) -> Result<Response, Error> {
        let mut response = Response::no_content();
        let Some(found) = found else {
            response.header("allow", "OPTIONS");
            return Ok(response);
        };
        let methods = found.methods();
        response.header("allow", found.methods());
        let place = Place::of(
            found.parameter("project_name"),
            found.parameter("service_id"),
        );
        let listed = match (&self.origin, place) {
            (Some(shown), Some(place)) if self.shield_allows(request).await => {
                self.listed_in(place, shown).await
            }
            _ => Ok(Listed::default()),
        };
        // A database that fails allows no origin, and the log says why; the answer stays a 204.
        let listed = listed.unwrap_or_else(|error| {
            self.progress.borrow_mut().error = Some(error);
            Listed::default()
        });
        let allowed = found.class.allows_anybody(listed);
        let origin = self.origin.as_deref().filter(|_| allowed);
        let asked = origin.and_then(|_| request.header("access-control-request-headers"));
        cors::answer_preflight(
            &mut response,
            found.class,
            origin,
            &methods,
            asked.as_deref(),
        );
        Ok(response)
    }

    /// On request endpoints, a call that a browser marks as another site's, from an origin that is not the caller's, is
    /// refused before anything runs. A server that happens to send `Origin` is not (contract section 4).
    pub(super) fn refuse_foreign_origin(
        &self,
        request: &Request,
        listed: Listed,
    ) -> Result<(), Error> {
        let is_marked = self.origin.is_some()
            && self.progress.borrow().is_request_endpoint
            && cors::is_of_another_site(request);
        if is_marked && !Class::Requests.allows_caller(listed) {
            return Err(Error::forbidden(
                "this origin is in neither the project's cors_origins nor your allowed_cors_origins",
            ));
        }
        Ok(())
    }

    /// Where the failure of a call came before the first round trip, its origin still costs one: the app must be able
    /// to read its 401.
    ///
    /// # Errors
    /// 429 where the shield does not allow it to somebody who shows no token.
    pub(super) async fn look_for_origin(&self, request: &Request) -> Result<(), Error> {
        let (class, project, service, listed, shows_token) = {
            let progress = self.progress.borrow();
            (
                progress.class,
                progress.project.clone(),
                progress.service.clone(),
                progress.listed,
                progress.shows_token,
            )
        };
        let place = Place::of(project.as_deref(), service.as_deref());
        if let (Some(shown), Some(place), None) = (&self.origin, place, listed)
            && class.is_some_and(|class| class != Class::Closed)
        {
            if !shows_token && !self.shield_allows(request).await {
                return Err(Error::shielded());
            }
            let listed = self.listed_in(place, shown).await;
            self.progress.borrow_mut().listed = listed.ok();
        }
        Ok(())
    }

    /// Gives an answer, an error as well as a success, its CORS headers.
    pub(super) fn answer_origin(&self, response: &mut Response, progress: &Progress) {
        let Some(class) = progress.class else {
            return;
        };
        let listed = progress.listed.unwrap_or_default();
        let allowed = match progress.principal {
            Some(_) => class.allows_caller(listed),
            None => class.allows_anybody(listed),
        };
        let origin = self.origin.as_deref().filter(|_| allowed);
        cors::answer_call(response, class, origin);
    }
}
