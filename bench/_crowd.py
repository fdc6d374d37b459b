"""The volunteers of bench.next_submit: threads that request and classify subjects over HTTP, given only an address.

Reads one JSON object from standard input, prints [[seconds for next, seconds for submit], …] of all cycles.
"""

import json
import random
import sys
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from typing import Any

Ask = Callable[[str, str, Any], Any]  # method, path and body to the reply
Submit = Callable[[], Any]


def ours(slug: str, ask: Ask) -> Submit:
    """Ask Wanderers for a subject; return the function that answers."""
    reply = ask("GET", f"/api/workflows/{slug}/next/?n=1", None)
    if not reply["items"]:
        raise RuntimeError("The queue is empty, so nothing can be measured.")
    item = reply["items"][0]
    subject = item["subject"]["id"]
    answer = {"id": str(uuid.uuid4()), "workflow": slug, "subject": subject, "lease": item["lease"]}
    return lambda: ask("POST", "/api/classifications/", answer | {"answer": _say(subject)})


def label_studios(project: str, ask: Ask) -> Submit:
    """Ask Label Studio for a task; return the function that annotates it."""
    task = ask("GET", f"/api/projects/{project}/next", None)["id"]
    choice = {"from_name": "answer", "to_name": "name", "type": "choices", "value": {"choices": [_say(task)]}}
    annotation = {"result": [choice], "lead_time": 1.0}
    return lambda: ask("POST", f"/api/tasks/{task}/annotations/?project={project}", annotation)


def _say(subject: int) -> str:
    return "yes" if random.random() < (0.85 if subject % 2 else 0.15) else "no"


PRODUCTS = {"Wanderers": ours, "Label Studio": label_studios}


def volunteer(
    port: int, token: str, product: str, slug: str, seconds: float, pause: float
) -> list[tuple[float, float, float]]:
    """Classify for some seconds; return when each cycle began, and how long next and submit took.

    Before each cycle the volunteer looks at the subject for a while: exponentially distributed, `pause` seconds on
    average.
    """
    client = HTTPConnection("127.0.0.1", port, timeout=60)
    cycles = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        time.sleep(random.expovariate(1 / pause) if pause else 0)
        start = time.perf_counter()
        submit = PRODUCTS[product](slug, partial(call, client, token))
        asked = time.perf_counter()
        submit()
        cycles.append((start, asked - start, time.perf_counter() - asked))
    return cycles


def call(client: HTTPConnection, token: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    client.request(method, path, json.dumps(body) if body else None, headers)
    reply = client.getresponse()
    text = reply.read()
    if reply.status >= 300:
        raise RuntimeError(f"{method} {path} answered {reply.status}: {text[:200]!r}")
    return json.loads(text)


def main() -> None:
    question = json.load(sys.stdin)
    port, slug, product, tokens = (question[name] for name in ("port", "slug", "product", "tokens"))
    begin = time.perf_counter()
    seconds = question["warm_up"] + question["window"]
    with ThreadPoolExecutor(len(tokens)) as threads:
        runs = threads.map(lambda token: volunteer(port, token, product, slug, seconds, question["pause"]), tokens)
        cycles = [cycle for run in runs for cycle in run]
    print(json.dumps([cycle[1:] for cycle in cycles if cycle[0] >= begin + question["warm_up"]]))


if __name__ == "__main__":
    main()
