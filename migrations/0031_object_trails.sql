-- GET .../deployments/{d}/audit and .../pipelines/{l}/audit, newest first: of each kind of change, as the other trails are.
-- Changes of anything else have no entry here.
CREATE INDEX audit_by_object_and_action ON audit (object_id, action) WHERE object_type IN ('deployment', 'pipeline');
