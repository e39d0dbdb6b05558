//! What stands in a text for what was taken out of it, and how it is known again.
//!
//! | action | written |
//! |---|---|
//! | redact | `<KIND>` |
//! | hash | `hash_KIND_` and 32 hexadecimal digits |
//! | tokenise | `tok_KIND_` and a payload in base32 |
//!
//! A second pass leaves them alone, and words inside them (`<CREDIT_CARD>`) are not taken for the text's own.

use std::ops::Range;

use crate::kind::{Kind, is_name};
use crate::token;

const HASH_DIGITS: usize = 32;

/// Writes `<KIND>`.
pub(crate) fn redacted(kind: &Kind) -> String {
    format!("<{kind}>")
}

/// Writes `hash_KIND_…` of at least 16 bytes.
pub(crate) fn hashed(kind: &Kind, hash: &[u8]) -> String {
    format!("hash_{kind}_{}", data_encoding::HEXLOWER.encode(&hash[..HASH_DIGITS / 2]))
}

/// The placeholders of a text in order. A name between angle brackets counts only when it is one of `known` (sorted):
/// anything else in there is the text's own.
pub(crate) fn spans(text: &str, known: &[Kind]) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find(['<', 't', 'h']) {
        let at = from + at;
        from = at + 1;
        let Some(end) = end_of(&text[at..], known) else { continue };
        spans.push(at..at + end);
        from = at + end;
    }
    spans
}

/// Whether the whole value was written here: a hash or token is no secret.
pub(crate) fn is_written(value: &str) -> bool {
    let rest = value.strip_prefix(token::PREFIX).and_then(token::shape).map(|(_, length)| token::PREFIX.len() + length);
    rest == Some(value.len()) || value.starts_with("hash_") && value.len() > HASH_DIGITS
}

fn end_of(text: &str, known: &[Kind]) -> Option<usize> {
    let is_known = |name: &str| known.binary_search_by(|kind| kind.as_str().cmp(name)).is_ok();
    if let Some(rest) = text.strip_prefix('<') {
        let length = rest.bytes().take(33).position(|byte| byte == b'>')?;
        return is_known(&rest[..length]).then_some(length + 2);
    }
    if let Some(rest) = text.strip_prefix("hash_") {
        let name = name_before(rest, |byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))?;
        let digits = rest.as_bytes()[name.len() + 1..].iter().take(HASH_DIGITS);
        let whole = digits.clone().count() == HASH_DIGITS
            && digits.clone().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte));
        return (whole && is_known(name)).then_some("hash_".len() + name.len() + 1 + HASH_DIGITS);
    }
    let rest = text.strip_prefix(token::PREFIX)?;
    let (name, length) = token::shape(rest)?;
    is_known(name).then_some(token::PREFIX.len() + length)
}

/// The kind's name that ends at the last `_` before the first byte that no name has.
pub(crate) fn name_before(text: &str, payload: impl Fn(u8) -> bool) -> Option<&str> {
    let bytes = text.as_bytes();
    let upper = bytes
        .iter()
        .take(48)
        .position(|byte| !(byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_'))
        .unwrap_or(bytes.len().min(48));
    // Digits belong to either side: the payload begins after the last `_`.
    let end = bytes[..upper].iter().rposition(|byte| *byte == b'_')?;
    let name = &text[..end];
    (is_name(name) && bytes.get(end + 1).is_some_and(|byte| payload(*byte))).then_some(name)
}
