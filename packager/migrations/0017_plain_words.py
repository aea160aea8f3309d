"""Texts of fields, choices and permissions: nothing changes in the database."""

import packager.security.sites
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('packager', '0016_turns'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='packagerequest',
            options={'ordering': ('-created_at',), 'permissions': (('operate_packagerequest', 'Can retry, cancel, rebuild and resend'), ('erase_packagerequest', 'Can delete personal data'), ('see_personal_data', 'Can see addresses'), ('see_traceback', 'Can see tracebacks')), 'verbose_name': 'request'},
        ),
        migrations.AlterField(
            model_name='ckansite',
            name='active',
            field=models.BooleanField(default=True, help_text='if there are active sites or PACKAGER_CKAN_HOSTS, the portal reads from no other hosts'),
        ),
        migrations.AlterField(
            model_name='ckansite',
            name='url',
            field=models.CharField(help_text='its front page, for example https://data.example.org', max_length=500, validators=[packager.security.sites.check_site_url], verbose_name='address'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='state',
            field=models.CharField(choices=[('pending', 'Pending'), ('sending', 'Sending'), ('sent', 'Sent'), ('failed', 'Failed'), ('stopped', 'Not sent: unsubscribed')], default='pending', max_length=10),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='together',
            field=models.BooleanField(default=False, help_text='waits to be combined with others to the same address'),
        ),
        migrations.AlterField(
            model_name='package',
            name='dataset_name',
            field=models.CharField(blank=True, default='', help_text="its name in CKAN's addresses", max_length=255),
        ),
        migrations.AlterField(
            model_name='package',
            name='missing_since',
            field=models.DateTimeField(blank=True, help_text='when its file was found to be missing from the store', null=True),
        ),
        migrations.AlterField(
            model_name='packagerequest',
            name='cached',
            field=models.BooleanField(default=False, help_text='served from an existing package'),
        ),
        migrations.AlterField(
            model_name='packagerequest',
            name='data_version',
            field=models.PositiveBigIntegerField(default=0, help_text='how many changes to its data were known at that time'),
        ),
        migrations.AlterField(
            model_name='packagerequest',
            name='dataset_name',
            field=models.CharField(blank=True, default='', help_text="its name in CKAN's addresses", max_length=255),
        ),
        migrations.AlterField(
            model_name='packagerequest',
            name='parameters',
            field=models.JSONField(default=dict, help_text='parameters of datastore_search'),
        ),
        migrations.AlterField(
            model_name='packagerequest',
            name='requester',
            field=models.CharField(blank=True, help_text="the requester's name, as the owner of the API key gives it", max_length=255),
        ),
        migrations.AlterField(
            model_name='publictitles',
            name='dataset_name',
            field=models.CharField(blank=True, default='', help_text="its name in CKAN's addresses", max_length=255),
        ),
        migrations.AlterField(
            model_name='resourcechange',
            name='source',
            field=models.CharField(blank=True, help_text='who reported it', max_length=150),
        ),
        migrations.AlterField(
            model_name='standingorder',
            name='every',
            field=models.CharField(choices=[('change', 'when the data changes'), ('night', 'every night'), ('week', 'every week'), ('month', 'every month')], max_length=10),
        ),
    ]
