"""Rows of a long list look as if each were rendered by itself, though a page renders one of each shape."""

from django.template import Context, Template

from webapp.core.stencils import PLACE, Stencils

ROW = "{% load repeated_urls %}{% url_of 'case' 'sky' 'movers' key %} {{ name }}{% if note %}: {{ note }}{% endif %};"
ROWS = [
    (7, {"name": "A & B", "note": "<b>bright</b>"}),
    (12, {"name": "none", "note": ""}),
    (30, {"name": f"{PLACE}_note_{PLACE} {PLACE}", "note": "{{ key }}"}),
]


def test_each_row_has_its_own_key_and_words_as_if_it_were_rendered_alone():
    shown: list[dict[str, str]] = []

    def render(words: dict[str, str]) -> str:
        shown.append(words)
        return Template(ROW).render(Context({"key": PLACE, **words}))

    stencils = Stencils()
    filled = [stencils.fill(render, "row", key, words) for key, words in ROWS]
    assert filled == [Template(ROW).render(Context({"key": key, **words})) for key, words in ROWS]
    assert len(shown) == 2, "one with a note, and one without"
