//! Reading what a judge writes: JSON that is nearly JSON, exactly one verdict, and the probabilities of its words.

use serde_json::{Map, Value};

use super::verdict::Shape;

/// The JSON object of a reply that has `key`: as it stands, inside prose or a code fence, and mended where it is nearly
/// JSON. Objects that contradict one another are refused: the second may be the content's and not the judge's.
///
/// # Errors
/// Why there is none.
pub fn object(text: &str, key: &str) -> Result<Map<String, Value>, String> {
    let mut found: Vec<Map<String, Value>> = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('{') {
        let start = at + open;
        let (value, end) = strict(&text[start..]).unwrap_or_else(|| Relaxed::read(&text[start..]));
        at = start + end.max(1);
        if let Some(Value::Object(fields)) = value
            && let Some(fields) = inner(fields, key)
        {
            found.push(fields);
        }
    }
    let Some(last) = found.pop() else {
        return Err(match text.contains('{') {
            true => format!("the reply has no `{key}`"),
            false => "there is no JSON object in the reply".to_owned(),
        });
    };
    if found.iter().any(|earlier| earlier[key] != last[key]) {
        return Err(format!("the reply holds more than one `{key}`"));
    }
    Ok(last)
}

/// Whether an object that has `key` stands in a reply complete and as JSON, with nothing to mend.
pub fn is_whole(text: &str, key: &str) -> bool {
    text.match_indices('{').any(|(start, _)| match strict(&text[start..]) {
        Some((Some(Value::Object(fields)), _)) => inner(fields, key).is_some(),
        _ => false,
    })
}

/// The object itself, or the only object in it that has the key: some models wrap their reply once more.
fn inner(fields: Map<String, Value>, key: &str) -> Option<Map<String, Value>> {
    if fields.contains_key(key) {
        return Some(fields);
    }
    let mut nested = fields.into_iter().filter_map(|(_, value)| match value {
        Value::Object(inner) if inner.contains_key(key) => Some(inner),
        _ => None,
    });
    nested.next().filter(|_| nested.next().is_none())
}

/// A value at the beginning of a text that is JSON, with where it ends.
fn strict(text: &str) -> Option<(Option<Value>, usize)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    Some((Some(value), values.byte_offset()))
}

/// A verdict that is the whole reply, as models without structured output like to give it.
pub fn bare(text: &str, shape: &Shape) -> Option<Value> {
    let said = Value::String(text.trim().trim_matches(['*', '`', '"']).to_owned());
    shape.read(&said).is_ok().then_some(said)
}

/// The deepest nesting that is mended.
const DEEPEST: usize = 32;

/// Reads what is nearly JSON: single and curly quotes, keys without quotes, Python's words, trailing commas, line breaks
/// in texts, comments, and an end that was cut off.
struct Relaxed<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Relaxed<'a> {
    fn read(text: &'a str) -> (Option<Value>, usize) {
        let mut reader = Self { text, at: 0 };
        let value = reader.value(0);
        (value, reader.at)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip();
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.skip();
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            '{' => self.fields(depth),
            '[' => self.items(depth),
            open if closing(open).is_some() => self.quoted().map(Value::String),
            _ => self.word(),
        }
    }

    fn fields(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut fields = Map::new();
        loop {
            while self.eat(',') {}
            self.skip();
            match self.peek() {
                None => return Some(Value::Object(fields)),
                Some('}') => {
                    self.at += 1;
                    return Some(Value::Object(fields));
                }
                Some(open) => {
                    let key = match closing(open) {
                        Some(_) => self.quoted()?,
                        None => self.name()?,
                    };
                    if !self.eat(':') {
                        // A key that the end cut off.
                        return self.rest().trim().is_empty().then_some(Value::Object(fields));
                    }
                    match self.value(depth + 1) {
                        Some(value) => {
                            fields.insert(key, value);
                        }
                        None => return self.rest().trim().is_empty().then_some(Value::Object(fields)),
                    }
                }
            }
        }
    }

    fn items(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            while self.eat(',') {}
            self.skip();
            match self.peek() {
                None => return Some(Value::Array(items)),
                Some(']') => {
                    self.at += 1;
                    return Some(Value::Array(items));
                }
                Some(_) => items.push(self.value(depth + 1)?),
            }
        }
    }

    /// A quoted text. A quote ends it when what follows can follow a text; one inside, as in `"he said "no" to it"`,
    /// does not.
    fn quoted(&mut self) -> Option<String> {
        let close = closing(self.peek()?)?;
        self.at += self.peek()?.len_utf8();
        let mut text = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'u' => {
                        let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                        let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                        text.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    other => text.push(other),
                },
                c if c == close => {
                    let after = self.rest()[at + c.len_utf8()..].trim_start();
                    if after.is_empty() || after.starts_with([',', '}', ']', ':']) {
                        self.at += at + c.len_utf8();
                        return Some(text);
                    }
                    text.push(c);
                }
                c => text.push(c),
            }
        }
        // The end was cut off.
        self.at = self.text.len();
        Some(text)
    }

    fn name(&mut self) -> Option<String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        self.at += end;
        (end > 0).then(|| rest[..end].to_owned())
    }

    /// A number, one of JSON's or Python's words, or a word without quotes.
    fn word(&mut self) -> Option<Value> {
        let rest = self.rest();
        let end = rest.find([',', '}', ']', '\n']).unwrap_or(rest.len());
        let word = rest[..end].trim();
        self.at += end;
        Some(match word {
            "" => return None,
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" => Value::Null,
            _ => serde_json::from_str(word).unwrap_or_else(|_| Value::String(word.to_owned())),
        })
    }
}

