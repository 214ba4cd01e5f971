"""The steps that find questions asked in nearly the same words."""

from jobs.steps.given import Input
from pipeline.publish.layout import parquet_options
from pipeline.stages import find_near_texts, join_texts, pick_texts, sketch_texts
from pipeline.step import Fan, Read, Step
from pipeline.texts.differ import DIFFER_VERSION
from pipeline.texts.minhash import SKETCH_VERSION
from schemas.example import Example
from schemas.manifest import Manifest
from schemas.picture import Picture
from schemas.similar import NearText, PickedText, Similar, TextPair, TextSketch


def similar_steps(manifest: Manifest, sources: list[Input]) -> list[Step]:
    """Sketch every text, find which may be near, pick those, compare them; none where the manifest turns it off."""
    if manifest.texts.near == "off":
        return []
    threshold = manifest.texts.threshold
    asked = (Example.id, Example.question, Example.context, Example.options)
    reads = (Read("examples", "gather", "examples", asked),)
    recipe = sketch_texts.SketchTextsRecipe(SKETCH_VERSION)
    sketch = Step("sketch_texts", 2, Fan.MAP, sketch_texts.sketch_texts, recipe, reads, {"sketches": TextSketch})
    reads = (
        Read("examples", "gather", "examples", (Example.id, Example.content, Example.images)),
        Read("sketches", "sketch_texts", "sketches"),
        Read("pictures", "join_images", "pictures", (Picture.digest, Picture.picture)),
    )
    near = find_near_texts.NearTextsRecipe(threshold, SKETCH_VERSION)
    writes = {"near": NearText, "pairs": TextPair}
    find = Step("find_near_texts", 1, Fan.REDUCE, find_near_texts.find_near_texts, near, reads, writes)
    reads = (Read("examples", "gather", "examples", tuple(PickedText.columns)), Read("near", "find_near_texts", "near"))
    pick = Step("pick_texts", 1, Fan.MAP, pick_texts.pick_texts, pick_texts.PickTextsRecipe(), reads, {"picked": PickedText})
    return [sketch, find, pick, _join_step(manifest, sources)]


def _join_step(manifest: Manifest, sources: list[Input]) -> Step:
    recipe = join_texts.JoinTextsRecipe(
        threshold=manifest.texts.threshold,
        sources=tuple(item.dataset.name for item in sources),
        shows_words=manifest.privacy.identifiers in ("report", "off"),
        sketch_version=SKETCH_VERSION,
        differ_version=DIFFER_VERSION,
    )
    reads = (Read("picked", "pick_texts", "picked"), Read("pairs", "find_near_texts", "pairs"))
    parquet = {"similar": parquet_options(Similar)}
    return Step("join_texts", 1, Fan.REDUCE, join_texts.join_texts, recipe, reads, {"similar": Similar}, parquet=parquet)
