#!/usr/bin/env bash
# Tests the Python package: the wheel in dist/ in an environment with nothing else, then types, style, documentation and tests
# of the source with the native module and the command of target/debug.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf ../.python-wheel
python3 -m venv ../.python-wheel
../.python-wheel/bin/pip install --quiet --no-index ../dist/assay_eval-*.whl
(cd scripts && ../../.python-wheel/bin/python try_wheel.py)
ln -sf ../../target/debug/lib_assay.so assay/_assay.abi3.so
export ASSAY_BIN=$PWD/../target/debug/assay
bin=../.python-test/bin
"$bin/ruff" format --check --quiet .
"$bin/ruff" check --quiet .
"$bin/pyright" --pythonpath "$bin/python"
"$bin/python" -m pytest --quiet --numprocesses 2
../.python-adapters/bin/python -m pytest --quiet tests/adapters
ASSAY_ORCHESTRATION_PYTHON=$PWD/../.python-orchestration/bin/python "$bin/python" -m pytest --quiet tests/test_orchestration.py
