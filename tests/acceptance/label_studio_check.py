"""Validate tasks, annotations and predictions with Label Studio's own SDK; run in its environment.

It reads {"configuration": …, "tasks": […], "annotations": […], "predictions": […]} from standard input, and writes a
list of what is wrong to standard output.
"""

import json
import sys

from label_studio_sdk.label_interface import LabelInterface


def faults(given):
    interface = LabelInterface(given["configuration"])
    interface.validate()  # raises
    found = [f"task: {task}" for task in given["tasks"] if not interface.validate_task(task)]
    found += [
        f"annotation: {annotation}"
        for annotation in given["annotations"]
        if not interface.validate_annotation(annotation)
    ]
    for prediction in given["predictions"]:
        found += interface.validate_prediction(prediction, return_errors=True)
    return found


if __name__ == "__main__":
    json.dump(faults(json.load(sys.stdin)), sys.stdout)
