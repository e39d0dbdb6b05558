#!/usr/bin/env bash
# Builds the Python wheel, with the `assay` command in it, into dist/. Needs `pip install maturin`.
#
# ASSAY_BIN names a binary that is there already; the native module is built by the cargo profile in ASSAY_PROFILE.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${ASSAY_PROFILE:-wheel}
link=()
# Functions that look alike stand side by side, where Deflate finds what they share: a tenth less to download. This is the
# platform whose linker is LLVM's unless told otherwise.
if [ "$profile" = wheel ] && [ "$(uname -sm)" = "Linux x86_64" ]; then
  link=(-C link-arg=-Wl,--bp-compression-sort=both)
fi
if [ -z "${ASSAY_BIN:-}" ]; then
  cargo rustc --profile "$profile" --package assay --bin assay -- "${link[@]}"
  ASSAY_BIN=${CARGO_TARGET_DIR:-target}/$profile/assay
fi
rm -rf python/assay.data
mkdir -p python/assay.data/scripts
strip -o python/assay.data/scripts/assay "$ASSAY_BIN"
chmod 755 python/assay.data/scripts/assay
maturin=$(realpath "$(command -v "${MATURIN:-maturin}")")
(cd python && "$maturin" build --profile "$profile" --compression-level 9 --out ../dist -- "${link[@]}")
ls -l dist
