"""The columns the page reads, of our own tables: unmanaged, Django never changes them."""

from django.db import models


class Edition(models.Model):
    name = models.CharField(max_length=40, primary_key=True)
    number = models.IntegerField()

    class Meta:
        managed = False
        db_table = "edition"


class Station(models.Model):
    id = models.CharField(max_length=32, primary_key=True)
    code = models.CharField(max_length=24, unique=True)
    name = models.CharField(max_length=120)
    level = models.CharField(max_length=10)
    host = models.CharField(max_length=20)
    county_code = models.CharField(max_length=6)
    town_code = models.CharField(max_length=9)
    village_code = models.CharField(max_length=12, null=True)
    address = models.CharField(max_length=200, null=True)
    phone = models.CharField(max_length=30, null=True)
    lat = models.FloatField()
    lon = models.FloatField()
    mx = models.IntegerField()
    my = models.IntegerField()
    hours_id = models.CharField(max_length=32, null=True)
    direct_mask = models.BigIntegerField()
    assist_mask = models.BigIntegerField()
    consult_mask = models.BigIntegerField()
    channels = models.IntegerField()
    open = models.BooleanField()
    synthetic = models.BooleanField()
    verified_on = models.DateField(null=True)

    class Meta:
        managed = False
        db_table = "station"


class HoursException(models.Model):
    id = models.CharField(max_length=32, primary_key=True)
    station = models.ForeignKey(Station, models.DO_NOTHING, related_name="exceptions")
    date = models.DateField()
    spans = models.CharField(max_length=100, null=True)

    class Meta:
        managed = False
        db_table = "hours_exception"
