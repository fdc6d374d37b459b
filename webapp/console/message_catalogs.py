"""Translation catalogs: extract messages from the sources, update locale/, compile them.

Uses Babel, so GNU gettext and other system tools are not needed.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

from webapp.core.environment import ROOT

LOCALE = ROOT / "locale"
LIBRARIES = LOCALE / "libraries"
LAZY = {
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
    "gettext_noop": None,
    "Sentence": None,
    "Message": None,  # of `ml`, which knows no gettext
    "BadInput": None,
}
# The sources of each catalog, with its folder.
SOURCES = {
    "django": [
        ("templates", "**.html", f"{__name__}:extract_template"),
        ("templates", "**.txt", f"{__name__}:extract_template"),
        ("webapp", "**.py", "python"),
        ("ml/data", "**.py", "python"),
        ("ml/io", "**.py", "python"),
        ("ml/sky", "**.py", "python"),
        ("ml/training", "**.py", "python"),
    ],
    "djangojs": [("static", "**.js", "javascript")],
}
UNCHANGING = datetime(2026, 1, 1, tzinfo=UTC)  # a creation date would differ in every run


@dataclass(frozen=True)
class Translation:
    """One language's catalog of one domain."""

    language: str
    domain: str
    folder: Path = LOCALE

    @property
    def by_hand(self) -> bool:
        """Return whether it is only compiled, and not renewed from the sources."""
        return self.folder == LIBRARIES

    @property
    def po(self) -> Path:
        return self.folder / self.language / "LC_MESSAGES" / f"{self.domain}.po"

    @property
    def name(self) -> str:
        return str(self.po.relative_to(LOCALE))

    @property
    def mo(self) -> Path:
        return self.po.with_suffix(".mo")

    def read(self) -> Catalog:
        """Return the existing translations."""
        if not self.po.exists():
            return Catalog(locale=self.language, domain=self.domain, project="Wanderers", version="1")
        with self.po.open("rb") as file:
            return read_po(file, locale=self.language, domain=self.domain)

    def missing(self) -> list[str]:
        """Return untranslated or fuzzy texts."""
        return [_name(message) for message in self.read() if message.id and not _is_done(message)]


def translations() -> list[Translation]:
    """Return every catalog: the site's texts in all languages but the source's, then what libraries say."""
    languages = [code for code, _ in settings.LANGUAGES]
    others = [code for code in languages if code != settings.LANGUAGE_CODE]
    own = [Translation(language, domain) for language in others for domain in SOURCES]
    return own + [Translation(each, "django", LIBRARIES) for each in languages if (LIBRARIES / each).exists()]


def gather(domain: str) -> Catalog:
    """Return all texts marked for translation in the sources."""
    catalog = Catalog(
        project="Wanderers", version="1", domain=domain, creation_date=UNCHANGING, fuzzy=False, header_comment=""
    )
    keywords: Any = {**DEFAULT_KEYWORDS, **LAZY}
    for folder, pattern, method in SOURCES[domain]:
        extracted = extract_from_dir(
            ROOT / folder, [(pattern, method)], keywords=keywords, comment_tags=["Translators:"],
            strip_comment_tags=True,
        )  # fmt: skip
        for name, _, text, comments, context in extracted:
            catalog.add(text, locations=[(f"{folder}/{name}", None)], auto_comments=comments, context=context)  # type: ignore[list-item]
    return catalog


def extract_template(file: Any, keywords: Any, comment_tags: Any, options: Any) -> Iterator[Any]:
    """Extract from a Django template: Django turns it into Python calls, in brackets so that indents are free."""
    source = templatize(file.read().decode())
    yield from extract_python(io.BytesIO(f"({source}\n)".encode()), keywords, comment_tags, options)


def renew(translation: Translation, texts: Catalog) -> bytes:
    """Return an updated catalog: new texts empty, obsolete ones removed; one written by hand as it is."""
    if translation.by_hand:
        return translation.po.read_bytes()
    catalog = translation.read()
    catalog.update(texts, no_fuzzy_matching=True)
    catalog.header_comment, catalog.revision_date, catalog.fuzzy = "", UNCHANGING, False
    file = io.BytesIO()
    write_po(file, catalog, width=100, sort_output=True, ignore_obsolete=True, include_lineno=False)
    return file.getvalue()


def compiled(translation: Translation) -> bytes:
    """Return the compiled catalog for Django."""
    file = io.BytesIO()
    write_mo(file, translation.read())
    return file.getvalue()


def _is_done(message: Message) -> bool:
    forms = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
    return bool(forms) and all(forms) and not message.fuzzy


def _name(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]
