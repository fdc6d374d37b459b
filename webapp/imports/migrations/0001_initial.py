import django.db.models.deletion
import webapp.core.stored_messages
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('workflows', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ClassificationImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10)),
                ('token', models.UUIDField(blank=True, editable=False, null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('done', models.PositiveBigIntegerField(default=0)),
                ('total', models.PositiveBigIntegerField(blank=True, null=True)),
                ('message', webapp.core.stored_messages.MessageField(blank=True, default='')),
                ('error', webapp.core.stored_messages.MessageField(blank=True, default='')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('path', models.TextField()),
                ('is_upload', models.BooleanField(default=False, help_text='the file is removed once it is in')),
                ('options', models.JSONField(help_text='what the scientist said of the file')),
                ('added', models.PositiveBigIntegerField(default=0)),
                ('known', models.PositiveBigIntegerField(default=0, help_text='came in before')),
                ('skipped', models.PositiveBigIntegerField(default=0)),
                ('lines', models.PositiveBigIntegerField(default=0, help_text='marks that came in with answers')),
                ('report', models.JSONField(default=dict, help_text='by reason: how often, and the first examples')),
                ('traceback', models.TextField(blank=True, default='', editable=False, help_text='of the exception that failed it')),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='imports', to='workflows.workflow')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
    ]
