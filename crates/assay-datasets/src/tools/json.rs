//! JSON as tools write it, read in bounded memory.
//!
//! Python writes `NaN` and `Infinity`, which JSON does not have: they are read as the texts `"NaN"`, `"Infinity"` and
//! `"-Infinity"`. A key that stands twice in a record is an error, and so is a record of more than [`LARGEST_RECORD`]
//! bytes or [`MOST_NODES`] values, or one nested deeper than 128 levels (the limit of `serde_json`).

use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::rows::{LONGEST_LINE, read_line};
use crate::{DatasetError, Place};

/// The most bytes of one record.
pub(crate) const LARGEST_RECORD: u64 = LONGEST_LINE;
/// The most values of one record: 32 bytes each in memory, and more for what they hold.
const MOST_NODES: usize = 2_000_000;

/// What is known of the reading while a parser owns the reader.
#[derive(Clone, Default)]
struct Gauge {
    line: Rc<Cell<u64>>,
    /// Bytes that may still be read.
    left: Rc<Cell<u64>>,
}

impl Gauge {
    fn allow(&self, bytes: u64) {
        self.left.set(bytes);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Plain,
    Text,
    Escape,
    Minus,
    Word(usize),
}

/// Bytes with `NaN`, `Infinity` and `-Infinity` outside of texts put in quotes.
struct Tame<R> {
    inner: BufReader<R>,
    out: Vec<u8>,
    at: usize,
    state: State,
    word: [u8; 8],
    ended: bool,
    gauge: Gauge,
}

const TOO_LARGE: &str = "the record is larger than 64 MiB";

impl<R: Read> Tame<R> {
    fn new(inner: R, gauge: Gauge) -> Self {
        gauge.line.set(1);
        gauge.allow(LARGEST_RECORD);
        let inner = BufReader::with_capacity(1 << 16, inner);
        Self { inner, out: Vec::new(), at: 0, state: State::Plain, word: [0; 8], ended: false, gauge }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.at = 0;
        let chunk = self.inner.fill_buf()?;
        let read = chunk.len();
        self.ended = read == 0;
        if self.ended && self.state != State::Plain {
            // Whatever was open is broken JSON; the parser says so.
            if self.state == State::Minus {
                self.out.push(b'-');
            }
            self.state = State::Plain;
            return Ok(());
        }
        let mut at = 0;
        while at < read {
            if self.state == State::Text {
                // Most of a log is text: up to its end, or to what is escaped, nothing changes.
                let rest = &chunk[at..];
                let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len());
                self.out.extend_from_slice(&rest[..end]);
                at += end;
                if at == read {
                    break;
                }
            }
            let byte = chunk[at];
            at += 1;
            self.state = match (self.state, byte) {
                (State::Text, b'\\') => State::Escape,
                (State::Text, b'"') => State::Plain,
                (State::Text | State::Escape, _) => State::Text,
                (State::Word(length), byte) if byte.is_ascii_alphabetic() => {
                    if length == self.word.len() {
                        return Err(io::Error::new(io::ErrorKind::InvalidData, "expected value"));
                    }
                    self.word[length] = byte;
                    State::Word(length + 1)
                }
                (State::Word(length), _) => {
                    if !matches!(&self.word[..length], b"NaN" | b"Infinity") {
                        return Err(io::Error::new(io::ErrorKind::InvalidData, "expected value"));
                    }
                    self.out.push(b'"');
                    if byte == b'"' { State::Text } else { State::Plain }
                }
                (State::Minus, b'I') => {
                    self.out.extend_from_slice(b"\"-");
                    self.word[0] = byte;
                    State::Word(1)
                }
                (before, byte) => {
                    if before == State::Minus {
                        self.out.push(b'-');
                    }
                    match byte {
                        b'"' => State::Text,
                        b'-' => State::Minus,
                        b'N' | b'I' => {
                            self.out.push(b'"');
                            self.word[0] = byte;
                            State::Word(1)
                        }
                        _ => State::Plain,
                    }
                }
            };
            if self.state != State::Minus {
                self.out.push(byte);
            }
        }
        self.inner.consume(read);
        Ok(())
    }
}

