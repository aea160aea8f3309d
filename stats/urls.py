"""The addresses of the statistics in the ckanpackager contract."""

from django.urls import path

from stats import api

urlpatterns = [
    path("statistics", api.TotalsView.as_view()),
    path("statistics/<str:kind>", api.RecordsView.as_view()),
]
