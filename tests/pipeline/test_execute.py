"""Execution: only what is not stored is done, and what fails stops itself and nothing else."""

import dataclasses
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.execute import execute
from pipeline.graph import Graph
from pipeline.run_local import LocalRunner
from pipeline.step import Context, Fan, Read, Step
from pipeline.store import Store
from schemas.errors import UsageError, WiringError
from schemas.example import Example
from tests.fixtures.toy_graph import Counted, Letters, Plain, Total, add, done, measure, run, split, total, toy_graph, words

A = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu"
B = "one two three four five six seven eight nine ten eleven twelve"


@pytest.fixture
def files(tmp_path: Path) -> dict[Path, str]:
    return words(tmp_path / "files", a=A, b=B)


def test_a_graph_is_done_once_and_then_found(tmp_path: Path, files: dict[Path, str]) -> None:
    graph = toy_graph(files)
    first = run(graph, tmp_path / "store")
    assert first.errors == []
    assert len(first.prefixes) > 2
    assert len(first.groups) > 1
    shards = len(first.prefixes)
    assert done(first) == {
        "ingest[w]": 2,
        "partition": 1,
        "gather": shards,
        "measure": shards,
        "count": 1,
        "join": shards,
        "total": len(first.groups),
    }
    again = run(graph, tmp_path / "store")
    assert done(again) == {}
    assert again.outputs == first.outputs
    assert {name: ran.cached for name, ran in again.ran.items()} == done(first)
    assert {name: ran.rows for name, ran in again.ran.items()} == {name: ran.rows for name, ran in first.ran.items()}


def test_every_row_of_every_file_reaches_one_shard(tmp_path: Path, files: dict[Path, str]) -> None:
    execution = run(toy_graph(files), tmp_path / "store")
    store = Store(tmp_path / "store")
    found = [word for ref in execution.refs("measure", "letters") for word in store.read(ref)["word"].to_pylist()]
    assert sorted(found) == sorted((A + " " + B).split())
    assert [store.read(ref)["words"].to_pylist() for ref in execution.refs("count", "counts")] == [
        [ref.rows] for ref in execution.refs("measure", "letters")
    ]


def test_only_the_lost_unit_is_done_again_whichever_file_is_deleted(tmp_path: Path) -> None:
    graph = toy_graph(words(tmp_path / "files", a=A[:20], b=B[:20]))
    first = run(graph, tmp_path / "store")
    whole = {path: path.read_bytes() for path in Store(tmp_path / "store").entries()}
    for path in whole:
        path.unlink()
        again = run(graph, tmp_path / "store")
        assert done(again) == {("ingest[w]" if path.parent.name == "ingest" else path.parent.name): 1}
        assert again.outputs == first.outputs
        assert {path: path.read_bytes() for path in Store(tmp_path / "store").entries()} == whole


def test_a_damaged_file_is_done_again(tmp_path: Path, files: dict[Path, str]) -> None:
    graph = toy_graph(files)
    run(graph, tmp_path / "store")
    path = next(path for path in Store(tmp_path / "store").entries() if path.parent.name == "join")
    path.write_bytes(path.read_bytes()[:-9])
    assert done(run(graph, tmp_path / "store")) == {"join": 1}


def test_an_equal_output_of_a_changed_step_reruns_nothing_behind_it(tmp_path: Path, files: dict[Path, str]) -> None:
    shards = len(run(toy_graph(files), tmp_path / "store").prefixes)
    changed = run(toy_graph(files, measure=Plain(cap=1000)), tmp_path / "store")
    assert done(changed) == {"measure": shards}


def test_a_changed_shard_reruns_only_what_reads_it(tmp_path: Path, files: dict[Path, str]) -> None:
    graph = toy_graph(files)
    shards = len(run(graph, tmp_path / "store").prefixes)
    cut = run(toy_graph(files, measure=Plain(cap=6)), tmp_path / "store")
    assert done(cut)["measure"] == shards
    assert 0 < done(cut)["join"] <= shards


def test_a_row_more_in_one_file_moves_only_the_shards_that_it_meets(tmp_path: Path, files: dict[Path, str]) -> None:
    first = run(toy_graph(files, max_rows=8), tmp_path / "store")
    more = words(tmp_path / "files", a=A, b=B + " sixty")
    second = run(toy_graph(more, max_rows=8), tmp_path / "store")
    assert second.ran["ingest[w]"].done == 1
    assert second.ran["measure"].done <= 1 + abs(len(second.prefixes) - len(first.prefixes))
    assert second.ran["join"].done <= 1 + abs(len(second.prefixes) - len(first.prefixes))


