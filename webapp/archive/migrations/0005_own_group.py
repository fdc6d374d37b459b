from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0004_fewer_indexes'),
    ]

    operations = [
        migrations.AddField(
            model_name='subject',
            name='own_group',
            field=models.CharField(editable=False, help_text='without links to others, while links join it with some', max_length=200, null=True),
        ),
        migrations.AddIndex(
            model_name='subject',
            index=models.Index(condition=models.Q(('own_group__isnull', False)), fields=['survey', 'own_group'], name='subject_by_own_group'),
        ),
    ]
