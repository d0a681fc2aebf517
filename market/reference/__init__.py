"""What the rendered reference shows beyond the interface's own words: real examples, and who may call what."""