def test_a_shard_that_splits_reruns_no_group_that_it_is_not_in(tmp_path: Path) -> None:
    few = words(tmp_path / "files", a=A, b=B)
    first = run(toy_graph(few, group_bytes=1), tmp_path / "store")
    more = words(tmp_path / "files", a=A + " extra", b=B)
    second = run(toy_graph(more, group_bytes=1), tmp_path / "store")
    assert set(second.groups) != set(first.groups) or len(second.prefixes) == len(first.prefixes)
    assert second.ran["total"].done <= len(set(second.groups) - set(first.groups)) + 1
    assert len(second.groups) > 3


def test_a_reduce_may_write_a_table_beside_those_it_cuts(tmp_path: Path, files: dict[Path, str]) -> None:
    lengths = Read("letters", "measure", "letters")
    whole = Read("totals", "split", "total", whole=True)
    extra = (
        Step("split", 1, Fan.REDUCE, split, Plain(), (lengths,), {"counts": Counted, "total": Total}),
        Step("add", 1, Fan.MAP, add, Plain(), (lengths, whole), {"letters": Letters}),
        Step("add[files]", 1, Fan.MAP, add, Plain(), (Read("letters", "names", "letters"), whole), {"letters": Letters}),
        Step("sum", 1, Fan.REDUCE, total, Plain(), (Read("letters", "add", "letters"),), {"total": Total}),
    )
    names = Step(
        "names", 1, Fan.MAP, measure, Plain(), (Read("examples", "ingest[w]", "examples", (Example.question,)),), {"letters": Letters}
    )
    graph = toy_graph(files, extra=(names, *extra))
    execution = run(graph, tmp_path / "store")
    assert execution.errors == []
    assert done(execution) | {"add": len(execution.prefixes), "add[files]": 2, "split": 1} == done(execution)
    store = Store(tmp_path / "store")
    letters = sum(len(word) for word in (A + " " + B).split())
    assert store.read(execution.outputs["split"][0]["total"])["total"].to_pylist() == [letters]
    assert store.read(execution.outputs["sum"][0]["total"])["total"].to_pylist() == [letters * len((A + " " + B).split())]
    assert done(run(graph, tmp_path / "store")) == {}


def test_another_version_reruns_the_step(tmp_path: Path, files: dict[Path, str]) -> None:
    graph = toy_graph(files)
    run(graph, tmp_path / "store")
    bumped = Graph(
        tuple(dataclasses.replace(step, version=2) if step.name == "total" else step for step in graph.steps), graph.part_digests
    )
    assert set(done(run(bumped, tmp_path / "store"))) == {"total"}


def test_needs_are_no_part_of_an_identity(tmp_path: Path, files: dict[Path, str]) -> None:
    graph = toy_graph(files)
    run(graph, tmp_path / "store")
    other = Graph(
        tuple(dataclasses.replace(step, needs=dataclasses.replace(step.needs, cpus=3.0, in_flight=9)) for step in graph.steps),
        graph.part_digests,
    )
    assert done(run(other, tmp_path / "store")) == {}


def wired(*steps: Step) -> Graph:
    return Graph(steps, {})


def step(name: str, *reads: Read, fan: Fan = Fan.MAP) -> Step:
    return Step(name, 1, fan, measure, Plain(), reads, {"letters": Letters})


def test_wiring_errors_name_every_read_that_nothing_writes() -> None:
    lead = step("a", fan=Fan.FILES)
    graph = wired(lead, step("b", Read("x", "nowhere", "letters"), Read("y", "a", "other"), Read("z", "a", "letters", ("word", "colour"))))
    with pytest.raises(WiringError) as caught:
        graph.check()
    for said in ("b reads letters of nowhere", "b reads other of a", "b reads colour of a"):
        assert said in str(caught.value)


def test_a_step_may_read_only_earlier_ones_and_not_itself() -> None:
    for graph in (wired(step("a", Read("x", "b", "letters")), step("b", fan=Fan.FILES)), wired(step("a", Read("x", "a", "letters")))):
        with pytest.raises(WiringError, match="no earlier step writes"):
            graph.check()


def test_two_steps_of_one_name_are_refused() -> None:
    with pytest.raises(WiringError, match="two steps are called a"):
        wired(step("a", fan=Fan.FILES), step("a", fan=Fan.FILES)).check()


