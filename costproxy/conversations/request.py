"""A request as the chain of its messages, read before anything is looked for."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from costproxy.conversations.canonical import Kind
from costproxy.conversations.digests import Digests
from costproxy.conversations.facts import PARTS, Facts
from costproxy.conversations.reader import Reader
from costproxy.model import JsonText, Part, Prompt

_LOW = (1 << 64) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a request sends: its instructions, its tools, and the chain of its other messages."""

    facts: Sequence[Facts]  # of all messages
    lead: int  # how many instructions lead them
    links: Sequence[Facts]  # the chain: messages that are neither instructions nor asides, pieces of a reply as one
    starts: Sequence[int]  # where each link begins, as a place in the messages
    ends: Sequence[int]  # and where it is over
    keys: Sequence[int]  # the chain before the first link, and after each
    system: int  # digest of the leading instructions and those sent beside the messages; 0 without any
    system_tokens: int
    tools: int  # digest of the tools; 0 without any
    tools_tokens: int

    @property
    def known_by(self) -> int:
        """The chain after the last link: what identifies the request within its scope."""
        return self.keys[-1]

    @property
    def first_instruction(self) -> int | None:
        """The place of the first instruction that leads the messages; None: they are beside them, or not there."""
        beside = self.system_tokens > sum(facts.all_tokens for facts in self.facts[: self.lead])
        return 0 if self.lead and not beside else None

    def sent(self, most: int) -> bytes:
        """Return short digests of the messages behind the leading instructions, the first ones of them."""
        behind = islice(self.facts, self.lead, self.lead + most)
        return array("Q", [facts.digest & _LOW for facts in behind]).tobytes()

    def by_part(self) -> dict[Part, int]:
        """Return the estimated tokens of each part; parts that are not there are left out."""
        sums = [0] * len(PARTS)
        for facts in self.facts:
            sums[facts.part] += facts.tokens
            for place, tokens in facts.more:
                sums[place] += tokens
        counts = {part: tokens for part, tokens in zip(PARTS, sums, strict=True) if tokens}
        beside = self.system_tokens - sum(facts.all_tokens for facts in self.facts[: self.lead])
        for part, tokens in ((Part.SYSTEM, beside), (Part.TOOLS, self.tools_tokens)):
            if tokens:
                counts[part] = counts.get(part, 0) + tokens
        return counts

    def tokens(self, start: int, end: int) -> int:
        """Return the estimated tokens of some messages."""
        return sum(facts.all_tokens if facts.more else facts.tokens for facts in self.facts[start:end])

    def begun(self, texts: Sequence[JsonText]) -> JsonText | None:
        """Return the JSON of the beginning of a reply, if the application wrote one."""
        return texts[-1] if self.links and self.links[-1].kind is Kind.ASSISTANT else None


def read_request(prompt: Prompt, scope: int, *, reader: Reader, digests: Digests) -> Request:
    """Read what a request sends; `scope` is where its chain begins."""
    facts = reader.messages(prompt.messages)
    lead = next((place for place, each in enumerate(facts) if each.kind is not Kind.SYSTEM), len(facts))
    links, starts, ends = _links(facts, lead, prompt.messages, reader)
    tools = None if prompt.tools is None else reader.tools(prompt.tools)
    instructions = facts[:lead]
    if prompt.system is not None:
        instructions.insert(0, reader.system(prompt.system))
    return Request(
        facts=facts,
        lead=lead,
        links=links,
        starts=starts,
        ends=ends,
        keys=digests.chain(scope, [link.digest for link in links]),
        system=_digest(instructions, digests),
        system_tokens=sum(each.all_tokens for each in instructions),
        tools=0 if tools is None else tools.digest,
        tools_tokens=0 if tools is None else tools.tokens,
    )


def _digest(instructions: Sequence[Facts], digests: Digests) -> int:
    """Return the digest of instructions; that of a single one is its own, which many threads then share."""
    if len(instructions) == 1:
        return instructions[0].digest
    return digests.chain(0, [each.digest for each in instructions])[-1]


Links = tuple[Sequence[Facts], Sequence[int], Sequence[int]]


def _links(facts: list[Facts], lead: int, texts: Sequence[JsonText], reader: Reader) -> Links:
    behind = facts[lead:] if lead else facts
    if not [True for each in behind if each.loose]:
        return behind, range(lead, len(facts)), range(lead + 1, len(facts) + 1)
    links, starts, ends = [], [], []
    for places in _groups(facts, lead):
        links.append(facts[places[0]] if len(places) == 1 else reader.whole([texts[place] for place in places]))
        starts.append(places[0])
        ends.append(places[-1] + 1)
    return links, starts, ends


def _groups(facts: list[Facts], lead: int) -> Iterator[list[int]]:
    """Yield the places of what makes up each link: pieces of a reply that follow each other are one."""
    group: list[int] = []
    for place in range(lead, len(facts)):
        each = facts[place]
        if each.kind is Kind.ASIDE:
            continue
        if group and not _joins(facts[group[-1]], each):
            yield group
            group = []
        if each.kind is Kind.ASSISTANT:
            group.append(place)
        elif each.kind is not Kind.SYSTEM:
            yield [place]
    if group:
        yield group


def _joins(before: Facts, each: Facts) -> bool:
    """Tell whether two pieces are of one reply; one that says the same as the piece before is another reply."""
    pieces = each.kind is Kind.ASSISTANT and (each.piecemeal or before.piecemeal)
    return pieces and (each.digest, each.makes) != (before.digest, before.makes)
