"""Intervals, tests, power, agreement, rankings, sequential plans, drift: statistics of evaluations.

Arguments are NumPy arrays, pandas and Polars columns, Arrow arrays or plain sequences; a contiguous array of floats is
read where it is, without a copy, and other threads run meanwhile. A wrong type raises `TypeError`, wrong contents
`ValueError`, each with the argument's name. What is undefined, such as the correlation of a constant, is NaN.
"""

from __future__ import annotations

from assay._lazy import exports

# What `typing` has by this name takes longer to import than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from assay._results import Interval as Interval
    from assay._results import Significance as Significance
    from assay.stats._agreement import *
    from assay.stats._arena import *
    from assay.stats._benchmark import *
    from assay.stats._bootstrap import *
    from assay.stats._calibration import *
    from assay.stats._corrected import *
    from assay.stats._correlation import *
    from assay.stats._design import *
    from assay.stats._detectors import *
    from assay.stats._difference import *
    from assay.stats._drift import *
    from assay.stats._estimate import *
    from assay.stats._grade import *
    from assay.stats._icc import *
    from assay.stats._interleaving import *
    from assay.stats._items import *
    from assay.stats._judges import *
    from assay.stats._mean import *
    from assay.stats._multiplicity import *
    from assay.stats._online import *
    from assay.stats._paired import *
    from assay.stats._passk import *
    from assay.stats._power import *
    from assay.stats._proportion import *
    from assay.stats._quantile import *
    from assay.stats._quasi import *
    from assay.stats._rank import *
    from assay.stats._raters import *
    from assay.stats._sequential import *
    from assay.stats._slices import *
    from assay.stats._special import *
    from assay.stats._stream import *
    from assay.stats._vectors import *
    from assay.stats._verdict import *
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        {
            "._results": "Interval Significance",
            "_agreement": (
                "Alpha Coefficient Kappa RatingTable RawAgreement brennan_prediger cohen_kappa conger_kappa "
                "fleiss_kappa gwet_ac krippendorff_alpha rating_table raw_agreement specific_agreement"
            ),
            "_arena": "Player Ranking bradley_terry elo",
            "_benchmark": (
                "Anchored Irt Ladder Looks anchored_mean canary canary_exposure canary_rank find_canaries irt_fit "
                "marked_difference"
            ),
            "_bootstrap": "Bootstrap Jackknife bootstrap delete_one jackknife jackknife_interval studentised_bootstrap",
            "_calibration": (
                "Brier CalibrationError Corrected PlattScaling PositionBias PredictionPowered RiskCoverage "
                "brier_decomposition calibration_error conformal_quantile double_sampling flip_rate "
                "isotonic_regression label_multiplier labels_needed platt_scaling position_bias ppi_mean "
                "risk_coverage rogan_gladen temperature_scaling"
            ),
            "_corrected": "Correction corrected_difference corrected_level",
            "_correlation": (
                "AgreementDifference Correlation DependentCorrelations attenuation correlation_interval "
                "dependent_correlations disattenuated kendall metric_agreement metric_agreement_difference "
                "pairwise_accuracy pairwise_p pearson soft_pairwise_accuracy spearman"
            ),
            "_design": (
                "Assignment Pace RatingSpeed Run Task alpha_variance assign_raters gold_items_for items_for_alpha "
                "items_for_shared longest_run overlap_counts rating_speed suspension_chance"
            ),
            "_detectors": (
                "ADWIN Backtest Baseline BernoulliCusum Chart Cusum DDM Detector Ewma KSWIN PageHinkley Shewhart "
                "baseline"
            ),
            "_difference": "Difference corpus_difference difference",
            "_drift": (
                "AndersonDarling CategoryTest Distance Distances KolmogorovSmirnov anderson_ksamp bin_counts "
                "category_test drift_distances evidently_default hellinger jensen_shannon ks_2samp psi psi_expected "
                "quantile_bins total_variation wasserstein_distance wasserstein_interval"
            ),
            "_estimate": "Level corpus_level level",
            "_grade": "JudgeGrade judge_grade",
            "_icc": "ICC icc",
            "_interleaving": (
                "Preference balanced_interleave interleaving_credit interleaving_preference probabilistic_interleave "
                "team_draft"
            ),
            "_items": "ItemStatistics Saturation item_analysis saturation",
            "_judges": (
                "Abstention Against AltTest Logistic Verbosity abstention_threshold active_mean alt_test "
                "effective_judges group_difference logistic_regression next_labels partial_correlation "
                "stratified_ppi_mean verbosity_bias"
            ),
            "_mean": (
                "ClusteredMean SandwichErrors Variances clustered_mean compensated_sum intraclass_correlation "
                "sandwich_errors variances"
            ),
            "_multiplicity": "MaxT benjamini_hochberg benjamini_yekutieli hochberg holm hommel max_t",
            "_online": (
                "AaCheck AdjustedEffect Arm Cuped Effect Lift SampleRatio aa_check cuped effect lift lin mean_arm "
                "ratio_arm sample_ratio two_proportions"
            ),
            "_paired": (
                "approximate_randomisation bonett_price mcnemar paired_bootstrap sign_flip tango tango_p_worse tango_z"
            ),
            "_passk": "pass_at_k pass_hat_k",
            "_power": (
                "all_pass_cases approximate_power best_repeats clustered_cases design_effect detectable_effect "
                "difference_sd paired_binary_cases paired_cases paired_power rate_cases unpaired_cases"
            ),
            "_proportion": (
                "agresti_caffo clopper_pearson jeffreys miettinen_nurminen miettinen_nurminen_z mover newcombe wilson "
                "zero_of_n_upper"
            ),
            "_quantile": "quantile quantile_difference quantile_interval",
            "_quasi": "AverageEffect DiffInDiff OffPolicy aipw diff_in_diff ipw off_policy",
            "_rank": "cliff_delta cohen_dz hodges_lehmann midranks wilcoxon",
            "_raters": (
                "DawidSkene GoldAccuracy Mace Severities Severity TwoWayMean Votes dawid_skene gold_accuracy mace "
                "majority_vote rater_severity raters_for_reliability spearman_brown two_way_mean"
            ),
            "_sequential": (
                "Look always_valid_p asymptotic_interval best_rho2 betting_interval boundaries conditional_power "
                "discordant_log_e e_bh error_spent log_capital merge_e_values msprt_log_e price_of_looking "
                "repeated_interval"
            ),
            "_slices": (
                "BestCandidate Discovery Pattern RateGap Shrinkage Shrunken WorstSlice best_of discover rate_gap "
                "shrink_means shrink_rates"
            ),
            "_special": (
                "beta_cdf beta_quantile beta_sf binomial_cdf binomial_pmf chi_square_sf gamma_sf ln_beta ln_gamma "
                "normal_cdf normal_pdf normal_quantile t_quantile t_sf"
            ),
            "_stream": (
                "Decomposition DieboldMariano Reservoir StreamMean diebold_mariano horvitz_thompson mstl robust_z stl"
            ),
            "_vectors": "DomainClassifier Mmd domain_classifier mmd_test",
            "_verdict": "Verdict critical_failures level_verdict no_regression",
        },
    )
