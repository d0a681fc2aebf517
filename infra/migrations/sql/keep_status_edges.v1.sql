-- The edges of a state machine are the arguments of the trigger: 'draft>submitted', and '>draft' for the status that a new
-- row may have. A test holds them against the machine in the code.
CREATE FUNCTION keep_status_edges() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_edge text := CASE WHEN tg_op = 'UPDATE' THEN old.status ELSE '' END || '>' || new.status;
BEGIN
    IF NOT v_edge = ANY (tg_argv) THEN
        RAISE EXCEPTION 'a row of % cannot go the way %', tg_table_name, v_edge
            USING ERRCODE = 'restrict_violation', HINT = 'Its state machine has no such transition.';
    END IF;
    RETURN new;
END
$$;
