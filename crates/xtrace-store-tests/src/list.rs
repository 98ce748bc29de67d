//! Every case of the suite, by topic.

/// Hands the list to a macro: `for_each_case!(name_of_a_macro)`.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_case {
    ($($callback:tt)*) => {
        $($callback)*! {
            writing {
                a_commit_is_visible_when_it_returns
                outcomes_follow_the_order_of_items
                what_was_there_already_is_a_duplicate
                later_events_win_field_by_field
                earlier_events_change_nothing_that_is_later
                an_explicit_null_clears
                one_batch_may_hold_the_same_key_several_times
                tags_unite
                metadata_merges_deeply
                an_observation_brings_its_trace_into_being
                a_trace_may_be_completed_after_its_observations
                children_may_come_before_parents
                two_traces_may_share_an_observation_id
                summaries_follow_their_observations
                a_summary_follows_when_the_first_and_last_shrink
            }
            deleting {
                deleted_traces_are_gone_with_all_that_belongs_to_them
                what_is_sent_after_a_deletion_starts_anew
            }
            metrics {
                points_are_visible_and_count_once
                a_changed_value_replaces
                every_aggregation_of_a_bucket
            }
            lasting {
                everything_is_there_after_reopening
                calls_after_close_are_unavailable
            }
        }
    };
}
