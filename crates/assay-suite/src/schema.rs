//! The JSON Schema for editors: completion and checks while typing.

use serde_json::{Value, json};

use crate::suite::File;

/// The schema of a suite file, with the schemas of one target, one scorer entry and one dataset put in. Draft
/// 2020-12.
pub fn schema(target: Value, scorer: Value, dataset: Value) -> Value {
    let mut schema = schemars::schema_for!(File).to_value();
    let definitions = [("Target", target), ("Scorer", scorer), ("Dataset", dataset)];
    if let Some(defs) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        for (name, mut value) in definitions {
            // Definitions of a part move up beside the others, where its references look for them.
            if let Some(Value::Object(inner)) = value.as_object_mut().and_then(|value| value.remove("$defs")) {
                defs.extend(inner);
            }
            if let Some(value) = value.as_object_mut() {
                value.remove("$schema");
            }
            defs.insert(name.to_owned(), value);
        }
    }
    let point = |name: &str| json!({"$ref": format!("#/$defs/{name}")});
    let list =
        |name: &str, text: &str| json!({"type": "array", "minItems": 1, "description": text, "items": point(name)});
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("dataset".into(), point("Dataset"));
        properties.insert("datasets".into(), list("Dataset", "Where cases come from."));
        properties.insert("target".into(), point("Target"));
        properties.insert("targets".into(), list("Target", "What is evaluated."));
        properties.insert("scorers".into(), list("Scorer", "How answers are scored."));
        properties.insert(
            "epochs".into(),
            json!({
                "description": "Repeats of each case.",
                "anyOf": [
                    {"type": "integer", "minimum": 1},
                    {
                        "type": "object",
                        "required": ["count"],
                        "additionalProperties": false,
                        "properties": {
                            "count": {"type": "integer", "minimum": 1},
                            "reduce": {"type": "array", "items": {"type": "string"},
                                       "description": "mean, median, mode, max, at_least_K, pass@K, pass^K"},
                        },
                    },
                ],
            }),
        );
        properties.insert(
            "prices".into(),
            json!({
                "description": "Dollars per million tokens by model id, before the built-in table.",
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "required": ["input", "output"],
                    "properties": {
                        "input": {"type": "number"}, "output": {"type": "number"}, "cached_input": {"type": "number"},
                    },
                },
            }),
        );
    }
    schema["oneOf"] = json!([{"required": ["target"]}, {"required": ["targets"]}]);
    schema
}
