//! YAML text as a value, with the place of every node.
//!
//! YAML 1.2 core types: `no`, `on` and `yes` are texts, `0o17` and `0x1f` are numbers. A key that stands twice is an
//! error, and aliases are expanded only up to a limit, so that a small file cannot become a large value.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use assay_core::Problem;
use assay_core::problem::pointer_step;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Number, Value};

/// The largest suite file, in bytes.
const LARGEST_FILE: usize = 16 << 20;
/// The most nodes a file may expand to.
const MOST_NODES: usize = 500_000;
/// The deepest nesting.
const DEEPEST: usize = 100;

/// A suite file's text with the place of every key and value.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file, as it was named.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    places: HashMap<String, Place>,
}

#[derive(Clone, Debug)]
struct Place {
    key: Option<Range<usize>>,
    value: Range<usize>,
}

impl Source {
    /// Parses a text.
    ///
    /// # Errors
    /// Broken YAML, a key that stands twice, too large or too deep a document.
    pub fn parse(path: &Path, text: String) -> Result<(Value, Self), (Vec<Problem>, Self)> {
        let mut source = Self { path: path.to_owned(), text, places: HashMap::new() };
        if source.text.len() > LARGEST_FILE {
            return Err((vec![Problem::new("", "the file is larger than 16 MiB")], source));
        }
        let text = std::mem::take(&mut source.text);
        let result = Tree::read(&text);
        source.text = text;
        match result {
            Ok((value, places)) => {
                source.places = places;
                Ok((value, source))
            }
            Err((problem, at)) => {
                source.places.insert(problem.at.clone(), Place { key: None, value: at });
                Err((vec![problem], source))
            }
        }
    }

    /// The byte range of a pointer: of its key for a key's problem, else of its value; of the nearest part that
    /// exists when the pointer names something that does not.
    pub fn range(&self, pointer: &str) -> Range<usize> {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.places.get(pointer) {
                return place.key.clone().unwrap_or_else(|| place.value.clone());
            }
            match pointer.rfind('/') {
                Some(cut) => pointer = &pointer[..cut],
                None => return 0..0,
            }
        }
    }

    /// Line and column (both from 1, in characters) of a byte offset.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        (line, column)
    }
}

type Failure = (Problem, Range<usize>);

/// Builds the value from the parser's events.
struct Tree<'a> {
    text: &'a str,
    places: HashMap<String, Place>,
    anchors: HashMap<usize, Value>,
    nodes: usize,
    /// Byte offset of every 256th character, as the parser counts characters.
    index: Vec<usize>,
}

impl<'a> Tree<'a> {
    fn read(text: &'a str) -> Result<(Value, HashMap<String, Place>), Failure> {
        let index = text.char_indices().step_by(256).map(|(at, _)| at).collect();
        let mut tree = Tree { text, places: HashMap::new(), anchors: HashMap::new(), nodes: 0, index };
        let mut parser = Parser::new_from_str(text);
        let mut value = None;
        loop {
            let (event, span) = tree.next(&mut parser)?;
            match event {
                Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
                Event::DocumentStart(_) if value.is_some() => {
                    return Err((Problem::new("", "one document is expected, this file has more"), tree.range(span)));
                }
                Event::DocumentStart(_) => {
                    let (event, span) = tree.next(&mut parser)?;
                    value = Some(tree.node(&mut parser, event, span, "", None, 0)?);
                }
                Event::StreamEnd => break,
                _ => return Err((Problem::new("", "unexpected content"), tree.range(span))),
            }
        }
        match value {
            Some(value) if !value.is_null() => Ok((value, tree.places)),
            _ => Err((Problem::new("", "the file is empty").help("`assay init` writes a first suite"), 0..0)),
        }
    }

