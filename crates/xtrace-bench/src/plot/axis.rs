//! Axes: where a value stands, and which values are named.

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From zero.
    Linear,
    /// Over whole decades; values that are not positive have no place.
    Logarithmic,
}

/// An axis of a length in pixels that holds all of its values.
#[derive(Clone, Debug)]
pub struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    pixels: f64,
    pub ticks: Vec<f64>,
}

/// About as many steps as a linear axis has.
const STEPS: f64 = 6.0;

impl Axis {
    pub fn new(scale: Scale, values: impl Iterator<Item = f64>, pixels: f64) -> Self {
        let has_place = |value: &f64| value.is_finite() && (scale == Scale::Linear || *value > 0.0);
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(has_place) {
            least = least.min(value);
            most = most.max(value);
        }
        if least > most {
            (least, most) = (1.0, 1.0);
        }
        match scale {
            Scale::Linear => Self::linear(most, pixels),
            Scale::Logarithmic => Self::logarithmic(least, most, pixels),
        }
    }

    fn linear(most: f64, pixels: f64) -> Self {
        let most = if most > 0.0 { most } else { 1.0 };
        let decade = 10_f64.powf((most / STEPS).log10().floor());
        let sizes = [1.0, 2.0, 5.0, 10.0].map(|size| size * decade);
        let enough = sizes.into_iter().find(|size| most / size <= STEPS);
        let step = enough.unwrap_or(10.0 * decade);
        let ticks: Vec<f64> = (0..=10)
            .map(|n| f64::from(n) * step)
            .take_while(|tick| *tick < most + step)
            .collect();
        Self {
            scale: Scale::Linear,
            low: 0.0,
            high: ticks.last().copied().unwrap_or(most),
            pixels,
            ticks,
        }
    }

    fn logarithmic(least: f64, most: f64, pixels: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "powers of ten of a float")]
        let decade = |value: f64| value as i32;
        let low = decade(least.log10().floor());
        let high = decade(most.log10().ceil()).max(low + 1);
        // Where there are few decades their parts are named too.
        let parts: &[f64] = if high - low <= 2 {
            &[1.0, 2.0, 5.0]
        } else {
            &[1.0]
        };
        let end = 10_f64.powi(high);
        let decades = (low..=high).map(|decade| 10_f64.powi(decade));
        let ticks = decades.flat_map(|decade| parts.iter().map(move |part| part * decade));
        Self {
            scale: Scale::Logarithmic,
            low: f64::from(low),
            high: f64::from(high),
            pixels,
            ticks: ticks.filter(|tick| *tick <= end).collect(),
        }
    }

    /// Pixels from the axis' beginning; `None` for what has no place on it.
    pub fn place(&self, value: f64) -> Option<f64> {
        let at = match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic if value > 0.0 => value.log10(),
            Scale::Logarithmic => return None,
        };
        let share = (at - self.low) / (self.high - self.low);
        share.is_finite().then_some(share * self.pixels)
    }
}

/// A tick's value as people write it.
pub fn tick_name(value: f64) -> String {
    for (unit, suffix) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if value >= unit {
            return format!("{}{suffix}", rounded(value / unit));
        }
    }
    rounded(value)
}

/// Without the noise of binary fractions.
fn rounded(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_ticks(scale: Scale, values: &[f64], expected: &[&str]) {
        let axis = Axis::new(scale, values.iter().copied(), 100.0);
        let names: Vec<String> = axis.ticks.iter().map(|tick| tick_name(*tick)).collect();
        assert_eq!(names, expected, "of {values:?}");
        for value in values {
            let place = axis.place(*value).unwrap();
            assert!((0.0..=100.0).contains(&place), "{value} at {place}");
        }
    }

    #[test]
    fn ticks_of_a_linear_axis_are_round_and_reach_beyond_the_last_value() {
        check_ticks(
            Scale::Linear,
            &[0.0, 21.3],
            &["0", "5", "10", "15", "20", "25"],
        );
        check_ticks(Scale::Linear, &[0.35], &["0", "0.1", "0.2", "0.3", "0.4"]);
        check_ticks(
            Scale::Linear,
            &[5900.0],
            &["0", "1k", "2k", "3k", "4k", "5k", "6k"],
        );
    }

    #[test]
    fn ticks_of_a_logarithmic_axis_are_decades_around_the_values() {
        check_ticks(Scale::Logarithmic, &[0.4, 90.0], &["0.1", "1", "10", "100"]);
        check_ticks(
            Scale::Logarithmic,
            &[500.0, 25_000.0],
            &["100", "1k", "10k", "100k"],
        );
    }

    #[test]
    fn an_axis_of_no_values_or_of_equal_ones_is_an_axis() {
        check_ticks(Scale::Linear, &[], &["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        check_ticks(
            Scale::Logarithmic,
            &[10.0, 10.0],
            &["10", "20", "50", "100"],
        );
    }

    #[test]
    fn what_is_not_positive_has_no_place_on_a_logarithmic_axis() {
        let axis = Axis::new(Scale::Logarithmic, [1.0, 10.0].into_iter(), 100.0);
        assert_eq!(axis.place(0.0), None);
    }
}
