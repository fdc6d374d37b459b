"""Verdicts that replaced one before the site recorded which: given by whoever ended the one before, in the same moment."""

from django.db import migrations

FILL = """
    UPDATE review_ruling AS newer SET replaces_id = older.id
    FROM (SELECT id, lag(id) OVER (PARTITION BY subject_id, workflow_id ORDER BY id) AS before FROM review_ruling) AS pair
    JOIN review_ruling AS older ON older.id = pair.before
    WHERE newer.id = pair.id AND older.withdrawn_by_id = newer.scientist_id
        AND newer.created_at BETWEEN older.withdrawn_at AND older.withdrawn_at + interval '1 second'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0003_model_of_rulings'),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
