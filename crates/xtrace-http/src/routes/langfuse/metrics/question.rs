//! A question as it is asked, with every name found and every limit kept.

use serde_json::Value;
use xtrace_model::Timestamp;
use xtrace_query::{Aggregation, Condition, MeasureOf};

use super::calendar::Granularity;
use super::filters;
use super::json::{BadQuestion, Node, Object};
use super::vocabulary::{NamedDimension, NamedMeasure, Version, Vocabulary};
use crate::params::time;

pub const DIMENSIONS_MAX: usize = 7;
pub const METRICS_MAX: usize = 30;
pub const FILTERS_MAX: usize = 50;
/// Most rows that can be asked for.
pub const ROW_LIMIT_MAX: u64 = 1_000;
pub const BINS_MAX: u64 = xtrace_query::check::PARTS_MAX as u64;
const BINS_DEFAULT: u64 = 10;

/// The name of the column with the beginning of a part of time.
pub const TIME_DIMENSION: &str = "time_dimension";

const KEYS: [&str; 9] = [
    "view",
    "dimensions",
    "metrics",
    "filters",
    "timeDimension",
    "fromTimestamp",
    "toTimestamp",
    "orderBy",
    "config",
];
const AGGREGATIONS: [&str; 12] = [
    "sum",
    "avg",
    "count",
    "max",
    "min",
    "p50",
    "p75",
    "p90",
    "p95",
    "p99",
    "histogram",
    "uniq",
];

/// What is asked.
#[derive(Debug)]
pub struct Question {
    pub vocabulary: &'static Vocabulary,
    pub dimensions: Vec<&'static NamedDimension>,
    pub granularity: Option<Granularity>,
    pub metrics: Vec<Metric>,
    pub conditions: Vec<Condition>,
    pub from: Timestamp,
    pub to: Timestamp,
    /// Empty where none was sent.
    pub order: Vec<(OrderBy, Direction)>,
    pub row_limit: Option<u64>,
}

/// A measure and how it is aggregated.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub named: &'static NamedMeasure,
    pub of: MeasureOf,
}

impl Metric {
    /// Of its column.
    pub fn name(&self) -> String {
        format!("{}_{}", self.of.aggregation.name(), self.named.name)
    }
}

/// What is ordered by: the n-th of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderBy {
    Dimension(usize),
    Time,
    Metric(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

impl Question {
    /// # Errors
    /// Something is not as it should be; the error names it.
    pub fn parse(text: &str, version: Version) -> Result<Self, BadQuestion> {
        let json: Value = serde_json::from_str(text)
            .map_err(|error| BadQuestion::new("query", format!("is no JSON: {error}")))?;
        let object = Node::new(&json, "query").object(&KEYS)?;
        let vocabulary = version.vocabulary(&object.required("view", "the name of a view")?)?;
        let (from, to) = range(&object)?;
        let config = config(&object)?;
        let mut question = Self {
            vocabulary,
            dimensions: dimensions(&object, vocabulary)?,
            granularity: granularity(&object, from, to)?,
            metrics: metrics(&object, vocabulary, config.parts)?,
            conditions: Vec::new(),
            from,
            to,
            order: Vec::new(),
            row_limit: config.row_limit,
        };
        for filter in object.list("filters", FILTERS_MAX)? {
            question
                .conditions
                .push(filters::condition(&filter, vocabulary)?);
        }
        if question.dimensions.is_empty() && question.metrics.is_empty() {
            return Err(BadQuestion::new(
                "query.metrics",
                "is empty; expected at least one metric or dimension",
            ));
        }
        for order in object.list("orderBy", question.columns())? {
            let order = question.order_by(&order)?;
            question.order.push(order);
        }
        if version == Version::V2 {
            question.limit_many()?;
        }
        Ok(question)
    }

    fn columns(&self) -> usize {
        self.dimensions.len() + self.metrics.len() + 1
    }

    fn order_by(&self, node: &Node<'_>) -> Result<(OrderBy, Direction), BadQuestion> {
        let order = node.object(&["field", "direction"])?;
        let field = order.required("field", "the name of a column of the answer")?;
        let name = field.text()?;
        let dimension = self.dimensions.iter().position(|of| of.name == name);
        let metric = self.metrics.iter().position(|metric| metric.name() == name);
        let is_time = self.granularity.is_some() && name == TIME_DIMENSION;
        let by = match (dimension, metric) {
            (Some(index), _) => OrderBy::Dimension(index),
            (_, Some(index)) => OrderBy::Metric(index),
            _ if is_time => OrderBy::Time,
            _ => return Err(field.unexpected("a column of the answer, such as sum_totalCost")),
        };
        if let OrderBy::Metric(index) = by
            && let Aggregation::Histogram(_) = self.metrics[index].of.aggregation
        {
            return Err(field.bad(format!("is {name:?}; histograms have no order")));
        }
        let direction = order.required("direction", "asc or desc")?;
        let parse = |text: &str| match text {
            "asc" => Some(Direction::Ascending),
            "desc" => Some(Direction::Descending),
            _ => None,
        };
        Ok((by, direction.one_of(parse, &["asc", "desc"])?))
    }

    /// What has many values is asked by the second version only for the first of them by a measure.
    fn limit_many(&self) -> Result<(), BadQuestion> {
        let Some(index) = self.dimensions.iter().position(|of| of.has_many) else {
            return Ok(());
        };
        let is_by_measure = |(by, direction): &(OrderBy, Direction)| {
            matches!((by, direction), (OrderBy::Metric(_), Direction::Descending))
        };
        let missing = if self.granularity.is_some() {
            "no timeDimension"
        } else if self.row_limit.is_none() {
            "config.row_limit"
        } else if !self.order.iter().any(is_by_measure) {
            "an orderBy of a metric with direction desc"
        } else {
            return Ok(());
        };
        let name = self.dimensions[index].name;
        Err(BadQuestion::new(
            format!("query.dimensions[{index}].field"),
            format!("is {name:?}, which has many values: it needs {missing}"),
        ))
    }
}

fn range(object: &Object<'_>) -> Result<(Timestamp, Timestamp), BadQuestion> {
    let instant = |key| {
        let node = object.required(key, time::INSTANT_EXPECTED)?;
        let instant = time::parse_instant(node.text()?);
        instant.ok_or_else(|| node.unexpected(time::INSTANT_EXPECTED))
    };
    let (from, to) = (instant("fromTimestamp")?, instant("toTimestamp")?);
    if from > to {
        let to = object.required("toTimestamp", time::INSTANT_EXPECTED)?;
        return Err(to.unexpected("a time no earlier than fromTimestamp"));
    }
    Ok((from, to))
}

struct Config {
    parts: u8,
    row_limit: Option<u64>,
}

fn config(object: &Object<'_>) -> Result<Config, BadQuestion> {
    let config = object.get("config");
    let config = config
        .map(|node| node.object(&["bins", "row_limit"]))
        .transpose()?;
    let count = |key, max| {
        let node = config.as_ref().and_then(|config| config.get(key));
        node.map(|node| node.count(max)).transpose()
    };
    let bins = count("bins", BINS_MAX)?.unwrap_or(BINS_DEFAULT);
    Ok(Config {
        parts: u8::try_from(bins).unwrap_or(u8::MAX),
        row_limit: count("row_limit", ROW_LIMIT_MAX)?,
    })
}

fn dimensions(
    object: &Object<'_>,
    vocabulary: &'static Vocabulary,
) -> Result<Vec<&'static NamedDimension>, BadQuestion> {
    let mut dimensions: Vec<&'static NamedDimension> = Vec::new();
    for node in object.list("dimensions", DIMENSIONS_MAX)? {
        let field = node
            .object(&["field"])?
            .required("field", "the name of a dimension")?;
        let dimension = vocabulary.dimension(&field)?;
        if dimensions.iter().any(|other| other.name == dimension.name) {
            return Err(field.bad(format!("is {:?} for the second time", dimension.name)));
        }
        dimensions.push(dimension);
    }
    Ok(dimensions)
}

