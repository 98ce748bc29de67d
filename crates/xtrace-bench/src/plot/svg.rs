//! An SVG document, written element by element.

use std::fmt::{Display, Write as _};

/// A document of a size in pixels.
pub struct Svg(String);

impl Svg {
    pub fn new(width: f64, height: f64) -> Self {
        let mut text = String::new();
        _ = writeln!(
            text,
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" font-family="sans-serif" font-size="12">"#
        );
        let mut svg = Self(text);
        svg.element(
            "rect",
            &[
                ("width", &"100%"),
                ("height", &"100%"),
                ("fill", &"#ffffff"),
            ],
        );
        svg
    }

    /// An element without content.
    pub fn element(&mut self, name: &str, attributes: &[(&str, &dyn Display)]) {
        self.open(name, attributes);
        self.0.truncate(self.0.len() - 1);
        self.0.push_str("/>\n");
    }

    /// An element with a text in it.
    pub fn text(&mut self, name: &str, attributes: &[(&str, &dyn Display)], content: &str) {
        self.open(name, attributes);
        escape_into(&mut self.0, content);
        self.close(name);
    }

    pub fn open(&mut self, name: &str, attributes: &[(&str, &dyn Display)]) {
        _ = write!(self.0, "<{name}");
        for (key, value) in attributes {
            _ = write!(self.0, r#" {key}=""#);
            escape_into(&mut self.0, &value.to_string());
            self.0.push('"');
        }
        self.0.push('>');
    }

    pub fn close(&mut self, name: &str) {
        _ = writeln!(self.0, "</{name}>");
    }

    pub fn finish(mut self) -> String {
        self.close("svg");
        self.0
    }
}

/// What would end a text or an attribute is named, and what XML cannot hold is replaced.
fn escape_into(text: &mut String, content: &str) {
    for character in content.chars() {
        match character {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '"' => text.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => text.push('?'),
            character if character.is_control() => text.push('?'),
            character => text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_in_a_text_or_attribute_the_document_is_well_formed() {
        let hostile = "a < b && \"c\" > 'd' \u{0} \u{1b} \u{ffff} ]]> <!-- é";
        let mut svg = Svg::new(10.0, 10.0);
        svg.open("g", &[("id", &hostile)]);
        svg.text("text", &[("x", &1.5)], hostile);
        svg.close("g");
        let text = svg.finish();
        let document = roxmltree::Document::parse(&text).unwrap();
        let found = document
            .descendants()
            .find(|node| node.has_tag_name("text"));
        let kept = hostile.replace(['\u{0}', '\u{1b}', '\u{ffff}'], "?");
        assert_eq!(found.and_then(|node| node.text()), Some(kept.as_str()));
    }
}
