//! The suite that every engine passes, with rows in memory and with rows in the file.

use std::sync::{Arc, Mutex, Weak};

use async_trait::async_trait;
use tempfile::TempDir;
use xtrace_store::Engine;
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedOptions};
use xtrace_store_tests::{Harness, SERIES_MAX};

/// A data directory of its own.
struct Embedded {
    dir: TempDir,
    engine: Mutex<Weak<EmbeddedEngine>>,
    moves_at_once: bool,
}

impl Embedded {
    fn new(moves_at_once: bool) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            engine: Mutex::default(),
            moves_at_once,
        }
    }
}

#[async_trait]
impl Harness for Embedded {
    async fn open(&self) -> Arc<dyn Engine> {
        let options = EmbeddedOptions {
            query_threads: 2,
            series_max: SERIES_MAX,
            ..EmbeddedOptions::new(self.dir.path())
        };
        let engine =
            Arc::new(tokio::task::block_in_place(|| EmbeddedEngine::open(options)).unwrap());
        *self.engine.lock().unwrap() = Arc::downgrade(&engine);
        engine
    }

    async fn work_in_background(&self) {
        let engine = self.engine.lock().unwrap().upgrade();
        if let Some(engine) = engine.filter(|_| self.moves_at_once) {
            tokio::task::block_in_place(|| engine.move_now()).unwrap();
        }
    }
}

mod hot {
    xtrace_store_tests::suite!(harness: super::Embedded::new(false));
}

mod moved {
    xtrace_store_tests::suite!(harness: super::Embedded::new(true));
}
