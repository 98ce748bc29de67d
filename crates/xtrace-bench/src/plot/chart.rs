//! Lines and marks on two axes.

use std::fmt::Write as _;

use super::axis::{Axis, Scale, tick_name};
use super::svg::Svg;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 60.0;
/// Colours that people who see few colours tell apart (Okabe and Ito), dark enough for lines.
const COLOURS: [&str; 6] = [
    "#0072b2", "#e69f00", "#d55e00", "#009e73", "#cc79a7", "#000000",
];
const GREY: &str = "#666666";

pub struct Chart {
    pub title: String,
    pub x_name: String,
    pub y_name: String,
    pub x_scale: Scale,
    pub y_scale: Scale,
    pub series: Vec<Series>,
}

pub struct Series {
    pub name: String,
    pub look: Look,
    /// By x.
    pub points: Vec<(f64, f64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Line,
    MarkedLine,
}

/// The two axes of a chart, in the chart's pixels.
struct Plane {
    x: Axis,
    y: Axis,
}

impl Plane {
    fn x(&self, value: f64) -> Option<f64> {
        self.x.place(value).map(|pixels| LEFT + pixels)
    }

    fn y(&self, value: f64) -> Option<f64> {
        self.y.place(value).map(|pixels| HEIGHT - BOTTOM - pixels)
    }

    fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x(x)?, self.y(y)?))
    }
}

impl Chart {
    pub fn to_svg(&self) -> String {
        let all = || self.series.iter().flat_map(|series| &series.points);
        let plane = Plane {
            x: Axis::new(
                self.x_scale,
                all().map(|point| point.0),
                WIDTH - LEFT - RIGHT,
            ),
            y: Axis::new(
                self.y_scale,
                all().map(|point| point.1),
                HEIGHT - TOP - BOTTOM,
            ),
        };
        let mut svg = Svg::new(WIDTH, HEIGHT);
        svg.text(
            "text",
            &[("x", &LEFT), ("y", &24), ("font-size", &16)],
            &self.title,
        );
        self.draw_axes(&mut svg, &plane);
        for (index, series) in self.series.iter().enumerate() {
            series.draw(&mut svg, &plane, index);
        }
        svg.finish()
    }

    fn draw_axes(&self, svg: &mut Svg, plane: &Plane) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for tick in &plane.x.ticks {
            let Some(x) = plane.x(*tick) else { continue };
            draw_line(svg, (x, TOP), (x, bottom));
            let at: [(&str, &dyn std::fmt::Display); 3] = [
                ("x", &x),
                ("y", &(bottom + 18.0)),
                ("text-anchor", &"middle"),
            ];
            svg.text("text", &at, &tick_name(*tick));
        }
        for tick in &plane.y.ticks {
            let Some(y) = plane.y(*tick) else { continue };
            draw_line(svg, (LEFT, y), (right, y));
            let at: [(&str, &dyn std::fmt::Display); 3] = [
                ("x", &(LEFT - 8.0)),
                ("y", &(y + 4.0)),
                ("text-anchor", &"end"),
            ];
            svg.text("text", &at, &tick_name(*tick));
        }
        let middle = f64::midpoint(LEFT, right);
        svg.text(
            "text",
            &[
                ("x", &middle),
                ("y", &(HEIGHT - 16.0)),
                ("text-anchor", &"middle"),
                ("fill", &GREY),
            ],
            &self.x_name,
        );
        let middle = f64::midpoint(TOP, bottom);
        let turned = format!("translate(20 {middle}) rotate(-90)");
        svg.text(
            "text",
            &[
                ("transform", &turned),
                ("text-anchor", &"middle"),
                ("fill", &GREY),
            ],
            &self.y_name,
        );
    }
}

impl Series {
    fn draw(&self, svg: &mut Svg, plane: &Plane, index: usize) {
        let colour = COLOURS[index % COLOURS.len()];
        let mut line = String::new();
        for (x, y) in self.points.iter().filter_map(|point| plane.place(*point)) {
            _ = write!(line, "{x:.1},{y:.1} ");
        }
        svg.element(
            "polyline",
            &[
                ("points", &line.trim_end()),
                ("fill", &"none"),
                ("stroke", &colour),
                ("stroke-width", &1.5),
            ],
        );
        if self.look == Look::MarkedLine {
            self.draw_marks(svg, plane, colour);
        }
        let (x, y) = (WIDTH - RIGHT + 16.0, TOP + 12.0 + 20.0 * index as f64);
        svg.element(
            "rect",
            &[
                ("x", &x),
                ("y", &(y - 9.0)),
                ("width", &12),
                ("height", &10),
                ("fill", &colour),
            ],
        );
        svg.text("text", &[("x", &(x + 18.0)), ("y", &y)], &self.name);
    }

    fn draw_marks(&self, svg: &mut Svg, plane: &Plane, colour: &str) {
        for point in &self.points {
            let Some((x, y)) = plane.place(*point) else {
                continue;
            };
            svg.open(
                "circle",
                &[("cx", &x), ("cy", &y), ("r", &4), ("fill", &colour)],
            );
            let title = format!("{}: {:.1} at {:.0}", self.name, point.1, point.0);
            svg.text("title", &[], &title);
            svg.close("circle");
        }
    }
}

fn draw_line(svg: &mut Svg, from: (f64, f64), to: (f64, f64)) {
    svg.element(
        "line",
        &[
            ("x1", &from.0),
            ("y1", &from.1),
            ("x2", &to.0),
            ("y2", &to.1),
            ("stroke", &"#dddddd"),
        ],
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>) -> Chart {
        Chart {
            title: "Time & <size>".to_owned(),
            x_name: "seconds".to_owned(),
            y_name: "milliseconds".to_owned(),
            x_scale: Scale::Linear,
            y_scale: Scale::Logarithmic,
            series: vec![Series {
                name: "p99".to_owned(),
                look: Look::MarkedLine,
                points,
            }],
        }
    }

    /// The points of the one line of a chart.
    fn line(svg: &str) -> Vec<(f64, f64)> {
        let document = roxmltree::Document::parse(svg).unwrap();
        let mut lines = document
            .descendants()
            .filter(|node| node.has_tag_name("polyline"));
        let points = lines
            .next()
            .and_then(|line| line.attribute("points"))
            .unwrap();
        let pairs = points
            .split_whitespace()
            .map(|pair| pair.split_once(',').unwrap());
        pairs
            .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_chart_is_a_well_formed_document_with_all_its_points_inside_the_axes() {
        let svg = chart(vec![(0.0, 0.5), (1.0, 30.0), (2.0, 999.0)]).to_svg();
        let line = line(&svg);
        assert_eq!(line.len(), 3);
        for (x, y) in &line {
            assert!((LEFT..=WIDTH - RIGHT).contains(x), "{line:?}");
            assert!((TOP..=HEIGHT - BOTTOM).contains(y), "{line:?}");
        }
        assert!(line.is_sorted_by(|a, b| a.0 < b.0 && a.1 > b.1), "{line:?}");
    }

    #[test]
    fn a_chart_of_nothing_is_a_well_formed_document_without_points() {
        assert_eq!(line(&chart(Vec::new()).to_svg()), []);
    }

    #[test]
    fn a_value_that_has_no_place_on_an_axis_is_left_out() {
        assert_eq!(line(&chart(vec![(1.0, 0.0), (2.0, 5.0)]).to_svg()).len(), 1);
    }
}
