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
            }
            joining {
                every_field_of_a_trace_is_kept
                every_field_of_an_observation_is_kept
                any_order_duplication_or_split_leaves_the_same_records
                a_cost_that_was_not_sent_is_computed_and_stays
            }
            belonging {
                an_observation_brings_its_trace_into_being
                a_trace_may_be_completed_after_its_observations
                children_may_come_before_parents
                two_traces_may_share_an_observation_id
                summaries_follow_their_observations
                a_summary_follows_when_the_first_and_last_shrink
            }
            payloads {
                texts_come_back_as_they_were_sent
                metadata_leaves_come_back_as_they_were_sent
                megabytes_come_back_whole
                what_was_never_sent_is_absent
                a_payload_may_come_later_and_change
                payloads_come_in_the_order_asked_for
                a_window_shows_part_of_a_trace
            }
            identity {
                an_unknown_id_is_no_error
                any_text_is_an_id
                an_id_is_not_the_beginning_of_another
                at_most_a_hundred_keys_of_an_observation_id
                nothing_of_another_project_is_seen
                one_batch_may_write_to_several_projects
                a_project_nobody_wrote_to_is_empty
            }
            batches {
                an_empty_batch_is_no_error
                a_batch_of_5000_items_is_stored_whole
                many_commits_change_the_same_trace
                an_item_that_cannot_be_stored_never_keeps_its_neighbours_out
                commits_at_once_lose_nothing
                several_processes_may_commit_at_once
                a_query_sees_batches_whole
                a_dropped_query_does_no_harm
            }
            deleting {
                deleted_traces_are_gone_with_all_that_belongs_to_them
                what_is_sent_after_a_deletion_starts_anew
                many_traces_are_deleted_at_once
                deletions_and_commits_at_once_leave_no_orphans
            }
            expiring {
                traces_go_by_their_last_activity
                traces_of_all_projects_expire
                expiry_can_be_repeated_and_what_comes_later_starts_anew
                many_traces_expire_in_steps
                points_expire_by_their_time
                a_series_whose_points_have_expired_is_gone_until_new_ones_come
                an_expired_point_that_is_sent_again_is_new
                nothing_expires_without_a_limit
                commits_go_on_while_traces_expire
            }
            selecting {
                every_field_of_traces_is_selected
                every_field_of_observations_is_selected
                observations_are_selected_with_every_field_of_their_trace
                a_field_may_be_selected_twice
                traces_are_ordered_by_every_field
                observations_are_ordered_by_every_field
                observations_are_ordered_by_fields_of_their_trace
                several_fields_order_one_after_the_other
                absent_values_come_last_in_either_direction
                texts_are_ordered_by_their_bytes
                ties_are_broken_by_the_key
                paging_never_skips_or_repeats
                a_page_past_the_end_and_a_page_of_nothing_are_empty
                plans_that_make_no_sense_are_refused
            }
            filtering {
                traces_are_compared_by_every_field
                observations_are_compared_by_every_field
                observations_are_compared_by_fields_of_their_trace
                every_field_is_absent_or_not
                comparisons_with_absent_values_do_not_hold_and_their_negations_do
                in_none_never_holds
                lists_have_all_or_any_members
                models_of_a_trace_are_a_list_as_well
                whole_numbers_compare_with_fractions
                all_any_and_not_nest
            }
            searching {
                every_text_field_is_searched
                awkward_texts_are_found_as_they_are
                search_knows_no_case_and_no_wildcards
                equality_minds_case_and_spaces
            }
            grouping {
                every_measure_of_traces_by_every_aggregation
                every_measure_of_observations_by_every_aggregation
                measures_of_traces_over_their_observations
                every_field_is_a_dimension
                many_dimensions_and_measures_at_once
                groups_may_have_no_measures
                groups_are_ordered_by_measures_and_dimensions
                nothing_has_a_count_of_zero_a_sum_of_zero_and_no_extremes
                groups_are_counted_without_limit
                sums_of_money_are_exact
                a_thousand_dimes_are_a_hundred_dollars
                sums_of_whole_numbers_stop_at_the_ends
                percentiles_are_interpolated_between_neighbours
                groups_come_in_the_order_of_their_first_rows
                histograms_count_in_parts_of_the_same_width
            }
            buckets {
                times_fall_in_buckets_of_any_length
                weeks_begin_on_monday_and_months_on_the_first
                buckets_are_aligned_to_the_epoch_before_it_as_well
                days_are_those_of_the_time_zone
                days_of_zones_all_over_the_world
            }
            rollups {
                a_trace_takes_its_calls_along_when_its_time_changes
                a_trace_counts_once_for_each_model_that_it_called
                a_cost_that_becomes_known_takes_the_place_of_the_one_that_was_sent
                deleted_and_expired_traces_leave_no_sums
                both_ends_of_a_time_are_exact_to_the_microsecond
                days_of_zones_with_odd_offsets_are_those_of_the_rows
                nothing_of_another_project_is_added_up
                plans_are_answered_as_by_the_reference
                changes_are_seen_as_soon_as_rows
                counts_of_a_value_follow_every_change
                counts_of_strange_values_are_those_of_the_rows
            }
            metrics {
                points_are_visible_and_count_once
                a_changed_value_replaces
                every_aggregation_of_a_bucket
                points_may_come_in_any_order
                points_that_come_or_change_hours_later_count_once
                one_batch_may_hold_the_same_series_several_times
                values_are_kept_to_the_bit
                points_lie_between_the_centuries
                names_are_sorted_without_repetition
                latest_points_of_series_with_such_labels
                the_latest_point_follows_every_commit
                any_text_is_a_name_or_a_label
                series_beyond_the_limit_are_rejected_and_their_neighbours_stored
            }
            series {
                every_aggregation_by_steps_of_any_length
                every_aggregation_over_groups
                an_absent_label_is_a_group_of_its_own
                labels_asked_for_must_be_there
                both_ends_of_the_window_are_included
                caps_keep_the_newest_and_say_that_they_cut
                of_equally_new_series_the_first_labels_are_kept
                aggregates_are_exact_whatever_the_caps
                empty_buckets_are_left_out
                the_last_of_several_series_at_one_time_is_the_greatest
                a_rate_counts_rises_and_takes_a_fall_for_a_reset
                a_rate_begins_with_the_point_before_the_window
                a_rate_without_a_rise_to_count_has_no_points
                rates_of_a_group_add_up
                questions_that_make_no_sense_are_refused
            }
            random {
                operations_leave_what_they_leave_in_the_reference
                plans_are_answered_as_by_the_reference
                metric_questions_are_answered_as_by_the_reference
            }
            catalogue {
                a_project_is_created_once
                projects_come_by_id_and_last
                an_engine_says_what_it_is_and_that_it_works
            }
            lasting {
                everything_is_there_after_reopening
                a_commit_outlives_an_engine_that_is_not_closed
                deletions_and_expiry_outlive_reopening
                every_call_after_close_is_unavailable
            }
        }
    };
}
