//! Sums that are kept as rows change: they are those of the rows, whatever happened to these.

use std::sync::Arc;

use xtrace_model::{ObservationType, PriceBook, Timestamp};
use xtrace_query::{
    Bucket, Comparison, Condition, Dimension, ListMatch, Plan, Select, Value, observations as o,
    traces as t, zone,
};
use xtrace_store::lower::Rolled;

use crate::builders::{a_trace, after, an_observation, batch, noon};
use crate::dataset;
use crate::random::rollups::{self, calls_by_day, days, totals};
use crate::random::run;
use crate::stage::Stage;

const HOUR: f64 = 3_600.0;
const DAY: f64 = 24.0 * HOUR;

/// Asks everything that days are made of, and how much there is in all.
async fn compare(stage: &Stage) {
    for plan in all_plans() {
        stage.query(&plan).await;
    }
}

fn all_plans() -> Vec<Plan> {
    let mut plans = totals().to_vec();
    plans.extend(days(&zone::utc_days(), &[]));
    plans.push(calls_by_day(&zone::utc_days(), &[]));
    plans
}

pub async fn a_trace_takes_its_calls_along_when_its_time_changes(stage: &mut Stage) {
    let call = |id: &str, model: &str| {
        an_observation("t", id)
            .kind(ObservationType::Generation)
            .model(model)
            .usage(5, 7)
            .start(after(HOUR))
    };
    stage
        .commit(batch().with(call("a", "m")).with(call("b", "n")))
        .await;
    compare(stage).await;
    // An earlier observation moves a trace whose time was not sent, and later a time is sent.
    stage
        .commit(batch().with(an_observation("t", "c").start(after(-2.0 * DAY))))
        .await;
    compare(stage).await;
    stage
        .commit(batch().with(a_trace("t").timestamp(after(-5.0 * DAY))))
        .await;
    compare(stage).await;
    stage.reopen().await;
    compare(stage).await;
}

pub async fn a_trace_counts_once_for_each_model_that_it_called(stage: &mut Stage) {
    let call = |trace: &str, id: &str| {
        an_observation(trace, id)
            .kind(ObservationType::Generation)
            .usage(1, 2)
            .start(noon())
    };
    let calls = [
        call("t1", "a").model("m"),
        call("t1", "b").model("m"),
        call("t1", "c").model("n"),
        call("t1", "d"),
        call("t2", "a").model("m"),
    ];
    stage.commit(batch().with_all(calls)).await;
    compare(stage).await;
    // The first loses one of two calls, the second its only one.
    let changed = [
        an_observation("t1", "b").sent(1.0).model("n"),
        an_observation("t2", "a").sent(1.0).without_model(),
    ];
    stage.commit(batch().with_all(changed)).await;
    compare(stage).await;
    let no_call = an_observation("t2", "a")
        .sent(2.0)
        .kind(ObservationType::Span);
    stage.commit(batch().with(no_call)).await;
    compare(stage).await;
}

pub async fn a_cost_that_becomes_known_takes_the_place_of_the_one_that_was_sent(stage: &mut Stage) {
    let prices = Arc::new(PriceBook::built_in());
    let trace = a_trace("t").timestamp(noon()).cost("3.5");
    let tool = an_observation("t", "tool")
        .start(noon())
        .kind(ObservationType::Tool);
    let call = an_observation("t", "call").start(noon()).model("gpt-4o");
    let first = batch().prices(prices.clone()).with(trace);
    stage.commit(first.with(tool).with(call)).await;
    compare(stage).await;
    let used = an_observation("t", "call").sent(1.0).usage(1_000, 100);
    stage
        .commit(batch().prices(prices.clone()).with(used))
        .await;
    compare(stage).await;
    // What has a known cost is a model call, whatever its type.
    let billed = an_observation("t", "tool")
        .sent(1.0)
        .cost([("total", "0.25")]);
    stage.commit(batch().prices(prices).with(billed)).await;
    compare(stage).await;
    let unbilled = an_observation("t", "tool").sent(2.0).without_cost();
    stage.commit(batch().with(unbilled)).await;
    compare(stage).await;
}

