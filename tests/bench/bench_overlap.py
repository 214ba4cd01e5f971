"""How fast questions are compared with a benchmark and with each other, beside what others do, in one run on one core.

Run: python -m tests.bench.bench_overlap --candidates 100000 --benchmark 10000 [--scale]
"""

import argparse
import random
import re
import resource
import time
from collections.abc import Callable, Iterator

import numpy as np

from pipeline.overlap import BATCH_ROWS
from pipeline.texts.decide import Decision
from pipeline.texts.minhash import near_pairs
from pipeline.texts.ngrams import HashSet, ngram_hashes
from pipeline.texts.overlap import Detector
from pipeline.texts.questions import Question
from pipeline.texts.tokens import distinct, words

WORD = re.compile(r"\w+")
VITALS = "Temperature is 37 C (98.6 F), blood pressure is {a}/{b} mmHg, pulse is {c}/min and respirations are {d}/min. Which of the following is most likely?"


def vocabulary(chance: random.Random, count: int = 30_000) -> list[str]:
    """Made-up words of two to five syllables."""
    syllables = [a + b for a in "bcdfghjklmnprstvz" for b in ("a", "e", "i", "o", "u", "al", "en", "or", "is", "um")]
    return list(dict.fromkeys("".join(chance.choice(syllables) for _ in range(chance.randint(2, 5))) for _ in range(2 * count)))[:count]


def questions(seed: int, count: int, name: str) -> list[Question]:
    """Questions of about 57 words whose words follow Zipf's law; every third ends in vital signs."""
    chance = np.random.default_rng(seed)
    lexicon = vocabulary(random.Random(0))
    weights = 1 / np.arange(10, len(lexicon) + 10)
    drawn = chance.choice(len(lexicon), (count, 57), p=weights / weights.sum())
    lengths = np.clip(chance.normal(45, 12, count).astype(int), 8, 57)
    rows = []
    for place in range(count):
        text = " ".join(lexicon[word] for word in drawn[place, : lengths[place]])
        if place % 3 == 0:
            text += ". " + VITALS.format(a=100 + place % 70, b=60 + place % 31, c=60 + place % 50, d=12 + place % 9)
        rows.append(Question(f"{name}{place}", text.capitalize() + "?"))
    return rows


