"""One address is served by one service, also when two start at the same moment."""

import pytest

from infra.settings import Settings
from market.operations.errors import CommandFailed
from market.operations.serving import check_port, held_port
from tests.support.network import free_port


def test_two_services_that_start_at_once_do_not_share_an_address(settings: Settings) -> None:
    mine = settings.model_copy(update={"port": free_port()})
    with held_port(mine):
        # Nobody listens yet, so that looking at the port alone lets both pass.
        check_port(mine)
        with (
            pytest.raises(CommandFailed, match=rf"Port {mine.port} on .* is taken by another program"),
            held_port(mine),
        ):
            pass
    with held_port(mine):
        pass
