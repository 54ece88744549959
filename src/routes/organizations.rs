//! Organizations, their people, usage and trail, and what a voucher is for.

use super::{Route, routes};
use crate::api::{audit, organization_users, organizations, resources, usage, vouchers};

pub(super) static TABLE: &[Route] = routes! {
    family OUTSIDE_PROJECTS;
    "/v2.1/organizations" {
        POST organizations_create, Person, "Create an organization"
            => organizations::create, takes organizations::OrganizationCreate,
               gives 201 organizations::OrganizationDetail;
        GET organizations_list, Anyone, "List the caller's organizations"
            => organizations::list, query [LIMIT, AFTER_NAME], gives 200 Vec<organizations::OrganizationDetail>;
    }
    "/v2.1/organizations/{organization_name}" {
        GET organizations_get, OrganizationMember, "Read an organization"
            => organizations::get, rides organizations::get_riding, gives 200 organizations::OrganizationDetail;
    }
    "/v2.1/organizations/{organization_name}/usage" {
        GET organizations_usage_get, OrganizationMember, "Report the usage of an organization"
            => usage::of_organization, query [START_DATE, END_DATE, INTERVAL],
               gives 200 usage::OrganizationUsageReport<'static>;
    }
    "/v2.1/organizations/{organization_name}" {
        PATCH organizations_update, OrganizationAdmin, "Change an organization"
            => organizations::update, takes organizations::OrganizationUpdate,
               gives 200 organizations::OrganizationDetail;
    }
    "/v2.1/organizations/{organization_name}/users" {
        POST organization_users_create, OrganizationAdmin, "Add a person to an organization, or invite them"
            => organization_users::create, takes organization_users::OrganizationUserCreate,
               gives 201 organization_users::OrganizationUserDetail;
        GET organization_users_list, OrganizationMember, "List the users of an organization"
            => organization_users::list, query [LIMIT, AFTER_ID],
               gives 200 Vec<organization_users::OrganizationUserDetail>;
    }
    "/v2.1/organizations/{organization_name}/users/{user_id}" {
        GET organization_users_get, OrganizationAdmin, "Read a user of an organization"
            => organization_users::get, gives 200 organization_users::OrganizationUserDetail;
        PATCH organization_users_update, OrganizationAdmin, "Make a user an admin of an organization, or no longer one"
            => organization_users::update, takes organization_users::OrganizationUserUpdate,
               gives 200 organization_users::OrganizationUserDetail;
        DELETE organization_users_delete, OrganizationAdminOrOneself, "Remove a user from an organization, or leave it"
            => organization_users::delete, gives 204 Nothing;
    }
    "/v2.1/organizations/{organization_name}/resources" {
        GET organizations_resource_usage, OrganizationMember, "Read the numbers of objects that an organization has in use"
            => resources::get_of_organization, gives 200 resources::ResourceUsage;
    }
    "/v2.1/organizations/{organization_name}/limits" {
        GET organizations_limits_get, OrganizationMember, "Read the limits of an organization's plan"
            => resources::limits, gives 200 crate::api::operator::subscriptions::SubscriptionLimits;
    }
    "/v2.1/organizations/{organization_name}/users/{user_id}/sign-in-link" {
        POST organization_users_sign_in_link, OrganizationAdmin, "Create a link by which an invited person signs in"
            => organization_users::create_link, takes crate::api::sessions::SignInLinkCreate,
               gives 201 crate::api::sessions::SignInLink;
    }
    "/v2.1/organizations/{organization_name}/audit" {
        GET organizations_audit_list, OrganizationAdmin, "List the changes in an organization"
            => audit::list_of_organization, query [AUDIT_LIMIT, AUDIT_OFFSET, BEFORE, ACTION, ACTOR, CHANGED_TYPE, CHANGED_NAME, CHANGE, CHANGED_BY_REQUEST, CHANGED_FROM, CHANGED_TO],
               gives 200 Vec<audit::AuditEvent>;
    }

    "/v2.1/vouchers/{code}" {
        GET vouchers_get, Anyone, "Read the description of a voucher"
            => vouchers::get, gives 200 vouchers::VoucherDetail;
    }
};
