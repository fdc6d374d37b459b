"""App configuration, which tells the rooms below which verdicts are hidden from whom."""

from django.apps import AppConfig

from webapp.archive.verdict_blinding import hide_verdicts_by


class ReviewConfig(AppConfig):
    name = "webapp.review"
    label = "review"

    def ready(self) -> None:
        from webapp.review.models import Ruling  # only now: models are loaded after this module

        hide_verdicts_by(Ruling.objects.hidden_from_scientist)