pub async fn deleted_and_expired_traces_leave_no_sums(stage: &mut Stage) {
    let traces = (0..40).map(|n| a_trace(&format!("t{n}")).timestamp(after(-f64::from(n) * DAY)));
    let calls = (0..40).map(|n| {
        an_observation(&format!("t{n}"), "o")
            .start(after(-f64::from(n) * DAY))
            .kind(ObservationType::Embedding)
            .model(if n % 2 == 0 { "m" } else { "n" })
            .cost([("total", "0.1")])
    });
    stage.commit(batch().with_all(traces).with_all(calls)).await;
    compare(stage).await;
    stage.delete(["t3", "t4", "t5"]).await;
    compare(stage).await;
    stage.expire_traces(after(-20.5 * DAY)).await;
    compare(stage).await;
    stage.reopen().await;
    stage
        .commit(batch().with(a_trace("t4").timestamp(after(DAY))))
        .await;
    compare(stage).await;
    stage.expire_traces(after(2.0 * DAY)).await;
    compare(stage).await;
}

/// How many traces each value has, how many sessions there are, how many observations each trace has.
async fn count_each(stage: &Stage, values: &[&str], ids: &[&str]) {
    let [traces, observations] = totals();
    let where_ = |plan: &Plan, condition| Plan {
        conditions: vec![condition],
        ..plan.clone()
    };
    let is = |field, value: &str| Condition::equal(field, Value::text(value));
    for value in values {
        let tagged = |matching| Condition::List {
            field: &t::TAGS,
            matching,
            values: vec![(*value).into()],
        };
        for condition in [
            is(&t::NAME, value),
            is(&t::SESSION_ID, value),
            tagged(ListMatch::All),
            tagged(ListMatch::Any),
        ] {
            stage.query(&where_(&traces, condition.clone())).await;
            stage.query(&where_(&observations, condition)).await;
        }
    }
    for id in ids {
        let condition = is(&o::TRACE_ID, id);
        stage.query(&where_(&observations, condition)).await;
    }
    let is_absent = Condition::IsAbsent {
        field: &t::SESSION_ID,
    };
    let sessions = Select::CountGroups {
        dimensions: vec![Dimension::Field(&t::SESSION_ID)],
    };
    for conditions in [vec![Condition::Not(Box::new(is_absent))], vec![]] {
        let plan = Plan {
            select: sessions.clone(),
            conditions,
            ..traces.clone()
        };
        stage.query(&plan).await;
    }
}

pub async fn counts_of_a_value_follow_every_change(stage: &mut Stage) {
    let values = ["a", "b", "c", "nobody's"];
    let ids = ["t0", "t1", "t2", "t3", "nobody's"];
    let first = (0..4).map(|n| {
        let trace = a_trace(&format!("t{n}"));
        trace.name("a").session("b").tags(["a", "b"])
    });
    let calls = ["o1", "o2", "o1"].map(|id| an_observation("t1", id).start(noon()));
    stage.commit(batch().with_all(first).with_all(calls)).await;
    count_each(stage, &values, &ids).await;
    // A name goes, another changes; a tag more; a session of its own.
    let changed = [
        a_trace("t0").sent(1.0).without_name(),
        a_trace("t1").sent(1.0).name("c").session("c"),
        a_trace("t2").sent(1.0).tags(["c"]),
    ];
    stage.commit(batch().with_all(changed)).await;
    count_each(stage, &values, &ids).await;
    stage.delete(["t1", "t2"]).await;
    count_each(stage, &values, &ids).await;
    stage.reopen().await;
    count_each(stage, &values, &ids).await;
    stage.expire_traces(after(HOUR)).await;
    count_each(stage, &values, &ids).await;
}

pub async fn counts_of_strange_values_are_those_of_the_rows(stage: &mut Stage) {
    let long = ["x".repeat(200), "x".repeat(201), "é".repeat(101)];
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let strange = ["", " ", "a\u{fffd}b", "%", "{}", "\"", digest];
    let values: Vec<&str> = strange
        .into_iter()
        .chain(long.iter().map(String::as_str))
        .collect();
    let traces = values.iter().enumerate().map(|(n, value)| {
        let trace = a_trace(&format!("t{n}"));
        trace.name(value).session(value).tags(["tag", value])
    });
    stage.commit(batch().with_all(traces)).await;
    count_each(stage, &values, &[]).await;
    count_each(stage, &["tag"], &[]).await;
}

