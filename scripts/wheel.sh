#!/usr/bin/env bash
# Builds the Python wheel, with the `assay` command in it, into dist/. Needs `pip install maturin`.
#
# ASSAY_BIN names a binary that is there already; the native module is built by the cargo profile in ASSAY_PROFILE.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${ASSAY_PROFILE:-wheel}
link=()
level=1
if [ "$profile" = wheel ]; then
  level=9
  # Tables of unwinding are a third smaller where functions keep a frame pointer.
  export RUSTFLAGS="${RUSTFLAGS:-} -C force-frame-pointers=yes"
  # Functions that look alike stand side by side, where Deflate finds what they share: a tenth less to download. This is the
  # platform whose linker is LLVM's unless told otherwise.
  if [ "$(uname -sm)" = "Linux x86_64" ]; then
    link=(-C link-arg=-Wl,--bp-compression-sort=both)
  fi
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
(cd python && "$maturin" build --profile "$profile" --compression-level "$level" --out ../dist -- "${link[@]}")
# Deflate again, by those who look harder (Debian: advancecomp): 3% less.
if [ "$profile" = wheel ] && command -v advzip >/dev/null; then
  advzip --recompress --shrink-normal --keep-file-time --quiet dist/*.whl
fi
ls -l dist
