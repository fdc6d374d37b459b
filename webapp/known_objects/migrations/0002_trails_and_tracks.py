"""Cutouts are compared by their trails, and cubes by their tracks: those that were left out before are compared again."""

import django.utils.timezone
from django.db import migrations, models

COUNT = "UPDATE known_objects_identitycheck SET unmatched = detections WHERE candidates = 0 AND detections > 0"
COMPARE_AGAIN = """
    DELETE FROM known_objects_identitycheck AS identity USING archive_subject AS subject
    WHERE subject.id = identity.subject_id AND subject.kind IN ('cutout', 'cube')
"""


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0001_initial'),
        ('known_objects', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='identitycheck',
            name='unmatched',
            field=models.PositiveSmallIntegerField(default=0, help_text='detections near no candidate; of a cutout or cube each trail or track alone, of others all or none'),
        ),
        migrations.AlterField(
            model_name='identitycheck',
            name='checked_at',
            field=models.DateTimeField(default=django.utils.timezone.now, help_text='lines that were drawn later are not compared'),
        ),
        migrations.RunSQL([COUNT, COMPARE_AGAIN], migrations.RunSQL.noop),
    ]
