//! The built-in recognisers, by what they are about, and the table of them that the documentation holds.

use std::fmt::Write as _;

use crate::kind::{Class, Kind};
use crate::recogniser::{Builtin, Check};

mod contact;
mod documents;
mod money;
mod names;
mod national;
mod network;
mod organisations;
mod people;
mod places;
mod secrets;
mod time;

pub(crate) fn all() -> impl Iterator<Item = &'static Builtin> {
    [
        contact::ALL,
        money::ALL,
        network::ALL,
        people::ALL,
        places::ALL,
        organisations::ALL,
        time::ALL,
        documents::ALL,
        national::ALL,
        secrets::ALL,
    ]
    .into_iter()
    .flatten()
}

/// Every kind, in the order of its name.
pub(crate) fn kinds() -> Vec<(Kind, Class)> {
    let mut kinds: Vec<(Kind, Class)> =
        all().map(|recogniser| (Kind::builtin(recogniser.kind), recogniser.class)).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

pub(crate) fn class_of(kind: &str) -> Option<Class> {
    all().find(|recogniser| recogniser.kind == kind).map(|recogniser| recogniser.class)
}

/// Countries that recognisers belong to, in the order of their codes.
pub(crate) fn countries() -> Vec<&'static str> {
    let mut countries: Vec<&str> = all().filter_map(|recogniser| recogniser.country).collect();
    countries.sort_unstable();
    countries.dedup();
    countries
}

/// The table of built-in recognisers, in Markdown: made from what the detector runs.
pub fn table() -> String {
    let mut table = String::from(
        "| kind | class | country | recogniser | checked by | needs a word nearby | source of the rule |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for recogniser in all() {
        let class = match recogniser.class {
            Class::Direct => "direct",
            Class::Secret => "secret",
            Class::Quasi => "quasi",
        };
        let (checked, source) = match recogniser.check {
            Check::None => ("pattern", ""),
            Check::Sum(rule, _) => (rule.name(), rule.source()),
            Check::Rule(_) => ("pattern and rule", ""),
            Check::Scan(_) => ("words", ""),
        };
        let best = recogniser.patterns.iter().map(|(_, confidence)| *confidence).fold(0.0, f32::max);
        let alone = match recogniser.check {
            Check::Sum(_, checked) => checked >= 0.5 || best >= 0.5,
            Check::None => best >= 0.5,
            Check::Rule(_) | Check::Scan(_) => true,
        };
        let word = if recogniser.field {
            "name of the field"
        } else if alone {
            ""
        } else {
            "yes"
        };
        let _ = writeln!(
            table,
            "| `{}` | {class} | {} | {} | {checked} | {word} | {source} |",
            recogniser.kind,
            recogniser.country.unwrap_or(""),
            recogniser.name,
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::is_name;
    use crate::recogniser::{Compiled, Needs};
    use std::collections::HashSet;

    #[test]
    fn every_built_in_recogniser_compiles_and_says_what_it_is() {
        let mut names = HashSet::new();
        for recogniser in all() {
            let name = recogniser.name;
            assert!(names.insert(name), "{name} is there twice");
            assert!(is_name(recogniser.kind), "{name}");
            assert!(
                recogniser.country.is_none_or(|code| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()))
            );
            assert!(!recogniser.patterns.is_empty() || matches!(recogniser.check, Check::Scan(_)), "{name}");
            for (pattern, confidence) in recogniser.patterns {
                assert!((0.0..=1.0).contains(confidence), "{name}");
                assert!(!pattern.is_empty());
                Compiled::builtin(pattern, *confidence).each("", |_, _| panic!("{name} matches nothing at all"));
            }
            let best = recogniser.patterns.iter().map(|(_, confidence)| *confidence).fold(0.0, f32::max);
            let alone =
                matches!(recogniser.check, Check::Rule(_) | Check::Scan(_) | Check::Sum(_, 0.5..)) || best >= 0.5;
            assert!(alone || !recogniser.context.is_empty(), "{name} can never be found");
            if let Needs::Any(words) = recogniser.needs {
                assert!(!words.is_empty());
            }
        }
    }

    #[test]
    fn a_kind_has_one_class() {
        let kinds = kinds();
        let distinct: HashSet<&Kind> = kinds.iter().map(|(kind, _)| kind).collect();
        assert_eq!(distinct.len(), kinds.len());
    }
}
