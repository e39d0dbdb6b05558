#!/usr/bin/env bash
# Writes docs/reference/methods.md: asks the reference packages, races them, and joins the answers with the catalogue.
set -euo pipefail
cd "$(dirname "$0")/.."
export ASSAY_ORACLE_PYTHON=${ASSAY_ORACLE_PYTHON:-$PWD/.oracle/bin/python}
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
cargo nextest run --package assay-stats --package assay-metrics --success-output final --no-fail-fast >"$said/parity" 2>&1
cargo bench --package assay-stats --bench stats >"$said/races"
cargo bench --package assay-metrics --bench metrics >>"$said/races"
"$ASSAY_ORACLE_PYTHON" scripts/methods.py "$said/parity" "$said/races"