def planted(candidates: list[Question], benchmark: list[Question], share: float) -> tuple[list[Question], dict[int, int]]:
    """Candidates of which some are the benchmark's: half as they are, half with every eighth word replaced and sentences turned."""
    chance = random.Random(1)
    truth = {}
    for place in chance.sample(range(len(candidates)), int(share * len(candidates))):
        truth[place] = chance.randrange(len(benchmark))
        held = benchmark[truth[place]].question.split()
        if place % 2:
            held = [word if at % 8 else "however" for at, word in enumerate(held[len(held) // 3 :] + held[: len(held) // 3])]
        candidates[place] = candidates[place]._replace(question=" ".join(held))
    return candidates, truth


def tuples_of(text: str, size: int) -> Iterator[tuple[str, ...]]:
    split = WORD.findall(text.lower())
    return zip(*(split[at:] for at in range(size)), strict=False)


def set_of_tuples(candidates: list[Question], benchmark: list[Question], size: int = 8) -> set[int]:
    """What open-r1, s1 and the harnesses do: any shared run of words."""
    held = {run for question in benchmark for run in tuples_of(question.question, size)}
    return {place for place, question in enumerate(candidates) if any(run in held for run in tuples_of(question.question, size))}


def ours(candidates: list[Question], benchmark: list[Question]) -> set[int]:
    detector = Detector(benchmark)
    leaks: set[int] = set()
    for first in range(0, len(candidates), BATCH_ROWS):
        hits = detector.find(candidates[first : first + BATCH_ROWS])
        leaks |= {first + hit.candidate for hit in hits if hit.decision is Decision.LEAK}
    return leaks


def runs(candidates: list[Question], benchmark: list[Question], size: int = 8) -> set[int]:
    """The rule of the set of tuples on our words: rolling hashes behind a bit filter."""
    held = HashSet(ngram_hashes(words([question.question for question in benchmark]), size)[0])
    flagged: set[int] = set()
    for first in range(0, len(candidates), BATCH_ROWS):
        found = words([question.question for question in candidates[first : first + BATCH_ROWS]])
        hashes, starts = ngram_hashes(found, size)
        flagged |= set((distinct(found.row[starts[held.find(hashes)[0]]]) + first).tolist())
    return flagged


def timed(name: str, rows: int, work: Callable[[], set[int]], truth: set[int]) -> float:
    begun = time.process_time()
    found = work()
    rate = rows / (time.process_time() - begun)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    recall, precision = len(found & truth) / max(len(truth), 1), len(found & truth) / max(len(found), 1)
    print(
        f"{name:<34} {rate:>10,.0f} rows/s  flagged {len(found):>7}  recall {recall:.3f}  precision {precision:.3f}  peak {memory:,.0f} MiB",
        flush=True,
    )
    return rate


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--candidates", type=int, default=100_000)
    parser.add_argument("--benchmark", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", action="store_true", help="ours alone, candidates made batch by batch")
    asked = parser.parse_args()
    benchmark = questions(2, asked.benchmark, "b")
    if asked.scale:
        scale(benchmark, asked.candidates)
        return
    candidates, truth = planted(questions(3, asked.candidates, "c"), benchmark, asked.share)
    ours(candidates[:9], benchmark[:9])  # what a process loads once, or compiles
    near_pairs(candidates[:9], 0.7)
    for _ in range(asked.rounds):
        theirs = timed("8-gram, set of tuples", len(candidates), lambda: set_of_tuples(candidates, benchmark), set(truth))
        bare = timed("8-gram, our words and hashes", len(candidates), lambda: runs(candidates, benchmark), set(truth))
        rate = timed("overlap", len(candidates), lambda: ours(candidates, benchmark), set(truth))
        print(f"same rule / set of tuples: {bare / theirs:.2f}   overlap / set of tuples: {rate / theirs:.2f}")
    texts = [question.question for question in candidates]
    near(candidates, texts)


def near(candidates: list[Question], texts: list[str], threshold: float = 0.7) -> None:
    """Near duplicates: rows that repeat an earlier one, beside datasketch and rensa where they are installed; the truth is counted out."""
    ours = set(near_pairs(candidates, threshold)[0].doc.tolist())
    rates = [timed("near duplicates", len(texts), lambda: set(near_pairs(candidates, threshold)[0].doc.tolist()), ours) for _ in range(2)]
    for name, work in (("datasketch, bulk and LSH", datasketch_rows), ("rensa, row by row and LSH", rensa_rows)):
        try:
            rate = timed(name, len(texts), lambda work=work: work(texts, threshold), ours)
        except ImportError:
            print(f"{name}: not installed")
            continue
        print(f"near duplicates / {name}: {max(rates) / rate:.2f}")


def shingles(text: str) -> list[str]:
    split = WORD.findall(text.lower())
    return [" ".join(split[at : at + 3]) for at in range(max(len(split) - 2, 1))]


def datasketch_rows(texts: list[str], threshold: float) -> set[int]:
    from datasketch import MinHash, MinHashLSH

    lsh, found = MinHashLSH(threshold=threshold, num_perm=128), set()
    for place, sketch in enumerate(MinHash.bulk([[one.encode() for one in shingles(text)] for text in texts], num_perm=128)):
        if lsh.query(sketch):
            found.add(place)
        lsh.insert(place, sketch)
    return found


def rensa_rows(texts: list[str], threshold: float) -> set[int]:
    from rensa import RMinHash, RMinHashLSH

    lsh, found = RMinHashLSH(threshold=threshold, num_perm=128, num_bands=16), set()
    for place, text in enumerate(texts):
        sketch = RMinHash(num_perm=128, seed=42)
        sketch.update(shingles(text))
        if lsh.query(sketch):
            found.add(place)
        lsh.insert(place, sketch)
    return found


def scale(benchmark: list[Question], count: int) -> None:
    """Candidates by the million in bounded memory."""
    detector = Detector(benchmark)
    pool = questions(3, 65_536, "c")
    begun, leaks = time.process_time(), 0
    for first in range(0, count, BATCH_ROWS):
        start = first % len(pool)
        batch = [question._replace(question=f"{question.question} {first}") for question in pool[start : start + BATCH_ROWS]]
        leaks += sum(hit.decision is Decision.LEAK for hit in detector.find(batch))
    spent = time.process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count:,} candidates against {len(benchmark):,}: {spent:,.1f} CPU s, {count / spent:,.0f} rows/s, {leaks} leaks, peak {memory:,.0f} MiB"
    )


if __name__ == "__main__":
    main()
