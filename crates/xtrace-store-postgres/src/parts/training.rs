//! The dictionary: made in the background of the first parts that come, kept for good.

use std::sync::Arc;

use sqlx::PgConnection;
use xtrace_payload::{Dictionary, Trainer};

use super::{Parts, Trouble, locked};

/// Bytes of samples that are enough. The trainer keeps up to three times as many.
const SAMPLES_BYTES: usize = 1 << 20;
/// The size of a dictionary (ADR 0008).
const DICTIONARY_BYTES: usize = 64 << 10;
/// The number of the only one there is.
const NUMBER: u32 = 1;

impl Parts {
    /// Shows bodies and recipes to the trainer. The answer is the trainer once it has seen enough.
    pub(super) fn show(&self, bodies: impl Iterator<Item = impl AsRef<[u8]>>) -> Option<Trainer> {
        let mut place = locked(&self.trainer);
        let trainer = place.as_mut()?;
        bodies.for_each(|body| trainer.see(body.as_ref()));
        if trainer.sample_bytes() < SAMPLES_BYTES {
            return None;
        }
        place.take()
    }

    /// Makes a dictionary without holding up anybody. Where that fails, new samples are collected.
    pub(super) fn train_in_background(self: &Arc<Self>, trainer: Trainer) {
        let parts = self.clone();
        tokio::spawn(async move {
            if let Err(trouble) = parts.train(trainer).await {
                tracing::info!(why = ?trouble, "no dictionary for payloads yet");
                let mut place = locked(&parts.trainer);
                if parts.codecs.next_number() == NUMBER {
                    *place = Some(Trainer::default());
                }
            }
        });
    }

    async fn train(&self, trainer: Trainer) -> Result<(), Trouble> {
        let training = tokio::task::spawn_blocking(move || trainer.train(DICTIONARY_BYTES));
        let Ok(trained) = training.await else {
            // The process ends, or the library panicked, which has been reported.
            return Ok(());
        };
        let bytes = trained?;
        let mut connection = self.pool.acquire().await?;
        self.publish(&mut connection, bytes).await
    }

    /// Offers a dictionary to all processes, and takes the one that came first: another process may have offered its own
    /// while this one was made, and this process may know it by now.
    async fn publish(&self, connection: &mut PgConnection, bytes: Vec<u8>) -> Result<(), Trouble> {
        let dictionary = Dictionary::new(NUMBER, bytes);
        let add = sqlx::query(include_str!("../sql/parts/add_dictionary.sql"));
        add.bind(NUMBER.cast_signed())
            .bind(dictionary.as_bytes())
            .execute(&mut *connection)
            .await?;
        Ok(self.load_dictionaries(connection).await?)
    }
}
