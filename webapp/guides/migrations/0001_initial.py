import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('archive', '0001_initial'),
        ('volunteers', '0001_initial'),
        ('workflows', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='GuideText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('tutorial', 'Tutorial'), ('field-guide', 'Field guide'), ('help', 'Need some help?')], max_length=12)),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Español'), ('de', 'Deutsch'), ('fr', 'Français')], default='en', max_length=2)),
                ('version', models.PositiveIntegerField(help_text='counts up by kind and language')),
                ('body', models.TextField(blank=True, help_text='Markdown; a text without a word is one that was taken back')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='guide_texts', to='archive.survey')),
                ('workflow', models.ForeignKey(blank=True, help_text='none for the field guide, which all workflows of the survey share', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='guide_texts', to='workflows.workflow')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('survey', 'workflow', 'kind', 'language', 'version'), name='one_text_per_version', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='ProjectPageVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='counts up from 1')),
                ('story', models.TextField(blank=True)),
                ('team', models.TextField(blank=True)),
                ('faq', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='page_versions', to='archive.survey')),
            ],
            options={
                'ordering': ['-number'],
                'constraints': [models.UniqueConstraint(fields=('survey', 'number'), name='one_page_per_version')],
            },
        ),
        migrations.CreateModel(
            name='Translation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('field', models.CharField(help_text='the column that it translates', max_length=20)),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Español'), ('de', 'Deutsch'), ('fr', 'Français')], max_length=2)),
                ('text', models.TextField()),
                ('source', models.CharField(help_text='blake2b of the text that it translates', max_length=32)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('changed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='translations', to='archive.survey')),
                ('workflow', models.ForeignKey(help_text='none: a text of the survey', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='translations', to='workflows.workflow')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('survey', 'workflow', 'field', 'language'), name='translated_once', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='TutorialProgress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.PositiveSmallIntegerField(default=0, help_text='0 for the first')),
                ('finished_at', models.DateTimeField(null=True)),
                ('text', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='readers', to='guides.guidetext')),
                ('volunteer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tutorials', to='volunteers.volunteer')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('volunteer', 'text'), name='one_progress_per_tutorial')],
            },
        ),
        migrations.CreateModel(
            name='GuideImage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text='blake2b of the bytes', max_length=32)),
                ('content_type', models.CharField(max_length=20)),
                ('content', models.BinaryField()),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='guide_images', to='archive.survey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('survey', 'digest'), name='one_image_per_digest')],
            },
        ),
    ]
