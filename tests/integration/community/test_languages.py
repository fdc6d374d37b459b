"""The site uses the chosen language, else the browser's preference."""

import pytest
from django.core.management import call_command
from django.utils.translation import override

from ml.io.message import reason_of
from tests.integration.community import unmarked
from webapp.consensus.batch_aggregation import DAWID_SKENE
from webapp.consensus.recompute import RECOUNTED
from webapp.core.environment import ROOT
from webapp.core.percent import percent, with_sign
from webapp.core.stored_messages import in_words
from webapp.learning.messages import COLLECTING, CONTROL
from webapp.learning.promotion import Result, gate_decision
from webapp.quality.quality_scan import FLAGGED

pytestmark = pytest.mark.django_db


def test_the_browsers_language_is_spoken(client):
    page = client.get("/", headers={"Accept-Language": "pt, de;q=0.9"}).content.decode()
    assert '<html lang="de" dir="ltr">' in page
    assert "Zum Inhalt springen" in page


def test_an_unknown_language_is_english(client):
    assert '<html lang="en"' in client.get("/", headers={"Accept-Language": "tlh"}).content.decode()


def test_a_choice_is_remembered_and_outranks_the_browser(client):
    response = client.post("/language/", {"language": "fr", "next": "/accounts/login/"})
    assert response.url == "/accounts/login/"
    assert response.cookies["django_language"]["max-age"] > 300 * 24 * 3600
    page = client.get("/", headers={"Accept-Language": "de"}).content.decode()
    assert "Aller au contenu" in page


def test_the_switch_leads_nowhere_else(client):
    assert client.post("/language/", {"language": "de", "next": "https://elsewhere.example/"}).url == "/"


def test_scripts_get_the_texts_of_the_pages_language(client):
    page = client.get("/", headers={"Accept-Language": "es"})
    response = client.get(page.context["texts_address"])
    assert "/texts/es/" in page.context["texts_address"]
    assert "django.ngettext" in response.content.decode()
    assert "immutable" in response.headers["Cache-Control"]
    assert "Vary" not in response.headers
    assert len(response.content) < 60_000


def test_texts_of_another_version_are_not_kept_for_good(client):
    assert "Cache-Control" not in client.get("/texts/de/older.js").headers


def test_a_language_that_is_not_spoken_has_no_texts(client):
    assert client.get("/texts/tlh/x.js").status_code == 404


def test_nothing_lacks_a_translation_and_the_compiled_files_match():
    call_command("translations", check=True, verbosity=0)


@pytest.mark.parametrize(
    ("folder", "ending", "find"),
    [
        ("templates", "html", unmarked.in_template),
        ("webapp", "py", unmarked.in_python),
        ("static", "js", unmarked.in_script),
    ],
)
def test_no_words_are_left_unmarked(folder, ending, find):
    found = unmarked.everywhere(ROOT / folder, ending, find)
    assert not found, "Mark these for translation (docs/translations.md): " + str(found)


def test_words_that_nobody_marked_are_found():
    page = '<h1>Review {% translate "x" %}</h1>{% blocktranslate %}fine{% endblocktranslate %}<img alt="A star">'
    assert unmarked.in_template(page) == ["Review", "A star"]
    assert unmarked.in_template('<p>{{ name }} · {% translate "Save" %} <kbd>Esc</kbd> UTC, 12 %</p>') == []
    form = 'role = Field(label="Role", help_text=_("fine"))\nlabels = {"name": "Name", "kind": _("Kind")}'
    assert sorted(unmarked.in_python(form)) == ["Name", "Role"]
    answer = 'messages.info(request, f"Model {pk} won.")\nraise ValidationError({"slug": "Taken."})'
    assert unmarked.in_python(answer) == ["Model   won.", "Taken."]
    assert unmarked.in_script('a.textContent = `Ruled ${x}`; b.textContent = gettext("fine");') == ["Ruled "]


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", ("5.0%", "33%")),
        *((each, ("5,0\N{NO-BREAK SPACE}%", "33\N{NO-BREAK SPACE}%")) for each in ("de", "es", "fr")),
    ],
)
def test_a_percentage_is_written_as_in_the_readers_language(language, written):
    with override(language):
        assert (percent(0.05), with_sign(33)) == written


def test_what_a_worker_wrote_is_said_in_the_readers_language():
    sentence = gate_decision(Result(labels=1200, auc=0.9123, auc_low=0.87), has_champion=False).sentence
    assert sentence == "The first champion: AUC 0.912, at least 0.870 at 95%, from 1200 labels."
    assert in_words(sentence) == sentence
    with override("de"):
        assert in_words(sentence) == "Der erste Champion: AUC 0,912, bei 95 % mindestens 0,870, gelernte Labels: 1200."
        better = Result(labels=90, auc=0.95, auc_low=0.9, difference=0.02, difference_low=0.01, difference_high=0.05)
        control = CONTROL(verdict=gate_decision(better, has_champion=True).sentence)
        assert in_words(control).endswith(
            "Es schlägt den Champion: AUC 0,950, +0,020 (+0,010 bis +0,050) gegenüber dem Champion;"
            " neue oder korrigierte Labels: 0."
        )
        recounted = RECOUNTED(settled="1,200", reopened="1")
        assert in_words(recounted) == "Zusätzlich abgeschlossen: 1.200, wieder offen: 1."
        assert in_words(FLAGGED(new="4", over="1")) == "Neue Hinweise: 4, erledigte: 1."
        assert in_words(DAWID_SKENE(count="1,200")) == "Dawid–Skene über 1.200 Stimmen."
        assert in_words(reason_of(ValueError(COLLECTING()))) == "Die Labels werden gesammelt."
        assert in_words("Segmentation fault") == "Segmentation fault"
