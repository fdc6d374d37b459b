from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('learning', '0008_firstbatch'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='score',
            index=models.Index(models.F('checkpoint'), models.F('p_real'), models.F('subject'), name='score_by_p_real'),
        ),
    ]
