"""Argilla's and Label Studio's own code on what Assay exports: `labelling.py FUNCTION FOLDER` prints JSON.

Neither has a server here. Argilla's classes ask a client for their resources when they are made; it is never called.
"""
import json
import sys
from pathlib import Path
from unittest import mock


def argilla(folder):
    import argilla as rg
    from argilla.records._io import JsonIO

    rg.Argilla._default_client = mock.MagicMock()
    settings = rg.Settings.from_json(folder / "records.settings.json")
    settings.validate()
    questions = {question["name"]: question for question in settings.serialize()["questions"]}
    fields = {field["name"] for field in settings.serialize()["fields"]}
    records = JsonIO._records_from_json(folder / "records.json")
    faults = []

    def fits(question, value, record):
        kind = question["settings"]
        if kind["type"] == "text":
            return isinstance(value, str)
        known = [option["value"] for option in kind["options"]]
        if kind["type"] == "span":
            text = record["fields"][kind["field"]]
            return all(s["label"] in known and 0 <= s["start"] < s["end"] <= len(text) for s in value)
        return value in known

    for record in (record.to_dict() for record in records):
        if set(record["fields"]) != fields:
            faults.append(f"fields {sorted(record['fields'])}")
        for name, responses in record["responses"].items():
            faults += [f"{name}: {r['value']}" for r in responses if not fits(questions[name], r["value"], record)]
        for name, suggestion in record["suggestions"].items():
            if not fits(questions[name], suggestion["value"], record):
                faults.append(f"{name}: {suggestion['value']}")
    JsonIO.to_json(records=records, path=folder / "written.json")
    return {"records": len(records), "questions": sorted(questions), "faults": faults}


def label_studio(folder):
    from label_studio_sdk.converter import Converter
    from label_studio_sdk.converter.converter import Format
    from label_studio_sdk.label_interface import LabelInterface

    configuration = (folder / "tasks.xml").read_text()
    interface = LabelInterface(configuration)
    interface.validate()
    tasks = json.loads((folder / "tasks.json").read_text())
    faults = []
    for task in tasks:
        if not interface.validate_task({"data": task["data"]}):
            faults.append(f"data {sorted(task['data'])}")
        for said in task["annotations"] + task["predictions"]:
            faults += interface.validate_prediction(said, return_errors=True)
    # As an export of the tool numbers them.
    for number, task in enumerate(tasks, 1):
        task["id"] = number
        for at, annotation in enumerate(task["annotations"], 1):
            annotation["id"] = 10 * number + at
    exported = folder / "exported.json"
    exported.write_text(json.dumps(tasks))
    converter = Converter(config=configuration, project_dir=None)
    converter.convert(str(exported), str(folder / "converted"), Format.JSON_MIN, is_dir=False)
    converted = json.loads((folder / "converted" / "result.json").read_text())
    return {"tasks": len(tasks), "faults": faults, "converted": converted}


print(json.dumps({"argilla": argilla, "label_studio": label_studio}[sys.argv[1]](Path(sys.argv[2]))))
