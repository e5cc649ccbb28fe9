-- What the second migration adds on PostgreSQL: grants to the service role, and row security. Run by 0002_rules.py.

GRANT SELECT, INSERT, UPDATE, DELETE ON
  account_tenants, members, audit_heads, revisions, tenant_rules, categories, user_notification_preferences, templates,
  template_versions
TO carillon_service;

-- Nobody but the owner may change or remove what was done.
GRANT SELECT, INSERT ON audit_log TO carillon_service;

DO $$
DECLARE
  guarded text;
  named constant text := 'tenant_id = ANY ((SELECT NULLIF(current_setting(''app.tenants'', true), '''')::uuid[])::uuid[])';
BEGIN
  FOREACH guarded IN ARRAY ARRAY[
    'members', 'audit_heads', 'audit_log', 'revisions', 'tenant_rules', 'categories', 'user_notification_preferences',
    'templates', 'template_versions'
  ]
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('CREATE POLICY named_tenants ON %I USING (' || named || ') WITH CHECK (' || named || ')', guarded);
  END LOOP;
END $$;

-- The owner is under row security as well: what is there already is listed with it lifted for a moment.
ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY;
INSERT INTO account_tenants (account_id, tenant_id) SELECT account_id, id FROM tenants ON CONFLICT DO NOTHING;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
