"""Long lists get the same addresses from `url_of` as from `{% url %}`, for each row its own."""

import pytest
from django.template import Context, Template
from django.urls import NoReverseMatch, reverse

LIST = "{% load repeated_urls %}{% for key in keys %}{% url_of 'case' survey workflow key %} {% endfor %}"


@pytest.mark.parametrize("survey", ["sky", "sky-2"])
def test_each_row_has_its_own_address(survey):
    keys = [1, 12, 987_654]
    shown = Template(LIST).render(Context({"survey": survey, "workflow": "movers", "keys": keys}))
    assert shown.split() == [reverse("case", args=[survey, "movers", key]) for key in keys]


def test_a_name_that_no_address_may_have_is_refused_as_by_url():
    with pytest.raises(NoReverseMatch):
        Template(LIST).render(Context({"survey": "a/b", "workflow": "movers", "keys": [1]}))
