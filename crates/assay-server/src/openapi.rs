//! The OpenAPI document, made from the list of endpoints and the types of their functions.
//!
//! The crates that make such documents bring another version of `schemars` than the one that suites and policies use, and
//! know nothing of who may call what; the document is a walk over the list.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::access::Role;
use crate::endpoint::Endpoint;
use crate::problem::Problem;

/// OpenAPI 3.1 of the endpoints.
pub fn document(endpoints: &[Endpoint]) -> Value {
    let settings = || {
        SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
    };
    // What is asked may leave out what has a default; what is answered has it always.
    let mut asked = SchemaGenerator::new(settings().for_deserialize());
    let mut schemas = SchemaGenerator::new(settings().for_serialize());
    let problem = schemas.subschema_for::<Problem>();
    let mut paths = Map::new();
    for endpoint in endpoints {
        let mut types = (endpoint.types)(&mut asked, &mut schemas);
        if let Some(answers) = endpoint.answers {
            types.answer = answers(&mut schemas);
        }
        let mut parameters: Vec<Value> = parts(endpoint.path)
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        parameters.extend(of_query(types.query.as_value()));
        let mut answer = json!({"description": types.answer.status.canonical_reason().unwrap_or("Done")});
        let file = json!({"schema": {"type": "string", "format": "binary"}});
        let mut contents: Map<String, Value> =
            endpoint.files.iter().map(|content| ((*content).to_owned(), file.clone())).collect();
        match (types.answer.content, &types.answer.schema) {
            (Some(content), Some(schema)) => drop(contents.insert(content.to_owned(), json!({"schema": schema}))),
            (Some(content), None) if contents.is_empty() => drop(contents.insert(content.to_owned(), file)),
            _ => {}
        }
        if !contents.is_empty() {
            answer["content"] = contents.into();
        }
        let mut operation = json!({
            "operationId": endpoint.id,
            "summary": endpoint.summary,
            "tags": [endpoint.path.split('/').nth(3).unwrap_or("server")],
            "parameters": parameters,
            "responses": {
                types.answer.status.as_str(): answer,
                "default": {
                    "description": "A problem (RFC 9457)",
                    "content": {"application/problem+json": {"schema": problem}},
                },
            },
            "x-access": endpoint.access,
            "x-roles": Role::ALL.iter().filter(|role| endpoint.access.allows(&[**role])).collect::<Vec<_>>(),
        });
        if let Some((content, schema)) = types.body {
            let schema = schema.map_or(json!({"type": "string", "format": "binary"}), |schema| json!(schema));
            operation["requestBody"] = json!({"required": true, "content": {content: {"schema": schema}}});
        }
        if endpoint.access == crate::access::Access::Public {
            operation["security"] = json!([]);
        }
        let of_path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        of_path[endpoint.method.as_str().to_lowercase()] = operation;
    }
    // Names that are both asked and answered are described as they are answered, which fits what is asked too.
    let mut components = asked.take_definitions(true);
    let answered = schemas.take_definitions(true);
    let differs = |(name, asked): (&String, &Value)| {
        answered.get(name).filter(|answered| shape(asked) != shape(answered)).map(|_| name.clone())
    };
    let clashes: Vec<String> = components.iter().filter_map(differs).collect();
    debug_assert!(clashes.is_empty(), "each of these names stands for two types, rename one of them: {clashes:?}");
    components.extend(answered);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Assay",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What a workspace holds, and what can be done with it. Times are UTC microseconds since 1970, \
                            money is in nano-dollars.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "assay_session",
                            "description": "With the server's port behind it, and `__Host-` before it behind TLS."},
                "key": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{"session": []}, {"key": []}],
    })
}

/// What tells one type from another: its fields and values.
fn shape(schema: &Value) -> (Vec<&String>, Vec<&Value>) {
    let fields = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name).collect();
    let values = schema["enum"].as_array().into_iter().chain(schema["oneOf"].as_array()).flatten();
    (fields, values.map(|value| value.get("const").unwrap_or(value)).collect())
}

/// The names in a path.
pub fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// The parameters of a query, from the schema of its type.
fn of_query(schema: &Value) -> Vec<Value> {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let mut parameter = json!({"name": name, "in": "query", "required": required.contains(&name.as_str()),
                                       "schema": schema});
            if let Some(about) = about {
                parameter["description"] = about;
            }
            parameter
        })
        .collect()
}
