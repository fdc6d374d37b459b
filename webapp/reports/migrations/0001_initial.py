import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import webapp.core.stored_messages
from django.conf import settings
from django.db import migrations, models

# The database itself refuses to change or delete a signed report, or what is in it.
REFUSE = """
CREATE FUNCTION reports_refuse_change() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'A signed report cannot be changed.' USING ERRCODE = 'integrity_constraint_violation';
END $$ LANGUAGE plpgsql;

CREATE TRIGGER signed_report_stays BEFORE UPDATE OR DELETE ON reports_report
    FOR EACH ROW WHEN (OLD.signed_at IS NOT NULL) EXECUTE FUNCTION reports_refuse_change();

CREATE FUNCTION reports_refuse_tracklet() RETURNS trigger AS $$
BEGIN
    IF EXISTS (
        SELECT FROM reports_report WHERE signed_at IS NOT NULL
        AND id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.report_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.report_id END)
    ) THEN
        RAISE EXCEPTION 'A signed report cannot be changed.' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$ LANGUAGE plpgsql;

CREATE TRIGGER signed_report_keeps_its_tracklets BEFORE INSERT OR UPDATE OR DELETE ON reports_reportedtracklet
    FOR EACH ROW EXECUTE FUNCTION reports_refuse_tracklet();
"""
ALLOW = """
DROP TRIGGER signed_report_keeps_its_tracklets ON reports_reportedtracklet;
DROP TRIGGER signed_report_stays ON reports_report;
DROP FUNCTION reports_refuse_tracklet();
DROP FUNCTION reports_refuse_change();
"""
TOUCH = """
CREATE TRIGGER touched BEFORE UPDATE ON reports_report FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE FUNCTION touch_reports_report() RETURNS trigger AS $$
BEGIN
    UPDATE reports_report SET updated_at = clock_timestamp()
    WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.report_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.report_id END);
    RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER touched_by_reports_reportedtracklet AFTER INSERT OR UPDATE OR DELETE ON reports_reportedtracklet
    FOR EACH ROW EXECUTE FUNCTION touch_reports_report();
"""
UNTOUCH = """
DROP TRIGGER touched ON reports_report;
DROP TRIGGER touched_by_reports_reportedtracklet ON reports_reportedtracklet;
DROP FUNCTION touch_reports_report();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
        ('archive', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='NeoScore',
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
                ('fingerprint', models.CharField(help_text='of the observatory, times, places and magnitudes', max_length=32)),
                ('raw', models.JSONField(help_text='against all orbits of the population model', null=True)),
                ('noid', models.JSONField(help_text='against those that are not known yet', null=True)),
                ('rms', models.FloatField(help_text='arcsec, misfit of motion along a great circle', null=True)),
                ('setup', models.CharField(blank=True, default='', help_text='hash of the observatory and bands', max_length=32)),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('subject', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='neo_score', to='archive.subject')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('signed_name', models.CharField(blank=True, default='', help_text='as the scientist wrote it', max_length=100)),
                ('signed_at', models.DateTimeField(null=True)),
                ('psv', models.TextField(blank=True, default='')),
                ('xml', models.TextField(blank=True, default='')),
                ('obs80', models.TextField(blank=True, default='', help_text='empty if the names do not fit into 80 columns')),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='set by a trigger')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('signed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='archive.survey')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('obs80', ''), ('psv', ''), ('signed_at', None), ('signed_by', None), ('signed_name', ''), ('xml', '')), models.Q(('signed_at__isnull', False), ('signed_by__isnull', False), models.Q(('signed_name', ''), _negated=True), models.Q(('psv', ''), _negated=True), models.Q(('xml', ''), _negated=True)), _connector='OR'), name='signed_with_name_and_files_or_a_draft')],
            },
        ),
        migrations.CreateModel(
            name='ReportedTracklet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('trk_sub', models.CharField(help_text="ADES' temporary designation", max_length=8, unique=True)),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tracklets', to='reports.report')),
                ('subject', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='reported', to='archive.subject')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='ReportSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('submitter', models.CharField(max_length=100, validators=[django.core.validators.RegexValidator('^[^|\\x00-\\x1f\\x7f]*\\Z', 'Pipes and control characters are not allowed.')])),
                ('institution', models.CharField(blank=True, max_length=100, validators=[django.core.validators.RegexValidator('^[^|\\x00-\\x1f\\x7f]*\\Z', 'Pipes and control characters are not allowed.')])),
                ('measurers', models.JSONField(default=list, help_text='names, up to 100 characters each')),
                ('design', models.CharField(help_text='of the telescope, such as Reflector', max_length=35, validators=[django.core.validators.RegexValidator('^[^|\\x00-\\x1f\\x7f]*\\Z', 'Pipes and control characters are not allowed.')])),
                ('aperture', models.FloatField(help_text='m', validators=[django.core.validators.MinValueValidator(0.001, 'Enter a number above 0.'), django.core.validators.MaxValueValidator(999)])),
                ('detector', models.CharField(default='CCD', max_length=25, validators=[django.core.validators.RegexValidator('^[^|\\x00-\\x1f\\x7f]*\\Z', 'Pipes and control characters are not allowed.')])),
                ('focal_ratio', models.FloatField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(0.001, 'Enter a number above 0.'), django.core.validators.MaxValueValidator(999)])),
                ('mode', models.CharField(choices=[('CCD', 'CCD'), ('CMO', 'CMO'), ('TDI', 'TDI'), ('VID', 'VID')], default='CCD', max_length=3)),
                ('catalogue', models.CharField(choices=[('Gaia3E', 'Gaia3E'), ('Gaia3', 'Gaia3'), ('Gaia2', 'Gaia2'), ('Gaia1', 'Gaia1'), ('UCAC5', 'UCAC5'), ('UCAC4', 'UCAC4'), ('URAT1', 'URAT1'), ('PS1_DR2', 'PS1_DR2'), ('PS1_DR1', 'PS1_DR1'), ('ATLAS2', 'ATLAS2'), ('2MASS', '2MASS'), ('PPMXL', 'PPMXL'), ('USNOB1', 'USNOB1'), ('UNK', 'UNK')], max_length=8)),
                ('bands', models.JSONField(blank=True, default=dict, help_text="the ADES band by the survey's name of it")),
                ('prefix', models.CharField(default='W', help_text='of the names that tracklets get', max_length=2, validators=[django.core.validators.RegexValidator('^[A-HM-Z][A-Z]?\\Z', 'One or two capitals, the first not I to L.')])),
                ('survey', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='report_settings', to='archive.survey')),
            ],
        ),
        migrations.RunSQL(REFUSE, ALLOW),
        migrations.RunSQL(TOUCH, UNTOUCH),
    ]
