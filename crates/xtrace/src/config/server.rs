//! `[server]`: the listening side.

use std::time::Duration;

use super::kinds::{
    parse_address, parse_duration, parse_list, parse_positive, parse_size, show, show_duration,
    show_list, show_size,
};
use super::reader::{Reader, Setting};

#[derive(Clone, Debug)]
pub struct ServerConfig {
    pub bind_addr: String,
    pub request_bytes_max: usize,
    pub cors_origins: Vec<String>,
    pub rate_limit_qps: u32,
    pub rate_limit_burst: u32,
    pub shutdown_timeout: Duration,
}

const BIND_ADDR: Setting<String> = Setting {
    key: "server.bind_addr",
    env: &["BIND_ADDR"],
    expected: "host:port, such as 127.0.0.1:8742",
    doc: "Address of the HTTP API and the web UI.",
    parse: parse_address,
    show,
};

const REQUEST_BYTES_MAX: Setting<usize> = Setting {
    key: "server.request_bytes_max",
    env: &["XTRACE_MAX_REQUEST_BODY_BYTES"],
    expected: "a size of at least 1 byte, such as 20971520 or 20MiB",
    doc: "Largest request body, counted after decompression.",
    parse: parse_size,
    show: show_size,
};

const CORS_ORIGINS: Setting<Vec<String>> = Setting {
    key: "server.cors_origins",
    env: &["XTRACE_CORS_ORIGINS"],
    expected: "origins separated by commas, or *",
    doc: "Origins whose browsers may call the API.",
    parse: parse_list,
    show: show_list,
};

const RATE_LIMIT_QPS: Setting<u32> = Setting {
    key: "server.rate_limit_qps",
    env: &["RATE_LIMIT_QPS"],
    expected: "a whole number of at least 1",
    doc: "Reads per second and credential.",
    parse: parse_positive,
    show,
};

const RATE_LIMIT_BURST: Setting<u32> = Setting {
    key: "server.rate_limit_burst",
    env: &["RATE_LIMIT_BURST"],
    expected: "a whole number of at least 1",
    doc: "Reads at once per credential, before the rate applies.",
    parse: parse_positive,
    show,
};

const SHUTDOWN_TIMEOUT: Setting<Duration> = Setting {
    key: "server.shutdown_timeout",
    env: &["XTRACE_SHUTDOWN_TIMEOUT"],
    expected: "a duration, such as 30s",
    doc: "How long requests under way may take to end after SIGTERM.",
    parse: parse_duration,
    show: show_duration,
};

impl ServerConfig {
    pub fn read(reader: &mut Reader) -> Self {
        let origins = ["http://localhost:5173", "http://127.0.0.1:5173"]
            .map(str::to_owned)
            .to_vec();
        Self {
            bind_addr: reader.value(&BIND_ADDR, "127.0.0.1:8742".to_owned()),
            request_bytes_max: reader.value(&REQUEST_BYTES_MAX, 20 * 1024 * 1024),
            cors_origins: reader.value(&CORS_ORIGINS, origins),
            rate_limit_qps: reader.value(&RATE_LIMIT_QPS, 20),
            rate_limit_burst: reader.value(&RATE_LIMIT_BURST, 40),
            shutdown_timeout: reader.value(&SHUTDOWN_TIMEOUT, Duration::from_secs(30)),
        }
    }
}
