//! Chunks: the points of one series and one hour in one value.
//!
//! A chunk begins with the version of its format. Then come the number of points, the first time after the beginning
//! of the window, how the distances between times change (runs of the same change are counted: points that come
//! regularly take no room), and the values in whichever of three ways is the shortest: as whole numbers of a
//! decimal place, each less the one before, as bits that differ from those of the value before, or as they are. All
//! three give back every bit. Numbers are LEB128, signed ones zigzag.
//!
//! What it deliberately does not do: compress any further. Unpacking is what a question about millions of points waits for.

use xtrace_model::Timestamp;
use xtrace_store::{ErrorKind, StoreError};

/// The length of a chunk's window; windows are aligned to the epoch. A week is a whole number of them.
pub const WINDOW_MICROS: i64 = 3_600_000_000;
/// Points that one chunk may hold; denser windows stay rows.
pub const CHUNK_POINTS_MAX: usize = 200_000;

const FORMAT: u8 = 1;
const DECIMAL: u8 = 0;
const BITS: u8 = 1;
const PLAIN: u8 = 2;
/// Decimal places that are tried.
const PLACES_MAX: u8 = 6;
/// Whole numbers up to here are exact as doubles.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

pub use xtrace_store::series::fold::Point;

/// The beginning of the window that a time is in.
pub fn window_of(time: Timestamp) -> i64 {
    let micros = time.as_micros();
    micros - micros.rem_euclid(WINDOW_MICROS)
}

/// The chunk of points that ascend by time, at least one and all of the window that begins at `since`.
pub fn encode(since: i64, points: &[Point]) -> Vec<u8> {
    let mut out = vec![FORMAT];
    write_unsigned(&mut out, points.len() as u64);
    write_times(&mut out, since, points);
    let plain = points.len() * 8;
    let bits = bits(points);
    match decimals(points) {
        Some((places, decimals)) if decimals.len() <= bits.len().min(plain) => {
            out.extend([DECIMAL, places]);
            out.extend(decimals);
        }
        _ if bits.len() < plain => {
            out.push(BITS);
            out.extend(bits);
        }
        _ => {
            out.push(PLAIN);
            out.extend(points.iter().flat_map(|(_, value)| value.to_le_bytes()));
        }
    }
    out
}

/// Appends the points of a chunk.
///
/// # Errors
/// The bytes are no chunk.
pub fn decode(since: i64, bytes: &[u8], to: &mut Vec<Point>) -> Result<(), StoreError> {
    let before = to.len();
    let mut reader = Reader(bytes);
    let decoded = reader.points(since, to);
    if decoded.is_none() || !reader.0.is_empty() {
        to.truncate(before);
        let why = "a chunk of metric points that cannot be read";
        return Err(StoreError::new(ErrorKind::Corrupt, "metrics.chunk", why));
    }
    Ok(())
}

fn write_times(out: &mut Vec<u8>, since: i64, points: &[Point]) {
    let mut last = since;
    let mut distance = 0;
    let mut run: Option<(i64, u64)> = None;
    for (time, _) in points {
        let change = (time - last) - distance;
        distance = time - last;
        last = *time;
        run = match run {
            Some((same, count)) if same == change => Some((same, count + 1)),
            other => {
                write_run(out, other);
                Some((change, 1))
            }
        };
    }
    write_run(out, run);
}

fn write_run(out: &mut Vec<u8>, run: Option<(i64, u64)>) {
    if let Some((change, count)) = run {
        write_signed(out, change);
        write_unsigned(out, count);
    }
}

