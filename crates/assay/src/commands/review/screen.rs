//! What raters see and press: single keys in a terminal, lines in a pipe; whatever an item holds stays text.

use std::io::{BufRead, IsTerminal, Write};

use assay_report::plain;
use assay_review::Content;
use assay_review::rubric::{Criterion, Kind, Rubric, Show, Span};
use assay_review::work::field_text;
use console::{Key, Term};
use serde_json::{Value, json};

use super::super::{Failure, say};

/// The longest part of a text that is shown, in characters.
const LONGEST: usize = 200_000;
/// The widest line, so that eyes find the next one.
const WIDEST: usize = 100;

/// A terminal, or a pipe.
pub struct Screen {
    term: Option<Term>,
}

/// What somebody answered to a question.
pub enum Said {
    /// The answer; null for none where none is needed.
    Answer(Value),
    /// A wish.
    Wish(Wish),
}

/// What can be wished for instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Back to the question before, or take the last item back.
    Undo,
    /// Not this item.
    Skip,
    /// Talk about this item.
    Flag,
    /// The instructions.
    Instructions,
    /// The item once more.
    Again,
    /// Enough.
    Quit,
}

impl Wish {
    fn of(word: &str) -> Option<Self> {
        match word {
            "u" | "undo" => Some(Self::Undo),
            "s" | "skip" => Some(Self::Skip),
            "f" | "flag" => Some(Self::Flag),
            "i" | "?" | "help" => Some(Self::Instructions),
            "r" | "again" => Some(Self::Again),
            "q" | "quit" => Some(Self::Quit),
            _ => None,
        }
    }
}

impl Screen {
    /// Keys where both ends are a terminal, else lines.
    pub fn open() -> Self {
        let both = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        Self { term: both.then(Term::stdout) }
    }

    fn width(&self) -> usize {
        self.term.as_ref().map_or(WIDEST, |term| usize::from(term.size().1).clamp(30, WIDEST))
    }

