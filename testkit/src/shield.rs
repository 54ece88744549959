//! A shield that counts by address, in the place of Cloudflare's.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use tenantry::platform::{Local, Shield};

/// It allows everything unless a test says how often. Clones are the same one.
#[derive(Clone, Default)]
pub struct Shielding(Rc<Inner>);

#[derive(Default)]
struct Inner {
    limit: Cell<Option<usize>>,
    counts: RefCell<HashMap<String, usize>>,
}

impl Shielding {
    /// Lets so much come from each address, and counts anew.
    pub fn allow(&self, limit: usize) {
        self.0.limit.set(Some(limit));
        self.0.counts.borrow_mut().clear();
    }

    /// How much has come from an address.
    pub fn count(&self, address: &str) -> usize {
        self.0.counts.borrow().get(address).copied().unwrap_or(0)
    }
}

impl Shield for Shielding {
    fn allows<'a>(&'a self, address: &'a str) -> Local<'a, bool> {
        let mut counts = self.0.counts.borrow_mut();
        let count = counts.entry(address.to_owned()).or_default();
        *count += 1;
        let allowed = self.0.limit.get().is_none_or(|limit| *count <= limit);
        Box::pin(std::future::ready(allowed))
    }
}
