//! When a line is written: the clock is an argument.

use xtrace_store_tests::builders::noon;

use super::*;

fn kind(cause: &str) -> Kind {
    Kind {
        code: "SERVICE_UNAVAILABLE",
        message: "the store is not available".into(),
        cause: cause.into(),
    }
}

fn after(seconds: i64) -> Timestamp {
    noon().saturating_add_micros(seconds * 1_000_000)
}

#[test]
fn the_first_of_a_kind_is_written_at_once_and_then_one_in_ten_seconds_with_the_number_left_out() {
    let log = FailureLog::default();
    let turns = |seconds| log.turn(kind("append failed"), after(seconds));
    assert_eq!(turns(0), Some(0));
    for _ in 0..1000 {
        assert_eq!(turns(9), None);
    }
    assert_eq!(turns(10), Some(1000));
    assert_eq!(turns(11), None);
    assert_eq!(turns(20), Some(1));
    assert_eq!(turns(1000), Some(0));
}

#[test]
fn kinds_do_not_hide_each_other() {
    let log = FailureLog::default();
    assert_eq!(log.turn(kind("append failed"), after(0)), Some(0));
    assert_eq!(log.turn(kind("search failed"), after(0)), Some(0));
    assert_eq!(log.turn(kind("append failed"), after(0)), None);
}

#[test]
fn a_clock_that_is_set_back_does_not_silence_the_log() {
    let log = FailureLog::default();
    assert_eq!(log.turn(kind("append failed"), after(3600)), Some(0));
    assert_eq!(log.turn(kind("append failed"), after(0)), Some(0));
}

#[test]
fn kinds_beyond_what_is_remembered_share_a_line_until_others_are_over() {
    let log = FailureLog::default();
    let held = || log.kinds.lock().unwrap().len();
    let lines = (0..1000).filter_map(|number| log.turn(kind(&number.to_string()), after(0)));
    assert_eq!(lines.count(), KINDS_MAX);
    assert_eq!(held(), KINDS_MAX);
    assert_eq!(log.turn(kind("new"), after(10)), Some(0));
    assert_eq!(held(), 1);
}
