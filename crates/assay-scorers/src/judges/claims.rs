//! Quotations: where a passage holds the words that a judge says it holds.

use assay_metrics::distance::partial_ratio;

use crate::scorers::citation::marks;

/// How like the passage a quotation must be that is not in it word for word.
const NEAR: f64 = 0.95;

/// The shortest quotation that may be near, in characters: of a few words, almost any are near.
const SHORTEST_NEAR: usize = 20;

/// A quotation that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The passage's id.
    pub passage: String,
    /// Where it begins and ends in the passage, in bytes, when it stands there word for word.
    pub bytes: Option<(usize, usize)>,
}

/// Finds a quotation in passages: word for word but for case, white space and the form of quotes and dashes, else nearly so
/// (indel similarity with some part of the passage of 0.95 or more, for quotations of 20 characters or more). Of one with
/// an ellipsis every piece must be in the same passage. `None` when no passage holds it.
pub fn locate(quote: &str, passages: &[(String, String)]) -> Option<Span> {
    let pieces: Vec<String> =
        quote.replace("[...]", "…").replace("...", "…").split('…').map(|piece| plain(piece).0).collect();
    // A judge may put its quotation between quotes.
    let trimmed = pieces.iter().map(|piece| piece.trim_matches([' ', '"', '\'']));
    let pieces: Vec<&str> = trimmed.filter(|piece| !piece.is_empty()).collect();
    let (first, last) = (pieces.first()?, pieces.last()?);
    for (id, text) in passages {
        let (folded, places) = plain(text);
        if pieces.iter().all(|piece| folded.contains(piece)) {
            let from = folded.find(first)?;
            let end = folded[from..].find(last).map_or(from + first.len(), |at| from + at + last.len());
            let place = |at: usize| places.get(at).copied().unwrap_or(text.len());
            return Some(Span { passage: id.clone(), bytes: Some((place(from), place(end))) });
        }
    }
    let near = |text: &str| {
        let (folded, _) = plain(text);
        pieces.iter().all(|piece| {
            folded.contains(piece)
                || (piece.chars().count() >= SHORTEST_NEAR
                    && folded.len() >= piece.len()
                    && partial_ratio(piece, &folded) >= NEAR)
        })
    };
    let (id, _) = passages.iter().find(|(_, text)| near(text))?;
    Some(Span { passage: id.clone(), bytes: None })
}

/// A text in the form in which quotations are compared, and for each of its bytes the place it comes from.
fn plain(text: &str) -> (String, Vec<usize>) {
    let mut folded = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let before = folded.len();
        match c {
            '“' | '”' | '«' | '»' | '"' => folded.push('"'),
            '‘' | '’' | '\'' => folded.push('\''),
            '–' | '—' | '‑' | '-' => folded.push('-'),
            c if c.is_whitespace() => {
                if !folded.ends_with(' ') {
                    folded.push(' ');
                }
            }
            c => folded.extend(c.to_lowercase()),
        }
        places.resize(places.len() + folded.len() - before, at);
    }
    (folded, places)
}

/// Sentences of an answer that cite, each with the marks it cites: `[1]`, `[2, doc-7]`. A sentence ends at `.`, `!` or `?`
/// before white space, or at a line's end; marks behind the full stop belong to it.
pub fn cited(answer: &str) -> Vec<(String, Vec<String>)> {
    let mut sentences: Vec<(bool, String)> = Vec::new();
    for line in answer.lines() {
        let mut sentence = String::new();
        let mut first = true;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            sentence.push(c);
            if matches!(c, '.' | '!' | '?') && chars.peek().is_none_or(|next| next.is_whitespace()) {
                sentences.push((std::mem::replace(&mut first, false), std::mem::take(&mut sentence)));
            }
        }
        sentences.push((first, sentence));
    }
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for (first, sentence) in &sentences {
        let sentence = sentence.trim();
        // `Fact. [1] More.`: the mark stands behind the sentence that it supports.
        let leading = (!first && sentence.starts_with('[')).then(|| sentence.find(']')).flatten();
        let own = match (leading, found.last_mut()) {
            (Some(end), Some(previous)) if previous.1.is_empty() => {
                previous.1 = marks(&sentence[..=end]);
                sentence[end + 1..].trim_start_matches(['.', ' '])
            }
            _ => sentence,
        };
        if !own.is_empty() {
            found.push((own.to_owned(), marks(own)));
        }
    }
    found.retain(|(_, marks)| !marks.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passages() -> Vec<(String, String)> {
        vec![
            ("a".into(), "The bridge was opened in 1932.".into()),
            ("b".into(), "Its main span — “the arch” — is\n503 metres long, and the deck is 49 metres wide.".into()),
        ]
    }

    #[test]
    fn quotations_are_found_where_they_stand() {
        let passages = passages();
        let found = locate("\"The Arch\" - is 503 metres", &passages).unwrap();
        let (from, to) = found.bytes.unwrap();
        assert_eq!((found.passage.as_str(), &passages[1].1[from..to]), ("b", "the arch” — is\n503 metres"));
        let found = locate("main span ... 49 metres wide", &passages).unwrap();
        let (from, to) = found.bytes.unwrap();
        assert!(
            passages[1].1[from..to].starts_with("main span") && passages[1].1[from..to].ends_with("49 metres wide")
        );
        let near = locate("503 metres long, and the deck was 49 metres wide", &passages).unwrap();
        assert_eq!((near.passage.as_str(), near.bytes), ("b", None));
        for absent in ["opened in 1933", "The bridge was closed in 1932 for ever", "", "…", "503 metres … 1932"] {
            assert_eq!(locate(absent, &passages), None, "{absent}");
        }
    }

    #[test]
    fn sentences_are_cut_with_their_marks() {
        let found =
            cited("It opened in 1932 [1]. It is long. [2] Nobody cited this. It is wide [1, b].\n- A list item [3]");
        let marks: Vec<(&str, String)> = found.iter().map(|(text, marks)| (text.as_str(), marks.join("+"))).collect();
        assert_eq!(
            marks,
            [
                ("It opened in 1932 [1].", "1".to_owned()),
                ("It is long.", "2".to_owned()),
                ("It is wide [1, b].", "1+b".to_owned()),
                ("- A list item [3]", "3".to_owned()),
            ]
        );
        assert!(cited("No marks. At all!").is_empty());
    }

    proptest! {
        #[test]
        fn every_part_of_a_passage_is_found_in_it(text in "[a-zA-Zéß“ .\n]{1,60}", from in 0usize..60, length in 1usize..30) {
            let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let from = starts[from.min(starts.len() - 1)];
            let to = starts.iter().copied().find(|at| *at >= from + length).unwrap_or(text.len());
            let quote = &text[from..to];
            if quote.contains(char::is_alphanumeric) && !quote.contains("...") {
                let found = locate(quote, &[("p".into(), text.clone())]);
                prop_assert!(found.is_some_and(|span| span.bytes.is_some()), "{:?}", quote);
            }
        }

        #[test]
        fn no_answer_breaks_the_cutting(answer in "[a .!?\\[\\]0-9,\n]{0,80}") {
            let _ = cited(&answer);
        }
    }
}
