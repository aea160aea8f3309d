"""What columns are called in the admin: nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('packager', '0017_plain_words'),
    ]

    operations = [
        migrations.AlterField(
            model_name='packageerror',
            name='at',
            field=models.DateTimeField(verbose_name='time'),
        ),
        migrations.AlterField(
            model_name='standingorder',
            name='every',
            field=models.CharField(choices=[('change', 'when the data changes'), ('night', 'every night'), ('week', 'every week'), ('month', 'every month')], max_length=10, verbose_name='schedule'),
        ),
    ]
