import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.text
import webapp.archive.models.subject
import webapp.core.stored_messages
from django.conf import settings
from django.db import migrations, models

# Górski et al. 2005 (ApJ 622, 759): the cell of order 29 in the nested scheme. A place that is none has no cell.
HEALPIX = """
CREATE FUNCTION healpix29(ra double precision, "dec" double precision) RETURNS bigint AS $$
DECLARE
    n CONSTANT bigint := 536870912;
    turn double precision;
    z double precision;
    rising bigint;
    falling bigint;
    face bigint;
    x bigint;
    y bigint;
BEGIN
    IF ra NOT BETWEEN -360 AND 720 OR "dec" NOT BETWEEN -90 AND 90 THEN
        RETURN NULL;
    END IF;
    turn := ra / 90 - 4 * floor(ra / 360);
    IF turn >= 4 THEN  -- just below 0, rounded
        turn := 0;
    END IF;
    z := sin(radians("dec"));
    IF abs(z) <= 2 / 3.0::double precision THEN
        falling := floor(n * (0.5 + turn - 0.75 * z));
        rising := floor(n * (0.5 + turn + 0.75 * z));
        face := CASE
            WHEN falling >> 29 = rising >> 29 THEN ((falling >> 29) & 3) + 4
            WHEN falling < rising THEN falling >> 29
            ELSE (rising >> 29) + 8
        END;
        x := rising & (n - 1);
        y := n - 1 - (falling & (n - 1));
    ELSE
        face := least(3, floor(turn));
        z := n * sqrt(6) * sin(radians((90 - abs("dec")) / 2));
        falling := least(n - 1, floor((turn - face) * z));
        rising := least(n - 1, floor((1 - turn + face) * z));
        IF "dec" > 0 THEN
            x := n - 1 - rising;
            y := n - 1 - falling;
        ELSE
            face := face + 8;
            x := falling;
            y := rising;
        END IF;
    END IF;
    x := (x | (x << 16)) & 281470681808895;
    x := (x | (x << 8)) & 71777214294589695;
    x := (x | (x << 4)) & 1085102592571150095;
    x := (x | (x << 2)) & 3689348814741910323;
    x := (x | (x << 1)) & 6148914691236517205;
    y := (y | (y << 16)) & 281470681808895;
    y := (y | (y << 8)) & 71777214294589695;
    y := (y | (y << 4)) & 1085102592571150095;
    y := (y | (y << 2)) & 3689348814741910323;
    y := (y | (y << 1)) & 6148914691236517205;
    RETURN (face << 58) | x | (y << 1);
END $$ LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE;
"""

# All runs of three characters in a name or its object, without case: what contains a text has all of the text's.
TRIGRAMS = """
CREATE FUNCTION name_trigrams(name text, object text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(part, place, 3)), '{}')
    FROM unnest(ARRAY[upper(name), CASE WHEN object <> name THEN upper(object) END]) AS part,
        generate_series(1, length(part) - 2) AS place
$$
"""

