"""httpx's functions for addresses of plain HTTP, which every address of the stack is.

httpx reads the certificates of all authorities for each request that has no client. That takes
30 ms of CPU, and the request itself 5 ms.
"""

from __future__ import annotations

import ssl
from functools import partial

import httpx

_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

request = partial(httpx.request, verify=_NO_AUTHORITIES)
get = partial(httpx.get, verify=_NO_AUTHORITIES)
post = partial(httpx.post, verify=_NO_AUTHORITIES)
put = partial(httpx.put, verify=_NO_AUTHORITIES)
delete = partial(httpx.delete, verify=_NO_AUTHORITIES)
