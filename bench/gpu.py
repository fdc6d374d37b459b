"""Train and score on the GPU and on the CPU of the same machine, by the command line: one recipe, the same answers.

    python -m bench.gpu [head small finetune fixmatch tracklet cube]

A network is trained with the same seed on either, judged on other simulated subjects, and the model of the GPU scores
these on both. Scores of the same model must agree to 0.01, areas under the curve to 0.02. A cube network is trained on
the GPU alone: the CPU takes 19 minutes (docs/cubes.md). Without a GPU there is nothing to compare.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

SKIES = {
    "stamps": "atlas --n 4000 --seed 101", "unseen stamps": "atlas --n 2000 --seed 102",
    "tracklets": "atlas --tracklets --n 1200 --seed 103", "unseen tracklets": "atlas --tracklets --n 600 --seed 104",
    "cubes": "tess --n 500 --seed 1 --movers 6 --unusual 0.4", "unseen cubes": "tess --n 100 --seed 2",
}  # fmt: skip
TRAININGS = {
    "head": ("stamps", "--role stamp --preset head"), "small": ("stamps", "--role stamp --preset small"),
    "finetune": ("stamps", "--role stamp --preset finetune"), "fixmatch": ("stamps", "--role stamp --preset fixmatch"),
    "tracklet": ("tracklets", "--role tracklet"), "cube": ("cubes", "--role cube"),
}  # fmt: skip
CLOSE, ALIKE = 0.01, 0.02


class Machine:
    """The command line on one device."""

    def __init__(self, folder: Path, *, gpu: bool) -> None:
        self.folder, self.name = folder, "gpu" if gpu else "cpu"
        self.environment = os.environ | ({} if gpu else {"CUDA_VISIBLE_DEVICES": ""})

    def __call__(self, *words: str | Path) -> dict[str, Any]:
        """Run a command and return what it prints, and its seconds."""
        began = time.monotonic()
        command = [sys.executable, "-m", "ml", *map(str, words)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
        return {"training_seconds": time.monotonic() - began, **json.loads(done.stdout.splitlines()[-1])}

    def trained(self, name: str) -> tuple[dict[str, Any], Path]:
        """Return what training printed, and the model."""
        subjects, options = TRAININGS[name]
        pool = ["--unlabelled", self._sky(f"unseen {subjects}")] if name == "fixmatch" else []
        model = self.folder / f"{name} {self.name}"
        return self("train", *options.split(), "--data", self._sky(subjects), "--out", model, *pool), model

    def judged(self, name: str, model: Path) -> float:
        """Return the area under the curve on unseen subjects."""
        found = self("evaluate", "--checkpoint", model, "--data", self._sky(f"unseen {TRAININGS[name][0]}"))
        return round(float(found["roc_auc"]), 4)

    def scored(self, name: str, model: Path) -> tuple[np.ndarray, float]:
        """Return the scores of unseen subjects, by class if there are several, and the seconds that they took."""
        out = self.folder / f"{model.name} on {self.name}.parquet"
        said = self("score", "--checkpoint", model, "--data", self._sky(f"unseen {TRAININGS[name][0]}"), "--out", out)
        table = pq.read_table(out)
        floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
        columns = ["score"] if name == "cube" else floats
        return np.stack([table[name].to_numpy() for name in columns]), said["seconds"]

    def _sky(self, name: str) -> Path:
        out = self.folder / name
        if not out.exists():
            self("simulate", *SKIES[name].split(), "--out", out)
        return out / "manifest.csv"


def compared(name: str, gpu: Machine, cpu: Machine) -> dict[str, Any]:
    """Return both devices' figures of one training."""
    said, model = gpu.trained(name)
    result: dict[str, Any] = {"gpu_seconds": round(said["training_seconds"], 1), "gpu_judged": gpu.judged(name, model)}
    ours, took = gpu.scored(name, model)
    theirs, slowly = cpu.scored(name, model)
    result |= {"scoring_ratio": round(slowly / took, 2), "scores": [ours.size, theirs.size]}
    if ours.shape == theirs.shape:
        result["largest_difference"] = float(np.abs(ours - theirs).max())
    if name != "cube":
        slow, other = cpu.trained(name)
        result |= {"cpu_seconds": round(slow["training_seconds"], 1), "cpu_judged": cpu.judged(name, other)}
        result["training_ratio"] = round(result["cpu_seconds"] / result["gpu_seconds"], 2)
        alike = abs(result["gpu_judged"] - result["cpu_judged"]) <= ALIKE
        result["met"] = alike and result.get("largest_difference", 1.0) <= CLOSE
    return result


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(TRAININGS)}; all by default")
    names = parser.parse_args().names or list(TRAININGS)
    if not torch.cuda.is_available():
        print(json.dumps({"gpu": None}))
        return
    with tempfile.TemporaryDirectory() as folder:
        machines = [Machine(Path(folder), gpu=gpu) for gpu in (True, False)]
        result: dict[str, Any] = {"gpu": torch.cuda.get_device_name(), "cores": len(os.sched_getaffinity(0))}
        for name in names:
            result[name] = compared(name, *machines)
            print(json.dumps({name: result[name]}), flush=True)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
