"""The six parties of the demo, and how they come in: registered, invited, evidenced, verified."""

import secrets
from dataclasses import dataclass
from hashlib import sha256

from infra.identity.domain import credit_code_check_digit
from market.demo.desk import Connect, Desk, Login, expect


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation of the demo and the one person who acts for it."""

    desk: str
    kind: str
    role: str
    name_zh: str
    name_en: str
    credit_code_body: str
    evidence: str
    person: str


PARTIES = (
    Party(
        "owner",
        "owner",
        "data_owner",
        "示范市数据局",
        "Demo City Data Bureau",
        "11310000DEMA00001",
        "institution_certificate",
        "Data manager",
    ),
    Party(
        "authority",
        "authorising_body",
        "authorising_officer",
        "示范市人民政府",
        "Demo City Government",
        "11310000DEMA00006",
        "institution_certificate",
        "Officer for authorised operation",
    ),
    Party(
        "operator",
        "operator",
        "data_operator",
        "示范市公共数据运营有限公司",
        "Demo City Public Data Operations Ltd",
        "91310000DEMA00002",
        "business_licence",
        "Product manager",
    ),
    Party(
        "buyer",
        "buyer",
        "buyer",
        "示范环境服务有限公司",
        "Demo Environmental Services Ltd",
        "91310000DEMA00003",
        "business_licence",
        "Data buyer",
    ),
    Party(
        "regulator",
        "regulator",
        "regulator_officer",
        "示范市数据交易监管处",
        "Demo City Data Market Regulator",
        "11310000DEMA00004",
        "institution_certificate",
        "Supervisor",
    ),
    Party(
        "finance",
        "platform",
        "finance_officer",
        "示范数据交易平台财务部",
        "Demo Market Platform, Finance",
        "91310000DEMA00005",
        "business_licence",
        "Finance officer",
    ),
)


async def second_officer(admin: Desk, connect: Connect, mark: str) -> Desk:
    """Another administrator of the platform: it takes two to let in who oversees others."""
    login = Login("officer", f"officer-{mark}@market.example", secrets.token_urlsafe(12))
    home = f"/v1/organisations/{admin.organisation_id}"
    return await _let_in(admin, connect, home, login, "Second officer", ["platform_admin"])


async def bring_in(registrar: Desk, verifier: Desk, connect: Connect, party: Party, mark: str) -> Desk:
    """Register one party, invite its person, who signs in and files its certificate; have it verified.

    :param verifier: another officer than the registrar where the party oversees others.
    :param mark: told apart by it, several demos live beside each other.
    """
    code = _unique_code(party.credit_code_body, mark)
    organisation = await registrar.post(
        "/v1/organisations",
        {
            "kind": party.kind,
            "name_zh": party.name_zh,
            "name_en": party.name_en,
            "unified_social_credit_code": code,
        },
    )
    home = f"/v1/organisations/{organisation['id']}"
    login = Login(party.desk, f"{party.desk}-{mark}@market.example", secrets.token_urlsafe(12))
    roles = [party.role, "organisation_admin"]
    desk = await _let_in(registrar, connect, home, login, party.person, roles)
    await desk.post(
        f"{home}/evidence",
        {"kind": party.evidence, "number": code, "document_sha256": sha256(code.encode()).hexdigest()},
    )
    await verifier.post(
        f"{home}/verification", {"decision": "verify", "reason": "Certificate seen and on file"}
    )
    return desk


async def _let_in(
    officer: Desk, connect: Connect, home: str, login: Login, name: str, roles: list[str]
) -> Desk:
    invitation = await officer.post(f"{home}/invitations", {"email": login.email, "roles": roles})
    # Without a mail server, whoever runs the market brings the token to each party's first administrator.
    handed_over = await officer.post(
        f"{home}/invitations/{invitation['id']}/hand-over",
        {"identification": "Certificate and identity card seen at registration"},
    )
    await _accept(connect, handed_over["token"], name, login)
    desk = await Desk.sign_in(connect, login)
    await desk.enrol()
    return desk


async def _accept(connect: Connect, token: str, name: str, login: Login) -> None:
    async with connect() as anybody:
        answer = await anybody.post(
            "/v1/invitations/acceptance", json={"token": token, "name": name, "password": login.password}
        )
        expect(answer)


def _unique_code(body: str, mark: str) -> str:
    """A credit code with a right check digit, of an organisation that does not exist."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    number = int(sha256((body + mark).encode()).hexdigest(), 16)
    tail = "".join(alphabet[number // 31**place % 31] for place in range(5))
    made = body[:12] + tail
    return made + credit_code_check_digit(made)
