"""What the licences of a corpus allow together, as its card tells it."""

from collections.abc import Mapping
from typing import Any

from pipeline.publish.markdown import code, table, text
from schemas.licences import BY_ROW, UNKNOWN, refusals, strictest, terms_of

Lock = Mapping[str, Any]


def licences_section(lock: Lock) -> str:
    """What each licence allows, what the strictest leave of the whole, and why some sources may not go out with others."""
    held: dict[str, int] = {}
    for split in lock["counts"].get("rl", {}).values():
        for licence, count in split.get("license", {}).items():
            held[licence] = held.get(licence, 0) + count
    sources = {one["name"]: one["license"] for one in lock["datasets"] if one["role"] == "source"}
    named = sorted({*held, *sources.values()})
    if not named:
        return ""
    rows = [(text(licence or "not stated"), held.get(licence, 0), *_told(licence)) for licence in named]
    parts = [table(("licence", "questions", "changed copies", "commercial use", "authors named", "changed copies only under"), rows)]
    whole = lock.get("license", "")
    if whole not in ("", BY_ROW):
        parts.append(f"The corpus as a whole is published under {code(whole)}; each row names its own licence in `license`.")
    elif len(named) > 1:
        terms = strictest(named)
        bound = [*([] if terms.commercial else ["no commercial use"]), *([] if terms.changes else ["no changed copies"])]
        bound += [f"changed copies under {terms.alike} alone"] if terms.alike else []
        bound += ["authors named"] if terms.attribution else []
        said = (
            f"Each row goes out under its own licence, in `license`. Whoever takes all rows is bound by the strictest: {', '.join(bound)}."
        )
        parts.append(said if bound else "Each row goes out under its own licence, in `license`.")
    refused = refusals(sources, whole, lock.get("withheld") or ())
    parts += (
        ["Not to be passed on as it is:\n\n" + "\n".join(f"- {code(source)}: {text(why)}." for source, why in refused.items())]
        if refused
        else []
    )
    return "\n\n".join(parts)


def _told(licence: str) -> tuple[str, ...]:
    terms = terms_of(licence)
    if terms == UNKNOWN:
        return ("not known",) * 4
    words = ("yes" if allowed else "no" for allowed in (terms.changes, terms.commercial, terms.attribution))
    return (*words, text(terms.alike or "any"))
