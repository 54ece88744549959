//! What a request shows for itself, read from its headers without touching the database.
//!
//! The operator's token is compared before any format rule, in constant time. Everybody else's token carries its own
//! proof (contract section 2), so a forged or malformed one is refused here.

use crate::auth::{cookie, signature};
use crate::domain::token::{Opens, RecognisedToken, constant_time_eq};
use crate::platform::Config;
use crate::web::request::Request;

/// What a request shows.
#[derive(Debug)]
pub enum Credential {
    /// No credential at all.
    Missing,
    /// The operator's token.
    Operator,
    /// A token that this installation has made; whether it is still valid is for the database to say.
    Token(RecognisedToken),
    /// The secret of a session, likewise.
    Session(RecognisedToken),
    /// A credential that cannot be valid, and why.
    Refused(&'static str),
}

/// What to do about a 401.
pub const MISSING: &str =
    "no credential was given; send the header Authorization: Token <your token>";
/// A session that is unknown, has ended or is forged.
pub const ENDED: &str = "the session has ended; sign in again";
const ELSEWHERE: &str = "the cookie of a session counts for calls that a page of this host makes, and a browser says so in \
                         Sec-Fetch-Site; anything else sends the header Authorization: Token <your token>";
/// What to do about a 401 on the ModelArts-compatible surface.
pub const MISSING_ON_MODELARTS: &str = "x-auth-token not found; sign the request with an access key, or send X-Auth-Token: <your token>";
/// A token that is unknown, expired, reset or forged: the caller learns no more.
pub const INVALID: &str = "the token is not valid; it may be mistyped, expired, reset or deleted";
const SPACES: &str = "the token should not contain spaces; send Authorization: Token <your token>";
const SCHEME: &str =
    "the Authorization scheme is not known; send Authorization: Token <your token>";

/// Reads `Authorization`: `Token <t>` or `Bearer <t>` in any case, or the bare token that old clients send
/// (UbiOps spec 1.3). Without it the cookie of a session counts, where the route takes one.
#[must_use]
pub fn read(request: &Request, config: &Config, takes_session: bool) -> Credential {
    match request.header("authorization") {
        Some(value) => judge(value.trim(), config),
        None if takes_session && request.header("x-auth-token").is_none() => {
            read_session(request, config)
        }
        None => Credential::Missing,
    }
}

fn read_session(request: &Request, config: &Config) -> Credential {
    let Some(secret) = cookie::read(request) else {
        return Credential::Missing;
    };
    let Some(host) = cookie::host_of_own_page(request, config) else {
        return Credential::Refused(ELSEWHERE);
    };
    config
        .token_keys
        .recognise(Opens::SessionAt(&host), &secret)
        .map_or(Credential::Refused(ENDED), Credential::Session)
}

/// What a request shows on the ModelArts-compatible surface.
#[derive(Debug)]
pub enum ModelArtsCredential {
    /// A token, or nothing that can be valid.
    Plain(Credential),
    /// A signature, as the header `Authorization` has it.
    Signature(String),
}

const SECURITY_TOKEN: &str = "temporary access keys are not known here; leave the header X-Security-Token out and sign \
                              with an access key of a service user";
const ALGORITHM: &str =
    "verify aksk signature fail; the only algorithm taken here is SDK-HMAC-SHA256";

/// Reads `X-Auth-Token`, a signature, or `Authorization: Token <t>` (ModelArts spec section 2.4). The SDK signs its
/// requests even where it sends a token, so a token comes first, if it is one of ours.
#[must_use]
pub fn read_for_modelarts(request: &Request, config: &Config) -> ModelArtsCredential {
    use ModelArtsCredential::{Plain, Signature};
    if request.header("x-security-token").is_some() {
        return Plain(Credential::Refused(SECURITY_TOKEN));
    }
    let by_token = match request.header("x-auth-token") {
        Some(token) if is_operator(token.trim(), config) => Credential::Operator,
        Some(token) => judge(token.trim(), config),
        None => Credential::Missing,
    };
    if matches!(by_token, Credential::Operator | Credential::Token(_)) {
        return Plain(by_token);
    }
    let authorization = request.header("authorization").unwrap_or_default();
    let authorization = authorization.trim();
    if signature::is_signature(authorization) {
        return Signature(authorization.to_owned());
    }
    if authorization.starts_with("SDK-") || authorization.starts_with("V11-") {
        return Plain(Credential::Refused(ALGORITHM));
    }
    Plain(match judge(authorization, config) {
        Credential::Missing => by_token,
        credential => credential,
    })
}

fn judge(value: &str, config: &Config) -> Credential {
    if value.is_empty() {
        return Credential::Missing;
    }
    let (scheme, token) = match value.split_once(' ') {
        Some((scheme, token)) => (Some(scheme), token.trim()),
        None => (None, value),
    };
    let scheme_is_known = scheme.is_none_or(|scheme| {
        scheme.eq_ignore_ascii_case("token") || scheme.eq_ignore_ascii_case("bearer")
    });
    if scheme_is_known && is_operator(token, config) {
        return Credential::Operator;
    }
    if !scheme_is_known {
        return Credential::Refused(SCHEME);
    }
    if token.contains(' ') {
        return Credential::Refused(SPACES);
    }
    config
        .token_keys
        .recognise(Opens::Calls, token)
        .map_or(Credential::Refused(INVALID), Credential::Token)
}

/// Whether it is the operator's token.
#[must_use]
pub fn is_operator(token: &str, config: &Config) -> bool {
    config
        .operator_token
        .as_ref()
        .is_some_and(|expected| constant_time_eq(expected.as_bytes(), token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::from_settings(|name| {
            Some(match name {
                "TOKEN_KEY" => "key".to_owned(),
                "OPERATOR_TOKEN" => "an operator token of thirty-two and more".to_owned(),
                _ => return None,
            })
        })
        .unwrap()
    }

    fn token() -> String {
        config()
            .token_keys
            .mint(Opens::Calls, [7; 16])
            .reveal()
            .to_owned()
    }

    #[test]
    fn a_token_is_taken_behind_either_scheme_or_bare() {
        let token = token();
        for value in [
            format!("Token {token}"),
            format!("token   {token}"),
            format!("BEARER {token}"),
            token.clone(),
        ] {
            assert!(
                matches!(judge(&value, &config()), Credential::Token(_)),
                "{value}"
            );
        }
    }

    #[test]
    fn a_forged_or_malformed_token_is_refused_here() {
        let token = token();
        let forged = format!("{}0", token.get(..39).unwrap());
        let forged = if forged == token {
            format!("{}1", token.get(..39).unwrap())
        } else {
            forged
        };
        for value in [
            forged.as_str(),
            "x",
            "Token",
            &token.to_uppercase(),
            "Token \u{0}",
        ] {
            assert!(
                matches!(judge(value, &config()), Credential::Refused(_)),
                "{value}"
            );
        }
    }

    #[test]
    fn a_doubled_scheme_is_told_that_a_token_has_no_spaces() {
        let Credential::Refused(sentence) = judge(&format!("Token Token {}", token()), &config())
        else {
            panic!("taken");
        };
        assert!(sentence.contains("should not contain spaces"));
    }

    #[test]
    fn the_operator_is_known_whatever_their_token_looks_like() {
        let value = "Token an operator token of thirty-two and more";
        assert!(matches!(judge(value, &config()), Credential::Operator));
    }

    #[test]
    fn a_short_operator_token_disables_the_operator() {
        let config = Config::from_settings(|name| match name {
            "TOKEN_KEY" | "OPERATOR_TOKEN" => Some("short".to_owned()),
            _ => None,
        })
        .unwrap();
        assert!(matches!(
            judge("Token short", &config),
            Credential::Refused(_)
        ));
    }
}
