"""Every knob of the service, documented, in one class.

Values come from the environment (prefix ``MARKET_``; the two database addresses go by their customary names)
and from a ``.env`` file beside the process. Figures that are *rules* (terms, rates, limits of the market) are
no settings: they live in the rulebook, with an effective date and a source.
"""

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, HttpUrl, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.networks import parse_networks
from infra.object_address import S3Address

DEFAULT_TIME_ZONE = "Asia/Shanghai"
"""Zone in which billing months begin and end, where no other is set."""

CANARY_MB = 384
"""Memory that trying out a revision takes besides the query engine's."""

QUALITY_IDLE_MB = 512
"""Memory that a checking process keeps between two runs; one that has not given back more is ended."""


_OFFICERS = frozenset(
    {"authorising_officer", "finance_officer", "platform_admin", "price_officer", "regulator_officer"}
)


class Settings(BaseSettings):
    """Settings of one installation; every process of it reads the same ones."""

    model_config = SettingsConfigDict(
        env_prefix="MARKET_",
        env_file=".env",
        # A variable that is there and empty, as deployment files like to have it, is not set.
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    data_dir: Path = Field(
        Path("var"),
        description="Folder of everything that is not in the database: files, keys, embedded server.",
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        description="Owner's address of a PostgreSQL 15+ database; without it the service runs its own server.",
    )
    database_service_url: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("DATABASE_SERVICE_URL", "database_service_url"),
        description="Address for the service's own login, which owns nothing; derived from DATABASE_URL without it.",
    )
    database_pool_size: int = Field(
        8,
        ge=1,
        le=100,
        description="Database connections per process; the API keeps up to three more, for metering and for closing"
        " periods.",
    )
    time_zone: str = Field(
        DEFAULT_TIME_ZONE,
        description="IANA zone in which billing months begin and end; after a change run market migrate.",
    )
    master_key: SecretStr | None = Field(
        None,
        description="Base64 of 32 bytes that encrypt secrets at rest; a 0600 file in the data folder without it.",
    )
    host: str = Field("127.0.0.1", description="Address the service listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port the service listens on.")
    public_base_url: HttpUrl | None = Field(
        None,
        description="How the world reaches the service; issuer of its tokens. Default: http://host:port.",
    )
    admin_email: str = Field(
        "admin@market.example",
        max_length=200,
        description="Sign-in name of the first platform administrator.",
    )
    max_body_bytes: int = Field(1_048_576, ge=1024, description="Largest JSON body taken.")
    max_upload_bytes: int = Field(
        268_435_456, ge=1024, description="Largest data file or bank statement taken."
    )
    open_uploads: int = Field(
        20, ge=1, le=10_000, description="Uploads that one organisation may have under way at once."
    )
    open_uploads_mb: int = Field(
        4096,
        ge=1,
        description="Bytes of one organisation's uploads under way, together; declared ones count.",
    )
    upload_hours: int = Field(
        24, ge=1, le=8760, description="Hours after which an upload whose bytes stopped coming is ended."
    )
    source_timeout_s: float = Field(
        3600, gt=0, le=86_400, description="Seconds that fetching one file from its source may take."
    )
    object_store: str | None = Field(
        None,
        description="S3-compatible store of data files, s3://bucket/prefix?endpoint=https://host&region=name;"
        " a folder without it.",
    )
    object_store_key_id: str | None = Field(
        None,
        description="Access key of that store; without it those of the environment, as Amazon's tools find them.",
    )
    object_store_secret: SecretStr | None = Field(None, description="Secret of that access key.")
    object_cache_mb: int = Field(
        10_240, ge=64, description="Disk of this machine for copies of objects of that store."
    )
    object_fetch_timeout_s: float = Field(
        30,
        gt=0,
        le=600,
        description="Seconds a reader waits for an object that is not cached here before 503.",
    )
    header_timeout_s: int = Field(
        15,
        ge=1,
        le=300,
        description="Seconds a connection may take to send a request's headers, or stay idle between requests.",
    )
    body_timeout_s: float = Field(
        30,
        gt=0,
        le=3600,
        description="Seconds a request's body may pause; it must also come at 8 KiB a second in the long run.",
    )
    ingest_timeout_s: int = Field(300, ge=1, description="Seconds a data file may take to be converted.")
    file_memory_mb: int = Field(
        4096,
        ge=1024,
        description="Memory of all processes of this machine together that read data files; more work waits.",
    )
    file_queue: int = Field(
        16, ge=1, le=1000, description="Pieces of work on files that may wait in one process; more get 503."
    )
    file_wait_s: float = Field(
        30, gt=0, description="Seconds an upload waits for memory to be converted in before 503."
    )
    ingest_memory_mb: int = Field(
        1024, ge=512, description="Memory the conversion of one data file may take; a hard limit."
    )
    session_idle_minutes: int = Field(60, ge=1, description="A session unused for so long ends.")
    session_hours: int = Field(12, ge=1, description="A session ends after so long in any case.")
    cookie_secure: bool | None = Field(
        None,
        description="Mark the session cookie Secure; by default exactly when the public address is https.",
    )
    sign_ins_per_minute: int = Field(
        60,
        ge=1,
        le=1_000_000,
        description="Sign-ins of one network a minute, twice as many at once; a wrong password counts as five.",
    )
    second_factor_roles: str | None = Field(
        None,
        description="Roles whose people need a second factor, parted by commas, or none; by default "
        "authorising_officer,finance_officer,platform_admin,price_officer,regulator_officer exactly when the public"
        " address is https.",
    )
    password_reset_minutes: int = Field(
        30, ge=5, le=1440, description="Life of a one-time link for a new password."
    )
    trusted_proxies: str | None = Field(
        None,
        max_length=4000,
        description="Proxies whose X-Forwarded-For tells who called: CIDRs, parted by commas; none by default.",
    )
    access_token_minutes: int = Field(15, ge=1, le=60, description="Life of a program's access token.")
    admission_queue: int = Field(
        8192, ge=1, description="Metered calls that may wait in one process; more get 503."
    )
    admission_batch: int = Field(
        512, ge=1, le=4096, description="Metered calls that are committed together at most."
    )
    admission_wait_s: float = Field(
        10, gt=0, description="Seconds a metered call waits for the database before 503."
    )
    query_threads: int = Field(2, ge=1, le=64, description="Data queries that run at once in one process.")
    query_memory_mb: int = Field(128, ge=32, description="Memory of the query engine in one process.")
    query_timeout_s: float = Field(10, gt=0, description="Seconds one data query may take.")
    page_cache_mb: int = Field(32, ge=0, description="Memory for ready pages of data in one process.")
    quality_timeout_s: int = Field(600, ge=1, description="Seconds one quality check may take.")
    quality_memory_mb: int = Field(
        2048, ge=512, description="Memory one quality check may take; a hard limit."
    )
    quality_concurrency: int | None = Field(
        None,
        ge=1,
        le=32,
        description="Quality checks one worker carries out at once; by default as many as fit the memory for files.",
    )
    quality_engine: Literal["auto", "pandas", "spark"] = Field(
        "auto",
        description="What quality checks run on; auto: Spark, where it is installed, for large revisions.",
    )
    quality_spark_from_rows: int = Field(
        50_000_000, ge=0, description="Rows from which auto takes Spark for a quality check."
    )
    quality_spark_master: str = Field(
        "local[2]",
        pattern=r"^(local(\[([0-9]{1,3}|\*)\])?|spark://[A-Za-z0-9.:,\[\]-]+)$",
        description="Where Spark runs: in one process of this machine, or spark://host:port of a cluster.",
    )
    quality_spark_driver_host: str = Field(
        "127.0.0.1", description="Address at which a Spark cluster reaches the worker of this machine."
    )
    stripe_api_key: SecretStr | None = Field(
        None, description="Stripe secret key; without it cards are not offered."
    )
    stripe_webhook_secret: SecretStr | None = Field(
        None, description="Signing secret of Stripe's webhook endpoint."
    )
    stripe_api_base: HttpUrl | None = Field(None, description="Another address than Stripe's own, for tests.")
    outgoing_networks: str | None = Field(
        None,
        max_length=4000,
        description="Networks off the internet that others' addresses may lie in: CIDRs, parted by commas.",
    )
    webhook_retry_delays_s: str = Field(
        "5,300,1800,7200,18000,36000,50400,72000,86400",
        pattern=r"^[0-9]{1,7}(\.[0-9]{1,3})?(,[0-9]{1,7}(\.[0-9]{1,3})?){0,19}$",
        description="Seconds before the second, the third … try to send a webhook.",
    )
    webhook_timeout_s: float = Field(
        15, gt=0, le=60, description="Seconds the receiver of a webhook may take to answer."
    )
    webhook_disable_after_hours: float = Field(
        72,
        ge=0,
        description="A webhook's last try disables its address when nothing sent there succeeded for so long.",
    )
    smtp_host: str | None = Field(
        None,
        description="Mail server that proves addresses; without it they rest on the word of who hands tokens over.",
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the way to the mail server is encrypted: starttls, tls or none."
    )
    smtp_ca_file: Path | None = Field(
        None, description="Certificates that the mail server's must go back to; the system's by default."
    )
    smtp_username: str | None = Field(None, description="Login at the mail server, where it wants one.")
    smtp_password: SecretStr | None = Field(None, description="Password of that login.")
    smtp_password_file: Path | None = Field(None, description="File that holds the password instead.")
    smtp_sender: str | None = Field(
        None, pattern=r"^[^@\s<>]+@[^@\s<>]+$", description="Address that mails come from; needed for mail."
    )
    smtp_timeout_s: float = Field(30, gt=0, le=300, description="Seconds the mail server may take to answer.")
    recovery_delay_hours: int = Field(
        72,
        ge=1,
        le=8760,
        description="Hours in which an organisation can object to the recovery of its administrator.",
    )
    metrics_host: str = Field("127.0.0.1", description="Address that metrics are served on.")
    metrics_port: int = Field(
        9464, ge=0, le=65535, description="Port of the API's metrics (Prometheus text); 0 serves none."
    )
    worker_metrics_port: int = Field(
        9465, ge=0, le=65535, description="Port of the worker's metrics; 0 serves none."
    )
    otlp_endpoint: HttpUrl | None = Field(
        None, description="OTLP/HTTP collector for traces and metrics; without it none are exported."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level that is logged."
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="One JSON object a line, or text for people."
    )

    @model_validator(mode="after")
    def _limits_fit_the_budget(self) -> Self:
        needed = max(self.ingest_memory_mb, self.quality_memory_mb, self.query_memory_mb + CANARY_MB)
        if needed > self.file_memory_mb:
            raise ValueError(f"file_memory_mb must be {needed} at least, the largest limit of one process")
        if (self.quality_concurrency or 1) > self._quality_processes_with_room:
            raise ValueError(
                f"quality_concurrency must be {self._quality_processes_with_room} at most:"
                " more processes would leave no memory to check anything in"
            )
        return self

    @property
    def _quality_processes_with_room(self) -> int:
        """Checking processes that leave enough memory, while idle, for one to check and for a revision to be tried."""
        working = max(self.quality_memory_mb - QUALITY_IDLE_MB, self.query_memory_mb + CANARY_MB)
        return max(1, (self.file_memory_mb - working) // QUALITY_IDLE_MB)

    @property
    def quality_processes(self) -> int:
        """Quality checks that one worker carries out at once."""
        fitting = max(1, self.file_memory_mb // self.quality_memory_mb)
        return self.quality_concurrency or min(fitting, self._quality_processes_with_room)

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (OSError, ValueError, LookupError) as error:
            raise ValueError(f"there is no time zone {value!r}; write it like Asia/Shanghai") from error

    @field_validator("outgoing_networks", "trusted_proxies")
    @classmethod
    def _networks(cls, value: str | None) -> str | None:
        parse_networks(value)
        return value

    @field_validator("second_factor_roles")
    @classmethod
    def _roles(cls, value: str | None) -> str | None:
        if value in {None, "none"}:
            return value
        from infra.auth import Role

        roles = [role.strip() for role in str(value).split(",")]
        unknown = sorted(set(roles) - {role.value for role in Role})
        if unknown:
            raise ValueError(
                f"{', '.join(unknown)} is no role; name roles parted by commas, or none; roles are {', '.join(Role)}"
            )
        return ",".join(roles)

    @field_validator("object_store")
    @classmethod
    def _object_address(cls, value: str | None) -> str | None:
        if value is not None:
            S3Address.parse(value)
        return value

    @model_validator(mode="after")
    def _object_key_has_a_secret(self) -> Self:
        if (self.object_store_key_id is None) != (self.object_store_secret is None):
            raise ValueError("MARKET_OBJECT_STORE_KEY_ID and MARKET_OBJECT_STORE_SECRET are set together")
        return self

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> "Settings":
        if self.smtp_host is not None and self.smtp_sender is None:
            raise ValueError("MARKET_SMTP_HOST needs MARKET_SMTP_SENDER, the address that mails come from")
        return self

    @property
    def smtp_secret(self) -> str | None:
        """Password at the mail server, from the setting or from its file, which is read each time."""
        if self.smtp_password is not None:
            return self.smtp_password.get_secret_value()
        if self.smtp_password_file is not None:
            return self.smtp_password_file.read_text(encoding="utf-8").strip()
        return None

    @property
    def base_url(self) -> str:
        """Public base address without a slash at its end; issuer of every token."""
        if self.public_base_url is not None:
            return str(self.public_base_url).rstrip("/")
        return f"http://{self.host}:{self.port}"

    @property
    def webhook_schedule(self) -> tuple[timedelta, ...]:
        """Delays before the second, the third … try to send a webhook."""
        return tuple(timedelta(seconds=float(delay)) for delay in self.webhook_retry_delays_s.split(","))

    @property
    def secure_cookies(self) -> bool:
        """Whether the session cookie is marked Secure."""
        return self.base_url.startswith("https:") if self.cookie_secure is None else self.cookie_secure

    @property
    def roles_with_second_factor(self) -> frozenset[str]:
        """Names of the roles whose people need a second factor."""
        if self.second_factor_roles is None:
            return _OFFICERS if self.base_url.startswith("https:") else frozenset()
        return frozenset(self.second_factor_roles.split(",")) - {"none"}

    @property
    def objects_dir(self) -> Path:
        """Folder of the local object store."""
        return self.data_dir / "objects"

    @property
    def object_cache_dir(self) -> Path:
        """Folder of copies of objects of a store that is elsewhere."""
        return self.data_dir / "object-cache"

    @property
    def spool_dir(self) -> Path:
        """Folder for files on their way in; the worker removes what killed processes left there."""
        return self.data_dir / "spool"

    @property
    def run_dir(self) -> Path:
        """Folder of what running processes share and nobody keeps."""
        return self.data_dir / "run"

    @property
    def keys_dir(self) -> Path:
        """Folder of the signing keys."""
        return self.data_dir / "keys"
