"""The cars of the benchmarks are ones that the product parks."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.bench.parking_cars import area_of, plate_of, start_text
from handlers.base.plates import read_plate
from handlers.base.profile import load_profile

_CARS = 26**3 * 1_000
cars = st.integers(0, _CARS - 1)


@given(cars, cars)
def test_each_car_has_a_plate_of_its_own_that_is_kept_as_it_is_written(one: int, other: int) -> None:
    assert read_plate(plate_of(one)) == plate_of(one)
    assert (plate_of(one) == plate_of(other)) == (one == other)


def test_cars_stand_on_all_places_in_turn() -> None:
    zones = load_profile("kz").parking_zones
    assert {area_of(number) for number in range(len(zones))} == set(zones)


@given(cars)
def test_a_start_asks_for_an_hour_in_the_same_number_of_octets(number: int) -> None:
    assert start_text(number) == f"{area_of(number)}*{plate_of(number)}*1".encode()
    assert len(start_text(number)) == len(start_text(0))
