import json
import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.texts.decide import Decision
from pipeline.texts.overlap import Detector, Hit
from pipeline.texts.questions import Question, question_of
from pipeline.texts.tokens import words
from tests.bench.bench_overlap_real import read

ROWS = [json.loads(line) for line in (Path(__file__).parent / "paraphrases.jsonl").read_text().splitlines()]
QUESTIONS = [Question(row["id"], row["question"], "", tuple(row["options"]), row["answer"]) for row in ROWS]
VITALS = (
    " Her temperature is 37 C (98.6 F), blood pressure is 122/78 mmHg, pulse is 80/min, and respirations are 14/min."
    " Physical examination shows no abnormalities. Which of the following is the most appropriate next step in management?"
)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(QUESTIONS)


def leaks(hits: list[Hit]) -> set[tuple[int, int]]:
    return {(hit.candidate, hit.benchmark) for hit in hits if hit.decision is Decision.LEAK}


ALL = {(place, place) for place in range(len(QUESTIONS))}


def _shuffled(question: Question) -> Question:
    options = list(question.options)
    random.Random(question.id).shuffle(options)
    return question._replace(options=tuple(options))


def _repeated(question: Question) -> Question:
    told = " ".join(f"({letter}) {option}" for letter, option in zip("ABCDEFGHIJ", question.options, strict=False))
    return question._replace(question=f"{question.question}\nAnswer Choices: {told}", options=())


SAME: dict[str, Callable[[Question], Question]] = {
    "copied": lambda question: question,
    "shuffled": _shuffled,
    "capitals": lambda question: question._replace(question=question.question.upper()),
    "wide blanks": lambda question: question._replace(question=question.question.replace(" ", "\u00a0 \u200b")),
    "typographic signs": lambda question: question._replace(question=question.question.replace("-", "–") + " …"),
    "options repeated": _repeated,
    "no options": lambda question: question._replace(options=()),
    "an instruction in front": lambda question: question._replace(
        question="You are a helpful medical assistant. Think step by step, then give one letter. " + question.question
    ),
    "answer as text": lambda question: Question(question.id, question.question, answer=question.answer),
    "question in the context": lambda question: question._replace(question="What is the answer?", context=question.question),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME.keys())
def test_finds_every_question_however_it_is_dressed(detector: Detector, change: Callable[[Question], Question]) -> None:
    assert leaks(detector.find([change(question) for question in QUESTIONS])) == ALL


@pytest.mark.parametrize("level", range(3))
def test_finds_every_paraphrase_that_keeps_its_options(detector: Detector, level: int) -> None:
    said = [question._replace(question=row["paraphrases"][level]) for question, row in zip(QUESTIONS, ROWS, strict=True)]
    assert leaks(detector.find(said)) == ALL


def test_calls_no_question_on_the_same_subject_a_leak(detector: Detector) -> None:
    assert leaks(detector.find([Question(row["id"], row["sibling"]) for row in ROWS])) == set()


def test_vital_signs_and_stock_phrases_carry_no_weight() -> None:
    told = ("ulcer of the tongue", "rash on both palms", "stiff neck since Tuesday", "blurred sight", "swollen left knee", "hoarse voice")
    bench = [
        Question(str(place), f"A {30 + place}-year-old woman comes to the physician because of {one}." + VITALS)
        for place, one in enumerate(told)
    ]
    others = [one._replace(question=one.question.replace(told[place], "ringing in the ears")) for place, one in enumerate(bench)]
    detector = Detector(bench)
    assert leaks(detector.find(others)) == set()


def test_half_of_a_vignette_is_still_that_vignette(detector: Detector) -> None:
    long = [place for place, question in enumerate(QUESTIONS) if len(question.question.split()) > 35]
    cut = [" ".join(QUESTIONS[place].question.split()[: int(len(QUESTIONS[place].question.split()) * 0.6)]) for place in long]
    found = detector.find([QUESTIONS[place]._replace(question=text) for place, text in zip(long, cut, strict=True)])
    assert leaks(found) == {(at, place) for at, place in enumerate(long)}


def test_a_question_with_other_numbers_and_other_options_is_reported(detector: Detector) -> None:
    other = Question("x", ROWS[12]["question"].replace("4 %", "11 %").replace("6 %", "19 %"), "", ("8", "12", "13", "30"), "12")
    copied = Detector(
        [QUESTIONS[12]._replace(question=QUESTIONS[12].question + " The trial lasted five years and enrolled veterans of the navy.")]
    )
    hits = copied.find([other._replace(question=other.question + " The trial lasted five years and enrolled veterans of the navy.")])
    assert [hit.decision for hit in hits] in ([Decision.REPORT], [])
    assert leaks(detector.find([other])) == set()


