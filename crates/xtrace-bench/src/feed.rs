//! Request bodies from a corpus, each observation once.

use std::sync::Arc;

use bytes::Bytes;

use crate::corpus::{Corpus, LongTrace};
use crate::load::Bodies;

/// Points of one request.
const POINTS_PER_REQUEST: u64 = 5000;
/// Observations of a long trace in one request.
const LONG_PER_REQUEST: u64 = 500;

/// Hands out the observations of a corpus in bodies of `batch`.
pub struct Feed {
    corpus: Arc<Corpus>,
    batch: u64,
    next: u64,
}

impl Feed {
    pub fn new(corpus: Arc<Corpus>, batch: usize) -> Self {
        Self {
            next: corpus.total(),
            batch: batch.max(1) as u64,
            corpus,
        }
    }

    pub fn corpus(&self) -> &Arc<Corpus> {
        &self.corpus
    }

    /// All up to the corpus' end.
    pub fn all(&self) -> Arc<Bodies> {
        self.bodies(0, self.corpus.total())
    }

    /// The next `count` after the end.
    pub fn take(&mut self, count: u64) -> Arc<Bodies> {
        let from = self.skip(count);
        self.bodies(from, count)
    }

    /// Leaves out the next `count` after the end; the first of them.
    pub fn skip(&mut self, count: u64) -> u64 {
        let from = self.next;
        self.next += count;
        from
    }

    fn bodies(&self, from: u64, count: u64) -> Arc<Bodies> {
        let (corpus, batch) = (self.corpus.clone(), self.batch);
        Arc::new(move |n| {
            let start = n * batch;
            (start < count).then(|| {
                let items = batch.min(count - start);
                (Bytes::from(corpus.batch(from + start, items)), items)
            })
        })
    }
}

/// Bodies with the observations of a long trace.
pub fn long_trace(corpus: &Arc<Corpus>, trace: LongTrace) -> Arc<Bodies> {
    let corpus = corpus.clone();
    Arc::new(move |n| {
        let start = n * LONG_PER_REQUEST;
        (start < trace.observations).then(|| {
            let items = LONG_PER_REQUEST.min(trace.observations - start);
            (Bytes::from(corpus.long_batch(trace, start, items)), items)
        })
    })
}

/// Bodies with metric points.
pub fn points(corpus: &Arc<Corpus>, total: u64) -> Arc<Bodies> {
    let corpus = corpus.clone();
    Arc::new(move |n| {
        let start = n * POINTS_PER_REQUEST;
        (start < total).then(|| {
            let items = POINTS_PER_REQUEST.min(total - start);
            (Bytes::from(corpus.points(start, items, total)), items)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::CorpusKind;

    #[test]
    fn no_observation_is_handed_out_twice() {
        let corpus = Arc::new(Corpus::new(CorpusKind::Spans, 7, 25));
        let mut feed = Feed::new(corpus.clone(), 10);
        let items = |bodies: Arc<Bodies>| -> Vec<u64> {
            (0..)
                .map_while(|n| bodies(n))
                .map(|(_, items)| items)
                .collect()
        };
        assert_eq!(items(feed.all()), [10, 10, 5]);
        let (first, second) = (feed.take(20), feed.take(20));
        assert_eq!(first(0).unwrap().0, corpus.batch(25, 10));
        assert_eq!(second(0).unwrap().0, corpus.batch(45, 10));
        assert_eq!(items(second), [10, 10]);
    }
}
