"""What a call costs: by the second, at the price of its time, rounded once for each price."""

from datetime import UTC, datetime
from fractions import Fraction
from itertools import groupby

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from rating.tariff import Segment, Tariff, TariffVersion, affordable_us, cost_tiyn, rated

S = 1_000_000
HOUR = 3600
#: The demo's prices: 15 and 7 KZT a minute.
COLLECT = Tariff("collect_call", (TariffVersion("1", 0, 1500),))
FRIENDS = Tariff("collect_call_friends", (TariffVersion("1", 0, 700),))
CHANGE_US = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * S
CHANGING = Tariff("t", (TariffVersion("1", 0, 1500), TariffVersion("2", CHANGE_US, 700)))


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    """One to four versions within the first two hours, some of them free."""
    starts = sorted(draw(st.sets(st.integers(0, 2 * HOUR * S), min_size=1, max_size=4)))
    return Tariff(
        "drawn",
        tuple(
            TariffVersion(
                str(number), start, draw(st.integers(0, 5000)), draw(st.sampled_from((1, 1, 1, 6, 60)))
            )
            for number, start in enumerate(starts)
        ),
    )


@st.composite
def tariffs_by_the_second(draw: st.DrawFn) -> Tariff:
    """The same with increments of a second, which begin and end with seconds."""
    starts = sorted(draw(st.sets(st.integers(0, 2 * HOUR), min_size=1, max_size=4)))
    versions = (
        TariffVersion(str(number), start * S, draw(st.integers(0, 5000)))
        for number, start in enumerate(starts)
    )
    return Tariff("drawn", tuple(versions))


MOMENTS = st.integers(0, 3 * HOUR * S)
DURATIONS = st.integers(0, 2 * HOUR * S)
WHOLE_S = st.integers(0, HOUR)


