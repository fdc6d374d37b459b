"""The account pages of libraries write headings and buttons as the site does: with one capital letter."""

import re

import pytest

TEXT = re.compile(r"<(h1|h2|h3|legend|button|title|th|label)\b[^>]*>(.*?)</\1>", re.DOTALL)
NAMES = "ORCID|Talk|Wanderers"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page",
    [
        "password/change/",
        "email/",
        "2fa/",
        "2fa/totp/activate/",
        "sessions/",
        "logout/",
        "3rdparty/",
        "reauthenticate/",
    ],
)
def test_no_heading_or_button_is_in_title_case(client, django_user_model, page):
    client.force_login(django_user_model.objects.create_user("ann", "ann@example.org", "a secret of ann's"))
    found = client.get(f"/accounts/{page}/", follow=True).content.decode()
    texts = [" ".join(re.sub(r"<[^>]+>", " ", inner).split()) for _, inner in TEXT.findall(found)]
    assert texts
    assert [text for text in texts if re.search(rf"^[A-Z]\w*(?: [\w']+)* (?!{NAMES})[A-Z][a-z]+", text)] == []


def test_who_has_no_recovery_codes_reads_so_in_plain_words(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("ann", "ann@example.org", "a secret of ann's"))
    page = client.get("/accounts/2fa/", follow=True).content.decode()
    assert "You have no recovery codes yet." in page
    assert "set up." not in page
