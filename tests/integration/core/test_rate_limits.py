"""Rates are counted in the database in portions: nobody gets more than the rate, and busy accounts cost little."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from webapp.core import rate_limits
from webapp.core.models import RateCount
from webapp.core.rate_limits import ByAddress, forget_ended_rates

START = 1_000_000 * 3600.0


class Hourly(ByAddress):
    scope = "test"
    rate = "10/hour"


class Busy(ByAddress):
    scope = "busy"
    rate = "1000/hour"


@pytest.fixture
def clock(monkeypatch):
    """Return a function that sets the time, in hours."""

    def set_hours(hours):
        monkeypatch.setattr(rate_limits.time, "time", lambda: START + hours * 3600)

    set_hours(0)
    return set_hours


@pytest.fixture(autouse=True)
def another_process():
    """Return a function that makes this process forget what it holds; it holds nothing of earlier tests."""

    def forget():
        rate_limits._portions.clear()

    forget()
    return forget


def allowed(rate, times, address="192.0.2.1"):
    request = Request(APIRequestFactory().get("/", REMOTE_ADDR=address))
    return sum(rate().allow_request(request, None) for _ in range(times))


@pytest.mark.django_db
def test_the_rate_is_allowed_and_no_more_and_others_are_not_concerned(clock):
    assert allowed(Hourly, 15) == 10
    assert allowed(Hourly, 1, address="192.0.2.2") == 1


@pytest.mark.django_db
def test_addresses_of_one_ipv6_network_are_counted_together(clock):
    assert sum(allowed(Hourly, 1, address=f"2001:db8::{number:x}") for number in range(1, 16)) == 10
    assert allowed(Hourly, 1, address="2001:db8:0:1::1") == 1


@pytest.mark.django_db
def test_the_window_before_counts_in_part(clock):
    allowed(Hourly, 10)
    clock(1.5)
    assert allowed(Hourly, 10) == 5
    clock(3)
    assert allowed(Hourly, 15) == 10, "two windows later, nothing of it counts"


@pytest.mark.django_db
def test_a_busy_address_asks_the_database_once_in_ten_requests(clock, django_assert_num_queries):
    with django_assert_num_queries(10):
        assert allowed(Busy, 100) == 100


@pytest.mark.django_db
def test_a_flood_asks_the_database_once_a_second_when_the_rate_is_used_up(clock, django_assert_num_queries):
    allowed(Busy, 1000)
    with django_assert_num_queries(1):
        assert allowed(Busy, 500) == 0
    clock(1.1 / 3600)
    with django_assert_num_queries(1):
        assert allowed(Busy, 500) == 0


@pytest.mark.django_db
def test_processes_allow_no_more_than_the_rate_together(clock, another_process):
    given = allowed(Busy, 605)
    another_process()
    given += allowed(Busy, 605)
    assert 990 <= given <= 1000, "a portion that a process has not used up is lost"


@pytest.mark.django_db(transaction=True)
def test_threads_that_ask_at_once_get_no_more_than_the_rate(clock):
    given = []

    def ask():
        given.append(allowed(Hourly, 5))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(given) == 10


@pytest.mark.django_db
def test_counts_are_deleted_when_they_no_longer_matter(clock):
    allowed(Hourly, 1)
    allowed(Hourly, 1, address="192.0.2.2")
    RateCount.objects.update(ends_at=timezone.now() + timedelta(hours=1))
    kept = RateCount.objects.earliest("pk")
    RateCount.objects.exclude(pk=kept.pk).update(ends_at=timezone.now() - timedelta(seconds=1))
    forget_ended_rates()
    assert RateCount.objects.get() == kept
