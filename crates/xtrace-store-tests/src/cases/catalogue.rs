//! The catalogue, and what an engine says of itself.

use xtrace_model::ProjectId;
use xtrace_store::Project;

use crate::builders::{a_series, a_trace, after, batch, noon};
use crate::stage::Stage;

fn id(text: &str) -> ProjectId {
    ProjectId::new(text).unwrap()
}

pub async fn a_project_is_created_once(stage: &mut Stage) {
    let created = stage
        .engine()
        .ensure_project(&id("acme"), noon())
        .await
        .unwrap();
    assert_eq!(
        created,
        Project {
            id: id("acme"),
            name: "acme".into(),
            created_at: noon()
        }
    );
    let again = stage
        .engine()
        .ensure_project(&id("acme"), after(9.0))
        .await
        .unwrap();
    assert_eq!(again, created);
    assert_eq!(stage.engine().projects().await.unwrap(), [created]);
}

pub async fn projects_come_by_id_and_last(stage: &mut Stage) {
    for (seconds, name) in [(3.0, "b"), (2.0, "ä"), (1.0, "B"), (0.0, "a b")] {
        stage
            .engine()
            .ensure_project(&id(name), after(seconds))
            .await
            .unwrap();
    }
    stage.reopen().await;
    let projects = stage.engine().projects().await.unwrap();
    let found: Vec<&str> = projects.iter().map(|project| project.id.as_str()).collect();
    assert_eq!(found, ["B", "a b", "b", "ä"]);
    assert_eq!(projects[2].created_at, after(3.0));
}

pub async fn an_engine_says_what_it_is_and_that_it_works(stage: &mut Stage) {
    stage
        .commit(
            batch()
                .with(a_trace("t1"))
                .with(a_series("gpu").point(0.0, 1.0)),
        )
        .await;
    stage.engine().probe().await.unwrap();
    let stats = stage.engine().stats().await.unwrap();
    assert!(!stats.engine.is_empty() && !stats.version.is_empty());
    let is_snake = |name: &str| {
        name.chars()
            .all(|letter| letter.is_ascii_lowercase() || letter == '_')
    };
    assert!(
        stats
            .gauges
            .iter()
            .all(|(name, value)| is_snake(name) && value.is_finite()),
        "{:?}",
        stats.gauges
    );
    let capabilities = stage.engine().capabilities();
    assert!(
        capabilities.exact_percentiles,
        "the suite asks for exact percentiles"
    );
    assert!(
        capabilities.dimensions_max >= 8,
        "the suite groups by eight dimensions"
    );
}
