//! What must hold for all inputs: merging, summaries, money, stored forms.

mod events;
mod merging;
mod money;
mod summaries;
