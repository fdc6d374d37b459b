"""An import that is started several times at once, by one click or several people, runs once."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.integration.at_once import at_once
from tests.integration.imports.files import PANOPTES, panoptes_row, write_csv
from tests.integration.world import make_workflow
from webapp.imports.models import ClassificationImport
from webapp.imports.run_import import start_import, store_import_file, upload_path

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_many_clicks_one_starts_an_import_and_after_a_failure_another_one_does(tmp_path):
    workflow = make_workflow(subjects=1)
    content = write_csv(tmp_path / "theirs.csv", [panoptes_row(1, "ann", "s-0")]).read_bytes()
    path = upload_path(workflow, store_import_file(workflow, SimpleUploadedFile("theirs.csv", content)))

    def start(_click):
        return start_import(workflow=workflow, path=path, by=None, choices=PANOPTES).pk

    assert len(set(at_once(start, *range(8)))) == ClassificationImport.objects.count() == 1
    ClassificationImport.objects.update(state="failed")
    start(9)
    assert ClassificationImport.objects.count() == 2
