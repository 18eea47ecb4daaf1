"""Settings of gunicorn for the site. The command line overrides them.

    gunicorn -c server/gunicorn.conf.py 'server.app:create_app()'

HOST and PORT say where to listen; WEB_CONCURRENCY sets the number of worker processes.
"""

import os

bind = f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"

# The functions mostly wait for Supabase and Stripe, so threads are enough.
worker_class = "gthread"
threads = 32

# A worker that gives no sign of life for this long is restarted. Requests may take longer.
timeout = 60
# How long running requests may take to finish when the server stops.
graceful_timeout = 30
# Longer than the 60 seconds for which most proxies keep an idle connection. Otherwise a proxy
# could send a request on a connection that is just being closed.
keepalive = 75

# Bytes. An access token with many claims can be long; one of 16 KiB fits.
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 17 * 1024

accesslog = None
control_socket_disable = True
