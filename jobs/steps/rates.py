"""The steps that leave questions out of sft and rl by how often they are answered right."""

from jobs.steps.rounds import rounds_of
from pipeline.stages import rate, thin
from pipeline.step import Fan, Read, Step
from schemas.example import Chosen
from schemas.manifest import Manifest
from schemas.manifest_select import QuestionRule
from schemas.rated import Rated, Thinned
from schemas.trace import Selected, Trace

_DECIDED = (Thinned.example, Thinned.sft, Thinned.rl)


def rate_steps(manifest: Manifest) -> list[Step]:
    """Rate, and thin where a domain takes so many; none where no question is left out."""
    rules = (manifest.select.sft, manifest.select.rl)
    rl_only = tuple(dataset.name for dataset in manifest.source if dataset.answers == "none") if manifest.student else ()
    if not rl_only and not any(rule.drops for rule in rules):
        return []
    names = tuple(teacher.name for teacher in manifest.teachers if not teacher.imported)
    recipe = rate.RateRecipe(names, _rule(manifest.select.sft), _rule(manifest.select.rl), rl_only, manifest.seed)
    reads = [Read("chosen", "choose", "chosen", (Chosen.id, Chosen.source, Chosen.domain, Chosen.published_split))]
    for teacher in manifest.teachers:
        counts = (Selected.id, Selected.n_sampled, Selected.n_correct, Selected.pass_rate)
        traced = (Trace.id, Trace.example, Trace.teacher, Trace.finish_reason)
        reads += [Read("traces", f"sample[{name}]", "traces", traced) for name in rounds_of(teacher)]
        reads.append(Read("selected", f"select[{teacher.name}]", "selected", counts))
    steps = [Step("rate", 1, Fan.MAP, rate.rate, recipe, tuple(reads), {"rated": Rated})]
    sft, rl = rules
    if sft.per_domain or rl.per_domain:
        fewer = thin.ThinRecipe(sft.per_domain or 0, rl.per_domain or 0, sft.first, rl.first, manifest.seed)
        steps.append(Step("thin", 1, Fan.REDUCE, thin.thin, fewer, (Read("rated", "rate", "rated"),), {"thinned": Thinned}))
    return steps


def rated_reads(steps: list[Step]) -> tuple[Read, ...]:
    """How publishing reads what those steps decided."""
    if not steps:
        return ()
    last = steps[-1]
    return (Read("rated", last.name, next(iter(last.writes)), _DECIDED),)


def _rule(told: QuestionRule) -> rate.Rule:
    bands = tuple((*band.pass_rate, band.share) for band in told.bands)
    if told.pass_rate is not None:
        bands = ((*told.pass_rate, 1.0),)
    return rate.Rule(bands, told.mixed, told.per_domain or 0, told.first, told.besides, told.unmeasured == "keep")
