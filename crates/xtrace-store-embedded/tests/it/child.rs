//! Tests that end, or starve, a process of their own: this test binary again, running one test.

use std::path::Path;
use std::process::{Command, Output};

/// Says to a child what to do; absent in the parent.
const TASK: &str = "XTRACE_TEST_TASK";
const DIR: &str = "XTRACE_TEST_DIR";

/// What the parent asked of this process.
#[expect(
    clippy::disallowed_methods,
    reason = "the parent can reach a child through its environment only"
)]
pub fn task() -> Option<(String, String)> {
    Some((std::env::var(TASK).ok()?, std::env::var(DIR).ok()?))
}

/// Runs one test of this binary in a child with a task.
pub fn run(test: &str, task: &str, dir: &Path) -> Output {
    command(&std::env::current_exe().unwrap(), test)
        .env(TASK, task)
        .env(DIR, dir)
        .output()
        .unwrap()
}

/// As [`run`], on a file system of so many megabytes, mounted at `dir` for the child alone.
pub fn run_on_small_disk(test: &str, task: &str, dir: &Path, megabytes: u32) -> Output {
    let script = format!(
        "mount -t tmpfs -o size={megabytes}m tmpfs '{}' && exec \"$0\" \"$@\"",
        dir.display()
    );
    let mut unshare = Command::new("unshare");
    // Without being root, be root of a user namespace of one's own.
    let is_root = std::fs::metadata("/proc/self")
        .is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    unshare.args(if is_root {
        &["--mount"][..]
    } else {
        &["--user", "--map-root-user", "--mount"][..]
    });
    unshare
        .args(["sh", "-c", &script])
        .arg(std::env::current_exe().unwrap());
    unshare
        .args(["--exact", test, "--nocapture"])
        .env(TASK, task)
        .env(DIR, dir);
    unshare
        .output()
        .expect("unshare of util-linux is installed")
}

fn command(program: &Path, test: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["--exact", test, "--nocapture"]);
    command
}