impl<R: Read> Read for Tame<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.out.len() {
            if self.ended {
                return Ok(0);
            }
            self.fill()?;
        }
        // The parser asks for one byte at a time.
        if let [slot] = buffer {
            let left = self.gauge.left.get();
            if left == 0 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, TOO_LARGE));
            }
            *slot = self.out[self.at];
            self.at += 1;
            self.gauge.left.set(left - 1);
            if *slot == b'\n' {
                self.gauge.line.set(self.gauge.line.get() + 1);
            }
            return Ok(1);
        }
        let from = &self.out[self.at..];
        let length = from.len().min(buffer.len());
        buffer[..length].copy_from_slice(&from[..length]);
        self.at += length;
        let Some(left) = self.gauge.left.get().checked_sub(length as u64) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TOO_LARGE));
        };
        self.gauge.left.set(left);
        let lines = buffer[..length].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.gauge.line.set(self.gauge.line.get() + lines);
        Ok(length)
    }
}

/// Builds a value; a key that stands twice is an error.
struct Strict<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict(self.0))? {
            spend(self.0)?;
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            spend(self.0)?;
            if fields.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{}` stands twice", shown(&key))));
            }
            let value = entries.next_value_seed(Strict(self.0))?;
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}

fn spend<E: serde::de::Error>(nodes: &Cell<usize>) -> Result<(), E> {
    nodes.set(nodes.get() + 1);
    if nodes.get() > MOST_NODES { Err(E::custom("the record holds more than 2,000,000 values")) } else { Ok(()) }
}

/// A key or name in a message: short, and without control characters.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// What becomes of a value of a document.
pub(crate) enum Want {
    /// Nothing: it is read over, whatever its size.
    Skip,
    /// Its parts are asked about one by one. What has no parts is handed over.
    Enter,
    /// It is handed over whole.
    Take,
    /// It is handed over with those of its fields that are wanted; the others are read over, whatever their size.
    Parts(fn(&str) -> bool),
}

/// The step into an element of a list.
pub(crate) const EACH: &str = "[]";

type Visit<'a> = dyn FnMut(&[String], Value, Place) -> Result<(), DatasetError> + 'a;

struct Walk<'a> {
    file: &'a Path,
    gauge: Gauge,
    want: &'a dyn Fn(&[String]) -> Want,
    visit: &'a mut Visit<'a>,
    path: Vec<String>,
    /// What the visitor said, while the parser winds down.
    failed: Option<DatasetError>,
}

struct Node<'w, 'a>(&'w mut Walk<'a>);

impl<'a> Walk<'a> {
    fn hand_over<E: serde::de::Error>(&mut self, value: Value, line: u64) -> Result<(), E> {
        let place = Place { file: self.file.to_owned(), line: Some(line) };
        (self.visit)(&self.path, value, place).map_err(|error| {
            self.failed = Some(error);
            E::custom("stopped")
        })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match (self.0.want)(&self.0.path) {
            Want::Skip => {
                self.0.gauge.allow(u64::MAX);
                deserializer.deserialize_ignored_any(IgnoredAny)?;
            }
            Want::Enter => deserializer.deserialize_any(Node(self.0))?,
            Want::Take => {
                self.0.gauge.allow(LARGEST_RECORD);
                let line = self.0.gauge.line.get();
                let value = Strict(&Cell::new(0)).deserialize(deserializer)?;
                self.0.hand_over(value, line)?;
            }
            Want::Parts(wanted) => {
                let line = self.0.gauge.line.get();
                let parts = Parts { gauge: self.0.gauge.clone(), wanted };
                let value = deserializer.deserialize_map(parts)?;
                self.0.hand_over(Value::Object(value), line)?;
            }
        }
        self.0.gauge.allow(LARGEST_RECORD);
        Ok(())
    }
}

/// Builds an object of the fields that are wanted.
struct Parts {
    gauge: Gauge,
    wanted: fn(&str) -> bool,
}

impl<'de> Visitor<'de> for Parts {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Map<String, Value>, A::Error> {
        let mut fields = Map::new();
        let nodes = Cell::new(0);
        while let Some(key) = entries.next_key::<String>()? {
            if !(self.wanted)(&key) {
                self.gauge.allow(u64::MAX);
                entries.next_value::<IgnoredAny>()?;
            } else if fields.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{}` stands twice", shown(&key))));
            } else {
                let value = entries.next_value_seed(Strict(&nodes))?;
                fields.insert(key, value);
            }
            self.gauge.allow(LARGEST_RECORD);
        }
        Ok(fields)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.path.push(EACH.to_owned());
        while items.next_element_seed(Node(&mut *self.0))?.is_some() {}
        self.0.path.pop();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<String>()? {
            self.0.path.push(key);
            entries.next_value_seed(Node(&mut *self.0))?;
            self.0.path.pop();
        }
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        let line = self.0.gauge.line.get();
        self.0.hand_over(Value::Bool(value), line)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        let line = self.0.gauge.line.get();
        self.0.hand_over(value.into(), line)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        let line = self.0.gauge.line.get();
        self.0.hand_over(value.into(), line)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        let line = self.0.gauge.line.get();
        self.0.hand_over(value.into(), line)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        let line = self.0.gauge.line.get();
        self.0.hand_over(Value::String(value.to_owned()), line)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        let line = self.0.gauge.line.get();
        self.0.hand_over(Value::Null, line)
    }
}

