"""The site for gunicorn: the WSGI application and gunicorn's settings."""
