"""``path("tiktok/", include("tiktok_oauth.web.django.urls"))``: a callback, and four beside it."""

from __future__ import annotations

from django.urls import URLPattern, path

from tiktok_oauth.web.django import views

app_name: str = "tiktok_oauth"
urlpatterns: list[URLPattern] = [
    path("callback", views.callback, name="callback"),
    path("login", views.login, name="login"),
    path("disconnect", views.disconnect, name="disconnect"),
    path("webhook", views.webhook, name="webhook"),
]
