//! Organizations, made and changed.

use serde_json::{Value as Json, json};

use crate::{Answer, Caller, World};

/// The organization that every world has.
pub const ACME: &str = "/v2.1/organizations/acme";

/// Creates one.
pub fn create(world: &World, by: &Caller, body: Json) -> Answer {
    world.call(by, "POST", "/v2.1/organizations", body)
}

/// Changes acme.
pub fn patch(world: &World, by: &Caller, body: Json) -> Answer {
    world.call(by, "PATCH", ACME, body)
}

/// Changes the plan of acme, as the operator.
pub fn subscribe(world: &World, plan: &str, start: &str, end: Option<&str>) -> Answer {
    let body = json!({
        "subscription": plan, "subscription_start_date": start, "subscription_end_date": end,
    });
    patch(world, &world.operator(), body)
}

/// Acme as any call shows it to its owner, without what reading it alone does.
pub fn acme(world: &World) -> Json {
    let mut shown = world.get(&world.owner(), ACME).expect(200).json();
    if let Json::Object(fields) = &mut shown {
        for of_reading in ["credits_used", "period_start", "period_end", "administers"] {
            assert!(fields.remove(of_reading).is_some(), "{of_reading}");
        }
    }
    shown
}
