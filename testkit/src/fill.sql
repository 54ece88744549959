-- {rows} of everything, so that a test can see what a call costs beside them.
CREATE TEMP TABLE number AS
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n;

-- People: members of the organization, each with a token and a role in the project.
INSERT INTO users (id, email, name, surname, status, registration_date)
  SELECT 'user-' || i, 'many' || i || '@example.com', 'many', NULL, 'active', 0 FROM number;
INSERT INTO tokens (id, digest, key_id, user_id, creation_date)
  SELECT 'user-token-' || i, 'user-digest-' || i, 'key', 'user-' || i, 0 FROM number;
INSERT INTO tokens (id, digest, key_id, user_id, grace_end, creation_date, session_method, session_made_from, session_user_agent)
  SELECT 'session-' || i, 'session-digest-' || i, 'key', 'user-' || i, 9007199254740991, 0, 'token', 'user-token-' || i, '' FROM number;
INSERT INTO sign_in_links (id, digest, key_id, user_id, session_id, organization_id, creation_date, expires_at)
  SELECT 'link-' || i, 'link-digest-' || i, 'key', 'user-' || i, 'session-' || i, '{organization}', 0, 9007199254740991 FROM number;
INSERT INTO organization_users (organization_id, user_id, admin, join_date)
  SELECT '{organization}', 'user-' || i, 0, 0 FROM number;
INSERT INTO project_users (organization_id, project_id, user_id)
  SELECT '{organization}', '{project}', 'user-' || i FROM number;
INSERT INTO role_assignments (id, organization_id, project_id, role_id, user_id, resource_type, resource_id, creation_date)
  SELECT 'user-assignment-' || i, '{organization}', '{project}', '00000000-0000-4000-8000-000000000003', 'user-' || i,
         'project', '{project}', 0
  FROM number;

-- Other organizations and their projects, and other projects of the organization.
INSERT INTO organizations (id, name, creation_date, subscription, subscription_start_date, created_by)
  SELECT 'organization-' || i, 'organization-' || i, 0, 'free', 0, 'user-' || i FROM number;
INSERT INTO organization_users (organization_id, user_id, admin, join_date)
  SELECT 'organization-' || i, 'user-' || i, 1, 0 FROM number;
INSERT INTO projects (id, organization_id, name, creation_date, advanced_permissions, cors_origins, labels)
  SELECT 'elsewhere-' || i, 'organization-' || i, 'elsewhere-' || i, 0, 1, '[]', '{}' FROM number;
INSERT INTO projects (id, organization_id, name, creation_date, advanced_permissions, cors_origins, labels)
  SELECT 'beside-' || i, '{organization}', 'beside-' || i, 0, 1, '["https://one-7.example"]', '{}' FROM number;
INSERT INTO project_origins (project_id, origin)
  SELECT 'beside-' || i, 'https://one-7.example' FROM number;

-- Custom roles, in the project and beside it.
INSERT INTO roles (id, organization_id, project_id, name, permissions)
  SELECT 'role-' || i, '{organization}', '{project}', 'role-' || i, '["projects.get"]' FROM number;
INSERT INTO roles (id, organization_id, project_id, name, permissions)
  SELECT 'beside-role-' || i, '{organization}', 'beside-' || i, 'role', '["projects.get"]' FROM number;
INSERT INTO role_permissions (role_id, permission)
  SELECT id, 'projects.get' FROM roles WHERE project_id IS NOT NULL;

-- Service users of the project, with tokens (current and previous), origins and roles.
INSERT INTO service_users (id, organization_id, project_id, email, name, description, creation_date, allowed_cors_origins)
  SELECT 'service-user-' || i, '{organization}', '{project}', 'service-user-' || i || '@example.com', '', '', 0,
         '["https://one-7.example"]'
  FROM number;
INSERT INTO tokens (id, digest, key_id, service_user_id, creation_date)
  SELECT 'token-' || i, 'digest-' || i, 'key', 'service-user-' || i, 0 FROM number;
INSERT INTO tokens (id, digest, key_id, service_user_id, grace_end, creation_date)
  SELECT 'previous-' || i, 'previous-digest-' || i, 'key', 'service-user-' || i, 1, 0 FROM number;
