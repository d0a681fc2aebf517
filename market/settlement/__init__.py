"""What finance signs its name under: from metered use to money that is paid, split and reconciled.

Each slice knows those to the right of it: ``reconciliation`` → ``rails`` (``bank``, ``cards``) → ``payments`` →
``invoices`` → ``ledger`` → ``splits``. Where to look for a rule:

================================  ==================================================================
which journal an event makes      ``ledger/posting_rules.py``, on the accounts of ``ledger/chart.py``
who gets which part of a sum      ``splits/domain.py``
what a period's use comes to      ``invoices/rating.py``, by the price models of ``pricing``
what an invoice says              ``invoices/issuing.py``
which transfer pays which bill    ``rails/bank/entries/matching.py``
what may follow what              ``states.py`` of each slice
what is compared with what        ``reconciliation/checks/``, a module for each kind of break
================================  ==================================================================
"""
