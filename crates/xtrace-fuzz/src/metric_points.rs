//! Bodies of `POST /v1/metrics/batch`: every point is accounted for and within its limits.

use xtrace_ingest::native::{
    BodyError, DecodedPoints, LabelLimits, LabelPolicy, SeriesPoints, decode_points,
};
use xtrace_model::limits::{METRIC_NAME_BYTES_MAX, METRIC_VALUE_MAX};

use crate::bytes::{choice, received};

/// The first byte chooses the limits, the rest is the body.
pub fn run(data: &[u8]) {
    let (choice, body) = choice(data);
    let limits = LabelLimits {
        labels_max: if choice & 1 == 0 { 64 } else { 2 },
        value_bytes_max: if choice & 2 == 0 { 256 } else { 4 },
        policy: LabelPolicy::ALL[usize::from(choice >> 2) % LabelPolicy::ALL.len()],
        allow: None,
        deny: if choice & 0x80 == 0 {
            [].into()
        } else {
            ["host".into()].into()
        },
    };
    let decoded = decode_points(body, &limits, received());
    match &decoded {
        Ok(decoded) => check(decoded, &limits),
        Err(BodyError::Refused { .. }) => assert_eq!(limits.policy, LabelPolicy::RejectBatch),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    check_wrapped(body, &limits, decoded.ok());
}

fn check(decoded: &DecodedPoints, limits: &LabelLimits) {
    let kept: usize = decoded
        .series
        .iter()
        .map(|series| series.points.len())
        .sum();
    assert_eq!(kept + decoded.rejected.len(), decoded.received);
    let indexes: Vec<u32> = decoded.rejected.iter().map(|point| point.index).collect();
    assert!(indexes.is_sorted_by(|a, b| a < b), "{indexes:?}");
    for series in &decoded.series {
        check_series(series, limits);
    }
    let mut keys: Vec<_> = decoded.series.iter().map(|series| &series.series).collect();
    keys.sort();
    assert!(keys.is_sorted_by(|a, b| a < b), "one entry for each series");
}

fn check_series(SeriesPoints { series, points }: &SeriesPoints, limits: &LabelLimits) {
    assert!(!points.is_empty());
    assert!((1..=METRIC_NAME_BYTES_MAX).contains(&series.name.len()));
    assert!(series.labels.len() <= limits.labels_max);
    for (name, value) in &series.labels {
        assert!(!limits.deny.contains(name));
        // A NUL of one byte becomes U+FFFD of three.
        assert!(value.len() <= limits.value_bytes_max, "{value:?}");
        assert!(!name.contains('\0') && !value.contains('\0'));
    }
    for (_, value) in points {
        assert!(value.is_finite() && value.abs() <= METRIC_VALUE_MAX);
    }
}

/// A bare list and the documented envelope around it are the same body.
fn check_wrapped(body: &[u8], limits: &LabelLimits, bare: Option<DecodedPoints>) {
    let (Some(bare), Ok(text)) = (bare, str::from_utf8(body)) else {
        return;
    };
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with('[') {
        return;
    }
    let wrapped = format!(r#"{{"source": null, "metrics": {text}}}"#);
    let wrapped = decode_points(wrapped.as_bytes(), limits, received()).expect("only wrapped");
    assert_eq!(wrapped.received, bare.received);
    assert_eq!(wrapped.series, bare.series);
    assert_eq!(wrapped.rejected, bare.rejected);
    assert_eq!(wrapped.labels_dropped, bare.labels_dropped);
}
