#!/usr/bin/env bash
# Builds the Python wheel, with the `assay` command in it, into dist/. Needs `pip install maturin`.
#
# ASSAY_BIN names a binary that is there already; the native module is built by the cargo profile in ASSAY_PROFILE.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${ASSAY_PROFILE:-wheel}
if [ -z "${ASSAY_BIN:-}" ]; then
  cargo build --profile "$profile" --package assay
  ASSAY_BIN=target/$profile/assay
fi
rm -rf python/assay.data
mkdir -p python/assay.data/scripts
strip -o python/assay.data/scripts/assay "$ASSAY_BIN"
chmod 755 python/assay.data/scripts/assay
maturin=$(realpath "$(command -v "${MATURIN:-maturin}")")
(cd python && "$maturin" build --profile "$profile" --out ../dist)
ls -l dist
