-- The calendar month, as its first day, that a moment lies in by the clocks of a time zone. An hour that comes again on the
-- last evening of a month, when clocks are set back over midnight, lies in the month that has begun.
CREATE FUNCTION month_of(p_moment timestamptz, p_zone text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = @schema@, pg_temp AS $$
    SELECT CASE WHEN month_ends_at(m.month, p_zone) <= p_moment THEN (m.month + interval '1 month')::date ELSE m.month END
      FROM (SELECT date_trunc('month', p_moment AT TIME ZONE p_zone)::date AS month) m
$$;
