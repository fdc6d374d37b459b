from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('community', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='notification',
            name='kind',
            field=models.CharField(choices=[('confirmed', 'Confirmed'), ('taken-back', 'Taken Back'), ('commented', 'Commented'), ('mentioned', 'Mentioned'), ('warned', 'Warned'), ('answered', 'Answered'), ('assigned', 'Assigned'), ('opinion', 'Opinion')], max_length=12),
        ),
    ]
