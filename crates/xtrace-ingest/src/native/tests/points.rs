//! Metric points.

use super::*;

fn decode_with(limits: &LabelLimits, points: &str) -> Result<DecodedPoints, BodyError> {
    decode_points(
        format!(r#"{{"metrics":[{points}]}}"#).as_bytes(),
        limits,
        received(),
    )
}

fn shown(decoded: &DecodedPoints) -> String {
    let mut lines: Vec<String> = Vec::new();
    for series in &decoded.series {
        let points: Vec<String> = series
            .points
            .iter()
            .map(|(at, value)| format!("{at}={value}"))
            .collect();
        lines.push(format!(
            "{} {:?} {}",
            series.series.name,
            series.series.labels,
            points.join(" ")
        ));
    }
    for rejected in &decoded.rejected {
        let name = rejected.name.as_deref().unwrap_or("-");
        lines.push(format!("{} {name}: {}", rejected.index, rejected.error));
    }
    lines.join("\n")
}

fn check(points: &str, expected: &str) {
    let decoded = decode_with(&LabelLimits::default(), points).unwrap();
    assert_eq!(shown(&decoded), expected, "{points}");
}

fn point(members: &str) -> String {
    format!(r#"{{"name":"m","value":1,"timestamp":"2026-11-21T11:00:00Z",{members}}}"#)
}

#[test]
fn groups_points_by_series_however_its_labels_are_written() {
    check(
        r#"{"name":"gpu","labels":{"node":"a","gpu":0},"value":0.5,"timestamp":"2026-11-21T11:00:00Z"},
           {"name":"gpu","labels":{"gpu":"0","node":"a","x":null},"value":-2,"timestamp":"2026-11-21T19:00:15+08:00"},
           {"name":"gpu","value":"3","timestamp":"2026-11-21T11:00:00Z"},
           {"name":"gpu","labels":null,"value":4,"timestamp":"2026-11-21T11:00:15Z"},
           {"name":"gpu","labels":{"up":true},"value":1,"timestamp":"2026-11-21T11:00:00Z"}"#,
        "gpu {\"gpu\": \"0\", \"node\": \"a\"} 2026-11-21T11:00:00Z=0.5 2026-11-21T11:00:15Z=-2\n\
         gpu {} 2026-11-21T11:00:00Z=3 2026-11-21T11:00:15Z=4\n\
         gpu {\"up\": \"true\"} 2026-11-21T11:00:00Z=1",
    );
}

#[test]
fn a_bad_point_names_field_and_limit_and_its_neighbours_pass() {
    let time = r#""timestamp":"2026-11-21T11:00:00Z""#;
    let long = "n".repeat(257);
    check(
        &format!(
            r#"{{"name":"a","value":1e999,{time}}},{{"name":"b","value":"NaN",{time}}},{{"name":"","value":1,{time}}},
               {{"name":"{long}","value":1,{time}}},{{"value":1,{time}}},{{"name":"c",{time}}},{{"name":"d","value":1}},
               {{"name":"e","value":1,"timestamp":"1999-12-31T23:59:59Z"}},
               {{"name":"f","value":1,"timestamp":"2026-11-22T12:00:01Z"}},
               {{"name":"g","labels":{{"x":{{}}}},"value":1,{time}}},{{"name":"h","labels":[],"value":1,{time}}},
               7,{{"name":"ok","value":1,{time}}}"#
        ),
        "ok {} 2026-11-21T11:00:00Z=1\n\
         0 a: value is 1e999; it must be finite and at most 1e140\n\
         1 b: value is NaN; it must be finite and at most 1e140\n\
         2 : name is empty\n\
         3 -: name has 257 bytes; the limit is 256\n\
         4 -: name is missing\n\
         5 c: value is missing\n\
         6 d: timestamp is missing\n\
         7 e: timestamp is 1999-12-31T23:59:59Z; it must be from 2000-01-01T00:00:00Z to 24 hours from now\n\
         8 f: timestamp is 2026-11-22T12:00:01Z; it must be from 2000-01-01T00:00:00Z to 24 hours from now\n\
         9 g: labels.x is an object; expected a text\n\
         10 h: labels is a list; expected an object\n\
         11 -: point is a number; expected an object",
    );
}

#[test]
fn labels_over_a_limit_are_dropped_by_default() {
    let long = "v".repeat(257);
    let decoded = decode_with(
        &LabelLimits::default(),
        &point(&format!(r#""labels":{{"a":"1","b":"{long}"}}"#)),
    );
    let decoded = decoded.unwrap();
    assert_eq!(shown(&decoded), "m {\"a\": \"1\"} 2026-11-21T11:00:00Z=1");
    assert_eq!(decoded.labels_dropped, 1);
    let limits = LabelLimits {
        labels_max: 2,
        ..LabelLimits::default()
    };
    let decoded = decode_with(&limits, &point(r#""labels":{"d":4,"c":3,"b":2,"a":1}"#)).unwrap();
    assert_eq!(
        shown(&decoded),
        "m {\"a\": \"1\", \"b\": \"2\"} 2026-11-21T11:00:00Z=1"
    );
    assert_eq!(decoded.labels_dropped, 2);
}

#[test]
fn policy_may_reject_the_point_or_the_batch_instead() {
    let points = format!(
        "{},{}",
        point(r#""labels":{}"#),
        point(r#""labels":{"a":1,"b":2}"#)
    );
    let limits = |policy| LabelLimits {
        labels_max: 1,
        policy,
        ..LabelLimits::default()
    };
    let decoded = decode_with(&limits(LabelPolicy::RejectPoint), &points).unwrap();
    assert_eq!(
        shown(&decoded),
        "m {} 2026-11-21T11:00:00Z=1\n1 m: labels has 2 labels; the limit is 1"
    );
    let error = decode_with(&limits(LabelPolicy::RejectBatch), &points).unwrap_err();
    assert_eq!(
        error.to_string(),
        "batch is rejected by the label policy: metrics[1] labels has 2 labels; the limit is 1"
    );
}

#[test]
fn lists_of_names_decide_which_labels_are_kept() {
    let allow = Some(["a".into(), "b".into()].into());
    let limits = LabelLimits {
        allow,
        deny: ["b".into()].into(),
        ..LabelLimits::default()
    };
    let decoded = decode_with(
        &limits,
        &point(r#""labels":{"a":1,"b":2,"c":{"ignored":true}}"#),
    )
    .unwrap();
    assert_eq!(shown(&decoded), "m {\"a\": \"1\"} 2026-11-21T11:00:00Z=1");
    assert_eq!(decoded.labels_dropped, 0);
}

#[test]
fn a_body_of_another_shape_says_what_is_expected() {
    let check = |body: &str, expected: &str| {
        let decoded = decode_points(body.as_bytes(), &LabelLimits::default(), received());
        let shown = decoded.map_or_else(
            |error| error.to_string(),
            |decoded| format!("{} points", decoded.received),
        );
        assert_eq!(shown, expected, "{body}");
    };
    check(r#"{"metrics":[]}"#, "0 points");
    check("[]", "0 points");
    check(
        "{}",
        "body is an object without `metrics`; expected an object with a list `metrics`",
    );
    check(
        "7",
        "body is a number; expected an object with a list `metrics`",
    );
    check(
        r#"{"metrics":{}}"#,
        "body is one whose `metrics` is no list; expected an object with a list `metrics`",
    );
}
