"""The token bucket of an account."""

from gateway.throughput import Throughput


def test_no_limit_admits_everything() -> None:
    throughput = Throughput(0, lambda: 0.0)
    assert all(throughput.admits() for _ in range(10_000))


def test_a_second_holds_its_worth_and_no_more() -> None:
    now = [100.0]
    throughput = Throughput(5, lambda: now[0])
    assert [throughput.admits() for _ in range(7)] == [True] * 5 + [False] * 2
    now[0] += 0.2
    assert [throughput.admits() for _ in range(2)] == [True, False]
    now[0] += 3600
    assert sum(throughput.admits() for _ in range(100)) == 5
