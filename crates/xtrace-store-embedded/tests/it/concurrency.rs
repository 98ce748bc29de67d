//! Readers beside a writer and moves: each sees one state, and none older than what was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use xtrace_query::{View, observations};
use xtrace_store::TelemetryReader;

use crate::support::{commit, ints, observation, open, plan, points, scope, trace};

const COMMITS: usize = 150;
/// Enough for any reader to have had its turns.
const COMMITS_MAX: usize = 20_000;
/// Reads of each reader beside commits and moves.
const TURNS: usize = 10;
const READERS: usize = 3;

/// Every commit adds two observations and gives the two of the commit before the same new token count.
fn items(number: usize) -> Vec<xtrace_store::WriteItem> {
    let seconds = i64::try_from(number).unwrap();
    let mut items = vec![
        trace(number / 10, &format!("trace {number}"), seconds),
        observation(number / 10, number * 2, seconds, 1),
        observation(number / 10, number * 2 + 1, seconds, 1),
        points("gpu", "a", &[(seconds, 1.0)]),
    ];
    if let Some(before) = number.checked_sub(1) {
        let tokens = 1_000 + before as u64;
        items.push(observation(before / 10, before * 2, seconds, tokens));
        items.push(observation(before / 10, before * 2 + 1, seconds, tokens));
    }
    items
}

/// What a reader may see after so many commits.
fn expected(commits: usize) -> Vec<i64> {
    let mut tokens: Vec<i64> = (0..commits.saturating_sub(1))
        .flat_map(|before| [1_000 + i64::try_from(before).unwrap(); 2])
        .collect();
    tokens.extend([1; 2].repeat(commits.min(1)));
    tokens.sort_unstable();
    tokens
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_never_see_half_a_commit_while_rows_move() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(open(&dir));
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let is_over = Arc::new(AtomicBool::new(false));
    let mover = std::thread::spawn({
        let (engine, is_over) = (engine.clone(), is_over.clone());
        move || {
            while !is_over.load(Ordering::Acquire) {
                engine.move_now().unwrap();
            }
        }
    });
    let turns: Arc<Vec<AtomicUsize>> = Arc::new((0..READERS).map(|_| 0.into()).collect());
    let readers: Vec<_> = (0..READERS)
        .map(|reader| {
            let (turns, acknowledged) = (turns.clone(), acknowledged.clone());
            tokio::spawn(read(
                engine.clone(),
                acknowledged,
                is_over.clone(),
                move || {
                    turns[reader].fetch_add(1, Ordering::AcqRel);
                },
            ))
        })
        .collect();
    let have_read = || {
        turns
            .iter()
            .all(|turns| turns.load(Ordering::Acquire) >= TURNS)
    };
    // However fast commits are, every reader gets its turns beside them.
    let mut number = 0;
    while number < COMMITS || !have_read() {
        assert!(
            number < COMMITS_MAX,
            "a reader hardly got its turn: {turns:?}"
        );
        commit(&engine, items(number)).await;
        number += 1;
        acknowledged.store(number, Ordering::Release);
    }
    is_over.store(true, Ordering::Release);
    for reader in readers {
        reader.await.unwrap();
    }
    mover.join().unwrap();
}

async fn read(
    engine: Arc<xtrace_store_embedded::EmbeddedEngine>,
    acknowledged: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    had_a_turn: impl Fn(),
) {
    let wanted = plan(
        View::Observations,
        vec![&observations::INPUT_TOKENS],
        vec![],
    );
    while !is_over.load(Ordering::Acquire) {
        let at_least = acknowledged.load(Ordering::Acquire);
        let table = engine.query(&scope(), &wanted).await.unwrap();
        let mut seen = ints(&table, 0);
        seen.sort_unstable();
        let commits = seen.len() / 2;
        assert!(
            commits >= at_least,
            "{commits} commits seen after {at_least} were acknowledged"
        );
        assert_eq!(seen, expected(commits), "after {commits} commits");
        had_a_turn();
    }
}
