//! The OpenAPI document, made from the list of endpoints and the types of their functions.
//!
//! The crates that make such documents bring another version of `schemars` than the one that suites and policies use, and
//! know nothing of who may call what; the document is a walk over the list.

use axum::http::StatusCode;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::access::Role;
use crate::answers::Made;
use crate::api::session::Sent;
use crate::body::{Answer, Begun, Data, Done, File, Input, Once, Raw, With};
use crate::endpoint::{Asked, Endpoint};
use crate::openapi::parts;
use crate::problem::Problem;

/// What the document says of an endpoint's types.
pub struct Types {
    query: fn(&mut SchemaGenerator) -> Schema,
    body: fn(&mut SchemaGenerator) -> Option<OfBody>,
    answer: fn(&mut SchemaGenerator) -> Described,
}

impl Types {
    /// Those of a function.
    pub fn of<Q: Asked, B: Input, T: Answer>() -> Self {
        Self { query: Q::json_schema, body: B::describe_input, answer: T::describe_answer }
    }

    /// Those of a function that makes the response itself.
    pub fn answering<T: Answer>(self) -> Self {
        Self { answer: T::describe_answer, ..self }
    }
}

/// The content type and schema of a body.
type OfBody = (&'static str, Option<Schema>);

/// What the document says of an answer.
pub struct Described {
    status: StatusCode,
    content: Option<&'static str>,
    schema: Option<Schema>,
}

/// What the document says of a type that functions answer with.
pub trait OfAnswer {
    /// Its status, content type and schema.
    fn describe_answer(schemas: &mut SchemaGenerator) -> Described;
}

impl<T: JsonSchema> OfAnswer for Data<T> {
    fn describe_answer(schemas: &mut SchemaGenerator) -> Described {
        let schema = Some(schemas.subschema_for::<T>());
        Described { status: StatusCode::OK, content: Some("application/json"), schema }
    }
}

impl<T: JsonSchema> OfAnswer for Once<T> {
    fn describe_answer(schemas: &mut SchemaGenerator) -> Described {
        Data::<T>::describe_answer(schemas)
    }
}

impl<T: JsonSchema> OfAnswer for Made<T> {
    fn describe_answer(schemas: &mut SchemaGenerator) -> Described {
        Data::<T>::describe_answer(schemas)
    }
}

impl<T: OfAnswer> OfAnswer for With<T> {
    fn describe_answer(schemas: &mut SchemaGenerator) -> Described {
        T::describe_answer(schemas)
    }
}

impl<T: JsonSchema> OfAnswer for Begun<T> {
    fn describe_answer(schemas: &mut SchemaGenerator) -> Described {
        Described { status: StatusCode::ACCEPTED, ..Data::<T>::describe_answer(schemas) }
    }
}

impl OfAnswer for Done {
    fn describe_answer(_: &mut SchemaGenerator) -> Described {
        Described { status: StatusCode::NO_CONTENT, content: None, schema: None }
    }
}

impl OfAnswer for Raw {
    fn describe_answer(_: &mut SchemaGenerator) -> Described {
        Described { status: StatusCode::OK, content: Some("application/octet-stream"), schema: None }
    }
}

impl OfAnswer for Sent {
    fn describe_answer(_: &mut SchemaGenerator) -> Described {
        Described { status: StatusCode::FOUND, content: None, schema: None }
    }
}

/// What the document says of a type that functions take as a body.
pub trait OfInput {
    /// Its content type and schema, if there is a body.
    fn describe_input(schemas: &mut SchemaGenerator) -> Option<OfBody>;
}

impl OfInput for () {
    fn describe_input(_: &mut SchemaGenerator) -> Option<OfBody> {
        None
    }
}

impl<T: JsonSchema> OfInput for Data<T> {
    fn describe_input(schemas: &mut SchemaGenerator) -> Option<OfBody> {
        Some(("application/json", Some(schemas.subschema_for::<T>())))
    }
}

impl OfInput for File {
    fn describe_input(_: &mut SchemaGenerator) -> Option<OfBody> {
        Some(("application/octet-stream", None))
    }
}

/// OpenAPI 3.1 of the endpoints.
fn document(endpoints: &[Endpoint]) -> Value {
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
        let types = &endpoint.types;
        let (query, body, of_answer) =
            ((types.query)(&mut asked), (types.body)(&mut asked), (types.answer)(&mut schemas));
        let mut parameters: Vec<Value> = parts(endpoint.path)
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        parameters.extend(of_query(query.as_value()));
        let mut answer = json!({"description": of_answer.status.canonical_reason().unwrap_or("Done")});
        let file = json!({"schema": {"type": "string", "format": "binary"}});
        let mut contents: Map<String, Value> =
            endpoint.files.iter().map(|content| ((*content).to_owned(), file.clone())).collect();
        match (of_answer.content, &of_answer.schema) {
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
                of_answer.status.as_str(): answer,
                "default": {
                    "description": "A problem (RFC 9457)",
                    "content": {"application/problem+json": {"schema": problem}},
                },
            },
            "x-access": endpoint.access,
            "x-roles": Role::ALL.iter().filter(|role| endpoint.access.allows(&[**role])).collect::<Vec<_>>(),
        });
        if let Some((content, schema)) = body {
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
    assert!(clashes.is_empty(), "each of these names stands for two types, rename one of them: {clashes:?}");
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

/// The page's client and the Python client are made from this file, and the server answers with it.
#[test]
fn the_document_of_the_api_is_the_one_that_is_kept() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let mut text = serde_json::to_string_pretty(&document(&crate::api::endpoints())).unwrap();
    text.push('\n');
    if std::env::var_os("ASSAY_WRITE_DOCS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == text, "openapi.json is of another version: ASSAY_WRITE_DOCS=1 writes it anew");
}
