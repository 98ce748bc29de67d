//! Bodies of `POST /v1/metrics/batch`: points, grouped by series, or why not.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use xtrace_model::limits::{
    BATCH_POINTS_MAX, METRIC_NAME_BYTES_MAX, METRIC_VALUE_MAX, POINT_FUTURE_MAX_MICROS,
    POINT_TIME_MIN_MICROS,
};
use xtrace_model::{SeriesKey, Timestamp};

use super::batch::{List, body_text, parse};
use super::{BodyError, Fault, ItemError, scalars};

mod labels;

use labels::Labels;
pub use labels::{LabelLimits, LabelPolicy};

/// All points of one body.
#[derive(Debug, Default)]
pub struct DecodedPoints {
    /// How many points the body has.
    pub received: usize,
    pub series: Vec<SeriesPoints>,
    /// In the order of the body.
    pub rejected: Vec<RejectedPoint>,
    /// Labels that accepted points lost to a limit.
    pub labels_dropped: u64,
}

/// The points of one series, in the order of the body.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesPoints {
    pub series: Arc<SeriesKey>,
    pub points: Vec<(Timestamp, f64)>,
}

/// A point that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedPoint {
    /// Position in `metrics`.
    pub index: u32,
    /// As sent, as far as it could be read.
    pub name: Option<Box<str>>,
    pub error: ItemError,
}

/// Decodes the documented body, or a bare list of points. `received` is the server's receipt time.
///
/// # Errors
/// The body as a whole is unreadable, has too many points, or `limits` reject it as a whole.
pub fn decode_points(
    body: &[u8],
    limits: &LabelLimits,
    received: Timestamp,
) -> Result<DecodedPoints, BodyError> {
    let list = points_of(body_text(body)?)?;
    if list.count > BATCH_POINTS_MAX {
        return Err(BodyError::TooMany {
            found: list.count,
            what: "points",
            max: BATCH_POINTS_MAX,
        });
    }
    let mut decoder = Decoder {
        limits,
        received,
        by_text: HashMap::new(),
        by_key: HashMap::new(),
        decoded: DecodedPoints {
            received: list.count,
            ..DecodedPoints::default()
        },
    };
    for (index, raw) in list.items.iter().enumerate() {
        decoder.take(index as u32, raw)?;
    }
    Ok(decoder.decoded)
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    metrics: Option<&'a RawValue>,
}

fn points_of(text: &str) -> Result<List<'_>, BodyError> {
    const EXPECTED: &str = "an object with a list `metrics`";
    if text.starts_with('[') {
        return parse(text);
    }
    let whole: &RawValue = parse(text)?;
    if !text.starts_with('{') {
        return Err(BodyError::WrongShape {
            found: scalars::kind_of(whole.get()),
            expected: EXPECTED,
        });
    }
    let envelope: Envelope<'_> = parse(text)?;
    match envelope.metrics.map(RawValue::get) {
        Some(metrics) if metrics.starts_with('[') => parse(metrics),
        Some(_) => Err(BodyError::WrongShape {
            found: "one whose `metrics` is no list",
            expected: EXPECTED,
        }),
        None => Err(BodyError::WrongShape {
            found: "an object without `metrics`",
            expected: EXPECTED,
        }),
    }
}

/// One point, still text.
#[derive(Deserialize)]
struct Point<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    labels: Option<&'a RawValue>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
}

/// A series that was met before, by the text that named it.
#[derive(Clone, Copy)]
struct Known {
    series: usize,
    labels_dropped: u64,
}

struct Decoder<'a> {
    limits: &'a LabelLimits,
    received: Timestamp,
    /// Most points of a body repeat a series in the same words: those are read once.
    by_text: HashMap<(&'a str, &'a str), Known>,
    by_key: HashMap<Arc<SeriesKey>, usize>,
    decoded: DecodedPoints,
}

