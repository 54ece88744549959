-- {rows} of what the caller of a call has made, on what the call is about: on each deployment, pipeline, service user and
-- workspace of the project that is there when this runs, and beside them; {bytes} of text wherever there is room for any.
CREATE TEMP TABLE number AS
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n;
CREATE TEMP TABLE pad AS SELECT printf('%.*c', {bytes}, 'x') AS text;
CREATE TEMP TABLE caller AS
  SELECT DISTINCT user_id AS id FROM role_assignments WHERE project_id = '{project}' AND user_id IS NOT NULL;
CREATE TEMP TABLE service AS SELECT id FROM service_users WHERE project_id = '{project}';
CREATE TEMP TABLE deployment AS SELECT id, name FROM deployments WHERE project_id = '{project}';
CREATE TEMP TABLE pipeline AS SELECT id, name FROM pipelines WHERE project_id = '{project}';

-- Deployments of the project beside those of the call, each of which the call's may be mapped with.
INSERT INTO deployments (id, organization_id, project_id, name, description, input_type, output_type, input_fields,
                         output_fields, supports_request_format, labels, creation_date, last_updated)
  SELECT 'own-' || i, '{organization}', '{project}', 'own-' || i, '', 'structured', 'structured',
         '[{"name":"x","data_type":"int"}]', '[{"name":"y","data_type":"int"}]', 1, '{}', 0, 0
  FROM number;

-- A pipeline that uses every deployment and pipeline of the call in each of its versions.
INSERT INTO pipelines (id, organization_id, project_id, name, description, input_type, output_type, input_fields,
                       output_fields, labels, creation_date, last_updated)
  VALUES ('own-pipeline', '{organization}', '{project}', 'own-pipeline', '', 'structured', 'structured',
          '[{"name":"in","data_type":"int"}]', '[{"name":"out","data_type":"int"}]', '{}', 0, 0);

-- Versions of all of them. Those of pipelines have objects that map one another.
INSERT INTO deployment_versions (id, organization_id, project_id, deployment_id, version, is_default, description, labels,
                                 settings, creation_date, last_updated)
  SELECT d.id || '-' || i, '{organization}', '{project}', d.id, 'own-' || i, 0, '', json_object('pad', substr(text, 1, 250)),
         '{}', 0, 0
  FROM deployment d, number, pad;
INSERT INTO pipeline_versions (id, organization_id, project_id, pipeline_id, version, is_default, description, labels,
                               settings, attachments, creation_date, last_updated)
  SELECT p.id || '-' || i, '{organization}', '{project}', p.id, 'own-' || i, 0, '', '{}',
         json_object('metadata', json_object('pad', text)),
         (SELECT json_group_array(json_object(
            'destination_name', 'object-' || n.i, 'sources', json_array(json_object(
              'source_name', 'pipeline_start', 'mapping', json_array(json_object(
                'source_field_name', 'in', 'destination_field_name', 'x')))))) FROM number n), 0, 0
  FROM (SELECT id FROM pipeline UNION ALL SELECT 'own-pipeline') p, number, pad;
INSERT INTO pipeline_objects (id, organization_id, pipeline_id, pipeline_version_id, position, name, reference_type,
                              reference_id, reference_version_id, configuration, metadata)
  SELECT v.id || '-' || n.i, '{organization}', v.pipeline_id, v.id, n.i, 'object-' || n.i, 'deployment',
         coalesce((SELECT id FROM deployment), 'own-1'), NULL, json_object('pad', text), json_object('pad', text)
  FROM pipeline_versions v JOIN pipelines l ON l.id = v.pipeline_id CROSS JOIN number n CROSS JOIN pad
  WHERE l.project_id = '{project}' AND v.version LIKE 'own-%';
