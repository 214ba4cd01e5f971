"""What a run of rewards would take, without training: its questions, rollouts and steps, the memory of a device, the first prompt."""

# pyright: reportMissingImports=false
from pathlib import Path

from pipeline.publish.corpus import read_corpus
from pipeline.training.arguments import accumulation
from pipeline.training.encode import prompt_tokens, rendered_prompt
from pipeline.training.estimate import LOOKED_AT, Estimate, memory_of, outline
from pipeline.training.grpo import questions_drawn
from pipeline.training.load import load_processor
from pipeline.training.pictures import set_budget
from pipeline.training.questions import open_questions
from schemas.training import Training


def estimate_rl(asked: Training, name: str) -> Estimate:
    """The estimate of one stage: tokens of prompts and of rollouts as long as they may be, each read once for every step it is learnt from.

    Raises: TrainingError or CorpusError where it could not run.
    """
    processor, _, sees, config = load_processor(asked)
    if sees:
        set_budget(processor, asked.data)
    model = outline(asked, config, sees=sees)
    told = asked.grpo
    drawn = questions_drawn(asked, asked.ray.workers)
    questions = open_questions(read_corpus(Path(asked.data.corpus)), asked, sees=sees, batch=drawn)
    step = max(1, len(questions) // LOOKED_AT)
    places = range(0, len(questions), step)[:LOOKED_AT]
    lengths = [prompt_tokens(processor, questions[place], sees=sees) for place in places]
    most = asked.train.max_steps or 2**31
    steps = min(len(questions) // drawn * told.reuse * told.iterations, most)
    rollouts = steps * asked.train.batch
    longest = max(lengths) + told.max_tokens
    memory = memory_of(asked, model, longest)
    if told.kl and asked.lora is None:
        memory = memory._replace(weights=2 * memory.weights)
    return Estimate(
        name,
        len(questions),
        len(lengths),
        round(rollouts * (sum(lengths) / len(lengths) + told.max_tokens)),
        rollouts * told.max_tokens,
        longest,
        sum(length >= asked.data.max_length for length in lengths),
        steps,
        accumulation(asked, asked.ray.workers),
        sum(one.numel() for one in model.parameters()),
        sum(one.numel() for one in model.parameters() if one.requires_grad),
        memory,
        (
            (rendered_prompt(processor, questions[0], sees=sees), False),
            (f"[up to {told.max_tokens} tokens of its own, {told.rollouts} times]", True),
        ),
    )