def test_a_short_question_needs_its_options() -> None:
    detector = Detector(
        [Question("b", "Which of the following statements is false?", "", ("Bile is made in the liver", "Urea is a lipid"))]
    )
    assert (
        leaks(detector.find([Question("c", "Which of the following statements is false?", "", ("Bone is living tissue", "Iron is a gas"))]))
        == set()
    )
    same = Question("c", "Which of the following statements is FALSE", "", ("Urea is a lipid.", "Bile is made in the liver"))
    assert [hit.rule for hit in detector.find([same])] == ["shuffled"]


def test_asking_for_the_exception_is_another_question() -> None:
    options = ("Wheeze", "Rash", "Bradycardia", "Stridor")
    detector = Detector([Question("b", "Which of the following is a symptom of anaphylaxis?", "", options)])
    hits = detector.find([Question("c", "Which of the following is NOT a symptom of anaphylaxis?", "", options)])
    assert [(hit.rule, hit.decision) for hit in hits] == [("other polarity", Decision.REPORT)]


def test_spans_point_at_the_shared_words(detector: Detector) -> None:
    said = QUESTIONS[5]._replace(question=ROWS[5]["paraphrases"][2])
    hit = detector.find([said])[0]
    shown = [said.stem[start:end] for start, end in hit.candidate_spans]
    assert any("black eschar" in text for text in shown)
    assert all(QUESTIONS[5].stem[start:end].strip() for start, end in hit.benchmark_spans)


def test_findings_do_not_depend_on_the_batch(detector: Detector) -> None:
    rows = [question._replace(question=row["paraphrases"][1]) for question, row in zip(QUESTIONS, ROWS, strict=True)]
    alone = [hit._replace(candidate=place) for place, row in enumerate(rows) for hit in detector.find([row])]
    assert alone == detector.find(rows)


def test_empty_rows_meet_nothing(detector: Detector) -> None:
    assert detector.find([Question("e", ""), Question("f", "…", "", ("", ""))]) == []
    assert detector.find([]) == []
    assert Detector([Question("e", "")]).find(QUESTIONS) == []


LOWERED = ("Ezetimibe", "Alirocumab", "Niacin", "Fenofibrate")


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("What lowers number 3?", "What lowers number 1?"),
        ("Which drug lowers cholesterol in stage 2?", "Which drug lowers cholesterol in stage 3?"),
        ("Which drug lowers LDL by 20 % within 6 weeks?", "Which drug lowers LDL by 60 % within 6 weeks?"),
    ],
)
def test_another_number_is_for_a_person_to_decide_whatever_the_options(held: str, said: str) -> None:
    detector = Detector([Question("a", held, options=LOWERED), *QUESTIONS])
    (hit,) = [hit for hit in detector.find([Question("b", said, options=LOWERED)]) if not hit.benchmark]
    assert (hit.decision, hit.rule) == (Decision.REPORT, "other numbers")


@pytest.mark.parametrize(("held", "said"), [("1000", "1,000"), ("5.0", "5"), ("2.5", "2,50"), ("7", "07")])
def test_a_number_written_another_way_is_the_same(held: str, said: str) -> None:
    asked = "Which drug lowers cholesterol by {} within a month?"
    detector = Detector([Question("a", asked.format(held), options=LOWERED), *QUESTIONS])
    assert (0, 0) in leaks(detector.find([Question("b", asked.format(said), options=LOWERED)]))


def test_words_longer_than_any_are_told_apart_by_their_ends() -> None:
    start = "acgt" * 400
    found = words([start + "a", (start + "a").upper(), start + "c", start + "a" + start])
    assert found.exact[0] == found.exact[1]
    assert len(set(found.exact.tolist())) == 3


def test_every_word_hashes_as_the_word_alone_wherever_it_stands() -> None:
    held = ["present", "costovertebral", "a", "37", "über", "pneumonoultramicroscopic"]
    together = words([" ".join(held), ", ".join(held).upper()])
    alone = words(held).exact.tolist()
    assert together.exact.tolist() == alone * 2
    assert words(["presents presented presenting present"]).stem.tolist() == alone[:1] * 4


