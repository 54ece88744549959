-- The environments that the versions of a project name, and their tags: read one by one, and whether there is one.
CREATE INDEX deployment_versions_by_environment ON deployment_versions (
  project_id, settings ->> '$.environment', settings ->> '$.environment_tag')
  WHERE settings ->> '$.environment' IS NOT NULL;
CREATE INDEX deployment_versions_by_environment_name ON deployment_versions (
  project_id, settings ->> '$.environment_name', settings ->> '$.environment_tag')
  WHERE settings ->> '$.environment_name' IS NOT NULL;
