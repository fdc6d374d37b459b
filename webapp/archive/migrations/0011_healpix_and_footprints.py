import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

# Górski et al. 2005 (ApJ 622, 759): the cell of order 29 in the nested scheme. A place that is none has no cell.
CREATE = """
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


class Migration(migrations.Migration):
    dependencies = [("archive", "0010_desk_indexes")]

    operations = [
        migrations.RunSQL(CREATE, "DROP FUNCTION healpix29"),
        migrations.AddIndex(
            model_name="subject",
            index=models.Index(
                models.Func("ra", "dec", function="healpix29", output_field=models.BigIntegerField()),
                name="subject_by_healpix",
            ),
        ),
        migrations.CreateModel(
            name="Footprint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("lows", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("highs", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("created_at", models.DateTimeField(auto_now=True)),
                ("survey", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="footprints", to="archive.survey")),
            ],
            options={"ordering": ["-created_at", "-id"]},
        ),
        migrations.AddConstraint(
            model_name="footprint",
            constraint=models.UniqueConstraint(fields=("survey", "name"), name="one_footprint_per_name"),
        ),
    ]