/// Walks one JSON document. `want` says by its path what becomes of a value (elements of a list are [`EACH`]); `visit`
/// gets those that are wanted, with their line.
pub(crate) fn walk(
    file: &Path,
    reader: impl Read,
    want: &dyn Fn(&[String]) -> Want,
    visit: &mut Visit<'_>,
) -> Result<(), DatasetError> {
    let gauge = Gauge::default();
    let reader = without_mark(file, reader)?;
    let mut parser = serde_json::Deserializer::from_reader(Tame::new(reader, gauge.clone()));
    // A closure's own life ends with this call, that of the walk's parts as well.
    let mut walk = Walk {
        file,
        gauge,
        want,
        visit: &mut |path, value, place| visit(path, value, place),
        path: Vec::new(),
        failed: None,
    };
    let result = Node(&mut walk).deserialize(&mut parser);
    let failed = walk.failed.take();
    let result = result.and_then(|()| parser.end());
    match (result, failed) {
        (_, Some(error)) => Err(error),
        (Ok(()), None) => Ok(()),
        (Err(error), None) => Err(broken(file, &error, 0)),
    }
}

/// The whole of a small JSON document.
pub(crate) fn whole(file: &Path, reader: impl Read) -> Result<Value, DatasetError> {
    let mut found = Value::Null;
    walk(file, reader, &|_| Want::Take, &mut |_, value, _| {
        found = value;
        Ok(())
    })?;
    Ok(found)
}

/// Without a byte order mark; UTF-16 is refused by name.
fn without_mark<R: Read>(file: &Path, mut reader: R) -> Result<impl Read + use<R>, DatasetError> {
    let mut start = [0; 3];
    let mut length = 0;
    while length < start.len() {
        match reader.read(&mut start[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(file, &error)),
        }
    }
    let start = match &start[..length] {
        b"\xef\xbb\xbf" => &[],
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Err(DatasetError::new(at(file, Some(1)), "the file is UTF-16").help("save the file as UTF-8"));
        }
        start => start,
    };
    Ok(io::Cursor::new(start.to_vec()).chain(reader))
}

pub(crate) fn at(file: &Path, line: Option<u64>) -> Option<Place> {
    Some(Place { file: file.to_owned(), line })
}

pub(crate) fn failed(file: &Path, error: &io::Error) -> DatasetError {
    DatasetError::new(at(file, None), error.to_string())
}

fn broken(file: &Path, error: &serde_json::Error, before: u64) -> DatasetError {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let place = at(file, Some(before + (error.line() as u64).max(1)));
    if message.contains("stands twice") || message.contains("more than 2,000,000") || message == TOO_LARGE {
        DatasetError::new(place, message).help("remove what stands twice or does not belong into one record")
    } else if message.starts_with("recursion limit") {
        DatasetError::new(place, "the JSON is nested deeper than 128 levels").help("flatten it")
    } else if message.contains("EOF") {
        DatasetError::new(place, "broken JSON: the file ends too early").help("is the file complete?")
    } else if message.starts_with("invalid type") {
        DatasetError::new(place, format!("the file is not laid out as its tool lays it out: {message}"))
            .help("was it written by that tool, and not changed?")
    } else {
        DatasetError::new(place, format!("broken JSON at character {}: {message}", error.column()))
            .help("is the file complete, and does a JSON checker accept it?")
    }
}

/// Reads one JSON text.
pub(crate) fn parse(text: &[u8], place: &Place) -> Result<Value, DatasetError> {
    let one = |text: &[u8]| {
        let mut parser = serde_json::Deserializer::from_slice(text);
        Strict(&Cell::new(0)).deserialize(&mut parser).and_then(|value| parser.end().map(|()| value))
    };
    let wrong = |error: &serde_json::Error| broken(&place.file, error, place.line.unwrap_or(1).saturating_sub(1));
    match one(text) {
        Ok(value) => Ok(value),
        Err(error) if text.windows(3).any(|part| part == b"NaN" || part == b"Inf") => {
            let mut tamed = Vec::with_capacity(text.len() + 16);
            let gauge = Gauge::default();
            let mut tame = Tame::new(text, gauge.clone());
            gauge.allow(u64::MAX);
            tame.read_to_end(&mut tamed).map_err(|_| wrong(&error))?;
            one(&tamed).map_err(|error| wrong(&error))
        }
        Err(error) => Err(wrong(&error)),
    }
}

