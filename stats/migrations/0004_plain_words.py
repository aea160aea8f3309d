"""Texts of fields, choices and permissions: nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('stats', '0003_counters'),
    ]

    operations = [
        migrations.AlterField(
            model_name='errorrecord',
            name='email',
            field=models.CharField(blank=True, db_index=True, default='', max_length=320, verbose_name='email'),
        ),
        migrations.AlterField(
            model_name='requester',
            name='email',
            field=models.CharField(db_index=True, max_length=320, verbose_name='email'),
        ),
        migrations.AlterField(
            model_name='requestrecord',
            name='email',
            field=models.CharField(blank=True, db_index=True, default='', max_length=320, verbose_name='email'),
        ),
        migrations.AlterField(
            model_name='resourcename',
            name='dataset_name',
            field=models.CharField(blank=True, default='', help_text="its name in CKAN's addresses", max_length=255),
        ),
    ]