    fn next<'b>(&self, parser: &mut Parser<'a, saphyr_parser::StrInput<'a>>) -> Result<(Event<'a>, Span), Failure>
    where
        'a: 'b,
    {
        match parser.next_event() {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) => {
                let at = self.byte(error.marker().index());
                let message = format!("broken YAML: {}", error.info());
                let help = if self.text[..at.min(self.text.len())].ends_with('\t') || error.info().contains("tab") {
                    "indent with spaces, not tabs"
                } else {
                    "check indentation, quotes and brackets here and just above"
                };
                Err((Problem::new("", message).help(help), at..self.text.ceil_char_boundary(at + 1)))
            }
            None => Err((Problem::new("", "broken YAML: the file ends too early"), self.text.len()..self.text.len())),
        }
    }

    fn byte(&self, character: usize) -> usize {
        let Some(start) = self.index.get(character / 256) else { return self.text.len() };
        self.text[*start..].char_indices().nth(character % 256).map_or(self.text.len(), |(at, _)| start + at)
    }

    fn range(&self, span: Span) -> Range<usize> {
        let range = self.byte(span.start.index())..self.byte(span.end.index());
        // A block ends where the next thing begins: leave the white space out.
        let trimmed = self.text[range.clone()].trim_end().len();
        range.start..range.start + trimmed
    }

    fn node(
        &mut self,
        parser: &mut Parser<'a, saphyr_parser::StrInput<'a>>,
        event: Event<'a>,
        span: Span,
        pointer: &str,
        key: Option<Range<usize>>,
        depth: usize,
    ) -> Result<Value, Failure> {
        let start = self.range(span);
        self.nodes += 1;
        if depth > DEEPEST || self.nodes > MOST_NODES {
            return Err((Problem::new(pointer, "the document is too deep or too large"), start));
        }
        let (value, range, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let value = if plain { plain_scalar(&text) } else { Value::String(text.into_owned()) };
                (value, start, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                let end = loop {
                    let (event, span) = self.next(parser)?;
                    if matches!(event, Event::SequenceEnd) {
                        break self.range(span).end;
                    }
                    let at = format!("{pointer}/{}", items.len());
                    items.push(self.node(parser, event, span, &at, None, depth + 1)?);
                };
                (Value::Array(items), start.start..end.max(start.end), anchor)
            }
            Event::MappingStart(anchor, _) => {
                let mut fields = Map::new();
                let end = loop {
                    let (event, span) = self.next(parser)?;
                    let key_range = self.range(span);
                    let name = match event {
                        Event::MappingEnd => break key_range.end,
                        Event::Scalar(text, ..) => text.into_owned(),
                        _ => return Err((Problem::new(pointer, "a key must be a plain text"), key_range)),
                    };
                    let at = format!("{pointer}/{}", pointer_step(&name));
                    if fields.contains_key(&name) {
                        return Err((Problem::new(at, format!("key `{name}` stands twice")), key_range));
                    }
                    let (event, span) = self.next(parser)?;
                    let value = self.node(parser, event, span, &at, Some(key_range), depth + 1)?;
                    fields.insert(name, value);
                };
                (Value::Object(fields), start.start..end.max(start.end), anchor)
            }
            Event::Alias(anchor) => {
                let Some(value) = self.anchors.get(&anchor).cloned() else {
                    return Err((Problem::new(pointer, "this alias points at nothing"), start));
                };
                self.nodes += count(&value);
                (value, start, 0)
            }
            _ => return Err((Problem::new(pointer, "broken YAML"), start)),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        let trimmed = self.text[range.clone()].trim_end().len();
        let value_range = range.start..range.start + trimmed;
        self.places.insert(pointer.to_owned(), Place { key, value: value_range });
        Ok(value)
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// The YAML 1.2 core schema (§10.3.2) for plain scalars.
fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hex) = text.strip_prefix("0x")
        && let Ok(number) = u64::from_str_radix(hex, 16)
    {
        return Value::Number(number.into());
    }
    if let Some(octal) = text.strip_prefix("0o")
        && let Ok(number) = u64::from_str_radix(octal, 8)
    {
        return Value::Number(number.into());
    }
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        if let Ok(number) = text.trim_start_matches('+').parse::<i64>() {
            return Value::Number(number.into());
        }
        if let Ok(number) = digits.parse::<u64>() {
            return Value::Number(number.into());
        }
    }
    let starts_numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if starts_numeric
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        && let Ok(number) = text.parse::<f64>()
        && let Some(number) = Number::from_f64(number)
    {
        return Value::Number(number);
    }
    Value::String(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(text: &str) -> Result<(Value, Source), (Vec<Problem>, Source)> {
        Source::parse(Path::new("assay.yaml"), text.to_owned())
    }

    #[test]
    fn core_types_and_no_surprises() {
        let (value, _) = parse("a: no\nb: 12\nc: 1.50\nd: ~\ne: \"12\"\nf: 2026-01-02\ng: [true, 0x1f, -3]").unwrap();
        assert_eq!(
            value,
            json!({"a": "no", "b": 12, "c": 1.5, "d": null, "e": "12", "f": "2026-01-02", "g": [true, 31, -3]})
        );
    }

    #[test]
    fn an_error_may_be_at_a_character_of_several_bytes() {
        let (problems, source) = Source::parse(Path::new("a.yaml"), "\'\tN N '\u{61a}".into()).unwrap_err();
        let at = source.range(&problems[0].at).start;
        assert_eq!(source.line_column(at).0, 1);
        assert_eq!(source.line_column(8), (1, 8));
    }

    #[test]
    fn a_place_points_at_its_text() {
        let (_, source) = parse("# é\nsuite: x\ntargets:\n  - openai: gpt\n    prompt: 'hé'\n").unwrap();
        assert_eq!(&source.text[source.range("/targets/0/prompt")], "prompt");
        assert_eq!(source.line_column(source.range("/targets/0/prompt").start), (5, 5));
        // What does not exist falls back to what holds it.
        assert_eq!(source.range("/targets/0/nothing"), source.range("/targets/0"));
    }

    #[test]
    fn a_key_that_stands_twice_is_an_error() {
        let (problems, source) = parse("suite: a\nseed: 1\nsuite: b\n").unwrap_err();
        assert!(problems[0].message.contains("`suite` stands twice"));
        assert_eq!(source.line_column(source.range(&problems[0].at).start).0, 3);
    }

    #[test]
    fn a_billion_laughs_are_not_laughed() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let previous = vec![format!("*a{}", i - 1); 10].join(", ");
            text.push_str(&format!("a{i}: &a{i} [{previous}]\n"));
        }
        assert!(parse(&text).is_err());
    }

    proptest! {
        #[test]
        fn any_text_parses_or_fails_without_panic(text in "[-a-z:{}\\[\\]&*!|>'\"%@# \n\t0-9é]{0,60}") {
            let _ = parse(&text);
        }
    }
}
