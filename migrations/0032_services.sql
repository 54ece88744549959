-- Services: any HTTP call to the server behind a deployment, passed through (contract section 5.8).

-- A service without a version goes to the default one. settings is a JSON object of what was said besides; what is absent has
-- its default.
CREATE TABLE services (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
  version_id TEXT REFERENCES deployment_versions (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  labels TEXT NOT NULL,
  settings TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  last_updated INTEGER NOT NULL,
  CONSTRAINT services_name_unique UNIQUE (project_id, name)
) STRICT, WITHOUT ROWID;

-- What leaves with a deployment and with a version.
CREATE INDEX services_by_deployment ON services (deployment_id);
CREATE INDEX services_by_version ON services (version_id) WHERE version_id IS NOT NULL;

-- How many requests a minute, or at once, one caller of a service may make, where that is other than by default.
CREATE TABLE service_user_limits (
  service_id TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CONSTRAINT service_user_limits_kind_known CHECK (kind IN ('rate', 'concurrency')),
  user_id TEXT NOT NULL,
  id TEXT NOT NULL,
  most INTEGER NOT NULL,
  PRIMARY KEY (service_id, kind, user_id)
) STRICT, WITHOUT ROWID;

-- The service that a request came by, where that counts how many are under way; and what is counted then.
ALTER TABLE requests ADD COLUMN service_id TEXT;
CREATE INDEX requests_of_services_under_way ON requests (service_id, caller_id)
  WHERE service_id IS NOT NULL AND status IN ('processing', 'cancelled_pending');

-- The permissions, as src/auth/permissions.rs has them: each in its place in the catalogue, in front of the workspaces.
INSERT INTO permissions (name, service_users) VALUES
  ('services.list', 1),
  ('services.get', 1),
  ('services.create', 1),
  ('services.update', 1),
  ('services.delete', 1);

UPDATE roles SET permissions = replace(permissions, '"workspaces.list"',
  '"services.list","services.get","services.create","services.update","services.delete","workspaces.list"')
WHERE id = '00000000-0000-4000-8000-000000000001';
UPDATE roles SET permissions = replace(permissions, '"workspaces.list"',
  '"services.list","services.get","services.create","services.update","workspaces.list"')
WHERE id = '00000000-0000-4000-8000-000000000002';
UPDATE roles SET permissions = replace(permissions, '"workspaces.list"',
  '"services.list","services.get","workspaces.list"')
WHERE id = '00000000-0000-4000-8000-000000000003';

INSERT INTO role_permissions (role_id, permission)
SELECT roles.id, permission.value FROM roles, json_each(roles.permissions) AS permission
WHERE roles.project_id IS NULL AND permission.value LIKE 'services.%';
