"""What `infra/deploy` says, held against the settings, the commands and a real PostgreSQL."""

import json
import os
import re
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
import typer.main
import yaml

from infra.migrations import runner
from infra.postgres import throwaway
from infra.postgres_host import packaged_programs
from infra.settings import Settings
from market.cli import app
from market.operations import database

DEPLOY = Path(__file__).parents[2] / "infra/deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
UNITS = sorted(DEPLOY.glob("*.service"))
OURS = ("migrate", "api", "worker")


def variables() -> dict[str, Any]:
    """Every setting's environment variable with its default."""
    return {
        name.upper() if field.validation_alias else f"MARKET_{name.upper()}": field.default
        for name, field in Settings.model_fields.items()
    }


def text(name: str) -> str:
    return (DEPLOY / name).read_text()


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda path: path.name)
def test_every_variable_named_is_a_setting(path: Path) -> None:
    named = set(re.findall(r"\b(?:MARKET_[A-Z][A-Z0-9_]+|DATABASE_(?:SERVICE_)?URL)\b", path.read_text()))
    assert named <= variables().keys()


def test_example_lists_every_setting_with_its_default() -> None:
    lines = re.findall(r"^(#?)([A-Z][A-Z0-9_]+)=(.*)$", text("environment.example"), re.MULTILINE)
    assert [name for _, name, _ in lines] == list(variables())
    for commented, name, value in lines:
        default = variables()[name]
        if commented:
            assert value == ("" if default is None else str(default)), name


def test_every_command_named_exists() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    lines = [SERVICES[name]["command"] for name in OURS]
    lines.append(json.loads(re.findall(r"^CMD (.+)$", text("Containerfile"), re.MULTILINE)[-1]))
    lines += [re.findall(r"^ExecStart=(.+)$", unit.read_text(), re.MULTILINE)[0].split() for unit in UNITS]
    for program, command, *options in lines:
        assert Path(program).name == "market"
        known = {option for parameter in commands[command].params for option in parameter.opts}
        assert set(options) <= known


def test_only_the_migrations_know_the_owner() -> None:
    assert "DATABASE_URL" in SERVICES["migrate"]["environment"]
    for name in ("api", "worker"):
        assert "DATABASE_URL" not in SERVICES[name]["environment"]
        assert "DATABASE_SERVICE_URL" in SERVICES[name]["environment"]
    owners = {unit.name for unit in UNITS if "EnvironmentFile=/etc/data-market/owner" in unit.read_text()}
    assert owners == {"data-market-migrate.service"}


