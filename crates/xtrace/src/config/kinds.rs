//! How values of settings are written: sizes and durations with units, switches, lists, secrets.

use std::fmt;
use std::time::Duration;

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

pub fn parse_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

pub fn parse_secret(text: &str) -> Option<Secret> {
    parse_text(text).map(Secret)
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape of Setting::show"
)]
pub fn show_bool(value: &bool) -> String {
    value.to_string()
}

/// `1`, `true`, `yes`, `on` and their opposites, any case.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Bytes: a plain number, or with a unit (`20MiB`, `64kB`); at least 1.
pub fn parse_size(text: &str) -> Option<usize> {
    let size: bytesize::ByteSize = text.parse().ok()?;
    usize::try_from(size.as_u64())
        .ok()
        .filter(|bytes| *bytes > 0)
}

/// In the largest unit that is exact, so that it reads back as it was.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape of Setting::show"
)]
pub fn show_size(bytes: &usize) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let exact = units
        .into_iter()
        .map(|(power, unit)| (1_u64 << power, unit))
        .find(|(unit, _)| (*bytes as u64).is_multiple_of(*unit));
    match exact {
        Some((unit, name)) => format!("{}{name}", *bytes as u64 / unit),
        None => bytes.to_string(),
    }
}

/// `30s`, `5m`, `24h`; a plain number is seconds; more than nothing.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let seconds = text.parse().ok().map(Duration::from_secs);
    let duration = seconds.or_else(|| humantime::parse_duration(text).ok())?;
    (!duration.is_zero()).then_some(duration)
}

pub fn show_duration(duration: &Duration) -> String {
    humantime::format_duration(*duration).to_string()
}

/// Items between commas, blanks around them ignored.
pub fn parse_list(text: &str) -> Option<Vec<String>> {
    Some(
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

#[expect(clippy::ptr_arg, reason = "the shape of Setting::show")]
pub fn show_list(items: &Vec<String>) -> String {
    items.join(",")
}

/// `host:port` or `ip:port`.
pub fn parse_address(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    let is_valid = !host.is_empty() && port.parse::<u16>().is_ok();
    is_valid.then(|| text.to_owned())
}

/// A whole number of at least 1.
pub fn parse_positive<T: std::str::FromStr + Default + PartialOrd>(text: &str) -> Option<T> {
    text.parse().ok().filter(|value| *value > T::default())
}

pub fn parse_number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

pub fn show<T: ToString>(value: &T) -> String {
    value.to_string()
}

pub fn mask(_: &Secret) -> String {
    "***".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_and_durations_with_and_without_units() {
        assert_eq!(parse_size("20971520"), Some(20 * 1024 * 1024));
        assert_eq!(parse_size("20MiB"), Some(20 * 1024 * 1024));
        assert_eq!(parse_size("0"), None);
        assert_eq!(parse_size("many"), None);
        assert_eq!(parse_duration("90"), Some(Duration::from_secs(90)));
        assert_eq!(parse_duration("1h 30m"), Some(Duration::from_secs(5400)));
        assert_eq!(parse_duration("0s"), None);
        assert_eq!(parse_duration("soon"), None);
    }

    #[test]
    fn shows_sizes_as_people_write_them_and_reads_back_what_it_shows() {
        for (bytes, shown) in [
            (20 << 20, "20MiB"),
            (20_000_000, "20000000"),
            (1536, "1536"),
            (3 << 10, "3KiB"),
            (512 << 20, "512MiB"),
            (1 << 30, "1GiB"),
            ((1 << 30) + (1 << 20), "1025MiB"),
            (1 << 40, "1TiB"),
            ((1 << 53) + 1, "9007199254740993"),
        ] {
            assert_eq!(show_size(&bytes), shown);
        }
        // Around each power of two, and numbers without any pattern.
        let around = (1..63).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 1]);
        let scattered = (1..63).map(|power| 0x9E37_79B9_7F4A_7C15_usize >> power);
        for bytes in around.chain(scattered) {
            assert_eq!(parse_size(&show_size(&bytes)), Some(bytes), "{bytes}");
        }
    }

    #[test]
    fn reads_switches_addresses_and_lists() {
        assert_eq!(parse_bool("TRUE"), Some(true));
        assert_eq!(parse_bool("maybe"), None);
        assert!(parse_address("127.0.0.1:8742").is_some());
        assert!(parse_address("[::1]:8742").is_some());
        assert!(parse_address("localhost").is_none());
        assert!(parse_address("localhost:99999").is_none());
        assert_eq!(parse_list(" a, b,,").unwrap(), ["a", "b"]);
    }
}