INSERT INTO pipeline_objects (id, organization_id, pipeline_id, pipeline_version_id, position, name, reference_type,
                              reference_id, reference_version_id, configuration, metadata)
  SELECT v.id || '-' || p.id, '{organization}', v.pipeline_id, v.id, 0, 'pipeline-' || p.id, 'pipeline', p.id, NULL, '{}', '{}'
  FROM pipeline_versions v CROSS JOIN pipeline p
  WHERE v.pipeline_id = 'own-pipeline';
UPDATE deployments SET input_fields = json_set(
    input_fields, '$[0].widget', json_object('type', 'textbox', 'configuration', json_object('pad', (SELECT text FROM pad))))
  WHERE project_id = '{project}' AND json_array_length(input_fields) > 0 AND {bytes} > 0;
UPDATE pipelines SET input_fields = json_set(
    input_fields, '$[0].widget', json_object('type', 'textbox', 'configuration', json_object('pad', (SELECT text FROM pad))))
  WHERE project_id = '{project}' AND json_array_length(input_fields) > 0 AND {bytes} > 0;

-- Roles on objects of everybody who calls and of every service user of the project, and custom roles on the whole project.
INSERT INTO roles (id, organization_id, project_id, name, permissions)
  SELECT 'own-role-' || i, '{organization}', '{project}', 'own-role-' || i, '["projects.get"]' FROM number;
INSERT INTO role_permissions (role_id, permission)
  SELECT 'own-role-' || i, 'projects.get' FROM number;
INSERT INTO role_assignments (id, organization_id, project_id, role_id, user_id, resource_type, resource_id, creation_date)
  SELECT 'own-' || c.id || i, '{organization}', '{project}', '00000000-0000-4000-8000-000000000004', c.id, 'deployment',
         'own-' || i, 0
  FROM caller c, number;
INSERT INTO role_assignments (id, organization_id, project_id, role_id, service_user_id, resource_type, resource_id,
                              creation_date)
  SELECT 'own-' || s.id || i, '{organization}', '{project}', '00000000-0000-4000-8000-000000000004', s.id, 'deployment',
         'own-' || i, 0
  FROM service s, number;
INSERT INTO role_assignments (id, organization_id, project_id, role_id, user_id, resource_type, resource_id, creation_date)
  SELECT 'own-role-' || c.id || i, '{organization}', '{project}', 'own-role-' || i, c.id, 'project', '{project}', 0
  FROM caller c, number;
INSERT INTO role_assignments (id, organization_id, project_id, role_id, service_user_id, resource_type, resource_id,
                              creation_date)
  SELECT 'own-role-' || s.id || i, '{organization}', '{project}', 'own-role-' || i, s.id, 'project', '{project}', 0
  FROM service s, number;

-- Origins and labels of the project, origins and descriptions of its service users.
INSERT INTO project_origins (project_id, origin) SELECT '{project}', 'https://own-' || i || '.example' FROM number;
UPDATE projects SET
    cors_origins = (SELECT json_group_array('https://own-' || i || '.example') FROM number),
    labels = (SELECT json_group_object('own-' || i, substr(text, 1, 250)) FROM number, pad)
  WHERE id = '{project}';
INSERT INTO service_user_origins (project_id, origin, service_user_id)
  SELECT '{project}', 'https://own-' || i || '.example', s.id FROM service s, number;
UPDATE service_users SET
    allowed_cors_origins = (SELECT json_group_array('https://own-' || i || '.example') FROM number),
    description = (SELECT substr(text, 1, 400) FROM pad)
  WHERE project_id = '{project}';
INSERT INTO access_keys (id, organization_id, service_user_id, generation, creation_date)
  SELECT 'own-' || s.id || i, '{organization}', s.id, 1, 0 FROM service s, number WHERE i <= 4;

-- Workspaces, grants of each, quotas, and what was consumed.
INSERT INTO workspaces (project_id, id, organization_id, name, description, owner, enterprise_project_id, auth_type,
                        grants, creation_date, update_date)
  SELECT '{project}', 'own-' || i, '{organization}', 'own-' || i, '', '', '0', 'internal', '[]', 0, 0 FROM number;
