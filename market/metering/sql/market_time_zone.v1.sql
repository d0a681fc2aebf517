-- The time zone that billing months begin and end in: the setting MARKET_TIME_ZONE of the last `market migrate`.
CREATE FUNCTION market_time_zone() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT '@time_zone@' $$;
