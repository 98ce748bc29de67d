//! Amounts add up exactly and survive their text form.

use proptest::prelude::*;
use xtrace_model::Usd;

/// Up to the largest amount.
fn amounts() -> impl Strategy<Value = Usd> {
    (-10_i128.pow(24)..=10_i128.pow(24)).prop_map(Usd::from_units)
}

proptest! {
    #[test]
    fn order_and_grouping_do_not_matter(a in amounts(), b in amounts(), c in amounts()) {
        prop_assert_eq!(a + b, b + a);
        prop_assert_eq!((a + b) + c, a + (b + c));
        prop_assert_eq!((a + b) - b, a);
        prop_assert_eq!([a, b, c].into_iter().sum::<Usd>(), [c, a, b].into_iter().sum::<Usd>());
    }

    #[test]
    fn a_price_times_units_is_the_price_added_as_often(units in 0..10_000_i128, count in 0..200_u64) {
        let price = Usd::from_units(units);
        prop_assert_eq!(price.times(count), std::iter::repeat_n(price, count as usize).sum());
    }

    #[test]
    fn text_holds_the_whole_amount(amount in amounts()) {
        prop_assert_eq!(Usd::parse(&amount.to_string()), Ok(amount));
        prop_assert_eq!(Usd::parse(&format!("{}e-12", amount.units())), Ok(amount));
    }

    #[test]
    fn a_float_of_up_to_fifteen_digits_is_taken_as_it_is_written(units in 0..10_i64.pow(15)) {
        let text = format!("{}.{:09}", units / 1_000_000_000, units % 1_000_000_000);
        let float: f64 = text.parse().unwrap();
        prop_assert_eq!(Usd::parse(&float.to_string()), Usd::parse(&text));
        prop_assert_eq!(Usd::parse(&text).unwrap().to_f64(), float);
    }

    #[test]
    fn any_text_is_an_amount_or_an_error(text in "[-+]?[0-9]{0,30}([.][0-9]{0,30})?([eE][-+]?[0-9]{1,3})?|\\PC{0,20}") {
        if let Ok(amount) = Usd::parse(&text) {
            prop_assert!(amount.units().abs() <= 10_i128.pow(24));
        }
    }
}
