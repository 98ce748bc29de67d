//! Variables that other servers of this API know and this one does not serve: whoever sets one is told so, and what to
//! use instead.

use std::collections::BTreeMap;

struct Unserved {
    variable: &'static str,
    /// Values that ask for nothing, so that nothing is missing.
    nothing: &'static [&'static str],
    instead: &'static str,
}

const fn unserved(variable: &'static str, instead: &'static str) -> Unserved {
    Unserved {
        variable,
        nothing: &[],
        instead,
    }
}

const NO_MEDIA: &str = "has no effect yet: media are not stored";
const NO_MEMORY: &str = "has no effect: nothing is kept in memory alone; TRACES_RETENTION_DAYS and \
    METRICS_RETENTION_DAYS bound what is kept";

const UNSERVED: [Unserved; 8] = [
    unserved("XTRACE_MEDIA_DIR", NO_MEDIA),
    unserved("XTRACE_MEDIA_MAX_CONTENT_LENGTH", NO_MEDIA),
    unserved(
        "XTRACE_PUBLIC_BASE_URL",
        "has no effect yet: no answer has an address of this server in it",
    ),
    Unserved {
        nothing: &["0"],
        ..unserved(
            "METRICS_DOWNSAMPLE_AFTER_DAYS",
            "has no effect yet: points are kept as they were sent; METRICS_RETENTION_DAYS bounds how long",
        )
    },
    Unserved {
        nothing: &["0", "false", "no", "off"],
        ..unserved(
            "XTRACE_MOCK_STORAGE",
            "has no effect: without DATABASE_URL the embedded store is used, which needs no database",
        )
    },
    unserved(
        "XTRACE_JSON_DIR",
        "has no effect: XTRACE_DATA_DIR is the folder of the embedded store",
    ),
    unserved("XTRACE_MEMORY_MAX_METRICS", NO_MEMORY),
    unserved("XTRACE_MEMORY_MAX_TRACES", NO_MEMORY),
];

/// One for each variable that is set. An empty one is what compose files make of an unset one.
pub fn warnings(env: &BTreeMap<String, String>) -> Vec<String> {
    let is_asked_for = |unserved: &&Unserved| {
        let value = env.get(unserved.variable).map(|value| value.trim());
        value.is_some_and(|value| {
            !value.is_empty()
                && !unserved
                    .nothing
                    .contains(&value.to_ascii_lowercase().as_str())
        })
    };
    UNSERVED
        .iter()
        .filter(is_asked_for)
        .map(|unserved| format!("{} {}", unserved.variable, unserved.instead))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(env: &[(&str, &str)]) -> Vec<String> {
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        warnings(&env.collect())
    }

    #[test]
    fn each_variable_that_is_set_is_named_once() {
        let all = UNSERVED.map(|unserved| (unserved.variable, "1"));
        let warnings = of(&all);
        assert_eq!(warnings.len(), all.len());
        for ((variable, _), warning) in all.iter().zip(&warnings) {
            assert!(
                warning.starts_with(&format!("{variable} has no effect")),
                "{warning}"
            );
        }
    }

    #[test]
    fn what_asks_for_nothing_is_not_warned_of() {
        let nothing = [
            ("METRICS_DOWNSAMPLE_AFTER_DAYS", "0"),
            ("XTRACE_MOCK_STORAGE", "False"),
            ("XTRACE_MEDIA_DIR", " "),
        ];
        assert_eq!(of(&nothing), [""; 0]);
        assert_eq!(of(&[("METRICS_DOWNSAMPLE_AFTER_DAYS", "7")]).len(), 1);
        assert_eq!(of(&[("XTRACE_MEMORY_MAX_TRACES", "0")]).len(), 1);
    }

    /// Instead of a variable without effect, one that has some.
    #[test]
    fn what_to_use_instead_is_a_setting() {
        let loaded = crate::config::load(BTreeMap::new(), None);
        let known = |name: &str| {
            let mut known = loaded.resolved.iter().flat_map(|setting| setting.env);
            known.any(|variable| *variable == name)
        };
        for Unserved {
            variable, instead, ..
        } in &UNSERVED
        {
            assert!(!known(variable), "{variable} is served");
            let words = instead.split(|c: char| !c.is_ascii_uppercase() && c != '_');
            for word in words.filter(|word| word.contains('_')) {
                assert!(known(word), "{word} is no setting");
            }
        }
    }
}
