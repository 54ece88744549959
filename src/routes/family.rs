//! Families of routes: what is alike in how they are reached. Each route names its family, and nothing else guesses it.

use crate::web::cors::Class;
use crate::web::request::{BODY_LIMIT, REQUEST_BODY_LIMIT};
use crate::web::surface::Surface;

/// How routes are reached.
#[derive(Debug)]
pub struct Family {
    /// How paths are read and how errors look.
    pub surface: Surface,
    /// How they take part in CORS (contract section 4).
    pub cors: Class,
    /// How their callers show who they are.
    pub credentials: Credentials,
    /// The longest body that they take, in bytes.
    pub body_limit: usize,
    /// Whose requests they count by the minute.
    pub rate_limit: RateLimit,
}

/// What is counted by the minute (contract section 5.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    /// Nothing.
    None,
    /// What each caller asks of each project: `REQUESTS_PER_MINUTE`. Calls that create requests take permits, and every
    /// answer tells what is left. A service may say more.
    Requests,
}

/// How callers show who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// They need not.
    None,
    /// By a token, or by a session on a page of this host.
    Token,
    /// By a session alone.
    Session,
    /// By a token, in a header of ModelArts' clients too, or by a signature (ModelArts spec section 2).
    TokenOrSignature,
}

/// What anybody may read.
pub(super) static PUBLIC: Family = Family {
    surface: Surface::Sentences,
    cors: Class::Closed,
    credentials: Credentials::None,
    body_limit: BODY_LIMIT,
    rate_limit: RateLimit::None,
};

/// What is in no project; no page of a project calls it.
pub(super) static OUTSIDE_PROJECTS: Family = Family {
    surface: Surface::Sentences,
    cors: Class::Closed,
    credentials: Credentials::Token,
    body_limit: BODY_LIMIT,
    rate_limit: RateLimit::None,
};

/// How people sign in, and their sessions.
pub(super) static SIGN_IN: Family = Family {
    surface: Surface::Sentences,
    cors: Class::Closed,
    credentials: Credentials::Session,
    body_limit: BODY_LIMIT,
    rate_limit: RateLimit::None,
};

/// A project and what is in it.
pub(super) static IN_PROJECT: Family = Family {
    surface: Surface::Sentences,
    cors: Class::Project,
    credentials: Credentials::Token,
    body_limit: BODY_LIMIT,
    rate_limit: RateLimit::None,
};

/// The request endpoints.
pub(super) static REQUESTS: Family = Family {
    surface: Surface::Sentences,
    cors: Class::Requests,
    credentials: Credentials::Token,
    body_limit: REQUEST_BODY_LIMIT,
    rate_limit: RateLimit::Requests,
};

/// Where upstreams send what they have, signed, and nobody shows a token.
pub(super) static RESULTS: Family = Family {
    surface: Surface::Sentences,
    cors: Class::Closed,
    credentials: Credentials::None,
    body_limit: REQUEST_BODY_LIMIT,
    rate_limit: RateLimit::None,
};

/// The OpenAI-compatible paths.
pub(super) static OPENAI: Family = Family {
    surface: Surface::OpenAi,
    cors: Class::Requests,
    credentials: Credentials::Token,
    body_limit: REQUEST_BODY_LIMIT,
    rate_limit: RateLimit::Requests,
};

/// What services pass through.
pub(super) static SERVICES: Family = Family {
    surface: Surface::Sentences,
    cors: Class::Requests,
    credentials: Credentials::Token,
    body_limit: REQUEST_BODY_LIMIT,
    rate_limit: RateLimit::Requests,
};

/// The ModelArts-compatible surface.
pub(super) static WORKSPACES: Family = Family {
    surface: Surface::ModelArts,
    cors: Class::Closed,
    credentials: Credentials::TokenOrSignature,
    body_limit: BODY_LIMIT,
    rate_limit: RateLimit::None,
};

/// The quotas of a workspace there, whose changes are short (ModelArts spec section 4).
pub(super) static WORKSPACE_QUOTAS: Family = Family {
    surface: Surface::ModelArts,
    cors: Class::Closed,
    credentials: Credentials::TokenOrSignature,
    body_limit: 64 << 10,
    rate_limit: RateLimit::None,
};
