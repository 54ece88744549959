//! Whatever is done to a service user in whatever order, exactly those of its tokens work that should.
//!
//! A model of a few lines says which; after each step it is compared with the answers to every token ever shown.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use testkit::world::{PROJECT, TOKEN_KEY};
use testkit::{Caller, World};

const SECOND: i64 = 1_000;

#[derive(Debug, Clone)]
enum Step {
    Reset { grace: i64 },
    EndGrace,
    SetExpiry { seconds: Option<i64> },
    Rename,
    Wait { seconds: i64 },
    Use { token: usize },
    ChangeKey,
    Delete,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop_oneof![Just(0_i64), 1..100_i64].prop_map(|grace| Step::Reset { grace }),
        1 => Just(Step::EndGrace),
        2 => prop::option::of(1..200_i64).prop_map(|seconds| Step::SetExpiry { seconds }),
        1 => Just(Step::Rename),
        4 => (0..60_i64).prop_map(|seconds| Step::Wait { seconds }),
        2 => (0..4_usize).prop_map(|token| Step::Use { token }),
        1 => Just(Step::ChangeKey),
        1 => prop_oneof![9 => Just(Step::Rename), 1 => Just(Step::Delete)],
    ]
}

/// Which tokens should work: the current one, and the previous one until its grace ends.
struct Model {
    shown: Vec<Caller>,
    current: usize,
    previous: Option<(usize, i64)>,
    expiry: Option<i64>,
    is_there: bool,
}

impl Model {
    fn is_live(&self, now: i64) -> bool {
        self.is_there && self.expiry.is_none_or(|expiry| expiry > now)
    }

    fn grace(&self, now: i64) -> Option<usize> {
        self.previous
            .filter(|(_, end)| *end > now)
            .map(|(token, _)| token)
    }

    fn works(&self, token: usize, now: i64) -> bool {
        self.is_live(now) && (token == self.current || self.grace(now) == Some(token))
    }

    /// The status of a change, and what it changes.
    fn change(&self, now: i64) -> u16 {
        match (self.is_there, self.is_live(now)) {
            (false, _) => 404,
            (true, false) => 400,
            (true, true) => 200,
        }
    }
}

fn apply(world: &mut World, model: &mut Model, step: &Step) {
    let now = world.now().as_millis();
    let owner = world.owner();
    let path = world.path(&format!("/service-users/{}", model.shown[0].id));
    match step {
        Step::Reset { grace } => {
            let reset = world.call(
                &owner,
                "PUT",
                &format!("{path}/token?grace={grace}"),
                Json::Null,
            );
            let reset = reset.expect(model.change(now));
            if reset.status == 200 {
                model
                    .shown
                    .push(model.shown[0].holding(reset.text("token")));
                match (*grace, model.grace(now)) {
                    (0, _) => model.previous = None,
                    (_, Some(_)) => {}
                    (grace, None) => model.previous = Some((model.current, now + grace * SECOND)),
                }
                model.current = model.shown.len() - 1;
            }
        }
        Step::EndGrace => {
            let ended = world.call(
                &owner,
                "DELETE",
                &format!("{path}/token/previous"),
                Json::Null,
            );
            let has_grace = model.is_there && model.grace(now).is_some();
            ended.expect(if has_grace { 204 } else { 404 });
            if has_grace {
                model.previous = None;
            }
        }
        Step::SetExpiry { seconds } => {
            let expiry = seconds.map(|seconds| world.after(seconds * SECOND));
            let set = world.call(&owner, "PATCH", &path, json!({"expiry_date": expiry}));
            if set.expect(model.change(now)).status == 200 {
                model.expiry = seconds.map(|seconds| now + seconds * SECOND);
            }
        }
        Step::Rename => {
            let renamed = world.call(&owner, "PATCH", &path, json!({"name": "renamed"}));
            renamed.expect(model.change(now));
        }
        Step::Wait { seconds } => world.pass(seconds * SECOND),
        Step::Use { token } => {
            let token = token % model.shown.len();
            let status = if model.works(token, now) { 200 } else { 401 };
            world.get(&model.shown[token], "/v2.1/user").expect(status);
        }
        Step::ChangeKey => {
            *world = world.with_settings(&[
                ("TOKEN_KEY", "the next key"),
                ("TOKEN_KEY_PREVIOUS", TOKEN_KEY),
            ]);
        }
        Step::Delete => {
            let deleted = world.call(&owner, "DELETE", &path, Json::Null);
            deleted.expect(if model.is_there { 204 } else { 404 });
            model.is_there = false;
        }
    }
}

/// What must hold after each step, of the answers and of the rows.
fn check(world: &World, model: &Model) {
    let now = world.now().as_millis();
    for (number, caller) in model.shown.iter().enumerate() {
        let status = world.get(caller, "/v2.1/user").status;
        let expected = if model.works(number, now) { 200 } else { 401 };
        assert_eq!(status, expected, "token {number} of {}", model.shown.len());
    }
    let id = &model.shown[0].id;
    let rows = |condition: &str| {
        world.count(&format!(
            "SELECT count(*) FROM tokens WHERE service_user_id = '{id}' AND {condition}"
        ))
    };
    assert_eq!(rows("grace_end IS NULL"), i64::from(model.is_there));
    assert!(rows("grace_end IS NOT NULL") <= 1);
    let digests = "SELECT count(*) - count(DISTINCT digest) FROM tokens";
    assert_eq!(world.count(digests), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn exactly_the_tokens_that_should_work_do(steps in prop::collection::vec(step(), 1..16)) {
        let mut world = World::new();
        let made = world.service_user_of(PROJECT, &[], json!({}));
        let mut model = Model {
            shown: vec![made],
            current: 0,
            previous: None,
            expiry: None,
            is_there: true,
        };
        for step in &steps {
            apply(&mut world, &mut model, step);
            check(&world, &model);
        }
        let rows = "SELECT count(*) FROM audit WHERE object_type IN ('service_user', 'service_user_token')";
        prop_assert!(world.count(rows) > 0);
    }
}
