"""A proxy in front of a real engine: whoever talks to the engine through it meets the faults that are on, and what it
creates is labelled.

`proxy` is what the rest of Churn uses; behind it, on a loop of its own in a thread of its own, `server` lets clients in,
`conversation` has one client's requests admitted by the faults, `exchange` passes one request and its reply on and `stream`
what is no HTTP. `conductor` holds the calls of several clients, so that one goes on at a time. `message` and `wire` are HTTP/1
and sockets as far as that needs them. What a client is not to notice is not even copied into a form of ours: heads and bodies
go on as they came, as soon as they came.

What Docker's clients say where a reply gets lost on a unix socket, the docker command and the SDK:

* closed: ``EOF``; ``RemoteDisconnected('Remote end closed connection without response')``
* reset: ``read: connection reset by peer``; ``ConnectionResetError(104, 'Connection reset by peer')``
* truncated: ``unexpected EOF``; ``IncompleteRead(…)``; where the reply has no body, so that nothing is left but
  ``HTTP/1.1``: ``malformed HTTP response``; ``BadStatusLine('HTTP/1.1')``
* hang: nothing, for as long as it lasts; ``Read timed out`` after the SDK's timeout, 60 seconds unless told otherwise

Clients in Go, the command too, ask once more on their own where a GET or HEAD gets no reply on a connection that was used
before. Where their ping gets none, they take the engine for one of their own version, which an older engine refuses.
"""

from churn.system.proxy.conductor import Conductor
from churn.system.proxy.hooks import ProxyHooks
from churn.system.proxy.journal import Access
from churn.system.proxy.proxy import Proxy, proxied

__all__ = ["Access", "Conductor", "Proxy", "ProxyHooks", "proxied"]
