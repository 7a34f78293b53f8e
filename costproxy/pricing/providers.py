"""Who sells what an upstream serves, and how names say it."""

from collections.abc import Mapping
from types import MappingProxyType

# Dialect of an upstream -> providers of the catalogue to look in, in this order. Azure resells at the makers' list
# prices what it does not price itself. Servers that one runs oneself sell nothing.
SELLERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "openai": ("openai",),
        "azure": ("azure", "openai", "anthropic", "deepseek", "x-ai", "mistral", "moonshotai"),
        "anthropic": ("anthropic",),
        "xai": ("x-ai",),
        "mistral": ("mistral",),
        "deepseek": ("deepseek",),
        "groq": ("groq",),
        "openrouter": ("openrouter",),
        "perplexity": ("perplexity",),
        "together": ("together",),
        "cerebras": ("cerebras",),
        "fireworks": ("fireworks",),
        "gemini": ("google",),
        "moonshot": ("moonshotai",),
        "moonshotai": ("moonshotai",),
        "alibaba": ("alibaba",),
        "zai": ("zai",),
        "ollama": (),
        "vllm": (),
    }
)

# Where to look for a name that comes through an unknown upstream: only makers whose names nobody else may use, and of
# their models only those with closed weights.
MAKERS = ("openai", "anthropic", "google", "x-ai", "mistral", "deepseek", "perplexity", "moonshotai")

# First part of a model's name -> the provider that it means, as gateways and routers write it.
PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "openai": "openai",
        "azure": "azure",
        "azure_ai": "azure",
        "anthropic": "anthropic",
        "x-ai": "x-ai",
        "xai": "x-ai",
        "mistral": "mistral",
        "mistralai": "mistral",
        "deepseek": "deepseek",
        "groq": "groq",
        "google": "google",
        "gemini": "google",
        "vertex_ai": "google",
        "together": "together",
        "together_ai": "together",
        "cerebras": "cerebras",
        "fireworks": "fireworks",
        "fireworks_ai": "fireworks",
        "perplexity": "perplexity",
        "openrouter": "openrouter",
        "moonshot": "moonshotai",
        "moonshotai": "moonshotai",
        "dashscope": "alibaba",
        "alibaba": "alibaba",
        "zai": "zai",
        "z-ai": "zai",
    }
)

# Parts that say where a model runs or that it is one, not which one it is. List prices hold no regional surcharge.
PATHS = ("models/", "publishers/google/models/", "accounts/fireworks/models/")
REGIONS = ("us", "eu", "apac", "global", "global-standard")
