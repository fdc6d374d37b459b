"""What a backup repository stores of a file that is being written."""

import hashlib

from webapp.console.backup import repository
from webapp.console.backup.repository import Repository


def test_a_file_that_changes_while_it_is_copied_leaves_no_content_under_a_wrong_hash(tmp_path, monkeypatch):
    source, sha256_of = tmp_path / "chunk", repository.sha256_of
    source.write_bytes(b"before")

    def change_once_after(path):
        digest = sha256_of(path)
        if path.read_bytes() == b"before":
            path.write_bytes(b"later!")
        return digest

    monkeypatch.setattr(repository, "sha256_of", change_once_after)
    stored = Repository(str(tmp_path / "safe")).add(source, "chunk")
    assert stored.sha256 == hashlib.sha256(b"later!").hexdigest()
    kept = [path for path in (tmp_path / "safe" / "content").rglob("*") if path.is_file()]
    assert {path.name: path.read_bytes() for path in kept} == {stored.sha256: b"later!"}