impl<'a> Decoder<'a> {
    fn take(&mut self, index: u32, raw: &'a RawValue) -> Result<(), BodyError> {
        let point = match read_point(raw) {
            Ok(point) => point,
            Err(error) => {
                self.decoded.rejected.push(RejectedPoint {
                    index,
                    name: None,
                    error,
                });
                return Ok(());
            }
        };
        match self.series_and_value(&point) {
            Ok((known, at, value)) => {
                self.decoded.series[known.series].points.push((at, value));
                self.decoded.labels_dropped += known.labels_dropped;
            }
            Err(Refusal::Point(error)) => {
                let name = point.name.and_then(|name| scalars::unquote(name.get()));
                let name = name
                    .filter(|name| name.len() <= METRIC_NAME_BYTES_MAX)
                    .map(Into::into);
                self.decoded
                    .rejected
                    .push(RejectedPoint { index, name, error });
            }
            Err(Refusal::Batch(error)) => return Err(BodyError::Refused { index, error }),
        }
        Ok(())
    }

    /// The value and time come first: a series comes into being only with a point.
    fn series_and_value(&mut self, point: &Point<'a>) -> Result<(Known, Timestamp, f64), Refusal> {
        let value = value(required("value", point.value)?)?;
        let at = time(required("timestamp", point.timestamp)?, self.received)?;
        let name = required("name", point.name)?;
        let labels = point.labels.map_or("", RawValue::get);
        if let Some(known) = self.by_text.get(&(name, labels)) {
            return Ok((*known, at, value));
        }
        let name_text = metric_name(name)?;
        let read = Labels::read(labels, self.limits)?;
        let known = Known {
            series: self.series(name_text, &read),
            labels_dropped: read.dropped,
        };
        self.by_text.insert((name, labels), known);
        Ok((known, at, value))
    }

    fn series(&mut self, name: Box<str>, labels: &Labels) -> usize {
        let key = Arc::new(SeriesKey {
            name,
            labels: labels.kept.clone(),
        });
        let next = self.decoded.series.len();
        let index = *self.by_key.entry(Arc::clone(&key)).or_insert(next);
        if index == next {
            self.decoded.series.push(SeriesPoints {
                series: key,
                points: Vec::new(),
            });
        }
        index
    }
}

/// What a bad point costs: itself, or by policy the whole batch.
enum Refusal {
    Point(ItemError),
    Batch(ItemError),
}

impl From<ItemError> for Refusal {
    fn from(error: ItemError) -> Self {
        Self::Point(error)
    }
}

fn read_point(raw: &RawValue) -> Result<Point<'_>, ItemError> {
    if !raw.get().starts_with('{') {
        let reason = format!("is {}; expected an object", scalars::kind_of(raw.get()));
        return Err(ItemError::new(Fault::WrongType, "point", reason));
    }
    serde_json::from_str(raw.get())
        .map_err(|error| ItemError::new(Fault::Unreadable, "point", error.to_string()))
}

fn required<'a>(field: &str, raw: Option<&'a RawValue>) -> Result<&'a str, ItemError> {
    raw.map(RawValue::get)
        .ok_or_else(|| ItemError::new(Fault::Missing, field, "is missing"))
}

fn metric_name(json: &str) -> Result<Box<str>, ItemError> {
    let name = scalars::text("name", json, METRIC_NAME_BYTES_MAX)?;
    if name.is_empty() {
        return Err(ItemError::new(Fault::Missing, "name", "is empty"));
    }
    Ok(name)
}

fn value(json: &str) -> Result<f64, ItemError> {
    let text = scalars::number("value", json)?;
    let value = text
        .parse::<f64>()
        .ok()
        .filter(|value| value.abs() <= METRIC_VALUE_MAX);
    value.ok_or_else(|| {
        ItemError::new(
            Fault::OutOfRange,
            "value",
            format!("is {text}; it must be finite and at most {METRIC_VALUE_MAX:e}"),
        )
    })
}

fn time(json: &str, received: Timestamp) -> Result<Timestamp, ItemError> {
    let time = scalars::time("timestamp", json)?;
    let first = Timestamp::from_micros(POINT_TIME_MIN_MICROS);
    let last = received.saturating_add_micros(POINT_FUTURE_MAX_MICROS);
    if (first..=last).contains(&time) {
        return Ok(time);
    }
    let reason = format!("is {time}; it must be from {first} to 24 hours from now");
    Err(ItemError::new(Fault::BadTime, "timestamp", reason))
}
