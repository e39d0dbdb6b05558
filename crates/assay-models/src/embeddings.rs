//! Embeddings as OpenAI's API and every compatible server give them. An embedder is a target like others, so that its calls
//! go through the same limits, retries and budget; it stands in no suite.

use std::sync::Arc;

use assay_core::{Case, Digest, ErrorKind, Output, Usage};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::chat::{Prepared, default_prompt};
use crate::openai::PROVIDER;
use crate::registry::Config;
use crate::target::{BuildContext, CallError, Problems, Reply, Target, Traits};

struct Embedder(Prepared);

/// Builds an embedder; its payload is `{"input": [text, …]}`.
///
/// # Errors
/// Everything that is wrong with its configuration.
pub(crate) fn build(config: &Config, context: &BuildContext) -> Result<Arc<dyn Target>, Problems> {
    let mut prepared = Prepared::new(config, context, &PROVIDER, |_| "/embeddings".to_owned())?;
    // Nothing is written: a budget need not set an answer aside.
    prepared.traits.max_output_tokens = Some(0);
    prepared.traits.fingerprint = Digest::of_json(&("embeddings", prepared.traits.fingerprint));
    Ok(Arc::new(Embedder(prepared)))
}

#[async_trait]
impl Target for Embedder {
    fn traits(&self) -> &Traits {
        &self.0.traits
    }

    fn prepare(&self, case: &Case) -> Result<Value, CallError> {
        Ok(json!({"input": [default_prompt(case)]}))
    }

    async fn preflight(&self) -> Result<(), CallError> {
        self.0.preflight()
    }

    async fn call(&self, payload: &Value) -> Result<Reply, CallError> {
        let body = json!({"model": self.0.chat.model, "input": payload["input"], "encoding_format": "float"});
        let answer = self.0.endpoint.post(&body).await?;
        let wanted = payload["input"].as_array().map_or(0, Vec::len);
        let mut vectors = vec![Value::Null; wanted];
        for (at, one) in answer["data"].as_array().into_iter().flatten().enumerate() {
            let index = one["index"].as_u64().map_or(at, |index| usize::try_from(index).unwrap_or(usize::MAX));
            if let (Some(place), Value::Array(vector)) = (vectors.get_mut(index), &one["embedding"]) {
                *place = Value::Array(vector.clone());
            }
        }
        let mut output = Output { value: Value::Array(vectors), ..Output::default() };
        // What is missing is no zero vector.
        embeddings(&output)?;
        let tokens = answer["usage"]["prompt_tokens"].as_u64();
        output.usage = Usage { input_tokens: tokens, ..Usage::default() };
        Ok(Reply { output, ttft: None })
    }
}

/// The vectors in an embedder's answer, one for each text, all of one length.
///
/// # Errors
/// A text without a vector, vectors of several lengths, or a number that is none.
pub fn embeddings(output: &Output) -> Result<Vec<Vec<f32>>, CallError> {
    let bad =
        || CallError::new(ErrorKind::BadResponse, "the answer does not hold an embedding of one length for each text");
    let rows = output.value.as_array().ok_or_else(bad)?;
    let number = |value: &Value| value.as_f64().map(|number| number as f32).filter(|number| number.is_finite());
    let vectors: Vec<Vec<f32>> =
        rows.iter().map(|row| row.as_array()?.iter().map(number).collect()).collect::<Option<_>>().ok_or_else(bad)?;
    let length = vectors.first().map_or(0, Vec::len);
    if vectors.iter().any(|vector| vector.is_empty() || vector.len() != length) { Err(bad()) } else { Ok(vectors) }
}
