//! What no perturbation touches, and the words that remain.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Code, quotations, addresses, placeholders, identifiers, and everything with a digit in it.
static PROTECTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?xs)
        ```.*?(?:```|\z) | ~~~.*?(?:~~~|\z) | `[^`\n]*`
        | "[^"\n]*" | “[^”\n]*” | «[^»\n]*» | „[^“\n]*“ | ‘[^’\n]*’ | (?:\A|\s|\()'[^'\n]+'
        | [A-Za-z][A-Za-z0-9+.-]*://\S+ | \S+@\S+ | \bwww\.\S+
        | \{\{.*?\}\} | \{%.*?%\} | \$\{[^}]*\} | \{[A-Za-z_][A-Za-z0-9_.]*\} | <[^<>\n]*> | %[A-Za-z]\b
        | \S*\d\S*
        | \S*[_/\\=|^~\#]\S* | \b\p{L}+(?:\.\p{L}+)+\b | \b\p{Ll}+\p{Lu}\S*
        "#,
    )
    .expect("a valid expression")
});

/// The bytes that no perturbation touches: numbers and every word with a digit, quoted strings, code spans and blocks, addresses, tags
/// and placeholders, paths and identifiers. In order.
pub fn protected(text: &str) -> Vec<Range<usize>> {
    PROTECTED.find_iter(text).map(|found| found.range()).collect()
}

/// A word that may be changed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The words that may be changed: letters with apostrophes between them, outside of what is protected, no names. A capitalised word
/// is one unless it begins a sentence, and so is a word in capitals.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for Range { start, end } in free(text) {
        let part = &text[start..end];
        let mut at = 0;
        while let Some(from) = part[at..].find(char::is_alphabetic).map(|found| at + found) {
            let inside = |(offset, c): (usize, char)| {
                let next = part[from + offset + c.len_utf8()..].chars().next();
                !(c.is_alphabetic() || matches!(c, '\'' | '’') && next.is_some_and(char::is_alphabetic) || is_mark(c))
            };
            let to =
                part[from..].char_indices().find(|one| inside(*one)).map_or(part.len(), |(offset, _)| from + offset);
            at = to;
            let word = Word { start: start + from, end: start + to };
            if !is_name(text, word) {
                words.push(word);
            }
        }
    }
    words
}

fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

fn is_name(text: &str, word: Word) -> bool {
    let mut letters = text[word.start..word.end].chars();
    let Some(first) = letters.next().filter(|c| c.is_uppercase()) else { return false };
    let before = text[..word.start].trim_end_matches([' ', '(', '*', '-', '#', '>']);
    let begins = before.is_empty() || before.ends_with(['.', '!', '?', ':', '\n', '\r', '…']);
    // A sentence begins with any word; `I` is one of the language.
    let capitals = letters.clone().count() > 0 && letters.all(|c| c.is_uppercase() || !c.is_alphabetic());
    let pronoun = first == 'I' && matches!(&text.as_bytes()[word.start..word.end], [b'I'] | [b'I', b'\'', ..]);
    (capitals || !begins) && !pronoun
}

/// What lies between the protected bytes.
pub(crate) fn free(text: &str) -> Vec<Range<usize>> {
    let mut free = Vec::new();
    let mut at = 0;
    for range in protected(text) {
        if range.start > at {
            free.push(at..range.start);
        }
        at = range.end;
    }
    if at < text.len() {
        free.push(at..text.len());
    }
    free
}

/// The text with the replacements, which are in order and do not overlap.
pub(crate) fn replace(text: &str, replacements: &[(Range<usize>, String)]) -> String {
    let mut made = String::with_capacity(text.len() + 16);
    let mut at = 0;
    for (range, replacement) in replacements {
        made.push_str(&text[at..range.start]);
        made.push_str(replacement);
        at = range.end;
    }
    made.push_str(&text[at..]);
    made
}

/// Gives a replacement the capital letter of the word that it replaces.
pub(crate) fn cased(like: &str, word: &str) -> String {
    if !like.starts_with(char::is_uppercase) || like == "I" || like.starts_with("I'") {
        return word.to_owned();
    }
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
