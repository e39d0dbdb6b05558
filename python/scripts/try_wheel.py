"""A wheel in an environment with nothing else: the module, the command, an evaluation, the time of the import."""

import subprocess
import sys
import tempfile
from pathlib import Path

import assay
from assay import metrics, stats

command = Path(sys.executable).parent / "assay"
said = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
assert said.split() == ["assay", assay.__version__], said
assert metrics.levenshtein("kitten", "sitting") == 3
assert 0.9 in stats.wilson(45, 50)
with tempfile.TemporaryDirectory() as folder:
    cases = [{"id": str(n), "n": n, "expected": str(2 * n)} for n in range(20)]
    place = Path(folder) / ".assay"
    run = assay.evaluate(cases, lambda inputs: str(2 * inputs["n"]), ["equals"], workspace=place, progress=False)
    assert run.scores["equals"].estimate == 1
    assert "numpy" not in sys.modules
timed = "import time; began = time.perf_counter(); import assay; print(time.perf_counter() - began)"
times = [
    float(subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True).stdout)
    for _ in range(9)
]
size = sum(path.stat().st_size for path in Path("../../dist").glob("*.whl")) / 1e6
print(f"{run}; import {min(times) * 1e3:.1f} ms; wheel {size:.1f} MB")
