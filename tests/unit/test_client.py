"""The client waits where the site asks it to, follows pages, and repeats the site's own sentence."""

from datetime import UTC, datetime
from types import SimpleNamespace

import httpx
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from wanderers_client import Refused, Wanderers


def site_that(answers, monkeypatch):
    """A site that gives these answers in turn; the waits are noted instead of waited for."""
    waits, given = [], iter(answers)
    monkeypatch.setattr("wanderers_client.connection.time", SimpleNamespace(sleep=waits.append))  # and nobody else's
    site = Wanderers("http://site")
    site._http = httpx.Client(base_url="http://site/api/", transport=httpx.MockTransport(lambda _: next(given)))
    return site, waits


def test_it_waits_and_goes_on_to_the_next_page(monkeypatch):
    pages = [
        httpx.Response(
            200, json={"results": [{"id": 1, "created_at": "2026-11-20T00:00:00Z"}], "next": "http://site/2"}
        ),
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(200, json={"results": [{"id": 2, "created_at": "2026-11-20T00:00:00.5Z"}], "next": None}),
    ]
    site, waits = site_that(pages, monkeypatch)
    table = site.table("subjects")
    assert (list(table["id"]), str(table["created_at"].dt.tz), waits) == ([1, 2], "UTC", [7.0])


def test_a_list_without_rows_has_its_columns_by_the_sites_schema(monkeypatch):
    def refer(name):
        return {"$ref": f"#/components/schemas/{name}"}

    def answer(schema):
        return {"get": {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}}

    schemas = {
        "Page": {"properties": {"next": {}, "results": {"type": "array", "items": refer("Subject")}}},
        "Subject": {"properties": {"id": {}, "ra": {}, "dec": {}, "created_at": {}}},
        "Tag": {"properties": {"name": {}}},
    }
    paths = {"/api/subjects/": answer(refer("Page"))}
    paths["/api/surveys/{survey}/tags/"] = answer({"type": "array", "items": refer("Tag")})
    nothing = httpx.Response(200, json={"results": [], "next": None})
    described = httpx.Response(200, json={"paths": paths, "components": {"schemas": schemas}})
    site, _ = site_that([nothing, described, nothing, httpx.Response(200, json=[])], monkeypatch)
    table = site.subjects("atlas", min_mag=30)
    assert (list(table.columns), len(table), str(table["created_at"].dt.tz)) == (
        ["id", "ra", "dec", "created_at"],
        0,
        "UTC",
    )
    near = site.around("atlas", SkyCoord(10, -5, unit="deg"), 1 * u.arcmin)
    assert list(near[["id", "separation"]].columns) == ["id", "separation"]
    assert list(site.tags("atlas").columns) == ["name"]


def test_an_export_waits_as_well_and_a_refused_one_leaves_no_file(monkeypatch, tmp_path):
    answers = [httpx.Response(429, headers={"Retry-After": "9"}), httpx.Response(200, content=b"PAR1")]
    site, waits = site_that([*answers, httpx.Response(404, json={"detail": "There is none."})], monkeypatch)
    path = site.export("movers", "consensus.parquet", tmp_path / "consensus.parquet")
    assert (path.read_bytes(), waits) == (b"PAR1", [9.0])
    with pytest.raises(Refused, match="There is none"):
        site.export("movers", "nothing.parquet", tmp_path / "nothing.parquet")
    assert [each.name for each in tmp_path.iterdir()] == ["consensus.parquet"]


def test_a_moc_is_sent_again_with_each_page(monkeypatch, tmp_path):
    sent = []

    def answer(request):
        sent.append((request.method, request.url.query.decode(), b"3/1-5" in request.read()))
        following = "http://site/api/subjects/within/?cursor=x" if len(sent) == 1 else None
        return httpx.Response(200, json={"results": [{"id": len(sent)}], "next": following})

    site, _ = site_that([], monkeypatch)
    site._http = httpx.Client(base_url="http://site/api/", transport=httpx.MockTransport(answer))
    path = tmp_path / "footprint.moc"
    path.write_text("3/1-5")
    assert list(site.within("atlas", path, kind="stamp")["id"]) == [1, 2]
    assert sent == [("POST", "page_size=1000&survey=atlas&kind=stamp", True), ("POST", "cursor=x", True)]


