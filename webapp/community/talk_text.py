"""The text of comments as HTML: Markdown in which #tags, @mentions and bare addresses are links."""

import re
from functools import partial
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString

from webapp.archive.models import Survey
from webapp.community.tags import TAG
from webapp.core.markdown import Piece, as_html

MENTION = re.compile(r"(?<![\w@.])@([\w.+-]{1,150})")
ADDRESS = re.compile(r"https?://[^\s<>\"]+")
LINKED = re.compile("|".join(pattern.pattern for pattern in (ADDRESS, TAG, MENTION)))
MOST_MENTIONS = 10


def mentioned(text: str) -> list[str]:
    """Return the user names after an @, in order, without the full stop of a sentence."""
    return list(dict.fromkeys(name.rstrip(".") for name in MENTION.findall(text)))[:MOST_MENTIONS]


def comment_html(text: str, survey: Survey) -> SafeString:
    return as_html(text, partial(_pieces, survey))


def quoted(text: str, name: str) -> str:
    """Return a comment as a quotation, to be answered below it."""
    said = "\n".join(f"> {line}" for line in text.splitlines())
    return f"> **{name}**\n>\n{said}\n\n"


def _pieces(survey: Survey, text: str) -> list[Piece]:
    """Cut a text at its tags, mentions and addresses."""
    pieces, end = [], 0
    for match in LINKED.finditer(text):
        word = match[0].rstrip(".,;:!?)'\"")
        pieces += [Piece(text[end : match.start()]), Piece(word, _target(survey, word))]
        end = match.start() + len(word)
    return [*pieces, Piece(text[end:])]


def _target(survey: Survey, word: str) -> str:
    if word.startswith("#"):
        return reverse("tag", args=[survey.slug, word[1:].lower()])
    if word.startswith("@"):
        return f"{reverse('talk', args=[survey.slug])}?{urlencode({'by': word[1:]})}"
    return word
