"""A person's account as a whole: what is in it, a copy of its data, and deleting it.

Imports nothing of api._lib.files, except by name where files have to be deleted.
"""
