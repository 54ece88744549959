//! How people sign in on a page.

use super::{Route, routes};
use crate::api;

pub(super) static TABLE: &[Route] = routes! {
    family SIGN_IN;
    "/session/methods" {
        GET session_methods, Public, "List the ways to sign in"
            => api::sessions::methods, gives 200 api::sessions::SignInMethods;
    }
    "/session" {
        POST session_create, Public, "Sign in"
            => api::sessions::create, takes api::sessions::SessionCreate, gives 201 api::sessions::SessionDetail;
        GET session_get, Session, "Read who is signed in"
            => api::sessions::get, gives 200 api::sessions::SessionDetail;
        DELETE session_delete, Session, "Sign out"
            => api::sessions::delete, query [EVERYWHERE], gives 204 Nothing;
    }
    "/session/list" {
        GET session_list, Session, "List one's own sessions"
            => api::sessions::list, gives 200 Vec<api::sessions::SessionList>;
    }
    "/session/list/{session_id}" {
        DELETE session_list_delete, Session, "End a session of one's own"
            => api::sessions::delete_other, gives 204 Nothing;
    }
    "/session/link" {
        POST session_link_create, Session, "Create a link to sign in on another device"
            => api::sessions::create_link, gives 201 api::sessions::SignInLink;
    }
    "/session/link/preview" {
        POST session_link_preview, Public, "Read whom a sign-in link is for, without using it"
            => api::sessions::preview, takes api::sessions::SignInLinkShown,
               gives 200 api::sessions::SignInLinkPreview;
    }
    "/session/token" {
        PUT session_token_put, Session, "Create or replace one's own API token"
            => api::sessions::replace_token, gives 200 api::operator::users::UserToken;
        DELETE session_token_delete, Session, "Delete one's own API token"
            => api::sessions::delete_token, gives 204 Nothing;
    }
};
