-- What a trail costs to keep and to read (contract section 4, "What one caller can cost").

-- An audit row holds at most 64 KiB of states. Beyond it, each state that there is gives way to the keys that were
-- changed, which for a deletion are those of what was deleted. A key is always a name of ours, and so short. What was
-- written before this file stays as it is.
CREATE TRIGGER audit_states_bounded AFTER UPDATE OF before, after ON audit
WHEN coalesce(octet_length(new.before), 0) + coalesce(octet_length(new.after), 0) > 65536 BEGIN
  UPDATE audit SET (before, after) = (
    SELECT iif(new.before IS NULL, NULL, state), iif(new.after IS NULL, NULL, state)
    FROM (SELECT json_object('truncated', json('true'), 'keys', json_group_array(key)) AS state
          FROM json_each(coalesce(new.after, new.before))))
  WHERE sequence = new.sequence;
END;

-- A new row, by way of the trigger above: each write parses both, so the rule stands in one of them.
CREATE TRIGGER audit_states_bounded_at_first AFTER INSERT ON audit
WHEN coalesce(octet_length(new.before), 0) + coalesce(octet_length(new.after), 0) > 65536 BEGIN
  UPDATE audit SET before = new.before WHERE sequence = new.sequence;
END;

-- GET .../audit with and without an action, newest first: of a project, of an organization, and of everything. All kinds of
-- changes are read by way of each kind, so the two indices without a kind go: each change would write a row into them.
DROP INDEX audit_by_project;
DROP INDEX audit_by_organization;
CREATE INDEX audit_by_project_and_action ON audit (project_id, action) WHERE project_id IS NOT NULL;
CREATE INDEX audit_by_organization_and_action ON audit (organization_id, action) WHERE organization_id IS NOT NULL;
CREATE INDEX audit_by_action ON audit (action);
