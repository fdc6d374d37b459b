"""A colleague asks for a second opinion while a scientist changes the verdict: it is asked for, or refused."""

import threading

import pytest
from django.db import connection

from tests.integration.locks import wait_until_somebody_waits
from webapp.review import opinions
from webapp.review.models import Ruling, SecondOpinionRequest
from webapp.review.rulings import AlreadyWithdrawn

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_asked_for_by_the_history_is_asked_for(workflow, subjects, scientist, django_user_model, monkeypatch):
    colleague = django_user_model.objects.create_user("colleague")
    about, rule, refused = {"subject": subjects[0], "workflow": workflow}, opinions.rule, []
    first = opinions.give_verdict(**about, scientist=scientist, verdict="no")

    def ask():
        try:
            opinions.ask_about(ruling=first, by=colleague, is_wanted=True)
        except AlreadyWithdrawn as error:
            refused.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=ask)

    def rule_while_somebody_asks(**given):
        thread.start()
        wait_until_somebody_waits(thread)
        return rule(**given)

    monkeypatch.setattr(opinions, "rule", rule_while_somebody_asks)
    opinions.give_verdict(**about, scientist=scientist, verdict="yes")
    thread.join()
    is_asked = Ruling.objects.get(withdrawn_at=None).second_asked_at is not None
    assert is_asked is SecondOpinionRequest.objects.exists() is not bool(refused)
