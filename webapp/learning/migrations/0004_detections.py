from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename what leads from a checkpoint and a subject to detections; the columns stay."""

    dependencies = [("learning", "0003_imported_model")]

    operations = [
        migrations.AlterField(
            model_name="detection",
            name="checkpoint",
            field=models.ForeignKey(
                db_index=False,
                on_delete=models.deletion.CASCADE,
                related_name="detections",
                to="learning.checkpoint",
            ),
        ),
        migrations.AlterField(
            model_name="detection",
            name="subject",
            field=models.ForeignKey(
                on_delete=models.deletion.CASCADE, related_name="detections", to="archive.subject"
            ),
        ),
    ]
