"""The client has a call for each operation of the API, and sends only what the operation takes."""

import json
import re
from email.parser import BytesParser
from pathlib import Path

import httpx
import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from drf_spectacular.generators import SchemaGenerator
from rest_framework.renderers import JSONRenderer

from wanderers_client import Wanderers

OTHERWISE = {
    "POST /api/token/": "makes the token that the client is given",
    "DELETE /api/token/": "revokes it",
    "POST /api/rulings/": "rule() gives many",
    "POST /api/rulings/{id}/withdraw/": "desk.withdraw() withdraws many",
    "POST /api/rulings/{id}/undo/": "desk.undo() undoes many",
    "POST /api/cases/": "desk.change() changes many",
}
"""Operations without a call of their own, and why."""
LISTS = {"groups", "members", "actions", "tags", "history"}
PAGE = {"results": [], "next": None, "items": [], "size": 0, "changed": 0, "subjects": [], "total": 0}


def operations():
    """Return each operation, by its method and path, but those of Label Studio's own protocol."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    found = {
        f"{method.upper()} {path}": (operation, schema)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }
    return {label: each for label, each in found.items() if "/label-studio/" not in label}


def every_call(site, folder: Path):
    """Call everything; lists without rows have the columns of the schema."""
    picture = folder / "sky.png"
    picture.write_bytes(b"a picture")
    for name in ("surveys", "workflows", "training-runs", "checkpoints", "rulings", "cases", "reports", "ingest-runs"):
        site.table(name)
        site.row(name, "night" if name in ("surveys", "workflows") else 1)
    for name in (
        "subjects",
        "consensus",
        "known-matches",
        "detections",
        "talk/boards",
        "talk/threads",
        "talk/comments",
    ):
        site.row(name, 1)
    site.subjects("night", min_mag=20, updated_since="2026-01-01T00:00:00Z")
    site.around("night", SkyCoord(1, 2, unit="deg"), 1 * u.deg)
    site.within("night", "3/1-5")
    site.consensus("night", min_posterior=0.5)
    site.scores("night")
    site.detections("night", checkpoint=3, min_score=0.5)
    site.known_matches("night", max_separation=5)
    assert "people" in site.tags("night")
    site.statistics(survey="night", by="week")
    site.progress("night")
    site.export("night", "consensus.csv", folder / "consensus.csv")
    site.catalogue("night", "candidates.csv", folder / "candidates.csv")
    site.send("GET", "subjects/1/npy/")
    site.send("GET", "subjects/1/fits/")
    site.rule("night", [{"subject": 1, "verdict": "yes", "label": "", "note": ""}])
    site.next("night", 2)
    site.table("classifications")
    site.classify({"workflow": "night", "subject": {"id": 1}, "lease": "x"}, "no", follow_up="", marks=[])
    site.undo("0b6f0000-0000-4000-8000-000000000000")
    site.follow_up("0b6f0000-0000-4000-8000-000000000000", "CR")
    site.favour(1)
    site.favour(1, is_favourite=False)
    site.tag(1, "lens")
    site.untag(1, "lens")
    as_scientist(site, folder)
    as_admin(site, picture)
    together(site, picture)


def as_scientist(site, folder):
    site.desk.withdraw("night", [1, 2])
    site.desk.undo("night", [1, 2])
    site.desk.ask_second_opinion(1, wanted=False)
    site.desk.change("night", np.array([1, 2]), "tag", "lens")
    assert "who" in site.desk.history("night", 1)
    site.desk.make_set("night", "lens", people=2)
    site.desk.report_candidates("night", most=10, min_positions=3)
    site.desk.draft_report("night", np.array([1]))
    site.desk.check_report(1)
    for ending in ("psv", "xml", "obs80", "txt"):
        site.desk.report(1, folder / f"report.{ending}")
    site.desk.delete_report(1)


def as_admin(site, picture):
    site.admin.create_survey("night", "Night", classes=["CR"], positive=[], channels=["science"])
    site.admin.create_workflow("night", "movers", kind="stamp", name="Movers", question="?", subject_sets=[])
    site.upload("night", [picture], subject_set="first", dry_run=True)
    site.admin.ingest("night", "folder", subject_set="first", kind="stamp", dry_run=True)
    site.admin.cancel_ingest(1)
    site.admin.problems(1)
    site.admin.train("night", "head", minutes=5, seed=1)
    site.admin.cancel_training(1)
    site.admin.promote(1, is_confirmed=True, reason="better", replaces=0)
    site.admin.roll_back("night", "stamp", reason="worse", to=1)


def together(site, picture):
    site.talk.boards("night")
    site.talk.threads(1)
    site.talk.comments(thread=1, since="2026-01-01T00:00:00Z")
    site.talk.open_thread(1, "Title", "Text")
    site.talk.open_thread(1, "Title", "Text", picture=picture, alt="stars")
    site.talk.say("Text", subject=1)
    site.talk.edit(1, "Text")
    site.talk.remove(1, because="spam")
    site.collections.all()
    site.collections.create("Name", description="", is_public=True)
    site.collections.change(1, name="Other")
    site.collections.subjects(1)
    site.collections.add(1, np.array([1]))
    site.collections.remove(1, [1])
    site.collections.move(1, 1, is_forward=True)
    site.collections.add_editor(1, "ann")
    site.collections.remove_editor(1, "ann")
    site.collections.make_set(1, "night")
    site.collections.delete(1)
    site.groups.all()
    site.groups.create("Name", is_class=True)
    site.groups.change(1, description="Words")
    site.groups.link(1, 30)
    site.groups.join("token")
    site.groups.leave(1)
    site.groups.members(1)
    site.groups.remove_member(1, 2)
    site.groups.delete(1)
    site.appeals.actions()
    site.appeals.all(open="true")
    site.appeals.create(1, "Text")
    site.appeals.answer(1, is_granted=False, answer="Text")


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """Everything that the client sends."""
    requests, schema = [], SchemaGenerator().get_schema(request=None, public=True)

    def answer(request):
        request.read()
        if request.url.path == "/api/schema/":
            return httpx.Response(200, content=JSONRenderer().render(schema))
        requests.append(request)
        if request.method == "GET" and request.url.path.rstrip("/").rpartition("/")[2] in LISTS:
            return httpx.Response(200, json=[])
        return httpx.Response(200, json=PAGE)

    site = Wanderers("http://site")
    site._http = httpx.Client(base_url="http://site/api/", transport=httpx.MockTransport(answer))
    every_call(site, tmp_path_factory.mktemp("client"))
    return requests


def label_of(request, known):
    """Return the operation that a request asks for; one with fewer parameters in its path first."""
    for label in sorted(known, key=lambda each: each.count("{")):
        method, _, path = label.partition(" ")
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
        if method == request.method and re.fullmatch(pattern, request.url.path):
            return label
    raise AssertionError(f"The API has no {request.method} {request.url.path}.")


def test_each_operation_has_a_call(sent):
    known = operations()
    called = {label_of(request, known) for request in sent}
    assert called | OTHERWISE.keys() >= known.keys(), sorted(known.keys() - called - OTHERWISE.keys())
    assert not called & OTHERWISE.keys()


def test_each_call_sends_what_the_operation_takes(sent):
    known = operations()
    for request in sent:
        operation, schema = known[label_of(request, known)]
        where = f"{request.method} {request.url.path}"
        takes = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        assert set(request.url.params) <= takes | {"page_size"}, where
        assert told(request) <= fields_of(operation, schema), where


def told(request):
    """Return the names of the fields in a request's body."""
    kind = request.headers.get("Content-Type", "")
    if kind == "application/json":
        return set(json.loads(request.content))
    if not kind:
        return set()
    form = BytesParser().parsebytes(f"Content-Type: {kind}\n\n".encode() + request.content)
    return {part.get_param("name", header="content-disposition") for part in form.get_payload()}


def fields_of(operation, schema):
    """Return the names of the fields that an operation takes."""
    contents = operation.get("requestBody", {}).get("content", {}).values()
    return {name for content in contents for name in _fields(content["schema"], schema)}


def _fields(part, schema):
    if "$ref" in part:
        return _fields(schema["components"]["schemas"][part["$ref"].rpartition("/")[2]], schema)
    variants = [each for name in ("oneOf", "allOf", "anyOf") for each in part.get(name, ())]
    return set(part.get("properties", ())).union(*(_fields(each, schema) for each in variants))
