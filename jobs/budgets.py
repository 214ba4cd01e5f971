"""Budgets: what a manifest caps, whether every price that a cap needs is known, and what a build that stopped has left."""

import os
from pathlib import Path

from jobs.served import receivers
from pipeline.models.accounts import Cap, Caps, Money
from pipeline.models.endpoints import endpoint_for
from pipeline.models.prices import nanousd_of, price_of
from schemas.errors import TeacherError
from schemas.manifest import Dataset, JudgeModel, Manifest, Teacher


def caps_of(manifest: Manifest) -> Caps:
    """The caps of run, teachers, judge and sources."""
    named = {paid.name: _cap(paid) for paid in manifest.asked}
    sources = {source.name: _cap(source) for source in manifest.source}
    usd = manifest.budget.usd
    return Caps(Cap(None if usd is None else nanousd_of(usd), manifest.budget.tokens), _set(named), _set(sources))


def money_of(manifest: Manifest, paid: Teacher | JudgeModel) -> Money:
    """Who pays a teacher or a judge, at which price, within which caps."""
    return Money(manifest.name, paid.price, caps_of(manifest))


def check_budgets(manifest: Manifest, shared: Path | None = None) -> None:
    """Whether the price of every teacher under a budget in USD is known here, and budgets hold for all nodes of a cluster.

    `shared`: the store of a build on Ray. Raises: BudgetError saying where to put the price, StoreError.
    """
    from pipeline.models.open import unknown_price

    caps = caps_of(manifest)
    for paid in receivers(manifest):
        if caps.capped_usd(paid.name) and price_of(paid.model, urls_of(paid.name), paid.price) is None:
            raise unknown_price(paid.name, paid.model)
    if shared is not None and caps:
        from pipeline.join_ray import check_shared, connect

        connect()
        check_shared({"--store": shared}, locks=True)


def urls_of(name: str) -> tuple[str, ...]:
    """Where a teacher is, as far as it is known yet."""
    try:
        return endpoint_for(name, os.environ).base_urls
    except TeacherError:
        return ()


def _cap(paid: Dataset | Teacher | JudgeModel) -> Cap:
    return Cap(None if paid.budget_usd is None else nanousd_of(paid.budget_usd), paid.budget_tokens)


def _set(caps: dict[str, Cap]) -> dict[str, Cap]:
    return {name: cap for name, cap in caps.items() if cap != Cap()}
