#!/usr/bin/env bash
# Makes results.json and results.jsonl again with promptfoo itself. All of promptfoo is installed
# for it, which takes more than a minute and a half and 1.8 GB; CI runs a part of it on other files (tests/oracle/promptfoo).
set -euo pipefail
cd "$(dirname "$0")"
install=$(mktemp -d)
trap 'rm -rf "$install"' EXIT
npm install --prefix "$install" --no-audit --no-fund --ignore-scripts promptfoo@0.121.20 >/dev/null
export PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1 PROMPTFOO_DISABLE_REMOTE_GENERATION=1 PROMPTFOO_CONFIG_DIR=$install/config
# 100 is what it exits with when a test failed, as some here do.
for out in results.json results.jsonl; do
  rm -f "$out"
  "$install/node_modules/.bin/promptfoo" eval --no-progress-bar --no-table --no-cache --no-write --no-share -o "$out" >/dev/null || [ $? = 100 ]
done