pub async fn both_ends_of_a_time_are_exact_to_the_microsecond(stage: &mut Stage) {
    let quarter =
        |n: i64, micros: i64| Timestamp::from_micros(noon().as_micros() + n * 900_000_000 + micros);
    let times: Vec<Timestamp> = (0..6)
        .flat_map(|n| [-1, 0, 1].map(|micros| quarter(n, micros)))
        .collect();
    for (number, time) in times.iter().enumerate() {
        let id = format!("t{number}");
        let call = an_observation(&id, "o")
            .kind(ObservationType::Generation)
            .usage(1, 1)
            .start(noon());
        stage
            .commit(batch().with(a_trace(&id).timestamp(*time)).with(call))
            .await;
    }
    let bound = |comparison, time: &Timestamp| Condition::Compare {
        field: &t::TIMESTAMP,
        comparison,
        value: Value::Time(*time),
    };
    let lower = [Comparison::Greater, Comparison::GreaterOrEqual];
    let upper = [Comparison::Less, Comparison::LessOrEqual];
    let [counted, ..] = days(&zone::utc_days(), &[]);
    let called = calls_by_day(&zone::utc_days(), &[]);
    for (from, to) in (0..6).flat_map(|from| (9..15).map(move |to| (from, to))) {
        for (lower, upper) in lower.iter().flat_map(|l| upper.map(|u| (*l, u))) {
            let range = [bound(lower, &times[from]), bound(upper, &times[to])];
            for plan in [&counted, &called] {
                let mut plan = plan.clone();
                plan.conditions.extend_from_slice(&range);
                stage.query(&plan).await;
            }
        }
    }
}

pub async fn days_of_zones_with_odd_offsets_are_those_of_the_rows(stage: &mut Stage) {
    dataset::store(stage).await;
    let (from, to) = (after(-400.0 * DAY), after(400.0 * DAY));
    let zones = [
        "Asia/Kathmandu",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "America/St_Johns",
    ];
    for name in zones {
        let bucket = zone::days(name, from, to).expect("a zone");
        for plan in days(&bucket, &[]) {
            assert!(Rolled::of(&plan).is_some(), "{name}");
            stage.query(&plan).await;
        }
        stage.query(&calls_by_day(&bucket, &[])).await;
    }
    // Until 1937 Amsterdam was 19 minutes and 32 seconds ahead: no bucket is all in one day.
    let old = Bucket::Day {
        offsets: vec![(Timestamp::MIN, 1_172)],
    };
    for plan in days(&old, &[]) {
        assert!(Rolled::of(&plan).is_none());
        stage.query(&plan).await;
    }
}

pub async fn nothing_of_another_project_is_added_up(stage: &mut Stage) {
    let other = crate::builders::project("other");
    let call = |id: &str| {
        an_observation(id, "o")
            .kind(ObservationType::Generation)
            .usage(3, 4)
            .start(noon())
    };
    stage.commit(batch().with(call("mine"))).await;
    stage
        .commit(batch().scope(&other).with(call("theirs")))
        .await;
    compare(stage).await;
    stage.scope = other;
    compare(stage).await;
}

pub async fn plans_are_answered_as_by_the_reference(stage: &mut Stage) {
    dataset::store(stage).await;
    for plan in all_plans() {
        assert!(Rolled::of(&plan).is_some(), "{plan:#?}");
    }
    run(
        stage,
        100,
        &rollups::plans(),
        async |stage: &mut Stage, plan| {
            assert!(Rolled::of(&plan).is_some(), "{plan:#?}");
            stage.query(&plan).await;
        },
    );
}

pub async fn changes_are_seen_as_soon_as_rows(stage: &mut Stage) {
    // More changes than an engine may leave to be added up, in commits of their own.
    for n in 0..170 {
        let id = format!("t{n}");
        let calls = (0..12).map(|call| {
            an_observation(&id, &format!("o{call}"))
                .kind(ObservationType::Generation)
                .model(&format!("m{call}"))
                .usage(1, 1)
                .start(after(f64::from(n) * 60.0))
        });
        stage.commit(batch().with_all(calls)).await;
        if n % 50 == 0 {
            stage.query(&totals()[usize::from(n % 100 == 0)]).await;
        }
    }
    compare(stage).await;
}