    /// One line from whoever sits there; `None` at the end of the input.
    pub fn line(&mut self, prompt: &str) -> Result<Option<String>, Failure> {
        let mut out = std::io::stdout();
        let _ = write!(out, "{prompt} ");
        let _ = out.flush();
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line)?;
        if self.term.is_none() {
            say("");
        }
        Ok((read > 0).then(|| line.trim().to_owned()))
    }

    /// A key or a word.
    fn word(&mut self, prompt: &str) -> Result<Option<String>, Failure> {
        let Some(term) = self.term.clone() else { return self.line(prompt) };
        term.write_str(&format!("{prompt} "))?;
        loop {
            let word = match term.read_key()? {
                Key::Char(c) if !c.is_control() => c.to_lowercase().to_string(),
                Key::ArrowLeft | Key::Backspace => "u".into(),
                Key::Escape => "q".into(),
                Key::Enter => String::new(),
                _ => continue,
            };
            term.write_line(&word)?;
            return Ok(Some(word));
        }
    }

    /// Lines, a page at a time where there is somebody to turn it.
    pub fn page(&mut self, lines: &[String]) -> Result<(), Failure> {
        let height = self.term.as_ref().map_or(usize::MAX, |term| usize::from(term.size().0).saturating_sub(3).max(5));
        for (at, page) in lines.chunks(height.min(lines.len().max(1))).enumerate() {
            if at > 0 && self.word("-- more: any key goes on, q leaves the rest --")?.as_deref() == Some("q") {
                break;
            }
            page.iter().for_each(|line| say(line));
        }
        Ok(())
    }

    /// Waits for a key where the next item would clear away what was just told.
    pub fn pause(&mut self) -> Result<(), Failure> {
        if self.term.is_some() {
            self.word("-- any key goes on --")?;
        }
        Ok(())
    }

    /// Clears what was shown, where that means something.
    pub fn clear(&self) {
        if let Some(term) = &self.term {
            let _ = term.clear_screen();
        }
    }

    /// An item as a rater sees it.
    pub fn item(&self, rubric: &Rubric, content: &Content) -> Vec<String> {
        let mut lines = Vec::new();
        let text = |value: &Value| value.as_str().map_or_else(|| format!("{value:#}"), str::to_owned);
        for show in &rubric.show {
            match show {
                Show::Inputs => {
                    for (name, value) in &content.inputs {
                        self.part(&mut lines, name, &text(value));
                    }
                }
                Show::Output => match &content.other {
                    None => self.part(&mut lines, "answer", &text(&content.output)),
                    Some(other) => {
                        self.part(&mut lines, "first answer", &text(&content.output));
                        self.part(&mut lines, "second answer", &text(other));
                    }
                },
                Show::Contexts => {
                    for (at, passage) in content.contexts.iter().enumerate() {
                        let words = passage.text.as_deref().unwrap_or_else(|| passage.key());
                        self.part(&mut lines, &format!("passage {}", at + 1), words);
                    }
                }
                Show::Expected => {
                    if let Some(expected) = &content.expected {
                        self.part(&mut lines, "what counts as right", &text(expected));
                    }
                }
            }
        }
        lines
    }

    fn part(&self, lines: &mut Vec<String>, title: &str, text: &str) {
        lines.push(format!("── {} ──", plain(title, 80)));
        lines.extend(self.wrapped(text));
        lines.push(String::new());
    }

    /// A text in lines that fit, each without anything a terminal obeys.
    pub fn wrapped(&self, text: &str) -> Vec<String> {
        let width = self.width();
        let mut lines = Vec::new();
        let shown: String = text.chars().take(LONGEST).collect();
        for line in shown.split('\n') {
            let clean = plain(line, LONGEST);
            let mut current = String::new();
            for word in clean.split(' ') {
                let room = width.saturating_sub(console::measure_text_width(&current) + 1);
                if !current.is_empty() && console::measure_text_width(word) > room {
                    lines.push(std::mem::take(&mut current));
                }
                if !current.is_empty() {
                    current.push(' ');
                }
                // A word longer than a line is cut into lines.
                for c in word.chars() {
                    if console::measure_text_width(&current) >= width {
                        lines.push(std::mem::take(&mut current));
                    }
                    current.push(c);
                }
            }
            lines.push(current);
        }
        if text.chars().nth(LONGEST).is_some() {
            lines.push(format!("… (the text goes on; {LONGEST} characters are shown)"));
        }
        lines
    }

    /// The instructions, the criteria and the examples.
    pub fn instructions(&self, rubric: &Rubric) -> Vec<String> {
        let mut lines = vec![format!("── {} ──", plain(&rubric.rubric, 80))];
        lines.extend(self.wrapped(rubric.instructions.trim()));
        for criterion in &rubric.criteria {
            lines.push(String::new());
            lines.extend(self.wrapped(&format!("{}: {}", criterion.name, criterion.asks())));
            for (key, _, words) in keys(criterion) {
                lines.extend(self.wrapped(&format!("  [{key}] {words}")));
            }
        }
        for (at, example) in rubric.examples.iter().enumerate() {
            lines.push(format!("\n── example {} ──", at + 1));
            lines.extend(self.item(rubric, &example.content()));
            for (name, value) in &example.answers {
                lines.extend(self.wrapped(&format!("{name}: {}", told(value))));
            }
            lines.extend(example.why.iter().flat_map(|why| self.wrapped(&format!("why: {why}"))));
        }
        lines
    }

    /// Asks one question until it has an answer or a wish; `None` at the end of the input.
    pub fn ask(
        &mut self,
        criterion: &Criterion,
        content: &Content,
        before: Option<&Value>,
    ) -> Result<Option<Said>, Failure> {
        say("");
        for line in self.wrapped(&format!("{}: {}", criterion.name, criterion.asks())) {
            say(&line);
        }
        if let Some(before) = before {
            say(&format!("(you said before, to another wording: {})", plain(&told(before), 200)));
        }
        match criterion.kind {
            Kind::Comment => self.comment(criterion),
            Kind::Spans => self.spans(criterion, content),
            _ => self.closed(criterion),
        }
    }

    fn closed(&mut self, criterion: &Criterion) -> Result<Option<Said>, Failure> {
        let keys = keys(criterion);
        for (key, _, words) in &keys {
            self.wrapped(&format!("  [{key}] {words}")).iter().for_each(|line| say(line));
        }
        let skippable = if criterion.is_required() { "" } else { ", Enter for no answer" };
        let prompt = format!("[u]ndo [s]kip [f]lag [i]nstructions [r]ead again [q]uit{skippable} >");
        // Keys of several digits cannot be pressed at once.
        let single = keys.iter().all(|(key, _, _)| key.chars().count() == 1);
        loop {
            let word = if single { self.word(&prompt)? } else { self.line(&prompt)? };
            let Some(word) = word else { return Ok(None) };
            let lower = word.to_lowercase();
            if let Some((_, value, _)) = keys.iter().find(|(key, _, _)| *key == lower) {
                return Ok(Some(Said::Answer(value.clone())));
            }
            if let Some(wish) = Wish::of(&lower) {
                return Ok(Some(Said::Wish(wish)));
            }
            if lower.is_empty() && !criterion.is_required() {
                return Ok(Some(Said::Answer(Value::Null)));
            }
            match criterion.read(&json!(word)) {
                Ok(value) if self.term.is_none() => return Ok(Some(Said::Answer(value))),
                _ => {
                    let known: Vec<&str> = keys.iter().map(|(key, _, _)| key.as_str()).collect();
                    say(&format!("`{}` is no answer: {}", plain(&word, 40), known.join(", ")));
                }
            }
        }
    }

    fn comment(&mut self, criterion: &Criterion) -> Result<Option<Said>, Failure> {
        loop {
            let none = if criterion.is_required() { "" } else { " (Enter: none)" };
            let Some(line) = self.line(&format!("a line of text{none}; :u :s :f :i :r :q for undo, skip … >"))?
            else {
                return Ok(None);
            };
            if let Some(wish) = line.strip_prefix(':').and_then(Wish::of) {
                return Ok(Some(Said::Wish(wish)));
            }
            if line.is_empty() && criterion.is_required() {
                say("an answer is needed");
                continue;
            }
            match criterion.read(&json!(line)) {
                Ok(value) => return Ok(Some(Said::Answer(if line.is_empty() { Value::Null } else { value }))),
                Err(message) => say(&message),
            }
        }
    }

    fn spans(&mut self, criterion: &Criterion, content: &Content) -> Result<Option<Said>, Failure> {
        let mut spans: Vec<Span> = Vec::new();
        for (at, label) in criterion.labels.iter().enumerate() {
            say(&format!("  [{}] {}", at + 1, plain(label, 80)));
        }
        let form =
            if criterion.labels.is_empty() { "the words to mark" } else { "a number from above and the words to mark" };
        loop {
            let prompt = format!("{form}; Enter when done ({} marked); :u :s :f :i :r :q >", spans.len());
            let Some(line) = self.line(&prompt)? else { return Ok(None) };
            if let Some(wish) = line.strip_prefix(':').and_then(Wish::of) {
                // The last mark goes first.
                if wish == Wish::Undo && spans.pop().is_some() {
                    continue;
                }
                return Ok(Some(Said::Wish(wish)));
            }
            if line.is_empty() {
                if spans.is_empty() && criterion.is_required() {
                    say("mark something, or skip with :s");
                    continue;
                }
                return Ok(Some(Said::Answer(json!(spans))));
            }
            match found(criterion, content, &line, &spans) {
                Ok(span) => spans.push(span),
                Err(message) => say(&message),
            }
        }
    }
}

