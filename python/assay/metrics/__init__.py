"""Text, retrieval, classification, entity, forecast, anomaly and fairness metrics.

Texts are one text or a column of them (a list, a NumPy array, a pandas or Polars column, an Arrow array): one text
gives a number, a column an array. Columns are read and counted while other threads run. A wrong type raises
`TypeError`, wrong contents `ValueError`, each with the argument's name.
"""

from __future__ import annotations

from assay._lazy import exports

# What `typing` has by this name takes longer to import than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from assay.metrics._anomaly import *
    from assay.metrics._classification import *
    from assay.metrics._confusion import *
    from assay.metrics._corpus import *
    from assay.metrics._distance import *
    from assay.metrics._entities import *
    from assay.metrics._fairness import *
    from assay.metrics._forecasting import *
    from assay.metrics._multilabel import *
    from assay.metrics._overlap import *
    from assay.metrics._probabilities import *
    from assay.metrics._records import *
    from assay.metrics._retrieval import *
    from assay.metrics._speech import *
    from assay.metrics._text import *
    from assay.metrics._translation import *
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        {
            "_anomaly": (
                "AnomalyScores Vus adjusted_f1_area affiliation_scores anomaly_events detection_delays event_scores "
                "nab_score point_scores vus"
            ),
            "_classification": (
                "ClassScores ClassificationReport classification_report f1_score jaccard_score precision_score "
                "recall_score"
            ),
            "_confusion": (
                "ConfusionMatrix accuracy_score balanced_accuracy_score cohen_kappa_score confusion_matrix "
                "matthews_corrcoef"
            ),
            "_corpus": "CorpusScore interval",
            "_distance": (
                "cdist damerau_levenshtein jaro jaro_winkler lcs_similarity levenshtein levenshtein_similarity osa "
                "partial_ratio token_set_ratio token_sort_ratio"
            ),
            "_entities": "EntityScores Span SpanMatches entity_scores entity_spans match_spans",
            "_fairness": (
                "Gap GroupRates GroupTable OddsGap demographic_parity equal_opportunity equalized_odds group_rates "
                "predictive_parity"
            ),
            "_forecasting": (
                "Coverage PitHistogram bias crps_ensemble crps_normal interval_coverage interval_score mae mape mase "
                "pinball_loss pit_histogram rmse rmsse smape weighted_interval_score wmape"
            ),
            "_multilabel": (
                "MultilabelScores coverage_error label_ranking_average_precision_score label_ranking_loss "
                "multilabel_scores"
            ),
            "_overlap": "Contamination NearDuplicates Overlap contamination jaccard_similarity near_duplicates",
            "_probabilities": (
                "PrecisionRecallCurve ReliabilityDiagram RocCurve average_precision_score brier_score "
                "expected_calibration_error fpr_at_tpr log_loss precision_at_recall precision_recall_curve "
                "recall_at_precision reliability_diagram roc_auc_score roc_curve top_k_accuracy_score tpr_at_fpr"
            ),
            "_records": "FieldScores JsonComparison ToolCallScore compare_json field_scores find_json tool_calls",
            "_retrieval": (
                "Retrieval alpha_ndcg average_precision evaluate ndcg precision_at rank_measures read_qrels read_run "
                "recall_at reciprocal_rank"
            ),
            "_speech": "WordErrors cer mer wer wil word_errors",
            "_text": (
                "exact_match last_number meteor_score normalize_answer numbers_in_text rouge rouge_l rouge_lsum "
                "rouge_n token_f1"
            ),
            "_translation": "BleuScore corpus_bleu corpus_chrf corpus_ter sentence_bleu sentence_chrf sentence_ter",
        },
    )
