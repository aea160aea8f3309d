"""Staff of every role may look at standing orders."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations


def grant(apps, schema_editor):
    """Grant it; permissions that somebody took away otherwise stay away."""
    # Django makes the permissions after all migrations, which is too late here.
    create_permissions(installed.get_app_config("packager"), verbosity=0)
    permission = apps.get_model("auth", "Permission").objects.filter(codename="view_standingorder")
    for group in apps.get_model("auth", "Group").objects.filter(name__in=("viewer", "operator", "manager")):
        group.permissions.add(*permission)


class Migration(migrations.Migration):

    dependencies = [("portal", "0001_staff_groups"), ("packager", "0013_standing_orders")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
