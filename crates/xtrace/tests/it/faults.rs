//! Faults that are put between the server and the C library, by a library of our own that is loaded before it: a wall
//! clock that jumps, a disk that is slow to write through, and one that turns read-only while files are open (a mount
//! cannot: the kernel refuses as long as somebody writes). Whether the server is told so by a mount, a worn-out disk or
//! this makes no difference to it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;

use crate::server::Start;

const SOURCE: &str = include_str!("faults.c");

/// What the library is told, at any time.
pub struct Faults {
    told: File,
    library: String,
    file: String,
}

impl Faults {
    /// Compiles the library with the C compiler that the build needs anyway. Nothing is faulty yet.
    pub fn prepare(dir: &Path) -> Self {
        let path = |name: &str| dir.join(name).display().to_string();
        let (source, library, file) = (path("faults.c"), path("faults.so"), path("faults"));
        std::fs::write(&source, SOURCE).unwrap();
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o", &library, &source, "-ldl"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let told = File::create(&file).unwrap();
        told.write_all_at(&[0; 24], 0).unwrap();
        Self {
            told,
            library,
            file,
        }
    }

    pub fn in_reach_of(&self, start: Start) -> Start {
        start
            .with("LD_PRELOAD", &self.library)
            .with("XTRACE_FAULTS", &self.file)
    }

    /// Puts the wall clock forward, or back.
    pub fn set_clock_off_by_days(&self, days: i64) {
        self.tell(0, days * 24 * 3600);
    }

    pub fn set_sync_slower_by_millis(&self, millis: i64) {
        self.tell(1, millis * 1000);
    }

    pub fn set_read_only(&self, is_so: bool) {
        self.tell(2, i64::from(is_so));
    }

    fn tell(&self, place: u64, number: i64) {
        let bytes = number.to_ne_bytes();
        self.told.write_all_at(&bytes, place * 8).unwrap();
    }
}