def test_nothing_runs_in_a_graph_that_does_not_fit_together(tmp_path: Path, files: dict[Path, str]) -> None:
    graph = toy_graph(files, extra=(step("late", Read("x", "nowhere", "letters")),))
    with pytest.raises(WiringError):
        run(graph, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_until_keeps_a_step_and_what_it_needs(files: dict[Path, str]) -> None:
    graph = toy_graph(files)
    assert [step.name for step in graph.until("measure").steps] == ["ingest[w]", "partition", "gather", "measure"]
    assert [step.name for step in graph.until("ingest").steps] == ["ingest[w]"]
    assert [step.name for step in graph.until("ingest[w]").steps] == ["ingest[w]"]
    assert len(graph.until("total").steps) == len(graph.steps)
    with pytest.raises(UsageError, match=r"no step polish.*ingest\[w\], partition"):
        graph.until("polish")


def test_a_build_may_stop_at_a_step_and_go_on(tmp_path: Path, files: dict[Path, str]) -> None:
    graph = toy_graph(files)
    part = run(graph.until("measure"), tmp_path / "store")
    assert set(done(part)) == {"ingest[w]", "partition", "gather", "measure"}
    assert set(done(run(graph, tmp_path / "store"))) == {"count", "join", "total"}


def test_a_dry_run_does_nothing_and_knows_what_it_can(tmp_path: Path, files: dict[Path, str]) -> None:
    graph = toy_graph(files)
    dry = run(graph, tmp_path / "store", dry=True)
    assert not (tmp_path / "store").exists()
    assert dry.ran["ingest[w]"].left == 2
    assert {name: ran.units for name, ran in dry.ran.items() if name != "ingest[w]" and ran.units} == {}
    run(graph.until("gather"), tmp_path / "store")
    half = run(graph, tmp_path / "store", dry=True)
    assert half.ran["measure"].left == len(half.prefixes) > 0
    assert half.ran["gather"].left == 0
    run(graph, tmp_path / "store")
    assert all(ran.left == 0 and ran.units == ran.cached for ran in run(graph, tmp_path / "store", dry=True).ran.values())


def test_the_watch_sees_every_unit_once_and_whether_it_was_stored(tmp_path: Path, files: dict[Path, str]) -> None:
    graph = toy_graph(files)
    seen: list[tuple[str, bool]] = []
    first = run(graph, tmp_path / "store", watch=lambda execution, work, cached: seen.append((work.unit, cached)))
    assert len(seen) == len(set(seen)) == sum(done(first).values())
    assert not any(cached for _, cached in seen)
    again: list[tuple[str, bool]] = []
    run(graph, tmp_path / "store", watch=lambda execution, work, cached: again.append((work.unit, cached)))
    assert sorted(again) == sorted((unit, True) for unit, _ in seen)


def test_a_map_follows_its_files_one_by_one(tmp_path: Path, files: dict[Path, str]) -> None:
    direct = Step("direct", 1, Fan.MAP, measure, Plain(), (Read("examples", "ingest[w]", "examples"),), {"letters": Letters})
    chained = Step("chained", 1, Fan.MAP, passes, Plain(), (Read("letters", "direct", "letters"),), {"letters": Letters})
    summed = Step("summed", 1, Fan.REDUCE, sums, Plain(), (Read("letters", "chained", "letters"),), {"total": Total})
    resummed = Step("resummed", 1, Fan.REDUCE, keeps, Plain(), (Read("total", "summed", "total"),), {"total": Total})
    whole = toy_graph(files, extra=(direct, chained, summed, resummed))
    labels: list[str] = []
    execution = run(whole.until("resummed"), tmp_path / "store", watch=lambda execution, work, cached: labels.append(work.unit))
    assert execution.errors == []
    assert {"direct a.txt", "direct b.txt", "chained a.txt", "chained b.txt", "summed", "resummed"} <= set(labels)
    assert Store(tmp_path / "store").read(execution.refs("resummed", "total")[0])["total"].to_pylist() == [
        sum(map(len, (A + B).split(" "))) - len("mu") - len("one") + 5
    ]
    more = words(tmp_path / "files", a=A + " omega", b=B)
    again = run(toy_graph(more, extra=(direct, chained, summed, resummed)).until("resummed"), tmp_path / "store")
    assert done(again) == {"ingest[w]": 1, "direct": 1, "chained": 1, "summed": 1, "resummed": 1}


def test_a_whole_read_gives_every_shard_all_of_the_other_step(tmp_path: Path, files: dict[Path, str]) -> None:
    whole = Read("all", "measure", "letters", (Letters.word, Letters.length), whole=True)
    beside = Step("beside", 1, Fan.MAP, stands_beside, Plain(), (Read("letters", "measure", "letters"), whole), {"letters": Letters})
    graph = toy_graph(files, max_rows=8, extra=(beside,))
    assert run(graph, tmp_path / "store", dry=True).ran["beside"].units == 0
    first = run(graph, tmp_path / "store")
    words_in_all = len((A + " " + B).split())
    store = Store(tmp_path / "store")
    assert [set(store.read(ref)["length"].to_pylist()) for ref in first.refs("beside", "letters")] == [{words_in_all}] * len(first.prefixes)
    assert run(graph, tmp_path / "store", dry=True).ran["beside"].cached == len(first.prefixes) > 1
    more = words(tmp_path / "files", a=A, b=B + " sixty")
    again = run(toy_graph(more, max_rows=8, extra=(beside,)), tmp_path / "store")
    assert again.ran["measure"].done < len(again.prefixes) == again.ran["beside"].done


def test_a_whole_read_of_other_files_is_waited_for_by_every_shard(tmp_path: Path, files: dict[Path, str]) -> None:
    held = words(tmp_path / "held", c="these are held", d="and these too")
    more = toy_graph(held).steps[0]
    apart = dataclasses.replace(more, name="ingest[held]")
    direct = Step("direct", 1, Fan.MAP, measure, Plain(), (Read("examples", "ingest[held]", "examples"),), {"letters": Letters})
    whole = Read("all", "direct", "letters", (Letters.word, Letters.length), whole=True)
    beside = Step("beside", 1, Fan.MAP, stands_beside, Plain(), (Read("letters", "measure", "letters"), whole), {"letters": Letters})
    graph = toy_graph(files, extra=(beside,))
    graph = Graph((apart, direct, *graph.steps), {**graph.part_digests, **toy_graph(held).part_digests})
    first = run(graph, tmp_path / "store", workers=2)
    assert first.errors == []
    assert {word for ref in first.refs("beside", "letters") for word in Store(tmp_path / "store").read(ref)["length"].to_pylist()} == {6}
    assert done(run(graph, tmp_path / "store")) == {}


def test_what_another_read_names_is_read_beside_it() -> None:
    lead = step("a", fan=Fan.FILES)
    named = Read("x", "a", "letters", named_by="y")
    for reads, fan in (((named,), Fan.MAP), ((named, Read("y", "a", "letters")), Fan.REDUCE)):
        with pytest.raises(WiringError, match="b reads of letters what y names, which it does not read"):
            wired(lead, step("b", *reads, fan=fan)).check()
    wired(lead, step("b", named, Read("y", "a", "letters"))).check()


def test_a_whole_read_stands_beside_a_shard_of_a_map() -> None:
    lead = step("a", fan=Fan.FILES)
    for graph in (
        wired(lead, step("b", Read("x", "a", "letters", whole=True))),
        wired(lead, step("b", Read("x", "a", "letters"), Read("y", "a", "letters", whole=True), fan=Fan.REDUCE)),
    ):
        with pytest.raises(WiringError, match="b reads a whole table beside no shard of its own"):
            graph.check()


def stands_beside(letters: pa.Table, all: pa.Table, recipe: Plain) -> dict[str, pa.Table]:
    return {"letters": letters.set_column(1, Letters.length.field(), pa.array([all.num_rows] * letters.num_rows, pa.int32()))}


def passes(letters: object, recipe: Plain) -> dict[str, object]:
    return {"letters": letters}


def sums(letters: object, recipe: Plain) -> dict[str, object]:
    return dict(total(letters, recipe))  # type: ignore[arg-type]


def keeps(total: object, recipe: Plain) -> dict[str, object]:
    return {"total": total.drop_columns(["_shard"])}  # type: ignore[attr-defined]


def test_the_outputs_of_a_reduce_are_cut_by_shard_in_order(tmp_path: Path, files: dict[Path, str]) -> None:
    execution = run(toy_graph(files), tmp_path / "store")
    names = sorted(path.name.split(".")[1] for path in (tmp_path / "store" / "count").iterdir())
    assert names == [f"counts-{shard:05d}" for shard in range(len(execution.prefixes))]
    assert all("_shard" not in Store(tmp_path / "store").read(ref).column_names for ref in execution.refs("count", "counts"))


def test_a_group_reads_the_shards_of_its_subtree(tmp_path: Path, files: dict[Path, str]) -> None:
    execution = run(toy_graph(files), tmp_path / "store")
    store = Store(tmp_path / "store")
    lengths = [sum(store.read(ref)["length"].to_pylist()) for ref in execution.refs("join", "letters")]
    for group, ref in zip(execution.groups, execution.refs("total", "total"), strict=True):
        expected = sum(
            length for prefix, length in zip(execution.prefixes, lengths, strict=True) if group == "all" or prefix.startswith(group)
        )
        assert store.read(ref)["total"].to_pylist() == [expected]


def test_later_steps_go_first(tmp_path: Path, files: dict[Path, str]) -> None:
    order: list[str] = []
    store = Store(tmp_path / "store")
    runner = LocalRunner(store, Context(tmp_path, tmp_path), 0)
    aside = Step("aside", 1, Fan.MAP, measure, Plain(salt=3), (Read("examples", "gather", "examples"),), {"letters": Letters})
    execute(toy_graph(files, extra=(aside,)), store, runner, lambda execution, work, cached: order.append(work.step.name))
    runner.close()
    first_gather, first_aside = order.index("gather"), order.index("aside")
    assert order[first_gather + 1] == "aside"
    assert first_aside < len(order) - order[::-1].index("gather") - 1
