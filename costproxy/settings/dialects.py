"""Which API dialect an upstream speaks, told by its host, and what that dialect needs of us."""

from collections.abc import Mapping

AUTO = "auto"  # stands for "guess from the host" wherever a dialect is asked for
GENERIC = "generic"  # an OpenAI-compatible server about which nothing more is known

# Dialect -> is `stream_options.include_usage` added to streamed chats by default? Where usage comes without
# being asked for, asking is useless at best: Mistral has answered 422 and Groq 400 to the field.
# Sources: recorded replies; github.com/openai/openai-agents-python/issues/442 (Mistral);
# github.com/vercel/ai/pull/1578 (Groq); openrouter.ai/docs/use-cases/usage-accounting.
INCLUDE_USAGE: Mapping[str, bool] = {
    "openai": True,
    "azure": True,
    "anthropic": True,
    "xai": True,
    "mistral": False,
    "deepseek": False,
    "groq": False,
    "openrouter": False,
    "perplexity": False,
    "together": True,
    "cerebras": True,
    "fireworks": True,
    "gemini": True,
    "ollama": True,
    "vllm": True,
    GENERIC: True,
}

# A host belongs to a suffix when it is equal to it or ends with "." and it; a suffix that begins with "-"
# stands for itself (Vertex AI's hosts are REGION-aiplatform.googleapis.com).
HOSTS: Mapping[str, str] = {
    "api.openai.com": "openai",
    "openai.azure.com": "azure",
    "openai.azure.us": "azure",
    "cognitiveservices.azure.com": "azure",
    "services.ai.azure.com": "azure",
    "inference.ai.azure.com": "azure",
    "api.anthropic.com": "anthropic",
    "api.x.ai": "xai",
    "mistral.ai": "mistral",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "openrouter.ai": "openrouter",
    "api.perplexity.ai": "perplexity",
    "api.together.xyz": "together",
    "api.together.ai": "together",
    "api.cerebras.ai": "cerebras",
    "api.fireworks.ai": "fireworks",
    "generativelanguage.googleapis.com": "gemini",
    "aiplatform.googleapis.com": "gemini",
    "-aiplatform.googleapis.com": "gemini",
    "ollama.com": "ollama",
}

PORTS: Mapping[int, str] = {11434: "ollama"}  # for hosts that no suffix knows


def dialect_of(host: str, port: int) -> str:
    """Return the dialect spoken at `host` (lower case, without brackets), `GENERIC` when it is not known."""
    for suffix, dialect in HOSTS.items():
        if host == suffix or host.endswith(suffix if suffix.startswith("-") else f".{suffix}"):
            return dialect
    return PORTS.get(port, GENERIC)
