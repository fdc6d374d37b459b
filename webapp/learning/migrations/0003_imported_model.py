from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('learning', '0002_fixmatch'),
    ]

    operations = [
        migrations.AlterField(
            model_name='trainingrun',
            name='preset',
            field=models.CharField(choices=[('head', 'Frozen features, new head (seconds)'), ('finetune', 'Fine-tune the whole network (minutes)'), ('fixmatch', 'FixMatch: learn from labels and unlabelled stamps (minutes)'), ('small', 'Small residual network (minutes)'), ('detector', 'Detector of trails or of movers in cubes (minutes)'), ('external', 'External scorer'), ('imported', 'Imported model')], default='head', max_length=10),
        ),
    ]
