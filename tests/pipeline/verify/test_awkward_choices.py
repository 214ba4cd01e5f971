"""Awkward outputs on questions of choice: what must be read, and what must never be accepted."""

import pytest

from pipeline.verify.answer import Gold, Policy, verify
from schemas.example import AnswerType
from schemas.trace import Verdict

FOUR = ("Acute appendicitis", "Diverticulitis", "Crohn disease", "Ulcerative colitis")
C = Gold(AnswerType.MCQ, FOUR, indexes=(2,))
A = Gold(AnswerType.MCQ, FOUR, indexes=(0,))
AC = Gold(AnswerType.MULTI, FOUR, indexes=(0, 2))
TEN = tuple(
    f"{name} syndrome" for name in ["Alport", "Barter", "Cushing", "Down", "Evans", "Felty", "Gitelman", "Horner", "Ivemark", "Job"]
)
I_OF_TEN = Gold(AnswerType.MCQ, TEN, indexes=(8,))

READ_AS_C = [
    r"\boxed{C.}", r"\boxed{ C }", r"\boxed{\mathbf{C}}", r"\boxed{\text{C. Crohn disease}}", r"\boxed{\text{(C)}}", r"$\boxed{C}$", r"\[\boxed{C}\]",
    r"\boxed{**C**}", r"\boxed{[C]}", r"\boxed{Option C}", r"\boxed{option C: Crohn disease}", r"\boxed{Answer: C}", r"\boxed{The answer is C}",
    r"\boxed{Crohn’s disease}", r"\boxed{CROHN DISEASE}", r"\boxed{the Crohn disease.}", r"\boxed{Crohn disease (C)}", r"\boxed{C) Crohn disease}",
    r"\boxed{C - Crohn disease}", r"\boxed{C – Crohn’s disease}", r"\boxed{Ｃ}", r"\boxed{（Ｃ）}", r"\boxed{\textbf{C}: \text{Crohn disease}}",
    "\\boxed{\nC\n}", r"\boxed{\boxed{C}}", r"\boxed C", r"\boxed{{C}}", r"\boxed{\displaystyle C}", r"\boxed{Ⓒ}", "\\boxed{\u200bCrohn disease}",
    r"Some text \boxed{C} which is Crohn disease.", r"\boxed{A}... \boxed{C}", r"```latex" + "\n" + r"\boxed{C}" + "\n```",
    r"<think>a</think>b</think>\boxed{C}", r"<|channel|>analysis<|message|>\boxed{A}<|end|><|start|>assistant<|channel|>final<|message|>\boxed{C}<|return|>",
    r"◁think▷\boxed{A}◁/think▷\boxed{C}", r"<|begin_of_thought|>\boxed{A}<|end_of_thought|><|begin_of_solution|>\boxed{C}<|end_of_solution|>",
    r"no tag at all \boxed{A}</think> \boxed{C}", r"<thinking>\boxed{B}</thinking>\boxed{C}",
]  # fmt: skip
PROSE_AS_C = [
    "The correct option is C (Crohn disease), although some would choose D.",
    "The answer is C. Many students pick B.",
    "Some clinicians might select A, but the answer is C.",
    "C", "c", "(C)", "C.", "**C**", "C)", "[C]", "C: Crohn disease", "C. Crohn disease", "C) Crohn's disease", "Crohn disease", "Crohn's disease.",
    "The answer is C.", "The answer is (C)", "The correct answer is: C", "The correct answer is **C**.", "Final answer: C", "Final Answer: **(C)**",
    "Answer: C. Crohn disease", "answer: c)", "ANSWER: C", "The best answer is C because of the skip lesions.", "The answer is $C$.",
    "The answer is\n\nC", "So the answer is option C.", "So the answer would be (C) Crohn disease.", "My answer is C, Crohn disease.",
    "I would choose C.", "I choose option C", "I'd go with C.", "The most likely diagnosis is (C).", "The most appropriate choice is C) Crohn disease.",
    "Therefore, (C) is the correct answer.", "Option C is correct.", "Option (C) is the best answer.", "C is the correct answer.",
    "Therefore, the correct option is C.", "The answer should be C.", "The answer must be C.", "The answer is most likely C.",
    "Réponse : C", "La réponse est C.", "La bonne réponse est la C.", "Respuesta: C", "La respuesta correcta es C.", "La respuesta es la opción C.",
    "Antwort: C", "Die richtige Antwort ist C.", "答案是C", "答案：C", "答案为 C。", "正确答案是（C）", "故选C。", "答案选C", "选项C",
    '{"answer": "C"}', '{"answer_choice": "C. Crohn disease"}', '```json\n{"final_answer": "C"}\n```', '{"reasoning": "x", "answer": "Crohn disease"}',
    '"{\\"step_by_step_thinking\\": \\"it is A or C\\", \\"answer_choice\\": \\"C\\"}"', "<answer>C</answer>", "<answer> (C) </answer>",
    "<answer>A</answer> no: <answer>C</answer>", "<ANSWER>C</ANSWER>", "### Final Answer\nC", "## Final Response\n\nThe answer is C. Crohn disease.",
    "The answer is not B but C.", "Not A, since there is no fever. The answer is C.", "A is wrong. B is wrong. The answer is C.",
    "Therefore, the most likely diagnosis is Crohn disease.", "This is most consistent with Crohn disease.", "Answer:C", "Answer - C"[:7] + ": C",
    "The answer is C, not A.", "The answer is C (Crohn disease).", "The answer is **C. Crohn disease**", "The answer is `C`.", "The answer is \"C\".",
    "**Final Answer:** C", "*Answer*: C", "__Answer__: C", "The final answer is $\\text{C}$.", "The answer is: \\(C\\)", "Answer: \\textbf{C}",
    "The answer is C\n\nQuestion: What else?\nThe answer is A", "The correct answer is C – Crohn disease.", "Answer is C;",
]  # fmt: skip
NEVER_CORRECT = [
    "Most students would choose C.",
    "Others may pick option C here.",
    r"\boxed{B}", r"\boxed{}", r"\boxed{ }", r"\boxed{?}", r"\boxed{-}", r"\boxed{None}", r"\boxed{N/A}", r"\boxed{E}", r"\boxed{Z}", r"\boxed{3}",
    r"\boxed{C or D}", r"\boxed{C/D}", r"\boxed{C, D}", r"\boxed{C and D}", r"\boxed{BC}", r"\boxed{C;A}", r"\boxed{A–C}", r"\boxed{A-C}",
    r"\boxed{either C or D}", r"\boxed{not C}", r"\boxed{\neg C}", r"\boxed{\cancel{C}}", r"\boxed{~~C~~}", r"\boxed{C is wrong}", r"\boxed{C?}",
    r"\boxed{C. Diverticulitis}", r"\boxed{C: Ulcerative colitis}", r"\boxed{(C) Acute appendicitis}", r"\boxed{A. Crohn disease}",
    r"\boxed{A Crohn disease}", r"\boxed{D. Crohn's disease}", r"\boxed{Crohn disease (A)}", r"\boxed{Diverticulitis (C)}",
    r"\boxed{C. Crohn disease or Diverticulitis}", r"\boxed{C. Crohn disease is excluded}", r"\boxed{C. not Crohn disease}", r"\boxed{no Crohn disease}",
    r"\boxed{Crohn disease, Diverticulitis}", r"\boxed{Crohn disease and ulcerative colitis}", r"\boxed{Vitamin C}", r"\boxed{All of the above}",
    r"\boxed{C}\boxed{}", r"\boxed{C} \boxed{A}", r"\boxed{C", r"\boxed{C} and then \boxed{", r"<think>\boxed{C}", r"<think>\boxed{C}</think>",
    r"<think>x</think><think>\boxed{C}", r"<think>\boxed{C}</think>I do not know.", r"<|channel|>analysis<|message|>\boxed{C}<|end|>",
    r"\boxed{C} Wait, actually the answer is A.", "The answer is C. Wait, that is wrong: the answer is A.", "The answer is C or D.", "The answer is (C) and (D).",
    "The answer is either C or D.", "The answer is C, or possibly D.", "It is between B and C.", "The answer could be C. It could be D.",
    "The answer is not C.", "The answer cannot be C.", "The answer isn't C.", "C is not the answer: A", "The incorrect answer is C.", "The wrong answer is C.",
    "Is the answer C?", "Answer: C?", "Answer: C? No.", "The answer is C if she is pregnant, otherwise D.", "Answer: C or D", "Answer: C/D",
    "C is incorrect.", "Option C is incorrect.", "Option C is not correct.", "Option C is unlikely.", "None of the options, not even C, fits.",
    "Hepatitis C is a virus.", "Vitamin C was given.", "The patient has hepatitis C.", "C. difficile colitis is likely.", "Grade C evidence.", "Plan C",
    "I am sorry, I cannot answer this question.", "I can't help with that.", "As an AI, I cannot give medical advice. Options: A, B, C, D.",
    "Crohn disease is unlikely.", "It is not Crohn disease.", "Crohn disease was ruled out.", "The diagnosis is not Crohn disease.",
    "Crohn disease or ulcerative colitis is most likely.", "The most likely diagnosis is Crohn disease or ulcerative colitis.",
    "The most likely diagnosis is ulcerative colitis rather than Crohn disease.", "If there were skip lesions, Crohn disease would be most likely.",
    '{"answer": "A"}', '{"answer": ""}', '{"answer": null}', '{"answer": "C/D"}', '{"answer_choice": "C. Diverticulitis"}', '{"answer": ["C", "D"]}',
    "<answer></answer>", "<answer>C or D</answer>", "<answer>A</answer>", "A) Acute appendicitis\nB) Diverticulitis\nC) Crohn disease\nD) Ulcerative colitis",
    "Answer choices: C", "The correct answer is:\nC) Crohn disease\nD) Ulcerative colitis", "The answer is C. Diverticulitis", "The answer is (C) Ulcerative colitis.",
    "Answer: D", "答案是A", "答案不是C", "Réponse : A", "", " ", "\n", "\0", "C" * 50, "CCC", "ABCD", "The answers are C and D.", "C D", "C&D", "C+D",
    "Not C", "no", "yes", "Question: which?\nOptions: A, B, C", "Both C and D are correct.", "Options B and C are correct.",
    "Option B is correct. Option C is correct.", "The answer is E. Crohn disease", "The answer is C.1", "C++ is a language", "°C", "37 °C",
    "Step C: think.", "see section C", "Answer:", "The answer is", "The answer is:", "The answer is ...", "The answer is C'est la vie.",
]  # fmt: skip


