#!/usr/bin/env bash
# Builds Assay and runs the main job on real input: evaluate two versions of a search system over Assay's own
# documentation, compare them, and read the gate's verdict.
set -euo pipefail
cd "$(dirname "$0")/../.."
assay=${ASSAY_BIN:-target/debug/assay}
[ -n "${ASSAY_BIN:-}" ] || cargo build --quiet --package assay
suite=examples/docs-qa/assay.yaml
export ASSAY_WORKSPACE=${ASSAY_WORKSPACE:-examples/docs-qa/.assay}
"$assay" run "$suite" --baseline latest:v1 --quiet
printf '\nCandidate v2 against baseline v1\n'
"$assay" compare latest:v2 latest:v1
printf '\nThe verdict\n'
code=0
"$assay" gate latest:v2 --baseline latest:v1 || code=$?
printf 'exit code %s\nreport ' "$code"
"$assay" report latest:v2 --baseline latest:v1