UPDATE workspaces SET
    auth_type = 'internal', description = (SELECT substr(text, 1, 256) FROM pad),
    grants = (SELECT json_group_array(json_object('user_name', 'own-' || i || substr(text, 1, 100))) FROM number, pad)
  WHERE project_id = '{project}';
INSERT INTO workspace_grantees (project_id, workspace_id, grantee)
  SELECT w.project_id, w.id, 'own-' || i FROM workspaces w, number WHERE w.project_id = '{project}';
INSERT INTO workspace_grantees (project_id, workspace_id, grantee)
  SELECT w.project_id, w.id, g.id FROM workspaces w, (SELECT id FROM caller UNION SELECT id FROM service) g
  WHERE w.project_id = '{project}'
  ON CONFLICT DO NOTHING;
INSERT INTO quota_consumptions (project_id, workspace_id, id, organization_id, resource, amount, date, request_id)
  SELECT w.project_id, w.id, 'own-' || i, '{organization}', 'exemlProject.gpu_duration', 1, 0, 'request'
  FROM workspaces w, number WHERE w.project_id = '{project}';

-- What was changed, what was used, what was given.
INSERT INTO audit (id, date, request_id, actor, action, event, object_type, object_id, object_name, organization_id,
                   project_id, before, after)
  SELECT 'own-' || i, 0, 'request', 'somebody', 'update', 'Updated', 'project', 'object', 'object', '{organization}',
         '{project}', json_object('pad', text), json_object('pad', text)
  FROM number, pad;
INSERT INTO usage_days (subject_id, object_type, day, organization_id, credits)
  SELECT s.id, 'deployment_version', 18000 + n.i, '{organization}', 1
  FROM (SELECT '{project}' AS id UNION ALL SELECT '{organization}'
        UNION ALL SELECT v.id FROM deployment_versions v WHERE v.project_id = '{project}') s, number n;
INSERT INTO usage_events (id, organization_id, project_id, version_id, project, object_type, object_name, version, metric,
                          value, timestamp, import)
  SELECT 'own-' || i, '{organization}', '{project}', NULL, 'vision', 'deployment_version', 'x1', 'x1', 'credits', 1, 0, 1
  FROM number;
INSERT INTO voucher_redemptions (organization_id, voucher_id, credits, redemption_date, period_end)
  SELECT '{organization}', 'own-' || i, 1, 0, 1 FROM number;

-- Requests to all of them, of several statuses, with what was sent and answered.
INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller_id, caller,
                      time_created, time_started, time_completed, timeout, input_size, error_message, retention_mode,
                      retention_time)
  SELECT '{project}', printf('0180%04x-0000-7000-8000-%012x', i, row_number() OVER ()), '{organization}', o.kind, o.id,
         o.version_id, 'batch', s.status, NULL, 'somebody', 0, 0, 0, 300, 2, substr(text, 1, 256), 'full', 604800
  FROM (SELECT 'deployment' AS kind, d.id, v.id AS version_id
        FROM deployment d JOIN deployment_versions v ON v.deployment_id = d.id AND v.version = 'v1'
        UNION ALL
        SELECT 'pipeline', p.id, v.id FROM pipeline p JOIN pipeline_versions v ON v.pipeline_id = p.id AND v.version = 'v1') o,
       number, pad, (SELECT 'completed' AS status UNION ALL SELECT 'failed' UNION ALL SELECT 'pending') s;
INSERT INTO request_payloads (project_id, request_id, part, content_type, body, creation_date)
  SELECT project_id, id, 'input', 'text/plain', text, 0 FROM requests, pad WHERE project_id = '{project}' AND time_created = 0;

DROP TABLE number;
DROP TABLE pad;
DROP TABLE caller;
DROP TABLE service;
DROP TABLE deployment;
DROP TABLE pipeline;
