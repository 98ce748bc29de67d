//! The figures for people.

use std::fmt::Write as _;

use super::{Full, Machine, Measured, Written};
use crate::bare::Bare;
use crate::corpus::CorpusKind;
use crate::latency::Percentiles;
use crate::load::Load;
use crate::mixed::{Mixed, Phase};
use crate::reads::Read;

pub fn write_machine(text: &mut String, machine: &Machine) {
    let disk = &machine.disk;
    _ = writeln!(text, "machine");
    _ = writeln!(
        text,
        "  4 KB and an fsync      {:>9.0} /s   {}",
        disk.fsyncs_per_second,
        latency(&disk.fsync)
    );
    for json in &machine.json {
        _ = writeln!(
            text,
            "  JSON {:<16} {:>9.0} MB/s split into fields   {:>6.0} MB/s decoded   ({:.0} bytes each)",
            json.corpus.name(),
            json.split_mb_per_second,
            json.decode_mb_per_second,
            json.mean_bytes
        );
    }
}

pub fn write_engine(text: &mut String, measured: &Measured, machine: &Machine) {
    let full = &measured.full;
    _ = writeln!(text, "\n{}", measured.engine);
    write_idle(text, measured, machine);
    write_corpus(text, full.corpus, &full.closed, &measured.bare);
    write_json_share(text, full.corpus, &full.closed, machine);
    write_load(text, &format!("{}, open", full.corpus.name()), &full.open);
    write_load(text, "metric points", &full.points);
    write_state(text, full);
    _ = writeln!(text, "  reads, each alone");
    write_reads(text, &full.reads);
    write_mixed(text, &full.mixed);
    for written in &measured.others {
        write_written(text, written, machine);
    }
}

fn write_idle(text: &mut String, measured: &Measured, machine: &Machine) {
    let idle = &measured.idle;
    _ = writeln!(
        text,
        "  /healthz               {:>9.0} /s   {}",
        idle.healthz_per_second,
        latency(&idle.healthz)
    );
    _ = writeln!(
        text,
        "  lone write                            {}",
        latency(&idle.lone_write)
    );
    write_times(text, &idle.lone_write, &machine.disk.fsync, "an fsync");
    if let Some(commit) = &measured.lone_commit {
        write_times(text, &idle.lone_write, commit, "a bare commit");
    }
}

fn write_times(text: &mut String, slow: &Percentiles, bare: &Percentiles, what: &str) {
    _ = writeln!(
        text,
        "    {:.1} times {what} at p50 ({:.2} ms), {:.1} times at p99 ({:.2} ms)",
        slow.p50_ms / bare.p50_ms,
        bare.p50_ms,
        slow.p99_ms / bare.p99_ms,
        bare.p99_ms
    );
}

/// A closed loop beside the bare engines with the same rows.
fn write_corpus(text: &mut String, corpus: CorpusKind, closed: &Load, bare: &[Bare]) {
    write_load(text, &format!("{}, closed", corpus.name()), closed);
    for bare in bare {
        _ = writeln!(
            text,
            "    {:>3.0} % of bare {}: {:.0} rows/s, worst commit {:.0} ms, {:.1} MB ({}, {} rows)",
            100.0 * closed.items_per_second / bare.rows_per_second,
            bare.engine,
            bare.rows_per_second,
            bare.worst_commit_ms,
            mb(bare.disk_bytes),
            bare.how,
            bare.rows
        );
    }
}

fn write_json_share(text: &mut String, corpus: CorpusKind, closed: &Load, machine: &Machine) {
    let json = machine.json.iter().find(|json| json.corpus == corpus);
    if let Some(json) = json {
        _ = writeln!(
            text,
            "    {:>3.0} % of what one thread decodes",
            100.0 * closed.mb_per_second() / json.decode_mb_per_second
        );
    }
}

fn write_load(text: &mut String, name: &str, load: &Load) {
    _ = writeln!(
        text,
        "  {name:<22} {:>9.0} /s   {:>6.1} MB/s   {}   refused {}",
        load.items_per_second,
        load.mb_per_second(),
        latency(&load.latency),
        load.refused
    );
}

fn write_state(text: &mut String, full: &Full) {
    let memory = &full.memory;
    _ = writeln!(
        text,
        "  memory: {:.0} MB empty, {:.0} MB after the load, {:.0} MB just started on the full store",
        mb(memory.idle_bytes),
        mb(memory.loaded_bytes),
        mb(memory.idle_full_bytes)
    );
    _ = writeln!(
        text,
        "  ready after {:.0} ms on the full store; {}",
        full.ready_full_ms,
        on_disk(full.disk_bytes, full.sent_bytes)
    );
}

fn write_mixed(text: &mut String, mixed: &Mixed) {
    let rate = mixed.items_per_second;
    _ = writeln!(text, "  {rate:.0} observations a second, open loop");
    write_phase(text, "with nobody reading", &mixed.alone);
    write_phase(text, "beside one reader", &mixed.beside);
    _ = writeln!(text, "  reads beside {rate:.0} observations a second");
    write_reads(text, &mixed.reads);
}

fn write_phase(text: &mut String, name: &str, phase: &Phase) {
    write_load(text, name, &phase.writes);
    _ = writeln!(
        text,
        "    moves meanwhile: {}, checkpoints: {}",
        phase.upkeep.moves, phase.upkeep.checkpoints
    );
}

fn write_reads(text: &mut String, reads: &[Read]) {
    for read in reads {
        _ = writeln!(
            text,
            "    {:<32}   {}   {} times",
            read.name,
            latency(&read.latency),
            read.latency.count
        );
    }
}

fn write_written(text: &mut String, written: &Written, machine: &Machine) {
    let closed = &written.closed;
    write_corpus(text, written.corpus, closed, &written.bare);
    write_json_share(text, written.corpus, closed, machine);
    _ = writeln!(text, "    {}", on_disk(written.disk_bytes, closed.bytes));
}

fn on_disk(disk_bytes: u64, sent_bytes: u64) -> String {
    format!(
        "{:.1} MB on disk for {:.1} MB sent ({:.2} bytes a byte)",
        mb(disk_bytes),
        mb(sent_bytes),
        disk_bytes as f64 / sent_bytes as f64
    )
}

fn latency(latency: &Percentiles) -> String {
    format!(
        "p50 {:>7.2} ms  p99 {:>7.2} ms  max {:>7.1} ms",
        latency.p50_ms, latency.p99_ms, latency.max_ms
    )
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
