//! Reads beside writes: observations come at a fixed rate, first alone, then with one reader that asks the measured
//! reads in turn. The server moves and checkpoints meanwhile; how often is reported.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;

use crate::load::{Bodies, Load, Pace, open_loop};
use crate::reads::{self, Question, Read};
use crate::run::WRITE;
use crate::server::Target;
use crate::stores::{Store, Upkeep};

#[derive(Clone, Debug, Serialize)]
pub struct Mixed {
    pub items_per_second: f64,
    /// Writes with nobody reading.
    pub alone: Phase,
    /// Writes with a reader.
    pub beside: Phase,
    pub reads: Vec<Read>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    pub writes: Load,
    /// What the store did meanwhile to keep itself in order.
    pub upkeep: Upkeep,
}

/// Observations per second, per request, and how long each phase takes.
#[derive(Clone, Copy, Debug)]
pub struct MixedOptions {
    pub items_per_second: f64,
    pub batch: usize,
    pub duration: Duration,
}

/// A server with its store and what is asked of it.
pub struct Stage<'a> {
    pub target: &'a Target,
    pub store: &'a Store,
    pub questions: &'a Arc<Vec<Question>>,
}

/// `bodies` makes the bodies of the first and of the second phase.
pub async fn measure(
    stage: &Stage<'_>,
    options: MixedOptions,
    bodies: [Arc<Bodies>; 2],
) -> anyhow::Result<Mixed> {
    let [first, second] = bodies;
    let alone = write(stage, options, first).await?;
    let is_over = Arc::new(AtomicBool::new(false));
    let reader = {
        let (target, questions) = (stage.target.clone(), stage.questions.clone());
        let is_over = is_over.clone();
        tokio::spawn(async move { reads::ask_until(&target, &questions, &is_over).await })
    };
    let beside = write(stage, options, second).await;
    is_over.store(true, Ordering::Relaxed);
    let reads = reader.await??;
    Ok(Mixed {
        items_per_second: options.items_per_second,
        alone,
        beside: beside?,
        reads,
    })
}

async fn write(
    stage: &Stage<'_>,
    options: MixedOptions,
    bodies: Arc<Bodies>,
) -> anyhow::Result<Phase> {
    let before = stage.store.upkeep(stage.target).await?;
    let pace = Pace::of_items(options.items_per_second, options.batch, options.duration);
    let load = open_loop(stage.target, WRITE, pace, bodies);
    let checkpoint = stage.store.checkpoint_after(options.duration / 2);
    let (writes, forced) = tokio::join!(load, checkpoint);
    let mut upkeep = stage.store.upkeep(stage.target).await?.since(before);
    upkeep.checkpoints += forced?;
    Ok(Phase {
        writes: writes?,
        upkeep,
    })
}
