//! Where an observation stands: in which session, trace and step. Sessions run beside each other, as they do where
//! many people use one application, so what belongs together does not arrive together.

/// How many of what make what.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Sessions that run at the same time.
    pub lanes: u64,
    /// Traces of one session.
    pub turns: u64,
    /// Observations of one trace.
    pub steps: u64,
}

/// Traces of ten in sessions of eight.
pub const PLAIN: Shape = Shape {
    lanes: 25,
    turns: 8,
    steps: 10,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Counted over the corpus.
    pub session: u64,
    /// The trace, counted over the corpus.
    pub trace: u64,
    /// The trace, counted in its session.
    pub turn: u64,
    /// Counted in its trace.
    pub step: u64,
}

impl Shape {
    pub fn place(self, n: u64) -> Place {
        let trace = n / self.steps;
        let (round, in_round) = (trace / self.lanes, trace % self.lanes);
        Place {
            session: round / self.turns * self.lanes + in_round,
            trace,
            turn: round % self.turns,
            step: n % self.steps,
        }
    }
}
