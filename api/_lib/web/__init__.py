"""HTTP: requests and answers, who calls, paging, and several endpoints in one function.

Imports nothing of api._lib.files.
"""
