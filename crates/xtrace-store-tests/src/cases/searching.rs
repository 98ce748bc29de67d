//! Texts: found without regard to case, every character standing for itself.

use xtrace_query::{
    Condition, Kind, ListMatch, TextMatch, Value, View, observations as o, traces as t,
};

use crate::builders::{a_trace, batch};
use crate::cases::filtering::{contains, not, traces_where};
use crate::dataset::{self, AWKWARD};
use crate::plans::keys_where;
use crate::stage::Stage;

const MATCHES: [TextMatch; 3] = [
    TextMatch::Contains,
    TextMatch::StartsWith,
    TextMatch::EndsWith,
];

pub async fn every_text_field_is_searched(stage: &mut Stage) {
    dataset::store(stage).await;
    for view in [View::Traces, View::Observations] {
        for field in view
            .def()
            .fields
            .iter()
            .filter(|field| field.kind == Kind::Text)
        {
            for matching in MATCHES {
                for text in ["PLAIN", "o"] {
                    let condition = Condition::Text {
                        field,
                        matching,
                        text: text.into(),
                    };
                    stage.query(&keys_where(view, condition.clone())).await;
                    stage.query(&keys_where(view, not(condition))).await;
                }
            }
        }
    }
}

pub async fn awkward_texts_are_found_as_they_are(stage: &mut Stage) {
    dataset::store(stage).await;
    for text in AWKWARD {
        for matching in MATCHES {
            let condition = Condition::Text {
                field: &t::NAME,
                matching,
                text: text.into(),
            };
            stage.query(&keys_where(View::Traces, condition)).await;
        }
        stage
            .query(&keys_where(
                View::Traces,
                Condition::equal(&t::NAME, Value::text(text)),
            ))
            .await;
        let values = vec![Value::text(text), Value::text("unknown")];
        stage
            .query(&keys_where(
                View::Observations,
                Condition::In {
                    field: &o::NAME,
                    values,
                },
            ))
            .await;
        for matching in [ListMatch::All, ListMatch::Any] {
            let condition = Condition::List {
                field: &t::TAGS,
                matching,
                values: vec![text.into()],
            };
            stage.query(&keys_where(View::Traces, condition)).await;
        }
    }
}

pub async fn search_knows_no_case_and_no_wildcards(stage: &mut Stage) {
    let names = [
        ("t1", "100% Done"),
        ("t2", "100x done"),
        ("t3", "a_b"),
        ("t4", "aXb"),
        ("t5", r"c:\temp"),
        ("t6", "it's \"so\""),
        ("t7", "ÜBER straße"),
        ("t8", "日本語"),
        ("t9", ""),
    ];
    let named = names.map(|(id, name)| a_trace(id).name(name));
    stage
        .commit(batch().with_all(named).with(a_trace("nameless")))
        .await;
    let check = async |text: &str, expected: &[&str]| {
        assert_eq!(
            traces_where(stage, contains(&t::NAME, text)).await,
            expected,
            "{text}"
        );
    };
    check("DONE", &["t1", "t2"]).await;
    check("100%", &["t1"]).await;
    check("%", &["t1"]).await;
    check("_", &["t3"]).await;
    check("A_B", &["t3"]).await;
    check(r"\", &["t5"]).await;
    check(r"C:\T", &["t5"]).await;
    check("'", &["t6"]).await;
    check("\"SO\"", &["t6"]).await;
    check("über", &["t7"]).await;
    check("STRAß", &["t7"]).await;
    check("strasse", &[]).await;
    check("本", &["t8"]).await;
    check("", &["t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9"]).await;
}

pub async fn equality_minds_case_and_spaces(stage: &mut Stage) {
    let names = [
        ("t1", "Name"),
        ("t2", "name"),
        ("t3", "name "),
        ("t4", "name\u{301}"),
    ];
    stage
        .commit(batch().with_all(names.map(|(id, name)| a_trace(id).name(name))))
        .await;
    for (id, name) in names {
        assert_eq!(
            traces_where(stage, Condition::equal(&t::NAME, Value::text(name))).await,
            [id]
        );
    }
}
