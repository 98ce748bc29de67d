//! `xtrace demo`: fills a running server with realistic data over its public API.
//!
//! Days of multi-turn agent sessions on several models with tools, retrieval, errors and cost, and the
//! signals of a small GPU cluster. The same seed on the same day makes the same ids, so running it again
//! adds nothing twice.

mod gpus;
mod sender;
mod sessions;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use xtrace_model::{Clock, Timestamp};

use crate::cli::DemoArgs;
use crate::config::Config;
use crate::credentials::Credentials;
use sender::Sender;

const MICROS_PER_DAY: i64 = 24 * 3600 * 1_000_000;

/// Sends all days, oldest first.
pub async fn run(args: &DemoArgs, config: &Config, clock: &dyn Clock) -> anyhow::Result<()> {
    let url = args
        .url
        .clone()
        .unwrap_or_else(|| format!("http://{}", config.server.bind_addr));
    let credentials = Credentials::resolve(&config.auth, &config.storage.data_dir)?;
    let mut sender = Sender::new(&url, &credentials)?;
    sender
        .check()
        .await
        .with_context(|| format!("no xtrace answers at {url}; start it with `make run`"))?;
    let now = clock.now();
    let first_day = now.as_micros().div_euclid(MICROS_PER_DAY) - i64::from(args.days) + 1;
    let days: Vec<Timestamp> = (0..i64::from(args.days))
        .map(|day| Timestamp::from_micros((first_day + day) * MICROS_PER_DAY))
        .collect();
    let steps = u64::from(args.days) * (u64::from(args.sessions) + gpus::BATCHES_PER_DAY);
    let bar = progress_bar(steps);
    for day in days {
        for session in 0..args.sessions {
            let turns = sessions::session(args.seed, day, session, args.sessions);
            let turns: Vec<_> = turns.into_iter().filter(|turn| turn.at <= now).collect();
            sender.send_turns(turns).await?;
            bar.inc(1);
        }
        for batch in 0..gpus::BATCHES_PER_DAY {
            sender
                .send_points(&gpus::points(args.seed, day, batch, now))
                .await?;
            bar.inc(1);
        }
        bar.set_message(format!(
            "{} observations, {} points",
            sender.observations, sender.points
        ));
        if bar.is_hidden() {
            eprintln!(
                "{day}: {} observations, {} points so far",
                sender.observations, sender.points
            );
        }
    }
    bar.finish_and_clear();
    println!(
        "stored {} traces with {} observations and {} metric points at {url}",
        sender.traces, sender.observations, sender.points
    );
    Ok(())
}

fn progress_bar(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}  (about {eta} left)");
    ProgressBar::new(steps).with_style(style.expect("the template is well formed"))
}
