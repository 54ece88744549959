//! Sessions of people, the links that open them, and a person's own token (contract section 8).
//!
//! A session is a row of `tokens` with a `session_method`: the first round trip finds it as it finds a token, by a digest
//! that is made for another purpose, and the permits of writes ask for it in the same words. `grace_end` is its end. So
//! whatever holds of revoked tokens holds of ended sessions.

use serde_json::{Value, json};

use crate::domain::time::Timestamp;
use crate::domain::{AnyId, Digests, OrganizationId, SignInLinkId, TokenId, UserId};
use crate::error::Error;
use crate::sql::rules;
use crate::sql::statement::Parameters;
use crate::store::audit::{Action, Change, ChangeContext, permit, permitted};
use crate::store::connection::Connection;
use crate::store::first_trip::who::digests;
use crate::store::projects;
use crate::store::rights::{caller_lives, caller_still};
use crate::store::rows::{Flag, Millis, row};
use crate::store::texts::statements;
use crate::store::tokens::FreshToken;

/// How many sessions a person has at most; the next one ends the oldest.
pub const MAX_SESSIONS: i64 = 50;

row! {
    /// A session.
    #[derive(Debug, Clone)]
    pub struct Session {
        /// Its id.
        pub id: TokenId,
        /// How the person signed in: `token` or `link`.
        pub session_method: String,
        /// When.
        pub creation_date: Millis,
        /// When it ends.
        pub grace_end: Millis,
        /// When it was last used; written at most once a minute.
        pub last_used: Option<Millis>,
        /// What the browser called itself.
        pub session_user_agent: String,
    }
}

row! {
    /// An organization that a person is a member of.
    #[derive(Debug, Clone)]
    pub struct Membership {
        /// Its name.
        pub name: String,
        /// Whether they are an admin of it.
        pub administers: Flag,
    }
}

row! {
    /// A sign-in link that can still be used, and whom it is for.
    #[derive(Debug, Clone)]
    pub struct Link {
        /// Its id.
        pub link_id: SignInLinkId,
        /// When it ends.
        pub expires_at: Millis,
        /// The person's id.
        pub user_id: UserId,
        /// Their e-mail address.
        pub email: String,
        /// Their first name.
        pub name: Option<String>,
        /// Their family name.
        pub surname: Option<String>,
    }
}

macro_rules! session_columns {
    () => {
        "id, session_method, creation_date, grace_end, last_used, session_user_agent"
    };
}

/// Whether `sign_in_links l` opens a session. That of an organization's admin, who may open it themselves, does so while they are admin
/// and it is for somebody who has no account, is a member there, and of no other organization.
macro_rules! link_opens {
    () => {
        "l.expires_at > #now AND (l.organization_id IS NULL OR (
           EXISTS (SELECT 1 FROM users WHERE id = l.user_id AND status = 'pending')
           AND EXISTS (SELECT 1 FROM tokens t JOIN organization_users m ON m.user_id = t.user_id
                       WHERE t.id = l.session_id AND m.organization_id = l.organization_id AND m.admin = 1)
           AND EXISTS (SELECT 1 FROM organization_users WHERE user_id = l.user_id AND organization_id = l.organization_id)
           AND NOT EXISTS (SELECT 1 FROM organization_users
                           WHERE user_id = l.user_id AND organization_id <> l.organization_id)))"
    };
}

/// Whether the token, or the link, that was shown for a session still opens one.
macro_rules! way_in_is_open {
    () => {
        concat!(
            "(EXISTS (SELECT 1 FROM tokens WHERE id = :token_id)
              OR EXISTS (SELECT 1 FROM sign_in_links l WHERE l.id = :link_id AND ",
            link_opens!(),
            "))"
        )
    };
}

/// Whether the person has the session that is to end; where none is named, all are.
macro_rules! session_exists {
    () => {
        "(:session IS NULL OR EXISTS (SELECT 1 FROM tokens
          WHERE id = :session AND user_id = :user_id AND session_method IS NOT NULL AND grace_end > #now))"
    };
}

macro_rules! user_exists {
    () => {
        "EXISTS (SELECT 1 FROM users WHERE id = :user_id)"
    };
}

/// Whether there is the person: to an admin, as a member of their organization.
macro_rules! user_is_theirs {
    () => {
        concat!(
            user_exists!(),
            " AND (#by_admin = 0 OR EXISTS (SELECT 1 FROM organization_users
              WHERE organization_id = :organization_id AND user_id = :user_id))"
        )
    };
}

