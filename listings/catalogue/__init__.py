"""The public catalogue: published products, found in Chinese and English."""
