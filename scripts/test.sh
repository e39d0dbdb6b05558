#!/usr/bin/env bash
# Installs what the tests need and runs all of them: format, lints, spelling, unit, property and integration tests,
# parity with the Python reference packages, files exchanged with other tools, and the example that the README starts with.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cargo-nextest >/dev/null || cargo install --locked cargo-nextest
command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
if [ ! -x .oracle/bin/python ]; then
  python3 -m venv .oracle
fi
.oracle/bin/pip install --quiet --requirement tests/oracle/requirements.txt
.oracle/bin/pip install --quiet --no-deps --requirement tests/oracle/requirements-alone.txt
# The tools whose files the tests of importers and exporters exchange. pip takes minutes for them, uv half of one.
if [ ! -x .oracle-tools/bin/uv ]; then
  python3 -m venv .oracle-tools
  .oracle-tools/bin/pip install --quiet uv==0.13.9
fi
.oracle-tools/bin/uv pip install --system-certs --quiet --python .oracle-tools/bin/python --requirement tests/oracle/requirements-tools.txt ||
  .oracle-tools/bin/pip install --quiet --requirement tests/oracle/requirements-tools.txt
.oracle-tools/bin/uv pip install --system-certs --quiet --python .oracle-tools/bin/python --no-deps --requirement tests/oracle/requirements-tools-alone.txt ||
  .oracle-tools/bin/pip install --quiet --no-deps --requirement tests/oracle/requirements-tools-alone.txt
# 700 MB of samples that no test reads.
rm -rf .oracle-tools/lib/python*/site-packages/evals/registry/data
# promptfoo: a minute and 265 MB; its database has a driver for each system, of which one is pinned.
promptfoo=tests/oracle/promptfoo
if [ "$(uname -sm)" = "Linux x86_64" ] && command -v npm >/dev/null; then
  [ "$promptfoo/node_modules/.package-lock.json" -nt "$promptfoo/package-lock.json" ] ||
    npm ci --prefix "$promptfoo" --silent --ignore-scripts --omit=optional --no-audit --no-fund
  export ASSAY_PROMPTFOO=$PWD/$promptfoo/node_modules/.bin/promptfoo
fi
# The Python package: its tools and the libraries beside which it is tested; what schedulers and adapters need is apart, since
# they do not agree on versions.
for part in test adapters orchestration; do
  [ -x ".python-$part/bin/python" ] || python3 -m venv ".python-$part"
  .oracle-tools/bin/uv pip install --system-certs --quiet --python ".python-$part/bin/python" --requirement "python/requirements-$part.txt"
done
.oracle-tools/bin/uv pip install --system-certs --quiet --python .python-test/bin/python --no-deps --requirement python/requirements-test-alone.txt
if [ ! -x .oracle-labelling/bin/python ]; then
  python3 -m venv .oracle-labelling
fi
.oracle-labelling/bin/pip install --quiet --requirement tests/oracle/requirements-labelling.txt
# One of two ways to isolate; the tests of isolation say which of them hold here, and fail if none does.
if ! command -v bwrap >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  apt-get install --quiet --yes bubblewrap >/dev/null || { apt-get update --quiet && apt-get install --quiet --yes bubblewrap; } >/dev/null || true
fi
export ASSAY_ORACLE_PYTHON=$PWD/.oracle/bin/python
export ASSAY_TOOLS_PYTHON=$PWD/.oracle-tools/bin/python
export ASSAY_LABELLING_PYTHON=$PWD/.oracle-labelling/bin/python
# The GitHub Action is proved by a runner of workflows, without containers.
export ASSAY_ACT=$PWD/.oracle-tools/bin/act
# The page goes into the binary: it is built before it.
if command -v npm >/dev/null; then
  (cd web && npm ci --silent && npm run --silent build && npm run --silent check && npm run --silent test)
fi
cargo fmt --all --check
.oracle/bin/typos
cargo deny --log-level error check bans licenses sources
# As `cargo clippy -- -D warnings` does it, while what the tests need is compiled: everything is compiled once.
export RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__
cargo nextest run --workspace --no-fail-fast
# The wheel with the binary that the tests built, as users get it; then the package's own tests.
ASSAY_BIN=target/debug/assay ASSAY_PROFILE=dev MATURIN=.python-test/bin/maturin bash scripts/wheel.sh
unset RUSTC_WORKSPACE_WRAPPER CLIPPY_ARGS
bash python/scripts/test.sh
# The pages in a real browser, over a server of the binary that the tests built; without a browser they say so and are skipped.
if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  apt-get install --quiet --yes chromium >/dev/null || { apt-get update --quiet && apt-get install --quiet --yes chromium; } >/dev/null || true
fi
if command -v npm >/dev/null; then
  (cd web && npm run --silent e2e)
fi
cargo test --quiet --doc --package assay-stats --package assay-metrics --package assay-perturb --package assay-privacy
# The binary that the tests built: building it alone would resolve other features and compile DataFusion again.
ASSAY_BIN=target/debug/assay bash examples/docs-qa/run.sh
