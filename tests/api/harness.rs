//! That the doubles tell the truth about what they stand for.

use serde_json::{Value as Json, json};

use tenantry::app::Answered;
use tenantry::platform::{CallFault, Gone, Outgoing};
use tenantry::web::response::{Body, Response};

use testkit::schedule::every_order;
use testkit::{Answer, Call, End, Fault, HangUp, Reply, Step, World};

#[test]
fn everybody_of_a_world_is_who_they_are_said_to_be() {
    let world = World::new();
    let project = world.path("");
    for (caller, status) in [
        (world.operator(), 200),
        (world.owner(), 200),
        (world.admin(), 200),
        (world.editor(), 200),
        (world.viewer(), 200),
        (world.robot(), 200),
        (world.member(), 404),
        (world.idle(), 403),
        (world.neighbour(), 404),
        (world.stranger(), 404),
        (world.nobody(), 401),
        (world.expired(), 401),
        (world.revoked(), 401),
        (world.malformed(), 401),
    ] {
        world.get(&caller, &project).expect(status);
    }
}

#[test]
fn a_planned_fault_meets_the_call_that_it_was_planned_for() {
    let world = World::new();
    for fault in Fault::ALL {
        world.fail(1, fault);
        let path = world.path("");
        let answer = world.get(&world.owner(), &path).expect(503);
        assert!(answer.header("retry-after").is_some());
        assert!(!world.database.withdraw());
        world.get(&world.owner(), &path).expect(200);
    }
}

#[test]
fn something_can_happen_between_the_two_round_trips_of_a_call() {
    let world = World::new();
    let path = world.path("");
    let deletion = path.clone();
    world.before_trip(2, move |world| {
        world
            .call(&world.owner(), "DELETE", &deletion, Json::Null)
            .expect(204);
    });
    let body = json!({"labels": {"a": "b"}});
    world.call(&world.owner(), "PATCH", &path, body).expect(404);
}

#[test]
fn worlds_do_not_touch_each_other() {
    let (first, second) = (World::new(), World::new());
    let path = first.path("");
    first
        .call(&first.owner(), "DELETE", &path, Json::Null)
        .expect(204);
    second.get(&second.owner(), &path).expect(200);
}

#[test]
fn a_call_that_has_begun_goes_on_round_trip_by_round_trip() {
    let world = World::new();
    let body = json!({"name": "later"});
    let call = Call::new("POST", world.path("/service-users"))
        .by(&world.owner())
        .json(&body);
    let before = world.dump();
    let mut begun = world.begin(call);
    assert_eq!(begun.stands_before(), Some(1));
    assert!(matches!(begun.step(), Some(Step::Before(2))));
    assert_eq!(world.dump(), before);
    let answer = match begun.step() {
        Some(Step::Answered(answer)) => answer.expect(201),
        other => panic!("{other:?}"),
    };
    assert_eq!(answer.trips, 2);
    assert!(begun.step().is_none() && begun.stands_before().is_none());
    assert_ne!(world.dump(), before);
}

#[test]
fn a_call_that_has_begun_can_fail_at_each_round_trip() {
    for fault in Fault::ALL {
        let world = World::new();
        let call = Call::new("POST", world.path("/service-users"))
            .by(&world.owner())
            .json(&json!({}));
        let mut begun = world.begin(call);
        assert!(matches!(begun.step(), Some(Step::Before(2))));
        let Some(Step::Answered(answer)) = begun.step_failing(fault) else {
            panic!("{fault:?} did not end it");
        };
        let answer = answer.expect(503);
        assert_eq!(
            answer.header("retry-after").is_some(),
            fault == Fault::Refuse
        );
    }
}

#[test]
fn calls_meet_in_every_order() {
    let world = World::new();
    let path = world.path("");
    let one = Call::new("GET", &path).by(&world.owner());
    // Each to another value: a change that comes to nothing makes a round trip more, to see that it does.
    let change = |to: &str| {
        let labels = json!({"labels": {"a": to}});
        Call::new("PATCH", &path).by(&world.owner()).json(&labels)
    };
    let two = change("b");
    for (calls, orders) in [
        (vec![one.clone()], 1),
        (vec![two.clone()], 1),
        (vec![one.clone(), one.clone()], 2),
        (vec![one, two.clone()], 3),
        (vec![two.clone(), change("c")], 6),
        (vec![two, change("c"), change("d")], 90),
    ] {
        let seen = every_order(&world, &calls, |world, answers| {
            assert_eq!(answers.len(), calls.len());
            for answer in answers {
                answer.clone().expect(200);
            }
            world.get(&world.owner(), &path).expect(200);
        });
        assert_eq!(seen, orders);
    }
}

fn outgoing(url: &str) -> Outgoing {
    Outgoing {
        method: http::Method::POST,
        url: url.to_owned(),
        headers: vec![("accept".to_owned(), "*/*".to_owned())],
        body: b"{}".to_vec().into(),
        timeout: 60_000,
    }
}

