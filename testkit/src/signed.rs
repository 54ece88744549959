//! Signing as Huawei Cloud's SDK does it, written from its description and not from the code under test.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::call::Call;
use crate::{Caller, World};

const HOST: &str = "quota.example.test";

/// An access key with its secret.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl World {
    /// A new access key of a service user of the project, made by the owner.
    pub fn access_key(&self, holder: &Caller) -> AccessKey {
        let path = self.path(&format!("/service-users/{}/access-keys", holder.id));
        let made = self.call(&self.owner(), "POST", &path, Json::Null);
        let made = made.expect(201);
        AccessKey {
            id: made.text("access_key"),
            secret: made.text("secret_key"),
        }
    }

    /// `X-Sdk-Date` for this moment of the world.
    pub fn sdk_date(&self) -> String {
        let digits: String = self
            .now()
            .to_zulu_string()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        format!("{}T{}Z", &digits[..8], &digits[8..14])
    }

    /// A signed call with a body, which `Json::Null` leaves out.
    pub fn signed(&self, key: &AccessKey, method: &str, target: &str, body: Json) -> Call {
        let body = match body {
            Json::Null => String::new(),
            body => body.to_string(),
        };
        signed(key, method, target, &body, &self.sdk_date(), &[])
    }
}

/// A signed call, with further signed headers.
pub fn signed(
    key: &AccessKey,
    method: &str,
    target: &str,
    body: &str,
    date: &str,
    further: &[(&str, &str)],
) -> Call {
    let mut headers = vec![
        ("content-type", "application/json;charset=utf-8"),
        ("host", HOST),
        ("x-sdk-date", date),
    ];
    headers.extend(further);
    headers.sort_unstable();
    signed_over(key, method, target, body, &headers)
}

/// A call of which exactly these headers are signed, in this order; `x-sdk-date` among them.
pub fn signed_over(
    key: &AccessKey,
    method: &str,
    target: &str,
    body: &str,
    headers: &[(&str, &str)],
) -> Call {
    let date = headers.iter().find(|(name, _)| *name == "x-sdk-date");
    let date = date.map_or("", |(_, value)| *value);
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    // The targets of these tests are already in canonical form, but for the slash at the end of the path.
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let canonical = format!(
        "{method}\n{}/\n{query}\n{lines}\n{names}\n{}",
        path.trim_end_matches('/'),
        hex(&Sha256::digest(body))
    );
    let text = format!(
        "SDK-HMAC-SHA256\n{date}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let mac = Hmac::<Sha256>::new_from_slice(key.secret.as_bytes())
        .unwrap()
        .chain_update(text)
        .finalize();
    let authorization = format!(
        "SDK-HMAC-SHA256 Access={}, SignedHeaders={names}, Signature={}",
        key.id,
        hex(&mac.into_bytes())
    );
    let call = Call::new(method, target)
        .header("authorization", authorization)
        .body("application/json;charset=utf-8", body);
    headers.iter().fold(call, |call, (name, value)| {
        call.without(name).header(name, *value)
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
