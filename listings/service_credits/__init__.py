"""Service credits: missed promises of freshness and availability, once for each lapse; settlement sets amounts."""