INSERT INTO service_user_origins (project_id, origin, service_user_id)
  SELECT '{project}', 'https://one-7.example', 'service-user-' || i FROM number;
INSERT INTO service_user_origins (project_id, origin, service_user_id)
  SELECT '{project}', 'https://other-' || i || '.example', 'service-user-' || i FROM number;
INSERT INTO role_assignments (id, organization_id, project_id, role_id, service_user_id, resource_type, resource_id,
                              creation_date)
  SELECT 'assignment-' || i, '{organization}', '{project}', 'role-' || i, 'service-user-' || i, 'project', '{project}', 0
  FROM number;

-- Vouchers, and what they gave.
INSERT INTO vouchers (code, id, description, redemptions, creation_date)
  SELECT 'CODE-' || i, 'voucher-' || i, '', 1, 0 FROM number;
INSERT INTO voucher_redemptions (organization_id, voucher_id, credits, redemption_date, period_end)
  SELECT 'organization-' || i, 'voucher-' || i, 1, 0, 1 FROM number;
-- Deployments and pipelines of the project, each with a version, roles on it and a place in a pipeline.
INSERT INTO deployments (id, organization_id, project_id, name, description, input_type, output_type, input_fields,
                         output_fields, supports_request_format, labels, creation_date, last_updated)
  SELECT 'deployment-' || i, '{organization}', '{project}', 'deployment-' || i, '', 'plain', 'plain', '[]', '[]', 1, '{}', 0, 0
  FROM number;
INSERT INTO deployment_versions (id, organization_id, project_id, deployment_id, version, is_default, description, labels,
                                 settings, creation_date, last_updated)
  SELECT 'deployment-version-' || i, '{organization}', '{project}', 'deployment-' || i, 'v1', 1, '', '{}', '{}', 0, 0
  FROM number;
INSERT INTO pipelines (id, organization_id, project_id, name, description, input_type, output_type, input_fields,
                       output_fields, labels, creation_date, last_updated)
  SELECT 'pipeline-' || i, '{organization}', '{project}', 'pipeline-' || i, '', 'plain', 'plain', '[]', '[]', '{}', 0, 0
  FROM number;
INSERT INTO pipeline_versions (id, organization_id, project_id, pipeline_id, version, is_default, description, labels,
                               settings, attachments, creation_date, last_updated)
  SELECT 'pipeline-version-' || i, '{organization}', '{project}', 'pipeline-' || i, 'v1', 1, '', '{}', '{}', '[]', 0, 0
  FROM number;
INSERT INTO pipeline_objects (id, organization_id, pipeline_id, pipeline_version_id, position, name, reference_type,
                              reference_id, reference_version_id, configuration, metadata)
  SELECT 'pipeline-object-' || i, '{organization}', 'pipeline-' || i, 'pipeline-version-' || i, 0, 'object', 'deployment',
         'deployment-' || i, 'deployment-version-' || i, '{}', '{}'
  FROM number;
INSERT INTO role_assignments (id, organization_id, project_id, role_id, user_id, resource_type, resource_id, creation_date)
  SELECT 'deployment-assignment-' || i, '{organization}', '{project}', '00000000-0000-4000-8000-000000000004', 'user-' || i,
         'deployment', 'deployment-' || i, 0
  FROM number;

-- What has been changed so far.
INSERT INTO audit (id, date, request_id, actor, action, event, object_type, object_id, object_name, organization_id,
                   project_id)
  SELECT 'audit-' || i, 0, 'request', 'somebody', 'create', 'Created', 'project', 'object', 'object', '{organization}',
         '{project}'
  FROM number;

-- Access keys of the service users, workspaces elsewhere with their grants and quotas, and consumptions in all of them.
INSERT INTO access_keys (id, organization_id, service_user_id, generation, creation_date)
  SELECT 'key-' || i, '{organization}', 'service-user-' || i, 1, 0 FROM number;
INSERT INTO workspaces (project_id, id, organization_id, name, description, owner, enterprise_project_id, auth_type,
                        grants, creation_date, update_date)
  SELECT 'beside-1', 'workspace-' || i, '{organization}', 'workspace-' || i, '', '', '0', 'internal', '[]', 0, 0
  FROM number;
