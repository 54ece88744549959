"""Organizations, their people, subscriptions and vouchers through each client generation
(`drivers/organization_life.py`)."""

from datetime import date

import pytest

from generations import drive_all
from transcripts import done, on_the_wire, refused
from world import created

# Which generations know vouchers and a second factor: spec section 2.
WITH_VOUCHERS = ("4.5.0", "4.15.0")
WITH_SECOND_FACTOR = ("4.15.0",)


@pytest.fixture(scope="module")
def plans():
    """What each generation was given."""
    return {}


@pytest.fixture(scope="module")
def lives(world, server, plans):
    """The transcripts of all generations."""

    def plan(version):
        owner, member = world.person("owner"), world.person("member")
        code = world.name("CODE")
        created(world.operator.again().post("/operator/v1/vouchers", {
            "code": code, "description": "Voucher for workshop with GPUs", "subscription": "professional",
            "credits": 100.5, "max_redemptions": 1,
        }))
        plans[version] = {
            "host": f"{server.url}/v2.1",
            "owner_token": owner.token,
            "owner_email": owner.email,
            "member_token": member.token,
            "member_email": member.email,
            "operator_token": server.operator_token,
            "invited_email": f"{world.name('invited')}@people.example",
            "organization": world.name("org"),
            "voucher": code,
        }
        return plans[version]

    return drive_all("organization_life", plan, world.ledger)


@pytest.fixture
def life(lives, version):
    """The transcript of one generation."""
    return lives(version)


@pytest.fixture
def plan(life, plans, version):
    """What that generation was given."""
    return plans[version]


def test_a_plan_is_chosen_with_the_dates_that_it_needs(life):
    assert "subscription_end_date" in refused(life["create_without_end"], 400)
    assert "subscription_end_date" in refused(life["create_free_with_end"], 400)
    assert "subscription" in refused(life["create_on_no_plan"], 400)
    made = on_the_wire(life["create"], 201)
    assert (made["subscription"], made["subscription_end_date"]) == ("premium", "2098-12-31")
    assert made["status"] == "active"


def test_an_organization_is_listed_and_read(life, version):
    made = done(life["create"], 201)
    assert [item["id"] for item in done(life["list"], 200)] == [made["id"]]
    got = done(life["get"], 200)
    assert (got["id"], got["subscription"], got["status"]) == (made["id"], "premium", "active")
    if version in ("3.16.1", "4.0.0"):
        assert got["subscription_self_service"] is True


def test_who_is_no_member_does_not_see_it(life):
    refused(life["get_as_stranger"], 404)


def test_somebody_with_an_account_is_a_member_at_once_and_shown_as_what_was_invited(life, plan):
    added = done(life["add"], 201)
    assert (added["email"], added["admin"], added["status"]) == (plan["member_email"], False, "pending")
    assert (added["name"], life["add"]["body"]["join_date"]) == (None, None)
    assert "email" in refused(life["add_again"], 400)


def test_an_unknown_address_is_invited(life, plan):
    invited = done(life["invite"], 201)
    assert (invited["email"], invited["admin"], invited["status"]) == (plan["invited_email"], True, "pending")
    assert life["invite"]["body"]["join_date"] is None


def test_a_member_lists_the_users_and_an_admin_reads_one(life, plan):
    emails = [user["email"] for user in done(life["users"], 200)]
    assert sorted(emails) == sorted([plan["owner_email"], plan["member_email"], plan["invited_email"]])
    shown, added = done(life["user"], 200), done(life["add"], 201)
    assert [shown[field] for field in ("id", "email", "admin")] == [added[field] for field in ("id", "email", "admin")]
    for step in ("user_as_member", "add_as_member"):
        assert "admin" in refused(life[step], 403)
    refused(life["unknown_user"], 404)


def test_the_last_active_admin_stays(life):
    for step in ("demote_last_admin", "remove_last_admin"):
        assert "last active admin" in refused(life[step], 400)


def test_a_member_is_made_admin_and_admin_no_more(life, version):
    assert done(life["promote"], 200)["admin"] is True
    shown = done(life["user_as_admin"], 200)
    # The calls in between have long been theirs: they have joined.
    assert (shown["admin"], shown["status"]) == (True, "active")
    if version == "4.15.0":
        assert abs((date.today() - date.fromisoformat(shown["join_date"])).days) <= 1
    assert done(life["demote"], 200)["admin"] is False


def test_an_invitation_is_taken_back(life, plan):
    assert life["uninvite"]["status"] == 204
    emails = [user["email"] for user in done(life["users_in_the_end"], 200)]
    assert plan["invited_email"] not in emails


def test_only_the_operator_changes_a_subscription(life):
    assert "only the operator" in refused(life["subscribe_as_owner"], 403)
    assert "subscription_start_date" in refused(life["subscribe_without_start"], 400)
    assert done(life["subscribe"], 200)["subscription"] == "professional"
    assert life["subscribe"]["body"]["subscription_start_date"] == "2025-01-31"


def test_a_subscription_is_scheduled_and_its_end_is_cleared(life):
    assert done(life["schedule"], 200)["subscription"] == "professional"
    scheduled = {"subscription": "free", "subscription_start_date": "2098-12-31", "subscription_end_date": None}
    assert life["schedule"]["body"]["scheduled_subscription"] == scheduled
    assert on_the_wire(life["clear_end"], 200)["subscription_end_date"] is None


def test_an_ended_subscription_refuses_new_work_until_it_is_renewed(life):
    assert done(life["get_ended"], 200)["status"] == "inactive"
    assert "subscription has ended" in refused(life["project_when_ended"], 403)
    assert done(life["renew"], 200)["status"] == "active"
    done(life["project"], 201)


@pytest.mark.parametrize("version", WITH_VOUCHERS)
def test_a_voucher_is_read_and_redeemed_as_often_as_it_allows(life):
    assert done(life["voucher"], 200) == {"description": "Voucher for workshop with GPUs"}
    refused(life["voucher_unknown"], 404)
    founded = on_the_wire(life["redeem"], 201)
    assert (founded["subscription"], founded["subscription_end_date"]) == ("professional", None)
    assert "voucher" in refused(life["redeem_used_up"], 400)


@pytest.mark.parametrize("version", WITH_SECOND_FACTOR)
def test_a_second_factor_cannot_be_forced(life):
    assert "not supported" in refused(life["two_factors"], 400)


def test_a_renamed_organization_is_the_same_with_its_people_and_projects(life, plan):
    refused(life["rename_as_member"], 403)
    renamed = done(life["rename"], 200)
    assert (renamed["id"], renamed["name"]) == (life["create"]["value"]["id"], plan["organization"] + "-renamed")
    refused(life["get_old_name"], 404)
    assert done(life["project_after_rename"], 200)["organization_name"] == plan["organization"] + "-renamed"
    assert len(done(life["users_after_rename"], 200)) == 2


def test_who_leaves_sees_it_no_more(life):
    assert life["remove"]["status"] == 204
    refused(life["get_after_removal"], 404)
