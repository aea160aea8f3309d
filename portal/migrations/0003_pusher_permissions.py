"""The roles of staff may see pushes, and operators may act on them."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

ROLES = {
    "viewer": ("view_pushjob",),
    "operator": ("view_pushjob", "operate_pushjob"),
    "manager": ("view_pushjob", "operate_pushjob"),
}


def grant(apps, schema_editor):
    """Grant what the roles do not have yet."""
    create_permissions(installed.get_app_config("pusher"), verbosity=0)
    group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for name, codenames in ROLES.items():
        role, _ = group.objects.get_or_create(name=name)
        role.permissions.add(*permission.objects.filter(content_type__app_label="pusher", codename__in=codenames))


class Migration(migrations.Migration):

    dependencies = [("portal", "0002_standing_orders"), ("pusher", "0001_jobs")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
