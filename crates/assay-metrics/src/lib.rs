//! Metrics as pure functions: text, structure, retrieval, tool calls, classification, forecasts, anomalies, fairness.
//! No I/O, no state.
//!
//! | module | holds | reference |
//! |---|---|---|
//! | [`answer`] | SQuAD exact match and F1 | the SQuAD evaluation script |
//! | [`bleu`], [`chrf`], [`ter`] | BLEU, chrF, chrF++, TER: sentence and corpus | sacrebleu 2.6 |
//! | [`word_errors`] | WER, MER, WIL, CER | jiwer 4 |
//! | [`meteor`] | METEOR with exact and stem matches | NLTK 3.10 |
//! | [`corpus`] | sums of counts, and without each segment | – |
//! | [`tokens`] | tokenisers | sacrebleu 2.6 |
//! | [`rouge`] | ROUGE-N, -L and -Lsum | rouge-score 0.1.2 |
//! | [`stem`] | Porter's stemmer | NLTK 3.10 |
//! | [`contamination`] | n-gram overlap of cases with a corpus | brute force |
//! | [`distance`] | Levenshtein, Jaro–Winkler, token ratios | rapidfuzz 3.14 |
//! | [`near_duplicates`] | MinHash, LSH and exact Jaccard | datasketch 2.0 |
//! | [`extraction`] | field-level precision, recall and F1 | scipy (assignment) |
//! | [`number`] | numbers in texts | – |
//! | [`structure`] | JSON compared field by field | – |
//! | [`ranking`] | precision, recall, MRR, nDCG, average precision, bpref, infAP, ERR, RBP, α-nDCG | trec_eval, ir-measures |
//! | [`retrieval`] | judgements and runs in the formats of trec_eval, means over queries | trec_eval |
//! | [`tools`] | tool calls | – |
//! | [`classification`] | confusion, P/R/F1, MCC, AUC, AP, log loss, Brier, ECE, multilabel | scikit-learn 1.9 |
//! | [`entities`] | tag schemes, entity and span matching | seqeval 1.2, nervaluate 1.2 |
//! | [`forecasting`] | errors, pinball, CRPS, WIS, PIT | scikit-learn, utilsforecast, scoringrules |
//! | [`anomaly`] | events, point adjustment, affiliation, NAB, VUS | vus 0.0.6, numpy |
//! | [`fairness`] | parity, odds and opportunity gaps between groups | fairlearn 0.15 |

pub mod anomaly;
pub mod answer;
pub mod bleu;
pub mod chrf;
pub mod classification;
pub mod contamination;
pub mod corpus;
pub mod distance;
pub mod entities;
pub mod extraction;
pub mod fairness;
pub mod forecasting;
mod grams;
pub mod meteor;
pub mod near_duplicates;
pub mod number;
pub mod ranking;
pub mod retrieval;
pub mod rouge;
pub mod stem;
pub mod structure;
pub mod ter;
pub mod tokens;
pub mod tools;
pub mod word_errors;
