"""The rulebook over HTTP."""

from typing import Annotated

from litestar import Controller, get, post
from litestar.params import Parameter

from infra.auth import Actor, Permission, requires
from infra.db import AsyncSession
from infra.rulebook import service
from infra.rulebook.schemas import KEY_PATTERN, ParameterList, ParameterRead, ParameterSet

Key = Annotated[
    str,
    Parameter(
        pattern=KEY_PATTERN,
        max_length=100,
        description="Key of the parameter, such as `authorisation.max_term_years`.",
    ),
]


class RulebookController(Controller):
    """The rules the market decides by, readable by every participant."""

    path = "/v1/rulebook"
    tags = ["Rulebook"]

    @get(
        guards=[requires(Permission.RULEBOOK_READ)],
        summary="List the rules in force",
        operation_id="listRules",
    )
    async def list_rules(self, session: AsyncSession) -> ParameterList:
        """Every parameter in force now, with its version, effective date and source."""
        rows = await service.list_in_force(session)
        return ParameterList(items=[ParameterRead.model_validate(row) for row in rows])

    @get(
        "/{key:str}",
        guards=[requires(Permission.RULEBOOK_READ)],
        summary="List the versions of a rule",
        operation_id="listRuleVersions",
    )
    async def list_rule_versions(self, session: AsyncSession, key: Key) -> ParameterList:
        """Every version of one parameter, newest first."""
        rows = await service.history(session, key)
        return ParameterList(items=[ParameterRead.model_validate(row) for row in rows])

    @post(
        "/{key:str}",
        guards=[requires(Permission.RULEBOOK_MANAGE)],
        summary="Create a version of a rule",
        operation_id="createRuleVersion",
    )
    async def create_rule_version(
        self, session: AsyncSession, actor: Actor, key: Key, data: ParameterSet
    ) -> ParameterRead:
        """Add a version that takes effect now or later; what was decided before keeps the version it was decided by."""
        return ParameterRead.model_validate(await service.set_parameter(session, actor, key, data))
