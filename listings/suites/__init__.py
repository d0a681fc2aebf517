"""Quality suites of products: read, written, proposed, and tried before an edition puts another one in force."""
