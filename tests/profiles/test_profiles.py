"""Profiles: the one that is shipped, and everything that is refused, all at once."""

import dataclasses
from importlib import resources

import pytest

from handlers.base.profile import Profile, ProfileError, load_profile, parse_profile, profile_names
from handlers.base.profile_fields import FIELDS
from rating.subscriber import Brand

#: What an empty profile lacks besides single values.
TABLES = ("services", "channels", "tariffs", "vat", "parking.brands", "parking.zones", "parking.price")
GOOD = (resources.files("profiles") / "kz.toml").read_text("utf-8")


def problems(text: str) -> tuple[str, ...]:
    """What is wrong with a profile of this text."""
    with pytest.raises(ProfileError) as caught:
        parse_profile("test", text)
    return caught.value.problems


def changed(old: str, new: str) -> str:
    """The shipped profile with one change."""
    assert old in GOOD
    return GOOD.replace(old, new)


class TestShipped:
    def test_has_the_operators_data(self) -> None:
        profile = load_profile("kz")
        assert profile.prefixes == {"701", "702", "775", "778"}
        assert profile.timezone == "Asia/Almaty"
        assert profile.sms_services.items() >= {"9393": "scratch_cards", "6000": "account_basics"}.items()
        assert profile.ussd_services.items() >= {"*110": "scratch_cards", "*100": "account_basics"}.items()

    def test_has_the_rules_of_scratch_cards(self) -> None:
        profile = load_profile("kz")
        assert profile.voucher_face_values_tiyn == (50_000, 100_000, 200_000, 500_000)
        assert (profile.voucher_code_digits, profile.voucher_validity_days) == (13, 365)
        lock = (profile.voucher_wrong_codes_max, profile.voucher_wrong_window_s, profile.voucher_lock_s)
        assert lock == (5, 3600, 3600)

    def test_has_the_times_of_messages(self) -> None:
        profile = load_profile("kz")
        assert (profile.sms_validity_s, profile.ussd_dialogue_s) == (3 * 86_400, 60)

    def test_has_the_rules_of_autopay(self) -> None:
        profile = load_profile("kz")
        assert (profile.autopay_hour, profile.autopay_rules_max) == (10, 10)
        assert (profile.autopay_min_tiyn, profile.autopay_max_tiyn) == (10_000, 5_000_000)
        assert (profile.autopay_retry_s, profile.autopay_failures_max) == (3600, 3)

    def test_has_the_numbers_that_are_called(self) -> None:
        profile = load_profile("kz")
        assert profile.voice_services == {
            "9393": "scratch_cards",
            "7000": "bank_phone",
            "77272585333": "bank_phone",
        }
        assert profile.voice_prefixes == {"000": "collect_call"}
        assert profile.voice_call_back_from == "+000"
        assert profile.sms_code_of("collect_lists") == "6010"
        assert profile.ussd_services["*133"] == "collect_call"

    def test_has_the_times_of_voice(self) -> None:
        profile = load_profile("kz")
        assert (profile.voice_answer_s, profile.voice_prompt_s, profile.voice_name_s) == (30, 10, 5)
        assert (profile.voice_reconnect_s, profile.voice_chunk_s) == (10, 60)

    def test_has_the_rules_of_collect_calls_and_of_the_bank_by_phone(self) -> None:
        profile = load_profile("kz")
        refused = (profile.collect_refused_hour_max, profile.collect_refused_day_max)
        assert (profile.collect_list_max, refused, profile.collect_suspended_s) == (50, (10, 30), 3600)
        assert (profile.bank_phone_min_tiyn, profile.bank_phone_wrong_max) == (10_000, 3)
        assert profile.bank_phone_lock_s == 86_400

    def test_has_the_rules_of_parking(self) -> None:
        """services.md section 8: 100 KZT an hour, 15 minutes for paying, ten areas in the source's order."""
        profile = load_profile("kz")
        times = (profile.parking_confirm_s, profile.parking_reminder_s, profile.parking_grace_s)
        assert (times, profile.parking_hours_max) == ((600, 600, 900), 24)
        assert profile.parking_brands == {Brand.ACTIV}
        assert [price.per_hour_tiyn for price in profile.parking_prices] == [10_000]
        assert list(profile.parking_zones) == [str(number) for number in range(1001, 1011)]
        assert profile.parking_zones["1006"].name == "City Administration"
        assert profile.parking_zones["1010"].block == "Zhibek Zholy (between Pushkin and Konaev)"

    def test_a_profile_made_by_hand_has_the_times_of_the_shipped_one(self) -> None:
        shipped, fields = load_profile("kz"), dataclasses.fields(Profile)
        defaults = {
            each.name: each.default
            for each in fields
            if each.name.startswith(("voice_", "collect_", "bank_phone_", "parking_"))
            and each.default is not dataclasses.MISSING
            and each.name not in {"parking_prices", "parking_owner_email"}
        }
        assert len(defaults) == 19
        assert {name: getattr(shipped, name) for name in defaults} == defaults

    def test_names_the_short_code_of_a_service(self) -> None:
        profile = load_profile("kz")
        assert (profile.sms_code_of("scratch_cards"), profile.sms_code_of("nothing")) == ("9393", "")

    def test_every_profile_can_be_loaded(self) -> None:
        assert [load_profile(name).name for name in profile_names()] == list(profile_names()) == ["kz"]


