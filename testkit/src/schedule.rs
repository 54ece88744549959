//! Every order in which calls can meet.

use crate::begun::{Begun, Step};
use crate::call::{Answer, Call};
use crate::world::World;

/// Makes the calls at once in each order in which their round trips can follow each other, each time in a world of its own
/// with the content of `world`, and shows what came of it: the world, and the answers in the order of the calls. Answers how
/// many orders there were. Two calls of two round trips have six, three have ninety.
pub fn every_order(
    world: &World,
    calls: &[Call],
    mut shows: impl FnMut(&World, &[Answer]),
) -> usize {
    let mut orders = 0;
    // Which of the calls that were not over went on at each point, and how many there were. The last point at which another
    // could have gone on is where the next order begins to differ.
    let mut choices: Vec<(usize, usize)> = Vec::new();
    loop {
        let world = world.copy();
        let answers = run(&world, calls, &mut choices);
        shows(&world, &answers);
        orders += 1;
        loop {
            match choices.last_mut() {
                None => return orders,
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

fn run(world: &World, calls: &[Call], choices: &mut Vec<(usize, usize)>) -> Vec<Answer> {
    let mut begun: Vec<Begun> = calls.iter().map(|call| world.begin(call.clone())).collect();
    let mut answers: Vec<Option<Answer>> = calls.iter().map(|_| None).collect();
    let mut point = 0;
    loop {
        let open: Vec<usize> = (0..calls.len())
            .filter(|call| answers[*call].is_none())
            .collect();
        if open.is_empty() {
            return answers.into_iter().flatten().collect();
        }
        if choices.len() == point {
            choices.push((0, open.len()));
        }
        let call = open[choices[point].0];
        point += 1;
        if let Some(Step::Answered(answer)) = begun[call].step() {
            answers[call] = Some(answer);
        }
    }
}
