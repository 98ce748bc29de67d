//! The names of views, dimensions, measures and columns, and what each means here.

use xtrace_query::{Field, Measure, Unit, View, observations as o, traces as t};

use super::json::{BadQuestion, Node};

/// Which of the two routes is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V1,
    V2,
}

/// Names of one view. Lists of a view's second version are its first and more.
#[derive(Debug)]
pub struct Vocabulary {
    pub view: View,
    dimensions: &'static [&'static [NamedDimension]],
    measures: &'static [&'static [NamedMeasure]],
    /// What can be filtered by beside the dimensions.
    columns: &'static [NamedField],
    missing: &'static [Missing],
}

/// What rows can be grouped by.
#[derive(Debug)]
pub struct NamedDimension {
    pub name: &'static str,
    pub of: Shown,
    /// So many groups that the second version asks for a limit.
    pub has_many: bool,
}

/// What is shown of a row.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    Field(&'static Field),
    /// The month of a time.
    Month(&'static Field),
    /// Whether the field is absent.
    IsAbsent(&'static Field),
}

#[derive(Debug)]
pub struct NamedMeasure {
    pub name: &'static str,
    pub measure: &'static Measure,
}

#[derive(Debug)]
struct NamedField {
    name: &'static str,
    field: &'static Field,
}

/// Names that mean something that is not stored.
#[derive(Debug)]
struct Missing {
    names: &'static [&'static str],
    what: &'static str,
}

/// What a filter is about.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    Field(&'static Field),
    IsAbsent(&'static Field),
}

impl NamedMeasure {
    /// Durations are kept in seconds and shown in milliseconds.
    pub fn is_duration(&self) -> bool {
        self.measure.unit == Unit::Seconds
    }
}

impl Version {
    const VIEWS: [&'static str; 5] = [
        "traces",
        "observations",
        "scores-numeric",
        "scores-boolean",
        "scores-categorical",
    ];

