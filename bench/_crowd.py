"""The volunteers of bench.next_submit: they request and classify subjects over HTTP, given only an address.

They are coroutines of one process, with aiohttp, since the processor time that they take is missing to the server.
Reads one JSON object from standard input, prints [[seconds for next, seconds for submit], …] of all cycles.
"""

import asyncio
import json
import random
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiohttp import ClientSession, ClientTimeout

Ask = Callable[[str, str, Any], Awaitable[Any]]  # method, path and body to the reply
Submit = Callable[[], Awaitable[Any]]


async def ours(slugs: list[str], ask: Ask) -> Submit:
    """Ask Wanderers for a subject of the first queue that has any for this person; return the function that answers."""
    reply = await ask("GET", f"/api/workflows/{slugs[0]}/next/?n=1", None)
    if not reply["items"]:
        if len(slugs) == 1:
            raise RuntimeError("The last queue is empty, so nothing can be measured.")
        return await ours(slugs[1:], ask)
    slug, item = slugs[0], reply["items"][0]
    subject = item["subject"]["id"]
    answer = {"id": str(uuid.uuid4()), "workflow": slug, "subject": subject, "lease": item["lease"]}
    return lambda: ask("POST", "/api/classifications/", answer | {"answer": _say(subject)})


async def label_studios(projects: list[str], ask: Ask) -> Submit:
    """Ask Label Studio for a task; return the function that annotates it."""
    [project] = projects
    task = (await ask("GET", f"/api/projects/{project}/next", None))["id"]
    choice = {"from_name": "answer", "to_name": "name", "type": "choices", "value": {"choices": [_say(task)]}}
    annotation = {"result": [choice], "lead_time": 1.0}
    return lambda: ask("POST", f"/api/tasks/{task}/annotations/?project={project}", annotation)


def _say(subject: int) -> str:
    return "yes" if random.random() < (0.85 if subject % 2 else 0.15) else "no"


PRODUCTS = {"Wanderers": ours, "Label Studio": label_studios}


async def volunteer(
    port: int, token: str, product: str, slugs: list[str], seconds: float, pause: float
) -> list[tuple[float, float, float]]:
    """Classify for some seconds; return when each cycle began, and how long next and submit took.

    Before each cycle the volunteer looks at the subject for a while: exponentially distributed, `pause` seconds on
    average.
    """
    cycles = []
    end = time.perf_counter() + seconds
    headers = {"Authorization": f"Token {token}"}
    async with ClientSession(f"http://127.0.0.1:{port}", headers=headers, timeout=ClientTimeout(60)) as client:
        while time.perf_counter() < end:
            await asyncio.sleep(random.expovariate(1 / pause) if pause else 0)
            start = time.perf_counter()
            submit = await PRODUCTS[product](slugs, partial(call, client))
            asked = time.perf_counter()
            await submit()
            cycles.append((start, asked - start, time.perf_counter() - asked))
    return cycles


async def call(client: ClientSession, method: str, path: str, body: Any) -> Any:
    async with client.request(method, path, json=body) as reply:
        text = await reply.read()
    if reply.status >= 300:
        raise RuntimeError(f"{method} {path} answered {reply.status}: {text[:200]!r}")
    return json.loads(text)


async def crowd(question: dict[str, Any]) -> list[tuple[float, float, float]]:
    port, slugs, product, tokens = (question[name] for name in ("port", "slugs", "product", "tokens"))
    seconds = question["warm_up"] + question["window"]
    runs = [volunteer(port, token, product, slugs, seconds, question["pause"]) for token in tokens]
    return [cycle for run in await asyncio.gather(*runs) for cycle in run]


def main() -> None:
    question = json.load(sys.stdin)
    begin = time.perf_counter()
    cycles = asyncio.run(crowd(question))
    print(json.dumps([cycle[1:] for cycle in cycles if cycle[0] >= begin + question["warm_up"]]))


if __name__ == "__main__":
    main()
