//! Writes YAML 1.2 that YAML 1.1 readers (PyYAML) understand alike.

use serde_json::{Map, Value};

/// A value as a YAML document in block style.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => block_map(fields, 0, &mut out),
        Value::Array(items) if !items.is_empty() => block_list(items, 0, &mut out),
        other => {
            scalar(other, &mut out);
            out.push('\n');
        }
    }
    out
}

/// One item of a block list at the left margin.
pub(crate) fn item(value: &Value) -> String {
    let mut out = String::new();
    block_list(std::slice::from_ref(value), 0, &mut out);
    out
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn block_map(fields: &Map<String, Value>, depth: usize, out: &mut String) {
    for (i, (key, value)) in fields.iter().enumerate() {
        // The first key stands behind the dash or at the margin already.
        if i > 0 {
            indent(depth, out);
        }
        string(key, out);
        out.push(':');
        nested(value, depth + 1, out);
    }
}

fn block_list(items: &[Value], depth: usize, out: &mut String) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            indent(depth, out);
        }
        out.push('-');
        match item {
            Value::Object(fields) if !fields.is_empty() => {
                out.push(' ');
                block_map(fields, depth + 1, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push(' ');
                block_list(items, depth + 1, out);
            }
            other => {
                out.push(' ');
                scalar(other, out);
                out.push('\n');
            }
        }
    }
}

fn nested(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            out.push('\n');
            indent(depth, out);
            block_map(fields, depth, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            indent(depth, out);
            block_list(items, depth, out);
        }
        other => {
            out.push(' ');
            scalar(other, out);
            out.push('\n');
        }
    }
}

fn scalar(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => string(text, out),
        // A number without a point but with an exponent is a text to YAML 1.1.
        Value::Number(number) if number.is_f64() => {
            let text = number.to_string();
            match text.split_once('e') {
                Some((mantissa, exponent)) => {
                    out.push_str(mantissa);
                    if !mantissa.contains('.') {
                        out.push_str(".0");
                    }
                    out.push('e');
                    if !exponent.starts_with(['-', '+']) {
                        out.push('+');
                    }
                    out.push_str(exponent);
                }
                None => out.push_str(&text),
            }
        }
        // Empty lists and objects, booleans, null and whole numbers are the same as in JSON.
        other => out.push_str(&other.to_string()),
    }
}

/// Plain where no reader can take it for anything else, else in double quotes with JSON's escapes.
fn string(text: &str, out: &mut String) {
    let mut bytes = text.bytes();
    let plain = text.len() <= 60
        && bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_' | b'-' | b'.' | b'/'))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" | "null" | "nan" | "inf"
        );
    if plain {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // What YAML calls not printable, and the line breaks of YAML 1.1 (§5.1, §5.4).
            '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e18..1e18f64).prop_map(Value::from),
            "[ -~\n\t\u{85}\u{2028}é#:'\"\\\\]{0,12}".prop_map(Value::from),
            prop_oneof![Just("yes"), Just("1.0"), Just("0x1f"), Just("- a"), Just("~"), Just("")].prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[ -~]{0,8}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in values()) {
            let wrapped = serde_json::json!({"v": value});
            let text = text(&wrapped);
            let (back, _) = assay_suite::Source::parse(Path::new("x.yaml"), text.clone())
                .map_err(|(problems, _)| TestCaseError::fail(format!("{problems:?} in\n{text}")))?;
            prop_assert_eq!(back, wrapped, "{}", text);
        }
    }
}
