//! Request schedules of a project, which the clients call schedules.

use super::{Route, p, routes};
use crate::api::request_schedules as schedules;

pub(super) static TABLE: &[Route] = routes! {
    family IN_PROJECT;
    "/v2.1/projects/{project_name}/schedules" {
        POST request_schedules_create, Project(p::REQUEST_SCHEDULES_CREATE), "Create a request schedule"
            => schedules::create, takes schedules::ScheduleCreate, gives 201 schedules::ScheduleList;
        GET request_schedules_list, Project(p::REQUEST_SCHEDULES_LIST), "List request schedules"
            => schedules::list, query [ANY_LABELS, LIMIT, AFTER_NAME], gives 200 Vec<schedules::ScheduleList>;
    }
    "/v2.1/projects/{project_name}/schedules/{schedule_name}" {
        GET request_schedules_get, Project(p::REQUEST_SCHEDULES_GET), "Read a request schedule"
            => schedules::get, rides schedules::riding, gives 200 schedules::ScheduleList;
        PATCH request_schedules_update, Project(p::REQUEST_SCHEDULES_UPDATE), "Change a request schedule"
            => schedules::update, rides schedules::riding, takes schedules::ScheduleUpdate,
               gives 200 schedules::ScheduleList;
        DELETE request_schedules_delete, Project(p::REQUEST_SCHEDULES_DELETE), "Delete a request schedule"
            => schedules::delete, rides schedules::riding, gives 204 Nothing;
    }
};
