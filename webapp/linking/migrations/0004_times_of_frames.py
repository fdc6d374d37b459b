from django.db import migrations

# A time from a detection's own row is its frame's own.
TIMES = """
    UPDATE archive_frame AS frame SET mjd_keyword = 'mjd' || frame.position + 1 || ' of the manifest'
    FROM linking_proposal AS link
    WHERE link.subject_id = frame.subject_id AND frame.mjd_keyword = 'mjd of the manifest'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0001_initial'),
        ('linking', '0003_wider_tolerance'),
    ]

    operations = [
        migrations.RunSQL(TIMES, migrations.RunSQL.noop),
    ]
