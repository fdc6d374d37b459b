"""The connection to a site: it waits at the rate limit, follows pages, and refuses in the site's own words."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import pandas as pd

PAGE = 1000
ATTEMPTS = 5
LONGEST_WAIT = 60.0


class Refused(Exception):
    """The site refused a request; `status` is HTTP's, the message the site's own sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Connection:
    """A site's API, as one account sees it; closed at the end of a `with` block.

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
        self._schema: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def table(self, name: str, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return the rows of any list of the API, at most `most`; columns that hold times become times.

        Without rows, it has the list's columns. With `updated_since` (a time), rows come in the order of their changes.
        """
        return self.tabled(f"{name}/", islice(self.rows(name, **filters), most))

    def tabled(self, address: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """Return rows as a table; the address is the list's in the site's schema, such as `surveys/{survey}/tags/`."""
        found = table_of(rows)
        return found if len(found) else table_of([], self._columns(address))

    def _columns(self, address: str) -> list[str]:
        """Return the columns of a list by the site's own schema."""
        self._schema = self._schema or self.ask("GET", "schema/", params={"format": "json"})
        answer = self._schema["paths"][f"/api/{address}"]["get"]["responses"]["200"]
        found = answer["content"]["application/json"]["schema"]
        while "properties" not in found or "results" in found["properties"]:
            if "$ref" in found:
                found = self._schema["components"]["schemas"][found["$ref"].rpartition("/")[2]]
            else:
                found = found["items"] if "items" in found else found["properties"]["results"]
        return list(found["properties"])

    def count(self, name: str, **filters: Any) -> int:
        """Return the exact number of rows of a list."""
        total: int = self.send("GET", f"{name}/", params={**filters, "page_size": 1, "total": "true"}).json()["total"]
        return total

    def rows(self, name: str, **filters: Any) -> Iterator[dict[str, Any]]:
        """Return the rows of a list; each page is asked for when its turn comes."""
        return self.pages("GET", f"{name}/", filters)

    def row(self, name: str, key: int | str) -> dict[str, Any]:
        """Return one row of a list by its key, perhaps with more than the list has: `row("subjects", 5)`."""
        return self.ask("GET", f"{name}/{key}/")

    def pages(self, method: str, address: str, filters: Mapping[str, Any], **body: Any) -> Iterator[dict[str, Any]]:
        """Return the rows of all pages, each asked for when its turn comes; the same body goes with each."""
        query: Mapping[str, Any] | None = {"page_size": PAGE, **filters}
        while address:
            page = self.send(method, address, params=query, **body).json()
            yield from page["results"]
            address, query = page["next"], None  # the next page's address holds the query

    def download(self, address: str, path: Path) -> Path:
        """Write a file of the site's to `path`, whole or not at all, without holding it in memory."""
        partial = path.with_name(f".{path.name}.partial")
        try:
            with closing(self.send("GET", address, stream=True)) as reply, partial.open("wb") as file:
                for part in reply.iter_bytes():
                    file.write(part)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return path

    def ask(self, method: str, address: str, **options: Any) -> dict[str, Any]:
        """Send a request; return the object in its reply."""
        found: dict[str, Any] = self.send(method, address, **options).json()
        return found

    def listed(self, address: str, **filters: Any) -> list[dict[str, Any]]:
        """Return a short list that has no pages."""
        found: list[dict[str, Any]] = self.send("GET", address, params=filters or None).json()
        return found

    def send(self, method: str, address: str, *, stream: bool = False, **options: Any) -> httpx.Response:
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
        if reply.has_redirect_location:  # a token goes nowhere else without being asked
            raise Refused(reply.status_code, f"The site is elsewhere: {reply.headers['Location']}. Use that address.")
        return reply


class Part:
    """Some of a site's calls, on its connection."""

    def __init__(self, site: Connection) -> None:
        self._site = site


def table_of(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return rows as a table, whose columns that hold times are times."""
    table = pd.DataFrame(rows, columns=columns)
    for column in [each for each in table.columns if str(each).endswith("_at")]:
        table[column] = pd.to_datetime(table[column], utc=True, format="ISO8601")
    return table


def _refusal(reply: httpx.Response) -> Refused:
    """Return the site's own sentences, each after its field's name unless they are about the whole request."""
    try:
        told = reply.json()
    except ValueError:
        told = {}
    if isinstance(told, dict) and "detail" in told:
        told = told["detail"]
    return Refused(reply.status_code, _sentences(told) or reply.reason_phrase)


def _sentences(told: Any) -> str:
    if isinstance(told, dict):
        return " ".join(f"{name}: {_sentences(each)}" for name, each in told.items())
    return " ".join(map(_sentences, told)) if isinstance(told, list) else str(told)
