r"""Outputs on questions of choice written to mislead, in five languages; each verdict was set before the code first read it."""

import pytest

from pipeline.verify.answer import Gold, Policy, verify
from schemas.example import AnswerType
from schemas.trace import Verdict


def third(*options: str) -> Gold:
    return Gold(AnswerType.MCQ, options, indexes=(2,))


EN = third("Acute appendicitis", "Diverticulitis", "Crohn disease", "Ulcerative colitis")
FR = third("Appendicite aiguë", "Diverticulite", "Maladie de Crohn", "Rectocolite hémorragique")
ES = third("Apendicitis aguda", "Diverticulitis", "Enfermedad de Crohn", "Colitis ulcerosa")
DE = third("Akute Appendizitis", "Divertikulitis", "Morbus Crohn", "Colitis ulcerosa")
ZH = third("急性阑尾炎", "憩室炎", "克罗恩病", "溃疡性结肠炎")
DOSES = third("5 mg", "10 mg", "15 mg", "50 mg")
STEPS = third("Increase the dose", "Stop the drug", "Decrease the dose", "Do not change the dose")
RIGHT_CHOICES = [
    (EN, r"\boxed{C}" + "\n\nLet me know if you want to discuss A, B or D."),
    (EN, r"I was torn between A and D. \boxed{C}"),
    (EN, r"\boxed{C}. Actually, Crohn disease often begins at this age."),
    (EN, r"The answer is \boxed{\mathrm{(C)\ Crohn\ disease}}."),
    (EN, r"\boxed{C} (not A, B or D)"),
    (EN, r"\boxed{C}" + "\n\nWhy not D? Ulcerative colitis spares the ileum."),
    (EN, r"\boxed{C}" + "\nThe correct answer is C: Crohn disease. The answer is not D."),
    (EN, r"\boxed{\text{Option C}}" + " ✅"),
    (EN, r"✅ \boxed{C}"),
    (EN, r"\boxed{C}!"),
    (EN, "Options A, B and D are wrong, hence the answer is C"),
    (EN, "Answer: C ✅"),
    (EN, "C. Crohn disease\n\nA and B are acute; D spares the ileum."),
    (EN, "I first thought of A. However, the correct answer is C."),
    (EN, "The answer is A or C. Ulcers that skip speak for Crohn disease. Therefore, the correct answer is C."),
    (EN, "The answer is (B) or (C). Since the wall is thick, the most likely diagnosis is therefore Crohn disease."),
    (FR, r"\boxed{Maladie de Crohn}"),
    (FR, r"Après réflexion, la réponse est \boxed{C}."),
    (FR, "La réponse correcte est C : maladie de Crohn."),
    (FR, "La bonne réponse est donc la C."),
    (ES, r"\boxed{\text{C. Enfermedad de Crohn}}"),
    (ES, "La respuesta correcta es la C, porque hay lesiones salteadas."),
    (ES, "Respuesta final: C"),
    (DE, r"\boxed{\text{Morbus Crohn}}"),
    (DE, "Die Antwort lautet C."),
    (DE, "Richtig ist Antwort C."),
    (ZH, r"\boxed{克罗恩病}"),
    (ZH, r"\boxed{C．克罗恩病}"),
    (ZH, "综上所述，正确答案是C。"),
    (ZH, "因此，答案为（C）克罗恩病。"),
    (DOSES, r"\boxed{15 mg}"),
    (DOSES, r"\boxed{C. 15 mg}"),
    (STEPS, r"\boxed{C. Decrease the dose}"),
    (STEPS, "The answer is C. Decrease the dose."),
]
WRONG_CHOICES = [
    (EN, r"\boxed{C} is what I would have said, but the correct answer is D."),
    (EN, r"\boxed{C} … no wait, the correct answer is ulcerative colitis."),
    (EN, r"\boxed{C}. Oops, I meant diverticulitis."),
    (EN, r"\boxed{C}" + "\n\nAnswer: D"),
    (EN, r"\boxed{C}" + "\n<answer>D</answer>"),
    (EN, r"\boxed{C} (incorrect)"),
    (EN, r"\boxed{C} ❌"),
    (EN, r"❌ \boxed{C}"),
    (EN, r"\boxed{❌ C}"),
    (EN, r"\boxed{¬C}"),
    (EN, r"\neq \boxed{C}"),
    (EN, r"\cancel{\boxed{C}}"),
    (EN, r"~~\boxed{C}~~"),
    (EN, r"\boxed{C}?"),
    (EN, r"\boxed{!C}"),
    (EN, r"\boxed{everything but C}"),
    (EN, r"\boxed{anything except Crohn disease}"),
    (EN, r"\boxed{C → D}"),
    (EN, r"\boxed{C, no, D}"),
    (EN, r"\boxed{C then D}"),
    (EN, r"\boxed{C > D}"),
    (EN, r"\boxed{C (or D)}"),
    (EN, r"\boxed{C. Crohn disease (D)}"),
    (EN, r"\boxed{Crohn disease with ulcerative colitis}"),
    (EN, r"\boxed{Not Crohn disease}"),
    (EN, r"\boxed{Crohn disease unlikely}"),
    (EN, r"\boxed{A: Acute appendicitis}, not \boxed{C"),
    (EN, "Answer: ~~C~~ D"),
    (EN, "Answer: ❌ C"),
    (EN, "The answer is A or C. Both fit, and I cannot decide."),
    (EN, "The answer is (B) or (C). Therefore, a scan is the next step."),
    (EN, "The answer is (B) or (C), but Crohn disease is less likely."),
    (EN, "The answer is (A) or (B). Therefore, the most likely diagnosis is Crohn disease."),
    (EN, "Most people answer C, which is a mistake."),
    (EN, "A student said the answer is C. Explain why this is wrong."),
    (EN, "C was my first thought. The answer is D."),
    (EN, "If the answer is C, the ileum would be inflamed. It is not."),
    (EN, '{"answer": "C", "answer": "D"}'),
    (EN, '{"answer": "not C"}'),
    (EN, "<answer>C</answer> Correction: <answer>D</answer>"),
    (EN, "<think>The answer is C.</think>"),
    (EN, r"<think>\boxed{C}</think>\boxed{C} <think>or D"),
    (FR, r"\boxed{C}. En fait, la bonne réponse est D."),
    (FR, "La réponse n'est pas C."),
    (FR, "La réponse est C ou D."),
    (FR, r"La réponse n'est pas \boxed{C}"),
    (ES, r"\boxed{C}. No, espera: la respuesta correcta es la D."),
    (ES, "La respuesta no es C."),
    (ES, "La respuesta es C o D."),
    (DE, r"\boxed{C}. Moment mal, die richtige Antwort ist D."),
    (DE, "Die Antwort ist nicht C."),
    (DE, "Die Antwort ist C oder D."),
    (DE, r"\boxed{C} ist falsch."),
    (ZH, r"\boxed{C}。等等，正确答案应该是D。"),
    (ZH, "答案不是C。"),
    (ZH, "答案是C或D。"),
    (ZH, r"\boxed{C}是错误的"),
    (ZH, "答案是C吗？"),
    (DOSES, r"\boxed{1.5 mg}"),
    (DOSES, r"\boxed{150 mg}"),
    (DOSES, r"\boxed{15 g}"),
    (DOSES, r"\boxed{15 mg/kg}"),
    (DOSES, r"\boxed{5 mg, then 15 mg}"),
    (STEPS, r"\boxed{Do not decrease the dose}"),
    (STEPS, r"\boxed{C. Increase the dose}"),
    (STEPS, "The answer is: do not decrease the dose."),
]
AC = Gold(AnswerType.MULTI, EN.options, indexes=(0, 2))
RIGHT_SETS = [
    (AC, r"\boxed{A, C}" + "\nB and D are wrong."),
    (AC, r"\boxed{\text{A and C}}"),
    (AC, "Les bonnes réponses sont A et C."),
    (AC, "Las respuestas correctas son A y C."),
    (AC, "Die richtigen Antworten sind A und C."),
    (AC, "正确答案是A和C。"),
    (AC, r"\boxed{Crohn disease; acute appendicitis}"),
]
WRONG_SETS = [
    (AC, r"\boxed{A, C} Wait, B is also correct: the answer is A, B and C."),
    (AC, r"\boxed{A or C}"),
    (AC, r"\boxed{A, C?}"),
    (AC, r"\boxed{A, ¬C}"),
    (AC, r"\boxed{A and not C}"),
    (AC, r"\boxed{A, C, or D}"),
    (AC, r"\boxed{all but B and D, so A}"),
    (AC, "The answers are A and C or D."),
    (AC, "The answer is A. C is wrong."),
    (AC, "Die richtigen Antworten sind A und D."),
]
RIGHT = [*RIGHT_CHOICES, *RIGHT_SETS]
WRONG = [*WRONG_CHOICES, *WRONG_SETS]


@pytest.mark.parametrize(("right", "text"), RIGHT, ids=[f"{place} {case[1][:30]!r}" for place, case in enumerate(RIGHT)])
def test_what_a_reader_accepts_is_right(right: Gold, text: str) -> None:
    assert verify(text, right).verdict is Verdict.CORRECT
    boxed = "box" in text
    assert (verify(text, right, policy=Policy.TRAIN).verdict is Verdict.CORRECT) == boxed


@pytest.mark.parametrize(("right", "text"), WRONG, ids=[f"{place} {case[1][:30]!r}" for place, case in enumerate(WRONG)])
@pytest.mark.parametrize("policy", Policy)
def test_what_misleads_is_never_right(right: Gold, text: str, policy: Policy) -> None:
    assert verify(text, right, policy=policy).verdict is not Verdict.CORRECT
