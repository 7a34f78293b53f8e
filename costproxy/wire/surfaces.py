"""The APIs that are metered, by the name that `apis` gives them."""

from collections.abc import Mapping
from types import MappingProxyType

from costproxy.wire import chat_request, messages_request, responses_request
from costproxy.wire.chat_reply import ChatFolder
from costproxy.wire.messages_reply import MessagesFolder
from costproxy.wire.responses_reply import ResponsesFolder
from costproxy.wire.surface import Surface

CHAT = "chat"
SURFACES: Mapping[str, Surface] = MappingProxyType(
    {
        CHAT: Surface(read=chat_request.read_whole, folder=ChatFolder),
        "responses": Surface(read=responses_request.read, folder=ResponsesFolder),
        "messages": Surface(read=messages_request.read, folder=MessagesFolder),
    }
)
