//! Stacks and how often each was seen, read from what `perf script` prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Frames from the outermost in, the thread's name first.
type Stack = Vec<String>;

#[derive(Debug, Default)]
pub struct Stacks(BTreeMap<Stack, u64>);

/// A frame with all that were seen in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Frame {
    pub samples: u64,
    /// By name.
    pub callees: BTreeMap<String, Frame>,
}

impl Stacks {
    /// Each sample is a line with the thread's name and, indented, its frames from the innermost out.
    pub fn parse(text: &str) -> Self {
        let mut stacks = Self::default();
        let mut thread = None;
        let mut frames = Vec::new();
        for line in text.lines().chain([""]) {
            if line.trim().is_empty() {
                if let Some(thread) = thread.take() {
                    frames.push(thread);
                    frames.reverse();
                    *stacks.0.entry(std::mem::take(&mut frames)).or_default() += 1;
                }
            } else if thread.is_some() && line.starts_with([' ', '\t']) {
                frames.extend(frame(line));
            } else {
                thread = Some(line.trim().to_owned());
            }
        }
        stacks
    }

    pub fn samples(&self) -> u64 {
        self.0.values().sum()
    }

    /// The stacks as one tree: the frame around everything.
    pub fn to_tree(&self) -> Frame {
        let mut root = Frame::default();
        for (stack, samples) in &self.0 {
            let mut frame = &mut root;
            frame.samples += samples;
            for name in stack {
                frame = frame.callees.entry(name.clone()).or_default();
                frame.samples += samples;
            }
        }
        root
    }

    /// One stack a line, frames between semicolons, and how often it was seen: what other tools read.
    pub fn to_folded(&self) -> String {
        let mut text = String::new();
        for (stack, samples) in &self.0 {
            let names: Vec<String> = stack.iter().map(|name| name.replace(';', ":")).collect();
            _ = writeln!(text, "{} {samples}", names.join(";"));
        }
        text
    }
}

/// `  7f12ab name (library)`; a frame without a name is called after its library.
fn frame(line: &str) -> Option<String> {
    let (_, named) = line.trim().split_once(' ')?;
    let (name, library) = named.rsplit_once(" (").unwrap_or((named, ""));
    if name != "[unknown]" {
        return Some(without_hash(name).to_owned());
    }
    let library = library.trim_end_matches(')').rsplit('/').next()?;
    Some(format!("[{}]", library.trim_matches(['[', ']'])))
}

/// Rust's names may end in a hash that tells versions of a crate apart.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            name
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: &str = "\
tokio-rt worker
\t    55d0 fjall::commit::h0123456789abcdef (/target/release/xtrace)
\t    55d1 <T as Into<U>>::into (/target/release/xtrace)
\t    7f00 [unknown] (/usr/lib/libc.so.6)

tokio-rt worker
\t    55d0 fjall::commit::h0123456789abcdef (/target/release/xtrace)
\t    55d1 <T as Into<U>>::into (/target/release/xtrace)
\t    7f00 [unknown] (/usr/lib/libc.so.6)

writer
\tffffffff81 [unknown] ([kernel.kallsyms])

";

    #[test]
    fn equal_stacks_are_counted_together_from_the_outermost_frame_in() {
        let stacks = Stacks::parse(SEEN);
        assert_eq!(stacks.samples(), 3);
        assert_eq!(
            stacks.to_folded(),
            "tokio-rt worker;[libc.so.6];<T as Into<U>>::into;fjall::commit 2\n\
             writer;[kernel.kallsyms] 1\n"
        );
    }

    #[test]
    fn a_frame_of_the_tree_has_the_samples_of_all_it_called() {
        let tree = Stacks::parse(SEEN).to_tree();
        assert_eq!(tree.samples, 3);
        let thread = &tree.callees["tokio-rt worker"];
        assert_eq!(
            (thread.samples, thread.callees["[libc.so.6]"].samples),
            (2, 2)
        );
    }

    #[test]
    fn a_thread_that_was_seen_without_frames_counts() {
        assert_eq!(
            Stacks::parse("writer\n\nwriter\n").to_folded(),
            "writer 2\n"
        );
    }

    #[test]
    fn nothing_seen_is_no_stack() {
        assert_eq!(Stacks::parse("").samples(), 0);
    }
}
