"""What became of the site at each fault: whether nothing was damaged and all ended in time, and a table."""

from typing import Any

ALLOWED = 60.0
"""Seconds after a fault in which all jobs must have ended, and everybody be served again."""
ZERO = ("lost", "doubled", "wrong counters", "over-asked", "from nowhere")
"""What must be zero in each row; `bench.chaos.people.audit` counts it."""
HEAD = ("fault", "under way", "longest wait, s", "all ended, s", *ZERO, "jobs failed")


def is_harmless(row: dict[str, Any]) -> bool:
    """Return whether the fault struck some work, all ended in time, no job failed, and the votes are as given."""
    in_time = row["ended"] is not None and row["ended"] - row["lasted"] <= ALLOWED
    struck = row["injected"] and bool(row["under_way"])
    return struck and in_time and not row["failed"] and not any(row[name] for name in ZERO)


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as Markdown."""
    lines: list[list[Any]] = [[*HEAD], ["---"] * len(HEAD)]
    for row in rows:
        ended = f"not within 120: {', '.join(row['left'])}" if row["ended"] is None else row["ended"]
        name = row["fault"] + (" (it stays so)" if row["hangs"] else "")
        name += "" if row["injected"] else " (not injected: no packets arrived)"
        failed = "; ".join(row["failed"]) or 0
        under_way = ", ".join(row["under_way"]) or "nothing, so this shows nothing"
        lines.append([name, under_way, row["waited"], ended, *(row[each] for each in ZERO), failed])
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
