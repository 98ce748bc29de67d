//! The parameters of the time-series routes.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use xtrace_model::Timestamp;
use xtrace_query::{MetricAggregation, MetricPlan};

use super::document::{ParamDoc, Shape};
use super::query_string::{BadParam, QueryString};
use super::time;

/// A question without `from` covers this much before `to`.
const WINDOW_MICROS: i64 = 3_600 * 1_000_000;
const STEP_MICROS: i64 = 60 * 1_000_000;

/// Most keys of `group_by`.
pub const GROUP_KEYS_MAX: usize = 8;

/// Most names that one question for the latest points may have.
pub const NAMES_MAX: usize = 50;

const LABELS_EXPECTED: &str =
    "a JSON object with texts or numbers as values such as {\"node\":\"a\"}";
const NAME_EXPECTED: &str = "the name of a metric";

const LABELS: ParamDoc = ParamDoc::new(
    "labels",
    Shape::Text,
    "A JSON object of labels that a series must have; more do not matter. Numbers are read as their text.",
);

pub static QUERY_PARAMS: [ParamDoc; 7] = [
    ParamDoc::new("name", Shape::Text, "The metric, exact.").required(),
    ParamDoc::new(
        "from",
        Shape::DateTime,
        "Earliest time, inclusive: RFC 3339, Unix seconds or milliseconds. Default: an hour before `to`.",
    ),
    ParamDoc::new(
        "to",
        Shape::DateTime,
        "Latest time, inclusive. Default: now.",
    ),
    LABELS,
    ParamDoc::new(
        "step",
        Shape::Text,
        "Length of a bucket: any duration from 1s to 366d such as 15s, 60s, 5m, 1h, 1d. Default 1m. Buckets are \
         aligned to the epoch.",
    ),
    ParamDoc::new(
        "agg",
        Shape::Text,
        "How the points of a bucket become one value: avg (default), max, min, sum, last, count, rate (increase \
         per second of a counter), p50, p90, p95, p99 (exact, interpolated).",
    ),
    ParamDoc::new(
        "group_by",
        Shape::TextList,
        "One series per combination of these labels, repeated or separated by commas. Absent: one series per \
         full set of labels.",
    ),
];

pub static LATEST_PARAMS: [ParamDoc; 2] = [
    ParamDoc::new(
        "name",
        Shape::TextList,
        "Metrics, exact, repeated for several (at most 50).",
    )
    .required(),
    LABELS,
];

/// The most that one answer holds, by configuration.
#[derive(Clone, Copy, Debug)]
pub struct MetricCaps {
    pub series_max: usize,
    pub points_max: usize,
}

/// A question for the latest points.
#[derive(Clone, Debug, PartialEq)]
pub struct LatestQuery {
    /// Without repetition, in the order sent.
    pub names: Vec<Box<str>>,
    pub labels: BTreeMap<Box<str>, Box<str>>,
}

/// Reads a question about one metric's series.
///
/// # Errors
/// The first parameter that cannot be used.
pub fn metric_plan(
    query: &QueryString,
    now: Timestamp,
    caps: MetricCaps,
) -> Result<MetricPlan, BadParam> {
    let name = query.one("name")?.ok_or(BadParam::Missing {
        name: "name",
        expected: NAME_EXPECTED,
    })?;
    let (from, to) = window(query, now)?;
    Ok(MetricPlan {
        name: name.into(),
        labels: labels(query)?,
        from,
        to,
        step_micros: query
            .parsed("step", time::STEP_EXPECTED, time::parse_step)?
            .unwrap_or(STEP_MICROS),
        aggregation: query
            .parsed("agg", MetricAggregation::NAMES, MetricAggregation::parse)?
            .unwrap_or(MetricAggregation::Avg),
        group_by: group_by(query)?,
        series_max: caps.series_max,
        points_max: caps.points_max,
    })
}

/// Reads a question for the latest points of some metrics.
///
/// # Errors
/// No name, too many, or the labels are not a JSON object.
pub fn latest_query(query: &QueryString) -> Result<LatestQuery, BadParam> {
    let mut names: Vec<Box<str>> = Vec::new();
    for name in query.list("name")? {
        if !names.iter().any(|known| **known == *name) {
            names.push(name.into());
        }
    }
    match names.len() {
        0 => Err(BadParam::Missing {
            name: "name",
            expected: NAME_EXPECTED,
        }),
        sent if sent > NAMES_MAX => Err(BadParam::TooMany {
            name: "name",
            sent,
            limit: NAMES_MAX,
        }),
        _ => Ok(LatestQuery {
            names,
            labels: labels(query)?,
        }),
    }
}

fn window(query: &QueryString, now: Timestamp) -> Result<(Timestamp, Timestamp), BadParam> {
    let instant = |name| {
        query.parsed(
            name,
            time::METRIC_INSTANT_EXPECTED,
            time::parse_metric_instant,
        )
    };
    let to = instant("to")?.unwrap_or(now);
    let from = instant("from")?.unwrap_or_else(|| to.saturating_add_micros(-WINDOW_MICROS));
    if from > to {
        let expected = format!("a time not after `to`, which is {to}");
        return Err(BadParam::value("from", &from.to_string(), expected));
    }
    Ok((from, to))
}

