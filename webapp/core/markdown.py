"""Markdown rendering with sanitised HTML, and splitting by headings."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li",
    "a", "img", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
PICTURE = re.compile(r"/guide-images/[0-9]+/[0-9a-f]{1,32}\Z")
"""Only pictures uploaded here are allowed, so that readers' browsers contact no other site."""

LONGEST_PARAGRAPH = 5000
"""Characters; a longer one has no markup, since a hundred thousand brackets would take half a minute to pair."""


def _inline(state: StateCore) -> None:
    """Read the markup within each paragraph, heading or cell."""
    for token in state.tokens:
        if token.type == "inline" and len(token.content) > LONGEST_PARAGRAPH:
            token.children = [Token("text", "", 0, content=token.content)]
        elif token.type == "inline":
            token.children = []
            state.md.inline.parse(token.content, state.md, state.env, token.children)


_READER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_READER.core.ruler.at("inline", _inline)


@dataclass(frozen=True)
class Section:
    """A heading and the text below it; without a title, the text before the first heading.

    `text` has all its words, `lead` those of its first paragraph.
    """

    title: str
    html: SafeString
    text: str
    lead: str


@dataclass(frozen=True)
class Piece:
    """A part of a text, and where it links to, if anywhere."""

    text: str
    target: str = ""


Cut = Callable[[str], Iterable[Piece]]


def as_html(body: str, cut: Cut | None = None) -> SafeString:
    """Return the text as sanitised HTML. Its headings start at h2, below the page's own.

    `cut` divides plain text, outside of links and code, into pieces that may be links.
    """
    tokens = _READER.parse(body)
    if cut:
        for token in tokens:
            token.children = list(_linked(token.children or [], cut))
    return _render(tokens)


def has_foreign_pictures(body: str) -> bool:
    """Return whether the text has pictures of other sites, of which readers see only the alternative text."""
    return any(_is_foreign(child) for token in _READER.parse(body) for child in token.children or [])


def _is_foreign(token: Token) -> bool:
    return token.type == "image" and not PICTURE.match(str(token.attrs["src"]))


def _in_words(picture: Token) -> Token:
    """Return a picture's alternative text."""
    return Token("text", "", 0, content=_plain([picture]))


def _linked(tokens: Iterable[Token], cut: Cut) -> Iterable[Token]:
    depth = 0
    for token in tokens:
        depth += token.nesting if token.type in ("link_open", "link_close") else 0
        if token.type != "text" or depth:
            yield token
            continue
        for piece in cut(token.content):
            text = Token("text", "", 0, content=piece.text)
            link = [Token("link_open", "a", 1, attrs={"href": piece.target}), text, Token("link_close", "a", -1)]
            yield from link if piece.target else [text]


def sections(body: str) -> list[Section]:
    """Return the sections that headings of level 1 and 2 begin, in order."""
    collected: list[Section] = []
    title: list[Token] = []
    below: list[Token] = []
    tokens = iter(_READER.parse(body))
    for token in tokens:
        if token.type == "heading_open" and token.level == 0 and token.tag in ("h1", "h2"):
            collected += _section(title, below)
            title, below = [next(tokens)], []
            next(tokens)  # the heading's end
        else:
            below.append(token)
    return collected + _section(title, below)


def _section(title: list[Token], below: list[Token]) -> list[Section]:
    if not title and not below:
        return []
    name = _plain(title)
    lead = next((text for token in below if (text := _plain([token]))), "")
    return [Section(name, _render(below), f"{name} {_plain(below)}".strip(), lead)]


def _plain(tokens: list[Token]) -> str:
    """Return the text without pictures and markup."""
    inline = (child for token in tokens for child in token.children or [])
    return " ".join(" ".join(child.content for child in inline if child.type in ("text", "code_inline")).split())


def _render(tokens: list[Token]) -> SafeString:
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        token.children = [_in_words(each) if _is_foreign(each) else each for each in token.children or []]
    html = nh3.clean(
        _READER.renderer.render(tokens, _READER.options, {}),
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_allowed,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(html)  # noqa: S308  # nh3 has just sanitised it


def _allowed(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src":
        return value if PICTURE.match(value) else None
    return value
