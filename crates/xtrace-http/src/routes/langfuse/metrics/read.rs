//! What both versions have in common: the parameter, and how it is answered.

use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use xtrace_store::{Engine, ProjectScope};

use super::answer::Metrics;
use super::json::BadQuestion;
use super::plan::ROWS_MAX;
use super::question::Question;
use super::vocabulary::Version;
use crate::error::{ApiError, ApiResult};
use crate::params::document::{ParamDoc, Shape};
use crate::params::query_string::BadParam;
use crate::params::{QueryString, document};

const QUERY_EXPECTED: &str = "a question as JSON";

const PARAMS: [ParamDoc; 1] = [ParamDoc::new(
    "query",
    Shape::Text,
    "The question as JSON: `{view, dimensions: [{field}], metrics: [{measure, aggregation}], filters: [{type, column, \
     operator, value}], timeDimension: {granularity}, fromTimestamp, toTimestamp, orderBy: [{field, direction}], \
     config: {bins, row_limit}}`. `view` and both times are required; the time of a row is its beginning, both ends \
     count. `granularity` is auto, minute, hour, day, week (from Monday) or month, of UTC; without `orderBy` parts of \
     time without rows are there as one row each, with zeros and null dimensions. `filters` must all hold; types are \
     datetime, string, stringOptions, arrayOptions, number, boolean and null; texts are searched in any case, and what \
     is negated holds for absent values as well. `orderBy` takes columns of the answer; without it rows come by time, \
     else by the first metric from the greatest. `bins` are 1 to 100, default 10; \
     `row_limit` is 1 to 1000. Other keys are refused.",
)
.required()];

/// Parameters of either route.
pub struct Params;

impl IntoParams for Params {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        document::parameters(&PARAMS, &[])
    }
}

impl From<BadQuestion> for ApiError {
    fn from(error: BadQuestion) -> Self {
        Self::bad_request(error.to_string())
    }
}

/// The question that was sent.
pub fn question(query: &QueryString, version: Version) -> ApiResult<Question> {
    let text = query.one("query")?.ok_or(BadParam::Missing {
        name: "query",
        expected: QUERY_EXPECTED,
    })?;
    Ok(Question::parse(text, version)?)
}

/// The answer to it.
pub async fn answer(
    engine: &dyn Engine,
    scope: &ProjectScope,
    question: &Question,
) -> ApiResult<Metrics> {
    let parts = question.parts()?;
    let table = engine.query(scope, &question.plan()).await?;
    if table.rows.len() as u64 > ROWS_MAX {
        return Err(ApiError::bad_request(format!(
            "the answer has more than {ROWS_MAX} rows; send config.row_limit, fewer dimensions, longer parts of \
             time or a shorter time"
        )));
    }
    Ok(Metrics::new(question, table, parts.as_deref()))
}
