-- The permissions of a project's variables, as src/auth/permissions.rs has them; those of a deployment's or version's are
-- the deployment's own. And what writing variables and sealing them anew look for.

INSERT INTO permissions (name, service_users) VALUES
  ('environment_variables.list', 1),
  ('environment_variables.get', 1),
  ('environment_variables.create', 1),
  ('environment_variables.update', 1),
  ('environment_variables.delete', 1);

-- Each in its place in the catalogue, which is in front of the pipelines.
UPDATE roles SET permissions = replace(permissions, '"pipelines.list"',
  '"environment_variables.list","environment_variables.get","environment_variables.create","environment_variables.update","environment_variables.delete","pipelines.list"')
WHERE id = '00000000-0000-4000-8000-000000000001';
UPDATE roles SET permissions = replace(permissions, '"pipelines.list"',
  '"environment_variables.list","environment_variables.get","environment_variables.create","environment_variables.update","pipelines.list"')
WHERE id = '00000000-0000-4000-8000-000000000002';
UPDATE roles SET permissions = replace(permissions, '"pipelines.list"',
  '"environment_variables.list","environment_variables.get","pipelines.list"')
WHERE id = '00000000-0000-4000-8000-000000000003';

INSERT INTO role_permissions (role_id, permission)
SELECT roles.id, permission.value FROM roles, json_each(roles.permissions) AS permission
WHERE roles.project_id IS NULL AND permission.value LIKE 'environment_variables.%';

-- Whether the writer has said where the variable may go. If not, hosts are those of the upstreams that named the secret
-- when its writer last set it, and null of what is no secret.
ALTER TABLE environment_variables ADD COLUMN hosts_given INTEGER NOT NULL DEFAULT 0
  CONSTRAINT environment_variables_hosts_given_flag CHECK (hosts_given IN (0, 1));

-- The upstreams that may name a project's variable.
CREATE INDEX upstreams_by_project ON upstreams (project_id);

-- How many rows are sealed under which key, and which are to be sealed anew.
CREATE INDEX environment_variables_by_key ON environment_variables (key_id) WHERE key_id IS NOT NULL;
CREATE INDEX upstreams_by_key ON upstreams (secret_key_id);
CREATE INDEX upstreams_by_previous_key ON upstreams (previous_secret_key_id) WHERE previous_secret_key_id IS NOT NULL;
