"""Typed settings: from a TOML file, the environment and flags."""

from costproxy.settings.conversations import ConversationsSettings
from costproxy.settings.describe import describe
from costproxy.settings.dialects import AUTO, GENERIC, INCLUDE_USAGE, dialect_of
from costproxy.settings.ledger import LedgerSettings
from costproxy.settings.load import load_settings
from costproxy.settings.models import ModelSettings
from costproxy.settings.sections import (
    AdminSettings,
    AppsSettings,
    LimitsSettings,
    ListenSettings,
    LogSettings,
    Settings,
    ShutdownSettings,
)
from costproxy.settings.upstream import UpstreamSettings
from costproxy.settings.url import UpstreamUrl

__all__ = [
    "AUTO",
    "GENERIC",
    "INCLUDE_USAGE",
    "AdminSettings",
    "AppsSettings",
    "ConversationsSettings",
    "LedgerSettings",
    "LimitsSettings",
    "ListenSettings",
    "LogSettings",
    "ModelSettings",
    "Settings",
    "ShutdownSettings",
    "UpstreamSettings",
    "UpstreamUrl",
    "describe",
    "dialect_of",
    "load_settings",
]
