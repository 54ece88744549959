-- Who there is, what they may, and what was changed.
--
-- Times are milliseconds since the epoch, booleans 0 or 1, ids UUIDs in canonical text. Every table of an
-- organization carries organization_id, so an organization can move to a database of its own.
-- Each index names the query that needs it.

-- The plan catalogue. A null limit is no limit; credits are millionths.
CREATE TABLE subscriptions (
  name TEXT PRIMARY KEY,
  description TEXT NOT NULL DEFAULT '',
  self_service INTEGER NOT NULL CONSTRAINT subscriptions_self_service_flag CHECK (self_service IN (0, 1)),
  monthly_credits INTEGER,
  max_projects INTEGER,
  max_users INTEGER,
  max_deployments INTEGER,
  max_deployment_versions INTEGER,
  max_pipelines INTEGER,
  max_pipeline_versions INTEGER
) STRICT, WITHOUT ROWID;

INSERT INTO subscriptions (name, description, self_service) VALUES
  ('free', 'Renews itself each year', 1),
  ('professional', '', 1),
  ('premium', '', 1);

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL CONSTRAINT users_email_unique UNIQUE,
  name TEXT,
  surname TEXT,
  status TEXT NOT NULL CONSTRAINT users_status_known CHECK (status IN ('active', 'pending')),
  registration_date INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE organizations (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL CONSTRAINT organizations_name_unique UNIQUE,
  creation_date INTEGER NOT NULL,
  subscription TEXT NOT NULL REFERENCES subscriptions (name),
  subscription_start_date INTEGER NOT NULL,
  subscription_end_date INTEGER,
  created_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- At most so many organizations a person: counted when he creates one.
CREATE INDEX organizations_by_creator ON organizations (created_by);

CREATE TABLE organization_users (
  organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  admin INTEGER NOT NULL CONSTRAINT organization_users_admin_flag CHECK (admin IN (0, 1)),
  join_date INTEGER NOT NULL,
  PRIMARY KEY (organization_id, user_id)
) STRICT, WITHOUT ROWID;

-- A person's organizations and projects: GET /organizations, GET /projects.
CREATE INDEX organization_users_by_user ON organization_users (user_id);

CREATE TABLE projects (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  name TEXT NOT NULL CONSTRAINT projects_name_unique UNIQUE,
  creation_date INTEGER NOT NULL,
  advanced_permissions INTEGER NOT NULL CONSTRAINT projects_advanced_permissions_flag CHECK (advanced_permissions IN (0, 1)),
  credits INTEGER,
  suspended_by TEXT CONSTRAINT projects_suspended_by_known CHECK (suspended_by IN ('operator', 'organization')),
  suspended_reason TEXT,
  cors_origins TEXT NOT NULL,
  labels TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The projects of an organization: its admins' lists, and the rights that come with being admin.
CREATE INDEX projects_by_organization ON projects (organization_id);

-- The origins of projects.cors_origins one by one: a preflight looks one up.
CREATE TABLE project_origins (
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  origin TEXT NOT NULL,
  PRIMARY KEY (project_id, origin)
) STRICT, WITHOUT ROWID;

CREATE TABLE project_users (
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL,
  PRIMARY KEY (project_id, user_id),
  FOREIGN KEY (organization_id, user_id) REFERENCES organization_users (organization_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- A person's projects, and what leaves with a membership.
CREATE INDEX project_users_by_user ON project_users (user_id, organization_id);

CREATE TABLE service_users (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  expiry_date INTEGER,
  allowed_cors_origins TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The service users of a project, oldest first.
CREATE INDEX service_users_by_project ON service_users (project_id, creation_date);

-- The origins of service_users.allowed_cors_origins one by one: a preflight asks whether anybody has this one,
-- a request whether its caller has.
CREATE TABLE service_user_origins (
  project_id TEXT NOT NULL,
  origin TEXT NOT NULL,
  service_user_id TEXT NOT NULL REFERENCES service_users (id) ON DELETE CASCADE,
  PRIMARY KEY (project_id, origin, service_user_id)
) STRICT, WITHOUT ROWID;

-- What an update replaces and a deletion takes along.
CREATE INDEX service_user_origins_by_service_user ON service_user_origins (service_user_id);

-- Tokens by digest; the tokens themselves are nowhere. A previous token lives until grace_end, beside the current.
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL CONSTRAINT tokens_digest_unique UNIQUE,
  key_id TEXT NOT NULL,
  user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
  service_user_id TEXT REFERENCES service_users (id) ON DELETE CASCADE,
  grace_end INTEGER,
  creation_date INTEGER NOT NULL,
  last_used INTEGER,
  CONSTRAINT tokens_one_holder CHECK ((user_id IS NULL) <> (service_user_id IS NULL))
) STRICT, WITHOUT ROWID;

-- The token of a holder: what a reset replaces. A holder has one current and at most one previous token.
CREATE UNIQUE INDEX tokens_by_user ON tokens (user_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX tokens_by_service_user ON tokens (service_user_id, (grace_end IS NULL)) WHERE service_user_id IS NOT NULL;

-- The permission catalogue. service_users: whether a service user may have it.
CREATE TABLE permissions (
  name TEXT PRIMARY KEY,
  service_users INTEGER NOT NULL CONSTRAINT permissions_service_users_flag CHECK (service_users IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Default roles belong to no project.
CREATE TABLE roles (
  id TEXT PRIMARY KEY,
  organization_id TEXT REFERENCES organizations (id),
  project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  permissions TEXT NOT NULL,
  CONSTRAINT roles_name_unique UNIQUE (project_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE role_permissions (
  role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
  permission TEXT NOT NULL REFERENCES permissions (name),
  PRIMARY KEY (role_id, permission)
) STRICT, WITHOUT ROWID;

-- An assignment goes with its project, its assignee, its role, and a person's membership.
-- with_admin: it was given with the admin status, and leaves with it.
CREATE TABLE role_assignments (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
  user_id TEXT,
  service_user_id TEXT REFERENCES service_users (id) ON DELETE CASCADE,
  assignee_id TEXT GENERATED ALWAYS AS (coalesce(user_id, service_user_id)) VIRTUAL,
  resource_type TEXT NOT NULL CONSTRAINT role_assignments_resource_type_known CHECK (resource_type IN ('project', 'deployment', 'pipeline')),
  resource_id TEXT NOT NULL,
  with_admin INTEGER NOT NULL DEFAULT 0 CONSTRAINT role_assignments_with_admin_flag CHECK (with_admin IN (0, 1)),
  creation_date INTEGER NOT NULL,
  CONSTRAINT role_assignments_one_assignee CHECK ((user_id IS NULL) <> (service_user_id IS NULL)),
  FOREIGN KEY (organization_id, user_id) REFERENCES organization_users (organization_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What somebody may in a project, and the same assignment twice.
CREATE UNIQUE INDEX role_assignments_unique ON role_assignments (project_id, assignee_id, role_id, resource_type, resource_id);
-- A person's projects, and what leaves with a membership.
CREATE INDEX role_assignments_by_user ON role_assignments (user_id, organization_id) WHERE user_id IS NOT NULL;
-- What leaves with a service user.
CREATE INDEX role_assignments_by_service_user ON role_assignments (service_user_id) WHERE service_user_id IS NOT NULL;
-- What leaves with a role.
CREATE INDEX role_assignments_by_role ON role_assignments (role_id);
-- What leaves with a deployment or pipeline, and the list of an object's assignments.
CREATE INDEX role_assignments_by_resource ON role_assignments (resource_id, resource_type);

-- One row a change of configuration, written first in the change's own transaction: the permit of the change.
-- It outlives what it speaks of, so it refers to nothing.
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL CONSTRAINT audit_id_unique UNIQUE,
  date INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  actor_id TEXT,
  action TEXT NOT NULL CONSTRAINT audit_action_known CHECK (action IN ('create', 'update', 'delete', 'info')),
  event TEXT NOT NULL,
  object_type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  object_name TEXT NOT NULL,
  organization_id TEXT,
  project_id TEXT,
  before TEXT,
  after TEXT
) STRICT;

-- GET /projects/{p}/audit and GET /organizations/{o}/audit, newest first.
CREATE INDEX audit_by_project ON audit (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX audit_by_organization ON audit (organization_id) WHERE organization_id IS NOT NULL;

-- Who may present which token, and until when. NULL in expires_at: for ever.
CREATE VIEW bearers AS
SELECT t.id AS token_id, t.digest, t.key_id, t.last_used, coalesce(t.user_id, t.service_user_id) AS principal_id,
       min(coalesce(t.grace_end, 9007199254740991), coalesce(s.expiry_date, 9007199254740991)) AS expires_at
FROM tokens t LEFT JOIN service_users s ON s.id = t.service_user_id;

-- What everybody holds: by assignment, and in all projects of an organization by being its admin. A service user
-- holds nothing that is not for service users, whatever its roles say.
CREATE VIEW held_permissions AS
SELECT a.assignee_id AS principal_id, a.project_id, a.resource_type, a.resource_id, h.permission
FROM role_assignments a
JOIN role_permissions h ON h.role_id = a.role_id
JOIN permissions c ON c.name = h.permission
WHERE a.user_id IS NOT NULL OR c.service_users = 1
UNION ALL
SELECT m.user_id, p.id, 'project', p.id, c.name
FROM organization_users m
JOIN projects p ON p.organization_id = m.organization_id
CROSS JOIN permissions c
WHERE m.admin = 1;

-- Who has a part in which project, and so may know that it exists (contract section 2).
CREATE VIEW project_parts AS
SELECT m.user_id AS principal_id, p.id AS project_id
FROM organization_users m JOIN projects p ON p.organization_id = m.organization_id
WHERE m.admin = 1
UNION ALL
SELECT u.user_id, u.project_id FROM project_users u
UNION ALL
SELECT a.assignee_id, a.project_id FROM role_assignments a
UNION ALL
SELECT s.id, s.project_id FROM service_users s;
