//! Sessions and runs from groups of traces.

use std::collections::{BTreeMap, BTreeSet};

use xtrace_model::{ProjectId, Timestamp, Usd};
use xtrace_query::{Aggregation, MeasureOf, Table, Value, observations, traces};

use super::cells::Group;
use super::scalar::Instant;
use crate::routes::native::sessions::wire::{Run, Session};

/// Most users that a session names.
pub const USERS_MAX: usize = 100;

const fn of(measure: &'static xtrace_query::Measure, aggregation: Aggregation) -> MeasureOf {
    MeasureOf {
        measure,
        aggregation,
    }
}

pub const TRACES: MeasureOf = of(&traces::COUNT, Aggregation::Count);
pub const OBSERVATIONS: MeasureOf = of(&traces::OBSERVATIONS_COUNT, Aggregation::Sum);
pub const ERRORS: MeasureOf = of(&traces::MEASURE_ERRORS, Aggregation::Sum);
pub const INPUT_TOKENS: MeasureOf = of(&traces::MEASURE_INPUT_TOKENS, Aggregation::Sum);
pub const OUTPUT_TOKENS: MeasureOf = of(&traces::MEASURE_OUTPUT_TOKENS, Aggregation::Sum);
pub const TOTAL_TOKENS: MeasureOf = of(&traces::MEASURE_TOTAL_TOKENS, Aggregation::Sum);
pub const TOTAL_COST: MeasureOf = of(&traces::MEASURE_TOTAL_COST, Aggregation::Sum);
/// Traces with a known cost.
const COSTED: MeasureOf = of(&traces::MEASURE_TOTAL_COST, Aggregation::Count);
pub const USERS: MeasureOf = of(&traces::UNIQUE_USERS, Aggregation::CountDistinct);
pub const FIRST: MeasureOf = of(&traces::MEASURE_TIMESTAMP, Aggregation::Min);
pub const LAST: MeasureOf = of(&traces::MEASURE_LAST_ACTIVITY, Aggregation::Max);
pub const CREATED: MeasureOf = of(&traces::MEASURE_CREATED_AT, Aggregation::Min);
pub const STATE_TIME: MeasureOf = of(&observations::MEASURE_START_TIME, Aggregation::Max);

/// What sessions are asked for, per session id.
pub const SESSION_MEASURES: [MeasureOf; 12] = [
    TRACES,
    OBSERVATIONS,
    ERRORS,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    TOTAL_TOKENS,
    TOTAL_COST,
    COSTED,
    USERS,
    FIRST,
    LAST,
    CREATED,
];

/// What runs are asked for, per run id and state.
pub const RUN_MEASURES: [MeasureOf; 5] = [TRACES, OBSERVATIONS, ERRORS, FIRST, LAST];

/// Who took part in a session, and where.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Participants {
    /// With the earliest receipt.
    environment: Option<(Timestamp, Box<str>)>,
    users: BTreeSet<Box<str>>,
}

/// From groups by session, environment and user with the measure [`CREATED`].
pub fn participants(table: &Table) -> BTreeMap<Box<str>, Participants> {
    let mut sessions: BTreeMap<Box<str>, Participants> = BTreeMap::new();
    for group in Group::rows(3, &[CREATED], table) {
        let (Some(session), Some(created)) = (group.dimension(0).as_text(), group.time(&CREATED))
        else {
            continue;
        };
        let known = sessions.entry(session.into()).or_default();
        if let Some(environment) = group.dimension(1).as_text() {
            let candidate = (created, Box::from(environment));
            if known
                .environment
                .as_ref()
                .is_none_or(|first| candidate < *first)
            {
                known.environment = Some(candidate);
            }
        }
        if let Some(user) = group.dimension(2).as_text() {
            known.users.insert(user.into());
        }
    }
    sessions
}

/// From groups by session with [`SESSION_MEASURES`], in their order.
pub fn sessions(
    table: &Table,
    participants: &BTreeMap<Box<str>, Participants>,
    project: &ProjectId,
) -> Vec<Session> {
    let groups = Group::rows(1, &SESSION_MEASURES, table);
    groups
        .filter_map(|group| {
            let id = group.dimension(0).as_text()?;
            Some(session(id, &group, participants.get(id), project))
        })
        .collect()
}

fn session(
    id: &str,
    group: &Group<'_>,
    participants: Option<&Participants>,
    project: &ProjectId,
) -> Session {
    let environment = participants.and_then(|known| known.environment.as_ref());
    let users = participants.map(|known| known.users.iter().take(USERS_MAX).cloned().collect());
    let instant = |measure| Instant(group.time(measure).unwrap_or_default());
    let total_cost = group
        .money(&TOTAL_COST)
        .filter(|_| group.count(&COSTED) > 0);
    Session {
        id: id.into(),
        created_at: instant(&CREATED),
        project_id: project.as_str().into(),
        environment: environment
            .map(|(_, name)| name.clone())
            .unwrap_or_default(),
        user_ids: users.unwrap_or_default(),
        user_count: group.count(&USERS),
        trace_count: group.count(&TRACES),
        observation_count: group.count(&OBSERVATIONS),
        error_count: group.count(&ERRORS),
        input_tokens: group.count(&INPUT_TOKENS),
        output_tokens: group.count(&OUTPUT_TOKENS),
        total_tokens: group.count(&TOTAL_TOKENS),
        total_cost: total_cost.map(Usd::to_f64),
        first_timestamp: instant(&FIRST),
        last_timestamp: instant(&LAST),
    }
}

