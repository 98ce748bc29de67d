//! `orderBy`: a field with a direction.

use xtrace_query::{Field, Kind, Order, OrderBy, ViewDef};

use super::document::{ParamDoc, Shape};
use super::query_string::{BadParam, QueryString};

const NAME: &str = "orderBy";

pub const ORDER_BY: ParamDoc = ParamDoc::new(
    NAME,
    Shape::Text,
    "`field.asc` or `field.desc` (the default direction) with any single-valued field of an item, such as \
     `timestamp.desc`, `totalCost.desc`, `latency.asc`. Absent values come last; equal ones are in order of id.",
);

/// `orderBy` over the fields of a view, `field[.asc|.desc]`, descending where no direction is given.
/// Fields are known by their name and by their column: `totalCost`, `total_cost`.
///
/// # Errors
/// The field or the direction is unknown.
pub fn by_field(
    query: &QueryString,
    view: &'static ViewDef,
    default: &'static Field,
) -> Result<Order, BadParam> {
    let find = |name: &str| {
        let mut fields = sortable(view);
        fields.find(|field| field.name == name || field.column == name)
    };
    let fields = || sortable(view).map(|field| field.name).collect();
    let found = split(query, find, fields)?;
    let (field, descending) = found.unwrap_or((default, true));
    Ok(Order {
        by: OrderBy::Field(field),
        descending,
    })
}

/// `orderBy` over names that `find` knows; `None` when it was not sent.
///
/// # Errors
/// The name or the direction is unknown; the message lists `names`.
pub fn split<T>(
    query: &QueryString,
    find: impl Fn(&str) -> Option<T>,
    names: impl Fn() -> Vec<&'static str>,
) -> Result<Option<(T, bool)>, BadParam> {
    let Some(text) = query.one(NAME)?.map(str::trim) else {
        return Ok(None);
    };
    let (name, direction) = text.rsplit_once('.').unwrap_or((text, "desc"));
    let descending = match direction.to_ascii_lowercase().as_str() {
        "asc" => Some(false),
        "desc" => Some(true),
        _ => None,
    };
    match (find(name), descending) {
        (Some(found), Some(descending)) => Ok(Some((found, descending))),
        _ => {
            let expected = format!(
                "one of {}, each with .asc or .desc (the default)",
                names().join(", ")
            );
            Err(BadParam::value(NAME, text, expected))
        }
    }
}

fn sortable(view: &'static ViewDef) -> impl Iterator<Item = &'static Field> {
    let is_sortable = |field: &&'static Field| !matches!(field.kind, Kind::TextList | Kind::Json);
    view.fields.iter().copied().filter(is_sortable)
}

#[cfg(test)]
mod tests {
    use xtrace_query::View;
    use xtrace_query::traces;

    use super::*;

    fn order(raw: &str) -> Result<(&'static str, bool), String> {
        let query = QueryString::parse(raw);
        let order = by_field(&query, View::Traces.def(), &traces::TIMESTAMP)
            .map_err(|error| error.to_string())?;
        let OrderBy::Field(field) = order.by else {
            return Err("no field".to_owned());
        };
        Ok((field.name, order.descending))
    }

    #[test]
    fn fields_have_two_spellings_and_two_directions() {
        assert_eq!(order(""), Ok(("timestamp", true)));
        assert_eq!(order("orderBy=totalCost.asc"), Ok(("totalCost", false)));
        assert_eq!(order("orderBy=total_cost.desc"), Ok(("totalCost", true)));
        assert_eq!(order("orderBy=user_id"), Ok(("userId", true)));
        assert_eq!(order("orderBy=latency.ASC"), Ok(("latency", false)));
    }

    #[test]
    fn unknown_fields_and_directions_are_refused() {
        for raw in [
            "orderBy=color.asc",
            "orderBy=latency.up",
            "orderBy=tags.asc",
            "orderBy=.asc",
        ] {
            let error = order(raw).unwrap_err();
            assert!(
                error.starts_with("parameter orderBy is ")
                    && error.contains("expected one of id, timestamp, name,"),
                "{error}"
            );
        }
    }
}