fn granularity(
    object: &Object<'_>,
    from: Timestamp,
    to: Timestamp,
) -> Result<Option<Granularity>, BadQuestion> {
    let Some(node) = object.get("timeDimension") else {
        return Ok(None);
    };
    let expected = Granularity::NAMES.join(", ");
    let node = node
        .object(&["granularity"])?
        .required("granularity", &format!("one of {expected}"))?;
    let parse = |text: &str| Granularity::parse(text, from, to);
    node.one_of(parse, &Granularity::NAMES).map(Some)
}

fn metrics(
    object: &Object<'_>,
    vocabulary: &'static Vocabulary,
    parts: u8,
) -> Result<Vec<Metric>, BadQuestion> {
    let mut metrics: Vec<Metric> = Vec::new();
    for node in object.list("metrics", METRICS_MAX)? {
        let sent = node.object(&["measure", "aggregation"])?;
        let named = vocabulary.measure(&sent.required("measure", "the name of a measure")?)?;
        let known = format!("one of {}", AGGREGATIONS.join(", "));
        let aggregation = sent.required("aggregation", &known)?;
        let of = MeasureOf {
            measure: named.measure,
            aggregation: aggregation
                .one_of(|text| parse_aggregation(text, parts), &AGGREGATIONS)?,
        };
        if of.check(vocabulary.view).is_err() {
            let can = AGGREGATIONS.into_iter().filter(|name| {
                let aggregation = parse_aggregation(name, parts);
                aggregation.is_some_and(|aggregation| {
                    MeasureOf { aggregation, ..of }
                        .check(vocabulary.view)
                        .is_ok()
                })
            });
            let can = can.collect::<Vec<_>>().join(", ");
            return Err(aggregation.unexpected(&format!("one of {can} for {}", named.name)));
        }
        let metric = Metric { named, of };
        if metrics.iter().any(|other| other.name() == metric.name()) {
            return Err(node.bad(format!("asks for {} a second time", metric.name())));
        }
        metrics.push(metric);
    }
    Ok(metrics)
}

fn parse_aggregation(text: &str, parts: u8) -> Option<Aggregation> {
    Some(match text {
        "sum" => Aggregation::Sum,
        "avg" => Aggregation::Avg,
        "count" => Aggregation::Count,
        "max" => Aggregation::Max,
        "min" => Aggregation::Min,
        "p50" => Aggregation::Percentile(50),
        "p75" => Aggregation::Percentile(75),
        "p90" => Aggregation::Percentile(90),
        "p95" => Aggregation::Percentile(95),
        "p99" => Aggregation::Percentile(99),
        "histogram" => Aggregation::Histogram(parts),
        "uniq" => Aggregation::CountDistinct,
        _ => return None,
    })
}
