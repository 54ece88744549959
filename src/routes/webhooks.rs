//! Webhooks of a project, and the tests of them.

use super::{Route, p, routes};
use crate::api::webhooks;

pub(super) static TABLE: &[Route] = routes! {
    family IN_PROJECT;
    "/v2.1/projects/{project_name}/webhooks" {
        POST webhooks_create, Project(p::WEBHOOKS_CREATE), "Create a webhook"
            => webhooks::create, takes webhooks::WebhookCreate, gives 201 webhooks::WebhookDetail;
        GET webhooks_list, Project(p::WEBHOOKS_LIST), "List webhooks"
            => webhooks::list, query [ANY_LABELS, WEBHOOKS_OF, WEBHOOKS_TOLD, LIMIT, AFTER_NAME],
               gives 200 Vec<webhooks::WebhookDetail>;
    }
    "/v2.1/projects/{project_name}/webhooks/{webhook_name}" {
        GET webhooks_get, Project(p::WEBHOOKS_GET), "Read a webhook"
            => webhooks::get, rides webhooks::riding, gives 200 webhooks::WebhookDetail;
        PATCH webhooks_update, Project(p::WEBHOOKS_UPDATE), "Change a webhook or replace its secret"
            => webhooks::update, rides webhooks::riding, query [ROTATE_SECRET], takes webhooks::WebhookUpdate,
               gives 200 webhooks::WebhookDetail;
        DELETE webhooks_delete, Project(p::WEBHOOKS_DELETE), "Delete a webhook"
            => webhooks::delete, rides webhooks::riding, gives 204 Nothing;
    }
    "/v2.1/projects/{project_name}/webhooks-tests" {
        POST webhook_tests_create, Project(p::WEBHOOKS_CREATE), "Try a webhook"
            => webhooks::test, takes webhooks::WebhookTestCreate, gives 201 webhooks::WebhookTestDetail;
    }
    "/v2.1/projects/{project_name}/webhooks-tests/{test_id}" {
        GET webhook_tests_get, Project(p::WEBHOOKS_GET), "Read the result of a trial"
            => webhooks::get_test, rides webhooks::test_riding, gives 200 webhooks::WebhookTestDetail;
    }
};
