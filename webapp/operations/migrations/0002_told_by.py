import django.contrib.postgres.fields
from django.db import migrations, models

TOLD = """
UPDATE operations_alert SET told_by = '{log,mail,webhook}' WHERE told_at IS NOT NULL AND ended_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("operations", "0001_initial")]

    operations = [
        migrations.AddField(
            "alert",
            "told_by",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=10),
                default=list,
                help_text="ways by which administrators heard of it: log, mail …",
                size=None,
            ),
        ),
        migrations.RunSQL(TOLD, migrations.RunSQL.noop),
        migrations.RemoveField("alert", "told_at"),
    ]
