//! Metrics as pure functions: text, numbers, structure, retrieval, tool calls. No I/O, no state.
//!
//! | module | holds | reference |
//! |---|---|---|
//! | [`answer`] | SQuAD exact match and F1 | the SQuAD evaluation script |
//! | [`overlap`] | BLEU, chrF, ROUGE | sacrebleu 2.6, rouge-score 0.1.2 |
//! | [`distance`] | Levenshtein, Jaro–Winkler | rapidfuzz 3.14 |
//! | [`number`] | numbers in texts | – |
//! | [`structure`] | JSON compared field by field | – |
//! | [`ranking`] | precision, recall, MRR, nDCG, average precision | trec_eval |
//! | [`tools`] | tool calls | – |

pub mod answer;
pub mod distance;
pub mod number;
pub mod overlap;
pub mod ranking;
pub mod structure;
pub mod tools;
