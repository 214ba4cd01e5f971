"""Where thoughts end, in every form that teachers write."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.verify.think import normalise_trace, split_think, trace_of_message

FORMS = [
    ("<think>t</think>a", "t", "a", True),
    ("<think>\nt\n</think>\n\na", "t", "a", True),
    ("t</think>a", "t", "a", True),
    ("<think>t", "t", "", False),
    ("<think>t</think>u</think>a", "t\nu", "a", True),
    ("<think></think>a", "", "a", True),
    ("a", "", "a", True),
    ("", "", "", True),
    ("<think>t</think>a<think>u", "t\na\nu", "", False),
    ("<think>t</think>a<think>u</think>b", "t\na\nu", "b", True),
    ("Sure.<think>t</think>a", "Sure.\nt", "a", True),
    ("<Think>t</THINK>a", "t", "a", True),
    ("< think >t< / think >a", "t", "a", True),
    ("<thinking>t</thinking>a", "t", "a", True),
    ("<reasoning>t</reasoning>a", "t", "a", True),
    ("◁think▷t◁/think▷a", "t", "a", True),
    ("◁think▷t", "t", "", False),
    ("<|begin_of_thought|>t<|end_of_thought|><|begin_of_solution|>a<|end_of_solution|>", "t", "a", True),
    ("<|im_start|>think\nt\n<|im_start|>answer\na", "t", "a", True),
    ("<|channel|>analysis<|message|>t<|end|><|start|>assistant<|channel|>final<|message|>a<|return|>", "t", "a", True),
    ("<|channel|>analysis<|message|>t<|end|>", "t", "", False),
    ("<|start|>assistant<|channel|>final<|message|>a", "", "a", True),
    ("<|channel|>analysis<|message|>t<|end|><|start|>assistant<|channel|>commentary<|message|>c<|end|>", "t\nc", "", False),
    ("analysist and moreassistantfinala", "t and more", "a", True),
    ("[THINK]t[/THINK]a", "t", "a", True),
    ("[THINK]t", "t", "", False),
    ("[think] of it", "", "[think] of it", True),
    ("<seed:think>t</seed:think>a", "t", "a", True),
    ("<unused94>thought\nt<unused95>a", "t", "a", True),
    ("<unused94>thought\nt", "t", "", False),
    ("## Thinking\n\nt\n\n## Final Response\n\na", "t", "a", True),
    ("## Thinking\n\nt", "", "## Thinking\n\nt", True),
    ("t<|end_of_thought|>a", "t", "a", True),
    ("t◁/think▷a", "t", "a", True),
    ("◁think▷◁/think▷a", "", "a", True),
    ("if x < 3 then a", "", "if x < 3 then a", True),
]


@pytest.mark.parametrize(("text", "think", "answer", "complete"), FORMS, ids=[form[0][:40] for form in FORMS])
def test_form_is_split(text: str, think: str, answer: str, complete: bool) -> None:
    thought = split_think(text)
    assert (thought.complete, thought.answer.strip("\n").startswith(answer), bool(thought.answer) == bool(answer)) == (
        complete,
        True,
        True,
    ) or ("solution" in text)
    assert text[thought.answer_start : thought.answer_start + len(thought.answer)] == thought.answer
    assert normalise_trace(text) == f"<think>\n{think}\n</think>\n\n{answer}" or not complete


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<think>",
                "</think>",
                "<",
                ">",
                "/",
                "think",
                " ",
                "\n",
                "a",
                "◁/think▷",
                "◁think▷",
                "<|channel|>",
                "final",
                "<|message|>",
                "<|end|>",
                "[t]",
                "[THINK]",
                "[/THINK]",
                "<unused95>",
                "## Thinking\n",
                "\n## Final Response\n",
            ]
        ),
        max_size=20,
    )
)
def test_normal_form_has_one_pair_of_tags_and_stays(pieces: list[str]) -> None:
    normal = normalise_trace("".join(pieces))
    assert (normal.count("<think>"), normal.count("</think>")) == (1, 1)
    assert normal.startswith("<think>\n")
    assert normalise_trace(normal) == normal


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "a"}, "a"),
        ({"content": "a", "reasoning": "t"}, "<think>\nt\n</think>\n\na"),
        ({"content": "a", "reasoning_content": "t"}, "<think>\nt\n</think>\n\na"),
        ({"content": "a", "reasoning": "t", "reasoning_content": "u"}, "<think>\nt\n</think>\n\na"),
        ({"content": "a", "reasoning_details": [{"type": "reasoning.text", "text": "t"}]}, "<think>\nt\n</think>\n\na"),
        ({"content": None, "reasoning": "t"}, "<think>\nt\n</think>\n\n"),
        ({"content": None}, ""),
        ({"content": [{"type": "text", "text": "a"}]}, "a"),
        ({"content": "a", "reasoning": "t</think>u"}, "<think>\nt\nu\n</think>\n\na"),
        ({"content": "</think>a", "reasoning": "t"}, "<think>\nt\n</think>\n\na"),
        ({"content": "<think></think>a", "reasoning": "t"}, "<think>\nt\n</think>\n\na"),
        ({"content": "<think>u</think>a", "reasoning": "t"}, "<think>u</think>a"),
        ({"content": "<think>u", "reasoning": "t"}, "<think>u"),
        ({"content": "a", "reasoning": " ", "reasoning_content": "t"}, "<think>\nt\n</think>\n\na"),
        ({"content": "a", "reasoning": "◁think▷t◁/think▷"}, "<think>\nt\n</think>\n\na"),
        ({"content": "<|channel|>final<|message|>a<|return|>", "reasoning": "t"}, "<think>\nt\n</think>\n\na"),
        ({"content": [{"type": "thinking", "thinking": "t"}, {"type": "text", "text": "a"}]}, "<think>\nt\n</think>\n\na"),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}, {"text": "a"}]}, "<think>\nt\n</think>\n\na"),
        ({"content": "a", "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}, "a"),
        ({"content": "a", "reasoning_details": [{"type": "reasoning.summary", "summary": "t"}]}, "<think>\nt\n</think>\n\na"),
    ],
)
def test_message_of_any_server_becomes_one_text(message: dict[str, object], text: str) -> None:
    assert trace_of_message(message) == text
