//! Every order in which calls can meet.

use crate::begun::{Begun, Step};
use crate::call::{Answer, Call};
use crate::world::World;

/// A moment in one order.
#[derive(Debug)]
pub enum Moment<'a> {
    /// All of the calls stand before their first round trip.
    Begun,
    /// The call of this number has made a round trip; whether it is over.
    Stepped(usize, bool),
    /// All of them are over: their answers, in the order of the calls.
    Over(&'a [Answer]),
}

/// Makes the calls at once in each order in which their round trips can follow each other, each time in a world of its own
/// with the content of `world`, and shows what came of it: the world, and the answers in the order of the calls. Answers how
/// many orders there were. Two calls of two round trips have six, three have ninety.
pub fn every_order(
    world: &World,
    calls: &[Call],
    mut shows: impl FnMut(&World, &[Answer]),
) -> usize {
    every_moment(world, calls, |world, moment| {
        if let Moment::Over(answers) = moment {
            shows(world, answers);
        }
    })
}

/// The same, and shows each moment of each order.
pub fn every_moment(
    world: &World,
    calls: &[Call],
    mut shows: impl FnMut(&World, &Moment<'_>),
) -> usize {
    every_choice(|chooses| in_an_order(&world.copy(), calls, &mut shows, chooses))
}

/// Runs something once for each way in which it can be decided, each time asked at each point which of so many it is to be;
/// answers how often.
pub fn every_choice(mut runs: impl FnMut(&mut dyn FnMut(usize) -> usize)) -> usize {
    let mut times = 0;
    // Which of how many was chosen at each point. The last point at which it could have been another is where the next
    // time begins to differ.
    let mut choices: Vec<(usize, usize)> = Vec::new();
    loop {
        let mut point = 0;
        runs(&mut |among| {
            if choices.len() == point {
                choices.push((0, among));
            }
            point += 1;
            choices[point - 1].0
        });
        times += 1;
        loop {
            match choices.last_mut() {
                None => return times,
                Some((chosen, among)) if *chosen + 1 < *among => {
                    *chosen += 1;
                    break;
                }
                Some(_) => {
                    choices.pop();
                }
            }
        }
    }
}

/// Makes the calls at once in the order that is chosen: at each point, which of so many that are not over goes on.
pub fn in_an_order(
    world: &World,
    calls: &[Call],
    mut shows: impl FnMut(&World, &Moment<'_>),
    mut chooses: impl FnMut(usize) -> usize,
) {
    let mut begun: Vec<Begun> = calls.iter().map(|call| world.begin(call.clone())).collect();
    let mut answers: Vec<Option<Answer>> = calls.iter().map(|_| None).collect();
    shows(world, &Moment::Begun);
    loop {
        let open: Vec<usize> = (0..calls.len())
            .filter(|call| answers[*call].is_none())
            .collect();
        if open.is_empty() {
            let answers: Vec<Answer> = answers.into_iter().flatten().collect();
            shows(world, &Moment::Over(&answers));
            return;
        }
        let call = open[chooses(open.len())];
        if let Some(Step::Answered(answer)) = begun[call].step() {
            answers[call] = Some(answer);
        }
        shows(world, &Moment::Stepped(call, answers[call].is_some()));
    }
}
