from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0005_changes'),
    ]

    operations = [
        migrations.AddField(
            model_name='neoscore',
            name='setup',
            field=models.CharField(blank=True, default='', help_text='hash of the observatory and bands', max_length=32),
        ),
    ]