def test_files_are_sent_whole_again_when_the_site_asks_to_wait(monkeypatch, tmp_path):
    sent = []

    def answer(request):
        body = request.read()
        sent.append(
            (request.url.path, [part in body for part in (b"first image", b"second image", b"dry_run", b"b.npy")])
        )
        return (
            httpx.Response(429, headers={"Retry-After": "1"}) if len(sent) == 1 else httpx.Response(201, json={"id": 4})
        )

    site, waits = site_that([], monkeypatch)
    site._http = httpx.Client(base_url="http://site/api/", transport=httpx.MockTransport(answer))
    paths = [tmp_path / "a.npy", tmp_path / "b.npy"]
    for path, content in zip(paths, ("first image", "second image"), strict=True):
        path.write_text(content)
    assert site.upload("atlas", paths, dry_run=True) == {"id": 4}
    assert sent == [("/api/surveys/atlas/images/", [True] * 4)] * 2
    assert waits == [1.0]


def test_an_export_that_breaks_off_leaves_the_earlier_file(monkeypatch, tmp_path):
    def breaking():
        yield b"PAR1"
        raise httpx.ReadError("gone")

    path = tmp_path / "consensus.parquet"
    path.write_text("as before")
    site, _ = site_that([httpx.Response(200, content=breaking())], monkeypatch)
    with pytest.raises(httpx.ReadError):
        site.export("movers", "consensus.parquet", path)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("consensus.parquet", "as before")]


def test_no_files_are_no_upload(monkeypatch):
    site, _ = site_that([], monkeypatch)
    with pytest.raises(ValueError, match="no file to upload"):
        site.upload("atlas", [])


def test_a_tag_is_sent_as_it_is_written(monkeypatch):
    sent = []
    site, _ = site_that([], monkeypatch)
    transport = httpx.MockTransport(lambda request: sent.append(request.url.raw_path) or httpx.Response(204))
    site._http = httpx.Client(base_url="http://site/api/", transport=transport)
    site.tag(5, "#lens?")
    assert sent == [b"/api/subjects/5/tags/%23lens%3F/"]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (httpx.Response(403, json={"detail": "This is for scientists."}), "This is for scientists."),
        (httpx.Response(400, json={"cone": ["A cone is three numbers."]}), "cone: A cone is three numbers."),
        (httpx.Response(400, json={"detail": ["There is", "nothing."]}), "There is nothing."),
        (httpx.Response(502, text="<html>"), "Bad Gateway"),
        (
            httpx.Response(301, headers={"Location": "https://site/api/"}),
            "The site is elsewhere: https://site/api/. Use that address.",
        ),
    ],
)
def test_a_refusal_is_told_in_the_sites_words(reply, words, monkeypatch):
    site, _ = site_that([reply], monkeypatch)
    with pytest.raises(Refused) as refused:
        site.pixels(1)
    assert (str(refused.value), refused.value.status) == (words, reply.status_code)


def test_it_counts_a_list_and_follows_its_changes_from_a_time(monkeypatch):
    sent = []

    def answer(request):
        sent.append(dict(request.url.params))
        return httpx.Response(200, json={"results": [{"id": 7}], "next": None, "total": 12})

    site, _ = site_that([], monkeypatch)
    site._http = httpx.Client(base_url="http://site/api/", transport=httpx.MockTransport(answer))
    assert site.count("subjects", survey="atlas") == 12
    assert list(site.subjects("atlas", updated_since=datetime(2026, 11, 24, 20, tzinfo=UTC))["id"]) == [7]
    assert sent[0] == {"survey": "atlas", "page_size": "1", "total": "true"}
    assert sent[1]["updated_since"] == "2026-11-24 20:00:00+00:00"