macro_rules! has_own_token {
    () => {
        "EXISTS (SELECT 1 FROM tokens WHERE user_id = :principal_id AND session_method IS NULL)"
    };
}

/// Whether the person may replace their token: signed in a moment ago, or without one so far.
macro_rules! may_replace {
    () => {
        concat!("(#fresh = 1 OR NOT ", has_own_token!(), ")")
    };
}

/// Whether the caller is the operator, the person themselves, or where `#by_admin` says so an admin of the organization.
macro_rules! may_make_link {
    () => {
        caller_still!(
            "(:principal_id = :user_id OR (#by_admin = 1
              AND EXISTS (SELECT 1 FROM organization_users WHERE organization_id = :organization_id
                          AND user_id = :principal_id AND admin = 1)))"
        )
    };
}

/// Whether an admin makes links for the person, where one does: they have no account yet, no link from the operator, and
/// this organization alone.
macro_rules! is_for_admin {
    () => {
        "(#by_admin = 0 OR (EXISTS (SELECT 1 FROM users WHERE id = :user_id AND status = 'pending')
          AND NOT EXISTS (SELECT 1 FROM sign_in_links
                          WHERE user_id = :user_id AND organization_id IS NULL AND expires_at > #now)
          AND NOT EXISTS (SELECT 1 FROM organization_users
                          WHERE user_id = :user_id AND organization_id <> :organization_id)))"
    };
}

/// Whether the person has a session, or a link that would open one.
macro_rules! has_something_to_end {
    () => {
        "EXISTS (SELECT 1 FROM tokens WHERE user_id = :user_id AND session_method IS NOT NULL
                 UNION ALL SELECT 1 FROM sign_in_links WHERE user_id = :user_id)"
    };
}

