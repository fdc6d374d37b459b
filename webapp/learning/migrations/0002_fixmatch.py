from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('learning', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='trainingrun',
            name='pool',
            field=models.CharField(blank=True, default='', help_text="hash of FixMatch's unlabelled subjects; also the file's name", max_length=64),
        ),
        migrations.AlterField(
            model_name='trainingrun',
            name='preset',
            field=models.CharField(choices=[('head', 'Frozen features, new head (seconds)'), ('finetune', 'Fine-tune the whole network (minutes)'), ('fixmatch', 'FixMatch: learn from labels and unlabelled stamps (minutes)'), ('small', 'Small residual network (minutes)'), ('detector', 'Detector of trails or of movers in cubes (minutes)'), ('external', 'External scorer')], default='head', max_length=10),
        ),
    ]
