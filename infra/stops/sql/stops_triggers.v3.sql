-- A stop may be placed ahead: it counts from the instant it begins at. An end begins at once, so that whatever asks whether
-- a thing has ended need not ask since when.
CREATE OR REPLACE FUNCTION keep_stop() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        IF new.lifted_at IS NOT NULL OR new.lifted_by IS NOT NULL OR new.lift_reason IS NOT NULL THEN
            RAISE EXCEPTION 'a stop is placed before it is lifted' USING ERRCODE = 'restrict_violation';
        ELSIF new.placed_at <> now() THEN
            RAISE EXCEPTION 'a stop is placed now' USING ERRCODE = 'restrict_violation';
        ELSIF new.begins_at < new.placed_at OR new.final AND new.begins_at <> new.placed_at THEN
            RAISE EXCEPTION 'a stop begins when it is placed or later, an end at once'
                USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF to_jsonb(new) - 'lifted_at' - 'lifted_by' - 'lift_reason'
          <> to_jsonb(old) - 'lifted_at' - 'lifted_by' - 'lift_reason' THEN
        RAISE EXCEPTION 'a stop is lifted and not changed' USING ERRCODE = 'restrict_violation';
    ELSIF old.lifted_at IS NOT NULL OR old.final THEN
        RAISE EXCEPTION 'stop % is final or was lifted before', old.id USING ERRCODE = 'restrict_violation';
    ELSIF new.lifted_at IS DISTINCT FROM now() OR new.lifted_by IS NULL OR new.lift_reason IS NULL THEN
        RAISE EXCEPTION 'a stop is lifted now, by somebody, for a reason' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
