import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

COPY = """
    INSERT INTO review_secondopinionrequest (ruling_id, by_id, is_wanted, created_at)
    SELECT DISTINCT ON (subject_id, workflow_id, second_asked_at) id, second_asked_by_id, true, second_asked_at
    FROM review_ruling WHERE second_asked_at IS NOT NULL
    ORDER BY subject_id, workflow_id, second_asked_at, id
"""  # a verdict that its scientist changed took the request along


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0004_changes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SecondOpinionRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_wanted', models.BooleanField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ruling', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='second_opinion_requests', to='review.ruling')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
    ]