/// Where the words of a line stand first without a mark; white space is compared as one space, since a line holds no other.
fn found(criterion: &Criterion, content: &Content, line: &str, marked: &[Span]) -> Result<Span, String> {
    let (label, words) = if criterion.labels.is_empty() {
        (None, line)
    } else {
        let (number, words) = line.split_once(' ').unwrap_or((line, ""));
        let label = number.parse::<usize>().ok().and_then(|at| criterion.labels.get(at.wrapping_sub(1)));
        let Some(label) = label else {
            return Err(format!("begin with a number from 1 to {}", criterion.labels.len()));
        };
        (Some(label.clone()), words)
    };
    let wanted: Vec<char> = words.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    if wanted.is_empty() {
        return Err("the words to mark are missing".into());
    }
    let contexts = (0..content.contexts.len()).map(|at| format!("contexts/{at}"));
    for field in ["output".to_owned(), "output_2".to_owned()].into_iter().chain(contexts) {
        let Some(text) = field_text(content, &field) else { continue };
        let text: Vec<char> = text.chars().collect();
        for start in 0..text.len() {
            let Some(length) = matches_at(&text[start..], &wanted) else { continue };
            let taken = |span: &Span| span.field == field && span.start < start + length && start < span.end;
            if !marked.iter().any(taken) {
                let words = text[start..start + length].iter().collect();
                return Ok(Span { field, start, end: start + length, text: words, label });
            }
        }
    }
    Err("these words stand nowhere, or are marked already".into())
}

/// How many characters of a text the wanted ones cover, when it begins with them.
fn matches_at(text: &[char], wanted: &[char]) -> Option<usize> {
    let mut at = 0;
    for c in wanted {
        if *c == ' ' {
            let blanks = text[at..].iter().take_while(|c| c.is_whitespace()).count();
            if blanks == 0 {
                return None;
            }
            at += blanks;
        } else if text.get(at) == Some(c) {
            at += 1;
        } else {
            return None;
        }
    }
    Some(at)
}

/// An answer in words.
pub fn told(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What can be pressed, what it means, and its words.
pub fn keys(criterion: &Criterion) -> Vec<(String, Value, String)> {
    let answers = criterion.answers();
    let key = |at: usize, value: &Value| match (criterion.kind, value.as_str()) {
        (Kind::YesNo, _) => if *value == json!(true) { "y" } else { "n" }.to_owned(),
        (Kind::Pairwise, Some("a")) => "1".to_owned(),
        (Kind::Pairwise, Some("b")) => "2".to_owned(),
        (Kind::Pairwise, _) => "0".to_owned(),
        (Kind::Ordinal, _) => value.to_string(),
        _ => (at + 1).to_string(),
    };
    answers.into_iter().enumerate().map(|(at, (value, words))| (key(at, &value), value, words)).collect()
}