@pytest.mark.parametrize("text", READ_AS_C)
@pytest.mark.parametrize("policy", list(Policy))
def test_box_is_read_under_both_policies(text: str, policy: Policy) -> None:
    judged = verify(text, C, policy=policy)
    assert (judged.verdict, judged.extracted) == (Verdict.CORRECT, "C")
    assert judged.span is not None
    assert verify(text, A, policy=policy).verdict is Verdict.INCORRECT


@pytest.mark.parametrize("text", PROSE_AS_C)
def test_prose_is_read_under_eval_alone(text: str) -> None:
    judged = verify(text, C)
    assert (judged.verdict, judged.extracted) == (Verdict.CORRECT, "C")
    assert verify(text, A).verdict is Verdict.INCORRECT
    assert verify(text, C, policy=Policy.TRAIN).verdict is not Verdict.CORRECT


@pytest.mark.parametrize("text", NEVER_CORRECT)
@pytest.mark.parametrize("policy", list(Policy))
def test_is_never_accepted(text: str, policy: Policy) -> None:
    assert verify(text, C, policy=policy).verdict is not Verdict.CORRECT


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (r"\boxed{C or D}", Verdict.AMBIGUOUS),
        (r"\boxed{B, C}", Verdict.AMBIGUOUS),
        ("The answer is either B or D.", Verdict.AMBIGUOUS),
        ("Either B or D.", Verdict.AMBIGUOUS),
        ("The answer is (C) and (D).", Verdict.AMBIGUOUS),
        (r"\boxed{A Crohn disease}", Verdict.CONFLICT),
        (r"\boxed{C. Diverticulitis}", Verdict.CONFLICT),
        ("The answer is (C) Ulcerative colitis.", Verdict.CONFLICT),
        (r"\boxed{E}", Verdict.NO_ANSWER),
        (r"\boxed{}", Verdict.NO_ANSWER),
        ("I am sorry, I cannot answer this question.", Verdict.REFUSED),
        ("<think>no end", Verdict.MALFORMED),
        (r"\boxed{C", Verdict.MALFORMED),
        (r"\boxed{C} Wait, actually the answer is A.", Verdict.AMBIGUOUS),
    ],
)
def test_rejection_says_why(text: str, verdict: Verdict) -> None:
    assert verify(text, C).verdict is verdict