/// The lines of a JSONL file as values, with the byte offset each began at.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    file: PathBuf,
    line: u64,
    offset: u64,
}

impl Lines<File> {
    pub(crate) fn open(path: &Path) -> Result<Self, DatasetError> {
        Ok(Self::new(path, open(path)?))
    }
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(path: &Path, reader: R) -> Self {
        Self { reader: BufReader::with_capacity(1 << 16, reader), file: path.to_owned(), line: 0, offset: 0 }
    }

    fn next_line(&mut self) -> Option<Result<(u64, Value, Place), DatasetError>> {
        let mut bytes = Vec::new();
        loop {
            let start = self.offset;
            match read_line(&mut self.reader, &mut bytes, &self.file, &mut self.line) {
                Ok(0) => return None,
                Ok(read) => self.offset += read as u64,
                Err(error) => return Some(Err(error)),
            }
            let place = Place { file: self.file.clone(), line: Some(self.line) };
            if self.line == 1 && (bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")) {
                return Some(Err(DatasetError::new(Some(place), "the file is UTF-16").help("save the file as UTF-8")));
            }
            let text = bytes.trim_ascii();
            if !text.is_empty() {
                return Some(parse(text, &place).map(|value| (start, value, place)));
            }
        }
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = Result<(u64, Value, Place), DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_line()
    }
}

pub(crate) fn open(path: &Path) -> Result<File, DatasetError> {
    match File::open(path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(crate::rows::missing(path)),
        Err(error) => Err(failed(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(text: &str) -> Result<Value, DatasetError> {
        whole(Path::new("x.json"), text.as_bytes())
    }

    #[test]
    fn what_python_writes_is_read() {
        let text = "{\"a\": NaN, \"b\": [-Infinity, Infinity, -1, \"NaN \\\" I\"], \"c\": 1e3}";
        let value = json!({"a": "NaN", "b": ["-Infinity", "Infinity", -1, "NaN \" I"], "c": 1e3});
        assert_eq!(read(text).unwrap(), value);
        let place = Place { file: "x".into(), line: Some(3) };
        assert_eq!(parse(text.as_bytes(), &place).unwrap(), value);
    }

    #[test]
    fn faults_are_named_with_their_line() {
        for (text, want) in [
            ("{\"a\": 1,\n\"a\": 2}", "x.json:2: the key `a` stands twice"),
            ("{\"a\": Nope}", "x.json:1: broken JSON"),
            ("{\"a\":\n [1, 2", "x.json:2: broken JSON: the file ends too early"),
            ("", "x.json:1: broken JSON: the file ends too early"),
            ("{} x", "x.json:1: broken JSON"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(want), "{text}: {error}");
        }
        let deep = "[".repeat(100_000);
        assert!(read(&deep).unwrap_err().to_string().contains("deeper than 128"));
        assert!(whole(Path::new("x"), &b"\xff\xfe{\0"[..]).unwrap_err().to_string().contains("UTF-16"));
    }

    #[test]
    fn what_is_not_wanted_costs_nothing() {
        // A text of 80 MiB that nobody keeps, then a record.
        let long = io::repeat(b'x').take(80 << 20);
        let reader = (&b"{\"skip\": \""[..]).chain(long).chain(&b"\",\n\"rows\": [{\"a\": 1}, {\"a\": 2}]}"[..]);
        let mut lines = Vec::new();
        let want = |path: &[String]| match path {
            [] => Want::Enter,
            [key] if key == "rows" => Want::Enter,
            [_, each] if each == EACH => Want::Take,
            _ => Want::Skip,
        };
        walk(Path::new("x"), reader, &want, &mut |_, value, place| {
            lines.push((value["a"].clone(), place.line));
            Ok(())
        })
        .unwrap();
        assert_eq!(lines, [(json!(1), Some(2)), (json!(2), Some(2))]);
    }

    #[test]
    fn a_record_that_is_too_large_is_refused() {
        let reader = (&b"[\""[..]).chain(io::repeat(b'x').take(65 << 20)).chain(&b"\"]"[..]);
        assert!(whole(Path::new("x"), reader).unwrap_err().to_string().contains("64 MiB"));
    }

    proptest! {
        #[test]
        fn json_is_read_as_serde_reads_it(text in "[-\\[\\]{}\":,a-cNI0-9. \\\\e]{0,40}") {
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                if let Ok(ours) = read(&text) {
                    prop_assert_eq!(ours, value);
                }
            } else {
                let _ = read(&text);
            }
        }
    }
}