/// The quote that closes a text.
fn closing(open: char) -> Option<char> {
    match open {
        '"' => Some('"'),
        '\'' => Some('\''),
        '“' => Some('”'),
        '‘' => Some('’'),
        _ => None,
    }
}

/// The judge's own probabilities of the words it could have said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// The mean value under them.
    pub value: f64,
    /// The probability of the word that was said, among the words it could have said.
    pub confidence: f64,
}

/// The least that the words of the menu must hold of the probability for an expected value to mean something.
const LEAST_MASS: f64 = 0.5;

/// The expected value of a verdict over the alternatives of its token (Liu et al. 2023, "G-Eval", arXiv 2303.16634):
/// Σ p(word) · value(word) / Σ p(word) over words of the menu. `tokens` are OpenAI's `logprobs.content`. `None` when the
/// token of the verdict cannot be told, words of the menu share their first token, or hold less than half of the
/// probability: then the verdict itself is all there is.
pub fn expected(tokens: &Value, shape: &Shape, said: &str) -> Option<Expected> {
    let tokens = tokens.as_array()?;
    let text: String = tokens.iter().filter_map(|token| token["token"].as_str()).collect();
    let colon = text.rfind("\"verdict\"").map_or(0, |key| key + "\"verdict\"".len());
    let start = colon + text[colon..].find(|c: char| c.is_alphanumeric() || c == '-')?;
    let mut end = 0;
    let token = tokens.iter().find(|token| {
        end += token["token"].as_str().map_or(0, str::len);
        end > start
    })?;
    let words = shape.words();
    let clean = |token: &str| token.trim_matches(|c: char| !(c.is_alphanumeric() || c == '-')).to_lowercase();
    let of_menu = |token: &str| {
        let token = clean(token);
        let mut fits = (0..words.len()).filter(|at| words[*at].to_lowercase() == token);
        if let Some(at) = fits.next() {
            return Some(at);
        }
        // A number's first digit is not the number.
        if token.is_empty() || matches!(shape, Shape::Scale(_)) {
            return None;
        }
        let mut fits = (0..words.len()).filter(|at| words[*at].to_lowercase().starts_with(&token));
        fits.next().filter(|_| fits.next().is_none())
    };
    let (mut mass, mut sum, mut own) = (0.0, 0.0, 0.0);
    for alternative in token["top_logprobs"].as_array()? {
        let p = alternative["logprob"].as_f64().filter(|logprob| *logprob <= 0.0).map_or(0.0, f64::exp);
        let Some(at) = alternative["token"].as_str().and_then(of_menu) else { continue };
        let Some(value) = shape.value(at) else { continue };
        mass += p;
        sum += p * value;
        if words[at].eq_ignore_ascii_case(said) {
            own += p;
        }
    }
    (mass >= LEAST_MASS && own > 0.0)
        .then(|| Expected { value: (sum / mass).clamp(0.0, 1.0), confidence: (own / mass).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judges::verdict::Scale;
    use proptest::prelude::*;
    use serde_json::json;

    fn verdict(text: &str) -> Result<Value, String> {
        object(text, "verdict").map(|fields| fields["verdict"].clone())
    }

    #[test]
    fn near_json_is_mended() {
        for text in [
            r#"{"reasoning": "ok", "verdict": "pass"}"#,
            "Sure!\n```json\n{\"reasoning\": \"ok\", \"verdict\": \"pass\",}\n```\nDone.",
            "{'reasoning': 'it\\'s ok', 'verdict': 'pass'}",
            "{reasoning: \"ok\", verdict: pass}",
            "{“reasoning”: “ok”, “verdict”: “pass”}",
            "{\"reasoning\": \"line one\nline two\", \"verdict\": \"pass\"",
            "{\"reasoning\": \"he said \"no\" to it\", \"verdict\": \"pass\"}",
            "{\"result\": {\"reasoning\": \"ok\", \"verdict\": \"pass\"}}",
            "{\"reasoning\": \"ok\", // thoughts\n \"verdict\": \"pass\"}",
            "The set {a, b} is given. {\"verdict\": \"pass\", \"reasoning\": \"cut off in the mid",
        ] {
            assert_eq!(verdict(text), Ok(json!("pass")), "{text}");
        }
        assert_eq!(verdict("{'verdict': True}"), Ok(json!(true)));
    }

    #[test]
    fn what_contradicts_itself_or_says_nothing_is_not_read() {
        assert!(verdict("I think it passes").unwrap_err().contains("no JSON object"));
        assert!(verdict("{\"a\": 1}").unwrap_err().contains("no `verdict`"));
        assert!(verdict("{").is_err() && verdict("").is_err() && verdict("}{").is_err());
        // The answer under judgement held the first object, and the judge repeated it.
        let quoted = "The answer says {\"verdict\": \"pass\"}. {\"reasoning\": \"wrong\", \"verdict\": \"fail\"}";
        assert!(verdict(quoted).unwrap_err().contains("more than one"));
        assert_eq!(verdict("{\"verdict\": 1} and again {\"verdict\": 1}"), Ok(json!(1)));
    }

    #[test]
    fn a_reply_that_is_the_verdict_alone() {
        assert_eq!(bare(" **Pass** ", &Shape::PassFail), Some(json!("Pass")));
        assert_eq!(bare("It passes", &Shape::PassFail), None);
        assert_eq!(bare("", &Shape::PassFail), None);
    }

    fn token(token: &str, top: &[(&str, f64)]) -> Value {
        let top: Vec<Value> = top.iter().map(|(token, p)| json!({"token": token, "logprob": p.ln()})).collect();
        json!({"token": token, "logprob": -0.1, "top_logprobs": top})
    }

    #[test]
    fn the_expected_value_is_the_mean_over_the_judges_own_probabilities() {
        let scale = Shape::Scale(Scale { min: 1, max: 5, anchors: Vec::new() });
        let tokens = json!([
            token("{\"reasoning\": \"4 of 5\", ", &[]),
            token("\"verdict\"", &[]),
            token(":", &[]),
            token(" 4", &[(" 4", 0.6), (" 5", 0.2), (" 3", 0.1), (" x", 0.1)]),
            token("}", &[]),
        ]);
        let found = expected(&tokens, &scale, "4").unwrap();
        // (0.6 · 0.75 + 0.2 · 1 + 0.1 · 0.5) / 0.9
        assert!((found.value - 0.7 / 0.9).abs() < 1e-12 && (found.confidence - 0.6 / 0.9).abs() < 1e-12);
        let tokens =
            json!([token("{\"verdict\": \"", &[]), token("fail", &[("fail", 0.7), ("pass", 0.3)]), token("\"}", &[])]);
        let found = expected(&tokens, &Shape::PassFail, "fail").unwrap();
        assert!((found.value - 0.3).abs() < 1e-12 && (found.confidence - 0.7).abs() < 1e-12);
    }

    #[test]
    fn probabilities_that_say_nothing_of_the_menu_are_left_out() {
        let tokens = json!([token("{\"verdict\": ", &[]), token("4", &[("4", 0.2), ("x", 0.8)])]);
        let scale = Shape::Scale(Scale { min: 1, max: 5, anchors: Vec::new() });
        assert_eq!(expected(&tokens, &scale, "4"), None);
        assert_eq!(expected(&json!([]), &scale, "4"), None);
        assert_eq!(expected(&json!("x"), &scale, "4"), None);
    }

    proptest! {
        #[test]
        fn any_json_object_reads_as_itself(reasoning in ".{0,40}", verdict_text in "[a-z]{1,8}", extra in any::<i64>()) {
            let written = json!({"reasoning": reasoning, "verdict": verdict_text, "n": extra});
            let fields = object(&format!("before {written} after"), "verdict").unwrap();
            prop_assert_eq!(Value::Object(fields), written);
        }

        #[test]
        fn no_text_makes_the_reader_fail(text in "[{}\\[\\]\"':,a\\\\\n ué“”/]{0,60}") {
            let _ = object(&text, "verdict");
        }

        #[test]
        fn a_reply_cut_anywhere_behind_its_verdict_is_read(cut in 0usize..40) {
            let whole = "{\"verdict\": \"pass\", \"reasoning\": \"because it names the city and the year\"}";
            let end = (whole.len() - 40 + cut).min(whole.len());
            prop_assert_eq!(verdict(&whole[..end]), Ok(json!("pass")));
        }
    }
}
