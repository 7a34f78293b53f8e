"""What the operator knows better about a model: its name, prices, contract and limits."""

from dataclasses import dataclass, field, fields
from decimal import Decimal

from costproxy.settings.kinds import MODEL, MODEL_ID, NAME, whole
from costproxy.settings.list_kinds import THRESHOLDS
from costproxy.settings.money_kinds import EACH, PRICE, percent
from costproxy.settings.setting import setting, setting_of

EVERY_MODEL = "*"  # as the name of a table: every model that has no table of its own
MOST_TOKENS = 10**9
_PRICE = "price_"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """One model, by the name that is asked for or that replies give; `None` means the catalogue's word stands."""

    name: str = field(
        metadata=setting(MODEL, "The model's name, NAME unless set; lets a model have a table for each upstream.")
    )
    upstream: str | None = field(
        default=None, metadata=setting(NAME, "Name of the only upstream the table holds for; without it, all.")
    )
    same_as: str | None = field(
        default=None,
        metadata=setting(MODEL_ID, "What the model really is, such as openai/gpt-4o for a deployment's own name."),
    )
    discount_percent: Decimal = field(
        default=Decimal(0), metadata=setting(percent(100), "Percentage taken off every price, a contract's discount.")
    )
    surcharge_percent: Decimal = field(
        default=Decimal(0), metadata=setting(percent(1000), "Percentage put on every price, such as a region's uplift.")
    )
    context_window: int | None = field(
        default=None, metadata=setting(whole(1, MOST_TOKENS), "Tokens that prompt and reply may have together.")
    )
    max_input: int | None = field(
        default=None, metadata=setting(whole(1, MOST_TOKENS), "Tokens that the prompt alone may have.")
    )
    max_output: int | None = field(
        default=None, metadata=setting(whole(1, MOST_TOKENS), "Tokens that the reply alone may have.")
    )
    warn_at: tuple[int, ...] | None = field(
        default=None,
        metadata=setting(
            THRESHOLDS, "Percentages of its context window to warn at, in place of conversations.warn_at."
        ),
    )
    price_input: str | None = field(default=None, metadata=setting(PRICE, "Prompt tokens that no cache served."))
    price_output: str | None = field(default=None, metadata=setting(PRICE, "Completion tokens."))
    price_reasoning: str | None = field(
        default=None, metadata=setting(PRICE, "Reasoning tokens; as price_output unless set.")
    )
    price_cache_read: str | None = field(
        default=None, metadata=setting(PRICE, "Prompt tokens read from a cache; as price_input unless set.")
    )
    price_cache_write: str | None = field(
        default=None, metadata=setting(PRICE, "Prompt tokens written to a cache; as price_input unless set.")
    )
    price_cache_write_1h: str | None = field(
        default=None, metadata=setting(PRICE, "Those kept for an hour; as price_cache_write unless set.")
    )
    price_audio_input: str | None = field(
        default=None, metadata=setting(PRICE, "Audio in the prompt; requests with audio are unpriced unless set.")
    )
    price_audio_cache_read: str | None = field(
        default=None, metadata=setting(PRICE, "Audio read from a cache; as price_audio_input unless set.")
    )
    price_image_input: str | None = field(
        default=None, metadata=setting(PRICE, "Images in the prompt; as price_input unless set.")
    )
    price_audio_output: str | None = field(
        default=None, metadata=setting(PRICE, "Audio in the reply; replies with audio are unpriced unless set.")
    )
    price_image_output: str | None = field(
        default=None, metadata=setting(PRICE, "Images in the reply; replies with images are unpriced unless set.")
    )
    price_request: str | None = field(
        default=None, metadata=setting(EACH, "Each request as such, in $ and not per million; nothing unless set.")
    )
    price_web_search: str | None = field(
        default=None, metadata=setting(EACH, "Each web search that the provider makes, in $ and not per million.")
    )
    price_file_search: str | None = field(
        default=None, metadata=setting(EACH, "Each search in files that the provider makes, in $ and not per million.")
    )
    price_tool_call: str | None = field(
        default=None, metadata=setting(EACH, "Each call of another tool that the provider runs, in $.")
    )
    table: str = field(default="", compare=False, repr=False)  # the name of its table
    place: str = field(default="", compare=False, repr=False)  # where `same_as` was set, to begin a message

    @property
    def prices(self) -> dict[str, str] | None:
        """The operator's own prices as `{kind: price}`, `None` if there are none."""
        given = {
            spec.name.removeprefix(_PRICE): getattr(self, spec.name)
            for spec in fields(self)
            if setting_of(spec) and spec.name.startswith(_PRICE)
        }
        return {kind: price for kind, price in given.items() if price is not None} or None
