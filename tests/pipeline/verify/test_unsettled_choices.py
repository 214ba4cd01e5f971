"""Outputs that weigh options: what only weighs is never an answer, what settles is one."""

import pytest

from pipeline.verify.answer import Gold, verify
from schemas.example import AnswerType
from schemas.trace import Verdict

FOUR = ("Acute appendicitis", "Diverticulitis", "Crohn disease", "Ulcerative colitis")
C = Gold(AnswerType.MCQ, FOUR, indexes=(2,))
WEIGHING = (
    "The pain moves to the right. Let's analyze each option step by step:\n\n"
    "A. Acute appendicitis: this would explain the fever, but the course is too long. This is a possible cause.\n"
    "B. Diverticulitis - so the pain should be on the left. Most patients are older, and the scan suggests another place.\n"
    "- **Option C (Crohn disease)**: is the most common cause of skip lesions and often presents at this age.\n"
    "D) Ulcerative colitis would likely present with bleeding. The other options are less common:\n- Ulcerative colitis (D) starts in the rectum.\n"
    "If the biopsy showed granulomas, the answer would be C. If it showed none, the answer would be D. Ulcerative colitis"
)
UNSETTLED = [
    "Let's go through each option:\n\nC. Crohn disease: skip lesions would fit.",
    "We look at every choice:\n- Crohn disease\n- Diverticulitis",
    "The other options fit less well:\n- Crohn disease (C) rarely starts at this age.",
    "Surgery comes first. Crohn disease (option C) should be treated only afterwards.",
    "The first step is a scan. A resection (option C) is too much at this stage.",
    "Bleeding suggests the rectum. Crohn disease (option C) may be considered, but it may not be the best explanation.",
    "Step 2: Match the findings to the possible diagnoses\nC) Crohn disease - the age fits, but",
    "Here are the options given:\n\nC) Crohn disease\n- This option explains the skip lesions.",
    "The answer can be found as follows: C. Crohn disease has skip lesions, D. Ulcerative colitis has none.",
    "Therefore, the patient is at risk of chronic diseases, such as Crohn disease.",
    "If the biopsy showed granulomas, the answer would be C.",
    "Unless the rectum is spared, the answer is Crohn disease.",
    "Crohn disease would likely show skip lesions.",
    "Crohn disease is the most common cause of such lesions in the young.",
    "The scan suggests Crohn disease. However, the age speaks for another cause.",
    "Therefore, acute appendicitis (A) comes first, then Crohn disease (option C).",
    "The best plan is to think of diverticulitis in the old, Crohn disease, and a tumour.",
    "The most likely diagnosis is Crohn disease. Crohn disease (C) is unlikely at this age, and it is less likely without pain.",
    "Is it Crohn disease?\nC) Crohn disease would be my fear",
]
SETTLED = [
    "A) Acute appendicitis: no fever. This is not the correct answer.\n\nC) Crohn disease: skip lesions fit. This is the correct answer.",
    "The most likely diagnosis is Crohn disease (C). Diverticulitis (B) and acute appendicitis (A) are less likely at this age.",
    "The most likely diagnosis is a Crohn disease. Ulcerative colitis may be thought of, but it is not the first choice.",
    "The finding corresponds to option (C).",
    "The pattern is therefore closest to option C) Crohn disease.",
    "No text fits fully, but option C) Crohn disease is the closest.",
    "What is the most likely diagnosis?\nC) Crohn disease\n\nExplanation: there are skip lesions.",
    "Among the options provided, the most fitting diagnosis is:\n\nC. Crohn disease\n\nIt explains the skip lesions.",
    "If I had to choose, the answer is C.",
    "If we must choose one, the answer would be Crohn disease.",
    "Therefore, the skip lesions are due to Crohn disease (option C).",
]


@pytest.mark.parametrize("text", UNSETTLED)
def test_what_only_weighs_is_never_right(text: str) -> None:
    assert verify(text, C).verdict is not Verdict.CORRECT


@pytest.mark.parametrize("text", SETTLED)
def test_what_settles_is_read(text: str) -> None:
    judged = verify(text, C)
    assert (judged.verdict, judged.extracted) == (Verdict.CORRECT, "C")


@pytest.mark.parametrize("index", range(4))
def test_an_output_that_stops_while_it_weighs_is_never_right(index: int) -> None:
    gold = Gold(AnswerType.MCQ, FOUR, indexes=(index,))
    accepted = [WEIGHING[:end][-60:] for end in range(0, len(WEIGHING), 3) if verify(WEIGHING[:end], gold).verdict is Verdict.CORRECT]
    assert accepted == []
