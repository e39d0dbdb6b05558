//! Slices: predicates over case metadata, such as `language = 'de' and tier = 1`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A slice as a suite declares it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SliceDecl {
    /// A metadata key: one slice per value found in the data.
    Key(String),
    /// A named predicate.
    Where {
        /// The name shown in reports.
        name: String,
        /// The predicate.
        r#where: SliceExpr,
    },
}

impl<'de> Deserialize<'de> for SliceDecl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Named {
            name: String,
            r#where: SliceExpr,
        }
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(key) => Ok(Self::Key(key)),
            other => {
                let named: Named = serde_json::from_value(other).map_err(serde::de::Error::custom)?;
                Ok(Self::Where { name: named.name, r#where: named.r#where })
            }
        }
    }
}

impl JsonSchema for SliceDecl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Slice".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A metadata key (one slice per value), or a named predicate over metadata.",
            "anyOf": [
                {"type": "string", "description": "A metadata key."},
                {
                    "type": "object",
                    "required": ["name", "where"],
                    "additionalProperties": false,
                    "properties": {
                        "name": {"type": "string"},
                        "where": {"type": "string", "examples": ["language = 'de' and tier = 1"]},
                    },
                },
            ],
        })
    }
}

/// A parsed predicate over metadata. Grammar: `or` of `and` of `not` of comparisons; `key = value`, `!=`, `<`, `<=`,
/// `>`, `>=`, `key in (a, b)`, `key is null`, `key is not null`; texts in quotes, numbers, `true`, `false`.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceExpr {
    source: String,
    node: Node,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Or(Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Compare(String, Comparison, Literal),
    In(String, Vec<Literal>),
    IsNull(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Clone, Debug, PartialEq)]
enum Literal {
    Text(String),
    Number(f64),
}

/// A predicate that does not parse.
#[derive(Debug, Clone, thiserror::Error)]
#[error("slice `{source_text}`: {message} at character {position}")]
pub struct SliceError {
    source_text: String,
    message: String,
    position: usize,
}

impl SliceExpr {
    /// Whether the predicate holds, given a way to look a metadata key up. As in SQL a missing key makes a
    /// comparison unknown; unknown is not in the slice, also under `not`.
    pub fn matches<'a>(&self, look_up: &dyn Fn(&str) -> Option<&'a str>) -> bool {
        evaluate(&self.node, look_up) == Some(true)
    }

    /// The metadata keys the predicate reads.
    pub fn keys(&self) -> Vec<&str> {
        fn walk<'a>(node: &'a Node, keys: &mut Vec<&'a str>) {
            match node {
                Node::Or(a, b) | Node::And(a, b) => {
                    walk(a, keys);
                    walk(b, keys);
                }
                Node::Not(a) => walk(a, keys),
                Node::Compare(key, ..) | Node::In(key, _) | Node::IsNull(key) => keys.push(key),
            }
        }
        let mut keys = Vec::new();
        walk(&self.node, &mut keys);
        keys
    }
}

