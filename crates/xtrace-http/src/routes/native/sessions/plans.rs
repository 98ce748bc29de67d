//! What sessions and runs are asked of the store.

use xtrace_query::{
    Condition, Dimension, MeasureOf, Order, OrderBy, Plan, Select, Value, View, observations,
    traces,
};

use crate::map::session;
use crate::params::order;
use crate::params::page::Page;
use crate::params::query_string::{BadParam, QueryString};

/// Most combinations of environment and user of one page of sessions.
const PARTICIPANTS_MAX: u64 = 20_000;

/// Most combinations of run and state of one session.
pub const RUN_STATES_MAX: u64 = 2_000;

/// Groups by session, for a page.
pub fn page(conditions: Vec<Condition>, order: Order, page: Page) -> Plan {
    Plan {
        select: Select::Groups {
            dimensions: by_session(),
            measures: session::SESSION_MEASURES.to_vec(),
        },
        order: vec![order],
        limit: page.limit,
        offset: page.offset(),
        ..over_traces(conditions)
    }
}

/// How many sessions there are.
pub fn total(conditions: Vec<Condition>) -> Plan {
    Plan {
        select: Select::CountGroups {
            dimensions: by_session(),
        },
        ..over_traces(conditions)
    }
}

/// Environments and users of the sessions of a page.
pub fn participants(mut conditions: Vec<Condition>, sessions: Vec<Value>) -> Plan {
    let field = &traces::SESSION_ID;
    conditions.push(Condition::In {
        field,
        values: sessions,
    });
    let by = [&traces::SESSION_ID, &traces::ENVIRONMENT, &traces::USER_ID];
    Plan {
        select: Select::Groups {
            dimensions: by.map(Dimension::Field).to_vec(),
            measures: vec![session::CREATED],
        },
        limit: PARTICIPANTS_MAX,
        ..over_traces(conditions)
    }
}

/// Runs and their states, as the traces of a session name them.
pub fn runs_of_traces(session_id: &str) -> Plan {
    let by = [&traces::RUN_ID, &traces::RUN_STATE];
    Plan {
        select: Select::Groups {
            dimensions: by.map(Dimension::Field).to_vec(),
            measures: session::RUN_MEASURES.to_vec(),
        },
        order: vec![Order {
            by: OrderBy::Measure(session::LAST),
            descending: true,
        }],
        limit: RUN_STATES_MAX,
        ..over_traces(vec![of_session(session_id), present(&traces::RUN_ID)])
    }
}

/// States of runs, as the observations of a session name them.
pub fn runs_of_observations(session_id: &str) -> Plan {
    let by = [
        &observations::RUN_ID,
        &traces::RUN_ID,
        &observations::RUN_STATE,
    ];
    Plan {
        view: View::Observations,
        select: Select::Groups {
            dimensions: by.map(Dimension::Field).to_vec(),
            measures: vec![session::STATE_TIME],
        },
        conditions: vec![
            of_session(session_id),
            present(&observations::RUN_STATE),
            Condition::Any(vec![
                present(&observations::RUN_ID),
                present(&traces::RUN_ID),
            ]),
        ],
        order: vec![Order {
            by: OrderBy::Measure(session::STATE_TIME),
            descending: true,
        }],
        limit: RUN_STATES_MAX,
        offset: 0,
    }
}

/// The traces of a session.
pub fn of_session(id: &str) -> Condition {
    Condition::equal(&traces::SESSION_ID, Value::text(id))
}

/// Only traces that are part of a session.
pub fn in_a_session() -> Condition {
    present(&traces::SESSION_ID)
}

fn present(field: &'static xtrace_query::Field) -> Condition {
    Condition::Not(Box::new(Condition::IsAbsent { field }))
}

fn by_session() -> Vec<Dimension> {
    vec![Dimension::Field(&traces::SESSION_ID)]
}

fn over_traces(conditions: Vec<Condition>) -> Plan {
    Plan {
        view: View::Traces,
        select: Select::CountGroups {
            dimensions: by_session(),
        },
        conditions,
        order: Vec::new(),
        limit: 1,
        offset: 0,
    }
}

/// Names of `orderBy` beside `id`, and what they order by.
const ORDERS: [(&str, MeasureOf); 9] = [
    ("createdAt", session::CREATED),
    ("firstTimestamp", session::FIRST),
    ("lastTimestamp", session::LAST),
    ("traceCount", session::TRACES),
    ("observationCount", session::OBSERVATIONS),
    ("errorCount", session::ERRORS),
    ("totalTokens", session::TOTAL_TOKENS),
    ("totalCost", session::TOTAL_COST),
    ("userCount", session::USERS),
];

/// `orderBy` of sessions, by default the newest first.
///
/// # Errors
/// The name or the direction is unknown.
pub fn order_by(query: &QueryString) -> Result<Order, BadParam> {
    let find = |name: &str| {
        if name == "id" {
            return Some(OrderBy::Dimension(0));
        }
        let known = ORDERS.iter().find(|(known, _)| *known == name);
        known.map(|(_, measure)| OrderBy::Measure(*measure))
    };
    let names = || {
        let measures = ORDERS.iter().map(|(name, _)| *name);
        std::iter::once("id").chain(measures).collect()
    };
    let found = order::split(query, find, names)?;
    let (by, descending) = found.unwrap_or((OrderBy::Measure(session::CREATED), true));
    Ok(Order { by, descending })
}
