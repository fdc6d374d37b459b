"""What a page says."""

import re
from html.parser import HTMLParser

NOT_READ = {"script", "style", "code", "kbd", "pre", "datalist", "svg"}
READ_ALOUD = {"alt", "aria-label", "placeholder", "title"}
WORD = re.compile(r"[^\W\d_]{2,}")


class _Words(HTMLParser):
    """A page's texts, visible and for screen readers."""

    def __init__(self, page):
        super().__init__()
        self.found, self._unread, self._foreign = set(), [], 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        self.found |= {said[name].strip() for name in READ_ALOUD & said.keys()}
        if tag in NOT_READ or said.get("class") == "languages" or ("lang" in said and tag == "button"):
            self._unread.append(tag)

    def handle_endtag(self, tag):
        if self._unread and tag == self._unread[-1]:
            self._unread.pop()

    def handle_data(self, data):
        if not self._unread:
            self.found.add(" ".join(data.split()))


def texts_of(page):
    """Return a page's texts that have words."""
    return {text for text in _Words(page).found if WORD.search(text)}
