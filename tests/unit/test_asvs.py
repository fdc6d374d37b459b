"""docs/asvs.md answers every requirement of levels 1 and 2 of OWASP ASVS 4.0.3, and names what exists."""

import re
from collections import Counter
from pathlib import Path

PAGE = Path("docs/asvs.md").read_text()
ROWS = re.findall(
    r"^\| (\d+\.\d+\.\d+) \| ([^|]+) \| (yes|partly|no|not applicable) \| ([^|]+) \|$", PAGE, re.MULTILINE
)
REQUIREMENTS = {
    "1.1": "1-7", "1.2": "1-4", "1.4": "1 4-5", "1.5": "1-4", "1.6": "1-4", "1.7": "1-2", "1.8": "1-2", "1.9": "1-2",
    "1.10": "1", "1.11": "1-2", "1.12": "2", "1.14": "1-6", "2.1": "1-12", "2.2": "1-3", "2.3": "1-3", "2.4": "1-5",
    "2.5": "1-7", "2.6": "1-3", "2.7": "1-6", "2.8": "1-7", "2.9": "1-3", "2.10": "1-4", "3.1": "1", "3.2": "1-4",
    "3.3": "1-4", "3.4": "1-5", "3.5": "1-3", "3.7": "1", "4.1": "1-3 5", "4.2": "1-2", "4.3": "1-3", "5.1": "1-5",
    "5.2": "1-8", "5.3": "1-10", "5.4": "1-3", "5.5": "1-4", "6.1": "1-3", "6.2": "1-6", "6.3": "1-2", "6.4": "1-2",
    "7.1": "1-4", "7.2": "1-2", "7.3": "1 3-4", "7.4": "1-3", "8.1": "1-4", "8.2": "1-3", "8.3": "1-8", "9.1": "1-3",
    "9.2": "1-4", "10.2": "1-2", "10.3": "1-3", "11.1": "1-8", "12.1": "1-3", "12.2": "1", "12.3": "1-6",
    "12.4": "1-2", "12.5": "1-2", "12.6": "1", "13.1": "1 3-5", "13.2": "1-3 5-6", "13.3": "1-2", "13.4": "1-2",
    "14.1": "1-4", "14.2": "1-6", "14.3": "2-3", "14.4": "1-7", "14.5": "1-4",
}  # fmt: skip
"""Numbers of the requirements of levels 1 and 2, by section; those that were deleted from the standard are missing."""


def numbers(ranges):
    ends = [part.partition("-") for part in ranges.split()]
    return [number for first, _, last in ends for number in range(int(first), int(last or first) + 1)]


def test_every_requirement_is_answered_once_and_in_order():
    wanted = [f"{section}.{number}" for section, ranges in REQUIREMENTS.items() for number in numbers(ranges)]
    assert [row[0] for row in ROWS] == wanted
    assert len(wanted) == 259


def test_every_test_and_file_that_is_named_exists():
    named = {name for *_, how in ROWS for name in re.findall(r"`([\w./-]+/[\w./-]+(?:::\w+)?)`", how)}
    assert len(named) > 60
    missing = [name for name in named if not exists(name)]
    assert missing == []


def exists(name):
    path, _, test = name.partition("::")
    file = Path(path) if Path(path).exists() else Path("tests") / path
    return file.exists() and f"def {test}(" in file.read_text() if test else file.exists()


def test_the_summary_counts_the_rows():
    met = Counter(row[2] for row in ROWS)
    said = "{} requirements: {} yes, {} partly, {} no, {} not applicable."
    counts = (len(ROWS), *(met[each] for each in ("yes", "partly", "no", "not applicable")))
    assert said.format(*counts) in PAGE
    without = [row for row in ROWS if row[2] == "yes" and "test_" not in row[3]]
    assert f'{len(without)} of the answers "yes" name no test' in PAGE
