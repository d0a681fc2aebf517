"""What finance signs its name under: ledger, invoices, payments, bank, cards, reconciliation."""
