"""Plurals for the admin; nothing changes in the database."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('metrics', '0001_first_light'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='journalentry',
            options={'verbose_name_plural': 'journal entries'},
        ),
        migrations.AlterModelOptions(
            name='processseen',
            options={'verbose_name_plural': 'processes seen'},
        ),
    ]
