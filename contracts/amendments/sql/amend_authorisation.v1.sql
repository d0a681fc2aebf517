-- The one way in which what an authorisation covers changes: by an amendment that every side has signed. The service may
-- write none of these columns itself.
CREATE FUNCTION amend_authorisation(p_amendment uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
DECLARE
    m record;
BEGIN
    SELECT * INTO m FROM authorisation_amendments WHERE id = p_amendment AND status = 'proposed' FOR UPDATE;
    UPDATE authorisations a
       SET version = m.base_version + 1,
           domains = CASE WHEN m.text -> 'domains' <> 'null'::jsonb
                          THEN ARRAY(SELECT jsonb_array_elements_text(m.text -> 'domains')) END,
           columns = CASE WHEN m.text -> 'columns' <> 'null'::jsonb
                          THEN ARRAY(SELECT jsonb_array_elements_text(m.text -> 'columns')) END,
           scenarios = ARRAY(SELECT jsonb_array_elements_text(m.text -> 'scenarios')),
           regions = ARRAY(SELECT jsonb_array_elements_text(m.text -> 'regions')),
           purposes = ARRAY(SELECT jsonb_array_elements_text(m.text -> 'purposes')),
           valid_until = (m.text ->> 'valid_until')::timestamptz,
           owner_share = (m.text -> 'shares' ->> 'owner')::int,
           operator_share = (m.text -> 'shares' ->> 'operator')::int,
           platform_share = (m.text -> 'shares' ->> 'platform')::int,
           owner_id = (SELECT CASE WHEN count(DISTINCT r.owner_id) = 1 THEN min(r.owner_id::text)::uuid END
                         FROM authorisation_resources r
                        WHERE r.authorisation_id = a.id AND r.version = m.base_version + 1)
     WHERE a.id = m.authorisation_id AND a.version = m.base_version AND a.status = 'active'
       AND (SELECT jsonb_agg(jsonb_build_object('resource_id', r.resource_id, 'owner_id', r.owner_id,
                                                'right_id', r.right_id) ORDER BY r.resource_id)
              FROM authorisation_resources r
             WHERE r.authorisation_id = a.id AND r.version = m.base_version + 1) = m.text -> 'resources'
       -- Whose resources go in or out, the authorising body where there is one, and the operator.
       AND NOT EXISTS (
           SELECT FROM (SELECT r.owner_id AS party FROM authorisation_resources r
                         WHERE r.authorisation_id = a.id AND r.version IN (m.base_version, m.base_version + 1)
                         UNION SELECT a.authorising_body_id WHERE a.authorising_body_id IS NOT NULL
                         UNION SELECT a.operator_id) p
            WHERE NOT EXISTS (SELECT FROM authorisation_signatures g
                               WHERE g.authorisation_id = a.id AND g.amendment_id = m.id
                                 AND g.organisation_id = p.party AND g.decision = 'signed'
                                 AND g.digest = m.digest));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'amendment % was not signed by every side', p_amendment USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE authorisation_amendments SET status = 'effective', ended_at = now() WHERE id = m.id;
END
$$;
CREATE FUNCTION check_amendment() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF new.status = 'effective'
       AND NOT EXISTS (SELECT FROM authorisations a WHERE a.id = new.authorisation_id AND a.version > new.base_version) THEN
        RAISE EXCEPTION 'amendment % has not amended anything', new.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER authorisation_amendments_check AFTER INSERT OR UPDATE ON authorisation_amendments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_amendment();
