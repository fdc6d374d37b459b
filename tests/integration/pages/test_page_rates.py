"""Nobody asks pages for more than their rate: the answer says when to try again, costs little, and changes nothing."""

import pytest
from django.core import mail
from django.test import Client

from tests.integration import people
from tests.integration.world import make_volunteer, make_workflow
from webapp.community.models import Collection, Favourite
from webapp.core.page_rates import SearchRate

pytestmark = pytest.mark.django_db

ELSEWHERE = {"REMOTE_ADDR": "198.51.100.7"}


@pytest.fixture
def few(settings):
    """Few of everything."""
    settings.THROTTLE_PAGES, settings.THROTTLE_WRITES, settings.THROTTLE_DOWNLOADS = "6/hour", "4/hour", "2/hour"


def codes(client, path, times, **options):
    return [client.get(path, **options).status_code for _ in range(times)]


def test_whoever_asks_for_too_many_pages_is_told_when_to_try_again(few, survey, django_assert_num_queries):
    assert codes(Client(), "/surveys/atlas/", 6) == [200] * 6
    Client().get("/")  # this process now knows that the rate is used up
    with django_assert_num_queries(0):
        refused = Client().get("/")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 4200
    assert "Try again in" in refused.content.decode()
    assert "frame-ancestors 'none'" in refused["Content-Security-Policy"]
    assert Client().get("/", **ELSEWHERE).status_code == 200


def test_an_account_is_counted_by_itself_from_wherever_it_asks(few, survey):
    ada, eve = (people.browser(people.account(name)) for name in ("ada", "eve"))
    assert codes(ada, "/you/", 6) == [200] * 6
    assert codes(ada, "/you/", 1, **ELSEWHERE) == [429]
    assert codes(eve, "/you/", 1) == [200]
    assert codes(Client(), "/surveys/atlas/", 1) == [200]


def test_pictures_and_the_api_are_no_pages(few, survey):
    assert codes(Client(), "/api/surveys/", 8) == [200] * 8
    assert codes(Client(), "/pixels/1/none.png", 8) == [404] * 8


@pytest.mark.parametrize("path", ["/statistics.csv", "/surveys/atlas/statistics.csv"])
def test_downloads_have_a_smaller_rate_and_pages_go_on(few, survey, path):
    assert codes(Client(), path, 3) == [200, 200, 429]
    assert codes(Client(), "/surveys/atlas/", 1) == [200]


def test_ones_own_data_is_a_download(few):
    assert codes(people.browser(people.account("ada")), "/you/data/export/", 3)[-1] == 429


def test_writes_have_a_smaller_rate_and_a_refused_one_changes_nothing(few):
    workflow = make_workflow(subjects=2)
    vera = people.browser(make_volunteer("vera").user)
    first, second = workflow.queue.values_list("subject_id", flat=True)
    asked = [(first, "yes"), (first, ""), (first, "yes"), (first, ""), (second, "yes")]
    said = [vera.post(f"/you/favourites/{pk}/", {"favourite": on}).status_code for pk, on in asked]
    assert said == [302] * 4 + [429]
    assert not Favourite.objects.exists()


def test_an_upload_is_refused_as_any_write(few, survey):
    sue = people.browser(people.member(survey, "scientist"))
    for _ in range(4):
        sue.post("/surveys/atlas/moc/", {})
    assert sue.post("/surveys/atlas/moc/", {}).status_code == 429


def test_without_a_rate_there_is_no_limit(settings, few, survey):
    settings.THROTTLE_PAGES = ""
    assert codes(Client(), "/surveys/atlas/", 9) == [200] * 9


def test_talk_is_searched_as_rarely_as_the_archive(survey, monkeypatch):
    monkeypatch.setattr(SearchRate, "rate", "2/day")
    assert codes(Client(), "/surveys/atlas/talk/?q=comet", 3) == [200, 200, 429]
    assert codes(Client(), "/surveys/atlas/talk/", 1) == [200]


def test_nobody_fills_another_ones_mailbox_from_many_addresses(settings):
    settings.EMAIL_URL = "smtp://localhost"
    people.account("ada", email="ada@example.org", password="!")
    said = []
    for number in range(12):
        for each in range(3):
            answer = Client(REMOTE_ADDR=f"198.51.{number}.{each}").post(
                "/accounts/password/reset/", {"email": "ada@example.org"}
            )
            said.append(answer.status_code)
    assert said.count(429) > 20
    assert 0 < len(mail.outbox) <= 10


def test_a_refused_sign_up_says_when_to_try_again(survey):
    answers = [Client().post("/accounts/signup/", {"username": f"a{n}"}) for n in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert answers[-1]["Retry-After"] == "60"
    assert "Try again in" in answers[-1].content.decode()
    assert not Collection.objects.exists()
