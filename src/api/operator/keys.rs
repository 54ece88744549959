//! `/operator/v1/keys`: what is sealed under which key, for a rotation of `SIGNING_KEY`.

use serde::Serialize;

use crate::api::Call;
use crate::domain::SigningKey;
use crate::error::Error;
use crate::store::sealing_keys;
use crate::web::response::Response;

/// The keys that are set, and those under which anything is still encrypted.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SealingKeys {
    /// All keys: that of `SIGNING_KEY` first, then that of `SIGNING_KEY_PREVIOUS`, then keys that are no longer set.
    pub keys: Vec<SealingKeyDetail>,
}

/// A key that secrets are encrypted under.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct SealingKeyDetail {
    /// Id of the key, which reveals nothing about it.
    pub id: String,
    /// Whether the key is that of `SIGNING_KEY`, under which secrets are encrypted now.
    pub current: bool,
    /// Number of secrets that are encrypted under the key. `SIGNING_KEY_PREVIOUS` can be removed when its key has none.
    pub rows: i64,
}

/// `GET /operator/v1/keys`.
pub(crate) async fn list(call: &mut Call<'_>) -> Result<Response, Error> {
    let id_of = |key: &SigningKey| key.sealing_key().id;
    let set = call.config.signing_keys.as_ref();
    let current = set.map(|keys| id_of(&keys.current));
    let previous = set.and_then(|keys| keys.previous.as_ref()).map(id_of);
    let mut in_use = sealing_keys::counts(call.connection).await?;
    let mut keys = Vec::new();
    for id in current.iter().chain(&previous) {
        let rows = in_use.iter().find(|key| key.id == *id);
        keys.push(SealingKeyDetail {
            current: current.as_ref() == Some(id),
            rows: rows.map_or(0, |key| key.secrets),
            id: id.to_string(),
        });
    }
    in_use.retain(|key| keys.iter().all(|known| known.id != key.id.as_str()));
    keys.extend(in_use.into_iter().map(|key| SealingKeyDetail {
        id: key.id.into(),
        current: false,
        rows: key.secrets,
    }));
    Response::ok(&SealingKeys { keys })
}
