//! Case, punctuation, white space, and other ways to write numbers and dates.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::protection::{free, protected, replace};
use crate::random::Random;

fn each_free(text: &str, change: impl Fn(&str) -> String) -> Option<String> {
    let replacements: Vec<(Range<usize>, String)> =
        free(text).into_iter().map(|range| (range.clone(), change(&text[range]))).collect();
    Some(replace(text, &replacements))
}

pub(crate) fn lower(text: &str, _: &mut Random, _: f64) -> Option<String> {
    each_free(text, str::to_lowercase)
}

pub(crate) fn upper(text: &str, _: &mut Random, _: f64) -> Option<String> {
    each_free(text, str::to_uppercase)
}

pub(crate) fn drop_punctuation(text: &str, _: &mut Random, _: f64) -> Option<String> {
    let made = each_free(text, |part| part.replace([',', ';'], ""))?;
    let end = made.trim_end_matches(['.', '!', '?', ' ']).len();
    let last = protected(&made).last().map_or(0, |range| range.end);
    Some(made[..end.max(last)].to_owned())
}

pub(crate) fn repeat_punctuation(text: &str, random: &mut Random, _: f64) -> Option<String> {
    let trimmed = text.trim_end();
    let last = trimmed.chars().next_back().filter(|c| matches!(c, '?' | '!' | '.'))?;
    if protected(text).last().is_some_and(|range| range.end >= trimmed.len()) {
        return None;
    }
    let more: String = std::iter::repeat_n(last, 1 + random.below(3)).collect();
    Some(format!("{trimmed}{more}{}", &text[trimmed.len()..]))
}

pub(crate) fn whitespace(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    let spaces: Vec<usize> = free(text)
        .into_iter()
        .flat_map(|range| text[range.clone()].match_indices(' ').map(move |(at, _)| range.start + at))
        .collect();
    let chosen = random.some(spaces.len(), strength);
    let replacements: Vec<(Range<usize>, String)> =
        chosen.into_iter().map(|at| (spaces[at]..spaces[at] + 1, "  ".to_owned())).collect();
    Some(format!(" {} \n", replace(text, &replacements)))
}

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s(])(?P<v>(?P<grouped>\d{1,3}(?:,\d{3})+)|(?P<plain>[1-9]\d{3,14}))(?:[\s).,;:!?]|$)")
        .expect("a valid expression")
});

/// Quotations, code and the like stay as they are, numbers in them included.
fn outside(text: &str, range: &Range<usize>) -> bool {
    // A number is protected by itself; inside a longer protected range it belongs to something else.
    protected(text).into_iter().filter(|other| other.start < range.end && range.start < other.end).all(|other| {
        let around = |part: &str| part.bytes().all(|byte| b"(),.;:!? \n\t".contains(&byte));
        around(&text[other.start..range.start.max(other.start)]) && around(&text[range.end.min(other.end)..other.end])
    })
}

/// A plain number of four digits may be a year and stays.
pub(crate) fn numbers(text: &str, _: &mut Random, _: f64) -> Option<String> {
    let mut replacements = Vec::new();
    for found in NUMBER.captures_iter(text) {
        let value = found.name("v").expect("in every match");
        if !outside(text, &value.range())
            || text[value.end()..].starts_with([',', '.'])
                && text[value.end() + 1..].starts_with(|c: char| c.is_ascii_digit())
        {
            continue;
        }
        if found.name("grouped").is_some() {
            replacements.push((value.range(), value.as_str().replace(',', "")));
        } else if value.len() > 4 {
            let digits = value.as_str();
            let first = (digits.len() - 1) % 3 + 1;
            let groups: Vec<&str> = std::iter::once(&digits[..first])
                .chain((first..digits.len()).step_by(3).map(|at| &digits[at..at + 3]))
                .collect();
            replacements.push((value.range(), groups.join(",")));
        }
    }
    (!replacements.is_empty()).then(|| replace(text, &replacements))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

static DATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"\b(?:(\d{{4}})-(\d\d)-(\d\d)|([1-9]|[12]\d|3[01]) ({}) (\d{{4}}))\b", MONTHS.join("|")))
        .expect("a valid expression")
});

pub(crate) fn dates(text: &str, _: &mut Random, _: f64) -> Option<String> {
    let mut replacements = Vec::new();
    for found in DATE.captures_iter(text) {
        let whole = found.get(0).expect("the match").range();
        if !outside(text, &whole)
            || text[..whole.start].ends_with(['-', '/', '.'])
            || text[whole.end..].starts_with(['-', '/', 'T'])
        {
            continue;
        }
        let number =
            |group: usize| found.get(group).and_then(|part| part.as_str().parse::<usize>().ok()).unwrap_or_default();
        let written = if found.get(1).is_some() {
            let (month, day) = (number(2), number(3));
            if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
                continue;
            }
            format!("{day} {} {}", MONTHS[month - 1], &found[1])
        } else {
            let month = MONTHS.iter().position(|month| *month == &found[5]).unwrap_or_default() + 1;
            format!("{}-{month:02}-{:02}", &found[6], number(4))
        };
        replacements.push((whole, written));
    }
    (!replacements.is_empty()).then(|| replace(text, &replacements))
}
