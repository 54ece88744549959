//! A store of long payloads that forgets them in time, and that can be slow to show what it was given.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tenantry::domain::Timestamp;
use tenantry::platform::{Clock, Local, Payloads};

use crate::clock::SetClock;

/// The double of KV. Clones are the same one.
#[derive(Clone)]
pub struct Store {
    clock: SetClock,
    texts: Rc<RefCell<BTreeMap<String, (String, Timestamp)>>>,
    fails: Rc<Cell<bool>>,
    hides: Rc<Cell<bool>>,
    takes: Rc<Cell<i64>>,
    unheard: Rc<Cell<usize>>,
}

impl Store {
    pub(crate) fn new(clock: &SetClock) -> Self {
        Self {
            clock: clock.clone(),
            texts: Rc::default(),
            fails: Rc::default(),
            hides: Rc::default(),
            takes: Rc::default(),
            unheard: Rc::default(),
        }
    }

    /// A store of its own with the same content.
    pub(crate) fn copy(&self, clock: &SetClock) -> Self {
        Self {
            texts: Rc::new(RefCell::new(self.texts.borrow().clone())),
            ..Self::new(clock)
        }
    }

    /// Whether every call of it fails from now on.
    pub fn fails(&self, fails: bool) {
        self.fails.set(fails);
    }

    /// Whether what is there is not to be seen from now on.
    pub fn hides(&self, hides: bool) {
        self.hides.set(hides);
    }

    /// So many milliseconds a text takes to be put there from now on.
    pub fn takes(&self, milliseconds: i64) {
        self.takes.set(milliseconds);
    }

    /// How many failures nobody has waited for: the runtime reports each to whoever runs the installation.
    #[must_use]
    pub fn unheard(&self) -> usize {
        self.unheard.get()
    }

    /// What is there, with how long each text is there yet, in milliseconds.
    pub fn texts(&self) -> Vec<(String, i64)> {
        let now = self.clock.now();
        let texts = self.texts.borrow();
        let left = texts.values().map(|(text, end)| {
            let left = end.as_millis() - now.as_millis();
            (text.clone(), left)
        });
        left.filter(|(_, left)| *left > 0).collect()
    }

    fn answer<T: 'static>(&self, value: T) -> Local<'static, Result<T, String>> {
        let fails = self.fails.get();
        let unheard = Rc::clone(&self.unheard);
        unheard.set(unheard.get() + usize::from(fails));
        Box::pin(async move {
            if fails {
                unheard.set(unheard.get() - 1);
                return Err("KV PUT failed: 500".to_owned());
            }
            Ok(value)
        })
    }
}

impl Payloads for Store {
    fn put(&self, key: &str, text: &str, seconds: i64) -> Local<'static, Result<(), String>> {
        assert!(seconds >= 60, "KV takes no expiration below 60 s");
        assert!(key.len() <= 512 && text.len() <= 25 << 20);
        let answer = self.answer(());
        let (key, text, fails) = (key.to_owned(), text.to_owned(), self.fails.get());
        let (clock, texts) = (self.clock.clone(), Rc::clone(&self.texts));
        let put = move || {
            if !fails {
                let end = clock.now().plus_millis(seconds * 1_000);
                texts.borrow_mut().insert(key, (text, end));
            }
        };
        if self.takes.get() == 0 {
            put();
            return answer;
        }
        let taking = self.clock.sleeping(self.takes.get());
        Box::pin(async move {
            taking.await;
            put();
            answer.await
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> Local<'a, Result<Option<String>, String>> {
        let texts = self.texts.borrow();
        let text = texts.get(key).filter(|(_, end)| *end > self.clock.now());
        let text = text.map(|(text, _)| text.clone());
        self.answer(text.filter(|_| !self.hides.get()))
    }

    fn delete<'a>(&'a self, key: &'a str) -> Local<'a, Result<(), String>> {
        if !self.fails.get() {
            self.texts.borrow_mut().remove(key);
        }
        self.answer(())
    }
}
