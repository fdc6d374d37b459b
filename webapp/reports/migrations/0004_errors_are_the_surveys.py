"""Seeing and least error of a position become the survey's own, for known objects and motions too."""

from typing import Any

from django.db import migrations


def to_surveys(apps: Any, schema_editor: Any) -> None:
    survey = apps.get_model("archive", "Survey").objects
    for row in apps.get_model("reports", "ReportSettings").objects.exclude(seeing=None):
        survey.filter(pk=row.survey_id).update(seeing=row.seeing, position_floor=row.position_floor)


def to_reports(apps: Any, schema_editor: Any) -> None:
    settings = apps.get_model("reports", "ReportSettings").objects
    for row in apps.get_model("archive", "Survey").objects.exclude(seeing=None):
        settings.filter(survey=row).update(seeing=row.seeing, position_floor=row.position_floor)


class Migration(migrations.Migration):
    dependencies = [("archive", "0017_position_errors"), ("reports", "0003_digest2_scores")]

    operations = [
        migrations.RunPython(to_surveys, to_reports),
        migrations.RemoveField("reportsettings", "seeing"),
        migrations.RemoveField("reportsettings", "position_floor"),
    ]
