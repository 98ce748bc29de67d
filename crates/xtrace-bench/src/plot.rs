//! Plots of a run as SVG files: latency over time for each load, and cost against size.
//!
//! Drawn here rather than by a library: lines and points on two axes are all there is.

mod axis;
mod chart;
pub mod svg;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use self::axis::Scale;
use self::chart::{Chart, Look, Series};
use crate::bare::Bare;
use crate::load::Load;
use crate::report::{Measured, Report};

/// Writes all plots of a run into a folder, which is made where it is not there; the paths of the files.
pub fn write(report: &Report, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let mut paths = Vec::new();
    for (name, chart) in charts(report) {
        let path = folder.join(format!("{name}.svg"));
        let written = std::fs::write(&path, chart.to_svg());
        written.with_context(|| format!("writing {}", path.display()))?;
        paths.push(path);
    }
    Ok(paths)
}

/// The charts of a run and the names of their files.
fn charts(report: &Report) -> Vec<(String, Chart)> {
    let mut charts = Vec::new();
    for measured in &report.measured {
        let engine = measured.engine;
        for (name, load) in loads(measured) {
            let title = format!("{name} on {engine}: time to the acknowledgement");
            charts.push((
                file_name(&format!("{engine} {name}")),
                over_time(title, load),
            ));
        }
    }
    charts.push(("cost-against-size".to_owned(), cost_against_size(report)));
    charts
}

/// The words of a name between hyphens.
fn file_name(name: &str) -> String {
    let name = name.to_lowercase();
    let words = name.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

fn loads(measured: &Measured) -> Vec<(String, &Load)> {
    let full = &measured.full;
    let corpus = full.corpus.name();
    let mut loads = vec![
        (format!("{corpus}, closed"), &full.closed),
        (format!("{corpus}, open"), &full.open),
        ("metric points".to_owned(), &full.points),
        (
            format!("{corpus}, nobody reading"),
            &full.mixed.alone.writes,
        ),
        (
            format!("{corpus}, beside a reader"),
            &full.mixed.beside.writes,
        ),
    ];
    let others = measured.others.iter();
    loads.extend(others.map(|written| {
        (
            format!("{}, closed", written.corpus.name()),
            &written.closed,
        )
    }));
    loads
}

fn over_time(title: String, load: &Load) -> Chart {
    let line = |name: &str, of: fn(&crate::latency::timeline::Moment) -> f64| Series {
        name: name.to_owned(),
        look: Look::Line,
        points: load
            .moments
            .iter()
            .map(|moment| (moment.at_seconds, of(moment)))
            .collect(),
    };
    Chart {
        title,
        x_name: "seconds since the start of the load, when the request was due".to_owned(),
        y_name: "milliseconds".to_owned(),
        x_scale: Scale::Linear,
        y_scale: Scale::Logarithmic,
        series: vec![
            line("maximum", |moment| moment.max_ms),
            line("p99", |moment| moment.p99_ms),
            line("p50", |moment| moment.p50_ms),
        ],
    }
}

/// Time for one observation in a closed loop, the server's and the bare engines', by its mean size.
fn cost_against_size(report: &Report) -> Chart {
    let mut series = Vec::new();
    for measured in &report.measured {
        let mut written = vec![(&measured.full.closed, measured.bare.as_slice())];
        let others = measured.others.iter();
        written.extend(others.map(|written| (&written.closed, written.bare.as_slice())));
        series.push(cost(
            format!("xtrace, {}", measured.engine),
            &written,
            |load, _| load.items_per_second,
        ));
        for (index, bare) in measured.bare.iter().enumerate() {
            series.push(cost(
                format!("bare {}", bare.engine),
                &written,
                |_, bare| bare[index].rows_per_second,
            ));
        }
    }
    Chart {
        title: "Cost of an observation against its size".to_owned(),
        x_name: "mean bytes of an observation, as sent".to_owned(),
        y_name: "microseconds per observation".to_owned(),
        x_scale: Scale::Logarithmic,
        y_scale: Scale::Logarithmic,
        series,
    }
}

fn cost(
    name: String,
    written: &[(&Load, &[Bare])],
    per_second: impl Fn(&Load, &[Bare]) -> f64,
) -> Series {
    let point = |(load, bare): &(&Load, &[Bare])| {
        let bytes = load.bytes as f64 / load.items as f64;
        (bytes, 1e6 / per_second(load, bare))
    };
    let mut points: Vec<(f64, f64)> = written.iter().map(point).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    Series {
        name,
        look: Look::MarkedLine,
        points,
    }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_file_is_named_by_the_words_of_what_it_shows() {
        assert_eq!(
            file_name("PostgreSQL agents, open"),
            "postgresql-agents-open"
        );
    }
}
