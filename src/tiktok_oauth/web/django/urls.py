"""``path("tiktok/", include("tiktok_oauth.web.django.urls"))``: a callback, and four beside it."""

from __future__ import annotations

from django.urls import path

from tiktok_oauth.web.django import views

app_name = "tiktok_oauth"
urlpatterns = [
    path("callback", views.callback, name="callback"),
    path("login", views.login, name="login"),
    path("disconnect", views.disconnect, name="disconnect"),
    path("webhook", views.webhook, name="webhook"),
]
