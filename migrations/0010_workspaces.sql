-- Workspaces with their quotas, as the clients of ModelArts know them, and the access keys that those clients sign with.

-- Access keys of service users. A secret is derived from the id and the generation under SIGNING_KEY, and is nowhere.
CREATE TABLE access_keys (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  service_user_id TEXT NOT NULL REFERENCES service_users (id) ON DELETE CASCADE,
  generation INTEGER NOT NULL,
  creation_date INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A service user's keys, oldest first: the list, the limit on them, and what a reset ends.
CREATE INDEX access_keys_by_service_user ON access_keys (service_user_id, creation_date);

-- Who may present which token or access key, and until when. 2^53 - 1 in expires_at: for ever.
DROP VIEW bearers;
CREATE VIEW bearers AS
SELECT t.id AS token_id, t.digest, t.key_id, t.last_used, coalesce(t.user_id, t.service_user_id) AS principal_id,
       min(coalesce(t.grace_end, 9007199254740991), coalesce(s.expiry_date, 9007199254740991)) AS expires_at
FROM tokens t LEFT JOIN service_users s ON s.id = t.service_user_id
UNION ALL
SELECT k.id, NULL, NULL, NULL, k.service_user_id, coalesce(s.expiry_date, 9007199254740991)
FROM access_keys k JOIN service_users s ON s.id = k.service_user_id;

-- owner_id: who made it; NULL for the operator and for the default workspace, whose id is '0'.
CREATE TABLE workspaces (
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  owner_id TEXT,
  owner TEXT NOT NULL,
  enterprise_project_id TEXT NOT NULL,
  auth_type TEXT NOT NULL CONSTRAINT workspaces_auth_type_known CHECK (lower(auth_type) IN ('public', 'private', 'internal')),
  grants TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  update_date INTEGER NOT NULL,
  PRIMARY KEY (project_id, id),
  CONSTRAINT workspaces_name_unique UNIQUE (project_id, name)
) STRICT, WITHOUT ROWID;

-- The people and service users of workspaces.grants one by one, by id or by e-mail address: each call asks for one.
CREATE TABLE workspace_grantees (
  project_id TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  grantee TEXT NOT NULL,
  PRIMARY KEY (project_id, workspace_id, grantee),
  FOREIGN KEY (project_id, workspace_id) REFERENCES workspaces (project_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Every project has its default workspace, from the transaction that makes it.
CREATE TRIGGER projects_get_default_workspace AFTER INSERT ON projects BEGIN
  INSERT INTO workspaces (project_id, id, organization_id, name, description, owner, enterprise_project_id, auth_type,
                          grants, creation_date, update_date)
  VALUES (new.id, '0', new.organization_id, 'default', '', '', '0', 'public', '[]', new.creation_date,
          new.creation_date);
END;

INSERT INTO workspaces (project_id, id, organization_id, name, description, owner, enterprise_project_id, auth_type,
                        grants, creation_date, update_date)
SELECT id, '0', organization_id, 'default', '', '', '0', 'public', '[]', creation_date, creation_date FROM projects;

-- What quotas there are: the operator's catalogue, in the order of position. -1 is no limit.
CREATE TABLE quota_resources (
  resource TEXT PRIMARY KEY,
  position INTEGER NOT NULL CONSTRAINT quota_resources_position_unique UNIQUE CHECK (position > 0),
  name_en TEXT NOT NULL,
  name_cn TEXT NOT NULL,
  unit_en TEXT NOT NULL,
  unit_cn TEXT NOT NULL,
  min_quota INTEGER NOT NULL,
  max_quota INTEGER NOT NULL,
  default_quota INTEGER NOT NULL,
  CONSTRAINT quota_resources_bounds CHECK (-1 <= min_quota AND min_quota <= max_quota AND max_quota >= 1)
) STRICT, WITHOUT ROWID;

-- The first one is published by Huawei Cloud, its names as they stand there; the others are ours, after the families
-- of its resources.
INSERT INTO quota_resources (resource, position, name_en, name_cn, unit_en, unit_cn, min_quota, max_quota, default_quota)
VALUES
  ('exemlProject.gpu_duration', 1,
   'ExeMLtraining duration (image classification, object detection, and soundclassification)',
   'ExeML training duration (image classification, object detection, and sound classification)',
   'minute', '分钟', -1, 60000, -1),
  ('exemlProject.cpu_duration', 2, 'ExeML training duration on CPUs', '自动学习CPU训练时长', 'minute', '分钟', -1, 60000, -1),
  ('trainJob.gpu_duration', 3, 'Training job duration on GPUs', '训练作业GPU时长', 'minute', '分钟', -1, 60000, -1),
  ('trainJob.cpu_duration', 4, 'Training job duration on CPUs', '训练作业CPU时长', 'minute', '分钟', -1, 60000, -1),
  ('notebook.gpu_duration', 5, 'Notebook duration on GPUs', 'Notebook GPU时长', 'minute', '分钟', -1, 60000, -1),
  ('notebook.cpu_duration', 6, 'Notebook duration on CPUs', 'Notebook CPU时长', 'minute', '分钟', -1, 60000, -1),
  ('service.instance_count', 7, 'Service instances', '服务实例数', 'count', '个', 1, 1000, -1);

-- What differs from the catalogue in a workspace. A NULL quota is the catalogue's default; used counts while there is
-- no limit, too.
CREATE TABLE workspace_quotas (
  project_id TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  resource TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  quota INTEGER,
  update_date INTEGER,
  used INTEGER NOT NULL CONSTRAINT workspace_quotas_used_not_negative CHECK (used >= 0),
  PRIMARY KEY (project_id, workspace_id, resource),
  FOREIGN KEY (project_id, workspace_id) REFERENCES workspaces (project_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row a consumption for 30 days, so that none counts twice; request_id tells which request was counted. The rows
-- of a workspace that is deleted end with their 30 days: a deletion would otherwise grow with what was consumed.
CREATE TABLE quota_consumptions (
  project_id TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  id TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  resource TEXT NOT NULL,
  amount INTEGER NOT NULL,
  date INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  PRIMARY KEY (project_id, workspace_id, id)
) STRICT, WITHOUT ROWID;

-- What has ended: each consumption takes a few along.
CREATE INDEX quota_consumptions_by_date ON quota_consumptions (organization_id, date);