def test_finds_held_out_vignettes_with_their_options_and_none_of_their_siblings() -> None:
    rows = [json.loads(line) for line in (Path(__file__).parent / "paraphrases_heldout.jsonl").read_text().splitlines()]
    held = [Question(row["id"], row["question"], "", tuple(row["options"]), row["answer"]) for row in rows]
    detector = Detector(held)
    said = [question._replace(question=row["paraphrases"][0]) for question, row in zip(held, rows, strict=True)]
    assert leaks(detector.find(said)) == {(place, place) for place in range(len(held))}
    assert leaks(detector.find([Question(row["id"], row["sibling"]) for row in rows])) == set()


CHANGED = "What does one see on the blood film of an old lady whose back hurts, with much calcium and casts in the kidney?"
ASKED = Question(
    "m",
    "A 68-year-old female has seven months of fatigue and low back pain; calcium is high and large casts are seen on renal biopsy."
    " Which finding is most likely on the peripheral blood smear?",
    "",
    ("Abundant reticulocytes", "Linear aggregations of erythrocytes", "Schistocytes", "Leukocytosis with mature myeloid cells"),
    gold="Linear aggregations of erythrocytes",
)


def _with(question: str, gold: str = "", options: tuple[str, ...] = ASKED.options[::-1]) -> list[tuple[str, Decision]]:
    hits = Detector([ASKED, *QUESTIONS]).find([Question("c", question, "", options, gold=gold)])
    return [(hit.rule, hit.decision) for hit in hits if not hit.benchmark]


def test_the_same_options_and_gold_make_a_far_paraphrase_a_leak() -> None:
    assert _with(CHANGED, ASKED.gold) == [("same options", Decision.LEAK)]


@pytest.mark.parametrize("gold", ["", ASKED.gold])
def test_the_same_options_under_a_stem_that_shares_nothing_are_for_a_person(gold: str) -> None:
    assert _with("Which cell is named after a helmet?", gold) == [("same options", Decision.REPORT)]


def test_a_case_told_in_one_line_is_found_by_its_options() -> None:
    line = "Large casts on renal biopsy with fatigue: which finding on the blood smear?"
    assert [decision for _, decision in _with(line)] == [Decision.LEAK]
    assert [decision for _, decision in _with(line, options=("Iron", "Zinc", "Lead"))] in ([Decision.REPORT], [])


def test_where_the_stem_says_nothing_telling_options_and_their_gold_are_the_question() -> None:
    options = ("Ketones rise within hours of fasting", "Glycogen lasts a fortnight", "Albumin falls overnight", "Muscle spares urea early")
    held = [Question("s", "Which of the following statements is true?", "", options, gold=options[0]), *QUESTIONS]
    said = Question("c", "Pick the correct sentence about starvation.", "", options[::-1], gold=options[0])
    assert leaks(Detector(held).find([said])) == {(0, 0)}


def test_the_same_gold_under_the_same_options_says_that_both_ask_for_the_exception() -> None:
    asked = Question(
        "n", "Which finding is not typical of untreated scurvy?", "", ("Corkscrew hairs", "Gum bleeding", "Webbed toes", "Petechiae")
    )
    said = "Every one of these belongs to untreated scurvy; name the odd finding."
    for gold, wanted in (("Webbed toes", Decision.LEAK), ("", Decision.REPORT)):
        detector = Detector([asked._replace(gold=gold), *QUESTIONS])
        hits = detector.find([Question("c", said, "", asked.options, gold=gold)])
        assert [hit.decision for hit in hits] == [wanted]


def test_a_short_stem_without_options_that_shares_most_of_its_words_is_for_a_person() -> None:
    held = [
        Question("b", "Which nerve is injured by a fracture of the surgical neck of the humerus?", "", ("Axillary", "Radial", "Ulnar")),
        *QUESTIONS,
    ]
    hits = Detector(held).find([Question("c", "A fractured surgical neck of humerus threatens what nerve?")])
    assert [(hit.benchmark, hit.decision) for hit in hits] == [(0, Decision.REPORT)]


def test_the_same_options_with_another_gold_are_another_question() -> None:
    assert Decision.LEAK not in [decision for _, decision in _with(CHANGED, "Schistocytes")]


