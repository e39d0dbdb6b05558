#!/usr/bin/env bash
# Writes tests/oracle/PARITY.md: what was compared with a reference package, how often, and the largest deviation seen.
set -euo pipefail
cd "$(dirname "$0")/.."
export ASSAY_ORACLE_PYTHON=${ASSAY_ORACLE_PYTHON:-$PWD/.oracle/bin/python}
{
  printf '# Parity\n\nWritten by `scripts/parity.sh` from the tests that ask the reference packages. The deviation is relative, '
  printf 'or absolute\ntimes 1,000 near zero; resampling methods differ by their random numbers, sizes by one case.\n\n'
  printf '| test | compared | questions | largest deviation |\n|---|---|---:|---:|\n'
  cargo nextest run --package assay-stats --package assay-metrics --success-output final --no-fail-fast 2>&1 |
    sed -nE 's/^ *test ([a-z_]+)::.*/T \1/p; s/^ *parity (.*): ([0-9]+) questions, largest deviation ([0-9.e-]+)$/P \1\t\2\t\3/p' |
    awk -F'\t' '/^P / { name = substr($1, 3); rows[++n] = "| " name " | " $2 " | " $3 " |" }
      /^T / { for (i = 1; i <= n; i++) print "| " substr($0, 3) " " rows[i]; n = 0 }'
} >tests/oracle/PARITY.md
