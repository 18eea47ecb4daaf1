"""The sample app: upload a document or a recording, have it processed, pay for it in credits.

Where things are:

- settings.py: the STORAGE_… variables.
- kinds.py: which types and sizes each feature takes.
- stored_file.py, rows.py: a file's row in the database, and the Postgres functions that change it.
- uploads.py: an upload from the first request (hold credits, sign the upload address) to the last.
- processing.py: lease a file, make its results, charge for them or record why it failed.
- conversion.py: what becomes of an upload (chapters, the length of a recording); readers/ read it.
- export.py: one archive of several processed files.
- answers.py: a file as its owner sees it, with signed download addresses.
- deleting.py, forgetting.py: delete one file, or all of an account that was deleted.
- cleanup.py: remove abandoned uploads from the storage.
- signed_urls.py: the addresses that a browser uploads to and downloads from.
- storage.py, s3.py, sigv4.py, multipart.py: Supabase Storage over its S3 protocol.
- bucket.py: make the private bucket at the first upload.

The rest of the product does not depend on it. A fork deletes it with these commands:

    git rm -r api/files.py api/_lib/files sql/*_files*.sql ops/checks/storage.py
    git rm -r templates/files.html public/files.html public/css/file*.css
    git rm -r public/js/files public/js/pages/files.js public/js/store/feature-cost.js
    git rm -r tests/files tests/unit/files tests/standins/storage tests/browser/test_files*.py
    git rm -r tests/unit/test_without_files.py tests/docs/test_without_files.py

What is left to edit by hand stands in docs/architecture.md, "Leaving the files out".
tests/unit/test_without_files.py runs these commands in a copy and checks that the rest works.
"""
