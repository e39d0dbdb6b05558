"""Peers of benches/datasets.rs: datasets.py STEP FOLDER CASES."""

import resource
import sys

step, folder, cases = sys.argv[1], sys.argv[2], int(sys.argv[3])


def polars_frames():
    import polars as pl

    return pl, pl.scan_ndjson(f"{folder}/a.jsonl"), pl.scan_ndjson(f"{folder}/b.jsonl")


if step == "polars-copy":
    pl, a, _ = polars_frames()
    a.sink_parquet(f"{folder}/copy.parquet")
    print(f"polars {pl.__version__}: JSONL to Parquet, no ids checked, no digests")
elif step == "polars-diff":
    pl, a, b = polars_frames()
    same = ["question", "expected"]
    added = b.join(a, on="id", how="anti").select(pl.len()).collect().item()
    removed = a.join(b, on="id", how="anti").select(pl.len()).collect().item()
    both = a.join(b, on="id")
    changed = both.filter(pl.any_horizontal(*[pl.col(c) != pl.col(f"{c}_right") for c in same])).select(pl.len())
    print(f"polars {pl.__version__}: {added} added, {removed} removed, {changed.collect().item()} changed")
elif step == "pandas-diff":
    import pandas as pd

    a, b = (pd.read_json(f"{folder}/{name}.jsonl", lines=True).set_index("id") for name in "ab")
    added, removed = len(b.index.difference(a.index)), len(a.index.difference(b.index))
    both = a.join(b, how="inner", rsuffix="_right")
    changed = ((both.question != both.question_right) | (both.expected != both.expected_right)).sum()
    print(f"pandas {pd.__version__}: {added} added, {removed} removed, {changed} changed")
elif step == "datasketch":
    import itertools
    import json

    import datasketch

    index = datasketch.MinHashLSH(threshold=0.8, num_perm=128)
    repeats = 0
    with open(f"{folder}/a.jsonl") as rows:
        for number, row in enumerate(itertools.islice(rows, cases)):
            text = json.loads(row)["question"].lower()
            signature = datasketch.MinHash(num_perm=128)
            signature.update_batch([text[at : at + 5].encode() for at in range(max(1, len(text) - 4))])
            repeats += bool(index.query(signature))
            index.insert(str(number), signature)
    print(f"datasketch {datasketch.__version__}: {repeats} repeats, candidates not verified")
print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")
