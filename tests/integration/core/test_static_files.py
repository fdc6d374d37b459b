"""Static files are collected only if one has changed."""

import os

import pytest

from webapp.core import static_files


@pytest.fixture
def folder(settings, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "page.css").write_text("a {}")
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "static"
    return source


def test_files_are_collected_again_only_when_they_changed(folder, settings):
    found = settings.STATIC_ROOT / "page.css"
    static_files.collect_static_files()
    assert found.read_text() == "a {}"
    found.write_text("left alone")
    static_files.collect_static_files()
    assert found.read_text() == "left alone"
    (folder / "page.css").write_text("b {}  /* newer */")
    os.utime(folder / "page.css", (2**31, 2**31))
    static_files.collect_static_files()
    assert found.read_text().startswith("b {}")


def test_a_folder_that_was_deleted_is_filled_again(folder, settings):
    static_files.collect_static_files()
    for path in settings.STATIC_ROOT.iterdir():
        path.unlink()
    static_files.collect_static_files()
    assert (settings.STATIC_ROOT / "page.css").exists()
