from django.db import migrations, models

FILL = "UPDATE review_ruling SET previous_source = 'manifest' WHERE previous_gold <> ''"  # as undo has taken it so far


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0005_second_opinion_requests'),
    ]

    operations = [
        migrations.AddField(
            model_name='ruling',
            name='previous_source',
            field=models.CharField(blank=True, default='', help_text='where that came from', max_length=20),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
