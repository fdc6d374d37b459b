"""Each ruling names the model that gave its score; of older ones it is not known."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('learning', '0002_fixmatch'),
        ('review', '0002_replaced_verdicts'),
    ]

    operations = [
        migrations.AddField(
            model_name='ruling',
            name='model',
            field=models.ForeignKey(help_text='the champion that said it', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='learning.checkpoint'),
        ),
    ]
