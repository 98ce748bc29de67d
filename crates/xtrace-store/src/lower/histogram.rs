//! Histograms as SQL: which part of the range of its group each value lies in, then how many lie in each.

use super::select::Grouping;

/// The rows of an inner query with the ends of their group and the part that they lie in, for each histogram that is
/// asked for; the query as it is where none is.
pub(super) fn with_parts(rows: String, grouping: &Grouping<'_>) -> String {
    let histograms = grouping.histograms();
    if histograms.is_empty() {
        return rows;
    }
    let names = grouping.dimension_names();
    let of_group = match names.is_empty() {
        true => "()".to_owned(),
        false => format!("(PARTITION BY {})", names.join(", ")),
    };
    let mut ends = vec!["base.*".to_owned()];
    let mut placed = vec!["base.*".to_owned()];
    for (value, parts) in histograms {
        let name = part(&value, parts);
        let double = format!("CAST({value} AS DOUBLE PRECISION)");
        ends.push(format!(
            "MIN({double}) OVER {of_group} AS {name}_low, MAX({double}) OVER {of_group} AS {name}_high"
        ));
        let share = format!("({double} - {name}_low) / ({name}_high - {name}_low)");
        let last = parts.saturating_sub(1);
        placed.push(format!(
            "CASE WHEN {value} IS NULL THEN NULL WHEN {name}_high > {name}_low \
             THEN LEAST(CAST(FLOOR({share} * {parts}) AS BIGINT), {last}) ELSE 0 END AS {name}"
        ));
    }
    format!(
        "SELECT {}\nFROM (\nSELECT {}\nFROM (\n{rows}\n) AS base\n) AS base",
        placed.join(", "),
        ends.join(", ")
    )
}

/// The aggregate over `value`, of rows as [`with_parts`] makes them: the ends, then the counts, as doubles.
pub(super) fn expression(value: &str, parts: u8) -> String {
    let name = part(value, parts);
    let mut numbers = vec![format!("MIN({name}_low)"), format!("MAX({name}_high)")];
    numbers.extend((0..parts).map(|index| {
        format!("CAST(COUNT(*) FILTER (WHERE {name} = {index}) AS DOUBLE PRECISION)")
    }));
    format!(
        "CASE WHEN COUNT({value}) > 0 THEN ARRAY[{}] END",
        numbers.join(", ")
    )
}

/// The column that says which part a value lies in.
fn part(value: &str, parts: u8) -> String {
    format!("{value}_of_{parts}")
}
