import django.db.models.functions.datetime
from django.db import migrations, models

CREATE = """
CREATE TRIGGER touched BEFORE UPDATE ON archive_subject FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touched BEFORE UPDATE ON archive_ingestrun FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
"""
DROP = """
DROP TRIGGER touched ON archive_subject;
DROP TRIGGER touched ON archive_ingestrun;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0003_touch_updated_at'),
        ('archive', '0019_magnitude'),
    ]

    operations = [
        migrations.AddField(
            model_name='ingestrun',
            name='updated_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='set by a trigger'),
        ),
        migrations.AddField(
            model_name='subject',
            name='updated_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='set by a trigger'),
        ),
        migrations.AddIndex(
            model_name='subject',
            index=models.Index(models.F('updated_at'), models.F('id'), name='subject_by_update'),
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
