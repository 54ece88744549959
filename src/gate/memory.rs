//! What an isolate holds of bodies and answers at once (contract section 5.4): its memory is shared by all whom it serves.

use std::cell::Cell;

/// So many bytes are held at most before another request is let in.
pub const MOST: usize = 40 << 20;

thread_local! {
    /// What is held now. An isolate has one thread.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Bytes that are held until this is dropped.
#[derive(Debug)]
pub struct Held(Cell<usize>);

impl Held {
    /// Holds so many bytes, if there is room for them.
    #[must_use]
    pub fn try_new(bytes: usize) -> Option<Self> {
        let held = HELD.get();
        (held + bytes <= MOST).then(|| {
            HELD.set(held + bytes);
            Self(Cell::new(bytes))
        })
    }

    /// Holds so many bytes of what has been let in: that goes on, room or not.
    #[must_use]
    pub fn of(bytes: usize) -> Self {
        let held = Self(Cell::default());
        held.grow(bytes);
        held
    }

    /// Holds so many more, likewise.
    pub fn grow(&self, bytes: usize) {
        HELD.set(HELD.get() + bytes);
        self.0.set(self.0.get() + bytes);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.set(HELD.get().saturating_sub(self.0.get()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_until_there_is_none_and_again_when_it_is_given_back() {
        let held = Held::try_new(MOST - 10).unwrap();
        assert!(Held::try_new(11).is_none());
        let rest = Held::try_new(10).unwrap();
        let more = Held::of(5);
        assert!(Held::try_new(0).is_none());
        drop(more);
        rest.grow(5);
        assert!(Held::try_new(1).is_none());
        drop(held);
        drop(rest);
        drop(Held::try_new(MOST).unwrap());
    }
}
