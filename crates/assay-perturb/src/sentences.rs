//! Whole sentences, and what stands around them.

use std::sync::LazyLock;

use regex::Regex;

use crate::lexicon::DISTRACTORS;
use crate::protection::{protected, replace, words};
use crate::random::Random;

/// Words with which a request begins.
const REQUESTS: &[&str] = &[
    "explain",
    "describe",
    "list",
    "write",
    "give",
    "show",
    "tell",
    "summarize",
    "summarise",
    "translate",
    "find",
    "compare",
    "calculate",
    "compute",
    "name",
    "create",
    "make",
    "convert",
    "classify",
    "extract",
    "rewrite",
    "cancel",
    "send",
    "book",
    "check",
    "help",
    "draft",
    "identify",
    "provide",
];
const QUESTIONS: &[&str] = &["what", "who", "when", "where", "why", "how", "which", "whose"];

/// The first word in small letters, and the text with that word so written.
fn opened(text: &str) -> Option<(String, String)> {
    let first = words(text).into_iter().next()?;
    if !text[..first.start].trim().is_empty() {
        return None;
    }
    let word = text[first.start..first.end].to_lowercase();
    let rest = format!("{word}{}", &text[first.end..]);
    Some((word, rest))
}

/// Puts a sentence that is in good order to its end: the first one only.
fn one_sentence(text: &str) -> bool {
    let inner = text.trim().trim_end_matches(['.', '?', '!']);
    !inner.contains(['\n', '?', '!']) && !inner.contains(". ")
}

pub(crate) fn polite(text: &str, random: &mut Random, _: f64) -> Option<String> {
    let (word, rest) = opened(text)?;
    if REQUESTS.contains(&word.as_str()) && one_sentence(text) {
        let before = random.of(&["Could you please", "Would you kindly", "I would be grateful if you could"]);
        let question = if before.starts_with('I') { "." } else { "?" };
        let body = rest.trim_end();
        let safe = protected(&rest).last().is_none_or(|range| range.end < body.len());
        let body = if safe { body.trim_end_matches(['.', '!']) } else { body };
        return Some(format!("{before} {body}{question}"));
    }
    let before =
        random.of(&["Excuse me, I have a question.", "I hope you are well.", "Thank you for your help in advance."]);
    Some(format!("{before} {text}"))
}

static COURTESY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:,? please\b|\bplease,? |\bthank you(?: very much| so much)?(?: in advance)?[.!]? ?|\bthanks(?: a lot| in advance)?[.!]? ?|\b(?:could|would) you (?:please|kindly) )")
        .expect("a valid expression")
});

pub(crate) fn curt(text: &str, _: &mut Random, _: f64) -> Option<String> {
    let kept = protected(text);
    let replacements: Vec<_> = COURTESY
        .find_iter(text)
        .filter(|found| !kept.iter().any(|range| range.start < found.end() && found.start() < range.end))
        .map(|found| (found.range(), String::new()))
        .collect();
    let made = replace(text, &replacements);
    (!replacements.is_empty() && !made.trim().is_empty()).then(|| made.trim().to_owned())
}

pub(crate) fn paraphrase(text: &str, random: &mut Random, _: f64) -> Option<String> {
    let (word, rest) = opened(text)?;
    let rest = rest.trim_end();
    if QUESTIONS.contains(&word.as_str()) {
        let before =
            random.of(&["I would like to know the answer to this:", "Here is my question:", "Can you answer this:"]);
        return Some(format!("{before} {rest}"));
    }
    if REQUESTS.contains(&word.as_str()) {
        let before = random.of(&["I need you to", "Your task is to", "I want you to", "What I am asking is that you"]);
        return Some(format!("{before} {rest}"));
    }
    None
}

pub(crate) fn distractor(text: &str, random: &mut Random, _: f64) -> Option<String> {
    let sentence = random.of(DISTRACTORS);
    // Behind an open block of code it would be a part of it.
    let inside =
        protected(text).last().is_some_and(|range| range.end == text.len() && text[range.clone()].contains('\n'));
    if inside || random.below(2) == 0 {
        return Some(format!("{sentence} {text}"));
    }
    Some(format!("{} {sentence}", text.trim_end()))
}

/// Cuts at the end of a word, at least one word before the end and never inside what is protected.
pub(crate) fn truncate(text: &str, _: &mut Random, strength: f64) -> Option<String> {
    let ends: Vec<usize> = words(text).into_iter().map(|word| word.end).collect();
    if ends.len() < 3 {
        return None;
    }
    let keep = ((ends.len() as f64) * (1.0 - strength.clamp(0.1, 0.9))).floor() as usize;
    Some(text[..ends[keep.clamp(1, ends.len() - 1) - 1]].to_owned())
}

/// An article and a noun with nothing that depends on it.
static OBJECT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?P<v>(?:the|my|this|that|our|your) \p{L}+)(?:[.?!,;]|$|\s+(?:in|on|at|with|from|to|and|or|for|is|was|are|were|by|now|again)\b)")
        .expect("a valid expression")
});

pub(crate) fn ambiguous(text: &str, random: &mut Random, _: f64) -> Option<String> {
    let kept = protected(text);
    let places: Vec<_> = OBJECT
        .captures_iter(text)
        .filter_map(|found| Some(found.name("v")?.range()))
        .filter(|found| !kept.iter().any(|range| range.start < found.end && found.start < range.end))
        .collect();
    let place = places.get(random.below(places.len().max(1)))?.clone();
    Some(replace(text, &[(place, "it".to_owned())]))
}
