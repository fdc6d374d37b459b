import django.core.validators
import django.db.models.deletion
import webapp.core.stored_messages
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('archive', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LinkRun',
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
                ('traceback', models.TextField(blank=True, default='', editable=False, help_text='of the exception that failed it')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('links', models.CharField(choices=[('detections', 'Detections of one night into tracklets'), ('tracklets', 'Tracklets of several nights into objects')], default='detections', max_length=10)),
                ('first_mjd', models.FloatField(help_text='UTC')),
                ('last_mjd', models.FloatField(help_text='UTC, exclusive')),
                ('position_error', models.FloatField(blank=True, help_text='arcsec, of all; without it, each has its own', null=True, validators=[django.core.validators.MinValueValidator(0.001), django.core.validators.MaxValueValidator(60)])),
                ('min_rate', models.FloatField(default=3.0, help_text='arcsec/h', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(36000)])),
                ('max_rate', models.FloatField(default=600.0, help_text='arcsec/h', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(36000)])),
                ('min_detections', models.PositiveSmallIntegerField(default=4, validators=[django.core.validators.MinValueValidator(3), django.core.validators.MaxValueValidator(8)])),
                ('tolerance', models.FloatField(default=1.0, help_text='arcsec/h, across nights', validators=[django.core.validators.MinValueValidator(0.01), django.core.validators.MaxValueValidator(100)])),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='link_runs', to='archive.survey')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['queued', 'running'])), fields=('survey',), name='one_link_run_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mjd', models.FloatField(help_text='UTC, of the position')),
                ('ra', models.FloatField(help_text='deg, ICRS')),
                ('dec', models.FloatField(help_text='deg, ICRS')),
                ('rate', models.FloatField(help_text='arcsec/h')),
                ('position_angle', models.FloatField(help_text='deg from north through east')),
                ('misfit', models.FloatField(help_text='χ² per degree of freedom; across nights, distance in units of the tolerance')),
                ('decision', models.CharField(choices=[('open', 'open'), ('confirmed', 'confirmed'), ('rejected', 'rejected')], default='open', max_length=10)),
                ('decided_at', models.DateTimeField(null=True)),
                ('problem', webapp.core.stored_messages.MessageField(blank=True, default='', help_text='why it became no subject')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('members', models.ManyToManyField(related_name='proposals', to='archive.subject')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proposals', to='linking.linkrun')),
                ('subject', models.OneToOneField(help_text='what it became', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='linked_from', to='archive.subject')),
            ],
            options={
                'ordering': ['misfit', 'id'],
                'indexes': [models.Index(fields=['run', 'decision', 'misfit'], name='proposals_of_a_run')],
            },
        ),
        migrations.CreateModel(
            name='TrackletBuild',
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
                ('traceback', models.TextField(blank=True, default='', editable=False, help_text='of the exception that failed it')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tracklet_builds', to='archive.survey')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'queued')), fields=('survey',), name='one_tracklet_build_waits')],
            },
        ),
    ]
