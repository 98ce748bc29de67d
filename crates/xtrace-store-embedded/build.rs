//! Finds DuckDB's prebuilt library, says what to do when it is not there, and puts it beside the binaries.
//!
//! The library is looked for in `DUCKDB_LIB_DIR`, then in `.duckdb` of the checkout (`make duckdb` fetches
//! it). It is linked into the target folder next to every binary and test, which find it there by their
//! rpath (`.cargo/config.toml`): nothing depends on where the checkout lies, and an installation is the
//! binary and the library in one folder. With the feature `bundled` DuckDB is compiled in and this script
//! does nothing.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo talks to build scripts through the environment"
)]

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DUCKDB_LIB_DIR");
    if env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        return;
    }
    let name = library_name();
    let library = library_dir().join(name);
    println!("cargo::rerun-if-changed={}", library.display());
    // The folder behind the link, so that the same library has the same path from every checkout.
    let Ok(library) = library.canonicalize() else {
        println!("cargo::error={} is not there", library.display());
        println!("cargo::error=run `make duckdb` once: it fetches DuckDB's prebuilt library");
        println!(
            "cargo::error=or set DUCKDB_LIB_DIR to a folder with {name} 1.5.6, or compile it in: --features bundled"
        );
        return;
    };
    let dir = library.parent().expect("a file lies in a folder");
    println!("cargo::rustc-link-search=native={}", dir.display());
    for folder in binary_dirs() {
        let beside = folder.join(name);
        place(&library, &beside)
            .unwrap_or_else(|error| panic!("cannot place {}: {error}", beside.display()));
        println!("cargo::rerun-if-changed={}", beside.display());
    }
}

fn library_name() -> &'static str {
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => "libduckdb.dylib",
        _ => "libduckdb.so",
    }
}

fn library_dir() -> PathBuf {
    match env::var_os("DUCKDB_LIB_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.duckdb"),
    }
}

/// The profile's folder with the binaries, and `deps` in it with the tests.
fn binary_dirs() -> [PathBuf; 2] {
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    // <profile>/build/<package>-<hash>/out
    let profile = out_dir
        .ancestors()
        .nth(3)
        .expect("OUT_DIR lies in the profile's folder");
    [profile.to_path_buf(), profile.join("deps")]
}

/// A hard link where the file system allows one, else a copy; replaced by renaming, since it may be in use.
fn place(library: &Path, beside: &Path) -> io::Result<()> {
    let wanted = fs::metadata(library)?;
    if let Ok(present) = fs::metadata(beside)
        && present.len() == wanted.len()
        && present.modified()? == wanted.modified()?
    {
        return Ok(());
    }
    fs::create_dir_all(beside.parent().expect("a file lies in a folder"))?;
    let scratch = beside.with_extension(format!("{}.tmp", std::process::id()));
    if fs::hard_link(library, &scratch).is_err() {
        fs::copy(library, &scratch)?;
        // Cargo runs this script again when the file looks newer than the script's last run.
        fs::File::options()
            .write(true)
            .open(&scratch)?
            .set_modified(wanted.modified()?)?;
    }
    fs::rename(&scratch, beside)
}
