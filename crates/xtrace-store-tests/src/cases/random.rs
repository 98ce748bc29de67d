//! What nobody thought of: random operations and random questions.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::builders::project;
use crate::dataset;
use crate::model::Reference;
use crate::random::{operations, plans, questions, run};
use crate::stage::Stage;

pub async fn operations_leave_what_they_leave_in_the_reference(stage: &mut Stage) {
    let number = AtomicU32::new(0);
    run(
        stage,
        24,
        &operations::sequences(),
        async |stage: &mut Stage, sequence| {
            // A project of its own for each sequence is as good as an empty store, and much quicker.
            stage.scope = project(&format!(
                "random {}",
                number.fetch_add(1, Ordering::Relaxed)
            ));
            stage.reference = Reference::empty();
            stage.ensure_open().await;
            operations::perform(stage, &sequence).await;
        },
    );
}

pub async fn plans_are_answered_as_by_the_reference(stage: &mut Stage) {
    dataset::store(stage).await;
    run(
        stage,
        200,
        &plans::plans(),
        async |stage: &mut Stage, plan| {
            stage.query(&plan).await;
        },
    );
}

pub async fn metric_questions_are_answered_as_by_the_reference(stage: &mut Stage) {
    super::series::store_fleet(stage).await;
    run(
        stage,
        200,
        &questions::questions(),
        async |stage: &mut Stage, plan| {
            stage.query_metric(&plan).await;
        },
    );
}
