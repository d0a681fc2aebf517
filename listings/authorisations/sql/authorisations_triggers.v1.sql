-- What is accepted says by whom and when, what is revoked has its final stop, and the cells of an authorisation only
-- ever shrink.
CREATE FUNCTION check_authorisation() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_now record;
BEGIN
    SELECT a.id, a.status, a.accepted_at, a.accepted_by, a.ended_at,
           EXISTS (SELECT FROM stops s WHERE s.subject_id = a.id AND s.final AND s.lifted_at IS NULL) AS ended
      INTO v_now FROM authorisations a WHERE a.id = new.id;
    IF v_now.status = 'active' AND (v_now.accepted_at IS NULL OR v_now.accepted_by IS NULL)
       OR v_now.status = 'revoked' AND NOT v_now.ended
       OR (v_now.status IN ('declined', 'revoked')) <> (v_now.ended_at IS NOT NULL) THEN
        RAISE EXCEPTION 'authorisation % is not % by what is on file', v_now.id, v_now.status
            USING ERRCODE = 'restrict_violation', HINT = 'It takes the acceptance; a revocation takes a final stop.';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION keep_authorisation_cell() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT new.term <@ old.term THEN
        RAISE EXCEPTION 'the term of an authorisation is only cut short' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
CREATE CONSTRAINT TRIGGER authorisations_check AFTER INSERT OR UPDATE ON authorisations DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_authorisation();
CREATE TRIGGER authorisation_cells_keep BEFORE UPDATE ON authorisation_cells
    FOR EACH ROW EXECUTE FUNCTION keep_authorisation_cell();
