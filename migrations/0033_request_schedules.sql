-- Request schedules: requests that the clock makes, in the name of whoever set the schedule last. And their permissions.

INSERT INTO permissions (name, service_users) VALUES
  ('request_schedules.list', 1),
  ('request_schedules.get', 1),
  ('request_schedules.create', 1),
  ('request_schedules.update', 1),
  ('request_schedules.delete', 1);

-- Each in its place in the catalogue, which is in front of the roles.
UPDATE roles SET permissions = replace(permissions, '"roles.list"',
  '"request_schedules.list","request_schedules.get","request_schedules.create","request_schedules.update","request_schedules.delete","roles.list"')
WHERE id = '00000000-0000-4000-8000-000000000001';
UPDATE roles SET permissions = replace(permissions, '"roles.list"',
  '"request_schedules.list","request_schedules.get","request_schedules.create","request_schedules.update","roles.list"')
WHERE id = '00000000-0000-4000-8000-000000000002';
UPDATE roles SET permissions = replace(permissions, '"roles.list"',
  '"request_schedules.list","request_schedules.get","roles.list"')
WHERE id = '00000000-0000-4000-8000-000000000003';

INSERT INTO role_permissions (role_id, permission)
SELECT roles.id, permission.value FROM roles, json_each(roles.permissions) AS permission
WHERE roles.project_id IS NULL AND permission.value LIKE 'request_schedules.%';

-- version_id is null where the default version is meant; what a schedule goes with is generated from object_id and
-- version_id, by kind. request_data is JSON as it was sent, body what is sent of it. next_tick is when it fires next: null of
-- one that does not. refusals counts those in a row that its author might not make.
CREATE TABLE request_schedules (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  object_type TEXT NOT NULL
    CONSTRAINT request_schedules_object_type_known CHECK (object_type IN ('deployment', 'pipeline')),
  object_id TEXT NOT NULL,
  version_id TEXT,
  schedule TEXT NOT NULL,
  request_data TEXT,
  content_type TEXT NOT NULL,
  body TEXT NOT NULL,
  timeout INTEGER NOT NULL,
  enabled INTEGER NOT NULL CONSTRAINT request_schedules_enabled_flag CHECK (enabled IN (0, 1)),
  description TEXT NOT NULL,
  labels TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  author_id TEXT NOT NULL,
  author TEXT NOT NULL,
  refusals INTEGER NOT NULL DEFAULT 0,
  next_tick INTEGER,
  deployment_id TEXT GENERATED ALWAYS AS (iif(object_type = 'deployment', object_id, NULL))
    REFERENCES deployments (id) ON DELETE CASCADE,
  pipeline_id TEXT GENERATED ALWAYS AS (iif(object_type = 'pipeline', object_id, NULL))
    REFERENCES pipelines (id) ON DELETE CASCADE,
  deployment_version_id TEXT GENERATED ALWAYS AS (iif(object_type = 'deployment', version_id, NULL))
    REFERENCES deployment_versions (id) ON DELETE CASCADE,
  pipeline_version_id TEXT GENERATED ALWAYS AS (iif(object_type = 'pipeline', version_id, NULL))
    REFERENCES pipeline_versions (id) ON DELETE CASCADE,
  CONSTRAINT request_schedules_name_unique UNIQUE (project_id, name)
) STRICT, WITHOUT ROWID;

-- What leaves with a deployment or a pipeline, with a version.
CREATE INDEX request_schedules_by_deployment ON request_schedules (deployment_id) WHERE deployment_id IS NOT NULL;
CREATE INDEX request_schedules_by_pipeline ON request_schedules (pipeline_id) WHERE pipeline_id IS NOT NULL;
CREATE INDEX request_schedules_by_deployment_version ON request_schedules (deployment_version_id)
  WHERE deployment_version_id IS NOT NULL;
CREATE INDEX request_schedules_by_pipeline_version ON request_schedules (pipeline_version_id)
  WHERE pipeline_version_id IS NOT NULL;
-- Those that fire, in the order in which they do.
CREATE INDEX request_schedules_by_tick ON request_schedules (next_tick, project_id) WHERE next_tick IS NOT NULL;

-- The id of a schedule's request ends as its own does. When its turn comes it runs to its end, or is refused: ten times
-- refused, the schedule is switched off. What only came too late is no refusal of its author. A claim alone is no end:
-- whether its author may make requests to the objects of a pipeline shows behind it.
CREATE TRIGGER requests_judge_schedules AFTER UPDATE OF status ON requests
WHEN new.kind = 'schedule' AND iif(old.status = 'pending',
  new.status = 'failed' AND new.error_message IS NOT 'not started within a day',
  new.status IN ('completed', 'failed', 'cancelled'))
BEGIN
  UPDATE request_schedules SET
    refusals = iif(old.status = 'pending', refusals + 1, 0),
    enabled = iif(old.status = 'pending' AND refusals >= 9, 0, enabled),
    next_tick = iif(old.status = 'pending' AND refusals >= 9, NULL, next_tick)
  WHERE project_id = new.project_id AND substr(id, 25) = substr(new.id, 25)
    AND (old.status = 'pending' OR refusals > 0);
END;

-- Of what keeps nothing the end is that it goes.
CREATE TRIGGER requests_forgive_schedules AFTER DELETE ON requests
WHEN old.kind = 'schedule' AND old.status = 'processing'
BEGIN
  UPDATE request_schedules SET refusals = 0
  WHERE project_id = old.project_id AND substr(id, 25) = substr(old.id, 25) AND refusals > 0;
END;
