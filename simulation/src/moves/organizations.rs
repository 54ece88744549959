//! Organizations.

use serde_json::json;

use super::{name, somebody};
use crate::base::{ENDING_VOUCHER, VOUCHER};
use crate::simulation::{Begin, Simulation};

/// Founds one, with a voucher mostly.
pub fn found(simulation: &Simulation) -> Option<Begin> {
    let by = somebody(simulation);
    let name = name(simulation, &["initech", "hooli", "umbrella"]);
    let voucher = *simulation.one_of(&[VOUCHER, VOUCHER, ENDING_VOUCHER, "WORKSHOP-2", ""]);
    Some(founding(simulation, by, &name, voucher))
}

/// The call that does.
pub fn founding(simulation: &Simulation, by: usize, name: &str, voucher: &str) -> Begin {
    let mut body = json!({"name": name, "subscription": "free"});
    if !voucher.is_empty() {
        body["voucher"] = json!(voucher);
    }
    if simulation.credentials[by].caller.id.is_empty() {
        body["admin_email"] = json!(simulation.world.member().email);
    }
    simulation.calling(by, "POST", "/v2.1/organizations", body)
}
