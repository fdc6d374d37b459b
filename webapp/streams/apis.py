"""The HTTP APIs of alert brokers: Fink's and ALeRCE's, for ZTF.

Sources: https://api.fink-portal.org (`latests`, `cutouts`); https://api.alerce.online/ztf/v1 (`objects`, `detections`)
and https://avro.alerce.online (`get_avro`).
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from ml.io.mjd import JD_MINUS_MJD, utc_of
from webapp.streams.http_client import ApiFailed, HttpClient
from webapp.streams.messages import BAD_REPLY
from webapp.streams.models import NAME_LENGTH
from webapp.streams.polling import Listed

T = TypeVar("T")
MOST_ALERTS = 1000
MOST_OBJECTS = 200


class Fink:
    """Alerts of a class, such as “Solar System candidate”, with Fink's scores; cutouts are arrays."""

    address = "https://api.fink-portal.org"

    def __init__(self, address: str = "") -> None:
        self.address = address or self.address
        self._client = HttpClient()

    def alerts(self, topic: str, begin: float, end: float) -> tuple[list[Listed], bool]:
        """Return the alerts of a class; see `webapp.streams.polling.Api`."""
        times = {"startdate": _iso(begin), "stopdate": _iso(end)}
        rows = self._ask("latests", {"class": topic, "n": str(MOST_ALERTS), **times})
        alerts = _understood(
            lambda: [
                Listed(_name(row["i:candid"]), row["i:jd"] - JD_MINUS_MJD, partial(self._packet, row)) for row in rows
            ]
        )
        return [alert for alert in alerts if begin <= alert.mjd <= end], len(rows) < MOST_ALERTS

    def _packet(self, row: dict[str, Any]) -> bytes:
        asked = _understood(lambda: {"objectId": row["i:objectId"], "candid": str(row["i:candid"]), "kind": "All"})
        cutouts = self._ask("cutouts", asked | {"output-format": "array"})
        return _understood(lambda: json.dumps(row | cutouts).encode())

    def _ask(self, what: str, asked: dict[str, str]) -> Any:
        return _parsed(self._client.post(f"{self.address}/api/v1/{what}", json.dumps(asked).encode()))


class Alerce:
    """Detections of objects of a class, named “classifier/class” such as “stamp_classifier/asteroid”; Avro files."""

    address = "https://api.alerce.online"
    packets = "https://avro.alerce.online"

    def __init__(self, address: str = "") -> None:
        if address:
            self.address = self.packets = address
        self._client = HttpClient()
        self._detections: dict[tuple[str, float], list[Listed]] = {}

    def alerts(self, topic: str, begin: float, end: float) -> tuple[list[Listed], bool]:
        """Return the detections of a class's objects; see `webapp.streams.polling.Api`."""
        classifier, _, name = topic.rpartition("/")
        wanted = [("classifier", classifier), ("class", name), ("lastmjd", begin), ("lastmjd", end)]
        wanted += [("page_size", MOST_OBJECTS), ("order_by", "lastmjd"), ("order_mode", "ASC")]
        found = _parsed(self._client.get(f"{self.address}/ztf/v1/objects?{urlencode(wanted)}"))
        objects = _understood(lambda: [(_name(item["oid"]), float(item["lastmjd"])) for item in found["items"]])
        listed = {each: self._detections.get(each) or self._listed(each[0]) for each in objects}
        self._detections = {each: old for each, old in self._detections.items() if each[1] >= begin} | listed
        alerts = [alert for detections in listed.values() for alert in detections if alert.mjd <= end]
        return alerts, len(objects) < MOST_OBJECTS

    def _listed(self, name: str) -> list[Listed]:
        rows = _parsed(self._client.get(f"{self.address}/ztf/v1/objects/{quote(name, safe='')}/detections"))
        return _understood(
            lambda: [
                Listed(_name(row["candid"]), float(row["mjd"]), partial(self._packet, name, str(row["candid"])))
                for row in rows
                if row["has_stamp"]
            ]
        )

    def _packet(self, name: str, candid: str) -> bytes:
        return self._client.get(f"{self.packets}/get_avro?{urlencode({'oid': name, 'candid': candid})}")


APIS: dict[str, Callable[[str], Fink | Alerce]] = {"fink": Fink, "alerce": Alerce}


def _iso(mjd: float) -> str:
    return utc_of(mjd).strftime("%Y-%m-%d %H:%M:%S")


def _name(value: object) -> str:
    """Return an object's or an alert's name as text that a row can hold; raises ValueError for another."""
    name = str(value)
    if not (0 < len(name) <= NAME_LENGTH and name.isprintable()):
        raise ValueError(f"{name[:20]!a} is not a name")
    return name


def _parsed(answer: bytes) -> Any:
    return _understood(lambda: json.loads(answer))


def _understood(read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ApiFailed(BAD_REPLY(problem=f"{type(error).__name__}: {error}"[:200])) from error
