from pipeline.models.window import FAULTS_TO_OPEN, FIRST, Breaker, Window


def run(window: Window, rounds: int, slots: int, *, second_s: float = 1.0, now_s: float = 0.0) -> float:
    """Rounds of a server that does so many requests at once in a second each, and queues the rest."""
    for _ in range(rounds):
        room = window.room
        for number in range(room):
            window.answered(now_s, now_s + second_s * (1 + number // slots), 100, room)
        now_s += second_s * (1 + (room - 1) // slots)
    return now_s


def test_a_server_with_room_gets_all_it_may_have_within_a_few_rounds() -> None:
    window = Window(256)
    assert window.room == 64
    run(window, 2, slots=10_000)
    assert window.room == 256


def test_a_server_that_may_get_little_is_begun_with_gently() -> None:
    assert [Window(most).room for most in (4, 64, 100, 1024)] == [4, FIRST, 25, 64]


def test_a_server_that_only_queues_is_not_given_ever_more() -> None:
    window = Window(1024)
    run(window, 60, slots=16)
    assert window.room < 128


def test_a_refusal_cuts_the_window_once_for_all_that_was_in_flight() -> None:
    window = Window(100, size=100)
    for sent_s in (1.0, 1.5, 1.9):
        window.refused(sent_s, 2.0)
    assert window.room == 70
    window.refused(2.5, 3.0)
    assert window.room == 49
    for _ in range(100):
        window.refused(4.0 + _, 4.0 + _)
    assert window.room == 1


def test_after_a_refusal_it_grows_by_one_a_round() -> None:
    window = Window(100, size=100)
    window.refused(0.0, 0.0)
    run(window, 1, slots=10_000, now_s=1.0)
    assert window.room <= 71


def test_many_faults_in_a_row_open_the_breaker_and_one_answer_between_them_does_not() -> None:
    breaker = Breaker()
    assert not any(breaker.failed(probe=False, dead=False) for _ in range(FAULTS_TO_OPEN - 1))
    breaker.succeeded()
    assert not any(breaker.failed(probe=False, dead=False) for _ in range(FAULTS_TO_OPEN - 1))
    assert breaker.failed(probe=False, dead=False)
    assert Breaker().failed(probe=False, dead=True)


def test_through_an_open_breaker_goes_one_probe_whose_answer_closes_it() -> None:
    breaker = Breaker()
    assert not breaker.sent()
    breaker.rest(10.0)
    assert not breaker.lets(9.9)
    assert breaker.lets(10.0)
    assert breaker.sent()
    assert not breaker.lets(10.0)
    assert breaker.failed(probe=True, dead=False)
    breaker.rest(20.0)
    assert not breaker.lets(19.0)
    assert breaker.lets(20.0)
    breaker.sent()
    breaker.succeeded()
    assert breaker.closed
    assert breaker.lets(20.0)
