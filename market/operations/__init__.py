"""The processes of one installation: how they are started, supervised, checked, backed up and brought back."""
