"""Why a subject is retired: the same words on every page, and never the stored code."""

import pytest
from django.utils import translation

from tests.integration.learning import sky
from webapp.consensus.models import RetiredReason

pytestmark = pytest.mark.django_db
BROWSER = "/surveys/night/consensus/night/"
WORDS = {
    "classification_count": "number of votes",
    "consensus": "consensus",
    "flagged": "flagged",
    "nothing_here": "nothing here",
    "human": "scientist’s verdict",
    "other": "sent to experts",
}


@pytest.mark.parametrize("reason", RetiredReason.values)
def test_pages_say_why_a_subject_is_retired(scientist, workflow, subjects, client, reason):
    row = sky.votes(workflow, subjects[0], 0.97, is_retired=True, retired_reason=reason)
    row.retired_at = row.updated_at
    row.save()
    words, pk = WORDS[reason], subjects[0].pk
    assert f"<td>retired: {words}</td>" in client.get(BROWSER).content.decode()
    assert f"reason: {words}." in client.get(f"/surveys/night/consensus/subjects/{pk}/?workflow=night").content.decode()
    assert f"retired: {words}</li>" in client.get(f"/surveys/night/subjects/{pk}/").content.decode()
    assert f'<option value="{reason}">retired: {words}</option>' in client.get(BROWSER).content.decode()


def test_the_words_are_translated():
    with translation.override("de"):
        assert str(RetiredReason.OTHER.label) == "an Fachleute"
