//! Payloads that frameworks have sent, from ../shared/data, where that lies beside the checkout.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::store::Store;

fn json_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            json_files(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
}

/// All strings of a file: attribute values, among them messages as JSON inside a string.
fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(members) => members.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

#[test]
fn what_frameworks_send_comes_back_and_shares_parts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let mut files = Vec::new();
    json_files(&folder, &mut files);
    if files.is_empty() {
        eprintln!("skipped: there is no {}", folder.display());
        return;
    }
    let (mut sent, mut store) = (0, Store::default());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        Store::default().assert_round_trip(&text);
        let value: Value = serde_json::from_str(&text).unwrap();
        let mut found = Vec::new();
        strings(&value, &mut found);
        for payload in found
            .into_iter()
            .filter(|text| text.starts_with(['{', '[']))
        {
            sent += payload.len();
            store.assert_round_trip(payload);
        }
    }
    assert!(
        store.bytes < sent * 9 / 10,
        "{} bytes of {sent} are kept",
        store.bytes
    );
    eprintln!("{} bytes of {sent} are kept", store.bytes);
}
