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
            name='OrbitCatalogue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('checksum', models.CharField(help_text='blake2b of the files; names them too', max_length=64, unique=True)),
                ('asteroids', models.CharField(blank=True, help_text='name of the file that was loaded', max_length=200)),
                ('comets', models.CharField(blank=True, help_text='name of the file that was loaded', max_length=200)),
                ('orbits', models.PositiveIntegerField()),
                ('bad_lines', models.PositiveIntegerField(default=0, help_text='lines of the files that are no orbits')),
                ('epoch', models.FloatField(help_text='MJD, TT: the median epoch of the elements')),
                ('loaded_at', models.DateTimeField(auto_now_add=True)),
                ('warning', webapp.core.stored_messages.MessageField(blank=True, default='', help_text='that a file is truncated')),
            ],
            options={
                'ordering': ['-loaded_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='KnownMatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('designation', models.CharField(max_length=40)),
                ('detections', models.PositiveSmallIntegerField(help_text='of the subject that lie near the object')),
                ('separation', models.FloatField(help_text='arcsec, mean')),
                ('along', models.FloatField(help_text='arcsec, mean: detection minus prediction along the predicted motion')),
                ('across', models.FloatField(help_text='arcsec, mean: to the left of the motion')),
                ('orbit_error', models.FloatField(help_text='arcsec, 1σ along the orbit', null=True)),
                ('magnitude', models.FloatField(help_text='predicted V', null=True)),
                ('rate', models.FloatField(help_text='arcsec/h, predicted')),
                ('position_angle', models.FloatField(help_text='deg from north through east, predicted')),
                ('orbit_days', models.FloatField(help_text='from the epoch of its elements to the detections, mean', null=True)),
                ('sigma_across', models.FloatField(help_text="arcsec, 1σ of `across`: the detections' errors", null=True)),
                ('sigma_along', models.FloatField(help_text="arcsec, 1σ of `along`: the orbit's error and the detections'; null if the orbit's is unknown", null=True)),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='known_matches', to='archive.subject')),
            ],
            options={
                'ordering': ['subject', 'separation'],
                'indexes': [models.Index(fields=['designation'], name='match_by_designation')],
                'constraints': [models.UniqueConstraint(fields=('subject', 'designation'), name='one_match_per_subject_and_object')],
            },
        ),
        migrations.CreateModel(
            name='MatchRun',
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
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='match_runs', to='archive.survey')),
                ('catalogue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='known_objects.orbitcatalogue')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'queued')), fields=('survey',), name='one_match_run_waits_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='IdentityCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('detections', models.PositiveSmallIntegerField(help_text='with time and position; 0 if nothing could be compared')),
                ('candidates', models.PositiveSmallIntegerField()),
                ('orbit_days', models.FloatField(help_text="from the catalogue's epoch to the detections", null=True)),
                ('checked_at', models.DateTimeField(auto_now=True)),
                ('measured_with', models.JSONField(default=dict, help_text="the survey's `measured_with` then; empty if unknown")),
                ('subject', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='identity_check', to='archive.subject')),
                ('catalogue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='known_objects.orbitcatalogue')),
            ],
            options={
                'indexes': [models.Index(fields=['candidates', 'subject'], name='identity_by_candidates')],
            },
        ),
        migrations.CreateModel(
            name='OrbitLoad',
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
                ('fingerprint', models.CharField(blank=True, help_text="of the files' names, sizes and times", max_length=32)),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('catalogue', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='known_objects.orbitcatalogue')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'queued')), fields=('state',), name='one_orbit_load_waits_at_a_time')],
            },
        ),
    ]
