"""The linter refuses what could run or query what somebody else has written, in every room of the product."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DANGEROUS = {
    "S301": "import pickle\n\n\ndef load(data: bytes) -> object:\n    return pickle.loads(data)\n",
    "S506": "import yaml\n\n\ndef load(data: str) -> object:\n    return yaml.load(data, Loader=yaml.Loader)\n",
    "S307": "def load(data: str) -> object:\n    return eval(data)\n",
    "S102": "def load(data: str) -> None:\n    exec(data)\n",
    "S602": "import subprocess\n\n\ndef run(name: str) -> None:\n    subprocess.run(name, shell=True, check=True)\n",
    "S608": "def query(name: str) -> str:\n    return f\"SELECT id FROM subject WHERE name = '{name}'\"\n",
    "S501": "import httpx\n\n\ndef get(url: str) -> object:\n    return httpx.get(url, verify=False)\n",
    "S324": "import hashlib\n\n\ndef sign(data: bytes) -> str:\n    return hashlib.md5(data).hexdigest()\n",
    "S308": "from django.utils.safestring import mark_safe\n\n\ndef show(x: str) -> str:\n    return mark_safe(x)\n",
}
ROOMS = ("webapp", "ml", "tasks")
PYTHON = [path for room in ROOMS for path in Path(room).rglob("*.py")]


@pytest.mark.parametrize("room", ROOMS)
def test_the_linter_refuses_what_is_dangerous(room):
    ruff = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"]
    found = subprocess.run(
        [*ruff, "--stdin-filename", f"{room}/new.py", "-"],
        input="\n\n".join(DANGEROUS.values()), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [rule for rule in DANGEROUS if f" {rule} " not in found.stdout] == []


def test_numbers_that_name_something_are_random_or_repeatable_on_purpose():
    """Neither the clock nor the machine's address makes one: `uuid1` could be guessed."""
    assert len(PYTHON) > 500
    assert [str(path) for path in PYTHON if "uuid1(" in path.read_text()] == []


def test_no_template_switches_escaping_off():
    pages = [*Path("templates").rglob("*.html"), *Path("webapp").rglob("*.html")]
    assert len(pages) > 100
    assert [str(path) for path in pages if "autoescape off" in path.read_text()] == []


def test_checkpoints_are_loaded_without_running_them():
    lines = [line for path in PYTHON for line in path.read_text().splitlines() if "torch.load(" in line]
    assert lines
    assert [line for line in lines if "weights_only=True" not in line] == []


def test_scripts_put_only_constant_html_into_a_page_or_what_the_server_has_sanitised():
    scripts = {path: path.read_text() for path in Path("static").rglob("*.js")}
    assert len(scripts) > 20
    ways = ("outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function")
    assert [(str(path), way) for path, text in scripts.items() for way in ways if way in text] == []
    given = [
        (path.name, html) for path, text in scripts.items() for html in re.findall(r"innerHTML\s*\+?=\s*(.*)", text)
    ]
    assert [name for name, html in given if not re.fullmatch(r"'[^'$]*';", html)] == ["reader.js"]


def test_csv_is_written_by_the_one_writer_that_escapes_formulas():
    """Simulated manifests are for our own reader; nobody else writes their cells."""
    writers = {str(path) for path in PYTHON if re.search(r"csv\.(writer|DictWriter)\(", path.read_text())}
    assert writers == {"ml/io/safe_csv.py", "ml/simulate/writer.py"}


def test_texts_to_translate_stand_where_the_collector_finds_them():
    """It reads neither f-strings nor template literals: what is asked for inside one would stay English."""
    python = re.compile(r"""\bf["'].*\{[^}]*\b(?:_|n?gettext)\(""")
    script = re.compile(r"`[^`]*\$\{[^`]*?\b(?:n|p|np)?gettext\(")
    hidden = [str(path) for path in PYTHON if any(map(python.search, path.read_text().splitlines()))]
    hidden += [
        str(path) for path in Path("static").rglob("*.js") if any(map(script.search, path.read_text().splitlines()))
    ]
    assert hidden == []
