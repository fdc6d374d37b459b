"""The volunteers of bench.next_submit: threads that request and classify subjects over HTTP, given only an address.

Reads one JSON object from standard input, prints [[seconds for next, seconds for submit], …] of all cycles.
"""

import json
import random
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any


def volunteer(port: int, token: str, slug: str, seconds: float, pause: float) -> list[tuple[float, float, float]]:
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
        reply = call(client, token, "GET", f"/api/workflows/{slug}/next/?n=1")
        asked = time.perf_counter()
        if not reply["items"]:
            raise RuntimeError("The queue is empty, so nothing can be measured.")
        item = reply["items"][0]
        subject = item["subject"]["id"]
        answer = {
            "id": str(uuid.uuid4()),
            "workflow": slug,
            "subject": subject,
            "lease": item["lease"],
            "answer": "yes" if random.random() < (0.85 if subject % 2 else 0.15) else "no",
        }
        call(client, token, "POST", "/api/classifications/", answer)
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
    port, slug, tokens = question["port"], question["slug"], question["tokens"]
    begin = time.perf_counter()
    seconds = question["warm_up"] + question["window"]
    with ThreadPoolExecutor(len(tokens)) as threads:
        runs = threads.map(lambda token: volunteer(port, token, slug, seconds, question["pause"]), tokens)
        cycles = [cycle for run in runs for cycle in run]
    print(json.dumps([cycle[1:] for cycle in cycles if cycle[0] >= begin + question["warm_up"]]))


if __name__ == "__main__":
    main()
