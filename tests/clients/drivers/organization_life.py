"""Organizations, their people, subscriptions and vouchers through one of the real clients.

Plan: `host`, `owner_token` and `owner_email`, `member_token` and `member_email` (an account that is in nothing yet),
`operator_token`, `invited_email` (nobody's address), `organization` (a name that is free), `voucher` (a code).
"""

import datetime

import ubiops
from transcript import Transcript, configuration, core_api, knows, read_plan

# Far enough that no run outlives it, and on the last day of a month.
END = datetime.date(2098, 12, 31)


def main():
    plan = read_plan()
    with Transcript() as record:
        run(plan, record)


def run(plan, record):
    """The steps, in order."""
    known = {
        "voucher": knows("OrganizationCreate", "voucher"),
        "two_factors": knows("OrganizationUpdate", "two_factor_authentication_forced"),
    }
    record.note("knows", known)
    owner = core_api(configuration(plan["host"], plan["owner_token"]))
    member = core_api(configuration(plan["host"], plan["member_token"]))
    operator = core_api(configuration(plan["host"], plan["operator_token"]))
    literal = core_api(configuration(plan["host"], plan["operator_token"], client_side_validation=False))

    create(record, owner, plan)
    people(record, owner, member, plan)
    subscription(record, owner, operator, literal, plan)
    if known["voucher"]:
        vouchers(record, owner, plan)
    if known["two_factors"]:
        record.call("two_factors", owner, "organizations_update", plan["organization"],
                    ubiops.OrganizationUpdate(two_factor_authentication_forced=True))
    rename(record, owner, member, plan)


def create(record, owner, plan):
    """On an open plan, which needs an end date; `free` has none."""
    name = plan["organization"]
    record.call("create_without_end", owner, "organizations_create",
                ubiops.OrganizationCreate(name=name, subscription="premium"))
    record.call("create_free_with_end", owner, "organizations_create",
                ubiops.OrganizationCreate(name=name, subscription="free", subscription_end_date=END))
    record.call("create_on_no_plan", owner, "organizations_create",
                ubiops.OrganizationCreate(name=name, subscription="no-such-plan", subscription_end_date=END))
    record.call("create", owner, "organizations_create",
                ubiops.OrganizationCreate(name=name, subscription="premium", subscription_end_date=END))
    record.call("list", owner, "organizations_list")
    record.call("get", owner, "organizations_get", name)


def people(record, owner, member, plan):
    """Added, invited, made admin and back, removed; the last admin stays."""
    name = plan["organization"]
    record.call("get_as_stranger", member, "organizations_get", name)
    added = record.call("add", owner, "organization_users_create", name,
                        ubiops.OrganizationUserCreate(email=plan["member_email"].upper(), admin=False))
    record.call("add_again", owner, "organization_users_create", name,
                ubiops.OrganizationUserCreate(email=plan["member_email"]))
    invited = record.call("invite", owner, "organization_users_create", name,
                          ubiops.OrganizationUserCreate(email=plan["invited_email"], admin=True))
    record.call("users", member, "organization_users_list", name)
    record.call("user", owner, "organization_users_get", name, added.id)
    record.call("user_as_member", member, "organization_users_get", name, added.id)
    record.call("add_as_member", member, "organization_users_create", name,
                ubiops.OrganizationUserCreate(email="friend-of-" + plan["member_email"]))
    record.call("unknown_user", owner, "organization_users_get", name, "13a9ba27-6888-4528-826e-8e1002eab13d")

    themselves = next(user.id for user in record.call("users_again", owner, "organization_users_list", name)
                   if user.email == plan["owner_email"])
    record.call("demote_last_admin", owner, "organization_users_update", name, themselves,
                ubiops.OrganizationUserUpdate(admin=False))
    record.call("remove_last_admin", owner, "organization_users_delete", name, themselves)
    record.call("promote", owner, "organization_users_update", name, added.id,
                ubiops.OrganizationUserUpdate(admin=True))
    record.call("user_as_admin", member, "organization_users_get", name, added.id)
    record.call("demote", owner, "organization_users_update", name, added.id,
                ubiops.OrganizationUserUpdate(admin=False))
    record.call("uninvite", owner, "organization_users_delete", name, invited.id)
    record.call("users_in_the_end", owner, "organization_users_list", name)


def subscription(record, owner, operator, literal, plan):
    """The operator's alone: at once, on a day to come, without an end, ended."""
    name = plan["organization"]
    new = ubiops.OrganizationUpdate(subscription="professional", subscription_start_date=datetime.date(2025, 1, 31),
                                    subscription_end_date=END)
    record.call("subscribe_as_owner", owner, "organizations_update", name, new)
    record.call("subscribe_without_start", operator, "organizations_update", name,
                ubiops.OrganizationUpdate(subscription="professional", subscription_end_date=END))
    record.call("subscribe", operator, "organizations_update", name, new)
    record.call("schedule", operator, "organizations_update", name,
                ubiops.OrganizationUpdate(subscription="free", subscription_start_date=END))
    record.call("clear_end", literal, "organizations_update", name, {"subscription_end_date": None})
    record.call("end", operator, "organizations_update", name,
                ubiops.OrganizationUpdate(subscription_end_date=datetime.date(2025, 6, 30)))
    record.call("get_ended", owner, "organizations_get", name)
    record.call("project_when_ended", owner, "projects_create",
                ubiops.ProjectCreate(name=name, organization_name=name))
    record.call("renew", operator, "organizations_update", name,
                ubiops.OrganizationUpdate(subscription_start_date=datetime.date(2025, 6, 30),
                                          subscription_end_date=END))
    record.call("project", owner, "projects_create", ubiops.ProjectCreate(name=name, organization_name=name))


def vouchers(record, owner, plan):
    """Read, redeemed once, and then used up."""
    record.call("voucher", owner, "vouchers_get", plan["voucher"])
    record.call("voucher_unknown", owner, "vouchers_get", "no-such-code")
    record.call("redeem", owner, "organizations_create",
                ubiops.OrganizationCreate(name=plan["organization"] + "-voucher", voucher=plan["voucher"]))
    record.call("redeem_used_up", owner, "organizations_create",
                ubiops.OrganizationCreate(name=plan["organization"] + "-late", voucher=plan["voucher"]))


def rename(record, owner, member, plan):
    """A new name, the same organization, with its people and projects."""
    name = plan["organization"]
    renamed = name + "-renamed"
    record.call("rename_as_member", member, "organizations_update", name, ubiops.OrganizationUpdate(name=renamed))
    record.call("rename", owner, "organizations_update", name, ubiops.OrganizationUpdate(name=renamed))
    record.call("get_old_name", owner, "organizations_get", name)
    record.call("project_after_rename", owner, "projects_get", name)
    themselves = next(user.id for user in record.call("users_after_rename", owner, "organization_users_list", renamed)
                   if user.email == plan["member_email"])
    record.call("remove", owner, "organization_users_delete", renamed, themselves)
    record.call("get_after_removal", member, "organizations_get", renamed)


if __name__ == "__main__":
    main()
