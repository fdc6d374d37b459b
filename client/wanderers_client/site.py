"""A Wanderers site: its lists as tables, its pixels as arrays and FITS, verdicts, and classifying."""

import io
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx
import numpy as np
import pandas as pd
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits

PAGE = 1000
ATTEMPTS = 5
LONGEST_WAIT = 60.0
MOST_VERDICTS = 500
ANSWERS = ("yes", "no", "unsure")


class Refused(Exception):
    """The site refused a request; `status` is HTTP's, the message the site's own sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Wanderers:
    """A site, as one account sees it.

    Parameters
    ----------
    address
        The site's, such as https://wanderers.example.org.
    token
        From the page *API tokens* of your account, or `POST /api/token/`; without one, only public lists can be read.
    timeout
        Seconds for each answer.
    """

    def __init__(self, address: str, token: str = "", *, timeout: float = 60.0) -> None:
        headers = {"Authorization": f"Token {token}"} if token else {}
        self._http = httpx.Client(base_url=f"{address.rstrip('/')}/api/", headers=headers, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

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
        if len(found):
            found["separation"] = positions(found).separation(centre.icrs).arcsec
            found = found.sort_values("separation", ignore_index=True)
        return found

    def within(self, survey: str, moc: str | Path, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return the subjects in a MOC: ASCII, JSON, or a file of those or FITS; for accounts."""
        file = {"moc": moc.read_bytes() if isinstance(moc, Path) else moc.encode()}
        return _table(islice(self._pages("POST", "subjects/within/", {"survey": survey, **filters}, files=file), most))

    def consensus(self, workflow: str, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        return self.table("consensus", most=most, workflow=workflow, **filters)

    def scores(self, survey: str, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return the champion's scores, or with `checkpoint=ID` another model's."""
        chosen = filters if "checkpoint" in filters else {"champion": "true", **filters}
        return self.table("scores", most=most, survey=survey, **chosen)

    def table(self, name: str, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return the rows of any list of the API, at most `most`; columns that hold times become times.

        With `updated_since` (a time), rows come in the order of their changes.
        """
        return _table(islice(self.rows(name, **filters), most))

    def count(self, name: str, **filters: Any) -> int:
        """Return the exact number of rows of a list."""
        total: int = self._send("GET", f"{name}/", params={**filters, "page_size": 1, "total": "true"}).json()["total"]
        return total

    def rows(self, name: str, **filters: Any) -> Iterator[dict[str, Any]]:
        """Return the rows of a list; each page is asked for when its turn comes."""
        return self._pages("GET", f"{name}/", filters)

    def _pages(self, method: str, address: str, filters: Mapping[str, Any], **body: Any) -> Iterator[dict[str, Any]]:
        query: Mapping[str, Any] | None = {"page_size": PAGE, **filters}
        while address:
            page = self._send(method, address, params=query, **body).json()
            yield from page["results"]
            address, query = page["next"], None  # the next page's address holds the query

    def export(self, workflow: str, name: str, path: Path) -> Path:
        """Download an export, such as consensus.parquet, without holding it in memory."""
        address = f"workflows/{workflow}/exports/{name}"
        with closing(self._send("GET", address, stream=True)) as reply, path.open("wb") as file:
            for part in reply.iter_bytes():
                file.write(part)
        return path

    def pixels(self, subject: int) -> np.ndarray:
        """Return a subject's original pixels (frames, channels, height, width), row 0 the lowest; NaN: not measured."""
        return np.load(io.BytesIO(self._send("GET", f"subjects/{subject}/npy/").content), allow_pickle=False)

    def fits(self, subject: int) -> fits.HDUList:
        """Return the same as FITS: an image extension per frame, with time, band and WCS."""
        return fits.HDUList.fromstring(self._send("GET", f"subjects/{subject}/fits/").content)

    def rule(self, workflow: str, verdicts: Iterable[Mapping[str, Any]], *, overrules: bool = False) -> int:
        """Give verdicts, each with `subject` and `verdict` (yes or no), perhaps `label` and `note`; return how many.

        Each 500 are given all or none. Beside a colleague's verdict, yours is a second opinion unless it overrules.
        """
        given, waiting = 0, iter(verdicts)
        while some := [dict(each) for each in islice(waiting, MOST_VERDICTS)]:
            self._send("POST", "rulings/bulk/", json={"workflow": workflow, "rulings": some, "overrules": overrules})
            given += len(some)
        return given

    def upload(self, survey: str, files: Iterable[Path], **options: Any) -> dict[str, Any]:
        """Upload images, packets, or a manifest with its files, and return their ingest run, as an admin of the survey.

        Options are `subject_set`, `kind` and `dry_run`. Ask `table("ingest-runs", survey=…)` how far the run is.
        """
        with ExitStack() as opened:
            parts = [("files", (path.name, opened.enter_context(path.open("rb")))) for path in files]
            reply = self._send("POST", f"surveys/{survey}/images/", data=options, files=parts)
        run: dict[str, Any] = reply.json()
        return run

    def next(self, workflow: str, n: int = 1) -> list[dict[str, Any]]:
        """Return the next subjects to classify, each with its `lease`."""
        found: list[dict[str, Any]] = self._send("GET", f"workflows/{workflow}/next/", params={"n": n}).json()["items"]
        return found

    def classify(self, item: Mapping[str, Any], answer: str, **more: Any) -> dict[str, Any]:
        """Answer one of the items of `next`: yes, no or unsure, perhaps with `follow_up` or `marks`."""
        if answer not in ANSWERS:
            raise ValueError(f"An answer is one of {', '.join(ANSWERS)}, not {answer!r}.")
        told = {
            "id": str(uuid4()), "workflow": item["workflow"], "subject": item["subject"]["id"], "lease": item["lease"],
            "answer": answer, **more,
        }  # fmt: skip
        result: dict[str, Any] = self._send("POST", "classifications/", json=told).json()
        return result

    def _send(self, method: str, address: str, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Send a request; wait as long as the site asks where it is sent too often."""
        for attempt in range(ATTEMPTS):
            reply = self._http.send(self._http.build_request(method, address, **options), stream=stream)
            if reply.status_code != httpx.codes.TOO_MANY_REQUESTS or attempt == ATTEMPTS - 1:
                break
            reply.close()
            time.sleep(min(float(reply.headers.get("Retry-After", 2**attempt)), LONGEST_WAIT))
        if reply.is_error:
            reply.read()
            raise _refusal(reply)
        return reply


def positions(table: pd.DataFrame) -> SkyCoord:
    """Return the positions of a table of subjects; NaN where there is none."""
    return SkyCoord(table["ra"].astype(float).to_numpy(), table["dec"].astype(float).to_numpy(), unit="deg")


def _table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a table, whose columns that hold times are times."""
    table = pd.DataFrame(rows)
    for column in [each for each in table.columns if str(each).endswith("_at")]:
        table[column] = pd.to_datetime(table[column], utc=True, format="ISO8601")
    return table


def _refusal(reply: httpx.Response) -> Refused:
    """Return the site's own sentence, whether it is a detail or a list of sentences by field."""
    try:
        told = reply.json()
    except ValueError:
        told = {}
    found = told.get("detail") if isinstance(told, dict) else None
    return Refused(reply.status_code, str(found or told or reply.reason_phrase))