/// From groups of traces by run and state with [`RUN_MEASURES`], and groups of observations by their own run,
/// their trace's run and state with [`STATE_TIME`].
pub fn runs(of_traces: &Table, of_observations: &Table) -> Vec<Run> {
    let mut runs: BTreeMap<Box<str>, Run> = BTreeMap::new();
    for group in Group::rows(2, &RUN_MEASURES, of_traces) {
        let (Some(id), Some(last)) = (group.dimension(0).as_text(), group.time(&LAST)) else {
            continue;
        };
        let first = group.time(&FIRST).unwrap_or(last);
        let run = runs
            .entry(id.into())
            .or_insert_with(|| empty_run(id, first));
        run.trace_count += group.count(&TRACES);
        run.observation_count += group.count(&OBSERVATIONS);
        run.error_count += group.count(&ERRORS);
        extend(run, first, last);
        offer_state(run, group.dimension(1), last);
    }
    for group in Group::rows(3, &[STATE_TIME], of_observations) {
        let id = group
            .dimension(0)
            .as_text()
            .or(group.dimension(1).as_text());
        let (Some(id), Some(time)) = (id, group.time(&STATE_TIME)) else {
            continue;
        };
        let run = runs.entry(id.into()).or_insert_with(|| empty_run(id, time));
        extend(run, time, time);
        offer_state(run, group.dimension(2), time);
    }
    let mut runs: Vec<Run> = runs.into_values().collect();
    runs.sort_by(|a, b| (a.first_timestamp, &a.run_id).cmp(&(b.first_timestamp, &b.run_id)));
    runs
}

fn empty_run(id: &str, time: Timestamp) -> Run {
    Run {
        run_id: id.into(),
        state: None,
        state_timestamp: None,
        trace_count: 0,
        observation_count: 0,
        error_count: 0,
        first_timestamp: Instant(time),
        last_timestamp: Instant(time),
    }
}

fn extend(run: &mut Run, first: Timestamp, last: Timestamp) {
    run.first_timestamp = run.first_timestamp.min(Instant(first));
    run.last_timestamp = run.last_timestamp.max(Instant(last));
}

/// The latest wins; of one instant, what was offered first: a trace's state before an observation's.
fn offer_state(run: &mut Run, state: &Value, time: Timestamp) {
    let Some(state) = state.as_text() else {
        return;
    };
    if run
        .state_timestamp
        .is_none_or(|known| Instant(time) > known)
    {
        run.state = Some(state.into());
        run.state_timestamp = Some(Instant(time));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_micros(minute * 60_000_000)
    }

    fn table(rows: Vec<Vec<Value>>) -> Table {
        Table {
            columns: Vec::new(),
            rows,
        }
    }

    #[test]
    fn the_latest_state_of_a_run_wins() {
        let time = |minute| Value::Time(at(minute));
        let trace_row = |run: &str, state: Value, first, last| {
            let mut row = vec![Value::text(run), state];
            row.extend([Value::Int(1), Value::Int(2), Value::Int(0)]);
            row.extend([time(first), time(last)]);
            row
        };
        let of_traces = table(vec![
            trace_row("r1", Value::text("running"), 0, 1),
            trace_row("r1", Value::text("success"), 2, 5),
            trace_row("r1", Value::Null, 6, 9),
            trace_row("r2", Value::text("queued"), 3, 3),
        ]);
        let of_observations = table(vec![
            vec![
                Value::Null,
                Value::text("r2"),
                Value::text("error"),
                time(4),
            ],
            vec![
                Value::text("r1"),
                Value::Null,
                Value::text("paused"),
                time(5),
            ],
            vec![
                Value::text("r0"),
                Value::text("r1"),
                Value::text("running"),
                time(7),
            ],
        ]);
        let runs = runs(&of_traces, &of_observations);
        let states: Vec<(&str, Option<&str>, u64)> = runs
            .iter()
            .map(|run| (&*run.run_id, run.state.as_deref(), run.trace_count))
            .collect();
        let expected = [
            ("r1", Some("success"), 3),
            ("r2", Some("error"), 1),
            ("r0", Some("running"), 0),
        ];
        assert_eq!(states, expected);
        assert_eq!(runs[0].last_timestamp, Instant(at(9)));
        assert_eq!(runs[0].state_timestamp, Some(Instant(at(5))));
    }

    #[test]
    fn a_session_has_the_environment_of_its_first_trace() {
        let row = |environment: &str, user: Value, minute| {
            let session = Value::text("s");
            vec![
                session,
                Value::text(environment),
                user,
                Value::Time(at(minute)),
            ]
        };
        let participants = participants(&table(vec![
            row("prod", Value::text("b"), 2),
            row("test", Value::text("a"), 1),
            row("prod", Value::Null, 3),
        ]));
        let known = &participants["s"];
        assert_eq!(known.environment, Some((at(1), "test".into())));
        assert_eq!(known.users.len(), 2);
    }
}
