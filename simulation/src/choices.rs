//! Where every decision of a run comes from: a seed, or a list of numbers that was recorded.
//!
//! Whatever the source, what was decided is kept, so a run that fails is a list of numbers: it can be made shorter and
//! smaller as long as it still fails, and it can be made again. The first choice is always the plainest one, and it is
//! what an exhausted list gives; so a shorter list is a plainer run.

/// Decisions in the making.
#[derive(Debug)]
pub struct Choices {
    source: Source,
    made: Vec<u32>,
}

#[derive(Debug)]
enum Source {
    /// The state of SplitMix64. It is written out here so that a seed stands for the same run for ever.
    Seed(u64),
    List(std::vec::IntoIter<u32>),
}

impl Choices {
    /// The decisions of a seed.
    pub fn of_seed(seed: u64) -> Self {
        Self {
            source: Source::Seed(seed),
            made: Vec::new(),
        }
    }

    /// These decisions, and the first choice behind them.
    pub fn of_list(list: Vec<u32>) -> Self {
        Self {
            source: Source::List(list.into_iter()),
            made: Vec::new(),
        }
    }

    /// One of so many.
    pub fn below(&mut self, many: usize) -> usize {
        let many = u32::try_from(many.max(1)).unwrap();
        let chosen = match &mut self.source {
            Source::List(list) => list.next().unwrap_or(0) % many,
            Source::Seed(state) => {
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut mixed = *state;
                mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                u32::try_from((mixed ^ (mixed >> 31)) % u64::from(many)).unwrap()
            }
        };
        self.made.push(chosen);
        chosen as usize
    }

    /// Everything that has been decided so far.
    pub fn made(&self) -> &[u32] {
        &self.made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_stands_for_the_same_decisions_for_ever() {
        // The last digits of what SplitMix64 is known to give from this seed.
        let mut choices = Choices::of_seed(1_234_567);
        let made: Vec<usize> = (0..5).map(|_| choices.below(10)).collect();
        assert_eq!(made, [7, 3, 3, 1, 1]);
        let mut again = Choices::of_list(choices.made().to_vec());
        assert!(made.iter().all(|choice| again.below(10) == *choice));
        assert_eq!(again.below(10), 0);
    }
}
