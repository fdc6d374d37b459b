"""External scorers: register one, revoke it, and ask it by a signed, bounded HTTP request to a public address."""

import base64
import hashlib
import hmac
import io
import json
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore
import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from numpy.typing import NDArray

from webapp.core.public_network import CheckedBackend, PrivateHost, TooSlow, UnknownHost, look_up, looks_private
from webapp.core.stored_messages import in_words
from webapp.learning import messages
from webapp.learning.models import ExternalScorer, Preset, TrainingRun
from webapp.learning.triggers import start_training
from webapp.workflows.models import Workflow

FORMAT = "wanderers-score-1"
MOST_ANSWER = 2**20
"""Maximum bytes of an answer."""

LONGEST_VERSION = 60
TRIES = 3
PAUSE = 1.0
"""Seconds before the second try; four times as long before the third."""

TIMEOUT = {"connect": 5.0, "write": 30.0, "read": 60.0, "pool": 5.0}
LONGEST = 120.0
"""Seconds from the first byte of a request to the last one of its answer."""


class ExternalScorerFailed(ValueError):
    """The scorer gave no usable answer; the message says what is wrong."""


class ScorerUnavailable(ExternalScorerFailed):
    """It may answer when it is asked again."""


@dataclass(frozen=True)
class Answer:
    """The version of the model that answered, and (n,) the probability of being real of each subject, 0..1."""

    version: str
    p_real: NDArray[np.float32]


def ask(scorer: ExternalScorer, kind: str, subjects: Sequence[dict[str, Any]], pixels: NDArray[Any]) -> Answer:
    """Return the scorer's answer about some subjects.

    Raises ExternalScorerFailed if the address is not allowed, or no try brings a sound answer.

    Parameters
    ----------
    subjects
        What the scorer is told of each, for JSON.
    pixels
        (n, F, C, H, W), of any number type.
    """
    if not scorer.secret:
        raise ExternalScorerFailed(messages.REVOKED())
    check_address(scorer.address)
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(pixels), allow_pickle=False)
    sent = {"format": FORMAT, "kind": kind, "subjects": list(subjects)}
    sent["pixels"] = base64.b64encode(file.getvalue()).decode()
    body = json.dumps(sent).encode()
    for number in range(TRIES):
        try:
            return _checked(_post(scorer, body), len(subjects))
        except ScorerUnavailable:
            if number == TRIES - 1:
                raise
            time.sleep(PAUSE * 4**number)
    raise AssertionError("The last try returns or raises.")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the hexadecimal HMAC-SHA256 of timestamp, full stop and body."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def check_address(address: str) -> None:
    """Raise ExternalScorerFailed for an address that may not be asked, as far as it shows without looking it up."""
    try:
        parts = urlsplit(address)
        port = 443 if parts.port is None else parts.port
    except ValueError:
        raise ExternalScorerFailed(messages.BAD_ADDRESS()) from None
    if parts.scheme != "https" and not (settings.PRIVATE_SCORERS and parts.scheme == "http"):
        raise ExternalScorerFailed(messages.NOT_HTTPS())
    is_plain = address.isascii() and address.isprintable() and " " not in address
    if not is_plain or not port or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ExternalScorerFailed(messages.BAD_ADDRESS())
    if looks_private(parts.hostname) and not settings.PRIVATE_SCORERS:
        raise ExternalScorerFailed(messages.PRIVATE_HOST(host=parts.hostname))


def public_address(host: str, port: int) -> str:
    """Look up a host, and return the IP address to connect to.

    Raises ExternalScorerFailed if any of its addresses is not a public one, unless the settings allow private ones.
    """
    try:
        return look_up(host, port, allow_private=settings.PRIVATE_SCORERS)
    except UnknownHost:
        raise ScorerUnavailable(messages.UNKNOWN_HOST(host=host)) from None
    except PrivateHost:
        raise ExternalScorerFailed(messages.PRIVATE_HOST(host=host)) from None


