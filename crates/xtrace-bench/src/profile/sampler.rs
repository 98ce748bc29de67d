//! `perf`, which looks at a process at regular moments.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::stacks::Stacks;

/// Looks per second; odd, so that it does not keep step with what happens regularly.
const LOOKS_PER_SECOND: &str = "99";
/// Bytes of stack kept at each look, from which callers are found afterwards: as many as it can, for futures in futures
/// make frames of kilobytes.
const UNWIND: &str = "dwarf,65528";
const DEADLINE: Duration = Duration::from_secs(30);
const MISSING: &str = "perf is missing or does not run; on Debian: apt-get install linux-perf, \
    on Ubuntu: apt-get install linux-tools-generic";

/// `perf`, as far as it works here.
#[derive(Clone, Copy, Debug)]
pub struct Perf {
    /// What chooses the moments.
    event: &'static str,
}

/// A running `perf record`; ends when dropped.
pub struct Sampler {
    perf: Child,
    data: PathBuf,
}

impl Perf {
    pub fn find() -> anyhow::Result<Self> {
        if !perf(&["--version"])?.status.success() {
            bail!(MISSING);
        }
        let counted = perf(&["stat", "--event", "cycles", "true"])?;
        let text = String::from_utf8_lossy(&counted.stderr);
        if counted.status.success() && has_counted(&text) {
            return Ok(Self { event: "cycles" });
        }
        eprintln!("this machine counts no cycles: the clock chooses the moments");
        Ok(Self { event: "cpu-clock" })
    }

    /// Looks at this process from now on; what is seen is kept in `folder` until the end.
    pub fn look_at(self, process: u32, folder: &Path) -> anyhow::Result<Sampler> {
        let data = folder.join("perf.data");
        let log = File::create(folder.join("perf.log"))?;
        // What an earlier run left behind would look like the beginning of this one.
        drop(std::fs::remove_file(&data));
        let perf = Command::new("perf")
            .args(["record", "--event", self.event])
            .args(["--freq", LOOKS_PER_SECOND, "--call-graph", UNWIND])
            .args(["--pid", &process.to_string()])
            .arg("--output")
            .arg(&data)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context(MISSING)?;
        let mut sampler = Sampler { perf, data };
        sampler.wait_for_data()?;
        Ok(sampler)
    }
}

impl Sampler {
    /// Ends the looking and finds out what was seen.
    pub fn finish(mut self) -> anyhow::Result<Stacks> {
        let id = self.perf.id().to_string();
        Command::new("kill").args(["-INT", &id]).status()?;
        // It ends with the signal that ended it, when it has written everything.
        self.perf.wait()?;
        let data = self.data.display().to_string();
        // Without --no-inline it asks a program about every frame, which takes hours.
        let seen = perf(&[
            "script",
            "--no-inline",
            "--fields",
            "comm,ip,sym,dso",
            "--input",
            &data,
        ])?;
        if !seen.status.success() {
            bail!("perf script: {}", String::from_utf8_lossy(&seen.stderr));
        }
        let stacks = Stacks::parse(&String::from_utf8_lossy(&seen.stdout));
        if stacks.samples() == 0 {
            bail!("perf saw nothing; what it said is in perf.log beside {data}");
        }
        for name in ["perf.data", "perf.log"] {
            std::fs::remove_file(self.data.with_file_name(name))?;
        }
        Ok(stacks)
    }

    /// It makes its file when it has begun.
    fn wait_for_data(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        while !self.data.exists() {
            if let Some(status) = self.perf.try_wait()? {
                let log = std::fs::read_to_string(self.data.with_file_name("perf.log"))?;
                bail!("perf ended with {status}: {log}");
            }
            if started.elapsed() > DEADLINE {
                bail!("perf did not begin within {DEADLINE:?}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        // Already ended after `finish`; killing it then changes nothing.
        drop(self.perf.kill());
        drop(self.perf.wait());
    }
}

/// Whether `perf stat` could count what it was asked to.
fn has_counted(text: &str) -> bool {
    !text.contains("<not supported>") && !text.contains("<not counted>")
}

fn perf(arguments: &[&str]) -> anyhow::Result<Output> {
    let mut command = Command::new("perf");
    let output = command.args(arguments).stdin(Stdio::null()).output();
    output.context(MISSING)
}

#[cfg(test)]
mod tests {
    use super::has_counted;

    #[test]
    fn a_machine_that_counts_is_told_from_one_that_does_not() {
        assert!(has_counted("   1,204,331      cycles   #  0.9 GHz"));
        assert!(!has_counted("   <not supported>      cycles"));
    }
}
