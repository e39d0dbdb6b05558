//! Texts as tokens: the tokenisers of sacrebleu, and tokens as whole numbers.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

/// White space as Python's `str.split` and `str.strip` see it: Unicode's, and four separators of ASCII.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The words of a text between white space.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// How BLEU splits a text into tokens; names and rules are those of sacrebleu 2.6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tokeniser {
    /// `13a`: mteval-v13a, for languages written with Latin letters. Punctuation stands alone, except within numbers.
    #[default]
    V13a,
    /// `intl`: mteval-v14, by Unicode's classes of punctuation and symbols.
    International,
    /// `char`: each character that is no white space.
    Char,
    /// `zh`: each Chinese character, and the rest as `13a`.
    Chinese,
    /// `none`: between white space, for text that is tokenised already.
    None,
}

impl Tokeniser {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::V13a, Self::International, Self::Char, Self::Chinese, Self::None];

    /// The name in a signature.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(assay_metrics::tokens::Tokeniser::International.name(), "intl");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::V13a => "13a",
            Self::International => "intl",
            Self::Char => "char",
            Self::Chinese => "zh",
            Self::None => "none",
        }
    }

    /// The tokens of a line. White space at its end never counts. O(length).
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::tokens::Tokeniser;
    /// assert_eq!(Tokeniser::V13a.split("Hello, world! 3.5"), ["Hello", ",", "world", "!", "3.5"]);
    /// assert_eq!(Tokeniser::Chinese.split("我爱you."), ["我", "爱", "you", "."]);
    /// ```
    pub fn split(self, line: &str) -> Vec<String> {
        let line = line.trim_end_matches(is_space);
        let owned = |text: &str| words(text).map(str::to_owned).collect();
        match self {
            Self::V13a => owned(&mteval_13a(line)),
            Self::International => owned(&international(line)),
            Self::Char => line.chars().filter(|c| !is_space(*c)).map(String::from).collect(),
            Self::Chinese => owned(&chinese(line)),
            Self::None => owned(line),
        }
    }
}

fn mteval_13a(line: &str) -> String {
    let mut text = line.replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
    if text.contains('&') {
        for (entity, sign) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
            text = text.replace(entity, sign);
        }
    }
    western(&format!(" {text} "))
}

/// Puts spaces around punctuation, periods, commas and dashes as the regular expressions of mteval do.
fn western(text: &str) -> String {
    stops(&punctuation(text))
}

/// Puts spaces around punctuation but apostrophes, periods, commas and dashes.
pub(crate) fn punctuation(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match c {
            '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/' => out.extend([' ', c, ' ']),
            _ => out.push(c),
        }
    }
    out
}

/// Puts spaces around periods and commas but between digits, and around a dash after a digit: three passes on bytes. All
/// that they look for is ASCII, so that characters stay whole.
pub(crate) fn stops(text: &str) -> String {
    let stop = |byte: u8| matches!(byte, b'.' | b',');
    let bytes = pairs(text.as_bytes(), |a, b| !a.is_ascii_digit() && stop(b), |a, b| [a, b' ', b, b' ']);
    let bytes = pairs(&bytes, |a, b| stop(a) && !b.is_ascii_digit(), |a, b| [b' ', a, b' ', b]);
    let bytes = pairs(&bytes, |a, b| a.is_ascii_digit() && b == b'-', |a, b| [a, b' ', b, b' ']);
    String::from_utf8(bytes).expect("only ASCII bytes were added, beside ASCII bytes or at the ends of characters")
}

/// Replaces pairs of neighbours from the left, without overlap.
fn pairs(text: &[u8], found: impl Fn(u8, u8) -> bool, replace: impl Fn(u8, u8) -> [u8; 4]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 4);
    let mut at = 0;
    while at < text.len() {
        match text.get(at + 1) {
            Some(next) if found(text[at], *next) => {
                out.extend(replace(text[at], *next));
                at += 2;
            }
            _ => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    out
}

fn international(line: &str) -> String {
    static RULES: LazyLock<[(Regex, &str); 3]> = LazyLock::new(|| {
        let regex = |pattern| Regex::new(pattern).expect("a constant expression that a test compiles");
        [(regex(r"(\P{N})(\p{P})"), "$1 $2 "), (regex(r"(\p{P})(\P{N})"), " $1 $2"), (regex(r"(\p{S})"), " $1 ")]
    });
    RULES.iter().fold(line.to_owned(), |text, (rule, with)| rule.replace_all(&text, *with).into_owned())
}

fn chinese(line: &str) -> String {
    let mut text = String::with_capacity(line.len() * 2);
    for c in line.trim_matches(is_space).chars() {
        if is_chinese(c) {
            text.extend([' ', c, ' ']);
        } else {
            text.push(c);
        }
    }
    western(&text)
}

/// The ranges of sacrebleu. Two of them it writes as `\u20000` to `\u2a6d6` and `\u2f800` to `\u2fa1d`, which Python
/// reads as four digits and a further character, so that they hold signs such as → and not the rare ideographs that
/// were meant.
fn is_chinese(c: char) -> bool {
    matches!(c,
        '\u{3400}'..='\u{4db5}' | '\u{4e00}'..='\u{9fbb}' | '\u{f900}'..='\u{fa2d}' | '\u{fa30}'..='\u{fa6a}'
        | '\u{fa70}'..='\u{fad9}' | '\u{2001}'..='\u{2a6d}' | '\u{2f81}'..='\u{2fa1}' | '\u{ff00}'..='\u{ffef}'
        | '\u{2e80}'..='\u{2eff}' | '\u{3000}'..='\u{303f}' | '\u{31c0}'..='\u{31ef}' | '\u{2f00}'..='\u{2fdf}'
        | '\u{2ff0}'..='\u{2fff}' | '\u{3100}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}' | '\u{fe10}'..='\u{fe1f}'
        | '\u{fe30}'..='\u{fe4f}' | '\u{3200}'..='\u{32ff}' | '\u{3300}'..='\u{33ff}')
}

/// Numbers for tokens, from 1: comparing and hashing numbers is far cheaper than texts.
#[derive(Default)]
pub(crate) struct Numbers<'a>(HashMap<std::borrow::Cow<'a, str>, u32>);

impl<'a> Numbers<'a> {
    /// The number of a token, a new one the first time.
    pub(crate) fn of(&mut self, token: impl Into<std::borrow::Cow<'a, str>>) -> u32 {
        let next = self.0.len() as u32 + 1;
        *self.0.entry(token.into()).or_insert(next)
    }

    /// The numbers of tokens.
    pub(crate) fn all<T: Into<std::borrow::Cow<'a, str>>>(&mut self, tokens: impl IntoIterator<Item = T>) -> Vec<u32> {
        tokens.into_iter().map(|token| self.of(token)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_split_as_mteval_does() {
        assert_eq!(
            Tokeniser::V13a.split("Hello, world! 3.5-4 (a/b)"),
            ["Hello", ",", "world", "!", "3.5", "-", "4", "(", "a", "/", "b", ")"]
        );
        assert_eq!(Tokeniser::International.split("«a» 3,5 €"), ["«", "a", "»", "3,5", "€"]);
        assert_eq!(Tokeniser::Char.split("a b"), ["a", "b"]);
    }
}