/// Three-valued logic: `None` is unknown.
fn evaluate<'a>(node: &Node, look_up: &dyn Fn(&str) -> Option<&'a str>) -> Option<bool> {
    match node {
        Node::Or(a, b) => match (evaluate(a, look_up), evaluate(b, look_up)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Node::And(a, b) => match (evaluate(a, look_up), evaluate(b, look_up)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Node::Not(a) => evaluate(a, look_up).map(|value| !value),
        Node::IsNull(key) => Some(look_up(key).is_none()),
        Node::In(key, literals) => {
            let value = look_up(key)?;
            Some(literals.iter().any(|literal| compare(value, Comparison::Eq, literal)))
        }
        Node::Compare(key, comparison, literal) => Some(compare(look_up(key)?, *comparison, literal)),
    }
}

fn compare(value: &str, comparison: Comparison, literal: &Literal) -> bool {
    let ordering = match literal {
        Literal::Number(number) => match value.trim().parse::<f64>() {
            Ok(parsed) => parsed.partial_cmp(number),
            Err(_) => None,
        },
        Literal::Text(text) => Some(value.cmp(text.as_str())),
    };
    match (ordering, comparison) {
        (None, comparison) => comparison == Comparison::Ne,
        (Some(o), Comparison::Eq) => o.is_eq(),
        (Some(o), Comparison::Ne) => o.is_ne(),
        (Some(o), Comparison::Lt) => o.is_lt(),
        (Some(o), Comparison::Le) => o.is_le(),
        (Some(o), Comparison::Gt) => o.is_gt(),
        (Some(o), Comparison::Ge) => o.is_ge(),
    }
}

impl FromStr for SliceExpr {
    type Err = SliceError;

    fn from_str(source: &str) -> Result<Self, Self::Err> {
        let mut parser = Parser { source, rest: source, depth: 0 };
        let node = parser.or()?;
        parser.skip_space();
        if parser.rest.is_empty() {
            Ok(Self { source: source.to_owned(), node })
        } else {
            Err(parser.error("`and`, `or` or the end was expected"))
        }
    }
}

struct Parser<'a> {
    source: &'a str,
    rest: &'a str,
    depth: u32,
}

impl<'a> Parser<'a> {
    fn error(&self, message: &str) -> SliceError {
        SliceError {
            source_text: self.source.to_owned(),
            message: message.to_owned(),
            position: self.source.len() - self.rest.len() + 1,
        }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        self.skip_space();
        if let Some(rest) = self.rest.strip_prefix(symbol) {
            self.rest = rest;
            return true;
        }
        false
    }

    fn keyword(&mut self, word: &str) -> bool {
        self.skip_space();
        let Some(head) = self.rest.get(..word.len()) else { return false };
        let after = &self.rest[word.len()..];
        if head.eq_ignore_ascii_case(word) && !after.starts_with(is_word) {
            self.rest = after;
            return true;
        }
        false
    }

    fn or(&mut self) -> Result<Node, SliceError> {
        let mut left = self.and()?;
        while self.keyword("or") {
            left = Node::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Node, SliceError> {
        let mut left = self.not()?;
        while self.keyword("and") {
            left = Node::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Node, SliceError> {
        // Hostile nesting must not overflow the stack.
        self.depth += 1;
        if self.depth > 64 {
            return Err(self.error("too deeply nested"));
        }
        let node = if self.keyword("not") {
            Node::Not(Box::new(self.not()?))
        } else if self.symbol("(") {
            let inner = self.or()?;
            if !self.symbol(")") {
                return Err(self.error("`)` was expected"));
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn comparison(&mut self) -> Result<Node, SliceError> {
        let key = self.word().ok_or_else(|| self.error("a metadata key was expected"))?.to_owned();
        if self.keyword("is") {
            let negated = self.keyword("not");
            if !self.keyword("null") {
                return Err(self.error("`null` was expected"));
            }
            let node = Node::IsNull(key);
            return Ok(if negated { Node::Not(Box::new(node)) } else { node });
        }
        if self.keyword("in") {
            if !self.symbol("(") {
                return Err(self.error("`(` was expected"));
            }
            let mut literals = vec![self.literal()?];
            while self.symbol(",") {
                literals.push(self.literal()?);
            }
            if !self.symbol(")") {
                return Err(self.error("`,` or `)` was expected"));
            }
            return Ok(Node::In(key, literals));
        }
        let comparison = [
            ("!=", Comparison::Ne),
            ("<>", Comparison::Ne),
            ("<=", Comparison::Le),
            (">=", Comparison::Ge),
            ("==", Comparison::Eq),
            ("=", Comparison::Eq),
            ("<", Comparison::Lt),
            (">", Comparison::Gt),
        ]
        .into_iter()
        .find_map(|(symbol, comparison)| self.symbol(symbol).then_some(comparison))
        .ok_or_else(|| self.error("a comparison such as `=` was expected"))?;
        Ok(Node::Compare(key, comparison, self.literal()?))
    }

    fn word(&mut self) -> Option<&'a str> {
        self.skip_space();
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        (!word.is_empty()).then(|| {
            self.rest = rest;
            word
        })
    }

    fn literal(&mut self) -> Result<Literal, SliceError> {
        self.skip_space();
        for quote in ['\'', '"'] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let Some(end) = rest.find(quote) else { return Err(self.error("the quote is not closed")) };
                self.rest = &rest[end + 1..];
                return Ok(Literal::Text(rest[..end].to_owned()));
            }
        }
        let before = self.rest;
        match self.word() {
            Some(word @ ("true" | "false")) => Ok(Literal::Text(word.to_owned())),
            Some(word) => word.parse().map(Literal::Number).map_err(|_| {
                self.rest = before;
                self.error("a number or a quoted text was expected")
            }),
            None => Err(self.error("a value was expected")),
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+')
}

impl fmt::Display for SliceExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Serialize for SliceExpr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for SliceExpr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for SliceExpr {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SliceExpression".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A predicate over case metadata.",
            "type": "string",
            "examples": ["language = 'de' and tier = 1", "difficulty in ('hard', 'expert')"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(expression: &str, metadata: &[(&'static str, &'static str)]) -> bool {
        let metadata = metadata.to_vec();
        let look_up = move |key: &str| metadata.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        expression.parse::<SliceExpr>().unwrap().matches(&look_up)
    }

    #[test]
    fn predicates_read_like_sql() {
        let case = [("language", "de"), ("tier", "1"), ("length", "12.5")];
        assert!(holds("language = 'de' and tier = 1", &case));
        assert!(holds("language in ('fr', \"de\") and length > 12", &case));
        assert!(holds("not (tier >= 2) or language = 'x'", &case));
        assert!(holds("owner is null and tier is not null", &case));
        assert!(!holds("language != 'de'", &case));
    }

    #[test]
    fn a_missing_key_is_in_no_slice_even_under_not() {
        assert!(!holds("owner = 'a'", &[]));
        assert!(!holds("not owner = 'a'", &[]));
    }

    #[test]
    fn errors_name_the_character() {
        let error = "tier = ".parse::<SliceExpr>().unwrap_err().to_string();
        assert!(error.contains("at character 8"), "{error}");
        assert!("tier = 1 language = 2".parse::<SliceExpr>().is_err());
        assert!("tier = de".parse::<SliceExpr>().is_err());
        assert!("(".repeat(5000).parse::<SliceExpr>().is_err());
    }

    proptest! {
        #[test]
        fn any_text_parses_or_fails_without_panic(text in ".{0,80}") {
            let _ = text.parse::<SliceExpr>();
        }
    }
}
