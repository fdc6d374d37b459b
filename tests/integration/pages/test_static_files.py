"""Static files: Bokeh's from its package, and modules that import each other by hashed names."""

import re
from shutil import copytree

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.test import Client

from webapp.core.static_files import BokehFinder, StaticStorage

IMPORTED = re.compile(r'(?:from|import)[ (]"(\.[^"]+)"')


def test_the_curves_scripts_come_from_bokehs_package():
    for name in ("bokeh.min.js", "bokeh-api.min.js"):
        assert "site-packages" in finders.find(f"bokeh/{name}")


@pytest.mark.parametrize("path", ["bokeh/bokeh.js", "bokeh/../__init__.py", "bokeh.min.js"])
def test_nothing_else_of_it_is_served(path):
    assert BokehFinder().find(path) == []


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "site", "site/", "site/../site/", "%2e%2e/", "site/nothing.css"])
def test_no_folder_is_listed(settings, tmp_path, path):
    """Served as in production, from the collected files."""
    settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS, settings.WHITENOISE_AUTOREFRESH = tmp_path, False, False
    copytree("static/site", tmp_path / "site")
    client = Client()
    assert client.head("/static/site/site.css").status_code == 200
    assert client.get(f"/static/{path}").status_code == 404


def test_modules_import_each_other_by_hashed_names(tmp_path):
    ours, theirs = "classify/page.js", "vendor/widget.js"
    files = FileSystemStorage(tmp_path)
    files.save(ours, ContentFile('import { Api } from "./api.js";\n'))
    files.save("classify/api.js", ContentFile("export class Api {}\n"))
    files.save(theirs, ContentFile('// import { x } from "./missing.js";\n'))
    storage = StaticStorage(location=tmp_path)
    paths = {path: (files, path) for path in (ours, "classify/api.js", theirs)}
    hashed = {name: into for name, into, _ in storage.post_process(paths)}
    text = (tmp_path / hashed[ours]).read_text()
    assert re.search(r'from "\./api\.[0-9a-f]{12}\.js"', text)


def test_none_of_our_modules_imports_a_file_that_changes_under_its_name(tmp_path):
    """A service worker keeps static files for good: an unhashed import would stay as it was before an upgrade."""
    folder = copytree(settings.ROOT / "static", tmp_path / "static")
    storage, files = StaticStorage(location=folder), FileSystemStorage(folder)
    names = [str(path.relative_to(folder)) for path in folder.rglob("*.*")]
    list(storage.post_process({name: (files, name) for name in names}))
    imports = {
        (name, imported)
        for name in names
        if name.endswith(".js")
        for imported in IMPORTED.findall((folder / storage.stored_name(name)).read_text())
    }
    assert len(imports) > 50
    assert {each for each in imports if not re.search(r"\.[0-9a-f]{12}\.js$", each[1])} == set()
