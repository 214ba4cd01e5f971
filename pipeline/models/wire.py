"""One server as an `openai` client is configured for it, its bytes carried by one aiohttp session.

Measured on one core: a request through the client's own layers takes 2.9 ms of CPU at 256 connections and 5.8 at 1,024
(half of it in httpx's pool, a third in building requests and models), through here a tenth of that.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import aiohttp
import httpx2
import openai
from yarl import URL

from pipeline.models.body import UnfinishedAnswerError

_KEEP_ALIVE_S = 30.0
_DECODED = ("content-encoding", "content-length", "transfer-encoding")


class Reply(NamedTuple):
    """What a server answered with a status below 400."""

    content: bytes
    headers: Mapping[str, str]


class _Connector(aiohttp.TCPConnector):
    """Connections of which none is used again on which something came unasked: it would be read as the next request's answer."""

    async def _get(self, key: Any, traces: Any) -> Any:
        idle = self._conns.get(key)
        while idle and (idle[0][0].should_close or not idle[0][0].is_connected()):
            idle.popleft()[0].close()
        return await super()._get(key, traces)


class Wire:
    """Carries bodies to one server. Used from one event loop only."""

    def __init__(self, client: openai.AsyncOpenAI, *, path: str, query: Mapping[str, str] | None = None, trust_env: bool = True) -> None:
        self._client = client
        self._url = URL(str(client.base_url)) / path.lstrip("/")
        if query:
            self._url = self._url.update_query(dict(query))
        self._trust_env = trust_env
        self._session: aiohttp.ClientSession | None = None
        self._last: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._suspected: set[int] = set()
        self._repetitive = False

    async def post(self, body: bytes) -> Reply:
        """The server's answer to a JSON body.

        Raises: openai.APIStatusError where the status is 400 or more; openai.APITimeoutError, openai.APIConnectionError;
        UnfinishedAnswerError where the answer to the request before it came again.
        """
        session = self._session or self._open()
        try:
            async with session.post(self._url, data=body, allow_redirects=False) as response:
                content = await response.read()
        except TimeoutError as error:
            raise openai.APITimeoutError(self._request()) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise openai.APIConnectionError(request=self._request()) from error
        if response.status >= 300:
            raise self._error(response.status, response.headers, content)
        if self._came_again(response._protocol, content):
            raise UnfinishedAnswerError("the answer to another request once more")
        return Reply(content, response.headers)

    def _came_again(self, connection: Any, content: bytes) -> bool:
        """Whether this is to the byte what its connection brought last: a second delivery, after which it is no longer used.

        Answers have ids. A server that gives the same bytes on a new connection too has none, and is believed from then on.
        """
        found, before = hash(content), self._last.get(connection)
        self._last[connection] = found
        if before is None:
            self._repetitive = self._repetitive or found in self._suspected
        if before != found or self._repetitive:
            return False
        self._suspected.add(found)
        connection.close()
        return True

    async def close(self) -> None:
        """Gives back the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await self._client.close()

    def _open(self) -> aiohttp.ClientSession:
        set_headers = {**self._client.auth_headers, **self._client.default_headers}
        timeout = self._client.timeout
        read_s, connect_s = (timeout.read, timeout.connect) if isinstance(timeout, httpx2.Timeout) else (timeout, timeout)
        self._session = aiohttp.ClientSession(
            headers={name: value for name, value in set_headers.items() if isinstance(value, str)},
            # A body that drips must end some time: the whole answer has as long as openai gives one read.
            timeout=aiohttp.ClientTimeout(total=read_s, sock_connect=connect_s),
            # How many are in flight is decided before a request comes here.
            connector=_Connector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=self._trust_env,
        )
        return self._session

    def _error(self, status: int, headers: Mapping[str, str], content: bytes) -> openai.APIStatusError:
        """The error class that `openai` has for a status."""
        kept = [(name, value) for name, value in headers.items() if name.lower() not in _DECODED]
        response = httpx2.Response(status, headers=kept, content=content, request=self._request())
        return self._client._make_status_error_from_response(response)

    def _request(self) -> httpx2.Request:
        """The request as an error may show it: without its headers and body."""
        return httpx2.Request("POST", str(self._url))