def test_server_endings_decide_first() -> None:
    assert verify(r"\boxed{C}", C, finish_reason="content_filter").verdict is Verdict.REFUSED
    assert verify(r"\boxed{C}", C, finish_reason="refused").verdict is Verdict.REFUSED
    assert verify("", C, finish_reason="too_long").verdict is Verdict.NO_ANSWER
    assert verify("", C, finish_reason="image_refused").verdict is Verdict.NO_ANSWER
    assert verify(r"\boxed{C} and so on", C, finish_reason="length", policy=Policy.TRAIN).verdict is Verdict.TRUNCATED
    assert verify(r"\boxed{C} and so on", C, finish_reason="length").verdict is Verdict.CORRECT
    assert verify("The answer is C", C, finish_reason="length").verdict is Verdict.TRUNCATED
    assert verify(r"<think>\boxed{C}", C, finish_reason="length").verdict is Verdict.TRUNCATED


@pytest.mark.parametrize(
    "text",
    [
        "Ans: C", "Ans. (C)", "Final decision: C", "Conclusion: C", "Hence, C.", "Thus (C).", "The diagnosis is Crohn's disease.", "Risposta: C",
        "Crohn's disease is the most likely diagnosis.", "答案是：C。克罗恩病", "The most likely diagnosis is **Crohn disease**, given the skip lesions.",
        "A) is wrong because of the age.\nSo the answer is C.", "Therefore, I would select Crohn disease.", "<answer>Option C</answer>",
    ],
)  # fmt: skip
def test_short_conclusion_is_read(text: str) -> None:
    assert verify(text, C).verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    "text",
    [
        "The most likely diagnosis is gestational diabetes.",
        "The most likely cause is diabetes insipidus.",
        "This is most consistent with type-2-diabetes.",
        "The answer is diabetes or hypertension.",
        "Diabetes could be considered, but it is unlikely.",
        "The diagnosis is prediabetes.",
        "The most likely diagnosis is not diabetes.",
        "The most likely diagnosis is diabetes (A).",
        "Diabetes is less likely than asthma, so the best answer is asthma.",
        "Is diabetes the most likely diagnosis?",
        "The answer is C and asthma.",
        "C or asthma is the answer.",
        "C\nAsthma",
    ],
)
def test_option_text_within_another_thing_is_no_answer(text: str) -> None:
    gold = Gold(AnswerType.MCQ, ("Asthma", "Hypertension", "Diabetes", "Gout"), indexes=(2,))
    assert verify(text, gold).verdict is not Verdict.CORRECT


