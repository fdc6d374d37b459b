from django.db import migrations, models

BRIGHTEST = """
UPDATE archive_subject AS subject SET mag = brightest.mag
FROM (
    SELECT subject_id, min(mag) AS mag FROM archive_frame WHERE mag <> 'NaN' GROUP BY subject_id
) AS brightest
WHERE brightest.subject_id = subject.id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0018_gold_changed_at'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='subject',
            name='subject_by_rate',
        ),
        migrations.AddField(
            model_name='subject',
            name='mag',
            field=models.FloatField(help_text='of the brightest frame', null=True),
        ),
        migrations.RunSQL(BRIGHTEST, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='subject',
            index=models.Index(models.F('survey'), models.F('rate'), models.F('id'), name='subject_by_rate'),
        ),
        migrations.AddIndex(
            model_name='subject',
            index=models.Index(models.F('survey'), models.F('mag'), models.F('id'), name='subject_by_mag'),
        ),
    ]
