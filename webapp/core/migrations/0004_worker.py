import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0003_touch_updated_at")]

    operations = [
        migrations.CreateModel(
            name="Worker",
            fields=[
                (
                    "name",
                    models.CharField(
                        help_text="its host, and the number of its process",
                        max_length=300,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "queues",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), size=None
                    ),
                ),
                ("seen_at", models.DateTimeField()),
            ],
        ),
    ]
