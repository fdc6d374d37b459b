"""A Wanderers site: its lists as tables, its pixels as arrays and FITS, verdicts, and classifying."""

import io
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import numpy as np
import pandas as pd
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits

from wanderers_client.admin import Admin
from wanderers_client.community import Appeals, Collections, Groups, Talk
from wanderers_client.connection import Connection
from wanderers_client.desk import Desk, batches

ANSWERS = ("yes", "no", "unsure")


class Wanderers(Connection):
    """A site, as one account sees it: read it and classify here; the other calls are in its parts.

    Attributes
    ----------
    desk
        For scientists: withdrawn verdicts, second opinions, cases, and reports to the Minor Planet Center.
    admin
        For admins: surveys and workflows, ingest, training, and the champion.
    talk, collections, groups, appeals
        What people do together.
    """

    def __init__(self, address: str, token: str = "", *, timeout: float = 60.0) -> None:
        super().__init__(address, token, timeout=timeout)
        self.desk, self.admin, self.talk = Desk(self), Admin(self), Talk(self)
        self.collections, self.groups, self.appeals = Collections(self), Groups(self), Appeals(self)

    def surveys(self) -> pd.DataFrame:
        return self.table("surveys")

    def workflows(self, **filters: Any) -> pd.DataFrame:
        return self.table("workflows", **filters)

    def subjects(self, survey: str, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return a survey's subjects, filtered as `/api/docs/` lists (`max_mag`, `min_p_real`, `designation`, …)."""
        return self.table("subjects", most=most, survey=survey, **filters)

    def around(self, survey: str, centre: SkyCoord, radius: u.Quantity, **filters: Any) -> pd.DataFrame:
        """Return the subjects within an angle of a position, with their `separation` in arcsec, nearest first."""
        cone = f"{centre.icrs.ra.deg},{centre.icrs.dec.deg},{radius.to_value(u.deg)}"
        found = self.subjects(survey, cone=cone, **filters)
        found["separation"] = positions(found).separation(centre.icrs).arcsec
        return found.sort_values("separation", ignore_index=True)

    def within(self, survey: str, moc: str | Path, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return the subjects in a MOC: ASCII, JSON, or a file of those or FITS; for accounts."""
        file = {"moc": moc.read_bytes() if isinstance(moc, Path) else moc.encode()}
        rows = self.pages("POST", "subjects/within/", {"survey": survey, **filters}, files=file)
        return self.tabled("subjects/", islice(rows, most))

    def consensus(self, workflow: str, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        return self.table("consensus", most=most, workflow=workflow, **filters)

    def scores(self, survey: str, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return the champion's scores, or with `checkpoint=ID` another model's."""
        return self.table("scores", most=most, survey=survey, **_of_champion(filters))

    def detections(self, survey: str, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return the lines that the champion's detector found, or with `checkpoint=ID` another model's."""
        return self.table("detections", most=most, survey=survey, **_of_champion(filters))

    def known_matches(self, survey: str, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return the known objects near a survey's subjects (`max_separation` in arcsec, `designation`, …)."""
        return self.table("known-matches", most=most, survey=survey, **filters)

    def tags(self, survey: str) -> pd.DataFrame:
        """Return a survey's 200 most frequent tags."""
        return self.tabled("surveys/{survey}/tags/", self.listed(f"surveys/{survey}/tags/"))

    def statistics(self, **asked: Any) -> dict[str, Any]:
        """Return classifications `by` hour, day or week, of all or of a `survey`, a `group` or yourself (`mine`)."""
        return self.ask("GET", "statistics/", params=asked)

    def progress(self, workflow: str) -> dict[str, Any]:
        """Return the progress of a workflow, and your own in it."""
        return self.ask("GET", f"workflows/{workflow}/progress/")

    def export(self, workflow: str, name: str, path: Path) -> Path:
        """Download a workflow's export, such as consensus.parquet, without holding it in memory."""
        return self.download(f"workflows/{workflow}/exports/{name}", path)

    def catalogue(self, survey: str, name: str, path: Path) -> Path:
        """Download a survey's catalogue of candidates, such as candidates.fits or candidates.vot."""
        return self.download(f"surveys/{survey}/exports/{name}", path)

    def pixels(self, subject: int) -> np.ndarray:
        """Return a subject's original pixels (frames, channels, height, width), row 0 the lowest; NaN: not measured."""
        return np.load(io.BytesIO(self.send("GET", f"subjects/{subject}/npy/").content), allow_pickle=False)

    def fits(self, subject: int) -> fits.HDUList:
        """Return the same as FITS: an image extension per frame, with time, band and WCS."""
        return fits.HDUList.fromstring(self.send("GET", f"subjects/{subject}/fits/").content)

    def rule(self, workflow: str, verdicts: Iterable[Mapping[str, Any]], *, overrules: bool = False) -> int:
        """Give verdicts, each with `subject` and `verdict` (yes or no), perhaps `label` and `note`; return how many.

        Each 500 are given all or none. Beside a colleague's verdict, yours is a second opinion unless it overrules.
        """
        given = 0
        for some in batches(map(dict, verdicts)):
            self.send("POST", "rulings/bulk/", json={"workflow": workflow, "rulings": some, "overrules": overrules})
            given += len(some)
        return given

    def upload(self, survey: str, files: Iterable[Path], **options: Any) -> dict[str, Any]:
        """Upload images, packets, or a manifest with its files, and return their ingest run, as an admin of the survey.

        Options are `subject_set`, `kind` and `dry_run`. Ask `table("ingest-runs", survey=…)` how far the run is.
        """
        return self.admin.upload(survey, files, **options)

    def next(self, workflow: str, n: int = 1) -> list[dict[str, Any]]:
        """Return the next subjects to classify, each with its `lease`."""
        found: list[dict[str, Any]] = self.ask("GET", f"workflows/{workflow}/next/", params={"n": n})["items"]
        return found

    def classify(self, item: Mapping[str, Any], answer: str, **more: Any) -> dict[str, Any]:
        """Answer one of the items of `next`: yes, no or unsure, perhaps with `follow_up` or `marks`."""
        if answer not in ANSWERS:
            raise ValueError(f"An answer is one of {', '.join(ANSWERS)}, not {answer!r}.")
        told = {
            "id": str(uuid4()), "workflow": item["workflow"], "subject": item["subject"]["id"], "lease": item["lease"],
            "answer": answer, **more,
        }  # fmt: skip
        return self.ask("POST", "classifications/", json=told)

    def undo(self, classification: str) -> dict[str, Any]:
        """Undo an answer within the workflow's undo time, by the `id` that `classify` returned."""
        return self.ask("POST", f"classifications/{classification}/undo/")

    def follow_up(self, classification: str, name: str) -> dict[str, Any]:
        """Give an answer its class; an empty name takes it back."""
        address = f"classifications/{classification}/follow-up/"
        return self.ask("POST", address, json={"follow_up": name})

    def favour(self, subject: int, *, is_favourite: bool = True) -> None:
        """Give a subject your heart, or take it back."""
        self.send("PUT" if is_favourite else "DELETE", f"favourites/{subject}/")

    def tag(self, subject: int, name: str) -> None:
        """Tag a subject that you have answered; as a scientist, see `desk.change`."""
        self.send("PUT", f"subjects/{subject}/tags/{quote(name, safe='')}/")

    def untag(self, subject: int, name: str) -> None:
        self.send("DELETE", f"subjects/{subject}/tags/{quote(name, safe='')}/")


def positions(table: pd.DataFrame) -> SkyCoord:
    """Return the positions of a table of subjects; NaN where there is none."""
    return SkyCoord(table["ra"].astype(float).to_numpy(), table["dec"].astype(float).to_numpy(), unit="deg")


def _of_champion(filters: Mapping[str, Any]) -> dict[str, Any]:
    return {**filters} if "checkpoint" in filters else {"champion": "true", **filters}
