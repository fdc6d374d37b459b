from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("streams", "0002_polled_apis")]

    operations = [
        migrations.AddField(
            model_name="stream",
            name="should_listen",
            field=models.BooleanField(default=False, help_text="a listener began, and was not told to stop"),
        ),
    ]
