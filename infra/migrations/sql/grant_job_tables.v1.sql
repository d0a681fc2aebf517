DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT relname, relkind FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
              WHERE nspname = current_schema() AND relname LIKE 'pgqueuer%' AND relkind IN ('r', 'S') LOOP
        EXECUTE format('GRANT %s %I TO @service_role@', CASE r.relkind WHEN 'S' THEN 'USAGE ON SEQUENCE'
            ELSE 'SELECT, INSERT, UPDATE, DELETE ON TABLE' END, r.relname);
    END LOOP;
END
$$;
