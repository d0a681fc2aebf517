"""How one joins the market: registration, verification, members, programs, suspension."""