def test_ports_match() -> None:
    port = str(Settings.model_fields["port"].default)
    container = text("Containerfile")
    assert re.findall(r"^EXPOSE (\d+)$", container, re.MULTILINE) == [port]
    assert re.findall(r"MARKET_PORT=(\d+)", container) == [port]
    assert re.findall(r"reverse_proxy {\$UPSTREAM:api:(\d+)}", text("Caddyfile")) == [port]
    assert f"http://127.0.0.1:{port}/health/ready" in " ".join(SERVICES["api"]["healthcheck"]["test"])
    receiver = yaml.safe_load(text("collector.yaml"))["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    endpoint = SERVICES["api"]["environment"]["MARKET_OTLP_ENDPOINT"]
    assert endpoint == f"http://collector:{receiver.rsplit(':', 1)[1]}"


def test_the_worker_is_probed_on_its_metrics_port() -> None:
    port = Settings.model_fields["worker_metrics_port"].default
    assert f"http://127.0.0.1:{port}/health/ready" in " ".join(SERVICES["worker"]["healthcheck"]["test"])


@pytest.mark.parametrize("name", ["data-market-api.service", "data-market-worker.service"])
def test_units_are_started_again_for_ever(name: str) -> None:
    unit, service = text(name).split("[Service]")
    assert re.search(r"^StartLimitIntervalSec=0$", unit, re.MULTILINE)
    assert re.search(r"^Restart=always$", service, re.MULTILINE)
    (pause,) = re.findall(r"^RestartSec=(\d+)$", service, re.MULTILINE)
    assert int(pause) >= 1
    # A migration that failed once, because the database came later, must not keep the service from ever starting.
    assert "Requires=" not in unit
    assert re.search(r"^Wants=.*data-market-migrate\.service", unit, re.MULTILINE)
    assert re.search(r"^After=.*data-market-migrate\.service", unit, re.MULTILINE)
    migrate = text("data-market-migrate.service")
    assert "Restart=on-failure\n" in migrate
    assert "StartLimitIntervalSec=0\n" in migrate


def test_collector_runs_what_it_names() -> None:
    config = yaml.safe_load(text("collector.yaml"))
    for pipeline in config["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            assert set(names) <= config[kind].keys()


def test_the_service_knows_its_proxy_and_nobody_else() -> None:
    address = SERVICES["proxy"]["networks"]["default"]["ipv4_address"]
    (network,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert ip_address(address) in ip_network(network["subnet"])
    for name in OURS:
        assert SERVICES[name]["environment"]["MARKET_TRUSTED_PROXIES"] == address


def test_the_proxy_ends_idle_connections_before_the_service_does() -> None:
    (seconds,) = re.findall(r"keepalive (\d+)s", text("Caddyfile"))
    assert int(seconds) < Settings.model_fields["header_timeout_s"].default


def test_uploads_pass_the_proxy() -> None:
    (mebibytes,) = re.findall(r"max_size (\d+)MiB", text("Caddyfile"))
    assert int(mebibytes) * 1024 * 1024 == Settings.model_fields["max_upload_bytes"].default


def test_one_data_folder_is_shared_and_mounted_files_exist() -> None:
    (data,) = re.findall(r"MARKET_DATA_DIR=(\S+)", text("Containerfile"))
    for name in OURS:
        assert SERVICES[name]["volumes"] == [f"data:{data}"]
    mounted = [volume for service in SERVICES.values() for volume in service.get("volumes", ())]
    for source in {volume.split(":")[0] for volume in mounted}:
        assert (DEPLOY / source).exists() if source.startswith("./") else source in COMPOSE["volumes"]
    for unit in UNITS:
        assert f"StateDirectory={Path(data).name}\n" in unit.read_text()


def test_images_are_new_enough_and_hold_every_package() -> None:
    (postgres,) = re.findall(r"postgres:(\d+)", SERVICES["database"]["image"])
    assert int(postgres) >= 15
    pythons = re.findall(r"^FROM python:3\.(\d+)", text("Containerfile"), re.MULTILINE)
    assert len(set(pythons)) == 1
    assert int(pythons[0]) >= 11
    project = (DEPLOY.parents[1] / "pyproject.toml").read_text()
    packages = re.findall(r'"(\w+)"', re.findall(r"^packages = \[(.+)\]$", project, re.MULTILINE)[0])
    assert re.findall(r"^COPY (\w+) \1$", text("Containerfile"), re.MULTILINE) == packages


async def test_logins_of_the_script_are_enough_to_migrate_and_serve(tmp_path: Path) -> None:
    passwords = {"OWNER_PASSWORD": "owner1", "SERVICE_PASSWORD": "service1"}
    with throwaway() as server:
        made = json.loads((server.data_dir / "postgres.json").read_text())
        address = server.address
        superuser = sa.make_url(address.url("postgresql")).set(
            username="postgres", password=made["superuser_password"], database="postgres"
        )
        connection = await asyncpg.connect(superuser.render_as_string(hide_password=False))
        for statement in ("DROP DATABASE market", "DROP ROLE market_owner"):
            await connection.execute(statement)
        await connection.close()
        environment = {
            "PATH": f"{packaged_programs()}:{os.environ['PATH']}",
            "PGHOST": address.host,
            "PGPORT": str(address.port),
            "PGPASSWORD": made["superuser_password"],
        }
        subprocess.run(
            [DEPLOY / "database-roles.sh"], env=environment | passwords, check=True, capture_output=True
        )
        owner = superuser.set(username="market_owner", password="owner1", database="market")
        service = owner.set(username="market_service", password="service1")
        settings = Settings(
            _env_file=None,
            data_dir=tmp_path,
            database_url=owner.render_as_string(hide_password=False),
            database_service_url=service.render_as_string(hide_password=False),
        )
        await database.migrate(settings)
        await runner.check(service.render_as_string(hide_password=False))
        assert await database.first_administrator(settings)
