//! `[ingest]`: what is taken in, and how much of it may wait.

use xtrace_ingest::native::LabelPolicy;

use super::kinds::{parse_list, parse_positive, parse_size, show, show_list, show_size};
use super::reader::{Reader, Setting};

#[derive(Clone, Debug)]
pub struct IngestConfig {
    pub queue_bytes_max: usize,
    pub metric_labels_max: usize,
    pub metric_label_value_bytes_max: usize,
    pub metric_label_allowlist: Vec<String>,
    pub metric_label_denylist: Vec<String>,
    pub metric_label_overflow: LabelPolicy,
}

const QUEUE_BYTES_MAX: Setting<usize> = Setting {
    key: "ingest.queue_bytes_max",
    env: &["XTRACE_INGEST_QUEUE_BYTES"],
    expected: "a size, such as 128MiB",
    doc: "Bytes of requests that may wait for the disk; beyond, senders are told to come back.",
    parse: parse_size,
    show: show_size,
};

const METRIC_LABELS_MAX: Setting<usize> = Setting {
    key: "ingest.metric_labels_max",
    env: &["XTRACE_METRICS_MAX_LABELS"],
    expected: "a whole number of at least 1",
    doc: "Labels of one metric point.",
    parse: parse_positive,
    show,
};

const METRIC_LABEL_VALUE_BYTES_MAX: Setting<usize> = Setting {
    key: "ingest.metric_label_value_bytes_max",
    env: &["XTRACE_METRICS_MAX_LABEL_VALUE_LEN"],
    expected: "a whole number of bytes of at least 1",
    doc: "Length of one label value.",
    parse: parse_positive,
    show,
};

const METRIC_LABEL_ALLOWLIST: Setting<Vec<String>> = Setting {
    key: "ingest.metric_label_allowlist",
    env: &["XTRACE_METRICS_LABEL_ALLOWLIST"],
    expected: "label names separated by commas",
    doc: "When set, labels of other names overflow.",
    parse: parse_list,
    show: show_list,
};

const METRIC_LABEL_DENYLIST: Setting<Vec<String>> = Setting {
    key: "ingest.metric_label_denylist",
    env: &["XTRACE_METRICS_LABEL_DENYLIST"],
    expected: "label names separated by commas",
    doc: "Labels of these names overflow.",
    parse: parse_list,
    show: show_list,
};

const METRIC_LABEL_OVERFLOW: Setting<LabelPolicy> = Setting {
    key: "ingest.metric_label_overflow",
    env: &["XTRACE_METRICS_LABEL_OVERFLOW_POLICY"],
    expected: "drop_labels, reject_point or reject_batch",
    doc: "What becomes of labels over a limit: left out, or the point or batch is rejected.",
    parse: LabelPolicy::parse,
    show: |policy| policy.as_str().to_owned(),
};

impl IngestConfig {
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            queue_bytes_max: reader.value(&QUEUE_BYTES_MAX, 128 * 1024 * 1024),
            metric_labels_max: reader.value(&METRIC_LABELS_MAX, 64),
            metric_label_value_bytes_max: reader.value(&METRIC_LABEL_VALUE_BYTES_MAX, 256),
            metric_label_allowlist: reader.value(&METRIC_LABEL_ALLOWLIST, Vec::new()),
            metric_label_denylist: reader.value(&METRIC_LABEL_DENYLIST, Vec::new()),
            metric_label_overflow: reader.value(&METRIC_LABEL_OVERFLOW, LabelPolicy::DropLabels),
        }
    }
}