statements! {
    /// The permit for a session.
    PERMIT_CREATE = permit!(":new_token_id", "NULL", rules! { way_in_is_open: way_in_is_open!() });
    /// The session.
    INSERT = concat!(
        "INSERT INTO tokens (id, digest, key_id, user_id, grace_end, creation_date, session_method, session_made_from,
                             session_user_agent)
         SELECT :new_token_id, :digest, :key_id, :principal_id, #end, #now, :method, CASE WHEN :link_id IS NULL THEN :token_id
                ELSE (SELECT t.session_made_from FROM sign_in_links l JOIN tokens t ON t.id = l.session_id
                      WHERE l.id = :link_id AND t.user_id = :principal_id) END, :user_agent WHERE ", permitted!());
    /// Who comes by a link has an account from now on.
    ACTIVATE = concat!(
        "UPDATE users SET status = 'active', registration_date = #now
         WHERE id = :principal_id AND status = 'pending' AND ", permitted!());
    /// A link opens one session.
    USE_LINK = concat!("DELETE FROM sign_in_links WHERE id = :link_id AND ", permitted!());
    /// Sessions of theirs that have ended, and those that are too many.
    DELETE_ENDED = concat!(
        "DELETE FROM tokens WHERE user_id = :principal_id AND session_method IS NOT NULL AND id <> :new_token_id
           AND (grace_end <= #now OR id NOT IN (SELECT id FROM tokens WHERE user_id = :principal_id
                AND session_method IS NOT NULL ORDER BY creation_date DESC, id <> :new_token_id LIMIT #most)) AND ",
        permitted!());
    /// The session of this id.
    GET = concat!("SELECT ", session_columns!(), " FROM tokens WHERE id = :id AND session_method IS NOT NULL");
    /// The organizations of a person.
    MEMBERSHIPS = "SELECT n.name, m.admin AS administers FROM organization_users m
                   JOIN organizations n ON n.id = m.organization_id WHERE m.user_id = :user_id ORDER BY m.admin DESC, n.name LIMIT 1000";
    /// The sessions of a person, the newest first.
    LIST = concat!(
        "SELECT ", session_columns!(), " FROM tokens WHERE user_id = :user_id AND session_method IS NOT NULL
           AND grace_end > #now ORDER BY creation_date DESC, id");
    /// Whether there is the person.
    FOUND = concat!("SELECT ", user_exists!(), " AS found");
    /// The permit to end a session, or all of a person.
    PERMIT_END = permit!("coalesce(:session, :user_id)", "NULL", rules! {
        may: caller_still!(":principal_id = :user_id"),
        found: user_exists!(),
        session_found: session_exists!(),
        changes: has_something_to_end!(),
    });
    /// The session, or all of the person.
    END = concat!(
        "DELETE FROM tokens WHERE user_id = :user_id AND session_method IS NOT NULL AND (:session IS NULL OR id = :session)
           AND ", permitted!());
    /// With all of them, a link that would open another.
    END_LINK = concat!("DELETE FROM sign_in_links WHERE user_id = :user_id AND :session IS NULL AND ", permitted!());
    /// The link that has this digest.
    GET_LINK = concat!(
        "SELECT l.id AS link_id, l.expires_at, u.id AS user_id, u.email, u.name, u.surname
                FROM sign_in_links l JOIN users u ON u.id = l.user_id
                WHERE l.digest IN (:digest, :other_digest) AND ", link_opens!());
    /// The permit for a link.
    PERMIT_LINK = permit!(
        name "(SELECT email FROM users WHERE id = :user_id)", ":user_id", "NULL",
        rules! { found: user_is_theirs!(), suits: is_for_admin!(), may: may_make_link!() });
    /// The link, in the place of the one before it.
    PUT_LINK = concat!(
        "INSERT INTO sign_in_links (id, digest, key_id, user_id, session_id, organization_id, creation_date, expires_at)
         SELECT :new_token_id, :digest, :key_id, :user_id, CASE WHEN #operator = 0 THEN :token_id END,
                CASE WHEN #by_admin = 1 AND #operator = 0 THEN :organization_id END, #now, #end
         WHERE ", permitted!(), "
         ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, digest = excluded.digest, key_id = excluded.key_id,
           session_id = excluded.session_id, organization_id = excluded.organization_id, creation_date = excluded.creation_date, expires_at = excluded.expires_at");
    /// The permit to replace one's own token.
    PERMIT_REPLACE = permit!(":principal_id", "NULL", rules! { fresh: may_replace!(), lives: caller_lives!() });
    /// The permit to delete it.
    PERMIT_DELETE_TOKEN = permit!(":principal_id", "NULL", rules! {
        lives: caller_lives!(),
        fresh: "#fresh = 1",
        has_one: has_own_token!(),
    });
    /// This session goes on, whatever token it was made from.
    LET_GO = concat!("UPDATE tokens SET session_made_from = NULL WHERE id = :token_id AND ", permitted!());
    /// The token, and with it the other sessions that were made from it.
    DELETE_TOKEN = concat!(
        "DELETE FROM tokens WHERE user_id = :principal_id AND session_method IS NULL AND ", permitted!());
    /// The new one.
    INSERT_TOKEN = concat!(
        "INSERT INTO tokens (id, digest, key_id, user_id, creation_date)
         SELECT :new_token_id, :digest, :key_id, :principal_id, #now WHERE ", permitted!());
    /// This session goes on with it, if it was made from the one before.
    TAKE_UP = concat!(
        "UPDATE tokens SET session_made_from = :new_token_id
         WHERE id = :token_id AND session_method = 'token' AND ", permitted!());
}

/// The refusal of what needs a session that was made a moment ago.
#[must_use]
pub fn not_fresh() -> Error {
    Error::forbidden("sign in again to do this")
}

/// The refusal of a session that has ended meanwhile.
fn ended() -> Error {
    Error::unauthenticated("the session has ended; sign in again")
}

/// The id and e-mail address of the person who makes a change.
fn caller<'a>(context: &'a ChangeContext<'_>) -> (AnyId<'a>, &'a str) {
    let principal = context.authority.principal();
    (principal.id().unwrap_or_default(), principal.email())
}

/// A change of what a person of this id and e-mail address signs in with.
fn change(
    context: &ChangeContext<'_>,
    object_type: &'static str,
    action: Action,
    user: (AnyId<'_>, &str),
    after: Option<Value>,
) -> Parameters {
    let change = Change {
        action,
        object_type,
        object_id: user.0,
        object_name: user.1,
        organization_id: None,
        project_id: None,
        after,
    };
    change.parameters(context).text("user_id", user.0)
}

/// A session to be made.
pub struct NewSession<'a> {
    /// Its secret.
    pub secret: &'a FreshToken,
    /// How the person signs in.
    pub method: &'static str,
    /// The link, if it is by one; else it is by the token of the [`Authority`](crate::auth::access::Authority).
    pub link_id: Option<&'a SignInLinkId>,
    /// When it ends.
    pub end: Timestamp,
    /// What the browser calls itself.
    pub user_agent: &'a str,
}

/// Signs the caller in; answers the session and their organizations.
///
/// # Errors
/// 401 when the token or link was used up or ended meanwhile; 503 when the database fails.
pub async fn create(
    context: &ChangeContext<'_>,
    new: &NewSession<'_>,
) -> Result<(Session, Vec<Membership>), Error> {
    let user = caller(context);
    let after = json!({ "method": new.method });
    let change = change(context, "session", Action::Create, user, Some(after));
    let statements = new
        .secret
        .parameters(change)
        .text("method", new.method)
        .optional_text("link_id", new.link_id)
        .integer("end", new.end.as_millis())
        .integer("most", MAX_SESSIONS)
        .text("user_agent", new.user_agent)
        .text("id", &new.secret.id)
        .text("user_id", user.0)
        .batch([
            &PERMIT_CREATE,
            &INSERT,
            &ACTIVATE,
            &USE_LINK,
            &DELETE_ENDED,
            &GET,
            &MEMBERSHIPS,
        ]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[("way_in_is_open", &|| {
        Error::unauthenticated("the token or link was used up or has ended; sign in with another")
    })])?;
    Ok((answers.only(&GET)?, answers.all(&MEMBERSHIPS)?))
}

/// A session, and the organizations of its person.
///
/// # Errors
/// 401 when it has ended meanwhile; 503 when the database fails.
pub async fn get(
    connection: &Connection,
    id: &TokenId,
    user_id: &UserId,
) -> Result<(Session, Vec<Membership>), Error> {
    let parameters = Parameters::new().text("id", id).text("user_id", user_id);
    let answers = connection
        .read(parameters.batch([&GET, &MEMBERSHIPS]))
        .await?;
    let session = answers.first(&GET)?.ok_or_else(ended)?;
    Ok((session, answers.all(&MEMBERSHIPS)?))
}

/// The sessions of a person that have not ended, the newest first.
///
/// # Errors
/// 404 when there is no such person; 503 when the database fails.
pub async fn list(
    connection: &Connection,
    user_id: &UserId,
    now: Timestamp,
) -> Result<Vec<Session>, Error> {
    row! {
        struct Found {
            found: Flag,
        }
    }
    let parameters = Parameters::new()
        .text("user_id", user_id)
        .integer("now", now.as_millis());
    let answers = connection.read(parameters.batch([&LIST, &FOUND])).await?;
    let found: Found = answers.only(&FOUND)?;
    if !found.found.0 {
        return Err(super::users::not_found(user_id));
    }
    answers.all(&LIST)
}

/// Ends a session of a person, or all of them, and a sign-in link with these.
///
/// # Errors
/// 401 when the caller's session has ended meanwhile; 404 when there is no such person or session; 503 when the database fails.
pub async fn end(
    context: &ChangeContext<'_>,
    user: (&UserId, &str),
    session: Option<&TokenId>,
) -> Result<(), Error> {
    let (id, email) = user;
    let statements = change(context, "session", Action::Delete, (id.any(), email), None)
        .optional_text("session", session)
        .batch([&PERMIT_END, &END, &END_LINK]);
    context.connection.write(statements).await?.done_or(&[
        ("may", &ended),
        ("found", &|| super::users::not_found(id)),
        ("session_found", &|| {
            Error::not_found("there is no session of this id; it may have ended")
        }),
    ])
}

/// The sign-in link of these digests; nothing when it was used, replaced or has ended.
///
/// # Errors
/// 503 when the database fails.
pub async fn link(
    connection: &Connection,
    of: &Digests,
    now: Timestamp,
) -> Result<Option<Link>, Error> {
    let parameters = digests(Some(of)).integer("now", now.as_millis());
    connection
        .read(parameters.batch([&GET_LINK]))
        .await?
        .first(&GET_LINK)
}

/// A link to be made.
pub struct NewLink<'a> {
    /// Its secret.
    pub secret: &'a FreshToken,
    /// When it ends.
    pub end: Timestamp,
    /// The organization whose admin makes it, if one does.
    pub organization_id: Option<&'a OrganizationId>,
}

/// Makes a sign-in link for a person; the one before it stops at once.
///
/// # Errors
/// 403 when an admin makes it for somebody who has an account or belongs to another organization, too, or for a right lost
/// meanwhile; 401 when the session has ended meanwhile; 404; 503 when the database fails.
pub async fn make_link(
    context: &ChangeContext<'_>,
    user_id: &UserId,
    new: &NewLink<'_>,
) -> Result<(), Error> {
    let change = Change {
        action: Action::Create,
        object_type: "sign_in_link",
        object_id: user_id.any(),
        object_name: "",
        organization_id: new.organization_id,
        project_id: None,
        after: Some(json!({ "expiry_date": new.end.to_offset_string() })),
    };
    let parameters = new.secret.parameters(change.parameters(context));
    let statements = parameters
        .text("user_id", user_id)
        .integer("end", new.end.as_millis())
        .flag("by_admin", new.organization_id.is_some())
        .batch([&PERMIT_LINK, &PUT_LINK]);
    context.connection.write(statements).await?.done_or(&[
        ("found", &|| super::users::not_found(user_id)),
        ("suits", &|| {
            Error::forbidden(
                "only the operator makes a sign-in link for whoever has an account, has one from the operator already, or is in \
                 another organization, too",
            )
        }),
        ("may", &|| match new.organization_id {
            Some(_) => projects::lacks(context.authority),
            None => ended(),
        }),
    ])
}

/// Replaces the caller's own token, or gives them their first. The session that asks goes on; others that were made from the token
/// before end.
///
/// # Errors
/// 403 when it replaces one in a session that is not fresh; 401 when the session has ended meanwhile; 503 when the database fails.
pub async fn replace_token(context: &ChangeContext<'_>, token: &FreshToken) -> Result<(), Error> {
    let user = caller(context);
    let change = change(context, "user_token", Action::Update, user, None);
    let statements = token.parameters(change).batch([
        &PERMIT_REPLACE,
        &LET_GO,
        &DELETE_TOKEN,
        &INSERT_TOKEN,
        &TAKE_UP,
    ]);
    let answers = context.connection.write(statements).await?;
    answers.done_or(&[("fresh", &not_fresh), ("lives", &ended)])
}

/// Deletes the caller's own token. The session that asks goes on; others that were made from it end.
///
/// # Errors
/// 401 when the session has ended meanwhile; 404 when there is none; 503 when the database fails.
pub async fn delete_token(context: &ChangeContext<'_>) -> Result<(), Error> {
    let user = caller(context);
    let statements = change(context, "user_token", Action::Delete, user, None).batch([
        &PERMIT_DELETE_TOKEN,
        &LET_GO,
        &DELETE_TOKEN,
    ]);
    context.connection.write(statements).await?.done_or(&[
        ("lives", &ended),
        ("fresh", &not_fresh),
        ("has_one", &|| {
            Error::not_found("you have no token of your own")
        }),
    ])
}
