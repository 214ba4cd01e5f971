"""Rounds: what the sampling policies of a manifest unroll to."""

from pipeline.sampling import Cap, Design
from pipeline.stages.sample import After
from schemas.manifest import Manifest, Teacher


def answerers(manifest: Manifest) -> tuple[Teacher | None, ...]:
    """Who gives answers: None where golds do, then the teachers."""
    golds = any(manifest.answered_by_gold(dataset) for dataset in manifest.source) or not manifest.teachers
    return ((None,) if golds else ()) + manifest.teachers


def rounds_of(teacher: Teacher | None) -> tuple[str, ...]:
    """What a teacher's rounds are called; a fixed number is one round of the teacher's own name."""
    if teacher is None:
        return ("none",)
    return tuple(f"{teacher.name}.round{round}" for round in range(1, len(teacher.rounds) + 1)) if teacher.rounds else (teacher.name,)


def design_of(teacher: Teacher) -> Design:
    """How many samples a question gets of a teacher."""
    caps = tuple(Cap(*cap.pass_rate, cap.samples) for cap in teacher.caps)
    return Design(teacher.asked_in, teacher.until_correct or 0, caps)


def teacher_before(manifest: Manifest, teacher: Teacher | None) -> Teacher | None:
    """The teacher whose questions this one takes over."""
    return next((other for other in manifest.teachers if teacher and teacher.after and other.name == teacher.after.teacher), None)


def after_of(manifest: Manifest, teacher: Teacher) -> After | None:
    """Which questions of the teacher before it this one takes."""
    before = teacher_before(manifest, teacher)
    if before is None or teacher.after is None:
        return None
    below = teacher.after.pass_rate_below
    return After(design_of(before), 0, below) if below else After(design_of(before), teacher.after.correct_below or 1)
