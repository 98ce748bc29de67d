//! A flame graph: each frame as wide as the time that was spent in it, on top of the one that called it. Frames
//! that stand beside each other are in the order of their names; their colour is that of where the code is from.

use super::stacks::{Frame, Stacks};
use crate::plot::svg::Svg;

const WIDTH: f64 = 1400.0;
const MARGIN: f64 = 10.0;
const TOP: f64 = 40.0;
const ROW: f64 = 17.0;
/// Narrower frames are left out. Pixels.
const WIDTH_MIN: f64 = 0.3;
/// A character takes about so much. Pixels.
const CHARACTER: f64 = 7.4;
const OURS: &str = "#f2a65a";
const RUST: &str = "#f6d186";
const OTHERS: &str = "#b8c4d6";
/// What the names of our own crates begin with.
const OWN_CRATE: &str = "xtrace";

/// All stacks in one picture; hovering over a frame tells its whole name and share.
pub fn to_svg(stacks: &Stacks, title: &str) -> String {
    let root = stacks.to_tree();
    let scale = (WIDTH - 2.0 * MARGIN) / root.samples.max(1) as f64;
    let picture = Picture {
        scale,
        bottom: TOP + ROW * depth(&root, scale) as f64,
        total: root.samples,
    };
    let mut svg = Svg::new(WIDTH, picture.bottom + MARGIN);
    svg.text(
        "text",
        &[("x", &MARGIN), ("y", &24), ("font-size", &16)],
        title,
    );
    let key = "orange: ours · yellow: other Rust · grey: C, C++ and the kernel";
    let right: f64 = WIDTH - MARGIN;
    svg.text(
        "text",
        &[("x", &right), ("y", &24), ("text-anchor", &"end")],
        key,
    );
    picture.draw(&mut svg, &root, MARGIN, 0);
    svg.finish()
}

struct Picture {
    /// Pixels of one sample.
    scale: f64,
    bottom: f64,
    total: u64,
}

impl Picture {
    /// The callees of a frame whose left edge and row are these.
    fn draw(&self, svg: &mut Svg, caller: &Frame, left: f64, row: usize) {
        let mut x = left;
        for (name, frame) in &caller.callees {
            let width = frame.samples as f64 * self.scale;
            if width >= WIDTH_MIN {
                self.draw_frame(svg, (name, frame), x, row);
                self.draw(svg, frame, x, row + 1);
            }
            x += width;
        }
    }

    fn draw_frame(&self, svg: &mut Svg, (name, frame): (&str, &Frame), x: f64, row: usize) {
        let width = frame.samples as f64 * self.scale;
        let y = self.bottom - ROW * (row + 1) as f64;
        svg.open("g", &[]);
        let share = 100.0 * frame.samples as f64 / self.total as f64;
        svg.text(
            "title",
            &[],
            &format!("{name}: {share:.1} %, {} samples", frame.samples),
        );
        let (x_text, y_text) = (format!("{x:.1}"), format!("{y:.1}"));
        svg.element(
            "rect",
            &[
                ("x", &x_text),
                ("y", &y_text),
                ("width", &format!("{:.1}", (width - 0.2).max(0.2))),
                ("height", &(ROW - 1.0)),
                ("fill", &colour(name, row)),
            ],
        );
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of characters that fit"
        )]
        let room = ((width - 4.0) / CHARACTER).max(0.0) as usize;
        if room >= 3 {
            let at = (format!("{:.1}", x + 2.0), format!("{:.1}", y + 12.0));
            svg.text(
                "text",
                &[("x", &at.0), ("y", &at.1)],
                &shortened(name, room),
            );
        }
        svg.close("g");
    }
}

/// Rows that have something to show.
fn depth(frame: &Frame, scale: f64) -> usize {
    let is_shown = |frame: &&Frame| frame.samples as f64 * scale >= WIDTH_MIN;
    let deepest = frame
        .callees
        .values()
        .filter(is_shown)
        .map(|callee| 1 + depth(callee, scale));
    deepest.max().unwrap_or(0)
}

/// The first row names threads.
fn colour(name: &str, row: usize) -> &'static str {
    if row > 0 && name.trim_start_matches(['<', '&']).starts_with(OWN_CRATE) {
        OURS
    } else if row > 0 && name.contains("::") && !name.contains("duckdb") {
        RUST
    } else {
        OTHERS
    }
}

fn shortened(name: &str, room: usize) -> String {
    if name.chars().count() <= room {
        return name.to_owned();
    }
    let kept: String = name.chars().take(room.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: &str =
        "writer\n\t1 b<T>::f (x)\n\t2 a (x)\n\nwriter\n\t1 c & d (x)\n\t2 a (x)\n\nreader\n\n";

    #[test]
    fn a_flame_graph_is_a_well_formed_document_with_a_box_for_each_frame() {
        let svg = to_svg(&Stacks::parse(SEEN), "what was <seen>");
        let document = roxmltree::Document::parse(&svg).unwrap();
        let titles: Vec<&str> = document
            .descendants()
            .filter(|node| node.has_tag_name("title"))
            .filter_map(|node| node.text())
            .collect();
        assert_eq!(
            titles,
            [
                "reader: 33.3 %, 1 samples",
                "writer: 66.7 %, 2 samples",
                "a: 66.7 %, 2 samples",
                "b<T>::f: 33.3 %, 1 samples",
                "c & d: 33.3 %, 1 samples",
            ]
        );
    }

    #[test]
    fn a_name_that_does_not_fit_is_cut_with_a_mark() {
        assert_eq!(shortened("xtrace_model::merge", 8), "xtrace_…");
        assert_eq!(shortened("merge", 8), "merge");
    }
}
