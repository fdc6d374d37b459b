from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0021_name_trigrams'),
    ]

    operations = [
        migrations.AddField(
            model_name='frame',
            name='rms_corr',
            field=models.FloatField(help_text='correlation of the two, between -1 and 1, if given', null=True),
        ),
    ]
