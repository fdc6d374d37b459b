"""The pages that a person reaches by links from the front page."""

import re
from urllib.parse import urlsplit

NOT_PAGES = re.compile(r"\.(csv|json|parquet|xml|png|bin|zip|pdf|ics|jsonl|vot|fits)$|^/api/|logout")
VARIABLE = re.compile(r"\d+|(?<=/)[a-z]{2}(?=/$)")  # rows, and the languages of a guide
ADDRESSES = "all => all.map((a) => new URL(a.getAttribute('href'), location).href)"  # of links in drawings too
AS_LONG_AS = 90  # pages a person reaches in this small sky


def linked_pages(page):
    """Follow all links from the front page; yield after each load, one page of each kind."""
    waiting, kinds = ["/"], set()
    while waiting:
        path = waiting.pop(0)
        kind = VARIABLE.sub("N", urlsplit(path).path)
        if kind in kinds or NOT_PAGES.search(urlsplit(path).path):
            continue
        kinds.add(kind)
        page.goto("about:blank")  # a page that polls would go on until the next one comes, and count as part of it
        response = page.goto(path)
        assert response.ok, f"{path} answers {response.status}"
        page.wait_for_load_state("load")
        yield kind
        links = page.eval_on_selector_all("a[href]", ADDRESSES)
        ours = [urlsplit(link) for link in links if urlsplit(link).netloc == urlsplit(page.url).netloc]
        waiting += [link.path + (f"?{link.query}" if link.query else "") for link in ours]
    assert len(kinds) <= AS_LONG_AS