INSERT INTO workspace_grantees (project_id, workspace_id, grantee)
  SELECT 'beside-1', 'workspace-' || i, 'user-' || i FROM number;
INSERT INTO workspace_quotas (project_id, workspace_id, resource, organization_id, quota, update_date, used)
  SELECT 'beside-1', 'workspace-' || i, 'exemlProject.gpu_duration', '{organization}', 10, 0, 5 FROM number;
INSERT INTO quota_consumptions (project_id, workspace_id, id, organization_id, resource, amount, date, request_id)
  SELECT '{project}', '0', 'consumption-' || i, '{organization}', 'exemlProject.gpu_duration', 1,
         unixepoch('2026-06-15') * 1000, 'request'
  FROM number;

-- Requests: to the deployments and pipelines of the project, and elsewhere, with what was sent and answered.
INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id, caller,
                      time_created, time_started, time_completed, timeout, input_size, retention_mode, retention_time)
  SELECT project, printf('0180%04x-0000-7000-8000-%012x', i, i), '{organization}', kind, kind || '-' || i,
         kind || '-version-' || i, 'direct', status, 'service-user-1', 'somebody', 0, 0, 0, 300, 2, 'full', 604800
  FROM number, (SELECT '{project}' AS project, 'deployment' AS kind, 'completed' AS status
                UNION ALL SELECT 'beside-1', 'pipeline', 'failed');
INSERT INTO request_payloads (project_id, request_id, part, content_type, body, creation_date)
  SELECT project_id, id, 'input', 'application/json', '{}', 0 FROM requests;
INSERT INTO idempotency_keys (project_id, caller_id, key_digest, fingerprint, request_id, creation_date)
  SELECT '{project}', 'service-user-1', 'key-' || i, 'fingerprint', 'request', 0 FROM number;

-- Services of the project's deployments, with limits of callers, and what was called by them.
INSERT INTO services (id, organization_id, project_id, deployment_id, name, description, labels, settings, creation_date,
                      last_updated)
  SELECT 'service-' || i, '{organization}', '{project}', 'deployment-' || i, 'service-' || i, '', '{}', '{"rate_limit":5}', 0, 0
  FROM number;
INSERT INTO service_user_limits (service_id, kind, user_id, id, most)
  SELECT 'service-' || i, kind, 'service-user-' || i, 'limit-' || kind || i, 5
  FROM number, (SELECT 'rate' AS kind UNION ALL SELECT 'concurrency');
INSERT INTO request_rates (project_id, caller_id, minute, count)
  SELECT '{project}', 'service-' || i, 1, 1 FROM number;

-- Schedules, of which a project has fifty at most, and webhooks with what they are still to be told.
INSERT INTO request_schedules (id, organization_id, project_id, name, object_type, object_id, schedule, content_type, body,
                               timeout, enabled, description, labels, creation_date, author_id, author, next_tick)
  SELECT 'schedule-' || i, '{organization}', 'beside-1', 'schedule-' || i, kind, kind || '-' || i, '0 6 * * *',
         'application/json', '{}', 14400, 1, '', '{}', 0, 'service-user-1', 'somebody', 9000000000000
  FROM (SELECT i, iif(i % 2, 'deployment', 'pipeline') AS kind FROM number);
INSERT INTO webhooks (id, organization_id, project_id, name, object_type, object_id, is_test, url, host, event, description,
                      labels, timeout, enabled, retry, include_result, headers, signing_secret, signing_secret_key_id,
                      creation_date, last_updated)
  SELECT 'webhook-' || kind || i, '{organization}', '{project}', 'webhook-' || kind || '-' || i, kind, kind || '-' || i, 0,
         'https://shop.acme.com/told', 'shop.acme.com', kind || '_request_completed', '', '{}', 10, 1, 1, 0, '[]', 'secret',
         'key', 0, 0
  FROM number, (SELECT 'deployment' AS kind UNION ALL SELECT 'pipeline');
INSERT INTO webhook_deliveries (record_id, webhook_id, event, project_id, host, status, time_created, due_at)
  SELECT 'record-' || i, 'webhook-deployment' || i, 'deployment_request_completed', '{project}', 'shop.acme.com',
         'completed', 0, 9000000000000
  FROM number;

DROP TABLE number;
