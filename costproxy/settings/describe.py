"""Settings in words, for `costproxy check`."""

from collections.abc import Mapping

from costproxy.settings.conversations import ConversationsSettings
from costproxy.settings.loopback import is_loopback
from costproxy.settings.models import EVERY_MODEL, ModelSettings
from costproxy.settings.sections import MIB, Settings
from costproxy.settings.upstream import UpstreamSettings


def describe(settings: Settings) -> list[str]:
    """Return lines for a person to read: listeners, upstreams, applications and limits."""
    rows = [
        ("traffic port", f"{_address(settings.listen.host, settings.listen.port)}"),
        (
            "admin port",
            f"{_address(settings.admin.host, settings.admin.port)}  (the page, /api/v1, /metrics, /healthz, /readyz)",
        ),
        ("", f"  page and API: {_page(settings)}"),
    ]
    for upstream in settings.upstreams:
        rows += _upstream_rows(upstream)
    for model in settings.models:
        rows += _model_rows(model)
    rows += [
        ("applications", _apps(settings)),
        ("metered", _metered(settings)),
        *_conversations_rows(settings.conversations),
        ("metrics", _metrics(settings)),
        ("shutdown", f"requests under way get {settings.shutdown.grace:g} s to finish"),
        ("log", f"level {settings.log.level}, format {settings.log.format}"),
        *_ledger_rows(settings),
    ]
    width = max(len(label) for label, _ in rows)
    return [f"{label:<{width}}  {text}".rstrip() for label, text in rows]


def _page(settings: Settings) -> str:
    if settings.admin.token:
        return "for whoever has the token"
    local = is_loopback(settings.admin.host)
    return "for this machine" if local else "closed: set admin.token, since the port listens elsewhere than on loopback"


def _address(host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}" if port else f"http://{name}, a free port"


def _upstream_rows(upstream: UpstreamSettings) -> list[tuple[str, str]]:
    mount = "/" if upstream.mount == "/" else f"{upstream.mount}/"
    usage = "asks for usage in streamed chats" if upstream.include_usage else "leaves streamed chats as they are"
    times = (
        f"connect {upstream.connect_timeout:g} s, silence {upstream.idle_timeout:g} s, "
        f"keep-alive {upstream.keepalive:g} s"
    )
    trust = [("", f"  trusts {upstream.ca_file}")] if upstream.ca_file else []
    return [
        (f"upstream {mount}", f"{upstream.name} -> {upstream.url}/"),
        ("", f"  dialect {upstream.dialect}; {usage}"),
        ("", f"  {times}"),
        *trust,
    ]


def _model_rows(model: ModelSettings) -> list[tuple[str, str]]:
    where = f" at {model.upstream}" if model.upstream else ""
    real = f", which is {model.same_as}" if model.same_as else ""
    name = "all other models" if model.name == EVERY_MODEL else model.name
    limits = (("window", model.context_window), ("prompt", model.max_input), ("reply", model.max_output))
    tokens = ", ".join(f"{what} {count:,} tokens" for what, count in limits if count is not None)
    warnings = "" if model.warn_at is None else _warnings(model.warn_at)
    told = [_prices(model.prices), _percents(model), tokens, warnings]
    return [("model", f"{name}{where}{real}"), *(("", f"  {text}") for text in told if text)]


def _prices(prices: Mapping[str, str] | None) -> str:
    shown = "; ".join(f"{kind} {price}" for kind, price in (prices or {}).items())
    return f"own prices, $ per million tokens or each: {shown}" if shown else ""


def _percents(model: ModelSettings) -> str:
    percents = ((model.discount_percent, "off"), (model.surcharge_percent, "on top"))
    return ", ".join(f"{percent} % {where}" for percent, where in percents if percent)


def _apps(settings: Settings) -> str:
    count = len(settings.apps.keys)
    mapped = {0: "no API key is mapped", 1: "1 API key is mapped"}.get(count, f"{count} API keys are mapped")
    return f"named by the header {settings.apps.header}; {mapped}"


def _conversations_rows(conversations: ConversationsSettings) -> list[tuple[str, str]]:
    if not conversations.enabled:
        return [("conversations", "not told apart")]
    times = f"{conversations.idle:g} s after its last request and {conversations.life:g} s in all"
    headers, fields = len(conversations.session_headers), len(conversations.session_fields)
    told = "; replies say how it stands" if conversations.response_headers else ""
    return [
        ("conversations", f"up to {conversations.threads:,} at a time, each for at most {times}"),
        ("", f"  {_warnings(conversations.warn_at)}{told}"),
        ("", f"  names of sessions: {headers} of headers, {fields} of fields"),
    ]


def _warnings(warn_at: tuple[int, ...]) -> str:
    shares = ", ".join(map(str, warn_at))
    return f"warnings at {shares} % of the context window" if shares else "no warnings of the context window"


def _metered(settings: Settings) -> str:
    limits = settings.limits
    return f"bodies up to {_size(limits.metered_bytes)}, decompressed up to {_size(limits.decoded_bytes)}"


def _ledger_rows(settings: Settings) -> list[tuple[str, str]]:
    ledger = settings.ledger
    if not ledger.enabled:
        return [("ledger", "nothing is kept on disk")]
    where = settings.data_dir or "the platform's directory for the state of programs"
    kept = f"exchanges for {ledger.keep_days} days, sums by the hour for {ledger.totals_days}"
    return [("ledger", f"in {where}"), ("", f"  {kept}, up to {_size(ledger.most_bytes)}")]


def _metrics(settings: Settings) -> str:
    limits = settings.limits
    return f'{limits.models} models, {limits.apps} applications and {limits.pairs} pairs of them before "other"'


def _size(count: int) -> str:
    return f"{count // MIB} MiB" if count % MIB == 0 else f"{count} bytes"
