"""The ways in which money arrives: bank transfer and cards."""
