//! The process ends at any point of a commit, a move, retention or a rebuild; nothing acknowledged is
//! missing afterwards, and nothing is there twice or by half.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use xtrace_query::{MetricAggregation, MetricAnswer, MetricPlan, Table, View};
use xtrace_store::{
    Expiry, MetricReader, ObservationPayload, TelemetryReader, TelemetryWriter, Upkeep,
};
use xtrace_store_embedded::failpoint::{Action, Point, arm};
use xtrace_store_embedded::{EmbeddedEngine, EmbeddedOptions, rebuild};

use crate::child;
use crate::support::{at, commit, everything, key, observation, points, scope, trace, trace_id};

const DAY: i64 = 86_400;
const STEPS: usize = 24;
const SIGABRT: i32 = 6;

/// What readers see.
type Seen = (Table, Table, MetricAnswer, Vec<ObservationPayload>);

fn options(dir: &Path) -> EmbeddedOptions {
    EmbeddedOptions {
        query_threads: 1,
        ..EmbeddedOptions::new(dir)
    }
}

/// One step of the workload; doing it twice is as good as once.
async fn step(engine: &EmbeddedEngine, number: usize) {
    let day = i64::try_from(number).unwrap() * DAY;
    let earlier = number / 2;
    match number % 8 {
        0 | 4 => {
            let batch = vec![
                trace(number, "new", day),
                observation(number, 1, day, 5),
                observation(number, 2, day + 1, 6),
                points("gpu", "a", &[(day, 1.0), (day + 1, 2.0)]),
            ];
            commit(engine, batch).await;
        }
        1 | 5 => {
            commit(
                engine,
                vec![
                    observation(number - 1, 1, day, 50),
                    trace(number - 1, "changed", day),
                ],
            )
            .await;
        }
        2 => engine.move_now().unwrap(),
        3 => {
            let changed = points("gpu", "a", &[(day - 3 * DAY, 7.0), (day, 3.0)]);
            commit(
                engine,
                vec![
                    observation(earlier, 3, day, 1),
                    observation(number - 3, 2, day, 9),
                    changed,
                ],
            )
            .await;
        }
        6 => {
            // Most of the output of an observation.
            engine.keep_dictionary(vec![b'x'; 500]).unwrap();
            engine
                .delete_traces(&scope(), &[trace_id(number - 6), trace_id(999)])
                .await
                .unwrap();
        }
        _ => {
            let before = Some(at(day - 9 * DAY));
            engine
                .expire(Expiry {
                    traces_before: before,
                    points_before: before,
                })
                .await
                .unwrap();
            engine.move_now().unwrap();
            engine.sweep_now().unwrap();
        }
    }
}

async fn see(engine: &EmbeddedEngine) -> Seen {
    let plan = MetricPlan {
        name: "gpu".into(),
        labels: Default::default(),
        from: at(0),
        to: at(60 * DAY),
        step_micros: DAY * 1_000_000,
        aggregation: MetricAggregation::Sum,
        group_by: None,
        series_max: 10,
        points_max: 1_000,
    };
    let points = engine.query_metric(&scope(), &plan).await.unwrap();
    let keys: Vec<_> = (0..STEPS)
        .flat_map(|trace| (1..4).map(move |id| key(trace, id)))
        .collect();
    let payloads = engine.observation_payloads(&scope(), &keys).await.unwrap();
    assert_eq!(engine.wrong_rollups().unwrap(), 0);
    (
        everything(engine, View::Traces).await,
        everything(engine, View::Observations).await,
        points,
        payloads,
    )
}

/// What is seen after each number of steps, by an engine that nothing ever happens to.
async fn undisturbed() -> Vec<Seen> {
    let dir = tempfile::tempdir().unwrap();
    let engine = EmbeddedEngine::open(options(dir.path())).unwrap();
    let mut seen = vec![see(&engine).await];
    for number in 0..STEPS {
        step(&engine, number).await;
        seen.push(see(&engine).await);
    }
    seen
}

#[tokio::test]
async fn the_child_works_until_it_is_ended() {
    let Some((task, dir)) = child::task() else {
        return;
    };
    let mut words = task.split(' ');
    let point = point(words.next().unwrap());
    let armed_at: usize = words.next().unwrap().parse().unwrap();
    let dir = Path::new(&dir);
    let engine = EmbeddedEngine::open(options(dir)).unwrap();
    for number in 0..STEPS {
        if number == armed_at {
            arm(point, Action::Abort);
        }
        step(&engine, number).await;
        writeln!(std::io::stderr(), "acknowledged {}", number + 1).unwrap();
    }
    drop(engine);
    rebuild(&options(dir), &mut |_| {}).unwrap();
}

fn point(name: &str) -> Point {
    POINTS
        .into_iter()
        .find(|point| format!("{point:?}") == name)
        .unwrap()
}

const POINTS: [Point; 13] = [
    Point::BeforeHandingOver,
    Point::AfterHandingOver,
    Point::BeforeEntering,
    Point::BeforeMove,
    Point::BeforeMoveCommit,
    Point::BeforeLogTrim,
    Point::AfterLogTrim,
    Point::DuringRetention,
    Point::BeforePartitionDrop,
    Point::BeforeSweepRemoval,
    Point::AfterSweepRemoval,
    Point::AfterDictionaryStored,
    Point::BeforeRebuildSwap,
];

#[tokio::test]
async fn whatever_the_moment_a_killed_process_loses_nothing_and_repeats_nothing() {
    let undisturbed = undisturbed().await;
    for point in POINTS {
        for armed_at in [1, 10, 19] {
            let dir = tempfile::tempdir().unwrap();
            let task = format!("{point:?} {armed_at}");
            let output = child::run(
                "crash::the_child_works_until_it_is_ended",
                &task,
                dir.path(),
            );
            let log = String::from_utf8_lossy(&output.stderr);
            assert_eq!(
                output.status.signal(),
                Some(SIGABRT),
                "the child was to be ended at {task}: {log}"
            );
            let acknowledged = log
                .lines()
                .filter(|line| line.starts_with("acknowledged"))
                .count();

            let engine = EmbeddedEngine::open(options(dir.path())).unwrap();
            let seen = see(&engine).await;
            let is_whole = seen == undisturbed[acknowledged]
                || undisturbed
                    .get(acknowledged + 1)
                    .is_some_and(|next| seen == *next);
            // Retention works in steps: between them some of what is old is gone.
            let is_in_steps = matches!(point, Point::DuringRetention | Point::BeforePartitionDrop)
                || acknowledged % 8 == 7;
            assert!(
                is_whole || is_in_steps,
                "{task}: {acknowledged} acknowledged"
            );
            for number in acknowledged..STEPS {
                step(&engine, number).await;
            }
            assert_eq!(
                see(&engine).await,
                undisturbed[STEPS],
                "{task}: after repeating and going on"
            );
            engine.sweep_now().unwrap();
            assert!(engine.marked_keys().unwrap().is_empty(), "{task}");
        }
    }
}
