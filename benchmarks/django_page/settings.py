"""As a production Django would have it; nothing switched on that the page does not need."""

import os
import sys

import pysqlite3

sys.modules["sqlite3"] = pysqlite3  # the same SQLite as ours, faster and newer than the one of most systems

DATABASE = os.environ["DATABASE_URL"].removeprefix("sqlite:///")

DEBUG = False
SECRET_KEY = "measured on 127.0.0.1 only, signs nothing"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "benchmarks.django_page.urls"
WSGI_APPLICATION = "benchmarks.django_page.wsgi.application"
INSTALLED_APPS = ["benchmarks.django_page"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "benchmarks.django_page.middleware.brotli_pages",
    "benchmarks.django_page.middleware.content_policy",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,  # with DEBUG off each template is parsed once and kept
        "OPTIONS": {"context_processors": ["benchmarks.django_page.context.pieces"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATABASE,
        "CONN_MAX_AGE": None,
        "OPTIONS": {"init_command": "PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=15000"},
    }
}
USE_I18N = True
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "lang"
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
SECURE_REFERRER_POLICY = "same-origin"
APPEND_SLASH = False
LOGGING_CONFIG = None
