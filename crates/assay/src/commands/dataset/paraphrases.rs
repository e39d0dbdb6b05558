//! Cases whose meaning is near a passage of a corpus, by the embeddings of a model: candidates for somebody to look at.

use assay_models::Caller;
use assay_models::embeddings::embeddings;
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use serde_json::json;

use super::super::Failure;
use crate::calls::{CONCURRENCY, Model};
use assay_home::usage;

/// Texts of one call.
const AT_ONCE: usize = 64;
/// Characters of a passage; longer documents are several.
const PASSAGE: usize = 2_000;

/// The passage that is nearest to a case.
#[derive(Serialize)]
pub struct Nearest {
    /// The cosine of the angle between their embeddings.
    pub cosine: f32,
    /// How the passage begins.
    pub passage: String,
}

/// Cuts a document into passages at white space.
pub fn passages(document: &str, each: &mut dyn FnMut(String)) {
    let mut rest = document.trim();
    while !rest.is_empty() {
        let most = rest.char_indices().nth(PASSAGE).map_or(rest.len(), |(at, _)| at);
        let end = if most < rest.len() {
            rest[..most].rfind(char::is_whitespace).filter(|at| *at > most / 2).unwrap_or(most)
        } else {
            most
        };
        each(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
}

/// The nearest passage of each text; `None` for a text that is not to be looked at. All texts and passages are embedded.
pub async fn nearest(
    model: &Model,
    most_calls: u64,
    texts: &[Option<String>],
    passages: &[String],
) -> Result<Vec<Option<Nearest>>, Failure> {
    let short = |text: &String| text.chars().take(PASSAGE).collect::<String>();
    let asked: Vec<String> = texts.iter().flatten().map(short).collect();
    let calls = asked.len().div_ceil(AT_ONCE) + passages.len().div_ceil(AT_ONCE);
    if calls as u64 > most_calls {
        return Err(usage(format!(
            "{} cases and {} passages take {calls} calls: say `--max-calls {calls}`, or name a smaller corpus",
            asked.len(),
            passages.len()
        )));
    }
    let mut own = embed(model, &asked).await?.into_iter();
    let vectors: Vec<Option<Vec<f32>>> = texts.iter().map(|text| text.as_ref().and_then(|_| own.next())).collect();
    let mut found: Vec<Option<Nearest>> = texts.iter().map(|_| None).collect();
    // A lot at a time, so that the corpus' vectors are not kept.
    for lot in passages.chunks(AT_ONCE * CONCURRENCY) {
        for (passage, of) in lot.iter().zip(embed(model, lot).await?) {
            for (best, vector) in found.iter_mut().zip(&vectors) {
                let Some(vector) = vector else { continue };
                if vector.len() != of.len() {
                    return Err("the model gave embeddings of several lengths".into());
                }
                let cosine: f32 = vector.iter().zip(&of).map(|(a, b)| a * b).sum();
                if best.as_ref().is_none_or(|best| cosine > best.cosine) {
                    *best = Some(Nearest { cosine, passage: passage.chars().take(160).collect() });
                }
            }
        }
    }
    Ok(found)
}

/// Embeddings of length 1.
async fn embed(model: &Model, texts: &[String]) -> Result<Vec<Vec<f32>>, Failure> {
    let target = &*model.built.target;
    let caller = model.caller();
    let calls = texts.chunks(AT_ONCE).map(|lot| {
        let payload = json!({"input": lot});
        async move {
            let called = caller.call(target, &payload, 0).await;
            called.result.and_then(|reply| embeddings(&reply.output))
        }
    });
    let lots: Vec<Vec<Vec<f32>>> =
        futures::stream::iter(calls.collect::<Vec<_>>()).buffered(CONCURRENCY).try_collect().await?;
    let unit = |vector: Vec<f32>| {
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.into_iter().map(|x| if length > 0.0 { x / length } else { 0.0 }).collect()
    };
    Ok(lots.into_iter().flatten().map(unit).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_long_document_is_several_passages_that_lose_no_word() {
        let words: Vec<String> = (0..2_000).map(|i| format!("wörd{i}")).collect();
        let mut found = Vec::new();
        super::passages(&format!(" {}\n", words.join(" ")), &mut |passage| found.push(passage));
        assert!(found.len() > 5 && found.iter().all(|passage| passage.chars().count() <= super::PASSAGE));
        assert_eq!(found.join(" "), words.join(" "));
        found.clear();
        super::passages(&"x".repeat(4_500), &mut |passage| found.push(passage));
        assert_eq!(found.iter().map(String::len).collect::<Vec<_>>(), [2_000, 2_000, 500]);
    }
}
