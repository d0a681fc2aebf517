"""The rulebook: effective-dated, sourced parameters, read by every rule and stamped on every decision."""
