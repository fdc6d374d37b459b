import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('linking', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='linkrun',
            name='position_error',
            field=models.FloatField(blank=True, help_text='arcsec, of all; without it, each has its own', null=True, validators=[django.core.validators.MinValueValidator(0.001), django.core.validators.MaxValueValidator(60)]),
        ),
    ]
