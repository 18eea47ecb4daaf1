"""The sample app: upload a document or a recording, have it processed, pay for it in credits.

Where things are:

- settings.py: the STORAGE_… variables.
- kinds.py: which types and sizes each feature takes.
- rows.py: a file's row in the database, and the Postgres functions that change it.
- uploads.py: an upload from the first request (hold credits, sign the upload address) to the last.
- processing.py: lease a file, make its results, charge for them or record why it failed.
- conversion.py: what becomes of an upload (chapters, the length of a recording); readers/ read it.
- export.py: one archive of several processed files.
- answers.py: a file as its owner sees it, with signed download addresses.
- cleanup.py: remove abandoned uploads from the storage.
- storage.py, sigv4.py, multipart.py: Supabase Storage over its S3 protocol.

Nothing outside this package and api/files.py depends on it, so a fork can delete it. It deletes
api/files.py, this folder, sql/*_files.sql, the pages for files and ops/storage_checks.py; the rest
keeps working, and GET /api/config answers "files_enabled": false. tests/unit/test_without_files.py
holds this.
"""
