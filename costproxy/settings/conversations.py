"""What may be set about conversations."""

from dataclasses import dataclass, field

from costproxy.settings.kinds import FLAG, seconds, whole
from costproxy.settings.list_kinds import SESSION_FIELDS, SESSION_HEADERS, THRESHOLDS
from costproxy.settings.setting import setting

WARN_AT = (70, 85, 95)
MONTH = 30 * 86_400.0  # seconds

# Names under which clients and gateways send the id of a session, surest first. `x-portkey-trace-id` is left out:
# by default it is another one for each request. Source: the gateways' and SDKs' documentation (read 2026-11).
HEADERS_OF_SESSIONS = (
    "x-litellm-session-id",
    "helicone-session-id",
    "x-session-id",
    "x-*-session-id",
    "x-opencode-session",
    "x-session-affinity",
    "x-grok-conv-id",
)
FIELDS_OF_SESSIONS = (
    "litellm_session_id",
    "session_id",
    "metadata.session_id",
    "metadata.conversation_id",
    "metadata.thread_id",
    "metadata.langfuse_session_id",
    "metadata.user_id",  # Anthropic's, where a session's id stands inside it
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsSettings:
    """Which requests belong together, and when their context window is nearly full."""

    enabled: bool = field(
        default=True,
        metadata=setting(FLAG, "Tell which requests belong to one conversation, and how it grows."),
    )
    threads: int = field(
        default=20_000,
        metadata=setting(
            whole(1, 1_000_000),
            "Conversations remembered at a time; beyond it the one unused for longest is forgotten.",
        ),
    )
    idle: float = field(
        default=7200.0,
        metadata=setting(
            seconds(zero=False, most=MONTH), "Seconds without a request after which a conversation is forgotten."
        ),
    )
    life: float = field(
        default=86_400.0,
        metadata=setting(
            seconds(zero=False, most=MONTH),
            "Seconds after its first request when a conversation is forgotten in any case.",
        ),
    )
    warn_at: tuple[int, ...] = field(
        default=WARN_AT,
        metadata=setting(
            THRESHOLDS,
            "Percentages of the usable context window, each warned of once a conversation; none without an entry.",
        ),
    )
    session_headers: tuple[str, ...] = field(
        default=HEADERS_OF_SESSIONS,
        metadata=setting(
            SESSION_HEADERS,
            "Request headers whose value is a session's id, first one wins; they are passed on as they are.",
        ),
    )
    session_fields: tuple[str, ...] = field(
        default=FIELDS_OF_SESSIONS,
        metadata=setting(
            SESSION_FIELDS,
            "Fields of a request's body whose value is a session's id, where no header names one; first one wins.",
        ),
    )
    response_headers: bool = field(
        default=False,
        metadata=setting(
            FLAG,
            "Add x-costproxy-conversation, -turn, -context-used and -turns-left to replies, as far as they are known.",
        ),
    )