TOUCH = """
CREATE TRIGGER touched BEFORE UPDATE ON archive_subject FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touched BEFORE UPDATE ON archive_ingestrun FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
"""
UNTOUCH = """
DROP TRIGGER touched ON archive_subject;
DROP TRIGGER touched ON archive_ingestrun;
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(HEALPIX, "DROP FUNCTION healpix29"),
        migrations.RunSQL(TRIGRAMS, "DROP FUNCTION name_trigrams"),
        migrations.CreateModel(
            name='Survey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(unique=True)),
                ('name', models.CharField(max_length=120)),
                ('description', models.TextField(blank=True)),
                ('story', models.TextField(blank=True, help_text='Markdown, shown on the project page', max_length=20000)),
                ('is_simulated', models.BooleanField(default=False, help_text='Its sky is simulated, and every page says so.')),
                ('classes', models.JSONField(blank=True, default=list, help_text="Fine classes, in the models' order.")),
                ('positive', models.JSONField(blank=True, default=list, help_text='The classes that are real movers.')),
                ('channels', models.JSONField(blank=True, default=list, help_text='What the channels of a frame show.')),
                ('open_metadata', models.JSONField(blank=True, default=list, help_text='Metadata that volunteers see before they answer; all others afterwards.')),
                ('pixel_scale', models.FloatField(blank=True, help_text='arcsec per pixel', null=True)),
                ('observatory', models.CharField(blank=True, help_text='MPC observatory code', max_length=4)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('retrain_on_drift', models.BooleanField(default=True, help_text="Start a training run when the champion's scores shift and there are new labels.")),
                ('telling', models.JSONField(blank=True, default=dict, help_text='Columns that tell the classes apart, with their AUC on gold: kept hidden.')),
                ('faq', models.TextField(blank=True, help_text='Markdown: questions and answers', max_length=20000)),
                ('team', models.TextField(blank=True, help_text='Markdown: who is behind it', max_length=20000)),
                ('drop_bogus_after', models.PositiveSmallIntegerField(blank=True, help_text='days after which the pixels of retired bogus subjects are dropped; null: never', null=True)),
                ('keep_bogus', models.PositiveIntegerField(default=10000, help_text='the newest bogus subjects of each workflow, whose pixels stay')),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Español'), ('de', 'Deutsch'), ('fr', 'Français')], default='en', help_text='of its texts; others are translations', max_length=2)),
                ('position_floor', models.FloatField(blank=True, help_text="arcsec, error of a bright object's position", null=True, validators=[django.core.validators.MinValueValidator(0.001, 'Enter a number above 0.')])),
                ('seeing', models.FloatField(blank=True, help_text='arcsec, FWHM of a star', null=True, validators=[django.core.validators.MinValueValidator(0.001, 'Enter a number above 0.')])),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='IngestRun',
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
                ('kind', models.CharField(blank=True, default='', max_length=10)),
                ('subject_set', models.CharField(max_length=120)),
                ('dry_run', models.BooleanField(default=False)),
                ('added', models.PositiveBigIntegerField(default=0)),
                ('known', models.PositiveBigIntegerField(default=0, help_text='had this external_id already')),
                ('duplicates', models.PositiveBigIntegerField(default=0, help_text='pixels that another subject has')),
                ('bad', models.PositiveBigIntegerField(default=0)),
                ('traceback', models.TextField(blank=True, default='', editable=False, help_text='of the exception that failed it')),
                ('root', models.CharField(blank=True, default='', help_text="where the manifest's files are; empty: beside it", max_length=500)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='set by a trigger')),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ingest_runs', to='archive.survey')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Subject',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_id', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('stamp', 'Stamp'), ('tracklet', 'Tracklet'), ('cutout', 'Cutout'), ('cube', 'Cube')], max_length=10)),
                ('checksum', models.CharField(help_text='blake2b of data type, shape and pixels', max_length=64)),
                ('object_group', models.CharField(help_text='One object stays on one side of every split.', max_length=200)),
                ('zarr_array', models.CharField(max_length=80)),
                ('zarr_index', models.PositiveBigIntegerField()),
                ('ra', models.FloatField(help_text='deg, ICRS', null=True)),
                ('dec', models.FloatField(help_text='deg, ICRS', null=True)),
                ('mjd', models.FloatField(help_text='UTC, middle of the first exposure', null=True)),
                ('rate', models.FloatField(help_text='arcsec/h, as the survey gives it', null=True)),
                ('metadata', models.JSONField(default=dict, help_text='#name is hidden, !name hidden while classifying')),
                ('gold_label', models.CharField(blank=True, default='', help_text='A fine class, or yes / no', max_length=20)),
                ('gold_source', models.CharField(blank=True, default='', help_text='manifest, ruling or synthetic', max_length=20)),
                ('is_synthetic', models.BooleanField(db_default=False, default=False, help_text='drawn into real pixels by this site, for training only')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('light_curve', models.JSONField(help_text='[MJD UTC, band, magnitude, error or null for a limit], …', null=True)),
                ('pixels_dropped_at', models.DateTimeField(blank=True, editable=False, help_text="by the survey's retention; the row stays", null=True)),
                ('gold_changed_at', models.DateTimeField(blank=True, editable=False, help_text='when the class became known, or was taken back, after ingest', null=True)),
                ('mag', models.FloatField(help_text='mean of the frames', null=True)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='set by a trigger')),
                ('fitted_rate', models.FloatField(editable=False, help_text='arcsec/h, of uniform motion fitted to the frames (MotionFit)', null=True)),
                ('duplicate_of', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='duplicates', to='archive.subject')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subjects', to='archive.survey')),
            ],
            options={
                'indexes': [models.Index(fields=['survey', 'checksum'], name='archive_sub_survey__709bf7_idx'), models.Index(fields=['survey', 'object_group'], name='archive_sub_survey__a0ca19_idx'), models.Index(models.F('survey'), django.db.models.functions.comparison.Collate(django.db.models.functions.text.Upper('external_id'), 'C'), name='subject_by_name'), models.Index(models.F('survey'), models.F('kind'), models.F('id'), name='subject_by_kind'), models.Index(models.F('survey'), models.F('gold_label'), condition=models.Q(('gold_label', ''), _negated=True), name='subject_gold'), django.contrib.postgres.indexes.GinIndex(fields=['metadata'], name='subject_metadata', opclasses=['jsonb_path_ops']), models.Index(models.F('survey'), models.F('mjd'), models.F('id'), name='subject_by_time'), models.Index(models.F('survey'), models.F('id'), condition=models.Q(('is_synthetic', True)), name='subject_synthetic'), models.Index(models.Func('ra', 'dec', function='healpix29', output_field=models.BigIntegerField()), name='subject_by_healpix'), django.contrib.postgres.indexes.GistIndex(models.Func('ra', 'dec', function='point', output_field=webapp.archive.models.subject.Point()), condition=models.Q(('dec__range', (-90, 90)), ('ra__range', (0, 360))), name='subject_on_sky'), models.Index(models.F('id'), condition=models.Q(('gold_source__in', ['manifest', 'synthetic'])), name='subject_came_with_class'), models.Index(models.F('survey'), models.F('gold_changed_at'), condition=models.Q(('gold_changed_at__isnull', False)), name='subject_gold_changed'), models.Index(models.F('survey'), models.F('rate'), models.F('id'), name='subject_by_rate'), models.Index(models.F('survey'), models.F('mag'), models.F('id'), name='subject_by_mag'), models.Index(models.F('updated_at'), models.F('id'), name='subject_by_update'), django.contrib.postgres.indexes.GinIndex(models.Func('external_id', 'object_group', function='name_trigrams', output_field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)), name='subject_name_trigrams'), models.Index(models.F('survey'), models.F('fitted_rate'), models.F('id'), name='subject_by_fitted_rate')],
                'constraints': [models.UniqueConstraint(fields=('survey', 'external_id'), name='one_row_per_external_id'), models.UniqueConstraint(fields=('survey', 'zarr_array', 'zarr_index'), name='one_subject_per_pixel_block')],
            },
        ),
        migrations.CreateModel(
            name='MotionFit',
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
                ('seeing', models.FloatField(help_text='arcsec')),
                ('floor', models.FloatField(help_text='arcsec')),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='motion_fits', to='archive.survey')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'queued')), fields=('survey', 'seeing', 'floor'), name='one_motion_fit_waits_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('volunteer', 'Volunteer'), ('moderator', 'Moderator'), ('scientist', 'Scientist'), ('admin', 'Admin')], max_length=10)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='archive.survey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'survey'), name='one_role_per_survey')],
            },
        ),
        migrations.CreateModel(
            name='Footprint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('lows', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('highs', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('created_at', models.DateTimeField(auto_now=True)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='footprints', to='archive.survey')),
            ],
            options={
                'ordering': ['-created_at', '-id'],
                'constraints': [models.UniqueConstraint(fields=('survey', 'name'), name='one_footprint_per_name')],
            },
        ),
        migrations.CreateModel(
            name='Exposure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_id', models.CharField(max_length=120)),
                ('mjd_mid', models.FloatField(help_text='UTC, middle of the exposure', null=True)),
                ('mjd_keyword', models.CharField(blank=True, help_text='The header keyword that gave the time', max_length=60)),
                ('exptime', models.FloatField(help_text='s', null=True)),
                ('band', models.CharField(blank=True, max_length=20)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exposures', to='archive.survey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('survey', 'external_id'), name='one_row_per_exposure')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('act', models.CharField(help_text="the address' name in the code, such as member-remove", max_length=100)),
                ('address', models.CharField(blank=True, max_length=300)),
                ('fields', models.JSONField(help_text='what was sent, shortened, without secrets')),
                ('status', models.PositiveSmallIntegerField(help_text='of HTTP', null=True)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='archive.survey')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['user', '-id'], name='archive_aud_user_id_759ad7_idx'), models.Index(fields=['survey', '-id'], name='archive_aud_survey__c625bc_idx')],
            },
        ),
        migrations.CreateModel(
            name='IngestProblem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', models.TextField()),
                ('row', models.PositiveBigIntegerField(null=True)),
                ('reason', webapp.core.stored_messages.MessageField()),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='problems', to='archive.ingestrun')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('run', 'file', 'row'), name='one_problem_per_row', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='Frame',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(help_text='0 for the first')),
                ('mjd_mid', models.FloatField(help_text='UTC, middle of the exposure', null=True)),
                ('mjd_keyword', models.CharField(blank=True, help_text='The header keyword that gave the time', max_length=60)),
                ('exptime', models.FloatField(help_text='s', null=True)),
                ('band', models.CharField(blank=True, max_length=20)),
                ('ra', models.FloatField(help_text='deg, ICRS', null=True)),
                ('dec', models.FloatField(help_text='deg, ICRS', null=True)),
                ('mag', models.FloatField(null=True)),
                ('snr', models.FloatField(null=True)),
                ('wcs', models.JSONField(help_text="FITS WCS cards, for the stamp's own pixels", null=True)),
                ('masked_fraction', models.FloatField(default=0.0, help_text='share of pixels that are NaN')),
                ('rms_dec', models.FloatField(help_text='arcsec, 1σ of the position toward north, if given', null=True)),
                ('rms_ra', models.FloatField(help_text='arcsec, 1σ of the position toward east, with cos δ, if given', null=True)),
                ('rms_corr', models.FloatField(help_text='correlation of the two, between -1 and 1, if given', null=True)),
                ('exposure', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='frames', to='archive.exposure')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='frames', to='archive.subject')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('subject', 'position'), name='one_frame_per_position')],
            },
        ),
        migrations.CreateModel(
            name='SubjectSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('subjects', models.ManyToManyField(blank=True, related_name='sets', to='archive.subject')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subject_sets', to='archive.survey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('survey', 'name'), name='one_set_per_name')],
            },
        ),
        migrations.RunSQL(TOUCH, UNTOUCH),
    ]
