"""Whether a version may be deployed: the registry's decisions say so, nobody's memory."""

from vaidya.errors import GateRefusedError
from vaidya.registry.ledger import broken_links, decisions
from vaidya.registry.store import CHAMPION, Version


def refuse_unapproved(found: Version) -> None:
    """Let pass a version that the gate, or somebody by name, made champion, and that was not refused since.

    Raises:
        GateRefusedError: there is no such decision, or the decisions were changed afterwards.
    """
    made = decisions(found.name)
    if broken := broken_links(made):
        raise GateRefusedError(f"decisions {broken} about {found.name!r} were changed afterwards: see `vaidya audit`")
    about = [d for d in made if d.version == found.number and (d.action == "refuse" or CHAMPION in d.aliases)]
    if not about or about[-1].action == "refuse":
        what = "was refused by the gate" if about else "was never promoted"
        raise GateRefusedError(
            f"{found.uri} {what}: run `vaidya promote {found.number}` first, or deploy it with --force, unjudged"
        )
