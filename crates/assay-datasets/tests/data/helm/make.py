"""Makes the run folder again with HELM's own classes, adapter and serialisation, as its runner does.

The tests run it and compare what it writes with what is stored (tests/oracle/requirements-tools-alone.txt). A run itself needs a model's server, so that the requests'
results are made here.
"""

import json
import os
import sys

from helm.benchmark.adaptation.adapter_spec import AdapterSpec
from helm.benchmark.adaptation.request_state import RequestState
from helm.benchmark.adaptation.scenario_state import ScenarioState
from helm.benchmark.augmentations.perturbation_description import PerturbationDescription
from helm.benchmark.metrics.metric import PerInstanceStats
from helm.benchmark.metrics.metric_name import MetricName
from helm.benchmark.metrics.statistic import Stat
from helm.benchmark.run_spec import RunSpec
from helm.benchmark.scenarios.scenario import CORRECT_TAG, TEST_SPLIT, Input, Instance, Output, Reference, ScenarioSpec
from helm.common.general import asdict_without_nones
from helm.common.request import GeneratedOutput, Request, RequestResult

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
adapter = AdapterSpec(method="generation", model="mock/small", model_deployment="mock/small", max_tokens=5)
lower = PerturbationDescription(name="lowercase", robustness=True)


def instance(i, text, right, wrong=(), perturbation=None):
    references = [Reference(Output(text=right), tags=[CORRECT_TAG])] + [Reference(Output(text=w), tags=[]) for w in wrong]
    return Instance(input=Input(text=text), references=references, split=TEST_SPLIT, id=f"id{i}", perturbation=perturbation)


def state(item, answer, trial=0, error=None):
    completions = [] if error else [GeneratedOutput(text=answer, logprob=-0.5, tokens=[], finish_reason={"reason": "endoftext"})]
    result = RequestResult(success=error is None, embedding=[], completions=completions, cached=False, error=error,
                           request_time=0.25, request_datetime=1_767_323_045)
    return RequestState(instance=item, reference_index=None, request_mode=None, train_trial_index=trial, output_mapping=None,
                        request=Request(model="mock/small", model_deployment="mock/small", prompt=item.input.text + " A:"),
                        result=result, num_train_instances=0, prompt_truncated=False)


def stats(item, trial=0, **values):
    made = [Stat(MetricName(name, split=TEST_SPLIT, perturbation=item.perturbation)).add(v) for name, v in values.items()]
    return PerInstanceStats(instance_id=item.id, perturbation=item.perturbation, train_trial_index=trial, stats=made)


first, second = instance(1, "Capital of France?", "Paris", ["Rome"]), instance(2, "1+1?", "2")
changed = instance(1, "capital of france?", "Paris", ["Rome"], lower)
states = [state(first, "Paris"), state(first, "Lyon", 1), state(changed, "Rome"), state(second, "", error="timed out"), state(second, "2", 1)]
scores = [stats(first, exact_match=1, f1=1.0), stats(first, 1, exact_match=0, f1=0.5), stats(changed, exact_match=0, f1=0.25),
          stats(second, 1, exact_match=1, f1=1.0)]
spec = RunSpec(name="demo:subject=x,model=mock_small", scenario_spec=ScenarioSpec(class_name="demo"), adapter_spec=adapter,
               metric_specs=[])
for name, value in [
    ("run_spec.json", asdict_without_nones(spec)),
    ("scenario_state.json", asdict_without_nones(ScenarioState(adapter, states, False))),
    ("per_instance_stats.json", [asdict_without_nones(s) for s in scores]),
]:
    with open(os.path.join(folder, name), "w") as f:
        json.dump(value, f, indent=1)
        f.write("\n")
