//! The settings of an installation.

use crate::domain::{Origin, SigningKey, SigningKeys, TokenKey, TokenKeys, UpstreamRules};

/// What the operator of the installation has set.
pub struct Config {
    /// The secret `OPERATOR_TOKEN`; none disables the operator.
    pub operator_token: Option<String>,
    /// `TOKEN_KEY` and `TOKEN_KEY_PREVIOUS`.
    pub token_keys: TokenKeys,
    /// `SIGNING_KEY` and `SIGNING_KEY_PREVIOUS`; without them there are no access keys.
    pub signing_keys: Option<SigningKeys>,
    /// The domain of the e-mail addresses that service users are given.
    pub service_user_domain: String,
    /// Whether answers carry `Server-Timing`.
    pub server_timing: bool,
    /// `REQUESTS_PER_MINUTE`: how many requests a caller may make a minute in a project; none is no limit.
    pub requests_per_minute: Option<i64>,
    /// Where requests may be sent: `UPSTREAM_PORTS`, `UPSTREAM_ALLOWED_HOSTS`, `ALLOW_LOOPBACK_UPSTREAMS`, and the hosts
    /// that are our own, `PUBLIC_HOSTS`, `SERVICES_DOMAIN` and that of `CONSOLE_ORIGIN`.
    pub upstream_rules: UpstreamRules,
    /// `CONSOLE_ORIGIN`: where people sign in; none is any host that is called.
    pub console_origin: Option<Origin>,
    /// `SESSION_HOURS`: how long a session lasts.
    pub session_hours: i64,
    /// `ADMIN_SIGN_IN_LINKS`: whether admins of organizations make sign-in links for whom they invite.
    pub admin_sign_in_links: bool,
    /// `REQUIRE_PRICE`: whether an upstream needs an instance type, and so a price.
    pub require_price: bool,
}

/// The shortest operator token that is taken seriously (contract section 2).
pub const OPERATOR_TOKEN_MIN: usize = 32;
/// The domain of service users' e-mail addresses unless `SERVICE_USER_DOMAIN` names another (contract section 2).
pub const SERVICE_USER_DOMAIN: &str = "serviceuser.tenantry.invalid";

/// How many hours a session lasts unless `SESSION_HOURS` says otherwise, and at most (contract section 8).
const SESSION_HOURS: i64 = 12;
const MAX_SESSION_HOURS: i64 = 720;

impl Config {
    /// Reads the settings by their names.
    ///
    /// # Errors
    /// A sentence that names the setting that is missing, or cannot be read.
    pub fn from_settings(setting: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        // A secret that was piped in often ends with a line break.
        let set = |name: &str| {
            let value = setting(name)?.trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        let is_true = |name: &str| set(name).is_some_and(|value| value == "true");
        let number = |name: &str, most: i64| {
            let Some(value) = set(name) else {
                return Ok(None);
            };
            match value.parse() {
                Ok(number) if (1..=most).contains(&number) => Ok(Some(number)),
                _ => Err(format!("{name} is not a whole number from 1 to {most}")),
            }
        };
        let current = set("TOKEN_KEY").ok_or("the secret TOKEN_KEY is not set")?;
        Ok(Self {
            operator_token: set("OPERATOR_TOKEN")
                .filter(|token| token.chars().count() >= OPERATOR_TOKEN_MIN),
            token_keys: TokenKeys {
                current: TokenKey::new(&current),
                previous: set("TOKEN_KEY_PREVIOUS").as_deref().map(TokenKey::new),
            },
            signing_keys: set("SIGNING_KEY").map(|current| SigningKeys {
                current: SigningKey::new(&current),
                previous: set("SIGNING_KEY_PREVIOUS").as_deref().map(SigningKey::new),
            }),
            service_user_domain: set("SERVICE_USER_DOMAIN")
                .unwrap_or_else(|| SERVICE_USER_DOMAIN.to_owned()),
            requests_per_minute: number("REQUESTS_PER_MINUTE", 1_000_000)?,
            server_timing: is_true("SERVER_TIMING"),
            console_origin: set("CONSOLE_ORIGIN")
                .map(|origin| Origin::parse(&origin))
                .transpose()
                .map_err(|invalid| format!("CONSOLE_ORIGIN: {invalid}"))?,
            session_hours: number("SESSION_HOURS", MAX_SESSION_HOURS)?.unwrap_or(SESSION_HOURS),
            admin_sign_in_links: is_true("ADMIN_SIGN_IN_LINKS"),
            require_price: is_true("REQUIRE_PRICE"),
            upstream_rules: UpstreamRules::from_settings(set)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_setting_is_no_setting() {
        let config = Config::from_settings(|name| match name {
            "TOKEN_KEY" => Some("key".to_owned()),
            _ => Some(String::new()),
        })
        .unwrap();
        assert!(config.operator_token.is_none() && !config.server_timing);
        assert_eq!(config.service_user_domain, SERVICE_USER_DOMAIN);
        assert!(Config::from_settings(|_| Some(String::new())).is_err());
    }
}