def half_up(value: Fraction) -> int:
    """Rounded to the nearest, halves upwards."""
    return int((value + Fraction(1, 2)) // 1)


def walked(tariff: Tariff, began_us: int, ended_us: int) -> list[tuple[str, int, int]]:
    """Version, seconds and cost of each run, found increment by increment as a clerk would."""
    increments, at_us = [], began_us
    while at_us < ended_us:
        version = [each for each in tariff.versions if each.from_us <= at_us or each is tariff.versions[0]][
            -1
        ]
        increments.append(version)
        at_us += version.increment_s * S
    runs = []
    for version, run in groupby(increments):
        seconds = len(list(run)) * version.increment_s
        runs.append((version.version, seconds, half_up(Fraction(seconds * version.per_minute_tiyn, 60))))
    return runs


class TestRated:
    @given(tariffs(), MOMENTS, DURATIONS)
    def test_is_what_a_clerk_finds_increment_by_increment(
        self, tariff: Tariff, began_us: int, duration_us: int
    ) -> None:
        segments = rated(tariff, began_us, began_us + duration_us)
        found = [(each.version, each.seconds, each.cost_tiyn) for each in segments]
        assert found == walked(tariff, began_us, began_us + duration_us)

    @given(tariffs(), MOMENTS, DURATIONS)
    def test_segments_follow_each_other_without_gap(
        self, tariff: Tariff, began_us: int, duration_us: int
    ) -> None:
        at_us = began_us
        for segment in rated(tariff, began_us, began_us + duration_us):
            assert segment.from_us == at_us
            assert tariff.at(at_us).version == segment.version
            at_us += segment.seconds * S
        assert at_us >= began_us + duration_us

    @given(tariffs(), MOMENTS, DURATIONS, DURATIONS)
    def test_cost_never_falls_with_duration(
        self, tariff: Tariff, began_us: int, shorter_us: int, more_us: int
    ) -> None:
        shorter = cost_tiyn(rated(tariff, began_us, began_us + shorter_us))
        assert shorter <= cost_tiyn(rated(tariff, began_us, began_us + shorter_us + more_us))

    @given(tariffs_by_the_second(), WHOLE_S, st.lists(st.integers(1, 900), min_size=1, max_size=8))
    def test_parts_differ_from_the_whole_by_no_more_than_their_roundings(
        self, tariff: Tariff, began_s: int, parts_s: list[int]
    ) -> None:
        """Each segment, of a part or of the whole, is half a tiyn off at most."""
        parts: list[Segment] = []
        at_us = began_s * S
        for part_s in parts_s:
            parts += rated(tariff, at_us, at_us + part_s * S)
            at_us += part_s * S
        whole = rated(tariff, began_s * S, at_us)
        assert abs(cost_tiyn(parts) - cost_tiyn(whole)) * 2 <= len(parts) + len(whole)
        assert sum(each.seconds for each in parts) == sum(each.seconds for each in whole)

    @given(MOMENTS, st.integers(1, 24 * HOUR * S))
    def test_a_friend_always_pays_less(self, began_us: int, duration_us: int) -> None:
        """services.md section 7: 7 KZT a minute with the caller on Friends, 15 without."""
        ended_us = began_us + duration_us
        assert cost_tiyn(rated(FRIENDS, began_us, ended_us)) < cost_tiyn(rated(COLLECT, began_us, ended_us))

    @pytest.mark.parametrize(
        ("duration_us", "seconds", "collect_tiyn", "friends_tiyn"),
        [
            (0, 0, 0, 0),
            (1, 1, 25, 12),
            (S, 1, 25, 12),
            (S + 1, 2, 50, 23),
            (3 * S, 3, 75, 35),
            (60 * S, 60, 1500, 700),
            (61 * S, 61, 1525, 712),
            (3600 * S, 3600, 90_000, 42_000),
        ],
    )
    def test_a_second_that_has_begun_counts(
        self, duration_us: int, seconds: int, collect_tiyn: int, friends_tiyn: int
    ) -> None:
        for tariff, cost in ((COLLECT, collect_tiyn), (FRIENDS, friends_tiyn)):
            segments = rated(tariff, CHANGE_US, CHANGE_US + duration_us)
            assert sum(each.seconds for each in segments) == seconds
            assert cost_tiyn(segments) == cost

    def test_a_call_that_ends_before_it_began_costs_nothing(self) -> None:
        assert rated(COLLECT, CHANGE_US, CHANGE_US - 5 * S) == ()


class TestTime:
    @pytest.mark.parametrize(
        "midnight",
        [
            datetime(2025, 3, 15, tzinfo=UTC),
            datetime(2025, 3, 1, tzinfo=UTC),
            datetime(2024, 3, 1, tzinfo=UTC),
        ],
        ids=["midnight", "month end", "end of February in a leap year"],
    )
    def test_a_call_across_it_is_one_segment(self, midnight: datetime) -> None:
        """Days and months do not cut a call: only a change of price does."""
        midnight_us = int(midnight.timestamp()) * S
        began_us = midnight_us - 20 * S
        assert rated(COLLECT, began_us, midnight_us + 13 * S) == (Segment("1", began_us, 33, 1500, 825),)

    def test_a_change_of_price_cuts_a_call_in_two(self) -> None:
        began_us = CHANGE_US - 20 * S
        assert rated(CHANGING, began_us, CHANGE_US + 13 * S) == (
            Segment("1", began_us, 20, 1500, 500),
            Segment("2", CHANGE_US, 13, 700, 152),
        )

    def test_a_second_is_priced_by_its_beginning(self) -> None:
        began_us = CHANGE_US - 1
        assert rated(CHANGING, began_us, began_us + 2 * S) == (
            Segment("1", began_us, 1, 1500, 25),
            Segment("2", began_us + S, 1, 700, 12),
        )

    def test_a_call_that_begins_with_the_new_price_knows_only_that(self) -> None:
        assert [each.version for each in rated(CHANGING, CHANGE_US, CHANGE_US + S)] == ["2"]

    def test_a_version_is_in_force_from_its_first_moment_on(self) -> None:
        assert [CHANGING.at(CHANGE_US + us).version for us in (-1, 0, 1)] == ["1", "2", "2"]

    def test_before_the_first_version_its_price_is_good_too(self) -> None:
        late = Tariff("late", (TariffVersion("1", CHANGE_US, 1500),))
        assert cost_tiyn(rated(late, 0, 60 * S)) == 1500
        assert late.at(0).version == "1"


class TestAffordable:
    @given(tariffs(), MOMENTS, DURATIONS, st.integers(-10, 300_000))
    def test_is_paid_for_and_one_increment_more_is_not(
        self, tariff: Tariff, began_us: int, duration_us: int, money_tiyn: int
    ) -> None:
        until_us = began_us + duration_us
        found_us = affordable_us(tariff, began_us, until_us, money_tiyn)
        assert began_us <= found_us <= until_us
        assert cost_tiyn(rated(tariff, began_us, found_us)) <= max(0, money_tiyn)
        if found_us < until_us:
            assert cost_tiyn(rated(tariff, began_us, found_us + 1)) > money_tiyn
            assert (found_us - began_us) % S == 0

    @given(tariffs(), MOMENTS, DURATIONS, st.integers(0, 100_000), st.integers(0, 100_000))
    def test_more_money_never_pays_for_less(
        self, tariff: Tariff, began_us: int, duration_us: int, money_tiyn: int, more_tiyn: int
    ) -> None:
        until_us = began_us + duration_us
        less_us = affordable_us(tariff, began_us, until_us, money_tiyn)
        assert less_us <= affordable_us(tariff, began_us, until_us, money_tiyn + more_tiyn)

    @pytest.mark.parametrize(
        ("money_tiyn", "seconds"),
        [(-1, 0), (0, 0), (24, 0), (25, 1), (49, 1), (1499, 59), (1500, 60), (9999, 60)],
    )
    def test_the_money_ends_at_a_whole_second(self, money_tiyn: int, seconds: int) -> None:
        found_us = affordable_us(COLLECT, CHANGE_US, CHANGE_US + 60 * S, money_tiyn)
        assert found_us == CHANGE_US + seconds * S

    @pytest.mark.parametrize(("per_minute", "money_tiyn"), [(30, 0), (90, 1)])
    def test_a_second_that_costs_half_a_tiyn_more_than_there_is_is_not_paid_for(
        self, per_minute: int, money_tiyn: int
    ) -> None:
        """Halves are rounded upwards, also where one asks what the money pays for."""
        tariff = Tariff("t", (TariffVersion("1", 0, per_minute),))
        assert affordable_us(tariff, CHANGE_US, CHANGE_US + 60 * S, money_tiyn) == CHANGE_US

    def test_a_free_call_needs_no_money(self) -> None:
        free = Tariff("free", (TariffVersion("1", 0, 0),))
        assert affordable_us(free, 5, 7 * S, -100) == 7 * S

    def test_no_time_at_all_is_no_time(self) -> None:
        assert affordable_us(COLLECT, 10 * S, 9 * S, 10_000) == 10 * S

    @given(tariffs(), MOMENTS, DURATIONS)
    def test_its_own_cost_pays_for_a_call(self, tariff: Tariff, began_us: int, duration_us: int) -> None:
        until_us = began_us + duration_us
        cost = cost_tiyn(rated(tariff, began_us, until_us))
        assume(cost)
        assert affordable_us(tariff, began_us, until_us, cost) == until_us


class TestRefused:
    @pytest.mark.parametrize(
        ("version", "per_minute", "increment"), [("", 1500, 1), ("1", -1, 1), ("1", 1500, 0)]
    )
    def test_a_version_that_prices_nothing(self, version: str, per_minute: int, increment: int) -> None:
        with pytest.raises(ValueError, match="a version has"):
            TariffVersion(version, 0, per_minute, increment)

    @pytest.mark.parametrize("starts", [(), (5, 5), (5, 4)])
    def test_versions_that_do_not_rise(self, starts: tuple[int, ...]) -> None:
        versions = tuple(TariffVersion(str(number), start, 1) for number, start in enumerate(starts))
        with pytest.raises(ValueError, match="a tariff has one version or more"):
            Tariff("t", versions)

    def test_two_versions_of_one_name(self) -> None:
        with pytest.raises(ValueError, match="each version once"):
            Tariff("t", (TariffVersion("1", 0, 1), TariffVersion("1", 5, 1)))
