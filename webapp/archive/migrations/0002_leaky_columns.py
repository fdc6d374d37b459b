from django.db import migrations, models

HELP = "Columns that tell the classes apart, with their AUC on gold: kept hidden."


class Migration(migrations.Migration):
    """Rename a field; its column stays."""

    dependencies = [("archive", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="survey",
            name="telling",
            field=models.JSONField(blank=True, db_column="telling", default=dict, help_text=HELP),
        ),
        migrations.RenameField(model_name="survey", old_name="telling", new_name="leaky_columns"),
    ]
