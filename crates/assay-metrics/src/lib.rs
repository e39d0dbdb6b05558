//! Metrics as pure functions: text, numbers, structure, retrieval, tool calls. No I/O, no state.
//!
//! | module | holds | reference |
//! |---|---|---|
//! | [`answer`] | SQuAD exact match and F1 | the SQuAD evaluation script |
//! | [`overlap`] | BLEU, chrF | sacrebleu 2.6 |
//! | [`rouge`] | ROUGE-N, -L and -Lsum | rouge-score 0.1.2 |
//! | [`stem`] | Porter's stemmer | NLTK 3.10 |
//! | [`distance`] | Levenshtein, Jaro–Winkler, token ratios | rapidfuzz 3.14 |
//! | [`extraction`] | field-level precision, recall and F1 | scipy (assignment) |
//! | [`number`] | numbers in texts | – |
//! | [`structure`] | JSON compared field by field | – |
//! | [`ranking`] | precision, recall, MRR, nDCG, average precision | trec_eval |
//! | [`tools`] | tool calls | – |

pub mod answer;
pub mod distance;
pub mod extraction;
pub mod number;
pub mod overlap;
pub mod ranking;
pub mod rouge;
pub mod stem;
pub mod structure;
pub mod tools;
