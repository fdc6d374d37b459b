"""A compact set of external ids agrees with a Python set."""

from webapp.archive.ingest.dedupe import Known


def test_it_says_of_each_id_what_a_set_would_say():
    ids = {f"stamp-{number}" for number in range(2000)}
    known = Known(ids)
    assert len(known) == 2000
    assert [name for name in ids if name not in known] == []
    assert [number for number in range(2000, 4000) if f"stamp-{number}" in known] == []


def test_an_empty_one_knows_nothing_and_any_text_may_be_asked_for():
    assert "a" not in Known([])
    assert "größe-\udcff" not in Known(["größe"])
    assert "größe" in Known(["größe"])


def test_ids_whose_digests_begin_alike_are_told_apart(monkeypatch):
    digests = {name: bytes(8) + bytes([number] * 8) for number, name in enumerate("abc")}
    monkeypatch.setattr("webapp.archive.ingest.dedupe._digest", digests.__getitem__)
    known = Known(["a", "b"])
    assert ["a" in known, "b" in known, "c" in known] == [True, True, False]
