//! What wakes a thread that has nothing to do.

use std::sync::{Condvar, Mutex};
use std::time::Instant;

/// Rung by any thread, heard by one; a ring that comes before anyone listens is kept.
#[derive(Default)]
pub struct Bell {
    is_rung: Mutex<bool>,
    ring: Condvar,
}

impl Bell {
    pub fn ring(&self) {
        *self.is_rung.lock().expect("no panic while held") = true;
        self.ring.notify_all();
    }

    /// Sleeps until rung, or until a time if there is one.
    pub fn wait_until(&self, due: Option<Instant>) {
        let rung = self.is_rung.lock().expect("no panic while held");
        let is_silent = |is_rung: &mut bool| !*is_rung;
        let mut woken = match due {
            None => {
                let woken = self.ring.wait_while(rung, is_silent);
                woken.expect("no panic while held")
            }
            Some(due) => {
                let at_most = due.saturating_duration_since(Instant::now());
                let woken = self.ring.wait_timeout_while(rung, at_most, is_silent);
                woken.expect("no panic while held").0
            }
        };
        *woken = false;
    }
}
