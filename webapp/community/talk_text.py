"""The text of comments as HTML: Markdown in which #tags, @mentions and bare addresses are links."""

import re
from collections.abc import Collection, Iterable
from functools import partial
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.safestring import SafeString

from webapp.archive.models import Survey
from webapp.community.models import Comment
from webapp.community.tags import TAG
from webapp.core.markdown import Piece, as_html

MENTION = re.compile(r"(?<![\w@.])@([\w.+-]{1,150})")
ADDRESS = re.compile(r"https?://[^\s<>\"]+")
LINKED = re.compile("|".join(pattern.pattern for pattern in (ADDRESS, TAG, MENTION)))
MOST_MENTIONS = 10


def mentioned(text: str) -> list[str]:
    """Return the user names after an @, in order, without the full stop of a sentence."""
    return list(dict.fromkeys(name.rstrip(".") for name in MENTION.findall(text)))[:MOST_MENTIONS]


def people_in(texts: Iterable[str], survey: Survey) -> set[str]:
    """Return the mentioned user names, in lower case, of those who wrote in the survey's Talk: links lead to that."""
    names = {name.rstrip(".").lower() for text in texts for name in MENTION.findall(text)}
    if not names:
        return set()
    written = Comment.objects.standing().filter(survey=survey, author__user=OuterRef("pk"))
    people = User.objects.annotate(name=Lower("username")).filter(Exists(written), name__in=names)
    return set(people.values_list("name", flat=True))


def comment_html(text: str, survey: Survey, people: Collection[str]) -> SafeString:
    """Return a comment as HTML. Only mentions of `people` are links, by their user names in lower case."""
    return as_html(text, partial(_pieces, survey, people))


def quoted(text: str, name: str) -> str:
    """Return a comment as a quotation, to be answered below it."""
    said = "\n".join(f"> {line}" for line in text.splitlines())
    return f"> **{name}**\n>\n{said}\n\n"


def _pieces(survey: Survey, people: Collection[str], text: str) -> list[Piece]:
    """Cut a text at its tags, mentions and addresses."""
    pieces, end = [], 0
    for match in LINKED.finditer(text):
        word = match[0].rstrip(".,;:!?)'\"")
        pieces += [Piece(text[end : match.start()]), Piece(word, _target(survey, people, word))]
        end = match.start() + len(word)
    return [*pieces, Piece(text[end:])]


def _target(survey: Survey, people: Collection[str], word: str) -> str:
    if word.startswith("#"):
        return reverse("tag", args=[survey.slug, word[1:].lower()])
    if word.startswith("@"):
        if word[1:].lower() not in people:
            return ""
        return f"{reverse('talk', args=[survey.slug])}?{urlencode({'by': word[1:]})}"
    return word
