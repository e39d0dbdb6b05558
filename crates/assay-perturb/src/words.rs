//! Whole words.

use crate::lexicon::{CONTRACTIONS, FILLERS, HOMOPHONES, MIXED, SPELLINGS, SYNONYMS};
use crate::protection::{Word, cased, replace, words};
use crate::random::Random;

/// Changes some of the words for which `other` knows one.
fn exchange(
    text: &str,
    random: &mut Random,
    strength: f64,
    other: impl Fn(&str, &mut Random) -> Option<String>,
) -> Option<String> {
    let mut replacements = Vec::new();
    for word in words(text) {
        let written = &text[word.start..word.end];
        if let Some(changed) = other(&written.to_lowercase(), random) {
            replacements.push((word.start..word.end, cased(written, &changed)));
        }
    }
    let chosen = random.some(replacements.len(), strength);
    let chosen: Vec<_> = chosen.into_iter().map(|at| replacements[at].clone()).collect();
    (!chosen.is_empty()).then(|| replace(text, &chosen))
}

fn listed(list: &'static [(&str, &str)], word: &str) -> Option<String> {
    list.iter().find(|(from, _)| *from == word).map(|(_, to)| (*to).to_owned())
}

pub(crate) fn american(text: &str, random: &mut Random, _: f64) -> Option<String> {
    exchange(text, random, 1.0, |word, _| listed(SPELLINGS, word))
}

pub(crate) fn british(text: &str, random: &mut Random, _: f64) -> Option<String> {
    // `check`, `program`, `tire`, `license` and `meter` are British words too.
    let unsure = ["check", "program", "tire", "license", "meter", "meters", "dialog"];
    exchange(text, random, 1.0, |word, _| {
        SPELLINGS.iter().find(|(_, to)| *to == word && !unsure.contains(to)).map(|(from, _)| (*from).to_owned())
    })
}

pub(crate) fn homophone(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    exchange(text, random, strength, |word, _| listed(HOMOPHONES, word))
}

pub(crate) fn synonym(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    exchange(text, random, strength, |word, _| listed(SYNONYMS, word))
}

pub(crate) fn code_mixing(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    let language = random.below(4);
    exchange(text, random, strength, |word, _| {
        MIXED.iter().find(|(from, _)| *from == word).map(|(_, to)| to[language].to_owned())
    })
}

/// Two neighbouring words with one space between them, as one, and single words.
fn pairs(text: &str) -> Vec<Word> {
    let all = words(text);
    let mut pairs: Vec<Word> = all
        .windows(2)
        .filter(|pair| &text[pair[0].end..pair[1].start] == " ")
        .map(|pair| Word { start: pair[0].start, end: pair[1].end })
        .collect();
    pairs.extend(all);
    pairs.sort_by_key(|word| (word.start, usize::MAX - word.end));
    pairs
}

fn swapped(
    text: &str,
    random: &mut Random,
    strength: f64,
    from: fn(&(&str, &'static str)) -> String,
    expand: bool,
) -> Option<String> {
    let mut replacements: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    for word in pairs(text) {
        let written = &text[word.start..word.end];
        let plain = written.replace('’', "'");
        let Some(pair) = CONTRACTIONS.iter().find(|pair| from(pair).eq_ignore_ascii_case(&plain)) else { continue };
        if replacements.last().is_some_and(|(last, _)| last.end > word.start) {
            continue;
        }
        replacements.push((word.start..word.end, cased(written, if expand { pair.0 } else { pair.1 })));
    }
    let chosen: Vec<_> =
        random.some(replacements.len(), strength).into_iter().map(|at| replacements[at].clone()).collect();
    (!chosen.is_empty()).then(|| replace(text, &chosen))
}

pub(crate) fn contract(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    swapped(text, random, strength, |pair| pair.0.to_owned(), false)
}

pub(crate) fn expand(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    swapped(text, random, strength, |pair| pair.1.to_owned(), true)
}

pub(crate) fn filler(text: &str, random: &mut Random, strength: f64) -> Option<String> {
    // Before a word that follows another: not at the start, where it would take the capital letter.
    let places: Vec<usize> =
        words(text).into_iter().filter(|word| text[..word.start].ends_with(' ')).map(|word| word.start).collect();
    let chosen = random.some(places.len(), strength);
    let replacements: Vec<_> =
        chosen.into_iter().map(|at| (places[at]..places[at], format!("{} ", random.of(FILLERS)))).collect();
    (!replacements.is_empty()).then(|| replace(text, &replacements))
}
