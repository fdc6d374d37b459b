"""The site's choice of a backbone: first models are trained on its frozen features."""

import numpy as np
import pytest
from django.conf import settings as site

from ml.inference.checkpoint import Checkpoint as Files
from tasks.learning import model_cache
from tests.integration.learning import sky
from tests.integration.learning.runs import trained

pytestmark = pytest.mark.django_db
REAL = np.arange(60) % 2 == 0


@pytest.fixture
def workflow():
    return sky.gold_workflow(REAL)


@pytest.fixture(autouse=True)
def fresh_cache():
    model_cache.packaged.cache_clear()
    yield
    model_cache.packaged.cache_clear()


@pytest.mark.parametrize(("choice", "architecture"), [("imagenet", "tf_efficientnet_lite0"), ("sky", "sky")])
def test_a_first_model_has_the_sites_backbone(workflow, settings, choice, architecture):
    settings.BACKBONE = choice
    run = trained(workflow, cross_validate=True)
    files = Files.load(site.DATA / run.checkpoint.folder)
    assert files.manifest["architecture"] == architecture
    assert files.manifest["feature_key"] == model_cache.packaged().feature_key
    assert run.checkpoint.evaluations.get().metrics["roc_auc"] > 0.9


def test_a_champion_keeps_its_backbone(workflow, settings):
    settings.BACKBONE = "imagenet"
    first = trained(workflow)
    settings.BACKBONE = "sky"
    model_cache.packaged.cache_clear()
    second = trained(workflow)
    assert first.checkpoint.manifest["architecture"] == second.checkpoint.manifest["architecture"]
