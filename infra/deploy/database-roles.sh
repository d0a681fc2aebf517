#!/bin/bash
# Run once by the database's image on an empty volume: the owner, who may make roles and is no superuser, the login the
# service connects as, and the database.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --set owner="$OWNER_PASSWORD" --set service="$SERVICE_PASSWORD" \
    --username postgres --dbname postgres <<'SQL'
CREATE ROLE market_owner LOGIN CREATEROLE PASSWORD :'owner';
CREATE ROLE market_service LOGIN NOINHERIT PASSWORD :'service';
CREATE DATABASE market OWNER market_owner ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' TEMPLATE template0;
SQL
