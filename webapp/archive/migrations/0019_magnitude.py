from django.db import migrations, models

MEAN = """
UPDATE archive_subject AS subject SET mag = measured.mag
FROM (
    SELECT subject_id, avg(mag) AS mag FROM archive_frame WHERE abs(mag) < 'Infinity' GROUP BY subject_id
) AS measured
WHERE measured.subject_id = subject.id
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
            field=models.FloatField(help_text='mean of the frames', null=True),
        ),
        migrations.RunSQL(MEAN, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='subject',
            index=models.Index(models.F('survey'), models.F('rate'), models.F('id'), name='subject_by_rate'),
        ),
        migrations.AddIndex(
            model_name='subject',
            index=models.Index(models.F('survey'), models.F('mag'), models.F('id'), name='subject_by_mag'),
        ),
    ]
