"""The registry: one line a service, and a profile that uses them."""

from handlers.base.profile import load_profile
from handlers.registry import SERVICES
from ussd_menus.registry import MENUS


def test_services_are_listed_by_name_so_that_a_new_one_has_its_place() -> None:
    names = [service.name for service in SERVICES]
    assert names == sorted(names)


def test_every_service_that_people_can_reach_has_a_code_and_a_usage_text() -> None:
    profile = load_profile("kz")
    coded = {*profile.sms_services.values(), *profile.ussd_services.values()}
    reachable = {service.name for service in SERVICES if service.sms or service.ussd}
    by_menu = {menu.service for menu in MENUS if not menu.has_grammar}
    assert coded == reachable | (coded & by_menu)
    assert all(service.usage for service in SERVICES if service.name in reachable)


def test_only_the_service_that_takes_secret_codes_masks_all_digits() -> None:
    assert [service.name for service in SERVICES if service.secret_digits] == ["scratch_cards"]
