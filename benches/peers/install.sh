#!/usr/bin/env bash
# Installs the peers that `cargo bench -p assay --bench throughput` runs beside Assay, each in an environment of its own
# under benches/peers/.venv. One that cannot be installed is left out.
set -uo pipefail
cd "$(dirname "$0")"
for script in *_job.py; do
  name=${script%_job.py}
  packages=$(sed -n 's/^# packages: //p' "$script")
  python3 -m venv ".venv/$name" || continue
  # shellcheck disable=SC2086
  ".venv/$name/bin/pip" install --quiet $packages || rm -rf ".venv/$name"
done
for script in *_job.mjs; do
  name=${script%_job.mjs}
  packages=$(sed -n 's|^// packages: ||p' "$script")
  mkdir -p ".venv/$name"
  # shellcheck disable=SC2086
  npm install --silent --no-audit --no-fund --prefix ".venv/$name" $packages || rm -rf ".venv/$name"
done
ls .venv