fn labels(query: &QueryString) -> Result<BTreeMap<Box<str>, Box<str>>, BadParam> {
    let Some(text) = query.one("labels")?.map(str::trim) else {
        return Ok(BTreeMap::new());
    };
    if text.is_empty() {
        return Ok(BTreeMap::new());
    }
    let refused = || BadParam::value("labels", text, LABELS_EXPECTED);
    let object: BTreeMap<Box<str>, Json> = serde_json::from_str(text).map_err(|_| refused())?;
    let labels = object
        .into_iter()
        .map(|(key, value)| label_text(value).map(|text| (key, text)));
    labels.collect::<Option<_>>().ok_or_else(refused)
}

/// `None`: not something a label can be.
fn label_text(value: Json) -> Option<Box<str>> {
    match value {
        Json::String(text) if !text.contains('\0') => Some(text.into()),
        Json::Number(number) => Some(number.to_string().into()),
        Json::Bool(flag) => Some(flag.to_string().into()),
        _ => None,
    }
}

fn group_by(query: &QueryString) -> Result<Option<Vec<Box<str>>>, BadParam> {
    let mut keys: Vec<Box<str>> = Vec::new();
    for key in query.comma_list("group_by")? {
        if !keys.iter().any(|known| **known == *key) {
            keys.push(key.into());
        }
    }
    if keys.len() > GROUP_KEYS_MAX {
        return Err(BadParam::TooMany {
            name: "group_by",
            sent: keys.len(),
            limit: GROUP_KEYS_MAX,
        });
    }
    Ok((!keys.is_empty()).then_some(keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPS: MetricCaps = MetricCaps {
        series_max: 50,
        points_max: 1000,
    };

    fn read(raw: &str) -> Result<MetricPlan, String> {
        let now = Timestamp::parse("2026-01-01T12:00:00Z").unwrap();
        metric_plan(&QueryString::parse(raw), now, CAPS).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_to_the_average_per_minute_of_the_last_hour() {
        let plan = read("name=load").unwrap();
        assert_eq!(plan.from.to_string(), "2026-01-01T11:00:00Z");
        assert_eq!(plan.to.to_string(), "2026-01-01T12:00:00Z");
        assert_eq!(plan.step_micros, 60_000_000);
        assert_eq!(plan.aggregation, MetricAggregation::Avg);
        assert_eq!(plan.group_by, None);
        assert!(plan.labels.is_empty());
    }

    #[test]
    fn reads_what_schedulers_send() {
        let plan = read(
            "name=pending_requests&step=60s&agg=LAST&group_by=model_uid,replica_id\
             &labels=%7B%22gpu_index%22%3A0%2C%22node%22%3A%22a%22%7D\
             &from=1767265200&to=2026-01-01T20:00:00+08:00",
        )
        .unwrap();
        assert_eq!(plan.step_micros, 60_000_000);
        assert_eq!(plan.aggregation, MetricAggregation::Last);
        let keys = vec![Box::from("model_uid"), Box::from("replica_id")];
        assert_eq!(plan.group_by, Some(keys));
        assert_eq!(plan.labels.get("gpu_index").map(AsRef::as_ref), Some("0"));
        assert_eq!(plan.labels.get("node").map(AsRef::as_ref), Some("a"));
        assert_eq!(plan.from.to_string(), "2026-01-01T11:00:00Z");
        assert_eq!(plan.to.to_string(), "2026-01-01T12:00:00Z");
    }

    #[test]
    fn says_what_is_wrong() {
        let check = |raw: &str, part: &str| {
            let error = read(raw).unwrap_err();
            assert!(error.contains(part), "{raw}: {error}");
        };
        check("step=1m", "parameter name is missing");
        check(
            "name=x&step=1y",
            "parameter step is \"1y\"; expected a duration",
        );
        check("name=x&agg=p42", "expected avg, max, min");
        check("name=x&labels=%7B", "expected a JSON object");
        check("name=x&labels=[]", "expected a JSON object");
        check(
            "name=x&labels=%7B%22a%22%3Anull%7D",
            "expected a JSON object",
        );
        check("name=x&from=2026-01-01T12:00:01Z", "not after `to`");
        check("name=x&to=soon", "Unix seconds");
        let keys: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        check(
            &format!("name=x&group_by={}", keys.join(",")),
            "group_by has 9 values; the limit is 8",
        );
    }

    #[test]
    fn blank_labels_are_no_labels() {
        assert!(read("name=x&labels=%20").unwrap().labels.is_empty());
        assert!(read("name=x&labels={}").unwrap().labels.is_empty());
    }

    #[test]
    fn the_latest_points_of_several_metrics_are_one_question() {
        let latest = |raw: &str| latest_query(&QueryString::parse(raw));
        let both = latest("name=a&name=b&name=a").unwrap();
        assert_eq!(both.names, [Box::from("a"), Box::from("b")]);
        assert!(latest("").is_err());
        let many: String = (0..51).map(|n| format!("name={n}&")).collect();
        assert!(latest(&many).is_err());
    }
}