    /// The words of the view that is named.
    pub fn vocabulary(self, node: &Node<'_>) -> Result<&'static Vocabulary, BadQuestion> {
        match (node.text()?, self) {
            ("traces", Self::V1) => Ok(&TRACES),
            ("traces", Self::V2) => Err(node.bad(
                "is \"traces\", which this version does not have; ask observations for \
                 uniq_traceId, or GET /api/public/metrics",
            )),
            ("observations", Self::V1) => Ok(&OBSERVATIONS),
            ("observations", Self::V2) => Ok(&OBSERVATIONS_V2),
            (name, _) if Self::VIEWS.contains(&name) => {
                Err(node.bad(format!("is {name:?}; scores are not stored yet")))
            }
            _ => Err(node.unexpected(&format!("one of {}", Self::VIEWS.join(", ")))),
        }
    }
}

impl Vocabulary {
    pub fn dimension(&self, node: &Node<'_>) -> Result<&'static NamedDimension, BadQuestion> {
        let name = node.text()?;
        let known = || self.dimensions.iter().copied().flatten();
        let found = known().find(|dimension| dimension.name == name);
        found.ok_or_else(|| self.unknown(node, known().map(|dimension| dimension.name)))
    }

    pub fn measure(&self, node: &Node<'_>) -> Result<&'static NamedMeasure, BadQuestion> {
        let name = node.text()?;
        let known = || self.measures.iter().copied().flatten();
        let found = known().find(|measure| measure.name == name);
        found.ok_or_else(|| self.unknown(node, known().map(|measure| measure.name)))
    }

    pub fn column(&self, node: &Node<'_>) -> Result<Column, BadQuestion> {
        let name = node.text()?;
        let dimensions = || {
            let all = self.dimensions.iter().copied().flatten();
            all.filter_map(|dimension| match dimension.of {
                Shown::Field(field) => Some((dimension.name, Column::Field(field))),
                Shown::IsAbsent(field) => Some((dimension.name, Column::IsAbsent(field))),
                Shown::Month(_) => None,
            })
        };
        let columns = || {
            let columns = self.columns.iter();
            dimensions().chain(columns.map(|column| (column.name, Column::Field(column.field))))
        };
        let found = columns().find(|(known, _)| *known == name);
        found
            .map(|(_, column)| column)
            .ok_or_else(|| self.unknown(node, columns().map(|(known, _)| known)))
    }

    fn unknown(&self, node: &Node<'_>, known: impl Iterator<Item = &'static str>) -> BadQuestion {
        let name = node.text().unwrap_or_default();
        if let Some(missing) = self.missing.iter().find(|of| of.names.contains(&name)) {
            return node.bad(format!("is {name:?}; {}", missing.what));
        }
        let known: Vec<&str> = known.collect();
        node.unexpected(&format!("one of {}", known.join(", ")))
    }
}

const fn by(name: &'static str, field: &'static Field) -> NamedDimension {
    NamedDimension {
        name,
        of: Shown::Field(field),
        has_many: false,
    }
}

const fn by_many(name: &'static str, field: &'static Field) -> NamedDimension {
    NamedDimension {
        has_many: true,
        ..by(name, field)
    }
}

const fn by_month(name: &'static str, field: &'static Field) -> NamedDimension {
    NamedDimension {
        of: Shown::Month(field),
        ..by(name, field)
    }
}

const fn by_absence(name: &'static str, field: &'static Field) -> NamedDimension {
    NamedDimension {
        of: Shown::IsAbsent(field),
        ..by(name, field)
    }
}

const fn of(name: &'static str, measure: &'static Measure) -> NamedMeasure {
    NamedMeasure { name, measure }
}

const fn column(name: &'static str, field: &'static Field) -> NamedField {
    NamedField { name, field }
}

const SCORES: Missing = Missing {
    names: &[
        "scoresCount",
        "countScores",
        "scoreName",
        "scores_avg",
        "scores",
        "score_categories",
        "score_booleans",
    ],
    what: "scores are not stored yet",
};
const TOOLS: Missing = Missing {
    names: &[
        "toolNames",
        "calledToolNames",
        "toolDefinitions",
        "toolCalls",
    ],
    what: "definitions and calls of tools are not stored on their own yet",
};
const EXPERIMENTS: Missing = Missing {
    names: &["experimentName", "experimentId", "experimentDatasetId"],
    what: "experiments are not stored yet",
};
const BY_TYPE: Missing = Missing {
    names: &["costType", "usageType", "costByType", "usageByType"],
    what: "usage and cost are not stored by type yet",
};
const METADATA: Missing = Missing {
    names: &["metadata"],
    what: "metadata cannot be filtered by yet",
};
const MONTHS: Missing = Missing {
    names: &["timestampMonth", "startTimeMonth"],
    what: "months cannot be filtered by; send times instead",
};

static TRACES: Vocabulary = Vocabulary {
    view: View::Traces,
    dimensions: &[&[
        by_many("id", &t::ID),
        by("name", &t::NAME),
        by("tags", &t::TAGS),
        by_many("userId", &t::USER_ID),
        by_many("sessionId", &t::SESSION_ID),
        by("release", &t::RELEASE),
        by("version", &t::VERSION),
        by("environment", &t::ENVIRONMENT),
        by_month("timestampMonth", &t::TIMESTAMP),
    ]],
    measures: &[&[
        of("count", &t::COUNT),
        of("observationsCount", &t::OBSERVATIONS_COUNT),
        of("uniqueUserIds", &t::UNIQUE_USERS),
        of("uniqueSessionIds", &t::UNIQUE_SESSIONS),
        of("latency", &t::MEASURE_LATENCY),
        of("totalTokens", &t::MEASURE_TOTAL_TOKENS),
        of("totalCost", &t::MEASURE_TOTAL_COST),
        of("errorCount", &t::MEASURE_ERRORS),
    ]],
    columns: &[
        column("timestamp", &t::TIMESTAMP),
        column("level", &t::LEVEL),
        column("bookmarked", &t::BOOKMARKED),
        column("inputTokens", &t::INPUT_TOKENS),
        column("outputTokens", &t::OUTPUT_TOKENS),
        column("totalTokens", &t::TOTAL_TOKENS),
        column("tokens", &t::TOTAL_TOKENS),
        column("inputCost", &t::INPUT_COST),
        column("outputCost", &t::OUTPUT_COST),
        column("totalCost", &t::TOTAL_COST),
        column("debugCount", &t::DEBUG_COUNT),
        column("defaultCount", &t::DEFAULT_COUNT),
        column("warningCount", &t::WARNING_COUNT),
        column("errorCount", &t::ERROR_COUNT),
    ],
    missing: &[SCORES, TOOLS, METADATA, MONTHS],
};

static OBSERVATIONS: Vocabulary = Vocabulary {
    view: View::Observations,
    dimensions: &[OBSERVATION_DIMENSIONS],
    measures: &[OBSERVATION_MEASURES],
    columns: OBSERVATION_COLUMNS,
    missing: &[SCORES, TOOLS, METADATA, MONTHS],
};

static OBSERVATIONS_V2: Vocabulary = Vocabulary {
    view: View::Observations,
    dimensions: &[
        OBSERVATION_DIMENSIONS,
        &[
            by_absence("isRootObservation", &o::PARENT_ID),
            by("release", &t::RELEASE),
        ],
    ],
    measures: &[
        OBSERVATION_MEASURES,
        &[
            of("traceId", &o::UNIQUE_TRACES),
            of("uniqueUserIds", &t::UNIQUE_USERS),
            of("uniqueSessionIds", &t::UNIQUE_SESSIONS),
        ],
    ],
    columns: OBSERVATION_COLUMNS,
    missing: &[SCORES, TOOLS, EXPERIMENTS, BY_TYPE, METADATA, MONTHS],
};

/// User, session, tags and release are those of the trace.
const OBSERVATION_DIMENSIONS: &[NamedDimension] = &[
    by_many("id", &o::ID),
    by_many("traceId", &o::TRACE_ID),
    by("traceName", &t::NAME),
    by("environment", &o::ENVIRONMENT),
    by_many("parentObservationId", &o::PARENT_ID),
    by("type", &o::TYPE),
    by("name", &o::NAME),
    by("level", &o::LEVEL),
    by("version", &o::VERSION),
    by("tags", &t::TAGS),
    by("providedModelName", &o::MODEL),
    by("promptName", &o::PROMPT_NAME),
    by("promptVersion", &o::PROMPT_VERSION),
    by_many("userId", &t::USER_ID),
    by_many("sessionId", &t::SESSION_ID),
    by("traceRelease", &t::RELEASE),
    by("traceVersion", &t::VERSION),
    by_month("startTimeMonth", &o::START_TIME),
];

const OBSERVATION_MEASURES: &[NamedMeasure] = &[
    of("count", &o::COUNT),
    of("latency", &o::MEASURE_LATENCY),
    of("streamingLatency", &o::MEASURE_STREAMING_LATENCY),
    of("inputTokens", &o::MEASURE_INPUT_TOKENS),
    of("outputTokens", &o::MEASURE_OUTPUT_TOKENS),
    of("totalTokens", &o::MEASURE_TOTAL_TOKENS),
    of(
        "outputTokensPerSecond",
        &o::MEASURE_OUTPUT_TOKENS_PER_SECOND,
    ),
    of("tokensPerSecond", &o::MEASURE_TOKENS_PER_SECOND),
    of("inputCost", &o::MEASURE_INPUT_COST),
    of("outputCost", &o::MEASURE_OUTPUT_COST),
    of("totalCost", &o::MEASURE_TOTAL_COST),
    of("timeToFirstToken", &o::MEASURE_TIME_TO_FIRST_TOKEN),
];

const OBSERVATION_COLUMNS: &[NamedField] = &[
    column("startTime", &o::START_TIME),
    column("endTime", &o::END_TIME),
    column("statusMessage", &o::STATUS_MESSAGE),
    column("model", &o::MODEL),
    column("traceTags", &t::TAGS),
    column("traceEnvironment", &t::ENVIRONMENT),
    column("inputTokens", &o::INPUT_TOKENS),
    column("outputTokens", &o::OUTPUT_TOKENS),
    column("totalTokens", &o::TOTAL_TOKENS),
    column("tokens", &o::TOTAL_TOKENS),
    column("inputCost", &o::INPUT_COST),
    column("outputCost", &o::OUTPUT_COST),
    column("totalCost", &o::TOTAL_COST),
];
