"""For tests of applications and of plugins: a client without sockets, and the contracts."""

from brubeck.core.client import Client, ClientResponse, SocketClient
from brubeck.core.contracts import ConnectionContract, MixinContract, contract_application
from brubeck.core.renderer_contract import RendererContract

__all__ = [
    "Client",
    "ClientResponse",
    "ConnectionContract",
    "MixinContract",
    "RendererContract",
    "SocketClient",
    "contract_application",
]
