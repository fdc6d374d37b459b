from django.db import migrations

CREATE = """
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
DROP = """
DROP TRIGGER signed_report_keeps_its_tracklets ON reports_reportedtracklet;
DROP TRIGGER signed_report_stays ON reports_report;
DROP FUNCTION reports_refuse_tracklet();
DROP FUNCTION reports_refuse_change();
"""


class Migration(migrations.Migration):
    """The database itself refuses to change or delete a signed report, or what is in it."""

    dependencies = [("reports", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
