"""Find texts in templates, forms and scripts that are not marked for translation."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from django.template.base import Lexer, TokenType

READ_ALOUD = {"alt", "aria-description", "aria-label", "aria-roledescription", "placeholder", "title"}
NOT_READ = {"script", "style", "svg", "code", "kbd", "pre"}
SAME_EVERYWHERE = {
    "Wanderers",  # the name of the site
    "API", "CSV", "PDF",  # abbreviations
    "UTC", "MJD", "S/N", "ROC AUC", "min",  # times, quantities and units
    "zscale", "asinh", "log",  # stretches, by the names that astronomers know
}  # fmt: skip
WORD = re.compile(r"[^\W\d_]{2,}")
SPEAKS_ENGLISH = re.compile(r"^(api|console)/|/migrations/")  # for programs, for command lines, and of the past
ANSWERS_PEOPLE = {"error", "info", "success", "warning"}  # django.contrib.messages
READ_OPTIONS = {"label", "help_text", "labels", "help_texts", "error_messages"}
META_OPTIONS = {"labels", "help_texts", "error_messages"}
FOR_PROGRAMMERS = {"models", "ArrayField", "MessageField"}  # what a field of a row says of itself; forms say it anew
ATTRIBUTES = {"theme", "body_class"}  # blocks that hold no words
REFUSALS = {"ValidationError", "PermissionDenied"}
SHOWN_BY_SCRIPTS = re.compile(r"""(?:textContent|ariaLabel|title|placeholder|_label|legend)\s*[:=]\s*(["'`])(.*?)\1""")


def in_template(source: str) -> list[str]:
    """Return the texts of a template outside `translate` and `blocktranslate`."""
    reader = _Reader()
    reader.feed("".join(_plain(source)))
    reader.close()
    return [text for text in reader.found if _has_words(text)]


def _plain(source: str) -> Iterator[str]:
    """Yield the template without tags, variables and translated text."""
    skipping = ""
    for token in Lexer(source).tokenize():
        name, *rest = token.contents.split() if token.token_type == TokenType.BLOCK else [""]
        if skipping:
            skipping = "" if name == skipping else skipping
        elif name in ("blocktranslate", "comment") or (name == "block" and rest[0] in ATTRIBUTES):
            skipping = f"end{name}"
        elif token.token_type == TokenType.TEXT:
            yield token.contents


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._unread: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in READ_ALOUD and value]
        if tag in NOT_READ:
            self._unread.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._unread and tag == self._unread[-1]:
            self._unread.pop()

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.found.append(data.strip())


def in_python(source: str) -> list[str]:
    """Return the plain texts that a module passes to forms, messages or refusals."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            found += _handed_to_people(node)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in META_OPTIONS:
            found += _values(node.value)
    return [text for node in found if _has_words(text := _text(node))]


def _handed_to_people(call: ast.Call) -> list[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    module = getattr(getattr(call.func, "value", None), "id", "")
    if {module, name} & FOR_PROGRAMMERS:
        return []
    found = [value for keyword in call.keywords if keyword.arg in READ_OPTIONS for value in _values(keyword.value)]
    if (module == "messages" and name in ANSWERS_PEOPLE) or name == "add_error":
        found += call.args[1:]
    if name in REFUSALS or name.endswith("Refused"):
        found += [value for argument in call.args for value in _values(argument)]
    return found


def _values(node: ast.expr) -> list[ast.expr]:
    """Return the values of a nested dictionary; anything else is itself."""
    if isinstance(node, ast.Dict):
        return [value for each in node.values for value in _values(each)]
    return [node]


def _text(node: ast.expr) -> str:
    """Return the text of a literal; nothing for a call, such as gettext's."""
    if isinstance(node, ast.JoinedStr):
        return " ".join(part.value for part in node.values if isinstance(part, ast.Constant))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def in_script(source: str) -> list[str]:
    """Return the plain texts in a script."""
    shown = [re.sub(r"\$\{[^}]*\}", "", match[2]) for match in SHOWN_BY_SCRIPTS.finditer(source)]
    return [text for text in shown if _has_words(text)]


def everywhere(folder: Path, ending: str, find) -> dict[str, list[str]]:
    """Return what `find` returns for the files below a folder, by file, without empty ones."""
    files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob(f"*.{ending}"))}
    said = {name: find(path.read_text()) for name, path in files.items() if not SPEAKS_ENGLISH.search(name)}
    return {name: texts for name, texts in said.items() if texts}


def _has_words(text: str) -> bool:
    for known in SAME_EVERYWHERE:
        text = text.replace(known, " ")
    return bool(WORD.search(text))
