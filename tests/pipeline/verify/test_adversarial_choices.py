r"""Outputs on questions of choice written to mislead, in five languages, each labelled by reading."""

import pytest

from pipeline.verify.answer import Gold, Policy, verify
from schemas.example import AnswerType
from schemas.trace import Verdict


def third(*options: str) -> Gold:
    return Gold(AnswerType.MCQ, options, indexes=(2,))


def cases(right: Gold, *texts: str) -> list[tuple[Gold, str]]:
    return [(right, text) for text in texts]


EN = third("Acute appendicitis", "Diverticulitis", "Crohn disease", "Ulcerative colitis")
FR = third("Appendicite aiguë", "Diverticulite", "Maladie de Crohn", "Rectocolite hémorragique")
ES = third("Apendicitis aguda", "Diverticulitis", "Enfermedad de Crohn", "Colitis ulcerosa")
DE = third("Akute Appendizitis", "Divertikulitis", "Morbus Crohn", "Colitis ulcerosa")
ZH = third("急性阑尾炎", "憩室炎", "克罗恩病", "溃疡性结肠炎")
DOSES = third("5 mg", "10 mg", "15 mg", "50 mg")
STEPS = third("Increase the dose", "Stop the drug", "Decrease the dose", "Do not change the dose")
NORMAL = third("Right lung", "Left lung", "No abnormality", "Both lungs")
COUNTS = third("2", "3", "4", "5")
A_AND_C = Gold(AnswerType.MULTI, EN.options, indexes=(0, 2))
RIGHT = [
    *cases(
        EN,
        "\\boxed{C}\n\nLet me know if you want to discuss A, B or D.", r"I was torn between A and D. \boxed{C}",
        r"\boxed{C}. Actually, Crohn disease often begins at this age.", r"The answer is \boxed{\mathrm{(C)\ Crohn\ disease}}.",
        r"\boxed{C} (not A, B or D)", "\\boxed{C}\n\nWhy not D? Ulcerative colitis spares the ileum.",
        "\\boxed{C}\nThe correct answer is C: Crohn disease. The answer is not D.", r"\boxed{\text{Option C}} ✅", r"✅ \boxed{C}",
        r"\boxed{C}!", "Options A, B and D are wrong, hence the answer is C", "Answer: C ✅",
        "C. Crohn disease\n\nA and B are acute; D spares the ileum.", "I first thought of A. However, the correct answer is C.",
        "The answer is A or C. Ulcers that skip speak for Crohn disease. Therefore, the correct answer is C.",
        "The answer is (B) or (C). Since the wall is thick, the most likely diagnosis is therefore Crohn disease.",
        r"Final Answer: The final answer is $\boxed{C}$. I hope it is correct.", "\\boxed{C}\n\nConfidence: 90%. Alternative: D (10%).",
        "\\boxed{C}\n\nOther options:\nA. wrong because...\nB. wrong\nD. this is incorrect since the ileum is involved.",
        r"Let me reconsider. Wait, actually it is not A. \boxed{C}", "## Answer\n\n**C. Crohn disease**",
        "**Correct Answer:** C) Crohn disease\n\n**Explanation:** A is wrong. B is wrong. D is wrong.",
        "The answer is C because A, B and D are all excluded.", "After ruling out A and B, the answer is C rather than D.",
        "Between C and D, C is correct.", "I would go with option C.", "My final answer: (C)",
        "The correct choice is (C), i.e. Crohn disease.", "Given this, the best answer is C - Crohn disease.",
        '{"reasoning": "A or D?", "answer": "C"}', '```json\n{"answer": "C. Crohn disease", "confidence": 0.8}\n```',
        "<answer>\nC. Crohn disease\n</answer>", r"\(\boxed{\text{C}}\)", r"$$\boxed{\textbf{(C) Crohn disease}}$$",
        r"\boxed{\mathrm{C}.\ \text{Crohn disease}}", r"\boxed{\text{Crohn's disease}}",
        r"\boxed{C. Crohn's disease (regional enteritis)}", r"\boxed{C. Crohn disease - transmural}", r"\boxed{Answer C}", r"\boxed{C,}",
    ),
    *cases(
        FR,
        r"\boxed{Maladie de Crohn}", r"Après réflexion, la réponse est \boxed{C}.", "La réponse correcte est C : maladie de Crohn.",
        "La bonne réponse est donc la C.", "Réponse finale : C. Maladie de Crohn",
        "Le diagnostic le plus probable est la maladie de Crohn.", "La réponse est (C) et non (D).", "Je choisis la réponse C.",
    ),
    *cases(
        ES,
        r"\boxed{\text{C. Enfermedad de Crohn}}", "La respuesta correcta es la C, porque hay lesiones salteadas.", "Respuesta final: C",
        "La opción correcta es la C.", "Por lo tanto, la respuesta correcta es: C) Enfermedad de Crohn", "Elijo la opción C.",
    ),
    *cases(
        DE,
        r"\boxed{\text{Morbus Crohn}}", "Die Antwort lautet C.", "Richtig ist Antwort C.", "Die korrekte Antwort ist (C) Morbus Crohn.",
        "Antwort C ist richtig.", "Somit ist die Antwort C.",
    ),
    *cases(
        ZH,
        r"\boxed{克罗恩病}", r"\boxed{C．克罗恩病}", "综上所述，正确答案是C。", "因此，答案为（C）克罗恩病。", "正确选项是C", "所以选C", "答案：C．克罗恩病", "本题答案为C，因为有跳跃性病变。", "选择C。",
    ),
    *cases(
        DOSES,
        r"\boxed{15 mg}", r"\boxed{C. 15 mg}",
    ),
    *cases(
        STEPS,
        r"\boxed{C. Decrease the dose}", "The answer is C. Decrease the dose.",
    ),
    *cases(
        NORMAL,
        r"\boxed{C. No abnormality}", r"\boxed{No abnormality}", "The answer is no abnormality.", r"\boxed{no abnormality.}",
    ),
    *cases(
        COUNTS,
        r"\boxed{C}", r"\boxed{C. 4}", r"\boxed{4}", "The answer is 4.", "The answer is C. 4",
    ),
    *cases(
        A_AND_C,
        "\\boxed{A, C}\nB and D are wrong.", r"\boxed{\text{A and C}}", "Les bonnes réponses sont A et C.",
        "Las respuestas correctas son A y C.", "Die richtigen Antworten sind A und C.", "正确答案是A和C。",
        r"\boxed{Crohn disease; acute appendicitis}", r"\boxed{A, C}.", r"\boxed{A,\ C}", r"\boxed{\text{A and C only}}",
        "Answer: A and C", "The correct answers are A and C.", "A, C", "**A** and **C**",
    ),
]  # fmt: skip
WRONG = [
    *cases(
        EN,
        r"\boxed{C} is what I would have said, but the correct answer is D.",
        r"\boxed{C} … no wait, the correct answer is ulcerative colitis.", r"\boxed{C}. Oops, I meant diverticulitis.",
        "\\boxed{C}\n\nAnswer: D", "\\boxed{C}\n<answer>D</answer>", r"\boxed{C} (incorrect)", r"\boxed{C} ❌", r"❌ \boxed{C}",
        r"\boxed{❌ C}", r"\boxed{¬C}", r"\neq \boxed{C}", r"\cancel{\boxed{C}}", r"~~\boxed{C}~~", r"\boxed{C}?", r"\boxed{!C}",
        r"\boxed{everything but C}", r"\boxed{anything except Crohn disease}", r"\boxed{C → D}", r"\boxed{C, no, D}", r"\boxed{C then D}",
        r"\boxed{C > D}", r"\boxed{C (or D)}", r"\boxed{C. Crohn disease (D)}", r"\boxed{Crohn disease with ulcerative colitis}",
        r"\boxed{Not Crohn disease}", r"\boxed{Crohn disease unlikely}", r"\boxed{A: Acute appendicitis}, not \boxed{C",
        "Answer: ~~C~~ D", "Answer: ❌ C", "The answer is A or C. Both fit, and I cannot decide.",
        "The answer is (B) or (C). Therefore, a scan is the next step.", "The answer is (B) or (C), but Crohn disease is less likely.",
        "The answer is (A) or (B). Therefore, the most likely diagnosis is Crohn disease.", "Most people answer C, which is a mistake.",
        "A student said the answer is C. Explain why this is wrong.", "C was my first thought. The answer is D.",
        "If the answer is C, the ileum would be inflamed. It is not.", '{"answer": "C", "answer": "D"}', '{"answer": "not C"}',
        "<answer>C</answer> Correction: <answer>D</answer>", "<think>The answer is C.</think>",
        r"<think>\boxed{C}</think>\boxed{C} <think>or D", "The answer is not necessarily C.", "The answer is hardly C.",
        "The answer is never C.", "The answer would be C if the ileum were involved.",
        "The answer is C, if there are skip lesions; otherwise D.", "The answer is anything but C.", "The answer is neither A nor C.",
        "The answer is C or maybe D.", "The answer is likely C, D, or both.", "I doubt that the answer is C.",
        "It is false that the answer is C.", "The answer given in the book is C, yet D is right.", "The least likely answer is C.",
        "Which is the wrong answer? C.", "The answer starts with the letter C: colitis.", "The second best answer is C.",
        "My answer was C; now I say D.", "The answer is C. No, D.", "The answer is C. Sorry, D.", "Answer: C. On reflection, D.",
        "Answer: C\nAnswer: D", "\\boxed{C}\n\\boxed{D}", r"\boxed{D}, not \boxed{C}", r"rather than \boxed{C}, choose D",
        r"instead of \boxed{C}", r"\boxed{C} would be wrong", r"\boxed{C}. No, D.", r"\boxed{C}. Sorry, D.", r"\boxed{\text{C or A}}",
        r"\boxed{C vs D}", r"\boxed{C/A}", r"\boxed{C | D}", r"\boxed{C, possibly D}", r"\boxed{C 50\%, D 50\%}",
        r"\boxed{C: 60%, D: 40%}", r"\boxed{\bar{C}}", r"\boxed{C^c}", r"\boxed{\overline{C}}", r"\boxed{C'}", r"\boxed{C_3}",
        r"\boxed{C=D}", r"\boxed{C \cup D}", r"\boxed{C+}", r"\boxed{C-}", r"\boxed{A-C}", r"\boxed{A..C}", r"\boxed{rule out C}",
        r"\boxed{C excluded}", r"\boxed{not (C)}", r"\boxed{C is not the answer}", r"\boxed{C is not correct}",
        r"\boxed{C. Crohn disease is not the answer}", r"\boxed{C. Crohn disease, ulcerative colitis}",
        r"\boxed{Crohn disease vs ulcerative colitis}", r"\boxed{Crohn disease/Ulcerative colitis}", r"\boxed{Pseudo-Crohn disease}",
        r"\boxed{Crohn-like disease}", r"\boxed{Absence of Crohn disease}", '{"answer": "C or D"}', '{"answer": "C?"}',
        '{"wrong_answer": "C"}', '{"answers": {"A": true, "C": true}}', "<answer>C</answer><answer>D</answer>", "<answer>not C</answer>",
        "<answer>C</answer> is wrong, <answer>", "I cannot answer. Options: C.", "Sorry, I can't. C",
    ),
    *cases(
        FR,
        r"\boxed{C}. En fait, la bonne réponse est D.", "La réponse n'est pas C.", "La réponse est C ou D.",
        r"La réponse n'est pas \boxed{C}", "La réponse n’est pas la C.", "La réponse est tout sauf C.", "La réponse est soit C soit D.",
        r"\boxed{C}. Non, attendez : D.", "La mauvaise réponse est C.", "La réponse serait C si l'iléon était touché.", r"\boxed{Pas C}",
        r"\boxed{C ou D}",
    ),
    *cases(
        ES,
        r"\boxed{C}. No, espera: la respuesta correcta es la D.", "La respuesta no es C.", "La respuesta es C o D.",
        "La respuesta incorrecta es C.", "La respuesta no puede ser C.", "La respuesta es C si hay fiebre.", r"\boxed{C} es incorrecta.",
        r"\boxed{C}. En realidad, la respuesta es D.", r"\boxed{C o D}", r"\boxed{ni C ni D}",
    ),
    *cases(
        DE,
        r"\boxed{C}. Moment mal, die richtige Antwort ist D.", "Die Antwort ist nicht C.", "Die Antwort ist C oder D.",
        r"\boxed{C} ist falsch.", "Die Antwort ist keinesfalls C.", "Die falsche Antwort ist C.", "Die Antwort kann nicht C sein.",
        r"\boxed{C} ist nicht richtig.", r"\boxed{C}. Nein, D.", r"\boxed{nicht C}", r"\boxed{C oder D}",
    ),
    *cases(
        ZH,
        r"\boxed{C}。等等，正确答案应该是D。", "答案不是C。", "答案是C或D。", r"\boxed{C}是错误的", "答案是C吗？", "错误答案是C。", "答案不可能是C。", "答案可能是C，也可能是D。",
        r"\boxed{C}，不对，应该是D。", r"\boxed{不是C}", r"\boxed{C或D}", r"\boxed{非C}", "除了C都对。",
    ),
    *cases(
        DOSES,
        r"\boxed{1.5 mg}", r"\boxed{150 mg}", r"\boxed{15 g}", r"\boxed{15 mg/kg}", r"\boxed{5 mg, then 15 mg}",
    ),
    *cases(
        STEPS,
        r"\boxed{Do not decrease the dose}", r"\boxed{C. Increase the dose}", "The answer is: do not decrease the dose.",
    ),
    *cases(
        NORMAL,
        r"\boxed{Not \text{no abnormality}}", r"\boxed{abnormality}", r"\boxed{No}", "The answer is: no, abnormality in the left lung.",
    ),
    *cases(
        COUNTS,
        r"\boxed{3}", r"\boxed{C. 5}", r"\boxed{D. 4}", r"\boxed{-4}", r"\boxed{4.5}", r"\boxed{4 or 5}", r"\boxed{40}", r"\boxed{~4-5}",
        r"\boxed{4!}", r"\boxed{1/4}",
    ),
    *cases(
        A_AND_C,
        r"\boxed{A, C} Wait, B is also correct: the answer is A, B and C.", r"\boxed{A or C}", r"\boxed{A, C?}", r"\boxed{A, ¬C}",
        r"\boxed{A and not C}", r"\boxed{A, C, or D}", r"\boxed{all but B and D, so A}", "The answers are A and C or D.",
        "The answer is A. C is wrong.", "Die richtigen Antworten sind A und D.", r"\boxed{A, C but not C}", r"\boxed{only A, not C}",
        r"\boxed{A} and \boxed{C}, except \boxed{A}", r"\boxed{A, maybe C}", r"\boxed{A ou C}", "La réponse est A ou C.", "答案是A或C。",
        "The answer is either A or C.", r"\boxed{A, C, C, D}", r"\boxed{A-C}", r"\boxed{A, C} is wrong",
        "The answers are A and C. Correction: A and B.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("right", "text"), RIGHT, ids=[f"{place} {case[1][:30]!r}" for place, case in enumerate(RIGHT)])
def test_what_a_reader_accepts_is_right(right: Gold, text: str) -> None:
    assert verify(text, right).verdict is Verdict.CORRECT
    boxed = "box" in text
    assert (verify(text, right, policy=Policy.TRAIN).verdict is Verdict.CORRECT) == boxed


@pytest.mark.parametrize(("right", "text"), WRONG, ids=[f"{place} {case[1][:30]!r}" for place, case in enumerate(WRONG)])
@pytest.mark.parametrize("policy", Policy)
def test_what_misleads_is_never_right(right: Gold, text: str, policy: Policy) -> None:
    assert verify(text, right, policy=policy).verdict is not Verdict.CORRECT