/// The values as whole numbers of the first decimal place in which all of them are.
fn decimals(points: &[Point]) -> Option<(u8, Vec<u8>)> {
    let mut places = 0;
    for (_, value) in points {
        while whole(*value, places).is_none() {
            places += 1;
            if places > PLACES_MAX {
                return None;
            }
        }
    }
    let mut out = Vec::with_capacity(points.len() * 2);
    let mut last = 0;
    for (_, value) in points {
        let whole = whole(*value, places)?;
        write_signed(&mut out, whole - last);
        last = whole;
    }
    Some((places, out))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "checked to be whole and below 2^53"
)]
fn whole(value: f64, places: u8) -> Option<i64> {
    let scale = 10_f64.powi(i32::from(places));
    let whole = (value * scale).round();
    // Bit by bit; a whole number has no negative zero.
    let is_exact =
        whole.abs() <= EXACT_MAX && (whole as i64 as f64 / scale).to_bits() == value.to_bits();
    is_exact.then_some(whole as i64)
}

/// The bits of each value that differ from those of the one before: how many bytes of them, after how many zero bytes, then
/// those.
fn bits(points: &[Point]) -> Vec<u8> {
    let mut out = Vec::with_capacity(points.len() * 8);
    let mut last = 0_u64;
    for (_, value) in points {
        let changed = value.to_bits() ^ last;
        last = value.to_bits();
        let bytes = changed.to_be_bytes();
        let leading = (changed.leading_zeros() / 8) as usize;
        let trailing = if changed == 0 {
            0
        } else {
            (changed.trailing_zeros() / 8) as usize
        };
        let own = &bytes[leading..8 - trailing];
        out.push((own.len() as u8) << 4 | leading as u8);
        out.extend_from_slice(own);
    }
    out
}

