"""The platform's own bank accounts: where buyers pay to, and whose statements are taken."""
