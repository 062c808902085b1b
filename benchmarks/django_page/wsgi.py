"""What the server runs."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.django_page.settings")
application = get_wsgi_application()
gc.collect()
gc.freeze()  # as app.server() does for ours
