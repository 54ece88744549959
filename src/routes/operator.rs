//! The operator's surface: accounts, catalogues, prices, plans, vouchers, reported usage and the whole trail.

use super::{Route, routes};
use crate::api::{self, audit};

pub(super) static TABLE: &[Route] = routes! {
    family OUTSIDE_PROJECTS;
    "/operator/v1/users" {
        POST operator_users_create, Operator, "Create an account, or activate an invited person"
            => api::operator::users::create, takes api::operator::users::OperatorUserCreate,
               gives 201 api::operator::users::OperatorUser;
        GET operator_users_list, Operator, "List people"
            => api::operator::users::list, query [PAGE_LIMIT, OFFSET, EMAIL],
               gives 200 Vec<api::operator::users::OperatorUser>;
    }
    "/operator/v1/users/{user_id}" {
        GET operator_users_get, Operator, "Read a person"
            => api::operator::users::get, gives 200 api::operator::users::OperatorUser;
        DELETE operator_users_delete, Operator, "Delete a person"
            => api::operator::users::delete, query [FORCE], gives 204 Nothing;
    }
    "/operator/v1/users/{user_id}/token" {
        PUT operator_users_token, Operator, "Reset a person's token"
            => api::operator::users::reset_token, gives 200 api::operator::users::UserToken;
    }
    "/operator/v1/users/{user_id}/sign-in-link" {
        POST operator_users_sign_in_link, Operator, "Create a link by which a person signs in"
            => api::operator::users::create_link, takes api::sessions::SignInLinkCreate,
               gives 201 api::sessions::SignInLink;
    }
    "/operator/v1/users/{user_id}/sessions" {
        GET operator_users_sessions_list, Operator, "List the sessions of a person"
            => api::operator::users::sessions, gives 200 Vec<api::sessions::SessionList>;
        DELETE operator_users_sessions_delete, Operator, "End all sessions of a person"
            => api::operator::users::end_sessions, gives 204 Nothing;
    }
    "/operator/v1/quota-resources" {
        GET operator_quota_resources_list, Operator, "List the quota resources"
            => api::operator::quota_resources::list,
               gives 200 Vec<api::operator::quota_resources::QuotaResourceDetail>;
    }
    "/operator/v1/quota-resources/{resource}" {
        PUT operator_quota_resources_set, Operator, "Set a quota resource"
            => api::operator::quota_resources::set, takes api::operator::quota_resources::QuotaResourceSet,
               gives 200 api::operator::quota_resources::QuotaResourceDetail;
    }
    "/operator/v1/instance-types" {
        GET operator_instance_types_list, Operator, "List instance types with their prices"
            => api::operator::instance_types::list, gives 200 Vec<api::operator::instance_types::InstanceTypeDetail>;
    }
    "/operator/v1/instance-types/{instance_type}" {
        PUT operator_instance_types_put, Operator, "Set the price of an instance type"
            => api::operator::instance_types::put, takes api::operator::instance_types::InstanceTypePut,
               gives 200 api::operator::instance_types::InstanceTypeDetail;
    }
    "/operator/v1/usage-events" {
        POST operator_usage_events_create, Operator, "Report usage events"
            => api::operator::usage_events::create, takes Vec<api::operator::usage_events::UsageEvent>,
               gives 200 api::operator::usage_events::UsageEventsCounted;
    }
    "/operator/v1/vouchers" {
        POST operator_vouchers_create, Operator, "Create a voucher"
            => api::operator::vouchers::create, takes api::operator::vouchers::VoucherCreate,
               gives 201 api::operator::vouchers::OperatorVoucher;
        GET operator_vouchers_list, Operator, "List vouchers"
            => api::operator::vouchers::list, query [PAGE_LIMIT, OFFSET],
               gives 200 Vec<api::operator::vouchers::OperatorVoucher>;
    }
    "/operator/v1/vouchers/{code}" {
        GET operator_vouchers_get, Operator, "Read a voucher"
            => api::operator::vouchers::get, gives 200 api::operator::vouchers::OperatorVoucher;
        DELETE operator_vouchers_delete, Operator, "Delete a voucher"
            => api::operator::vouchers::delete, gives 204 Nothing;
    }
    "/operator/v1/subscriptions" {
        GET operator_subscriptions_list, Operator, "List the plans"
            => api::operator::subscriptions::list, gives 200 Vec<api::operator::subscriptions::SubscriptionDetail>;
    }
    "/operator/v1/subscriptions/{subscription_name}" {
        PUT operator_subscriptions_put, Operator, "Set a plan"
            => api::operator::subscriptions::put, takes api::operator::subscriptions::SubscriptionPut,
               gives 200 api::operator::subscriptions::SubscriptionDetail;
    }
    "/operator/v1/keys" {
        GET operator_keys_list, Operator, "Count the secrets that are encrypted under each key"
            => api::operator::keys::list, gives 200 api::operator::keys::SealingKeys;
    }
    "/operator/v1/audit" {
        GET operator_audit_list, Operator, "List the changes of everyone"
            => audit::list_for_operator, query [AUDIT_LIMIT, AUDIT_OFFSET, BEFORE, ACTION, ACTOR, CHANGED_TYPE, CHANGED_NAME, CHANGE, CHANGED_BY_REQUEST, CHANGED_FROM, CHANGED_TO, IN_ORGANIZATION],
               gives 200 Vec<audit::AuditEvent>;
    }
};