class TestRefused:
    @pytest.mark.parametrize(
        ("old", "new", "problem"),
        [
            ('sms = ["6000"]', 'sms = ["6000", "9393"]', "9393 leads to scratch_cards and to account_basics"),
            ('ussd = ["*100"]', 'ussd = ["*110"]', "*110 leads to scratch_cards and to account_basics"),
            (
                'sms = ["6000"]',
                'sms = ["6000", "6000"]',
                "6000 leads to account_basics and to account_basics",
            ),
            ('ussd = ["*100"]', 'ussd = ["*100#"]', "'*100#' is no code"),
            ('sms = ["6000"]', 'sms = ["77011234567"]', "'77011234567' is no code"),
            ('sms = ["6000"]', "sms = [6000]", "6000 is no code"),
            ('sms = ["6000"]', 'fax = ["6000"]', "unknown key services.account_basics.fax"),
            ('"Asia/Almaty"', '"Asia/Nowhere"', "timezone must be"),
            ('"Asia/Almaty"', '"../etc/passwd"', "timezone must be"),
            ('"Asia/Almaty"', "5", "timezone must be"),
            ('country_code = "7"', "country_code = 7", "country_code must be"),
            ('"778"]', '"7780"]', "prefixes must be"),
            ('"778"]', '"701"]', "prefixes names a prefix twice"),
            ("[500, ", "[5000, ", "vouchers.face_values_kzt must rise"),
            ("[500, ", "[-500, ", "vouchers.face_values_kzt must be"),
            ("code_digits = 13", "code_digits = 7", "vouchers.code_digits must be"),
            ("code_digits = 13", "code_digits = true", "vouchers.code_digits must be"),
            ("lock_s = 3600", "lock_s = 1.5", "vouchers.lock_s must be"),
            ("lock_s = 3600", "", "vouchers.lock_s is missing"),
            ("hour = 10", "hour = 24", "autopay.hour must be a whole number from 0 to 23"),
            ("rules_max = 10", "rules_max = 98", "autopay.rules_max must be"),
            ("[messages]", "[messagess]", "messages.sms_validity_s is missing"),
            ("[messages]", "[messages]\ncolour = 1", "unknown key messages.colour"),
            ("postpaid_credit_limit_kzt = 10000", "postpaid_credit_limit_kzt = -1", "must be a whole amount"),
            ("amount_max_kzt = 1000000", "amount_max_kzt = -1", "payments.amount_max_kzt must be"),
            ("[channels.kaspi]", "[channels.Kaspi]", "channels.Kaspi must be named like"),
            ('voice = ["9393"]', 'voice = ["7000"]', "7000 leads to scratch_cards and to bank_phone"),
            ('voice = ["9393"]', 'voice = ["*110"]', '\'*110\' is no code; write it like "9393" or "000{nu'),
            ('voice = ["9393"]', 'voice = ["77011234567"]', "77011234567 is a subscriber's number"),
            ('voice = ["9393"]', 'voice = ["0001"]', "0001 begins like 000{number}"),
            ('voice = ["9393"]', 'voice = ["00{number}"]', "000 begins like 00{number}"),
            ('"000{number}"', '"000{what}"', "'000{what}' is no code"),
            ('call_back_from = "+000"', "call_back_from = 0", "voice.call_back_from must be digits"),
            ("chunk_s = 60", "chunk_s = 0", "voice.chunk_s must be a whole number from 1"),
            ("list_max = 50", "list_max = 0", "collect_call.list_max must be"),
            ("wrong_max = 3", "", "bank_phone.wrong_max is missing"),
            ('brands = ["activ"]', 'brands = ["beeline"]', "parking.brands must be a list of some of activ"),
            ('brands = ["activ"]', 'brands = ["activ", "activ"]', "activ, kcell, each once"),
            ('brands = ["activ"]', "brands = [[]]", "parking.brands must be"),
            ('brands = ["activ"]', "", "parking.brands is missing"),
            ("hours_max = 24", "hours_max = 0", "parking.hours_max must be a whole number from 1"),
            (
                "per_hour_kzt = 100",
                "per_hour_kzt = 0",
                "parking.price[1].per_hour_kzt must be a whole amount",
            ),
            ("per_hour_kzt = 100", "", "parking.price[1].per_hour_kzt is missing"),
            ("fine_kzt = 6000", "fine_kzt = 0.5", "parking.price[1].fine_kzt must be"),
            ("[[parking.price]]", "[parking.price]", "parking.price is missing"),
            ("[parking.zones.1001]", "[parking.zones.A1]", "parking.zones.A1 must be numbered like 1001"),
            ('name = "Green market"', "", "parking.zones.1001.name is missing"),
            ('name = "Green market"', 'colour = "green"', "unknown key parking.zones.1001.colour"),
            ('name = "City Administration"', 'name = ""', "parking.zones.1006.name must be a text"),
        ],
    )
    def test_says_what_is_wrong(self, old: str, new: str, problem: str) -> None:
        found = problems(changed(old, new))
        assert any(problem in each for each in found), found

    def test_a_code_given_twice_as_a_key_is_no_toml(self) -> None:
        assert "not valid TOML" in problems(GOOD + '\n[services.scratch_cards]\nsms = ["9393"]\n')[0]

    @pytest.mark.parametrize("services", ["services = 5", "", "[services]\na = 5", '[services.a]\nsms = "1"'])
    def test_services_of_another_shape_are_refused(self, services: str) -> None:
        head, _, rest = GOOD.partition("[services.scratch_cards]")
        rest = rest[rest.index("[vouchers]") :]
        text = (
            f"{services}\n{head}{rest}" if services.startswith("services =") else f"{head}{services}\n{rest}"
        )
        assert any("services" in each for each in problems(text))

    def test_all_problems_come_at_once(self) -> None:
        found = problems(changed("code_digits = 13", "code_digits = 1").replace('"Asia/Almaty"', '"X"'))
        assert len(found) == 2

    def test_an_empty_profile_names_all_that_is_missing(self) -> None:
        assert len(problems("")) == len(FIELDS) + len(TABLES)

    @pytest.mark.parametrize("name", ["mars", "../kz", "", "kz.toml"])
    def test_an_unknown_name_lists_the_profiles_there_are(self, name: str) -> None:
        with pytest.raises(ProfileError, match="there are kz"):
            load_profile(name)
