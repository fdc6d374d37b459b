from django.db import migrations

# Rows of links that were taken back stayed; only those of objects that links still join count.
KEEP = """
    UPDATE archive_subject AS subject SET own_group = before.object_group
    FROM linking_unlinkedgroup AS before
    WHERE before.subject_id = subject.id AND (subject.survey_id, subject.object_group) IN (
        SELECT joined.survey_id, joined.object_group
        FROM linking_unlinkedgroup AS other JOIN archive_subject AS joined ON joined.id = other.subject_id
        WHERE other.object_group <> joined.object_group
    )
"""
# What came in under the own group of a joined object is a part of that object.
JOIN = """
    UPDATE archive_subject AS late SET own_group = late.object_group, object_group = joined.object_group
    FROM (SELECT DISTINCT survey_id, own_group, object_group FROM archive_subject WHERE own_group IS NOT NULL) AS joined
    WHERE late.survey_id = joined.survey_id AND late.object_group = joined.own_group AND late.own_group IS NULL
"""


def build(apps, schema_editor):
    """Have a worker, which sends what waits, join the tracklets of earlier builds with their detections."""
    built = {"decision": "confirmed", "run__links": "detections", "subject__isnull": False}
    surveys = apps.get_model("linking", "Proposal").objects.filter(**built).order_by()
    for survey in surveys.values_list("run__survey", flat=True).distinct():
        apps.get_model("linking", "TrackletBuild").objects.get_or_create(survey_id=survey, state="queued")


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0005_own_group'),
        ('linking', '0004_times_of_frames'),
    ]

    operations = [
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
        migrations.RunSQL(JOIN, migrations.RunSQL.noop),
        migrations.RunPython(build, migrations.RunPython.noop),
        migrations.DeleteModel(name='UnlinkedGroup'),
    ]