def test_options_that_many_questions_share_tell_nothing() -> None:
    options = ("I only", "II only", "III only", "I and II only")
    held = [
        Question(str(place), f"Statement of chapter {word}", "", options, gold="I only")
        for place, word in enumerate(("bile", "bone", "skin"))
    ]
    assert Detector([*held, *QUESTIONS]).find([Question("c", "Which letters are vowels?", "", options, gold="I only")]) == []


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("Which artery is blocked in an inferior myocardial infarction?", "Which artery is blocked in an inferior MI?"),
        ("What is the first-line drug in chronic obstructive pulmonary disease?", "In COPD what is the first-line drug?"),
        ("What causes painless haematuria with oedema of the ankles?", "What causes painless hematuria with edema of the ankles?"),
    ],
)
def test_abbreviations_and_spellings_are_read_as_what_they_mean(held: str, said: str) -> None:
    options = ("Ezetimibe", "Alirocumab", "Niacin", "Fenofibrate")
    (hit,) = [
        hit
        for hit in Detector([Question("a", held, "", options), *QUESTIONS]).find([Question("b", said, "", options)])
        if not hit.benchmark
    ]
    assert (hit.decision, hit.score) == (Decision.LEAK, pytest.approx(1.0, abs=0.12))
    assert all(said[start:end].strip() for start, end in hit.candidate_spans)


def test_small_letters_are_no_abbreviation() -> None:
    lexicon = Detector(QUESTIONS)._lexicon  # the words as they are compared, whatever is found
    assert len(lexicon.said("who gave it im").words) == 4
    assert len(lexicon.said("IM").words) == 1
    assert lexicon.said("MI").words.tolist() == lexicon.said("myocardial infarction").words.tolist()


@pytest.mark.parametrize(("answer", "gold"), [("B", "b"), ("(b).", "b"), ("a", "a"), ("E", ""), ("", ""), ("yes", "")])
def test_a_gold_is_an_options_text_or_its_letter(answer: str, gold: str) -> None:
    assert question_of({"id": 1, "question": "q", "options": {"A": "a", "B": "b"}, "answer": answer}).gold == gold


@pytest.mark.skipif("MEDTRACE_DATA" not in os.environ, reason="MEDTRACE_DATA names no folder of real data")
def test_finds_paraphrases_of_real_questions_with_their_options_and_golds() -> None:
    sets = read(Path(os.environ["MEDTRACE_DATA"]))
    told = [json.loads(line) for line in (Path(__file__).parent / "paraphrases_real.jsonl").read_text(encoding="utf-8").splitlines()]
    found: Counter[Decision] = Counter()
    for name in ("medmcqa", "medqa"):
        detector, place = Detector(sets[name]), {row.id: at for at, row in enumerate(sets[name])}
        for row in (row for row in told if row["set"] == name):
            held = sets[name][place[row["id"]]]
            hits = detector.find([Question("c", row["text"], "", held.options[::-1], gold=held.gold)])
            assert {hit.benchmark for hit in hits if hit.decision is Decision.LEAK} <= {place[row["id"]]}
            found.update({hit.decision for hit in hits if hit.benchmark == place[row["id"]]})
    assert found[Decision.LEAK] >= 0.9 * found.total()


@pytest.mark.parametrize(
    ("held", "said", "leaks"),
    [("<5 mmol", ">5 mmol", False), ("≤ 5 mmol", "≥5 mmol", False), ("<5 mmol", "< 5 mmol", True), ("<5 mmol", "5 mmol", True)],
)
def test_a_sign_turned_round_is_for_a_person_to_decide(held: str, said: str, leaks: bool) -> None:
    asked = "Potassium {} per litre in a patient on digoxin calls for which measure first?"
    rows = [Question("a", asked.format(held), options=LOWERED), *QUESTIONS]
    (hit,) = [hit for hit in Detector(rows).find([Question("b", asked.format(said), options=LOWERED)]) if not hit.benchmark]
    assert (hit.decision is Decision.LEAK) == leaks
    assert leaks or hit.rule == "other signs"


def test_awkward_texts_neither_fail_nor_hide_a_question(detector: Detector) -> None:
    held = QUESTIONS[0].question
    said = {
        "far inside": "lorem ipsum dolor sit amet " * 8_000 + held,
        "nul": held.replace(" ", "\0", 3),
        "right to left": "\u202e" + held,
        "accents apart": held.replace("e", "e\u0301"),
        "empty options": held,
        "one long word": "a" * 1_000_000,
        "many words": " ".join(f"w{place}x" for place in range(50_000)),
        "marks": "A. B. C. D. " * 5_000,
        "nothing": "\0" * 50,
    }
    rows = [Question(name, text, "", ("", "", "") if name == "empty options" else ()) for name, text in said.items()]
    assert leaks(detector.find(rows)) == {(place, 0) for place in range(5)}


def test_a_text_that_says_one_thing_without_end_meets_another_like_it() -> None:
    endless = [Question("1", "xanthelasma " * 200_000), Question("2", "Which vessel is injured?")]
    found = Detector(endless).find([Question("3", "xanthelasma " * 200_001)])
    assert [hit[:2] for hit in found] == [(0, 0)]
