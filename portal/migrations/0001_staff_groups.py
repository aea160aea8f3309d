"""The roles of staff, as groups: viewer, operator, manager. Each may do all that the one before it may."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

VIEWER = {
    "packager": (
        "view_packagerequest", "view_requesthistory", "view_package", "view_packageerror", "view_delivery",
    ),
    "stats": (
        "view_requestrecord", "view_errorrecord", "view_buildrecord", "view_downloadrecord", "view_dailysum",
        "view_openingbalance",
    ),
}
OPERATOR = {"packager": ("operate_packagerequest", "see_personal_data", "see_traceback")}
MANAGER = {
    "packager": (
        "erase_packagerequest",
        *(f"{verb}_{model}" for verb in ("view", "add", "change", "delete") for model in ("apikey", "ckansite")),
    ),
    "auth": ("view_user", "view_group"),
    "admin": ("view_logentry",),
    "django_q": ("view_schedule", "view_success", "view_failure", "view_ormq"),
}
ROLES = {"viewer": (VIEWER,), "operator": (VIEWER, OPERATOR), "manager": (VIEWER, OPERATOR, MANAGER)}


def make_groups(apps, schema_editor):
    """Make the groups, and grant what they do not have yet. Permissions that somebody added stay."""
    # Django makes the permissions after all migrations, which is too late here.
    for label in ("packager", "stats", "auth", "admin", "django_q"):
        create_permissions(installed.get_app_config(label), verbosity=0)
    group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for name, grants in ROLES.items():
        role, _ = group.objects.get_or_create(name=name)
        for grant in grants:
            for label, codenames in grant.items():
                role.permissions.add(
                    *permission.objects.filter(content_type__app_label=label, codename__in=codenames)
                )


class Migration(migrations.Migration):

    dependencies = [
        ("packager", "0004_staff_permissions"),
        ("stats", "0001_records"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_q", "0001_initial"),
    ]
    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