fn write_unsigned(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn write_signed(out: &mut Vec<u8>, number: i64) {
    write_unsigned(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.unsigned()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn points(&mut self, since: i64, to: &mut Vec<Point>) -> Option<()> {
        if self.byte()? != FORMAT {
            return None;
        }
        let count = usize::try_from(self.unsigned()?).ok()?;
        if count > CHUNK_POINTS_MAX {
            return None;
        }
        let first = to.len();
        self.times(since, count, to)?;
        let values = to.get_mut(first..)?;
        match self.byte()? {
            DECIMAL => self.decimals(values),
            BITS => self.bits(values),
            PLAIN => self.plain(values),
            _ => None,
        }
    }

    fn times(&mut self, since: i64, count: usize, to: &mut Vec<Point>) -> Option<()> {
        let mut left = count;
        let (mut time, mut distance) = (since, 0_i64);
        while left > 0 {
            let change = self.signed()?;
            let run = usize::try_from(self.unsigned()?).ok()?;
            left = left.checked_sub(run)?;
            for _ in 0..run {
                distance = distance.checked_add(change)?;
                time = time.checked_add(distance)?;
                to.push((time, 0.0));
            }
            if run == 0 {
                return None;
            }
        }
        Some(())
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "below 2^53, or the bytes were not written here"
    )]
    fn decimals(&mut self, values: &mut [Point]) -> Option<()> {
        let places = self.byte()?;
        let scale = 10_f64.powi(i32::from(places.min(PLACES_MAX)));
        let mut whole = 0_i64;
        for (_, value) in values {
            whole = whole.checked_add(self.signed()?)?;
            *value = whole as f64 / scale;
        }
        Some(())
    }

    fn bits(&mut self, values: &mut [Point]) -> Option<()> {
        let mut last = 0_u64;
        for (_, value) in values {
            let lengths = self.byte()?;
            let (count, leading) = (usize::from(lengths >> 4), usize::from(lengths & 15));
            let mut bytes = [0; 8];
            let own = bytes.get_mut(leading..leading + count)?;
            own.copy_from_slice(self.take(count)?);
            last ^= u64::from_be_bytes(bytes);
            *value = f64::from_bits(last);
        }
        Some(())
    }

    fn plain(&mut self, values: &mut [Point]) -> Option<()> {
        for (_, value) in values {
            *value = f64::from_le_bytes(self.take(8)?.try_into().ok()?);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CHUNK_POINTS_MAX, Point, WINDOW_MICROS, decode, encode};

    /// Encodes, checks that each bit comes back, and answers how many bytes it took.
    fn bytes_of(since: i64, points: &[Point]) -> usize {
        let chunk = encode(since, points);
        let mut decoded = vec![(7, 7.0)];
        decode(since, &chunk, &mut decoded).unwrap();
        let bits = |points: &[Point]| -> Vec<(i64, u64)> {
            let bits = points.iter().map(|(time, value)| (*time, value.to_bits()));
            bits.collect()
        };
        assert_eq!(bits(&decoded[1..]), bits(points));
        for end in 0..chunk.len() {
            assert!(decode(since, &chunk[..end], &mut decoded).is_err(), "{end}");
        }
        assert_eq!(decoded.len(), points.len() + 1);
        chunk.len()
    }

    #[test]
    fn gives_back_every_bit_in_the_shortest_way() {
        let regular = |value: fn(i64) -> f64| -> Vec<Point> {
            (0..240).map(|n| (n * 15_000_000, value(n))).collect()
        };
        assert!(bytes_of(0, &regular(|_| 1.0)) < 260);
        assert!(bytes_of(0, &regular(|n| (n * 7_919 % 10_000) as f64 / 100.0)) < 520);
        assert!(bytes_of(0, &regular(|n| (n % 5) as f64 / -1_000.0 + 0.0)) < 300);
        assert!(bytes_of(0, &regular(|n| 1.0 / (n % 2 + 3) as f64)) < 2_200);
        assert!(bytes_of(0, &regular(|n| (n as f64).sqrt())) < 2_200);
    }

    #[test]
    fn gives_back_odd_times_and_values() {
        let odd = [
            0.0,
            -0.0,
            1e300,
            -1e-300,
            f64::MAX,
            f64::MIN_POSITIVE,
            9_007_199_254_740_994.0,
            0.1 + 0.2,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            5e-324,
        ];
        for since in [
            0,
            -WINDOW_MICROS,
            1_769_860_800_000_000,
            -62_167_219_200_000_000,
        ] {
            for value in odd {
                bytes_of(since, &[(since, value)]);
                bytes_of(since, &[(since + WINDOW_MICROS - 1, value)]);
            }
            let mut time = since;
            let points: Vec<Point> = odd
                .iter()
                .zip(1..)
                .map(|(value, step)| {
                    time += step * step * 7;
                    (time, *value)
                })
                .collect();
            bytes_of(since, &points);
        }
    }

    proptest! {
        #[test]
        fn gives_back_any_points(
            since in -1_000_000..1_000_000_i64,
            points in prop::collection::btree_map(0..WINDOW_MICROS, prop::num::f64::ANY, 1..60),
        ) {
            let since = since * WINDOW_MICROS;
            let points: Vec<Point> = points
                .into_iter()
                .map(|(after, value)| (since + after, value))
                .collect();
            bytes_of(since, &points);
        }

        #[test]
        fn any_bytes_are_points_or_refused(
            rest in prop::collection::vec(any::<u8>(), 0..200),
            count in 1..20_u8,
        ) {
            let chunk = [&[1, count, 0, count][..], &rest].concat();
            let mut points = Vec::new();
            let decoded = decode(0, &chunk, &mut points);
            let expected = if decoded.is_ok() { usize::from(count) } else { 0 };
            prop_assert_eq!(points.len(), expected);
        }
    }

    #[test]
    fn refuses_what_was_never_written() {
        let mut points = Vec::new();
        for bytes in [
            &[][..],
            &[2, 1, 0, 1, 2],
            // More points than any chunk.
            &[1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 1, 2],
            // A run of no points, and one too long.
            &[1, 1, 0, 0, 0, 1, 0, 0, 0],
            &[1, 1, 0, 9, 0, 0, 0],
            // Another way to write values.
            &[1, 1, 0, 1, 9, 0, 0],
            // More bits than a value has.
            &[1, 1, 0, 1, 1, 0x99, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert!(decode(0, bytes, &mut points).is_err(), "{bytes:?}");
        }
        assert!(points.is_empty());
        let most: Vec<Point> = (0..CHUNK_POINTS_MAX as i64).map(|n| (n, 0.5)).collect();
        decode(0, &encode(0, &most), &mut points).unwrap();
        assert_eq!(points, most);
    }
}
