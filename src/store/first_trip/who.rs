//! Who is calling: the holder of a token or of an access key, and the first round trip of a call about nothing else.

use super::{FirstTrip, Rider, ask as ask_first, first_trip};
use crate::auth::principal::{Principal, ServiceUser, User};
use crate::domain::time::Timestamp;
use crate::domain::{Digests, PrincipalId, ProjectId, TokenId, TokenKeyId};
use crate::error::Error;
use crate::sql::statement::Parameters;
use crate::store::connection::Connection;
use crate::store::rows::{Millis, row};
use crate::store::texts::statements;

/// Of `tokens t` and its holder, `users u` or `service_users s`.
macro_rules! holder_columns {
    () => {
        "t.id AS token_id, t.key_id AS token_key_id, t.last_used AS token_last_used, t.grace_end AS token_grace_end,
         coalesce(u.id, s.id) AS principal_id, coalesce(u.email, s.email) AS principal_email,
         coalesce(u.name, s.name) AS principal_name,
         CASE WHEN t.session_method IS NOT NULL THEN t.creation_date END AS session_since,
         s.project_id AS service_user_project_id, s.expiry_date AS service_user_expiry_date"
    };
}
pub(crate) use holder_columns;

macro_rules! token_has_digest {
    () => {
        "t.digest IN (:digest, :other_digest)"
    };
}
pub(crate) use token_has_digest;

/// One row, whether or not there is such a token.
macro_rules! any_token {
    () => {
        concat!(
            "(SELECT 1) LEFT JOIN tokens t ON ",
            $crate::store::first_trip::who::token_has_digest!()
        )
    };
}
pub(crate) use any_token;

/// The holder of `tokens t`: `holder!(the service user's id)`, where that is not the token's alone.
macro_rules! holder {
    () => {
        $crate::store::first_trip::who::holder!("t.service_user_id")
    };
    ($service_user:expr) => {
        concat!(
            " LEFT JOIN users u ON u.id = t.user_id
              LEFT JOIN service_users s ON s.id = ",
            $service_user
        )
    };
}
pub(crate) use holder;

statements! {
    /// Who is calling.
    CALLER = first_trip! {
        who: anybody,
        reads: "u.surname AS principal_surname,
                coalesce(u.registration_date, s.creation_date) AS principal_since",
        joins: ""
    };
}

row! {
    /// Who holds what was shown: a part of a row.
    #[derive(Debug, Default)]
    pub struct HolderRow {
        token_id: Option<TokenId>,
        token_key_id: Option<TokenKeyId>,
        token_last_used: Option<Millis>,
        token_grace_end: Option<Millis>,
        principal_id: Option<PrincipalId>,
        principal_email: Option<String>,
        principal_name: Option<String>,
        principal_surname: Option<String>,
        principal_since: Option<Millis>,
        session_since: Option<Millis>,
        service_user_project_id: Option<ProjectId>,
        service_user_expiry_date: Option<Millis>,
    }
}

/// A caller whose token is good.
#[derive(Debug)]
pub struct Caller {
    /// Who they are.
    pub principal: Principal,
    /// The row of their token.
    pub token: Token,
}

/// The row of a token that is good.
#[derive(Debug)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// The key under which its digest was made.
    pub key_id: TokenKeyId,
    /// When its use was last noted.
    pub last_used: Option<Timestamp>,
    /// When it was made, if it is a session.
    pub session_since: Option<Timestamp>,
}

impl HolderRow {
    /// The caller, unless the token is unknown, or its grace or its service user has run out.
    ///
    /// # Errors
    /// An inconsistency: a token without its holder.
    pub fn caller(mut self, now: Timestamp) -> Result<Option<Caller>, Error> {
        let (Some(id), Some(key_id)) = (self.token_id.take(), self.token_key_id.take()) else {
            return Ok(None);
        };
        let last_used = self.token_last_used.map(|date| date.0);
        let session_since = self.session_since.map(|date| date.0);
        let principal = self.principal(now, &format!("tokens.id = {id}"))?;
        Ok(principal.map(|principal| Caller {
            principal,
            token: Token {
                id,
                key_id,
                last_used,
                session_since,
            },
        }))
    }

    /// Whom the credential stands for, unless its grace or its service user has run out.
    pub(super) fn principal(
        self,
        now: Timestamp,
        credential: &str,
    ) -> Result<Option<Principal>, Error> {
        let ends = [self.token_grace_end, self.service_user_expiry_date];
        if ends.into_iter().flatten().any(|end| end.0 <= now) {
            return Ok(None);
        }
        let (Some(id), Some(email)) = (self.principal_id, self.principal_email) else {
            return Err(Error::inconsistent(format!("{credential} has no holder")));
        };
        let since = self.principal_since.map(|date| date.0);
        let principal = match self.service_user_project_id {
            None => Principal::User(User {
                id: id.of_user(),
                email,
                name: self.principal_name,
                surname: self.principal_surname,
                registration_date: since,
            }),
            Some(project_id) => Principal::ServiceUser(ServiceUser {
                id: id.of_service_user(),
                email,
                name: self.principal_name.unwrap_or_default(),
                project_id,
                creation_date: since,
            }),
        };
        Ok(Some(principal))
    }
}

/// The digests of the token that was shown, for whatever asks who is calling; without any it is the operator.
pub(in crate::store) fn digests(digests: Option<&Digests>) -> Parameters {
    let current = digests.map(|digests| digests.current.as_str());
    let other = digests
        .and_then(|digests| digests.previous.as_ref())
        .map(|digest| digest.as_str());
    Parameters::new()
        .optional_text("digest", current)
        .optional_text("other_digest", other.or(current))
        .flag("by_operator", digests.is_none())
}

/// Who has the token of these digests. What rides along has the digests.
///
/// # Errors
/// 503 when the database fails.
pub async fn ask(
    connection: &Connection,
    of: Option<&Digests>,
    rider: Option<Rider>,
) -> Result<FirstTrip<HolderRow>, Error> {
    ask_first(connection, &CALLER, digests(of), rider)
        .await?
        .only()
}
