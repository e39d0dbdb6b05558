//! The report as JUnit XML: one test case per case, errors apart from failures, unscored cases skipped.

use assay_analysis::scores::Fill;
use assay_analysis::{Arm, RunScores};
use assay_core::Reducer;
use quick_junit::{NonSuccessKind, Property, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};

use crate::{Report, numbers, plain};

/// The most cases of one file: some readers refuse larger ones.
const MOST_CASES: usize = 5_000;

/// Renders the report; `scores` holds the cases.
///
/// # Errors
/// A text that cannot be written as XML.
pub fn render(report: &Report, scores: &RunScores) -> Result<String, String> {
    let mut junit = JunitReport::new("assay");
    for target in 0..report.run.targets.len() {
        let arm = Arm { scores, target };
        let mut suite = TestSuite::new(format!("{}.{}", report.run.suite, plain(arm.name(), 100)));
        suite.add_property(Property::new("assay.run_id", report.run.id.to_string()));
        for row in report.summary.rows.iter().filter(|row| row.target == arm.name()) {
            let (value, range) = numbers::estimate(&row.estimate, row.score);
            suite.add_property(Property::new(format!("assay.{}", row.name()), format!("{value} ({range})")));
        }
        for case in 0..scores.cases.len().min(MOST_CASES) {
            suite.add_test_case(test_case(report, arm, case));
        }
        junit.add_test_suite(suite);
    }
    let mut gate = TestSuite::new("gate");
    for criterion in &report.gate.criteria {
        let status = match criterion.verdict.kind {
            assay_stats::VerdictKind::Pass => TestCaseStatus::success(),
            assay_stats::VerdictKind::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
            // What is skipped counts as no fault: only where the suite says so.
            assay_stats::VerdictKind::Inconclusive => match report.run.gate.on_inconclusive {
                assay_core::OnInconclusive::Block => TestCaseStatus::non_success(NonSuccessKind::Failure),
                assay_core::OnInconclusive::Warn => TestCaseStatus::skipped(),
            },
        };
        let mut case = TestCase::new(plain(&format!("{} [{}]", criterion.name, criterion.target), 300), status);
        case.set_classname("gate");
        case.status.set_type(criterion.verdict.kind.as_str());
        case.status.set_message(plain(&format!("{} {}", criterion.found, criterion.verdict.reasons.join("; ")), 1_000));
        gate.add_test_case(case);
    }
    if !report.gate.criteria.is_empty() {
        junit.add_test_suite(gate);
    }
    junit.to_string().map_err(|error| error.to_string())
}

fn test_case(report: &Report, arm: Arm<'_>, case: usize) -> TestCase {
    let scores = arm.scores;
    let (mut failed, mut scored, mut gated) = (Vec::new(), 0, 0);
    for (s, record) in scores.record.scorers.iter().enumerate() {
        let value = arm.value(case, s, Reducer::Mean, Fill::Available);
        scored += usize::from(value.is_some());
        if record.threshold.is_none() {
            continue;
        }
        gated += 1;
        if let Some((value, _)) = value
            && record.passes(value) == Some(false)
        {
            failed.push(format!("{} = {}", record.name, numbers::significant(value)));
        }
    }
    let id = scores.cases.id(case);
    let error = report.failing.iter().find(|f| f.case == id && f.target == arm.name() && f.value.is_none());
    let mut status = if !failed.is_empty() {
        TestCaseStatus::non_success(NonSuccessKind::Failure)
    } else if let Some(error) = error.filter(|_| scored == 0) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(plain(&format!("{}: {}", error.scorer, error.why), 1_000));
        status
    } else if scored == 0 {
        // No score at all: the target failed, or every scorer could not say.
        TestCaseStatus::non_success(NonSuccessKind::Error)
    } else if gated == 0 || scored < scores.record.scorers.len() {
        TestCaseStatus::skipped()
    } else {
        TestCaseStatus::success()
    };
    // A case without any threshold has nothing to fail: its scores are shown, not judged.
    if gated == 0 && scored > 0 {
        status = TestCaseStatus::success();
    }
    if !failed.is_empty() {
        status.set_message(failed.join(", "));
        let detail = report.failing.iter().find(|f| f.case == id && f.target == arm.name());
        if let Some(detail) = detail {
            status.set_description(format!(
                "why: {}\n\nanswer: {}",
                plain(&detail.why, 2_000),
                plain(&detail.output, 6_000)
            ));
        }
    }
    let mut test = TestCase::new(plain(id, 300), status);
    test.set_classname(format!("{}.{}", report.run.suite, plain(arm.name(), 100)));
    test
}
