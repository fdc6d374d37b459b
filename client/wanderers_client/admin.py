"""An admin's writes: surveys and workflows, ingest, training, and the champion."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd

from wanderers_client.connection import Part


class Admin(Part):
    """Each call returns the row that it made or changed."""

    def create_survey(self, slug: str, name: str, **more: Any) -> dict[str, Any]:
        """Create a survey (`classes`, `positive`, `channels`, …), as an administrator of the site."""
        return self._made("surveys/", slug=slug, name=name, **more)

    def create_workflow(self, survey: str, slug: str, **more: Any) -> dict[str, Any]:
        """Create a workflow (`kind`, `name`, `question`, …), and fill its queue from its `subject_sets`."""
        return self._made("workflows/", survey=survey, slug=slug, **more)

    def upload(self, survey: str, files: Iterable[Path], **options: Any) -> dict[str, Any]:
        """Upload and ingest images, packets, or a manifest with its files (`subject_set`, `kind`, `dry_run`)."""
        with ExitStack() as opened:
            parts = [("files", (path.name, opened.enter_context(path.open("rb")))) for path in files]
            if not parts:
                raise ValueError("There is no file to upload.")
            return self._site.ask("POST", f"surveys/{survey}/images/", data=options, files=parts)

    def ingest(self, survey: str, path: str, **options: Any) -> dict[str, Any]:
        """Ingest a file or folder of the survey's inbox on the server (`subject_set`, `kind`, `dry_run`, `root`)."""
        return self._made("ingest-runs/", survey=survey, path=path, **options)

    def cancel_ingest(self, run: int) -> dict[str, Any]:
        return self._made(f"ingest-runs/{run}/cancel/")

    def problems(self, run: int) -> pd.DataFrame:
        """Return what an ingest could not read, and why."""
        return self._site.tabled("ingest-runs/{id}/problems/", self._site.rows(f"ingest-runs/{run}/problems"))

    def train(self, workflow: str, preset: str, **options: Any) -> dict[str, Any]:
        """Start a training run on a workflow's labels, perhaps with `minutes` and `seed`."""
        return self._made("training-runs/", workflow=workflow, preset=preset, **options)

    def cancel_training(self, run: int) -> dict[str, Any]:
        return self._made(f"training-runs/{run}/cancel/")

    def promote(self, checkpoint: int, **options: Any) -> dict[str, Any]:
        """Make a model the champion, perhaps with `reason`, `is_confirmed`, and the champion that it `replaces`."""
        return self._made(f"checkpoints/{checkpoint}/promote/", **options)

    def roll_back(self, survey: str, role: str, **options: Any) -> dict[str, Any]:
        """Make a role's previous champion the champion again, perhaps with `reason`, and the model to return `to`."""
        return self._made("checkpoints/rollback/", survey=survey, role=role, **options)

    def _made(self, address: str, **told: Any) -> dict[str, Any]:
        return self._site.ask("POST", address, json=told)