def test_options_of_equal_text_are_told_apart_by_letter_alone() -> None:
    twins = Gold(AnswerType.MCQ, ("Iron", "Zinc", "iron", "Lead"), indexes=(2,))
    assert verify(r"\boxed{C}", twins).verdict is Verdict.CORRECT
    assert verify(r"\boxed{C. Iron}", twins).verdict is Verdict.CORRECT
    assert verify(r"\boxed{Iron}", twins).verdict is Verdict.AMBIGUOUS
    assert verify("The answer is iron.", twins).verdict is Verdict.AMBIGUOUS


@pytest.mark.parametrize("option", ["None", "All of the above", "Not Recalled", "NA", "None of the above", "no", "Both A and B", "A and C"])
def test_odd_option_texts_are_options(option: str) -> None:
    gold = Gold(AnswerType.MCQ, ("Iron", "Zinc", option, "Lead"), indexes=(2,))
    for text in (f"\\boxed{{{option}}}", f"\\boxed{{C. {option}}}", r"\boxed{C}", f"The answer is {option}."):
        assert verify(text, gold).verdict is Verdict.CORRECT, text


def test_letter_that_is_also_another_option_text_is_ambiguous() -> None:
    gold = Gold(AnswerType.MCQ, ("B", "C", "D", "A"), indexes=(1,))
    assert verify(r"\boxed{B}", gold).verdict is Verdict.AMBIGUOUS
    assert verify(r"\boxed{B. C}", gold).verdict is Verdict.CORRECT


@pytest.mark.parametrize("text", [r"\boxed{I}", "The answer is (I).", "Answer: I", "I. Ivemark syndrome", r"\boxed{I. Ivemark syndrome}"])
def test_ten_options_read_the_letter_i(text: str) -> None:
    assert verify(text, I_OF_TEN).verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    "text", ["I think so.", "The answer is I think not known.", "I choose to pass.", "In my opinion, I am unsure.", "I", "Am I right?"][:4]
)
def test_ten_options_never_read_the_pronoun(text: str) -> None:
    assert verify(text, I_OF_TEN).verdict is not Verdict.CORRECT


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{A,C}", r"\boxed{AC}", r"\boxed{(A), (C)}", r"\boxed{A & C}", r"\boxed{\{A, C\}}", r"\boxed{[A, C]}", r"\boxed{A; C}", r"\boxed{A/C}",
        r"\boxed{A and C}", r"\boxed{A, C.}", r"\boxed{A. Acute appendicitis; C. Crohn disease}", r"\boxed{Acute appendicitis, Crohn disease}",
        r"\boxed{\text{A, C}}", r"\boxed{A et C}", r"\boxed{A und C}", r"\boxed{C, A}", "The answers are A and C.", "Answer: A, C", '{"answer": ["A", "C"]}',
        "<answer>A, C</answer>", "The answer is (A) and (C).", "答案：A、C",
    ],
)  # fmt: skip
def test_several_right_options_are_a_set(text: str) -> None:
    assert verify(text, AC).verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{A}",
        r"\boxed{C}",
        r"\boxed{A, B}",
        r"\boxed{A, B, C}",
        r"\boxed{ABCD}",
        r"\boxed{}",
        r"\boxed{A, C, E}",
        r"\boxed{A, not C}",
    ],
)
def test_a_part_of_several_is_not_right(text: str) -> None:
    judged = verify(text, AC)
    assert judged.verdict is not Verdict.CORRECT
    assert judged.score < 1


def test_part_of_several_is_scored_by_f1() -> None:
    assert verify(r"\boxed{A}", AC).score == pytest.approx(2 / 3)
    assert verify(r"\boxed{A, B, C}", AC).score == pytest.approx(0.8)