/// Calls an upstream and writes what comes of it to a streamed answer; what breaks it off is noted as the cause.
fn passed_on(world: &World, call: Call) -> Answer {
    world.send_to(call, |request, platform| {
        Box::pin(async move {
            let (mut sink, body) = platform.streams.open();
            let mut response = Response::empty(http::StatusCode::OK);
            response.header("x-request-id", "0".repeat(32));
            response.header("x-content-type-options", "nosniff");
            response.body = Body::Stream(body);
            let work = async move {
                let sent = outgoing("https://models.example.net/");
                let came = platform.upstream.call(sent, &*request.presence).await;
                let end = match came {
                    Err(fault) => format!("{fault:?}"),
                    Ok(mut came) => loop {
                        match came.body.next().await {
                            Err(fault) => break format!("{fault:?}"),
                            Ok(Some(bytes)) => {
                                if sink.write(bytes).await == Err(Gone) {
                                    return;
                                }
                            }
                            Ok(None) => break "whole".to_owned(),
                        }
                    },
                };
                if sink.write(end.into_bytes()).await.is_ok() {
                    _ = sink.close().await;
                }
            };
            Answered {
                response,
                work: vec![Box::pin(work)],
                afterwards: Vec::new(),
            }
        })
    })
}

fn call() -> Call {
    Call::new("POST", "/")
}

#[test]
fn a_planned_answer_of_an_upstream_is_passed_on_chunk_by_chunk() {
    let world = World::new();
    world.upstream.next(Reply::events(["1", "2"]));
    let answer = passed_on(&world, call());
    assert_eq!(answer.writes.len(), 3);
    assert_eq!(answer.body, b"data: 1\n\ndata: 2\n\nwhole");
    assert!(answer.closed);
    let made = world.upstream.only_call();
    assert_eq!(made.outgoing, outgoing("https://models.example.net/"));
    assert_eq!(made.end, End::Whole);
}

#[test]
fn the_clock_moves_on_when_everybody_waits() {
    let world = World::new();
    let start = world.now();
    let reply = Reply::new(200).late(2_000).chunk("a").pause(3_000);
    world.upstream.next(reply.chunk("b"));
    assert_eq!(passed_on(&world, call()).body, b"abwhole");
    assert_eq!(world.now(), start.plus_millis(5_000));
}

#[test]
fn an_upstream_fails_as_it_was_planned() {
    let world = World::new();
    let broken = CallFault::Connection("lost".to_owned());
    for (reply, body, fault, seconds) in [
        (
            Reply::failing(broken.clone()),
            r#"Connection("lost")"#,
            broken.clone(),
            0,
        ),
        (Reply::silent(), "TimedOut", CallFault::TimedOut, 60),
        (
            Reply::new(200).chunk("a").fault(broken.clone()),
            r#"aConnection("lost")"#,
            broken,
            0,
        ),
        (
            Reply::new(200).chunk("a").silence(),
            "aTimedOut",
            CallFault::TimedOut,
            60,
        ),
    ] {
        let start = world.now();
        world.upstream.at("https://models.example.net/", reply);
        let answer = passed_on(&world, call());
        assert_eq!(String::from_utf8(answer.body).unwrap(), body);
        assert_eq!(world.upstream.only_call().end, End::Fault(fault));
        assert_eq!(world.now(), start.plus_millis(seconds * 1_000));
    }
}

#[test]
fn a_caller_hangs_up_when_it_was_planned() {
    for (when, written, end) in [
        (HangUp::AtOnce, "", End::Fault(CallFault::CallerGone)),
        (HangUp::After(7_000), "a", End::Fault(CallFault::CallerGone)),
        (HangUp::AtWrite(1), "", End::Dropped),
    ] {
        let world = World::new();
        let start = world.now();
        world
            .upstream
            .answering(|_| Reply::new(200).chunk("a").silence());
        let answer = passed_on(&world, call().hanging_up(when));
        assert_eq!(answer.body, written.as_bytes());
        assert!(!answer.closed);
        assert_eq!(world.upstream.only_call().end, end, "{when:?}");
        let passed = world.now().as_millis() - start.as_millis();
        assert_eq!(passed == 7_000, matches!(when, HangUp::After(_)));
    }
}

#[test]
fn who_waits_for_a_hang_up_is_woken_by_the_write_that_fails() {
    let world = World::new();
    let answer = world.send_to(
        call().hanging_up(HangUp::AtWrite(1)),
        |request, platform| {
            Box::pin(async move {
                let (mut sink, body) = platform.streams.open();
                let waits = request.presence.gone();
                let writes = async move { assert_eq!(sink.write(vec![1]).await, Err(Gone)) };
                let mut response = Response::empty(http::StatusCode::OK);
                response.header("x-request-id", "0".repeat(32));
                response.header("x-content-type-options", "nosniff");
                response.body = Body::Stream(body);
                Answered {
                    response,
                    work: vec![waits, Box::pin(writes)],
                    afterwards: Vec::new(),
                }
            })
        },
    );
    assert!(!answer.closed && answer.body.is_empty());
}
