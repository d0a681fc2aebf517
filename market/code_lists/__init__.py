"""Every code that a person reads, with its labels in Chinese and in English."""