def _post(scorer: ExternalScorer, body: bytes) -> bytes:
    timestamp = str(int(time.time()))
    headers: dict[bytes | str, bytes | str] = {
        "Host": urlsplit(scorer.address).netloc,
        "Content-Type": "application/json",
        "X-Wanderers-Timestamp": timestamp,
        "X-Wanderers-Signature": f"sha256={signature(scorer.secret, timestamp, body)}",
    }
    backend = CheckedBackend(public_address, LONGEST)
    pool = httpcore.ConnectionPool(ssl_context=ssl.create_default_context(), network_backend=backend)
    try:
        with (
            pool,
            pool.stream(
                "POST", scorer.address, headers=headers, content=body, extensions={"timeout": TIMEOUT}
            ) as response,
        ):
            _check_status(response.status)
            return _read(response)
    except httpcore.ReadTimeout as late:
        seconds = LONGEST if isinstance(late, TooSlow) else TIMEOUT["read"]
        raise ScorerUnavailable(messages.NO_ANSWER(seconds=f"{seconds:g}")) from late
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise ScorerUnavailable(messages.UNREACHABLE(error=str(error) or type(error).__name__)) from error


def _check_status(status: int) -> None:
    if status in (401, 403):
        raise ExternalScorerFailed(messages.NOT_SIGNED_IN(status=status))
    if 300 <= status < 400:
        raise ExternalScorerFailed(messages.REDIRECTS(status=status))
    if status == 429 or status >= 500:
        raise ScorerUnavailable(messages.BAD_STATUS(status=status))
    if status != 200:
        raise ExternalScorerFailed(messages.BAD_STATUS(status=status))


def _read(response: httpcore.Response) -> bytes:
    parts, size = [], 0
    for part in response.iter_stream():
        size += len(part)
        if size > MOST_ANSWER:
            raise ExternalScorerFailed(messages.BAD_ANSWER(problem=messages.TOO_LONG(most=MOST_ANSWER)))
        parts.append(part)
    return b"".join(parts)


def _checked(answer: bytes, n: int) -> Answer:
    """Return the answer if it is of n finite probabilities, 0..1, and names the model's version."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        raise ExternalScorerFailed(messages.BAD_ANSWER(problem=messages.NOT_JSON())) from None
    version, p_real = (found.get("version"), found.get("p_real")) if isinstance(found, dict) else (None, None)
    if not isinstance(version, str) or not version.isprintable() or not 0 < len(version) <= LONGEST_VERSION:
        raise ExternalScorerFailed(messages.BAD_ANSWER(problem=messages.NO_VERSION(most=LONGEST_VERSION)))
    if not isinstance(p_real, list) or len(p_real) != n:
        got = len(p_real) if isinstance(p_real, list) else 0
        raise ExternalScorerFailed(messages.BAD_ANSWER(problem=messages.WRONG_COUNT(got=got, n=n)))
    bad = next((place for place, value in enumerate(p_real) if not _is_probability(value)), None)
    if bad is not None:
        raise ExternalScorerFailed(messages.BAD_ANSWER(problem=messages.NO_PROBABILITY(place=bad)))
    return Answer(version, np.array(p_real, dtype=np.float32))


def _is_probability(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


@transaction.atomic
def register_scorer(*, workflow: Workflow, name: str, address: str, secret: str, by: User | None) -> TrainingRun:
    """Register a scorer, or change one of that name, and return the run that evaluates it.

    Raises ValidationError: by field; nothing is stored. Raises AlreadyTraining: a run of the workflow is open; nothing
    is stored.
    """
    try:
        check_address(address)
    except ExternalScorerFailed as error:
        raise ValidationError({"address": in_words(error.args[0])}) from error
    Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
    scorer = ExternalScorer.objects.filter(workflow=workflow, name=name).first()
    scorer = scorer or ExternalScorer(workflow=workflow, name=name)
    scorer.address, scorer.secret, scorer.registered_by = address, secret, by
    scorer.full_clean()
    scorer.save()
    return evaluate_scorer(scorer, by=by)


def evaluate_scorer(scorer: ExternalScorer, *, by: User | None) -> TrainingRun:
    """Start a run that evaluates what the scorer answers today, as a model of its own.

    Raises AlreadyTraining if a run of the workflow is open; ExternalScorerFailed if its secret was revoked.
    """
    if not scorer.secret:
        raise ExternalScorerFailed(messages.REVOKED())
    return start_training(workflow=scorer.workflow, by=by, preset=Preset.EXTERNAL, scorer=scorer)


def revoke_scorer(scorer: ExternalScorer) -> None:
    """Forget the secret, so that the site sends the scorer no more subjects; its models and scores stay."""
    ExternalScorer.objects.filter(pk=scorer.pk).update(secret="")


def address_without_query(scorer: ExternalScorer) -> str:
    """Return a scorer's address without its query and any login, which may contain a key."""
    parts = urlsplit(scorer.address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
